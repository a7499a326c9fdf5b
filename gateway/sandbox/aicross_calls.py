"""How AI CROSS wants each of its calls made, and how it answers (API document v1.47), for its simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from gateway.sandbox.server import FORM, Answer, Request

LOGIN = ("token", "clientId")
SYSTEM_ERROR = (500, "System error.")
"""What no other code names."""


class Call(NamedTuple):
    """One call: the parameters it has, and what its answer has beside responseCode and responseMessage."""

    method: Literal["GET", "POST"]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    longest: tuple[tuple[str, int], ...]
    """Characters a parameter may have."""
    failed: tuple[tuple[str, Any], ...]
    """The further fields of an answer that is no success."""

    def given(self, request: Request) -> dict[str, str]:
        """The parameters, from where the document wants them."""
        return request.form() if self.method == "POST" else request.query

    def violations(self, request: Request) -> list[str]:
        """What the document has not provided for and no responseCode names. Never quotes a value."""
        found = []
        if request.method != self.method:
            found.append(f"{request.method} instead of {self.method}")
        elif self.method == "GET" and request.body:
            found.append("a GET with a body")
        elif self.method == "POST" and request.query:
            found.append("parameters in the URL of a POST")
        if self.method == "POST" and not request.headers.get("content-type", "").startswith(FORM):
            found.append("no URL-encoded form")
        known = {*self.required, *self.optional}
        found += [f"unknown parameter {name[:50]}" for name in self.given(request) if name not in known]
        return [f"{request.path}: {each}" for each in found]

    def refusal(
        self, given: Mapping[str, str], valid: Mapping[str, object], also: tuple[str, ...] = ()
    ) -> tuple[int, str] | None:
        """Code and message for the first fault in the order of the codes, None where there is none. `also`: required
        this time; `valid`: whether each parameter's value is."""
        for name in (*self.required, *also):
            if not given.get(name):
                return 100, f"Required {name}."
        for name, fine in valid.items():
            if not fine:
                return 110, f"Invalid {name}."
        for name, longest in self.longest:
            if len(given.get(name, "")) > longest:
                return 120, f"{name} too long."
        return None

    def answer(self, code: int, message: str, **fields: Any) -> Answer:
        said = {"responseCode": code, "responseMessage": message} | dict(self.failed) | fields
        return Answer(200, msgspec.json.encode(said))


def login(given: Mapping[str, str], account: Mapping[str, str]) -> dict[str, object]:
    """Whether token and clientId are the account's, for `Call.refusal`."""
    return {name: given.get(name) == account[name] for name in LOGIN}


SEND = Call(
    "POST",
    (*LOGIN, "smsCode", "message", "phoneNumber"),
    ("carrierId", "clientTag", "scheduleTime", "groupTag"),
    (("message", 660), ("clientTag", 200), ("groupTag", 200)),
    (("phoneNumber", None), ("smsMessage", None)),
)
"""2.1."""
CHECK = Call(
    "GET",
    (*LOGIN, "smsCode"),
    ("clientTag", "scheduleTime", "scheduleDate", "groupTag"),
    (("clientTag", 200),),
    (("count", "0"), ("status", [])),
)
"""2.2. `count` is a string where it failed."""
CANCEL = Call("GET", (*LOGIN, "clientTag"), (), (("clientTag", 200),), (("clientTag", None),))
"""2.3.1."""
CANCEL_ALL = Call("GET", LOGIN, ("startDate", "endDate", "groupTag"), (), ())
"""2.3.4."""
STATUS = Call("GET", LOGIN, ("date", "clientTag"), (("clientTag", 200),), (("status", []),))
"""2.4."""
SHORT_URL = Call(
    "POST",
    (*LOGIN, "longUrl"),
    ("name", "domain"),
    (("name", 256), ("longUrl", 2048)),
    (("shortUrl", None), ("name", None)),
)
"""2.6."""
TEMPLATES = Call("GET", LOGIN, (), (), (("count", 0), ("templates", None)))
"""2.7."""
CLEANING = Call(
    "GET",
    (*LOGIN, "phoneNumber", "referenceDate"),
    (),
    (),
    (("phoneNumber", None), ("referenceDate", None), ("status", None)),
)
"""2.8."""
USAGE = Call("GET", (*LOGIN, "month"), (), (), (("separatedSuccessCount", None),))
"""2.9."""

CALLS = {
    "/p5/api/mt.json": SEND,
    "/p5/api/checkreservation.json": CHECK,
    "/p5/api/cancelreservation.json": CANCEL,
    "/p5/api/cancelreservationall.json": CANCEL_ALL,
    "/p5/api/status.json": STATUS,
    "/p1/api/shortenurl.json": SHORT_URL,
    "/p5/api/template.json": TEMPLATES,
    "/p5/api/numbercleaning.json": CLEANING,
    "/p5/api/separatedsuccesscount.json": USAGE,
}
