"""AI CROSS simulated to the letter of its API document v1.47: mt.json, status.json and the pushed DLR.

What happens to a message is told by how its number ends, see `ENDINGS`. Section numbers are the document's.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

import msgspec

from gateway.sandbox.server import FORM, LOST, NOT_FOUND, Answer, Post, Pusher, Request, VendorServer, forget_oldest

JST = timezone(timedelta(hours=9))
PUSH_TIMEOUT = 10.0
"""Seconds a receiver has to answer a DLR (2.5.2)."""
REPEATS = 3
"""How often a DLR is pushed again when that failed (2.5.2)."""
CARRIERS = {"101": ("AU", "11"), "103": ("NTT Docomo", "31"), "105": ("Softbank", "51"), "106": ("Rakuten", "61")}
"""carrierId to carrierName (2.5.1; the last name is in no sample) and module (3.4)."""
STATES = {0: "Unknown", 1: "Message is Sending", 2: "Message delivered", 3: "Message delivery failed"}
REQUIRED = ("token", "clientId", "smsCode", "message", "phoneNumber")
LONGEST = {"message": 660, "clientTag": 200, "groupTag": 200}


class Behaviour(NamedTuple):
    """What becomes of a message."""

    description: str
    refusal: tuple[int, str] | None = None
    """Answered to every request, and nothing is taken."""
    lost: Literal["", "closed", "unavailable", "login"] = ""
    """How the answer to the first request under a clientTag is lost: a name in `LOST`."""
    taken: bool = True
    """Whether the request whose answer is lost was taken."""
    category: str = ""
    """Last three digits of the detailedStatusId of a failure; empty: delivered."""
    pushes: tuple[Literal["outcome", "sending"], ...] = ("outcome",)
    """The DLRs, one after the other."""
    late: bool = False


ENDINGS: dict[str, Behaviour] = {
    "0001": Behaviour("undelivered: the handset is out of reach or switched off", category="824"),
    "0002": Behaviour("undelivered: the handset refused it", category="834"),
    "0003": Behaviour("undelivered: the number is not in use", category="732"),
    "0004": Behaviour("undelivered: the carrier is congested", category="721"),
    "0005": Behaviour("refused by the vendor: not a valid number", refusal=(110, "Invalid phoneNumber.")),
    "0006": Behaviour(
        "refused by the vendor: the contract's messages are used up", refusal=(300, "Exceed sending count.")
    ),
    "0007": Behaviour("refused by the vendor: an error of its own", refusal=(500, "System error.")),
    "0010": Behaviour("the first answer is lost, and the vendor did not take the message", lost="closed", taken=False),
    "0011": Behaviour("the first answer is lost, but the vendor took the message", lost="closed"),
    "0012": Behaviour("the first answer is an HTTP 503 page, nothing taken", lost="unavailable", taken=False),
    "0013": Behaviour("the first answer is a login page, but the vendor took the message", lost="login"),
    "0020": Behaviour("delivered, the receipt comes late", late=True),
    "0021": Behaviour("delivered, the receipt comes twice", pushes=("outcome", "outcome")),
    "0022": Behaviour('delivered, the receipt "on its way" comes after it', pushes=("outcome", "sending")),
    "0023": Behaviour("delivered, no receipt comes: only status.json knows", pushes=()),
    "0024": Behaviour("undelivered, for a reason that is in no document", category="832"),
}
"""The last four digits of a phone number, and what they provoke."""
DELIVERED = Behaviour("delivered")
"""Every other number."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A message the vendor took."""

    client_id: str
    client_tag: str
    message_id: str
    """31 characters, as in the samples; the tables promise 32."""
    number: str
    text: str
    sms_code: str
    carrier: str
    behaviour: Behaviour
    taken_at: datetime
    settled_at: datetime

    @property
    def outcome(self) -> int:
        """The statusId it ends with."""
        return 3 if self.behaviour.category else 2

    @property
    def detailed(self) -> str:
        """5 digits on failure (3.4), else the statusId as the samples show it (2.4.2)."""
        return CARRIERS[self.carrier][1] + self.behaviour.category if self.behaviour.category else "2"

    @property
    def billed(self) -> int:
        return 0 if self.behaviour.category else -(-len(self.text) // 70)


class AICrossSimulator:
    """One vendor account on a port of its own.

    `accepted` has the messages taken, by clientTag (by messageId where they have none). `requests`, `queries` and
    `pushes` count the sends, the status queries and the DLRs (not their repeats) per clientTag. Each forgets the
    oldest of more than `keep`.
    """

    def __init__(
        self,
        *,
        token: str,
        client_id: str,
        sms_code: str,
        callback_url: str | None = None,
        dlr: Literal["xml", "json"] = "xml",
        delay: float = 0.3,
        late: float = 5.0,
        repeat_after: float = 1.0,
        keep: int = 100_000,
        post: Post | None = None,
    ) -> None:
        """`callback_url` may be set later; None: nothing is pushed. Times in seconds: `delay` and `late` from
        taking a message to its receipt, `repeat_after` between tries of a push (undocumented)."""
        self.callback_url = callback_url
        self.accepted: dict[str, Taken] = {}
        self.requests: Counter[str] = Counter()
        self.queries: Counter[str] = Counter()
        self.pushes: Counter[str] = Counter()
        self._account = {"token": token, "clientId": client_id}
        self._sms_code = sms_code
        self._dlr = dlr
        self._delay = timedelta(seconds=delay)
        self._late = timedelta(seconds=late)
        self._keep = keep
        self._pusher = Pusher(timeout=PUSH_TIMEOUT, repeats=REPEATS, repeat_after=repeat_after, post=post)
        self._server = VendorServer(self._answer)

    @property
    def url(self) -> str:
        """The `base_url` for the provider's configuration."""
        return self._server.url

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await self._server.start(host, port)

    async def stop(self) -> None:
        """Pushes not yet done are dropped."""
        await self._server.stop()
        await self._pusher.stop()

    async def _answer(self, request: Request) -> Answer:
        match request.method, request.path:
            case "POST", "/p5/api/mt.json":
                return self._send(request.form())
            case "GET", "/p5/api/status.json":
                return self._status(request.query)
            case _, "/p5/api/mt.json":
                return _sent(500, "System error.", None, None)
            case _, "/p5/api/status.json":
                return _listing(500, "System error.")
        return NOT_FOUND

    # 2.1

    def _send(self, form: dict[str, str]) -> Answer:
        tag = form.get("clientTag", "")
        self._count(self.requests, tag)
        number = international(form.get("phoneNumber", ""))
        behaviour = ENDINGS.get(number[-4:], DELIVERED)
        code, message = self._refusal(form, number) or behaviour.refusal or (0, "Success.")
        lost = behaviour.lost if code == 0 and self.requests[tag] == 1 else ""
        if code == 0 and (behaviour.taken or not lost):
            self._take(form, number, behaviour)
        if lost:
            return LOST[lost]
        return _sent(code, message, number or form.get("phoneNumber"), form.get("message"))

    def _refusal(self, form: dict[str, str], number: str) -> tuple[int, str] | None:
        """2.1.3, in the order of the codes."""
        for name in REQUIRED:
            if not form.get(name):
                return 100, f"Required {name}."
        valid = {
            "token": form["token"] == self._account["token"],
            "clientId": form["clientId"] == self._account["clientId"],
            "smsCode": form["smsCode"] == self._sms_code and re.fullmatch("[0-9]{5,6}", form["smsCode"]),
            "phoneNumber": number,
            "carrierId": form.get("carrierId") in (None, *CARRIERS),
        }
        for name, fine in valid.items():
            if not fine:
                return 110, f"Invalid {name}."
        for name, longest in LONGEST.items():
            if len(form.get(name, "")) > longest:
                return 120, f"{name} too long."
        if form.get("clientTag") in self.accepted:
            return 400, "Duplicate client tag."
        return None

    def _take(self, form: dict[str, str], number: str, behaviour: Behaviour) -> None:
        now = datetime.now(JST)
        taken = Taken(
            client_id=form["clientId"],
            client_tag=form.get("clientTag", ""),
            message_id=f"{form['clientId'][-7:]:0>7}{now:%y%m%d%H%M%S}{secrets.token_hex(6)}",
            number=number,
            text=form["message"],
            sms_code=form["smsCode"],
            carrier=form.get("carrierId") or sorted(CARRIERS)[int(number[-5]) % len(CARRIERS)],
            behaviour=behaviour,
            taken_at=now,
            settled_at=now + (self._late if behaviour.late else self._delay),
        )
        self.accepted[taken.client_tag or taken.message_id] = taken
        forget_oldest(self.accepted, self._keep)
        if self.callback_url and taken.client_tag and behaviour.pushes:  # no clientTag, no DLR (2.5)
            self._pusher.begin(self._report(taken))

    # 2.4

    def _status(self, query: dict[str, str]) -> Answer:
        tag, date = query.get("clientTag", ""), query.get("date", "")
        self._count(self.queries, tag)
        for name in self._account:
            if not query.get(name):
                return _listing(100, f"Required {name}.")
        if not tag and not date:
            return _listing(100, "Required clientTag.")
        for name, right in self._account.items():
            if query[name] != right:
                return _listing(110, f"Invalid {name}.")
        if len(tag) > LONGEST["clientTag"]:
            return _listing(120, "clientTag too long.")
        if tag:
            # What an unknown clientTag is answered is in no document: an empty list here.
            return _listing(0, "Success.", [self.accepted[tag]] if tag in self.accepted else [])
        if not re.fullmatch("[0-9]{8}", date):
            return _listing(110, "Invalid date.")
        return _listing(0, "Success.", [each for each in self.accepted.values() if f"{each.taken_at:%Y%m%d}" == date])

    # 2.5

    async def _report(self, taken: Taken) -> None:
        await asyncio.sleep((taken.settled_at - datetime.now(JST)).total_seconds())
        write = dlr_xml if self._dlr == "xml" else dlr_json
        for word in taken.behaviour.pushes:
            if self.callback_url:
                self._count(self.pushes, taken.client_tag)
                document = write(taken, 1 if word == "sending" else taken.outcome)
                await self._pusher.push(self.callback_url, urlencode([(self._dlr, document)]).encode(), FORM)

    def _count(self, counter: Counter[str], tag: str) -> None:
        counter[tag] += 1
        forget_oldest(counter, self._keep)


def international(number: str) -> str:
    """The number as +81..., from either form the vendor takes (2.1.1, 3.1); "" where it is neither."""
    match = re.fullmatch(r"(?:\+81|0)([789]0[0-9]{8})", number)
    return f"+81{match[1]}" if match else ""


def _json(fields: dict[str, Any]) -> Answer:
    return Answer(200, msgspec.json.encode(fields))


def _sent(code: int, message: str, number: str | None, text: str | None) -> Answer:
    """2.1.2."""
    return _json({"responseCode": code, "responseMessage": message, "phoneNumber": number, "smsMessage": text})


def _listing(code: int, message: str, taken: Sequence[Taken] = ()) -> Answer:
    """2.4.2."""
    return _json({"responseCode": code, "responseMessage": message, "status": [_entry(each) for each in taken]})


def _entry(taken: Taken) -> dict[str, Any]:
    """One message in status.json (2.4.2): on its way until it is settled."""
    now = datetime.now(JST)
    settled = now >= taken.settled_at
    moment = taken.settled_at if settled else taken.taken_at
    failed = settled and taken.outcome == 3
    raw = {"carrier": taken.carrier, "type": "2" if failed else None, "data": _raw(taken) if failed else None}
    return {
        "dateTime": f"{moment:%Y%m%d %H%M%S}{moment.microsecond // 1000:03}",
        "phoneNumber": taken.number,
        "message": taken.text,
        "smsCode": int(taken.sms_code),
        "carrierId": taken.carrier if settled else None,
        "carrierName": CARRIERS[taken.carrier][0] if settled else None,
        "statusId": taken.outcome if settled else 1,
        "clientTag": taken.client_tag,
        "detailedStatusId": taken.detailed if settled else None,
        "separatedSuccessCount": taken.billed if settled else None,
        "rawdata": [raw] if settled else None,
    }


RAW = ("code", "submission_status", "msgState", "submission_err_code", "ntwkErr", "commandStatus", "networkErrorCode")


def _raw(taken: Taken) -> dict[str, str | None]:
    """The carrier's own words about a failure, as in the samples of 2.5.1."""
    said = {"103": {"code": "21"}, "105": {"msgState": "EXPIRED", "ntwkErr": "G020600"}}.get(taken.carrier, {})
    return {name: said.get(name) for name in RAW}


def _notification(taken: Taken, status: int) -> dict[str, Any]:
    """The fields of a DLR (2.5.1) in the order of the samples."""
    settled = status == taken.outcome
    data = _raw(taken) if status == 3 else dict.fromkeys(RAW, "")
    return {
        "type": "DLR",
        "dateTime": f"{taken.settled_at if settled else taken.taken_at:%Y/%m/%d %H:%M:%S}",
        "messageId": taken.message_id,
        "phoneNumber": taken.number,
        "smsCode": taken.sms_code,
        "carrierId": taken.carrier if settled else None,
        "carrierName": CARRIERS[taken.carrier][0] if settled else None,
        "messageText": taken.text,
        "clientId": taken.client_id,
        "clientTag": taken.client_tag,
        "statusId": str(status),
        "statusDescription": STATES[status],
        "rawdata": {"carrier": taken.carrier, "type": "2" if status == 3 else "", "data": data} if settled else None,
        "detailedStatusId": int(taken.detailed) if settled else None,
        "separatedSuccessCount": taken.billed if settled else None,
    }


def dlr_json(taken: Taken, status: int) -> str:
    """The value of the form field `json`."""
    return msgspec.json.encode({"eventNotifications": [_notification(taken, status)]}).decode()


def dlr_xml(taken: Taken, status: int) -> str:
    """The value of the form field `xml`. A failure ends with the sample's malformed tag."""
    fields = _notification(taken, status)
    del fields["type"]
    if fields["rawdata"] is None:
        del fields["rawdata"]
    body = f'  <eventNotification type="DLR">\n{_elements(fields, 4)}  </eventNotification>\n'
    if status == 3:
        body = body.replace("</separatedSuccessCount>", "</ separatedSuccessCount>")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<eventNotifications>\n{body}</eventNotifications>\n'


def _elements(fields: dict[str, Any], indent: int) -> str:
    lines = ""
    for name, value in fields.items():
        if isinstance(value, dict):
            content = f"\n{_elements(value, indent + 2)}{' ' * indent}"
        else:
            characters = "null" if value is None else str(value).replace("]]>", "]]]]><![CDATA[>")
            content = f"<![CDATA[{characters}]]>"
        lines += f"{' ' * indent}<{name}>{content}</{name}>\n"
    return lines
