"""A white-label Korean SMS site simulated to the letter of the "SMS API Manual": sending, at once or at a time that is
reserved, and the balance.

What happens to a call is told by how the numbers in it end, see `ENDINGS`. Section numbers are the document's. Where it
has no code for what is wrong with a request, that is 10 here, and a line in `violations`.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone
from typing import ClassVar, Literal, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from gateway.sandbox.server import LOST, NOT_FOUND, Answer, Post, Request, Show, VendorServer, forget_oldest, unseen

KST = timezone(timedelta(hours=9))
SEND, BALANCE = "/messages/api", "/messages/balance"
MESSAGES = {
    0: "성공",
    1: "호출방식에러",
    2: "필수입력 데이터 누락",
    3: "인증키오류",
    4: "등록되지않은 IP",
    5: "사용정지된 회원",
    6: "인증되지않은 발신번호",
    7: "문자내용 최대길이 초과",
    8: "동보전송 최대치 초과",
    9: "보유머니 부족",
    10: "전송에러",
}
"""The codes (2.3, 3.3), as `msg` says them."""
LOGIN = ("key", "id")
REQUIRED = (*LOGIN, "send_number", "message", "receiver")
LONGEST = {"key": 20, "id": 20, "send_number": 20, "send_datetime": 20, "subject": 64}
"""varchar(n), read as characters."""
SMS_BYTES, TEXT_BYTES, RECEIVERS = 80, 2000, 100
KNOWN = frozenset((*REQUIRED, *LONGEST))
RESERVED_AHEAD = timedelta(minutes=30)


class Behaviour(NamedTuple):
    """What becomes of a call to a number."""

    description: str
    refusal: int = 0
    """The errorCode of every call with the number in it, and nothing is taken."""
    first: Literal["", "error", "closed", "unavailable", "login"] = ""
    """How the first call with the text to the number is answered: by errorCode 10, or by a name in `LOST`. The next one
    is answered as usual: so it goes on for a sender who tries again."""
    taken: bool = False
    """Whether that first call was taken."""


ENDINGS: dict[str, Behaviour] = {
    "0005": Behaviour("refused by the vendor, with all others in the call: an error of its own", refusal=10),
    "0006": Behaviour("refused by the vendor, with all others in the call: the balance is too small", refusal=9),
    "0007": Behaviour("the first call is refused by the vendor: an error of its own", first="error"),
    "0010": Behaviour("the first answer is lost, and the vendor did not take the message", first="closed"),
    "0011": Behaviour("the first answer is lost, but the vendor took the message", first="closed", taken=True),
    "0012": Behaviour("the first answer is an HTTP 503 page, nothing taken", first="unavailable"),
    "0013": Behaviour("the first answer is a login page, but the vendor took the message", first="login", taken=True),
}
"""The last four digits of a phone number, and what they provoke. Of several in a call the first one decides."""
TAKEN = Behaviour("taken by the vendor, which never reports anything")
"""Every other number."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request to send, as it came."""

    receivers: tuple[str, ...]
    text: str
    subject: str
    sender: str
    send_at: str
    """`send_datetime` as it came, "" for at once."""
    leaves: datetime | None
    """When the vendor sends it, or did; None where it was not taken."""
    code: int
    """The errorCode it was answered, or would have been had the answer not been lost."""

    @property
    def taken(self) -> bool:
        return self.leaves is not None


class KoreaSMSSimulator:
    """One account of a site, on a port of its own. Whoever calls is taken to call from one and the same address.

    `calls` has every request to send, whatever was answered, the latest `keep` of them. `balance`, `suspended` (the
    account), `registered` (the caller's address) and `clock` may be set at any time.

    A reservation is taken like any other call, and leaves when the clock says so: until then it is in `reserved`, from
    then on in `sent_at`. The document does not say when it is paid for: here when it is taken. Nor how far ahead it may
    be: here any time after half an hour.
    """

    SETTINGS: ClassVar[Mapping[str, str]] = {"key": "sandboxkey", "id": "sandbox", "sender": "0212345678"}

    def __init__(
        self,
        *,
        key: str,
        id: str,
        senders: Collection[str],
        separator: Literal[" ", "|", ","] = " ",
        balance: int = 100_000_000,
        sms: int = 20,
        lms: int = 50,
        strings: bool = False,
        keep: int = 100_000,
        clock: Callable[[], datetime] = lambda: datetime.now(KST),
    ) -> None:
        """`senders`: the registered send_numbers. `balance`, and the prices of an `sms` and an `lms`, in won. `clock`
        answers with its offset. What the document leaves open: `separator`; `strings`, whether booleans and integers
        are answered as strings."""
        self.calls: deque[Call] = deque(maxlen=keep)
        self.violations: deque[str] = deque(maxlen=keep)
        """What a request did that the document does not allow and has no code for."""
        self.balance = balance
        self.suspended = False
        self.registered = True
        self._account = {"key": key, "id": id}
        self._senders = frozenset(senders)
        self._separator = separator
        self._prices = (sms, lms)
        self._strings = strings
        self._keep = keep
        self.show: Show = unseen
        self.clock = clock
        self._taken: Counter[str] = Counter()
        self._struck: dict[str, None] = {}
        """Numbers with a text whose first call is over, and the second not yet."""
        self._server = VendorServer(self._answer)

    @property
    def base_url(self) -> str:
        return self._server.url

    @classmethod
    def endings(cls) -> Mapping[str, str]:
        return {ending: behaviour.description for ending, behaviour in ENDINGS.items()}

    @classmethod
    def play(cls, callbacks: str, *, delay: float, late: float, post: Post | None = None) -> KoreaSMSSimulator:
        """This vendor pushes nothing, so nothing but its account matters."""
        account = cls.SETTINGS
        return cls(key=account["key"], id=account["id"], senders=(account["sender"],))

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await self._server.start(host, port)

    async def stop(self) -> None:
        await self._server.stop()

    def taken(self, number: str) -> int:
        """Reservations among them, sent or not."""
        return self._taken[_national(number)]

    @property
    def reserved(self) -> list[Call]:
        """What was taken and has not left yet, soonest first."""
        now = self.clock()
        return sorted((call for call in self.calls if call.leaves and call.leaves > now), key=_leaving)

    def sent_at(self, number: str) -> list[datetime]:
        """When messages to a number (E.164) left, soonest first."""
        now, dialled = self.clock(), _national(number)
        return sorted(
            call.leaves for call in self.calls if call.leaves and call.leaves <= now and dialled in call.receivers
        )

    async def _answer(self, request: Request) -> Answer:
        if request.path not in (SEND, BALANCE):
            return NOT_FOUND
        form = request.form()
        code = self._door(request, form, REQUIRED if request.path == SEND else LOGIN)
        if request.path == SEND:
            return self._send(request, form, code)
        if code:
            return self._say(code)
        self.violations.extend(_oddities(request, form, LOGIN))  # no code of 3.3 is for these
        return self._encode({"result": True, "balance": self.balance})

    def _door(self, request: Request, form: dict[str, str], required: tuple[str, ...]) -> int:
        """The code of a request that is not looked at any further, 0 for none: 1 to 5 of 2.3 and 3.3."""
        wrong = {
            1: request.method != "POST",
            2: not all(form.get(name) for name in required),
            3: any(form.get(name) != right for name, right in self._account.items()),
            4: not self.registered,
            5: self.suspended,
        }
        return next((code for code, is_so in wrong.items() if is_so), 0)

    # 2

    def _send(self, request: Request, form: dict[str, str], code: int) -> Answer:
        text = form.get("message", "")
        receivers = tuple(form["receiver"].split(self._separator)) if form.get("receiver") else ()
        code = code or self._refusal(request, form, receivers)
        first = "" if code else self._first(receivers, text)
        behaviour = ENDINGS[first[-4:]] if first else TAKEN
        if behaviour.first == "error":
            code = 10
        taken = not code and (behaviour.taken or not behaviour.first)
        if taken:
            self.balance -= self._cost(text, receivers)
            for number in receivers:
                self._taken[number] += 1
                forget_oldest(self._taken, self._keep)
                self.show(f"+82{number[1:]}", text)
        self.calls.append(
            Call(
                receivers=receivers,
                text=text,
                subject=form.get("subject", ""),
                sender=form.get("send_number", ""),
                send_at=form.get("send_datetime", ""),
                leaves=(_moment(form.get("send_datetime", "")) or self.clock()) if taken else None,
                code=code,
            )
        )
        return LOST[behaviour.first] if behaviour.first in LOST else self._say(code)

    def _refusal(self, request: Request, form: dict[str, str], receivers: tuple[str, ...]) -> int:
        """2.3 from 6 on, in the order of the codes; 0 for nothing."""
        violations = self._violations(request, form, receivers)
        self.violations.extend(violations)
        refusals = [ENDINGS[each[-4:]].refusal for each in receivers if each[-4:] in ENDINGS]
        ending = next(filter(None, refusals), 0)
        wrong = {
            6: form["send_number"] not in self._senders,
            7: _octets(form["message"]) > TEXT_BYTES,
            8: len(receivers) > RECEIVERS,
            9: self._cost(form["message"], receivers) > self.balance or ending == 9,
            10: bool(violations) or ending == 10,
        }
        return next((code for code, is_so in wrong.items() if is_so), 0)

    def _violations(self, request: Request, form: dict[str, str], receivers: tuple[str, ...]) -> list[str]:
        """What is wrong with a request to send and has no code of its own."""
        wrong = {
            "a receiver twice in one call": len(set(receivers)) < len(receivers),
            "a receiver that is no Korean mobile number": not all(map(_mobile, receivers)),
            "a text outside CP949": not _carried(form["message"]),
            "a subject outside CP949": not _carried(form.get("subject", "")),
            "an impossible send_datetime": not self._reservable(form.get("send_datetime", "")),
            **{f"{name} too long": len(form.get(name, "")) > longest for name, longest in LONGEST.items()},
        }
        return [violation for violation, is_so in wrong.items() if is_so] + _oddities(request, form, KNOWN)

    def _reservable(self, written: str) -> bool:
        """At least 30 minutes from now; empty: at once (2.1.1)."""
        moment = _moment(written)
        return not written or (moment is not None and moment >= self.clock() + RESERVED_AHEAD)

    def _first(self, receivers: tuple[str, ...], text: str) -> str:
        """The number that decides how this call is answered, "" where none does. The first call is then over for all
        in it."""
        peculiar = [each for each in receivers if each[-4:] in ENDINGS and ENDINGS[each[-4:]].first]
        striking = [each for each in peculiar if f"{each} {text}" not in self._struck]
        for number in striking:
            self._struck[f"{number} {text}"] = None
            forget_oldest(self._struck, self._keep)
        if striking:
            return striking[0]
        for number in peculiar:
            self._struck.pop(f"{number} {text}", None)
        return ""

    def _cost(self, text: str, receivers: tuple[str, ...]) -> int:
        sms, lms = self._prices
        return len(receivers) * (lms if _octets(text) > SMS_BYTES else sms)

    def _say(self, code: int) -> Answer:
        """2.2. Nobody but the account's owner is told the balance."""
        said = {"result": code == 0, "errorCode": code, "msg": MESSAGES[code]}
        return self._encode(said if 0 < code < 5 else said | {"balance": self.balance})

    def _encode(self, said: Mapping[str, object]) -> Answer:
        if self._strings:
            said = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in said.items()}
        return Answer(200, msgspec.json.encode(said), "application/json; charset=UTF-8")


def _oddities(request: Request, form: Mapping[str, str], known: Collection[str]) -> list[str]:
    """What is wrong with a form as such."""
    pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    odd = [f"unknown parameter {name}" for name in form if name not in known]
    odd += ["a parameter twice"] * (len(pairs) > len(form))
    odd += ["a parameter in the query"] * bool(request.query)
    return odd


def _moment(written: str) -> datetime | None:
    """2.1.1: `yyyy-MM-dd HH:mm:ss`, in KST; None for anything else."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", written):
        return None
    try:
        return datetime.fromisoformat(f"{written}+09:00")
    except ValueError:
        return None


def _leaving(call: Call) -> datetime:
    assert call.leaves
    return call.leaves


def _national(number: str) -> str:
    return "0" + number.removeprefix("+82")


def _octets(text: str) -> int:
    return len(text.encode("cp949", "replace"))


def _carried(text: str) -> bool:
    return text.encode("cp949", "ignore").decode("cp949") == text


def _mobile(number: str) -> bool:
    return re.fullmatch("010[0-9]{8}|01[16-9][0-9]{7,8}", number) is not None
