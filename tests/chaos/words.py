"""What vendors say and are told, in the words of each: requests read, answers and receipts written."""

from __future__ import annotations

import json
import random
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import httpx

from gateway.provider import Callback
from tests.chaos.ledger import Kind, Taken, Word
from tests.chaos.letters import Letter

PAGE = "<html><body><h1>Service</h1><form><input name=user></form></body></html>"

_ZONE = ZoneInfo("Asia/Tokyo")
"""Korea's clock shows the same."""
_SAID = {
    "past": "Invalid scheduleTime.",
    "110": "Invalid phoneNumber.",
    "300": "Exceed sending count.",
    "500": "System error.",
}
_IDS = {"underway": "1", "delivered": "2", "undelivered": "3"}
_STATUSES = {
    "underway": ("14", "処理中"),
    "delivered": ("1", "送信済"),
    "undelivered": ("18", "ドコモ圏外・OFF"),
}


class Asked(NamedTuple):
    """A request as a vendor reads it."""

    references: tuple[str, ...]
    """One each for the messages in it; none where the vendor is given `letters`."""
    send: bool
    password: str = ""
    letters: tuple[Letter, ...] = ()
    text: str = ""
    """Of a message that is no letter."""
    keep: float = 0.0
    """Until when it is to keep the message, in seconds since 1970; 0: it is to send it."""
    group: str = ""
    what: Literal["", "check", "cancel", "days"] = ""
    """A question about a reservation, or an order to drop it, or all of some days; "": about what was sent."""
    days: tuple[str, str, str] = ("", "", "")
    """The first, the last, and the group."""


class Words(Protocol):
    """One vendor's language."""

    refusals: Mapping[str, str]
    """Codes of its refusals, with whom each is about: "message" or "us"."""
    divisible: frozenset[str]
    """Those that may be about one of several receivers, or about their number."""
    garbage: tuple[str, ...]
    """Answers that say nothing certain."""

    def read(self, request: httpx.Request) -> Asked: ...

    def accepted(self, dice: random.Random) -> httpx.Response: ...

    def refused(self, code: str, dice: random.Random) -> httpx.Response: ...

    def busy(self, dice: random.Random) -> httpx.Response: ...

    def callback(self, taken: Taken, word: Word, dice: random.Random) -> Callback: ...


class AICrossWords:
    """JSON; what was sent can be asked for."""

    refusals: Mapping[str, str] = MappingProxyType({"110": "message", "300": "us", "500": "us", "past": "schedule"})
    divisible: frozenset[str] = frozenset()
    garbage: tuple[str, ...] = ("{", "999")

    def read(self, request: httpx.Request) -> Asked:
        found = parse_qs((request.content or request.url.query).decode())
        fields = {name: values[0] for name, values in found.items()}
        call = request.url.path.rpartition("/")[2]
        if call == "cancelreservationall.json":
            days = (fields["startDate"], fields["endDate"], fields.get("groupTag", ""))
            return Asked((), False, what="days", days=days)
        references = (fields["clientTag"],)
        if call != "mt.json":
            return Asked(references, False, what=_CALLS.get(call, ""))
        keep = _seconds(fields.get("scheduleTime", ""))
        return Asked(references, True, text=fields["message"], keep=keep, group=fields.get("groupTag", ""))

    def accepted(self, dice: random.Random) -> httpx.Response:
        return _reply(0, "Success.")

    def refused(self, code: str, dice: random.Random) -> httpx.Response:
        return _reply(110 if code == "past" else int(code), _SAID[code])

    def busy(self, dice: random.Random) -> httpx.Response:
        return httpx.Response(429, text="slow down")

    def said(self, code: int) -> httpx.Response:
        """Of a reservation."""
        return _reply(code, {0: "Success.", 110: "Invalid clientTag.", 130: "Already send."}[code])

    def reserved(self, *references: str) -> httpx.Response:
        """These it keeps."""
        status = [{"clientTag": each} for each in references]
        return _reply(0, "Success.", count=len(status), status=status)

    def duplicate(self) -> httpx.Response:
        return _reply(400, "Duplicate client tag.")

    def listed(self, taken: Taken | None, now: float) -> httpx.Response:
        there = taken is not None and now >= taken.listed
        return _reply(0, "Success.", status=[self._entry(taken, taken.word(now))] if taken and there else [])

    def error(self) -> httpx.Response:
        return _reply(500, "System error.")

    def callback(self, taken: Taken, word: Word, dice: random.Random) -> Callback:
        entry = self._entry(taken, word) | {"type": "DLR", "messageId": f"{taken.number:032}"}
        body = json.dumps({"eventNotifications": [entry]})
        return Callback(kind="dlr", content_type="application/json", body=body.encode())

    def _entry(self, taken: Taken, word: Word) -> dict[str, Any]:
        return {
            "clientTag": taken.reference,
            "statusId": _IDS[word],
            "carrierId": None if word == "underway" else "103",
            "detailedStatusId": {"delivered": "2", "undelivered": "31824"}.get(word),
            "separatedSuccessCount": "1" if word == "delivered" else None,
            "dateTime": "2033/05/18 12:33:20",
        }


class MediaWords:
    """Bare codes in several wrappings; results as a query or a form, by word or by number."""

    refusals: Mapping[str, str] = MappingProxyType(
        {"401": "us", "402": "us", "414": "message", "550": "us", "557": "us"}
    )
    divisible: frozenset[str] = frozenset()
    garbage: tuple[str, ...] = ("{", "999")

    def read(self, request: httpx.Request) -> Asked:
        fields = parse_qs(request.content.decode())
        _, _, password = b64decode(request.headers["authorization"].partition(" ")[2]).decode().partition(":")
        return Asked((fields["smsid"][0],), True, password, text=fields["smstext"][0])

    def accepted(self, dice: random.Random) -> httpx.Response:
        return self._code("200", dice, spoken=False)

    def refused(self, code: str, dice: random.Random) -> httpx.Response:
        return self._code(code, dice)

    def busy(self, dice: random.Random) -> httpx.Response:
        return self._code("503", dice)

    def _code(self, code: str, dice: random.Random, *, spoken: bool = True) -> httpx.Response:
        """`spoken`: the HTTP status may say it too."""
        status = int(code) if spoken and dice.random() < 0.4 else 200
        wrapped = (code, json.dumps({"result": code}), f"<html><body>{code}</body></html>")
        bare = ("",) if status != 200 else ()
        return httpx.Response(status, text=dice.choice([*wrapped, *bare]))

    def callback(self, taken: Taken, word: Word, dice: random.Random) -> Callback:
        number, said = _STATUSES[word]
        fields = {"smsid": taken.reference, "status": dice.choice([number, said]), "method": "1"}
        if dice.random() < 0.3:
            return Callback(kind="delivery", query=tuple(fields.items()))
        body = urlencode(fields, encoding=dice.choice(["utf-8", "cp932"]))
        return Callback(kind="delivery", content_type="application/x-www-form-urlencoded", body=body.encode())


class KoreaWords:
    """One answer for all receivers of a request; nothing is said of a message afterwards."""

    refusals: Mapping[str, str] = MappingProxyType({"3": "us", "7": "message", "8": "us", "9": "us", "10": "us"})
    divisible: frozenset[str] = frozenset({"8", "10"})
    garbage: tuple[str, ...] = (
        "{",
        "999",
        '{"result": true}',
        '{"result": true, "errorCode": 10}',
        '{"result": false, "errorCode": 0}',
    )

    def read(self, request: httpx.Request) -> Asked:
        fields = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        words = (fields["message"], fields.get("subject", ""), fields["send_number"])
        letters = tuple(Letter(number, *words) for number in fields["receiver"].split(" "))
        return Asked((), True, letters=letters, keep=_seconds(fields.get("send_datetime", "")))

    def accepted(self, dice: random.Random) -> httpx.Response:
        return self._reply(dice, True, 0)

    def refused(self, code: str, dice: random.Random) -> httpx.Response:
        return self._reply(dice, False, int(code))

    def busy(self, dice: random.Random) -> httpx.Response:
        return httpx.Response(429, text="slow down")

    def callback(self, taken: Taken, word: Word, dice: random.Random) -> Callback:
        raise NotImplementedError("it pushes nothing")

    def _reply(self, dice: random.Random, result: bool, code: int) -> httpx.Response:
        fields: dict[str, Any] = {"result": result, "errorCode": code, "msg": "", "balance": dice.randint(0, 999)}
        if dice.random() < 0.3:
            fields = {name: str(value).lower() for name, value in fields.items()}
        return httpx.Response(200, json=fields)


_CALLS: dict[str, Literal["check", "cancel"]] = {
    "checkreservation.json": "check",
    "cancelreservation.json": "cancel",
}
AICROSS, MEDIA = AICrossWords(), MediaWords()
WORDS: dict[Kind, Words] = {"aicross": AICROSS, "blind": AICROSS, "mediasms": MEDIA, "koreasms": KoreaWords()}


def _seconds(written: str) -> float:
    """Since 1970, of a time on the vendor's clock; 0: there is none."""
    return datetime.fromisoformat(written).replace(tzinfo=_ZONE).timestamp() if written else 0.0


def _reply(code: int, message: str, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"responseCode": code, "responseMessage": message, **more})
