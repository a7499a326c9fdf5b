"""The gateway's processes as tasks of one event loop, each with its own connection: they die, hang and are cut off."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from gateway.accepting import Acceptor
from gateway.availability import Availability
from gateway.dispatch.dispatcher import Dispatcher
from gateway.metrics import Metrics
from gateway.receipts import Receipts
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.store.clock import StoreClock
from gateway.store.gates import Gates
from gateway.store.messages import Retention, Store
from gateway.store.orphans import Orphans
from gateway.store.topology import Topology
from gateway.transport import Transport
from tests.chaos.wire import Wire

if TYPE_CHECKING:
    from tests.chaos.world import World

PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)
"""Whose task is running; None: a caller's, a vendor's or the simulator's own."""
RETENTION = Retention(30 * 86_400_000, 86_400_000)
MAX_QUEUE = 3600.0


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


class Polite(Dispatcher):
    """Looks less often into an empty queue the longer nothing happens, so that hours cost nothing."""

    world: World

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0.25:
            seconds = max(seconds, min(self.world.quiet_for, 1.0))
        await super()._pause(seconds)


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


class Process:
    """One process of the gateway, put together as `app.open_services` does."""

    def __init__(self, world: World, owner: str) -> None:
        self.world = world
        self.owner = owner
        """A dispatcher's name; "": the API."""
        self.dead = False
        self.crash: BaseException | None = None
        self.offline_until = 0.0
        self.next_cut = ""
        self.wires: dict[Wire, None] = {}
        self.tasks: dict[asyncio.Task[Any], None] = {}
        """In order: that of a set changes from run to run."""
        self._awake = asyncio.Event()
        self._awake.set()
        topology = Topology("redis://simulated")
        topology._class = lambda **_: Wire(world, self)  # type: ignore[assignment]
        self.store = Store(topology, RETENTION, lanes=1)
        self.store.clock = SimClock(world)
        metrics = Metrics()
        self.routing = Routing(world.providers, ())
        self.recorder = Recorder(self.store, self.routing, metrics)
        self.acceptor = Acceptor(self.store, self.routing, MAX_QUEUE, metrics)
        self.receipts = Receipts(self.recorder, Orphans(self.store), metrics)
        self.transport = Transport(world.vendors)
        self.metrics = metrics
        if owner:
            self.run(self._dispatch())

    async def _dispatch(self) -> None:
        availability = Availability(Gates(self.store), self.world.providers, self.routing)
        dispatcher = Polite(
            self.store,
            self.recorder,
            self.transport,
            self.world.providers,
            self.owner,
            self.metrics,
            availability,
            "one",
        )
        dispatcher.world = self.world
        try:
            await dispatcher.run()
        except Exception as error:  # noqa: BLE001  # a process that fails by itself is a finding
            self.crash = error
            self.world.crashed(self, error)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """As a task of this process."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, self)
        return asyncio.get_running_loop().create_task(coroutine, context=context)

    def die(self) -> None:
        """At once and without any farewell."""
        self.dead = True
        for wire in list(self.wires):
            wire.cut()
        for task in list(self.tasks):
            task.cancel()
        self._awake.set()

    def freeze(self) -> None:
        self._awake.clear()

    def thaw(self) -> None:
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
