"""Running cases, one seed each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway import faults
from tests.chaos.clockwork import Stuck, VirtualLoop, dice, patched
from tests.chaos.verdict import Judge, explain
from tests.chaos.wire import Server
from tests.chaos.world import World


@dataclass
class Case:
    """What came of a seed."""

    seed: int
    findings: list[str]
    messages: int
    statuses: Counter[str]
    injected: Counter[tuple[str, str]]
    passed: Counter[str]
    remarks: Counter[str]
    excused: Counter[str]
    stories: list[str] = field(default_factory=list)
    """What the gateway says of each message that something was found about."""
    reservations: int = 0
    """Of the messages."""

    @property
    def replay(self) -> str:
        return f".venv/bin/python -m tests.chaos --seed {self.seed}"


class Simulator:
    """Plays seeds, one after the other, on one Redis."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def play(self, seed: int, tell: Callable[[str], None] | None = None) -> Case:
        errors: list[str] = []

        async def main() -> World:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, told: errors.append(f"CRASH {told}"))
            world = World(seed, self._server, tell)
            await world.play()
            return world

        with dice(seed):
            loop = VirtualLoop()
            try:
                world = loop.run_until_complete(main())
            except Stuck as error:
                faults.install(None)
                return Case(seed, [f"STUCK {error}"], 0, Counter(), Counter(), Counter(), Counter(), Counter())
            finally:
                loop.clear()
        judge = Judge(world)
        unexpected = [each for each in errors if "NoPermissionError" not in each]
        findings = [*world.findings, *unexpected, *judge.judge()]
        statuses = Counter(str(state.status) for state in judge.records.values())
        stories = [explain(world, id_) for id_ in sorted(judge.records) if any(id_ in found for found in findings)]
        return Case(
            seed,
            findings,
            len(judge.records),
            statuses,
            world.injected,
            world.passed,
            judge.remarks,
            judge.excused,
            stories,
            len(judge.records.keys() & world.promises.made.keys()),
        )


@contextmanager
def simulator(folder: Path) -> Iterator[Simulator]:
    server = Server(folder)
    try:
        with patched():
            yield Simulator(server)
    finally:
        server.close()
