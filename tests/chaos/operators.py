"""Operators: they pause and resume providers, mend logins, change the configuration, adopt what a Redis still holds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from gateway.errors import StoreUnavailable
from gateway.provider import Provider
from gateway.store.gates import Gates, pass_for
from tests.chaos.ledger import PASSWORD, provider
from tests.chaos.process import Process

if TYPE_CHECKING:
    from tests.chaos.world import World


class Operators:
    """Each method is done when it returns, however often Redis had to be asked."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = random.Random(f"operators {world.seed}")
        self._full = dict(world.config)
        self._removed_for_good: set[str] = set()
        self._paused: set[str] = set()
        self._restarts = 0
        self._lock = asyncio.Lock()

    async def act(self, deed: Coroutine[Any, Any, None]) -> None:
        """One deed at a time; it is carried through though who asked for it gives up, and not begun any more once all
        is to be well."""
        await asyncio.shield(self._world.outside(self._in_turn(deed)))

    async def _in_turn(self, deed: Coroutine[Any, Any, None]) -> None:
        async with self._lock:
            if self._world.calm:
                deed.close()
            else:
                await deed

    async def _do(self, what: str, work: Callable[[Process], Awaitable[object]]) -> None:
        """What the command line does: a process of its own for each try."""
        world = self._world
        while True:
            errand = Process(world, "", errand=True)
            task = errand.run(_returning(work, errand))
            await asyncio.wait({task}, timeout=20.0)
            errand.die()
            done = task.done() and not task.cancelled()
            error = task.exception() if done else None
            if done and error is None:
                world.count(f"operator: {what}")
                return
            if error is not None and not isinstance(error, StoreUnavailable | world.excused[0]):
                raise error
            await asyncio.sleep(0.5)

    def users_of(self, login: str) -> list[str]:
        """Providers that log in with what has this digest."""
        return [name for name, each in self._full.items() if each.guarded_login == login]

    async def _gate(self, what: str, name: str) -> None:
        each = pass_for(self._full[name])
        await self._do(what, lambda errand: getattr(Gates(errand.store), what)(each))
        if what == "reset":
            self._world.rules.to_prove(name)

    async def pause(self, name: str) -> None:
        self._paused.add(name)
        await self._gate("pause", name)
        self._world.rules.paused[name] = self._world.now

    async def resume(self, name: str) -> None:
        self._world.rules.paused.pop(name, None)
        await self._gate("resume", name)

    async def mend_login(self, name: str, *, restart: bool) -> None:
        """The vendor takes the old password again, or the configuration names the new one."""
        account = self._world.vendors.accounts[name]
        if restart:
            config = {
                each: provider(each, account.kind, self._world.shape.concurrency, account.password)
                if each == name
                else known
                for each, known in self._world.config.items()
            }
            self._full[name] = config.get(name, self._full[name])
            await self.restart(config)
        else:
            account.password = PASSWORD
        await self._gate("reset", name)

    async def remove(self, name: str, *, for_good: bool) -> None:
        self._world.gone.add(name)
        if for_good:
            self._removed_for_good.add(name)
        await self.restart({each: known for each, known in self._world.config.items() if each != name})
        self._world.count("operator: provider removed")

    async def put_back(self) -> None:
        whole = {name: each for name, each in self._full.items() if name not in self._removed_for_good}
        if list(whole) != list(self._world.config):
            await self.restart(whole)
            self._world.count("operator: provider put back")

    async def restart(self, config: dict[str, Provider]) -> None:
        """Process after process, as a rolling restart does: for a while both configurations are at work."""
        world = self._world
        world.config = config
        self._restarts += 1
        world.start = f"start-{self._restarts}"
        world.count("operator: restart")
        if (api := world.api) is not None:
            world.api = None
            api.die()
            world.outside(world.open_api(self._dice.choice([0.0, 0.2])))
        for name, process in list(world.dispatchers.items()):
            if self._dice.random() < 0.5:
                await process.drain()
            world.strike(process)
            process.died = True
            process.die()
            if world.dispatchers.get(name) is process:
                del world.dispatchers[name]
                await world.open_dispatcher(name, self._dice.choice([0.05, 1.0]))

    async def adopt(self) -> None:
        if self._world.forgot:
            self._world.forgot = False
            await self._do("adopt", lambda errand: errand.store.adopt())
            self._world.adopted_at = self._world.now

    async def settle(self) -> None:
        """Whatever was left undone."""
        async with self._lock:
            await self.adopt()
            await self.put_back()
            for name, each in self._world.vendors.accounts.items():
                if name in self._paused:
                    await self.resume(name)
                if each.guarded:
                    await self._mend(name)

    async def _mend(self, name: str) -> None:
        account, used = self._world.vendors.accounts[name], self._world.config.get(name)
        if used is not None:
            # The one password that the configuration names is right again.
            plain = used is provider(name, account.kind, self._world.shape.concurrency)
            account.password = PASSWORD if plain else "second"
        await self._gate("reset", name)


async def _returning(work: Callable[[Process], Awaitable[object]], errand: Process) -> None:
    await work(errand)
