"""One case: what a seed draws, what then happens, and when it is over."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

import msgspec
from redis.exceptions import NoPermissionError

from gateway import faults
from gateway.errors import StoreUnavailable
from gateway.model.message import Phase, State
from gateway.provider import Callback, Provider
from tests.chaos import callers
from tests.chaos.clockwork import BASE, START, script_names, scripts
from tests.chaos.process import PROCESS, Process, task_factory
from tests.chaos.vendor import Vendors, provider
from tests.chaos.wire import Server

T = TypeVar("T")

AT_POINTS = ("die", "pause", "jump", "cut before", "cut after")
AT_WIRE = ("cut before", "cut after", "answer late", "error")
"""What happens to a command. "error": Redis refuses it in words that nobody expects."""
COMMANDS = (
    "accept",
    "accept",
    "take",
    "apply",
    "apply",
    "apply",
    "tick",
    "grant",
    "hmget",
    "smembers",
    "hgetall",
    "hello",
)
MEETINGS = ("take.after", "send.before", "send.after", "settle.after")
ROUNDS = 90
"""Looks at a case that is to settle, at most; each jumps to when something is due next."""
_states = msgspec.msgpack.Decoder(State)


class Unheard(Exception):
    """The gateway's API gave no answer."""


class Fault(NamedTuple):
    """What goes wrong, where, and at which passing."""

    site: str
    nth: int
    kind: str


class World:
    """Everything in a case."""

    def __init__(self, seed: int, server: Server, tell: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.server = server
        self.base = BASE
        self.script_names = script_names()
        self.injected: Counter[tuple[str, str]] = Counter()
        """Faults that happened, by site and kind."""
        self.findings: list[str] = []
        self.stopped = 0
        """Processes that died or hung."""
        self.plan: list[Fault] = []
        self.api: Process | None = None
        self.dispatchers: dict[str, Process] = {}
        self.tags: dict[str, callers.Entry] = {}
        self.passed: Counter[str] = Counter()
        self._tell = tell
        self._dice = random.Random(f"world {seed}")
        self._lags = random.Random(f"lag {seed}")
        self._outside: set[asyncio.Task[Any]] = set()
        self._hanging: dict[Process, None] = {}
        self._jumped = 0.0
        self._active_at = START
        self._calm = False
        self._born = 0
        first_blind, second = self._dice.random() < 0.25, self._dice.choice(["", "safe", "safe", "blind"])
        providers: list[Provider] = [provider("main", blind=first_blind)]
        if second:
            providers.append(provider("spare", blind=second == "blind"))
        self.providers = {each.name: each for each in providers}
        self.vendors = Vendors(self, providers)

    # Time

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def wall(self) -> float:
        """Redis's and the vendors' clock, in seconds since 1970."""
        return BASE + (self.now - START) + self._jumped

    @property
    def quiet_for(self) -> float:
        return self.now - self._active_at

    def jump(self, seconds: float) -> None:
        self._jumped += seconds
        self._active_at = self.now

    def lag(self) -> float:
        """Of the network to Redis."""
        return self._lags.choice([0.0, 0.0, 0.0, 0.001, 0.004]) if not self._calm else 0.0

    def lateness(self) -> float:
        return self._lags.choice([0.1, 1.2, 2.5, 4.0])

    def moved(self, script: str, reply: Any) -> None:
        """Redis was asked: did it change anything?"""
        if script in ("accept", "apply") or (script == "take" and isinstance(reply, list) and reply[3]):
            self._active_at = self.now
        if script == "accept":
            for key in self.server.ask("KEYS", "{00}q:*:shop"):
                ids = self.server.ask("LRANGE", key, 0, -1)
                if len(ids) > len(set(ids)):
                    self.findings.append(f"TORN {ids[0].decode()}: queued twice")

    # Who is there

    @property
    def process(self) -> Process:
        process = PROCESS.get()
        assert process is not None
        return process

    def say(self, text: str) -> None:
        if self._tell is not None:
            who = PROCESS.get()
            self._tell(f"{self.wall - BASE:10.3f} {(who.owner or 'api') if who else '':6} {text}")

    def count(self, what: str) -> None:
        site, _, kind = what.partition(": ")
        self.injected[site, kind] += 1
        self.say(what)

    def outside(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """A task of nobody's process."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, None)
        task = asyncio.get_running_loop().create_task(coroutine, context=context)
        self._outside.add(task)
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[Any]) -> None:
        self._outside.discard(task)
        if (
            not task.cancelled()
            and (error := task.exception()) is not None
            and not isinstance(error, NoPermissionError)
        ):
            self.findings.append(f"CRASH of the simulation or the API: {error!r}")

    def crashed(self, process: Process, error: Exception) -> None:
        """It ended by itself. Where Redis refused in odd words, that is its right: its supervisor starts it again."""
        if not isinstance(error, NoPermissionError):
            self.findings.append(f"CRASH of {process.owner}: {error!r}")
        self._kill(process)

    async def at_api(self, work: Callable[[Process], Coroutine[Any, Any, T]]) -> T:
        """What the API answers. Raises `Unheard` where it died or does not answer within 20 s."""
        api = self.api
        if api is None or api.dead:
            raise Unheard
        task = api.run(work(api))
        done, _ = await asyncio.wait({task}, timeout=20.0)
        if not done:
            task.cancel()
        if not done or task.cancelled():
            raise Unheard
        result: T = task.result()
        return result

    async def push(self, source: Provider, callback: Callback) -> bool:
        """A vendor's receipt; whether it was answered 200."""
        try:
            await self.at_api(lambda api: api.receipts.take_in(source, callback))
        except (Unheard, StoreUnavailable, NoPermissionError):
            return False
        return True

    # Faults

    def draw_plan(self) -> None:
        for _ in range(self._dice.choice([0, 1, 2, 2, 3, 4, 6, 10])):
            if self._dice.random() < 0.65:
                fault = Fault(self._dice.choice(faults.POINTS), self._dice.randint(1, 7), self._dice.choice(AT_POINTS))
            else:
                fault = Fault(self._dice.choice(COMMANDS), self._dice.randint(1, 9), self._dice.choice(AT_WIRE))
            self.plan.append(fault)

    def _due(self, site: str) -> str:
        self.passed[site] += 1
        if self._calm:
            return ""
        for fault in self.plan:
            if fault.site == site and fault.nth == self.passed[site]:
                self.plan.remove(fault)
                self.count(f"{site}: {fault.kind}")
                return fault.kind
        return ""

    async def at_point(self, name: str) -> None:
        process = PROCESS.get()
        if process is None:
            return
        await process.gate()
        self.say(name)
        if name in MEETINGS and self._hanging:
            # Somebody else is just there: a good moment for those who hang to go on.
            for other in [each for each in self._hanging if each is not process]:
                self._hanging.pop(other, None)
                self.outside(self._thaw(other, self._dice.choice([0.0, 0.03, 0.3])))
        kind = self._due(name)
        if kind == "die":
            self._kill(process)
        elif kind == "pause":
            self._pause(process)
        elif kind == "jump":
            self.jump(self._dice.choice([1.0, 8.0, 45.0]))
        elif kind:
            process.next_cut = kind
        await process.gate()

    def at_wire(self, process: Process, name: str) -> str:
        kind, process.next_cut = process.next_cut, ""
        kind = self._due(name) or kind
        if kind.startswith("cut"):
            process.cut(self._dice.choice([0.0, 0.3, 1.5, 7.0]))
        return kind

    def _pause(self, process: Process) -> None:
        """For a while, or till its lease is over and another does its work."""
        process.freeze()
        self.stopped += 1
        if self._dice.random() < 0.5:
            self.outside(self._thaw(process, self._dice.choice([0.5, 2.2, 8.0])))
            return
        self._hanging[process] = None
        self.jump(8.0)
        self.outside(self._thaw(process, 20.0))

    async def _thaw(self, process: Process, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._active_at = self.now
        self._hanging.pop(process, None)
        process.thaw()

    def _kill(self, process: Process) -> None:
        self._active_at = self.now
        process.die()
        self.stopped += 1
        if process is self.api:
            self.api = None
            self.outside(self._open_api(self._dice.choice([0.1, 2.0])))
        elif self.dispatchers.get(process.owner) is process:
            del self.dispatchers[process.owner]
            name = process.owner
            if self._dice.random() < 0.3:
                self._born += 1
                name = f"e.{self._born}"
            self.outside(self._open_dispatcher(name, self._dice.choice([0.05, 1.0, 9.0])))

    async def _open_api(self, after: float) -> None:
        await asyncio.sleep(after)
        self.api = Process(self, "")

    async def _open_dispatcher(self, name: str, after: float) -> None:
        await asyncio.sleep(after)
        self.dispatchers[name] = Process(self, name)

    # The case

    async def play(self) -> None:
        """From an empty Redis until nothing moves any more."""
        asyncio.get_running_loop().set_task_factory(task_factory)  # type: ignore[arg-type]
        self.server.ask("FLUSHALL")
        self.server.ask("SCRIPT", "FLUSH", "SYNC")
        if self.seed % 2:
            for _, _, script in scripts():
                self.server.ask("SCRIPT", "LOAD", script.source)
        faults.install(self.at_point)
        self.draw_plan()
        self.say(f"{ {name: each.type for name, each in self.providers.items()} }, {self.plan}")
        try:
            await self._open_api(0.0)
            for name in ("d.0", "d.1"):
                await self._open_dispatcher(name, 0.0)
            watch = asyncio.create_task(self._watch())
            callers.begin(self, self._dice)
            self.outside(self._disturb())
            await asyncio.sleep(self._dice.choice([4.0, 8.0, 15.0]))
            await self._settle()
            watch.cancel()
        finally:
            faults.install(None)
            for process in (self.api, *self.dispatchers.values()):
                if process is not None:
                    process.die()
            for _ in range(4):
                await asyncio.sleep(0)

    async def _disturb(self) -> None:
        """Now and then, wherever everybody is just then."""
        for _ in range(self._dice.choice([0, 0, 1, 3])):
            await asyncio.sleep(self._dice.uniform(0.2, 3.0))
            kind = self._dice.choice(["die", "cut", "jump"])
            process = self._dice.choice([self.api, *self.dispatchers.values()])
            if process is None or self._calm:
                continue
            self.count(f"anywhere: {kind}")
            if kind == "die":
                self._kill(process)
            elif kind == "cut":
                process.cut(self._dice.choice([0.0, 3.0]))
            else:
                self.jump(self._dice.choice([3.0, 20.0]))

    def records(self) -> dict[str, State]:
        """Every message in Redis, by id."""
        found = {}
        for key in sorted(self.server.ask("KEYS", "{00}m:*")):
            found[key.decode()[6:]] = _states.decode(self.server.ask("HGET", key, "s"))
        return found

    async def _watch(self) -> None:
        """What holds at every moment: what is not final never goes by itself, what is held counts as maybe sent."""
        while True:
            await asyncio.sleep(0.5)
            for id_, state in self.records().items():
                if state.phase is Phase.HELD and str(state.fence) not in state.open.split():
                    self.findings.append(f"LIE {id_}: in a dispatcher's hands without an open try")
                    return
                if not state.final_at and self.server.ask("PTTL", f"{{00}}m:{id_}") != -1:
                    self.findings.append(f"LOST {id_}: expires while {state.status}")
                    return

    async def _settle(self) -> None:
        """Everybody well again; time passes until nothing is left to do."""
        self._calm = self.vendors.calm = True
        self.say("calm")
        for process in (self.api, *self.dispatchers.values()):
            if process is not None:
                process.thaw()
                process.offline_until = 0.0
        for _ in range(ROUNDS):
            await self._until_quiet()
            if not self._outside and all(state.final_at for state in self.records().values()):
                return
            agenda = self.server.ask("ZRANGE", "{00}a", 0, 0, "WITHSCORES")
            ahead = float(agenda[1]) / 1000 - self.wall if agenda else 1.0
            self.jump(max(ahead, 0.0) + 0.001)
            await asyncio.sleep(0.1)

    async def _until_quiet(self) -> None:
        ends = self.now + 120.0
        while self.now < ends and (self.quiet_for < 0.8 or self._outside):
            await asyncio.sleep(0.1)
