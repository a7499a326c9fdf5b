"""Which providers take requests now, as this process knows it: for routing, readiness and metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import msgspec

from gateway.provider import Provider
from gateway.routing import Routing
from gateway.store.gates import Gates, GateState, pass_for

FRESH_FOR = 0.25
"""Seconds between two looks at the gates: as long may a message go to a provider that has just failed."""

PATIENCE = 2.0
"""Seconds a caller's question waits for its turn."""
QUESTIONS = 4
"""Callers' questions that compete for the rate at once, in one process: more would leave little of it to messages."""

_WHY = {
    GateState.OPEN: "It failed several times in a row; a probe follows within seconds.",
    GateState.HALF_OPEN: "It failed several times in a row; the next message probes it.",
    GateState.PROBING: "It failed several times in a row; a probe is out.",
    GateState.PAUSED: "An operator paused it.",
    GateState.LOCKED: "The vendor refused our login, and blocks an address that tries too often: mend the credentials "
    "and restart, or run: gateway providers reset NAME",
}


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a provider takes requests: `closed` (it does), `open` (not now), `half_open` (one is let through to see)
    or `paused`."""

    health: str
    detail: str = ""


class Availability:
    """Looks at every provider's gate and tells routing."""

    def __init__(self, gates: Gates, providers: Mapping[str, Provider], routing: Routing) -> None:
        self._gates = gates
        self._passes = {name: pass_for(provider) for name, provider in providers.items()}
        self._routing = routing
        self.states: dict[str, GateState] = {}
        self._questions = asyncio.Semaphore(QUESTIONS)

    async def refresh(self) -> None:
        """Raises `StoreUnavailable`."""
        grants = await asyncio.gather(*(self._gates.look(each) for each in self._passes.values()))
        for name, grant in zip(self._passes, grants, strict=True):
            self.note(name, grant.state)

    async def turn(self, name: str) -> bool:
        """Returns when a question to the provider fits into its rate; False where none does within `PATIENCE` seconds,
        or there is no such provider."""
        ends = time.monotonic() + PATIENCE
        async with self._questions:
            while name in self._passes and time.monotonic() < ends:
                for start in await self._gates.another(self._passes[name]):
                    await asyncio.sleep(start)
                    return True
                await asyncio.sleep(0.02)
        return False

    def standings(self) -> dict[str, Standing]:
        """As last seen, by provider."""
        return {name: Standing(state.health, _WHY.get(state, "")) for name, state in self.states.items()}

    def serving(self) -> list[str]:
        """The providers that take requests now."""
        return [name for name in self._passes if self.states.get(name, GateState.CLOSED).serves]

    def note(self, name: str, state: GateState) -> None:
        if self.states.get(name) is not state:
            self.states[name] = state
            self._routing.away = frozenset(each for each, known in self.states.items() if not known.serves)
