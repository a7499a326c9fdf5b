"""The gateway's processes as tasks of one event loop, each with its own connection: they die, hang and are cut off."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from gateway.accepting import Acceptor
from gateway.activating import Activating
from gateway.asking import Asker
from gateway.availability import FRESH_FOR, Availability
from gateway.dispatch.dispatcher import Dispatcher
from gateway.errors import StoreUnavailable
from gateway.metrics import Metrics
from gateway.provider import Provider
from gateway.proving import Proving
from gateway.receipts import Receipts
from gateway.recording import Recorder
from gateway.reservations import Reservations
from gateway.routing import Routing
from gateway.store.balances import Balances
from gateway.store.clock import StoreClock
from gateway.store.code_key import CodeKey
from gateway.store.gates import Gates
from gateway.store.messages import Retention, Store
from gateway.store.orphans import Orphans
from gateway.store.topology import Topology
from gateway.store.witness import Note, Position, Witness
from gateway.transport import Transport
from gateway.withdrawing import Withdrawing
from tests.chaos.callers import CLIENTS
from tests.chaos.clockwork import VirtualTime
from tests.chaos.wire import Wire

if TYPE_CHECKING:
    from tests.chaos.world import World

PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)
"""Whose task is running; None: a caller's, a vendor's or the simulator's own."""
RETENTION = Retention(30 * 86_400_000, 86_400_000)
MAX_QUEUE = 3600.0


async def _untold(*_: object) -> Any:
    """No message here asks for a template that a vendor keeps."""
    raise NotImplementedError


class SimClock(StoreClock):
    """Its offset is all the time there is: the scripts' own clock stands still."""

    def __init__(self, world: World) -> None:
        self._world = world
        super().__init__()

    @property
    def offset_ms(self) -> int:  # type: ignore[override]
        return int(self._world.wall * 1000) - self._world.base * 1000

    @offset_ms.setter
    def offset_ms(self, value: int) -> None:
        assert value == 0


class SharedWitness(Witness):
    """What the processes of one machine remember of Redis, on a disk that never fails."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(None, name)
        self._files = world.witness

    def _read(self) -> Iterator[Note]:
        yield from self._files.values()

    def remember(self, positions: dict[str, Position], time: int) -> None:
        before = self._files.get(self._name)
        self._files[self._name] = Note(dict(positions), max(time, before.time if before else 0))


class Polite(Dispatcher):
    """Looks less often into an empty queue the longer nothing happens, so that hours cost nothing."""

    world: World

    async def _pause(self, seconds: float) -> None:
        if not self._stopping.is_set():
            await asyncio.sleep(self.world.patience(seconds))


def task_factory(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], context: contextvars.Context | None = None
) -> asyncio.Task[Any]:
    """Every task belongs to the process that made it."""
    process = (context.get(PROCESS) if context is not None else None) or (PROCESS.get() if context is None else None)
    task = asyncio.Task(coroutine, loop=loop, context=context)
    if process is not None:
        process.tasks[task] = None
        task.add_done_callback(lambda done: process.tasks.pop(done, None))
        if process.dead:
            task.cancel()
    return task


class NoCalls:
    """Verifications and activations: there are none here."""

    async def knows(self, provider: Provider, reference: str) -> bool:
        return False


class Process:
    """One process of the gateway, put together as `app` does, from the configuration of the moment."""

    def __init__(self, world: World, owner: str, *, errand: bool = False) -> None:
        """`errand`: it does nothing by itself."""
        self.world = world
        self.owner = owner
        """A dispatcher's name; "": the API, or an operator's errand."""
        self.providers: Mapping[str, Provider] = dict(world.config)
        self.start = world.start
        self.dead = False
        self.died = False
        """Before the case was over."""
        self.crash: BaseException | None = None
        self.offline_until = 0.0
        self.frozen_at = float("-inf")
        """When it hung last."""
        self.next_cut = ""
        self.wires: dict[Wire, None] = {}
        self.tasks: dict[asyncio.Task[Any], None] = {}
        """In order: that of a set changes from run to run."""
        self.dispatcher: Polite | None = None
        self._awake = asyncio.Event()
        self._awake.set()
        topology = Topology("redis://simulated")
        topology._class = lambda **_: Wire(world, self)  # type: ignore[assignment]
        parties = {name: each.capabilities.receivers for name, each in self.providers.items()}
        self.store = Store(topology, RETENTION, world.lanes, SharedWitness(world, owner or "api"), parties=parties)
        self.store.clock = SimClock(world)
        metrics = Metrics()
        clients = {name: CLIENTS[name] for name in world.shape.clients} if world.shape.exclusive else CLIENTS
        self.routing = Routing(self.providers, (), clients)
        self.recorder = Recorder(self.store, self.routing, metrics)
        self.acceptor = Acceptor(self.store, self.routing, _untold, MAX_QUEUE, "Asia/Tokyo", metrics)
        self.receipts = Receipts(
            self.recorder, cast(Proving, NoCalls()), cast(Activating, NoCalls()), Orphans(self.store), metrics
        )
        self.availability = Availability(Gates(self.store), self.providers, self.routing)
        self.metrics = metrics
        transport, balances = Transport(world.vendors), Balances(self.store)
        asker = Asker(transport, Gates(self.store), self.availability, balances, VirtualTime().monotonic)
        withdrawing = Withdrawing(self.store, self.routing, self.recorder, asker, self.availability, transport, clients)
        self.reservations = Reservations(
            self.store, self.routing, self.recorder, self.availability, transport, withdrawing, MAX_QUEUE,
            RETENTION.key,
        )  # fmt: skip
        self._done: asyncio.Task[None] | None = None
        if (world.forgetful or (world.shape.reserves and not owner)) and not errand:
            self.run(self._testify())
        if owner:
            self.dispatcher = Polite(
                self.store, self.recorder, self.routing, transport, owner, metrics, self.availability,
                balances, CodeKey(self.store, None), self.start,
            )  # fmt: skip
            self.dispatcher.world = world
            self._done = self.run(self._dispatch(self.dispatcher))
        elif not errand:
            self.run(self._every(FRESH_FOR, self.availability.refresh))

    async def _dispatch(self, dispatcher: Polite) -> None:
        try:
            await dispatcher.run()
        except Exception as error:  # noqa: BLE001  # a process that fails by itself is a finding
            self.crash = error
            self.world.crashed(self, error)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            with suppress(StoreUnavailable, *self.world.excused):
                await work()
            await asyncio.sleep(self.world.patience(seconds))

    async def _testify(self) -> None:
        """What every process does once a second."""
        while True:
            self.store.testify()
            await self.store.recheck()
            with suppress(StoreUnavailable, *self.world.excused):
                await self.store.look()
            await asyncio.sleep(1.0)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """As a task of this process."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, self)
        return asyncio.get_running_loop().create_task(coroutine, context=context)

    @property
    def hands(self) -> set[str]:
        """Ids of the messages it is sending, as it knows itself."""
        return set().union(*self.dispatcher._sends.values()) if self.dispatcher else set()

    async def drain(self) -> None:
        """Ends as on SIGTERM."""
        if self.dispatcher and self._done and not self.dead:
            self.dispatcher.stop()
            await asyncio.wait({self._done}, timeout=30.0)

    def die(self) -> None:
        """At once and without any farewell."""
        self.dead = True
        for wire in list(self.wires):
            wire.cut()
        for task in list(self.tasks):
            task.cancel()
        self._awake.set()

    def freeze(self) -> None:
        self.frozen_at = self.world.now
        self._awake.clear()

    def thaw(self) -> None:
        if self.frozen:
            self.frozen_at = self.world.now
        self._awake.set()

    @property
    def frozen(self) -> bool:
        return not self._awake.is_set()

    def cut(self, seconds: float = 0.0) -> None:
        """Off from Redis."""
        self.offline_until = max(self.offline_until, self.world.now + seconds)
        for wire in list(self.wires):
            wire.cut()

    async def gate(self) -> None:
        """Where a process that hangs or is dead goes no further."""
        while self.frozen:
            await self._awake.wait()
        if self.dead:
            await asyncio.Event().wait()
