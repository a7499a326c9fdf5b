"""IoTコール simulated to the letter of its "API マニュアル": rules that are set off, their numbers, what they did.

What becomes of a call is told by how its number ends, see `ENDINGS`, what becomes of an activation, by its rule, see
`Tree`, and what is a correct request, by `iotcall_letter`. What the document leaves open is chosen where it is said.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple
from urllib.parse import urlencode

import msgspec

from gateway.sandbox import iotcall_letter as letter
from gateway.sandbox.iotcall_letter import Number
from gateway.sandbox.server import DROP, FORM, Answer, Post, Pusher, Request, Show, VendorServer, forget_oldest, unseen

JST = timezone(timedelta(hours=9))
LAG = timedelta(minutes=10)
"""Until the history has an activation (C)."""
PUSH_TIMEOUT = 10.0
REPEATS = 3
"""Seconds a receiver has to answer a notification, and how often it is made again. Undocumented."""
FIRED, REPLACED = "手動発信を行いました。", "電話番号を更新しました。"
_WRITTEN = "%Y-%m-%d %H:%M:%S"

Push = Literal["form", "json", "query"]


class Behaviour(NamedTuple):
    """What becomes of a call and of the message that goes with it."""

    description: str
    status: str = "completed"
    pressed: int | None = None
    seconds: int = 19
    message: str = "delivered"


ENDINGS: dict[str, Behaviour] = {
    "0001": Behaviour("a call by a rule is not answered", status="no-answer", seconds=0),
    "0002": Behaviour("a call by a rule is answered, and 1 is pressed", pressed=1, seconds=31),
    "0003": Behaviour(
        "a call by a rule finds the line busy, and its message fails", status="busy", seconds=0, message="undelivered"
    ),
}
"""The last four digits of a phone number, and what they provoke. Of all these words the document has only `completed`
and `delivered`."""
ANSWERED = Behaviour("answered")
"""Every other number."""


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it is set up at the vendor."""

    key: str
    id: str
    min_numbers: int = 1
    """2 where it does not call "normally"."""
    answer: Literal["", "lost", "refused"] = ""
    """How each activation is answered: as printed; not at all, though it took place; or that it did not."""
    notifies: bool = True


TREES = {
    "fire": Tree(key="sandboxfire", id="0008200123"),
    "flood": Tree(key="sandboxflood", id="0008200456", min_numbers=2),
    "lost": Tree(key="sandboxlost", id="0008200457", answer="lost", notifies=False),
    "unheard": Tree(key="sandboxunheard", id="0008200458", notifies=False),
    "found": Tree(key="sandboxfound", id="0008200459", answer="lost"),
    "refused": Tree(key="sandboxrefused", id="0008200460", answer="refused"),
}
"""The rules of the sandbox: `flood` wants two numbers; the answers to `lost` and `found` are lost, but `found` is
notified all the same; `unheard` is never notified; `refused` is refused."""
NUMBERS = (Number(tel="09012345678"), Number(tel="09012340002"))
"""Whom each of them calls at first."""


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that went off."""

    id: str
    tree: Tree
    at: datetime
    numbers: tuple[Number, ...]
    """Those that were called."""

    def calls(self) -> list[dict[str, Any]]:
        return [_call(self, number) for number in self.numbers]

    def messages(self) -> list[dict[str, Any]]:
        return [_message(self, number) for number in self.numbers]


class IoTCallSimulator:
    """One vendor account on a port of its own.

    `numbers` has the list of each rule by its URL key, `activations` those that took place, oldest first, the latest
    `keep` of them. `requests` counts what came to each path, whatever was answered; `violations` says what about
    requests is not as printed, numbers and codes are not in it. `clock` and `callback_url` (ルール発動通知URL) may be
    set at any time.
    """

    SETTINGS: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {
            "auth_code": "c2FuZGJveCBvbmx5Cg==",
            "rules": {
                name: {"key": tree.key, "id": tree.id, "min_numbers": tree.min_numbers} for name, tree in TREES.items()
            },
        }
    )

    def __init__(
        self,
        *,
        auth_code: str,
        trees: Collection[Tree],
        numbers: tuple[Number, ...] = NUMBERS,
        callback_url: str = "",
        delay: float = 0.0,
        lag: timedelta = LAG,
        push: Push = "form",
        field: str = "code",
        names_rule: bool = False,
        respelled: bool = False,
        repeat_after: float = 1.0,
        keep: int = 100_000,
        clock: Callable[[], datetime] = lambda: datetime.now(JST),
        post: Post | None = None,
    ) -> None:
        """`numbers`: the list of each rule at first. `delay`: seconds from an activation to its notification. What the
        document leaves open: the form of a notification (`push`), the name of its id (`field`), whether it names its
        rule; and `respelled`, whether the two spellings of the history of calls are the other way round."""
        self.numbers = {tree.key: tuple(numbers) for tree in trees}
        self.activations: deque[Activation] = deque(maxlen=keep)
        self.requests: Counter[str] = Counter()
        self.violations: deque[str] = deque(maxlen=keep)
        self.callback_url = callback_url
        self.clock = clock
        self._auth_code = auth_code
        self._trees = {tree.key: tree for tree in trees}
        self._delay = delay
        self._lag = lag
        self._push: Push = push
        self._field = field
        self._names_rule = names_rule
        self._calls_of = ("callog", "calllog") if not respelled else ("calllog", "callog")
        self._keep = keep
        self.show: Show = unseen
        self._taken: Counter[str] = Counter()
        self._pusher = Pusher(timeout=PUSH_TIMEOUT, repeats=REPEATS, repeat_after=repeat_after, post=post)
        self._server = VendorServer(self._answer)

    @property
    def base_url(self) -> str:
        return self._server.url

    @classmethod
    def endings(cls) -> Mapping[str, str]:
        return {ending: behaviour.description for ending, behaviour in ENDINGS.items()}

    @classmethod
    def play(cls, callbacks: str, *, delay: float, late: float, post: Post | None = None) -> IoTCallSimulator:
        """Its history lags by `late`: nobody in a sandbox waits ten minutes."""
        return cls(
            auth_code=cls.SETTINGS["auth_code"],
            trees=TREES.values(),
            callback_url=f"{callbacks}/activation",
            delay=delay,
            lag=timedelta(seconds=late),
            post=post,
        )

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await self._server.start(host, port)

    async def stop(self) -> None:
        await self._pusher.stop()
        await self._server.stop()

    def taken(self, number: str) -> int:
        """How many calls it made to a number (E.164)."""
        return self._taken[number]

    async def _answer(self, request: Request) -> Answer:
        self.requests[request.path] += 1
        forget_oldest(self.requests, self._keep)
        if request.headers.get("authorization") != self._auth_code:
            return self._refuse(401, "no such AuthCode", "認証に失敗しました。")
        if request.method == "GET" and request.body:
            return self._refuse(400, "a GET with a body")
        parts = request.path.split("/")[1:]
        if parts[0] != "pattern" or len(parts) > 4:
            return self._refuse(404, "no such path")
        if len(parts) == 2:
            return self._history(request, parts[1], self._calls_of[0], None)
        if (tree := self._trees.get(parts[1])) is None:
            return self._refuse(404, "no such URL key")
        return self._of_rule(request, tree, parts[2:])

    def _of_rule(self, request: Request, tree: Tree, tail: list[str]) -> Answer:
        methods = {"call": ("POST",), "tel": ("GET", "PUT")}.get(tail[0], ("GET",))
        if request.method not in methods:
            return self._refuse(405, f"{request.method} of {tail[0] if tail[0] in ('call', 'tel') else 'a history'}")
        if tail == ["call"]:
            return self._fire(request, tree)
        if tail == ["tel"]:
            return self._replace(request, tree) if request.method == "PUT" else self._list(request, tree)
        if tail[0] in ("calllog", "callog", "smslog"):
            return self._history(request, "/".join(tail), self._calls_of[1], tree)
        if len(tail) == 1 and tail[0].isdecimal():
            return self._by_id(request, tree, tail[0])
        return self._refuse(404, "no such path")

    # ① and ⑤

    def _fire(self, request: Request, tree: Tree) -> Answer:
        self.violations.extend(letter.oddities(request))
        called = tuple(number for number in self.numbers[tree.key] if number.check)
        if tree.answer == "refused" or not called:
            return _say("ng", message="手動発信を行えませんでした。")
        now = self.clock()
        id_ = tree.id + now.astimezone(JST).strftime("%y%m%d%H%M%S")
        if any(each.id == id_ for each in self.activations):
            self.violations.append("two activations of a rule in one second")
        self.activations.append(Activation(id=id_, tree=tree, at=now, numbers=called))
        for number in called:
            self._taken[number.called] += 1
            forget_oldest(self._taken, self._keep)
            self.show(number.called, "a call by a rule, and its message")
        if tree.notifies and self.callback_url:
            self._pusher.begin(self._notify(id_, tree))
        return DROP if tree.answer == "lost" else _say("ok", message=FIRED)

    async def _notify(self, id_: str, tree: Tree) -> None:
        await asyncio.sleep(self._delay)
        said = {self._field: id_} | ({"rule_id": tree.id} if self._names_rule else {})
        if self._push == "json":
            await self._pusher.push(self.callback_url, msgspec.json.encode(said), "application/json")
        elif self._push == "query":
            await self._pusher.push(f"{self.callback_url}?{urlencode(said)}", b"", "")
        else:
            await self._pusher.push(self.callback_url, urlencode(said).encode(), FORM)

    # ② and ③

    def _list(self, request: Request, tree: Tree) -> Answer:
        self.violations.extend(letter.oddities(request))
        return _say("ok", list=[letter.said(number) for number in self.numbers[tree.key]])

    def _replace(self, request: Request, tree: Tree) -> Answer:
        """The whole list, or nothing of it."""
        found = letter.listed(request)
        if isinstance(found, str):
            return self._refuse(415 if "no form" in found else 422, found)
        if len(found) < tree.min_numbers:
            return self._refuse(422, f"fewer than {tree.min_numbers} numbers")
        self.violations.extend(letter.oddities(request))
        self.numbers[tree.key] = tuple(found)
        return _say("ok", message=REPLACED)

    # ④

    def _history(self, request: Request, path: str, calls: str, tree: Tree | None) -> Answer:
        """A and B, with D; C."""
        if request.method != "GET":
            return self._refuse(405, f"{request.method} of a history")
        latest = path.endswith("/latest") and tree is not None
        kind = path.removesuffix("/latest") if latest else path
        if kind not in (calls, "smslog"):
            return self._refuse(404, "no such path")
        span = letter.span(request.query, JST)
        if isinstance(span, str) or (latest and request.query):
            return self._refuse(400, span if isinstance(span, str) else "a range of the latest")
        self.violations.extend(letter.oddities(request))
        known = self._known(tree)
        if latest:
            known = known[-1:]
        entries = [each for one in known for each in (one.messages() if kind == "smslog" else one.calls())]
        return _say("ok", list=[each for each in entries if _within(each, span)])

    def _by_id(self, request: Request, tree: Tree, id_: str) -> Answer:
        """E. Of an id that the history does not have (yet) the document says nothing: here it has no entries."""
        if request.query:
            return self._refuse(400, "a range of an activation")
        self.violations.extend(letter.oddities(request))
        known = [each for each in self._known(tree) if each.id == id_]
        messages = [entry for each in known for entry in each.messages()]
        calls = [entry for each in known for entry in each.calls()]
        return _say("ok", **{"0": {"sms_logs": messages}, "1": {"call_logs": calls}})

    def _known(self, tree: Tree | None) -> list[Activation]:
        """What the history has by now."""
        until = self.clock() - self._lag
        return [each for each in self.activations if each.at <= until and tree in (None, each.tree)]

    def _refuse(self, status: int, violation: str, message: str = "リクエストが正しくありません。") -> Answer:
        """The document has no answer to what is wrong: an HTTP status that says so, and here a line of what it was."""
        self.violations.append(violation)
        return _say("ng", status, message=message)


def _say(word: str, http: int = 200, /, **more: Any) -> Answer:
    return Answer(http, msgspec.json.encode({"status": word, **more}))


def _call(activation: Activation, number: Number) -> dict[str, Any]:
    behaviour = ENDINGS.get(number.tel[-4:], ANSWERED)
    started = activation.at.astimezone(JST) + timedelta(seconds=9)
    return {
        "to": number.called,
        "status": behaviour.status,
        "response_no": behaviour.pressed,
        "duration": str(behaviour.seconds),
        "start_time": started.strftime(_WRITTEN),
        "end_time": (started + timedelta(seconds=behaviour.seconds)).strftime(_WRITTEN),
        "memo": "",
        "rule_id": activation.tree.id,
        "code": activation.id,
    }


def _message(activation: Activation, number: Number) -> dict[str, Any]:
    return {
        "to": number.called,
        "status": ENDINGS.get(number.tel[-4:], ANSWERED).message,
        "created_at": (activation.at.astimezone(JST) + timedelta(seconds=3)).strftime(_WRITTEN),
        "memo": "",
        "rule_id": activation.tree.id,
        "code": activation.id,
    }


def _within(entry: Mapping[str, Any], span: tuple[datetime, datetime]) -> bool:
    written = entry.get("start_time") or entry["created_at"]
    return span[0] <= datetime.strptime(written, _WRITTEN).replace(tzinfo=JST) <= span[1]
