"""MediaSMS simulated to the letter of its API document (an excerpt): the sending API, the pushed results of messages
and those of calls (IVR).

What happens to a message or a call is told by how its number ends, see `ENDINGS`; what is a correct request, by
`mediasms_letter`; what is pushed of a call, by `mediasms_calls`. What the document leaves open is chosen where it is
said.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

import msgspec

from gateway.sandbox import mediasms_calls as calls
from gateway.sandbox import mediasms_letter as letter
from gateway.sandbox.server import (
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

PATH = "/sms/api/"
URL_AT_MOST = 8190
"""Bytes of a GET request."""
LOGINS_AT_MOST = 10
"""401s in a row, after which the address is blocked."""
REPEATS = 3
"""How often a push is made again when that failed. Undocumented."""
TEMPLATES = ("1", "20")
"""The ids of the texts that are registered, where nothing else is said."""
WORDS = {
    "0": "失敗",
    "1": "送信済",
    "10": "au圏外・OFF",
    "11": "au自NW障害",
    "14": "処理中",
    "18": "ドコモ圏外・OFF",
    "19": "ドコモ自NW障害",
    "20": "ドコモ他NW障害",
}
"""The results that are pushed."""

Word = Literal["sending", "failure", "result"]


class Behaviour(NamedTuple):
    """What becomes of a message, or of a call."""

    description: str
    refusal: str = ""
    """The code answered to every request, and nothing is taken."""
    lost: Literal["", "closed", "unavailable", "login", "busy"] = ""
    """How the first request with a text to the number is answered: a name in `LOST`, or 503 for `busy`. The next one,
    under whatever smsid, is answered as usual: so it goes on for a sender who tries again."""
    taken: bool = True
    """Whether the request whose answer is lost was taken."""
    result: str = "1"
    """The status a message ends with."""
    result_au: str = ""
    """The same where mobilecareer says au; empty: no other."""
    pushes: tuple[Word, ...] = ("sending", "result")
    """One after the other; `failure` is what the vendor revises after trying again."""
    late: bool = False
    called: int = 1
    """How often it is pushed that the number's owner called in, or what code was read out."""
    no_calls: bool = False
    """A request for a call is answered 550; a message is one like any other."""


ENDINGS: dict[str, Behaviour] = {
    "0001": Behaviour("undelivered: the handset is out of reach or switched off", result="18", result_au="10"),
    "0002": Behaviour("undelivered: the handset refused it, or is not at docomo", result="20"),
    "0003": Behaviour("the number is not in use: taken, and the vendor pushes nothing about it", pushes=(), called=0),
    "0004": Behaviour("undelivered: the carrier's network is congested or at fault", result="19", result_au="11"),
    "0005": Behaviour("refused by the vendor: a failure, for no cause it names", refusal="550"),
    "0006": Behaviour("refused by the vendor: the contract's messages are used up", refusal="402"),
    "0007": Behaviour("the first answer is that too much came in this second, nothing taken", lost="busy", taken=False),
    "0010": Behaviour("the first answer is lost, and the vendor did not take the message", lost="closed", taken=False),
    "0011": Behaviour("the first answer is lost, but the vendor took the message", lost="closed"),
    "0012": Behaviour("the first answer is an HTTP 503 page, nothing taken", lost="unavailable", taken=False),
    "0013": Behaviour("the first answer is a login page, but the vendor took the message", lost="login"),
    "0020": Behaviour("delivered, the receipt comes late", late=True),
    "0021": Behaviour("delivered, the receipt comes twice", pushes=("sending", "result", "result")),
    "0022": Behaviour('delivered, the receipt "on its way" comes after it', pushes=("result", "sending")),
    "0023": Behaviour("delivered, no receipt ever comes", pushes=()),
    "0024": Behaviour("on its way for good: a status that is in no document follows", result="99"),
    "0025": Behaviour("undelivered at first, delivered when the vendor tries again", pushes=("failure", "result")),
    "0026": Behaviour("undelivered: lost in a network abroad", result="0"),
    "0040": Behaviour("delivered; a call to verify the number is neither made nor taken by its owner", called=0),
    "0041": Behaviour("delivered; that a call verified the number is pushed twice, and so is a call's code", called=2),
    "0042": Behaviour("delivered; a call to verify the number is refused by the vendor", no_calls=True),
}
"""The last four digits of a phone number, and what they provoke."""
DELIVERED = Behaviour("delivered")
"""Every other number."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A message the vendor took, or a call."""

    number: str
    """As it came: 10 or 11 digits from 0, or an international number without its plus."""
    text: str
    """What a handset shows: the vendor cuts off what is too long, and says nothing. "" for a text that is registered
    at the vendor (`smstextid`), and for a call without one."""
    fields: dict[str, str]
    """The request."""
    behaviour: Behaviour

    @property
    def e164(self) -> str:
        return f"+81{self.number[1:]}" if self.number.startswith("0") else f"+{self.number}"

    @property
    def reported(self) -> bool:
        """Whether results are asked for."""
        return self.fields.get("status") == "1" and "smsid" in self.fields

    def status(self, word: Word) -> str:
        """What is pushed for `word`."""
        au = self.fields.get("mobilecareer") == letter.AU
        if word == "sending":
            return "14"
        if word == "failure":
            return "10" if au else "18"
        return (self.behaviour.result_au if au else "") or self.behaviour.result


class MediaSMSSimulator:
    """One vendor account on a port of its own. Whoever calls is taken to call from one and the same address.

    `accepted` has the messages and calls taken, by smsid ("" where they have none): the vendor does not mind an smsid
    it has seen, and takes the request again. `requests` and `pushes` count the sends, whatever was answered, and the
    pushes (not their repeats) per smsid. `violations` says what was not as the document has it about requests that
    are answered 200 all the same; numbers and texts are not in it. Each forgets the oldest of more than `keep`.
    """

    SETTINGS: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"username": "sandbox", "password": "sandboxpassword", "ivr_number": "05012345678"}
    )

    def __init__(
        self,
        *,
        username: str,
        password: str,
        callback_url: str | None = None,
        ivr_url: str | None = None,
        ivr_number: str = "",
        answers: Literal["bare", "html", "json"] = "bare",
        statuses: bool = False,
        words: bool = False,
        encoding: Literal["utf-8", "cp932"] = "utf-8",
        by: Literal["POST", "GET"] = "POST",
        codes: Literal["delivery", "ivr"] = "delivery",
        ivr_smsid: bool = False,
        long_text: bool = False,
        overseas: bool = False,
        titles: bool = True,
        templates: Collection[str] = TEMPLATES,
        registered: bool = True,
        rate: int = 80,
        delay: float = 0.3,
        late: float = 5.0,
        repeat_after: float = 1.0,
        keep: int = 100_000,
        post: Post | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`callback_url` (for results) and `ivr_url` (for calls) may be set later; None: nothing is pushed there. What
        the document leaves open: `answers`, how a code is wrapped; `statuses`, whether 401, 402, 414 and 503 are HTTP
        statuses too (the others are none); `words`, whether a push has the status as its word; `encoding` of pushes;
        `by` what method they come, where no `post` says otherwise; `codes`, with which pushes the code of a call out
        comes; `ivr_smsid`, whether pushes of calls echo the smsid, which they do not as printed. `long_text`,
        `overseas` and `titles` are options of the account, `ivr_number` its number for calls ("": it has none),
        `templates` the ids of its texts, `registered` whether requests come from an address it knows. Times in
        seconds: `delay` and `late` from taking a message to its last push, or from a request to its call."""
        self.callback_url = callback_url
        self.ivr_url = ivr_url
        self.accepted: dict[str, list[Taken]] = {}
        self.requests: Counter[str] = Counter()
        self.pushes: Counter[str] = Counter()
        self.violations: list[str] = []
        self.failed_logins = 0
        """401s in a row. From 10 on nobody gets in any more; set it to 0 to be let in again."""
        self._login = "Basic " + b64encode(f"{username}:{password}".encode()).decode()
        self._answers = answers
        self._statuses = statuses
        self._words = words
        self._encoding = encoding
        self._codes = codes
        self._ivr_smsid = ivr_smsid
        self._account = letter.Account(long_text, overseas, titles, frozenset(templates), ivr_number)
        self._registered = registered
        self._rate = rate
        self._delay = delay
        self._late = late
        self._keep = keep
        self.show: Show = unseen
        self._clock = clock
        self._recent: deque[float] = deque()
        self._lost: dict[str, None] = {}
        post = post or (calls.get if by == "GET" else None)
        self._pusher = Pusher(timeout=calls.PUSH_TIMEOUT, repeats=REPEATS, repeat_after=repeat_after, post=post)
        self._server = VendorServer(self._answer)

    @property
    def base_url(self) -> str:
        """For the provider's `base_url`; once started."""
        return self._server.url + PATH

    @classmethod
    def endings(cls) -> Mapping[str, str]:
        """How a number may end, and what then becomes of a message to it, or of a call."""
        return {ending: behaviour.description for ending, behaviour in ENDINGS.items()}

    @classmethod
    def play(cls, callbacks: str, *, delay: float, late: float, post: Post | None = None) -> MediaSMSSimulator:
        """Plays the account of `SETTINGS`: without the options for long texts and for other countries."""
        return cls(
            username=cls.SETTINGS["username"],
            password=cls.SETTINGS["password"],
            callback_url=f"{callbacks}/delivery",
            ivr_url=f"{callbacks}/ivr",
            ivr_number=cls.SETTINGS["ivr_number"],
            delay=delay,
            late=late,
            post=post,
        )

    def taken(self, number: str) -> int:
        """How many messages and calls it took for a number (E.164)."""
        written = {number[1:], f"0{number[3:]}"} if number.startswith("+81") else {number[1:]}
        return sum(each.number in written for taken in self.accepted.values() for each in taken)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await self._server.start(host, port)

    async def stop(self) -> None:
        """Pushes not yet done are dropped."""
        await self._server.stop()
        await self._pusher.stop()

    async def _answer(self, request: Request) -> Answer:
        if request.path != PATH or request.method not in ("GET", "POST"):
            return NOT_FOUND
        if code := self._door(request):
            return self._say(code)
        if request.method == "GET":
            return self._send(tuple(request.query.items()))
        body = request.body.decode("utf-8", "replace") if request.form() else ""
        return self._send(tuple(parse_qsl(body, keep_blank_values=True)))

    def _door(self, request: Request) -> str:
        """The code that ends a request before it is looked at, "" for none. The order is undocumented: what is known
        of the address comes first."""
        if self.failed_logins >= LOGINS_AT_MOST:
            return "555"
        if not self._registered:
            return "557"
        now = self._clock()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self._rate:
            return "503"
        self._recent.append(now)
        if request.headers.get("authorization") != self._login:
            self.failed_logins += 1
            return "401"
        self.failed_logins = 0
        if request.method == "GET" and len(urlencode(request.query)) + len(PATH) > URL_AT_MOST:
            return "414"
        return ""

    def _send(self, pairs: Collection[tuple[str, str]]) -> Answer:
        fields = {name: value for name, value in pairs if value}
        smsid = fields.get("smsid", "")
        self._count(self.requests, smsid)
        if code := letter.refusal(fields, self._account):
            return self._say(code)
        for violation in letter.oddities(pairs, self._account):
            self._violated(violation)
        number = fields["mobilenumber"]
        behaviour = ENDINGS.get(number[-4:], DELIVERED)
        if behaviour.refusal:
            return self._say(behaviour.refusal)
        if behaviour.no_calls and fields.get("method", letter.TEXT) != letter.TEXT:
            return self._say("550")
        lost = self._loses(behaviour, number, fields.get("smstextid") or fields.get("smstext", ""))
        if behaviour.taken or not lost:
            self._take(smsid, fields, behaviour)
        if lost == "busy":
            return self._say("503")
        return LOST[lost] if lost else self._say("200")

    def _loses(self, behaviour: Behaviour, number: str, text: str) -> str:
        """How the answer to this request is lost, "" where it is not."""
        if not behaviour.lost:
            return ""
        message = f"{number} {text}"
        if message in self._lost:
            del self._lost[message]
            return ""
        self._lost[message] = None
        forget_oldest(self._lost, self._keep)
        return behaviour.lost

    def _take(self, smsid: str, fields: dict[str, str], behaviour: Behaviour) -> None:
        text = letter.shown(fields, self._account)
        taken = Taken(number=fields["mobilenumber"], text=text, fields=fields, behaviour=behaviour)
        if smsid in self.accepted and smsid:
            self._violated("smsid is not unique")
        self.accepted.setdefault(smsid, []).append(taken)
        forget_oldest(self.accepted, self._keep)
        method = fields.get("method", letter.TEXT)
        if text and behaviour.result == "1":
            self.show(taken.e164, text)
        if method in (letter.TEXT, letter.TEXT_AND_CALL_IN) and self.callback_url and taken.reported:
            self._pusher.begin(self._report(smsid, taken))
        if method != letter.TEXT:
            self._pusher.begin(self._call(smsid, taken))

    async def _report(self, smsid: str, taken: Taken) -> None:
        """The pushes, evenly over the time."""
        words = taken.behaviour.pushes
        for word in words:
            await asyncio.sleep(self._time(taken) / len(words))
            echoed = {name: taken.fields.get(name, "") for name in letter.PARAMETERS}
            await self._push(self.callback_url, smsid, echoed | {"status": self._written(taken.status(word))})

    async def _call(self, smsid: str, taken: Taken) -> None:
        """The number's owner calls in, or takes the call."""
        await asyncio.sleep(self._time(taken))
        if not calls.in_time(taken.fields, self._time(taken)):
            return
        among_results = taken.fields["method"] == letter.CALL_OUT and self._codes == "delivery"
        if taken.behaviour.called and taken.fields["method"] == letter.CALL_OUT:
            self.show(taken.e164, f"a call that reads out: {calls.code(taken.number)}")
        elif taken.behaviour.called:
            self.show(taken.e164, f"calls {taken.fields['iphone']}")
        for _ in range(taken.behaviour.called):
            if not among_results:
                await self._push(self.ivr_url, smsid, calls.proof(taken.fields, smsid=self._ivr_smsid))
            elif taken.reported:
                await self._push(self.callback_url, smsid, calls.result(taken.fields, self._written("1")))

    async def _push(self, url: str | None, smsid: str, said: Mapping[str, str]) -> None:
        if url:
            self._count(self.pushes, smsid)
            await self._pusher.push(url, urlencode(said, encoding=self._encoding, errors="replace").encode(), FORM)

    def _time(self, taken: Taken) -> float:
        return self._late if taken.behaviour.late else self._delay

    def _written(self, status: str) -> str:
        return WORDS.get(status, status) if self._words else status

    def _say(self, code: str) -> Answer:
        status = int(code) if self._statuses and code in ("401", "402", "414", "503") else 200
        if self._answers == "json":
            return Answer(status, msgspec.json.encode({"result": code}))
        body = f"<html><body>{code}</body></html>" if self._answers == "html" else code
        return Answer(status, body.encode(), "text/html; charset=UTF-8")

    def _count(self, counter: Counter[str], smsid: str) -> None:
        counter[smsid] += 1
        forget_oldest(counter, self._keep)

    def _violated(self, what: str) -> None:
        self.violations.append(what)
        del self.violations[: -self._keep]
