"""AI CROSS simulated to the letter of its API document v1.47: mt.json, status.json, the pushed DLR, and what is beside
messages (`aicross_beside`); reservations in `aicross_reservations`.

What happens to a message, and what is said of a number's owner, is told by how the number ends, see `ENDINGS`. Section
numbers are the document's.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Literal, NamedTuple
from urllib.parse import urlencode

from gateway.sandbox.aicross_beside import Beside
from gateway.sandbox.aicross_calls import (
    CALLS,
    CANCEL,
    CANCEL_ALL,
    CHECK,
    CLEANING,
    SEND,
    SHORT_URL,
    STATUS,
    SYSTEM_ERROR,
    USAGE,
    login,
)
from gateway.sandbox.aicross_reports import CARRIERS, JST, Taken, dlr_json, dlr_xml, entry
from gateway.sandbox.aicross_reservations import Reservation, Reservations, minute
from gateway.sandbox.server import (
    DROP,
    FORM,
    LOST,
    NOT_FOUND,
    Answer,
    Post,
    Pusher,
    Request,
    Show,
    VendorServer,
    forget_oldest,
    unseen,
)

PUSH_TIMEOUT = 10.0
"""Seconds a receiver has to answer a DLR (2.5.2)."""
REPEATS = 3
"""How often a DLR is pushed again when that failed (2.5.2)."""
GLANCE = 0.1
"""Seconds between looks at the clock while something is kept: a clock may be moved."""


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
    cancel: Literal["", "kept", "dropped"] = ""
    """What becomes of a reservation where the answer to the first cancelreservation.json is lost; empty: it is not."""
    owner: Literal["N", "T", "ERROR"] = "N"
    """The `status` of numbercleaning.json, where `refusal` is none of its codes. Of the first call about the number the
    answer is lost as that to a message is."""


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
    "0030": Behaviour("the first answer to a cancel is lost, and the reservation is still kept", cancel="kept"),
    "0031": Behaviour("the first answer to a cancel is lost, but it was canceled", cancel="dropped"),
    "0050": Behaviour("delivered; the number has changed its owner", owner="T"),
    "0051": Behaviour("delivered; whether the number has changed its owner is not known", owner="ERROR"),
}
"""The last four digits of a phone number, and what they provoke."""
DELIVERED = Behaviour("delivered")
"""Every other number."""


class AICrossSimulator:
    """One vendor account on a port of its own.

    `accepted` has the messages taken, by clientTag (by messageId where they have none); `reservations` those that are
    kept until their time, which then are taken. `requests`, `queries`, `checks`, `withdrawals` and `pushes` count the
    sends, the status queries, the calls of checkreservation.json, the cancels (those of whole days under "") and the
    DLRs (not their repeats) per clientTag, `cleanings` the calls of numbercleaning.json per number (+81...). Each
    forgets the oldest of more than `keep`. `violations` has what the document does not provide for and no code names,
    the first `keep` of them.
    """

    SETTINGS: ClassVar[Mapping[str, str]] = {"token": "sandboxtoken", "client_id": "1234", "sms_code": "80013"}

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
        agency: Mapping[str, Mapping[str, int]] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(JST),
    ) -> None:
        """`callback_url` may be set later; None: nothing is pushed. Times in seconds: `delay` and `late` from
        taking a message to its receipt, `repeat_after` between tries of a push (undocumented). `agency`: see
        `Beside`. `clock` (any zone) says what time it is, and may be moved: reservations go by it within `GLANCE`."""
        self.callback_url = callback_url
        self.accepted: dict[str, Taken] = {}
        self.requests: Counter[str] = Counter()
        self.queries: Counter[str] = Counter()
        self.checks: Counter[str] = Counter()
        self.withdrawals: Counter[str] = Counter()
        self.pushes: Counter[str] = Counter()
        self.cleanings: Counter[str] = Counter()
        self.violations: list[str] = []
        self._account = {"token": token, "clientId": client_id}
        self._sms_code = sms_code
        self._dlr = dlr
        self._delay = timedelta(seconds=delay)
        self._late = timedelta(seconds=late)
        self._keep = keep
        self.show: Show = unseen
        self._clock = clock
        self.beside = Beside(self._account, clock=self._now, agency=agency, keep=keep)
        self._reserved = Reservations(self._account, sms_code, clock=self._now, keep=keep)
        self._glances: asyncio.Task[None] | None = None
        self._pusher = Pusher(timeout=PUSH_TIMEOUT, repeats=REPEATS, repeat_after=repeat_after, post=post)
        self._server = VendorServer(self._answer)

    @property
    def url(self) -> str:
        """The `base_url` for the provider's configuration."""
        return self._server.url

    @property
    def base_url(self) -> str:
        return self._server.url

    @property
    def reservations(self) -> Mapping[str, Reservation]:
        """What is kept now, by clientTag (by messageId where it has none)."""
        return self._reserved.kept

    @classmethod
    def endings(cls) -> Mapping[str, str]:
        return {ending: behaviour.description for ending, behaviour in ENDINGS.items()}

    @classmethod
    def play(cls, callbacks: str, *, delay: float, late: float, post: Post | None = None) -> AICrossSimulator:
        account = cls.SETTINGS
        return cls(
            token=account["token"],
            client_id=account["client_id"],
            sms_code=account["sms_code"],
            callback_url=f"{callbacks}/dlr",
            delay=delay,
            late=late,
            post=post,
        )

    def taken(self, number: str) -> int:
        return sum(each.number == number for each in self.accepted.values())

    def forget(self, tag: str) -> bool:
        """As if somebody canceled a reservation in the vendor's console; whether it was kept."""
        return self._reserved.drop(tag)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await self._server.start(host, port)

    async def stop(self) -> None:
        """Pushes not yet done are dropped; nothing is sent that is kept."""
        await self._server.stop()
        if self._glances:
            self._glances.cancel()
            await asyncio.gather(self._glances, return_exceptions=True)
        await self._pusher.stop()

    async def _answer(self, request: Request) -> Answer:
        self._release()
        call = CALLS.get(request.path)
        found = call.violations(request) if call else [f"{request.path}: no such call"]
        self.violations += found[: max(self._keep - len(self.violations), 0)]
        if call is None:
            return NOT_FOUND
        if request.method != call.method:
            return call.answer(*SYSTEM_ERROR)
        given = call.given(request)
        if call is SEND:
            return self._send(given)
        if call is STATUS:
            return self._status(given)
        if call is CHECK:
            self._count(self.checks, given.get("clientTag", ""))
            return self._reserved.check(given, self.accepted)
        if call is CANCEL:
            return self._cancel(given)
        if call is CANCEL_ALL:
            self._count(self.withdrawals, "")
            return self._reserved.cancel_all(given)
        if call is CLEANING:
            return self._cleaning(given)
        if call is USAGE:
            return self.beside.usage(given, self.accepted.values())
        return self.beside.short_url(given) if call is SHORT_URL else self.beside.templates(given)

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
        number = number or form.get("phoneNumber", "")
        return SEND.answer(code, message, phoneNumber=number or None, smsMessage=form.get("message"))

    def _refusal(self, form: dict[str, str], number: str) -> tuple[int, str] | None:
        """2.1.3."""
        code = form.get("smsCode", "")
        valid = login(form, self._account) | {
            "smsCode": code == self._sms_code and re.fullmatch("[0-9]{5,6}", code),
            "phoneNumber": number,
            "carrierId": form.get("carrierId") in (None, *CARRIERS),
            "scheduleTime": not form.get("scheduleTime") or self._ahead(form["scheduleTime"]),
        }
        if refusal := SEND.refusal(form, valid):
            return refusal
        used = (self.accepted, self.reservations, self._reserved.canceled)
        return (400, "Duplicate client tag.") if any(form.get("clientTag") in each for each in used) else None

    def _ahead(self, time: str) -> bool:
        """Whether a scheduleTime is one, and to come."""
        moment = minute(time)
        return moment is not None and moment > self._now()

    def _take(self, form: dict[str, str], number: str, behaviour: Behaviour) -> None:
        now = self._now()
        at = minute(form.get("scheduleTime", "")) or now
        taken = Taken(
            client_id=form["clientId"],
            client_tag=form.get("clientTag", ""),
            message_id=f"{form['clientId'][-7:]:0>7}{now:%y%m%d%H%M%S}{secrets.token_hex(6)}",
            number=number,
            text=form["message"],
            sms_code=form["smsCode"],
            carrier=form.get("carrierId") or sorted(CARRIERS)[int(number[-5]) % len(CARRIERS)],
            category=behaviour.category,
            taken_at=at,
            settled_at=at + (self._late if behaviour.late else self._delay),
        )
        if form.get("scheduleTime"):
            self._reserve(Reservation(message=taken, group_tag=form.get("groupTag", "")))
        else:
            self._begin(taken)

    def _reserve(self, reservation: Reservation) -> None:
        self._reserved.put(reservation)
        if self._glances is None or self._glances.done():
            self._glances = asyncio.get_running_loop().create_task(self._release_in_time())

    def _begin(self, taken: Taken) -> None:
        behaviour = ENDINGS.get(taken.number[-4:], DELIVERED)
        if not taken.category:
            self.show(taken.number, taken.text)
        self.accepted[taken.client_tag or taken.message_id] = taken
        forget_oldest(self.accepted, self._keep)
        if self.callback_url and taken.client_tag and behaviour.pushes:  # no clientTag, no DLR (2.5)
            self._pusher.begin(self._report(taken, behaviour))

    def _release(self) -> None:
        """Sends whatever is kept and due."""
        for taken in self._reserved.due():
            self._begin(taken)

    async def _release_in_time(self) -> None:
        while self.reservations:
            await asyncio.sleep(GLANCE)
            self._release()

    # 2.3.1

    def _cancel(self, query: dict[str, str]) -> Answer:
        tag = query.get("clientTag", "")
        self._count(self.withdrawals, tag)
        code, message = self._reserved.cancel_code(query, self.accepted)
        lost = ""
        if code == 0:
            behaviour = ENDINGS.get(self.reservations[tag].message.number[-4:], DELIVERED)
            lost = behaviour.cancel if self.withdrawals[tag] == 1 else ""
            if lost != "kept":
                self._reserved.drop(tag)
        return DROP if lost else CANCEL.answer(code, message, clientTag=query.get("clientTag"))

    # 2.4

    def _status(self, query: dict[str, str]) -> Answer:
        tag, date = query.get("clientTag", ""), query.get("date", "")
        self._count(self.queries, tag)
        valid = login(query, self._account) | {"date": tag or re.fullmatch("[0-9]{8}", date)}
        if refusal := STATUS.refusal(query, valid, () if tag or date else ("clientTag",)):
            return STATUS.answer(*refusal)
        if tag:
            # What an unknown clientTag is answered is in no document: an empty list here.
            listed = [self.accepted[tag]] if tag in self.accepted else []
        else:
            listed = [each for each in self.accepted.values() if f"{each.taken_at:%Y%m%d}" == date]
        return STATUS.answer(0, "Success.", status=[entry(each, self._now()) for each in listed])

    # 2.8

    def _cleaning(self, query: dict[str, str]) -> Answer:
        number = international(query.get("phoneNumber", ""))
        self._count(self.cleanings, number)
        behaviour = ENDINGS.get(number[-4:], DELIVERED)
        ending = behaviour.refusal if behaviour.refusal and behaviour.refusal[0] in (110, 500) else None
        if refusal := self.beside.cleaning_refusal(query, number) or ending:
            return CLEANING.answer(*refusal)
        if behaviour.lost and self.cleanings[number] == 1:
            return LOST[behaviour.lost]
        said = {"phoneNumber": number, "referenceDate": query["referenceDate"], "status": behaviour.owner}
        return CLEANING.answer(0, "Success.", **said)

    # 2.5

    async def _report(self, taken: Taken, behaviour: Behaviour) -> None:
        await asyncio.sleep((taken.settled_at - self._now()).total_seconds())
        write = dlr_xml if self._dlr == "xml" else dlr_json
        for word in behaviour.pushes:
            if self.callback_url:
                self._count(self.pushes, taken.client_tag)
                document = write(taken, 1 if word == "sending" else taken.outcome)
                await self._pusher.push(self.callback_url, urlencode([(self._dlr, document)]).encode(), FORM)

    def _now(self) -> datetime:
        return self._clock().astimezone(JST)

    def _count(self, counter: Counter[str], tag: str) -> None:
        counter[tag] += 1
        forget_oldest(counter, self._keep)


def international(number: str) -> str:
    """The number as +81..., from either form the vendor takes (2.1.1, 3.1); "" where it is neither."""
    match = re.fullmatch(r"(?:\+81|0)([789]0[0-9]{8})", number)
    return f"+81{match[1]}" if match else ""
