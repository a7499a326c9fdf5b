"""One case: who is there, what time it is, and when it is over."""

from __future__ import annotations

import asyncio
import contextvars
import json
import random
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from redis.exceptions import NoPermissionError

from gateway import faults
from gateway.dispatch.dispatcher import RECONCILE_EVERY
from gateway.errors import StoreUnavailable
from gateway.model.message import Phase, State
from gateway.provider import Callback, Provider
from gateway.store.witness import Note
from tests.chaos import callers, reserving, shape
from tests.chaos.books import Books, Copy
from tests.chaos.clocks import Clocks
from tests.chaos.clockwork import BASE, START, script_names, scripts
from tests.chaos.keeping import TARDY
from tests.chaos.ledger import Account, Span, provider
from tests.chaos.letters import Letters
from tests.chaos.operators import Operators
from tests.chaos.process import PROCESS, Process, task_factory
from tests.chaos.promises import Promises
from tests.chaos.rules import Rules
from tests.chaos.trouble import Trouble
from tests.chaos.vendor import Vendors
from tests.chaos.wire import Memory, Server

T = TypeVar("T")

ROUNDS = 120
"""Looks at a case that is to settle, at most; each jumps to when something is due next."""
PATIENCE = 40
"""Of these, those in which messages may wait in a queue though all is well: 5 s each, then a minute. A gate opens by
itself within 30 s; where the clock stepped back what is in flight may be believed for a quarter of an hour."""
HOURS = 6 * 3600.0
WAITS = (Phase.WAITING, Phase.QUEUED)


class Unheard(Exception):
    """The gateway's API gave no answer."""


class World:
    """Everything in a case."""

    excused = (NoPermissionError,)
    """Where Redis refuses in odd words, a process may end: its supervisor starts it again."""

    def __init__(self, seed: int, server: Server, tell: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.server = server
        self.books = Books(server)
        self.memory = Memory()
        self.base = BASE
        self.script_names = script_names()
        self.injected: Counter[tuple[str, str]] = Counter()
        """Faults that happened, by site and kind."""
        self.passed: Counter[str] = Counter()
        self.findings: list[str] = []
        self.shape = shape.draw(seed)
        self.lanes = self.shape.lanes
        self.forgetful = self.shape.forgets
        self.calm = False
        """All is well from now on."""
        self.api: Process | None = None
        self.dispatchers: dict[str, Process] = {}
        self.born = 0
        self.start = "start-0"
        self.boot = 0
        """How often Redis was started."""
        self.witness: dict[str, Note] = {}
        """What processes wrote down of how far Redis had come, by process."""
        self.tags: dict[str, callers.Entry] = {}
        self.accepted: dict[str, float] = {}
        """When Redis took a message, by id."""
        self.letters = Letters()
        """Who is to get which words, as Redis took it."""
        self.bad: set[str] = set()
        """Numbers that KoreaSMS does not know."""
        self.struck: set[str] = set()
        """Ids of messages whose holder died, hung, was cut off or had its lease ended by a leap of the clock."""
        self.gone: set[str] = set()
        """Providers that were not configured for a while."""
        self.copied_at = 0.0
        self.restored_at: float | None = None
        self.adopted_at: float | None = None
        self.forgot = False
        """Redis was restored, and nobody has adopted it yet."""
        self.rough_at = float("-inf")
        """When something last went wrong with a process, a clock or Redis."""
        self._tell = tell
        self._dice = random.Random(f"world {seed}")
        self._lags = random.Random(f"lag {seed}")
        self._outside: dict[asyncio.Task[Any], None] = {}
        self.clocks = Clocks((-BASE - self.shape.minute) % 60 if self.shape.minute else 0.0)
        self._active_at = START
        self._changed = True
        self._woken: set[str] = set()
        """Ids of messages whose pause was waited for once."""
        self.config: dict[str, Provider] = {
            name: provider(
                name, kind, self.shape.concurrency, keeps=name in self.shape.keepers, exclusive=self.shape.exclusive
            )
            for name, kind in self.shape.kinds.items()
        }
        self.vendors = Vendors(self, [Account(self.config[name], kind) for name, kind in self.shape.kinds.items()])
        self.trouble = Trouble(self)
        self.operators = Operators(self)
        self.rules = Rules(self)
        self.promises = Promises(self)

    # Time

    @property
    def now(self) -> float:
        return self.clocks.now

    @property
    def wall(self) -> float:
        return self.clocks.wall

    @property
    def passed_time(self) -> float:
        return self.clocks.passed

    def jump(self, seconds: float) -> None:
        self.clocks.jump(seconds)
        self.vendors.keeping.release(leapt=not self.calm)
        self.rough_at = self.now
        if seconds > 0 and not self.calm:
            self.strike(None)
        self.stir()

    def stir(self) -> None:
        """Something happens: nobody is idle."""
        self._active_at = self.now

    @property
    def quiet_for(self) -> float:
        return self.now - self._active_at

    def patience(self, seconds: float) -> float:
        """What is done every so often is done less often the longer nothing happens."""
        return max(seconds, min(self.quiet_for, 1.0)) if seconds <= 0.25 else seconds

    def lag(self) -> float:
        """Of the network to Redis."""
        return self._lags.choice([0.0, 0.0, 0.0, 0.001, 0.004]) if not self.calm else 0.0

    def lateness(self) -> float:
        return self._lags.choice([0.1, 1.2, 2.5, 4.0])

    # Redis

    def moved(self, name: str, command: tuple[bytes, ...], reply: Any) -> None:
        """Redis was asked: did it change anything?"""
        if name in ("accept", "apply", "take"):
            done = isinstance(reply, list) and len(reply) > 3 and reply[3] not in (0, [], b"none")
            if name != "take" or done:
                self.stir()
            self._changed = True
            if done and self.forgot:
                self.findings.append(f"LIE {name} was carried out before what Redis holds was adopted")
            if done and self._tell:
                self.say(f"{name} {[each[0].decode() for each in reply[3]] if name == 'take' else command[6].decode()}")
            if name == "accept" and done and reply[3] == b"new":
                id_ = command[6].decode()
                if id_ not in self.accepted and self.books.queued(id_) > 1:
                    self.findings.append(f"TORN {id_}: queued twice")
                self.accepted.setdefault(id_, self.now)
                self.letters.accepted(id_, json.loads(command[8]))
                self.promises.accepted(id_, command[7], command[8])
            elif name == "apply" and done and command[10]:
                self.letters.reworded(command[6].decode(), json.loads(command[10]))
        elif name == "login":
            self.rules.started(command[5].decode(), command[6].decode())

    def strike(self, process: Process | None) -> None:
        """What the process holds, or what anybody holds, may never be heard of again."""
        if process is None:
            self.struck |= self.books.held().union(*(each.hands for each in self.dispatchers.values()))
        elif process.owner:
            self.struck |= self.books.held(process.owner) | process.hands

    def within(self, span: Span) -> bool:
        """What Redis took then may not be in the copy, and is gone then since that was restored."""
        return self.restored_at is not None and span.began <= self.restored_at and span.ended >= self.copied_at

    def seen_beyond(self, copy: Copy) -> bool:
        """Whether processes wrote down, for every lane, that more was done than the copy holds."""
        ahead = all(
            any(lane in seen.positions and seen.positions[lane].seq > counted for seen in self.witness.values())
            for lane, counted in copy.counters.items()
        )
        return ahead and set(copy.counters) == set(self.books.lanes())

    def restore(self, copy: Copy, copied_at: float) -> None:
        self.count("anywhere: restored")
        self.books.restore(copy)
        self.memory.clear()
        self.boot += 1
        self.copied_at, self.restored_at, self.forgot = copied_at, self.now, True
        self.rough_at = self.now
        self.rules.forget()
        self._changed = True

    # Who is there

    @property
    def process(self) -> Process:
        process = PROCESS.get()
        assert process is not None
        return process

    def processes(self) -> list[Process]:
        return [each for each in (self.api, *self.dispatchers.values()) if each is not None]

    def say(self, text: str) -> None:
        if self._tell is not None:
            who = PROCESS.get()
            self._tell(f"{self.wall - BASE:10.3f} {(who.owner or 'api') if who else '':6} {text}")

    def count(self, what: str, more: str = "") -> None:
        site, _, kind = what.partition(": ")
        self.injected[site, kind] += 1
        self.say(f"{what} {more}")

    def outside(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of nobody's process."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, None)
        task = asyncio.get_running_loop().create_task(coroutine, context=context)
        self._outside[task] = None
        task.add_done_callback(self._left)
        return task

    def _left(self, task: asyncio.Task[Any]) -> None:
        self._outside.pop(task, None)
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, self.excused):
            self.findings.append(f"CRASH of the simulation or the API: {error!r}")

    def crashed(self, process: Process, error: Exception) -> None:
        """It ended by itself."""
        if not isinstance(error, self.excused):
            where = "".join(traceback.format_exception(error)[-3:])
            self.findings.append(f"CRASH of {process.owner}: {error!r}\n{where}")
        self.trouble.kill(process)

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

    async def push(self, name: str, callback: Callback) -> bool:
        """A vendor's receipt; whether it was answered 200."""

        async def take_in(api: Process) -> bool:
            source = api.providers.get(name)
            return source is not None and await api.receipts.take_in(source, callback) > 0

        try:
            return await self.at_api(take_in)
        except (Unheard, StoreUnavailable, *self.excused):
            return False

    async def open_api(self, after: float) -> None:
        await asyncio.sleep(after)
        self.api = Process(self, "")

    async def open_dispatcher(self, name: str, after: float) -> None:
        await asyncio.sleep(after)
        self.dispatchers[name] = Process(self, name)

    # The case

    async def play(self) -> None:
        """From an empty Redis until nothing moves any more."""
        asyncio.get_running_loop().set_task_factory(task_factory)  # type: ignore[arg-type]
        loading = [("SCRIPT", "LOAD", script.source) for _, _, script in scripts()] if self.seed % 2 else []
        self.server.many([("FLUSHALL",), ("SCRIPT", "FLUSH", "SYNC"), *loading])
        faults.install(self.trouble.at_point)
        self.trouble.draw()
        self.say(f"{self.shape}, {self.trouble.plan}")
        try:
            await self.open_api(0.0)
            for name in ("d.0", "d.1"):
                await self.open_dispatcher(name, 0.0)
            watch = asyncio.create_task(self._watch())
            callers.begin(self, self._dice)
            reserving.begin(self)
            self.trouble.begin()
            await asyncio.sleep(self.shape.lasts)
            await self._settle()
            watch.cancel()
        finally:
            faults.install(None)
            for process in self.processes():
                process.die()
            for _ in range(4):
                await asyncio.sleep(0)

    async def _watch(self) -> None:
        """What holds at every moment."""
        while True:
            await asyncio.sleep(0.5)
            self.vendors.keeping.release()
            if self._changed:
                self._changed = False
                self.promises.look(self.books.entries())

    async def _settle(self) -> None:
        """All is well; time passes until nothing is left to do."""
        self.calm = self.vendors.calm = True
        self.say("calm")
        self.trouble.end()
        for process in self.processes():
            process.thaw()
            process.offline_until = 0.0
        await self.operators.settle()
        for _ in range(5 if any(each.hands for each in self.dispatchers.values()) else 0):
            await asyncio.sleep(1.0)  # who was away tells now what became of what it sent
        patience = PATIENCE
        for round_ in range(ROUNDS):
            await self._until_quiet()
            left = {id_: state for id_, state in self.books.records().items() if not state.final_at}
            if not left and any(each.hands for each in self.dispatchers.values()):
                await asyncio.sleep(1.0)  # what somebody was told, and could not write down yet
                continue
            if not self._outside and not left and not self.vendors.keeping.live():
                return
            if not self._outside and not left:
                self.jump(TARDY)
                continue
            if patience and any(state.provider in self.config for state in self._queued(left)):
                patience -= 1
                self.jump(5.0 if patience > PATIENCE // 2 else 60.0)
                if patience % 8 == 0:  # who was away may have told of a failed login only now
                    await self.operators.settle()
            else:
                patience = max(patience, 0 if self._queued(left) else PATIENCE // 2)
                await self._pass_time(left, 240.0 if round_ > ROUNDS // 2 else 0.0)
            await asyncio.sleep(0.1)

    def _queued(self, left: dict[str, State]) -> list[State]:
        """Those that stand in a queue, or were dropped from it to be looked at. One that should and does not is lost,
        unless the clock stepped back: a take drops what is past its time, and the agenda, too late for that, sees time
        left."""
        found = []
        for id_, state in left.items():
            if state.phase is not Phase.QUEUED:
                continue
            ends = state.expires_at / 1000
            if self.books.queued(id_, state.provider) or self.books.due(id_) < ends:
                found.append(state)
            elif not self.clocks.stepped_back and self.wall < ends:
                finding = f"LOST {id_}: queued at {state.provider}, and in no queue there"
                self.findings += [finding] * (finding not in self.findings)
        return found

    async def _pass_time(self, left: dict[str, State], least: float) -> None:
        """Till something is due, but `least` seconds; by hours, where all that is left waits for a provider only."""
        waiting = {id_ for id_, state in left.items() if state.phase is Phase.WAITING}
        due = [
            state.due / 1000
            for id_, state in left.items()
            if state.provider in self.config or id_ in waiting - self._woken
        ]
        ends = min(due, default=self.books.next_due() or 0.0)
        self._woken |= {id_ for id_ in waiting if left[id_].due / 1000 <= ends}  # those wait again and again
        ahead = ends - self.wall
        if left and not due:
            if any(state.phase in WAITS for state in left.values()):
                await asyncio.sleep(RECONCILE_EVERY + 0.5)  # may it go elsewhere?
            if left == {id_: state for id_, state in self.books.records().items() if not state.final_at}:
                ahead = max(ahead, HOURS)
        self.jump(max(ahead, least) + 0.001)

    async def _until_quiet(self) -> None:
        ends = self.now + 120.0
        while self.now < ends and (self.quiet_for < 0.8 or self._outside):
            await asyncio.sleep(0.1)
