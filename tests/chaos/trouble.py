"""What goes wrong in a case: at named points, on the way to Redis, anywhere, and for a while."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, NamedTuple

from gateway import faults
from tests.chaos.process import PROCESS, Process
from tests.chaos.shape import Spell

if TYPE_CHECKING:
    from tests.chaos.world import World

AT_POINTS = ("die", "pause", "jump", "step back", "away", "cut before", "cut after")
"""What happens to who passes a point. "away": off from Redis for longer than a lease lasts."""
AT_WIRE = ("cut before", "cut after", "answer late", "error")
"""What happens to a command. "error": Redis refuses it in words that nobody expects."""
COMMANDS = {
    "accept": 9, "take": 9, "apply": 9, "tick": 9, "peek": 2, "grant": 9, "report": 4, "login": 2, "plain": 2,
    "hello": 5, "hmget": 9, "smembers": 9, "hgetall": 9,
}  # fmt: skip
"""With the last passing at which a fault is drawn: the rarer a command, the earlier."""
RESERVING = {"roster": 4, "apply": 30, "take": 8, "accept": 7, "send.before": 12, "send.after": 12, "settle.after": 12}
"""Where more faults are drawn in cases with reservations, with the last passing."""
OFTEN = ("accept", "apply", "apply", "report", "peek", "peek")
"""Commands drawn more often than others."""
SITES = (*faults.POINTS, "send.after", "send.after")
MEETINGS = ("take.after", "send.before", "send.after", "settle.after")


class Fault(NamedTuple):
    """What goes wrong, where, and at which passing."""

    site: str
    nth: int
    kind: str


class Trouble:
    """Draws it, and makes it happen."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = random.Random(f"trouble {world.seed}")
        self._late = random.Random(f"late {world.seed}")
        self.plan: list[Fault] = []
        self._hanging: dict[Process, None] = {}
        self._spells: list[asyncio.Task[None]] = []

    def draw(self) -> None:
        for _ in range(self._dice.choice([0, 1, 2, 2, 3, 4, 6, 10])):
            if self._dice.random() < 0.65:
                fault = Fault(self._dice.choice(SITES), self._dice.randint(1, 7), self._dice.choice(AT_POINTS))
            else:
                site = self._dice.choice([*COMMANDS, *OFTEN])
                fault = Fault(site, self._dice.randint(1, COMMANDS[site]), self._dice.choice(AT_WIRE))
            self.plan.append(fault)
        reserve = random.Random(f"reserve trouble {self._world.seed}")
        for _ in range(reserve.choice([0, 1, 2, 4]) if self._world.shape.reserves else 0):
            site = reserve.choice([*RESERVING])
            if site in faults.POINTS:
                fault = Fault(site, reserve.randint(1, RESERVING[site]), reserve.choice(AT_POINTS))
            else:
                fault = Fault(site, reserve.randint(1, RESERVING[site]), reserve.choice(AT_WIRE))
            self.plan.append(fault)

    def begin(self) -> None:
        self._world.outside(self._disturb())
        loop = asyncio.get_running_loop()
        self._spells = [loop.create_task(self._spell(each)) for each in self._world.shape.spells]
        if self._world.forgetful:
            self._spells.append(loop.create_task(self._forget()))

    def end(self) -> None:
        """No more of it."""
        for task in self._spells:
            task.cancel()

    # At a point, and on the way to Redis

    def _due(self, site: str) -> str:
        world = self._world
        world.passed[site] += 1
        if world.calm:
            return ""
        for fault in self.plan:
            if fault.site == site and fault.nth == world.passed[site]:
                self.plan.remove(fault)
                world.rough_at = world.now
                world.count(f"{site}: {fault.kind}")
                return fault.kind
        return ""

    async def at_point(self, name: str) -> None:
        process = PROCESS.get()
        if process is None:
            return
        await process.gate()
        self._world.say(name)
        if name in MEETINGS and self._hanging:
            # Somebody else is just there: a good moment for those who hang to go on.
            for other in [each for each in self._hanging if each is not process]:
                self._hanging.pop(other, None)
                self._world.outside(self._thaw(other, self._dice.choice([0.0, 0.03, 0.3])))
        kind = self._due(name)
        if kind == "die":
            self.kill(process)
        elif kind == "pause":
            self._pause(process)
        elif kind == "jump":
            self._world.jump(self._dice.choice([1.0, 8.0, 45.0]))
        elif kind == "step back":
            self._world.jump(-self._dice.choice([1.0, 20.0, 600.0, 3600.0]))
        elif kind == "away":
            self._world.strike(process)
            process.cut(self._dice.choice([8.0, 10.0, 12.0]))
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
        self._world.strike(process)
        process.freeze()
        if self._dice.random() < 0.5:
            self._world.outside(self._thaw(process, self._dice.choice([0.5, 2.2, 8.0])))
        else:
            self._outlive_lease(process)

    def _outlive_lease(self, process: Process) -> None:
        self._hanging[process] = None
        self._world.jump(8.0)
        self._world.outside(self._thaw(process, 20.0))

    def at_division(self, process: Process) -> None:
        """It was told that those of a request were refused together: it may hang before it writes that down."""
        world = self._world
        if not world.calm and not process.frozen and self._late.random() < 0.2:
            world.count("anywhere: pause")
            world.strike(process)
            process.freeze()
            self._outlive_lease(process)

    async def _thaw(self, process: Process, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._world.stir()
        self._hanging.pop(process, None)
        process.thaw()

    def kill(self, process: Process) -> None:
        world = self._world
        world.rough_at = world.now
        world.stir()
        world.strike(process)
        process.died = True
        process.die()
        if process is world.api:
            world.api = None
            world.outside(world.open_api(self._dice.choice([0.1, 2.0])))
        elif world.dispatchers.get(process.owner) is process:
            del world.dispatchers[process.owner]
            name = process.owner
            if self._dice.random() < 0.3:
                world.born += 1
                name = f"e.{world.born}"
            world.outside(world.open_dispatcher(name, self._dice.choice([0.05, 1.0, 9.0])))

    # Anywhere

    async def _disturb(self) -> None:
        """Now and then, wherever everybody is just then."""
        world = self._world
        for _ in range(self._dice.choice([0, 0, 1, 3])):
            await asyncio.sleep(self._dice.uniform(0.2, 3.0))
            kind = self._dice.choice(["die", "cut", "jump", "step back"])
            process = self._dice.choice([world.api, *world.dispatchers.values()])
            if process is None or world.calm:
                continue
            world.rough_at = world.now
            world.count(f"anywhere: {kind}")
            if kind == "die":
                self.kill(process)
            elif kind == "cut":
                world.strike(process)
                process.cut(self._dice.choice([0.0, 3.0]))
            elif kind == "jump":
                world.jump(self._dice.choice([3.0, 20.0]))
            else:
                world.jump(-self._dice.choice([2.0, 100.0, 3600.0]))

    # For a while

    async def _spell(self, spell: Spell) -> None:
        world, act = self._world, self._world.operators.act
        await asyncio.sleep(spell.begins)
        what, _, how = spell.what.partition(" ")
        if what == "down":
            account = world.vendors.accounts[spell.name]
            world.count(f"vendor: {spell.what}")
            account.down = how
            await asyncio.sleep(spell.lasts)
            account.down = ""
            world.say(f"{spell.name} is well again")
        elif what == "paused":
            await act(world.operators.pause(spell.name))
            await asyncio.sleep(spell.lasts)
            await act(world.operators.resume(spell.name))
        elif what == "password":
            world.count("vendor: password changed")
            world.vendors.accounts[spell.name].password = "second"
            await asyncio.sleep(spell.lasts)
            await act(world.operators.mend_login(spell.name, restart=self._dice.random() < 0.5))
        elif what == "removed":
            await act(world.operators.remove(spell.name, for_good=spell.for_good))
            await asyncio.sleep(spell.lasts)
            await act(world.operators.put_back())
        elif what == "dropped":
            world.vendors.keeping.drop_one()
        elif what == "haste":
            self._hasten()
        else:
            await act(world.operators.restart(dict(world.config)))

    def _hasten(self) -> None:
        """A reservation is due soon. (After a leap of more than `no_news_after` nobody is asked for news any more.)"""
        world = self._world
        times = [state.send_at / 1000 - world.wall for state in world.books.records().values() if state.reserved]
        ahead = [each for each in times if 2.0 < each < 2000.0]
        if ahead:
            world.count("anywhere: the next reservation is near")
            world.jump(self._dice.choice(ahead) - 1.5)

    async def _forget(self) -> None:
        """A copy of Redis is made, and put in its place later: what was written in between is gone."""
        world = self._world
        await asyncio.sleep(self._dice.choice([0.3, 1.0, 3.0]))
        copy, copied_at = world.books.copy(), world.now
        world.say("copied")
        await asyncio.sleep(self._dice.choice([2.0, 3.0, 6.0]))
        while not world.seen_beyond(copy):
            # Nobody outside Redis knows how far it had come: nobody could tell. (Every second they write it down.)
            await asyncio.sleep(0.5)
        world.restore(copy, copied_at)
        for process in world.processes():
            process.cut(self._dice.choice([0.0, 0.3, 1.5]))
        await asyncio.sleep(self._dice.choice([0.5, 3.0, 8.0]))
        await world.operators.act(world.operators.adopt())
