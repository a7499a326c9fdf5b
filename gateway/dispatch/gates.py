"""This process's side of a provider's gate: start times for what it sends, and word of what became of it."""

from __future__ import annotations

import asyncio
import math
import time

from gateway.availability import Availability
from gateway.model.outcome import Busy, NotSent, Refused, SendOutcome, Unreadable
from gateway.model.reasons import Reason
from gateway.provider import Provider
from gateway.store.gates import LATE, WEIGHTS, Gates, GateState, Verdict, pass_for


def verdict(outcome: SendOutcome, *, guarded: bool) -> Verdict:
    """What an outcome says of the vendor, whatever it means for the message."""
    if guarded and isinstance(outcome, Refused) and outcome.reason is Reason.AUTHENTICATION_FAILED:
        return "login"
    if isinstance(outcome, Unreadable):
        return "login" if guarded and outcome.login_refused else "lost"
    if isinstance(outcome, NotSent):
        return "" if outcome.ours else "down"
    return "busy" if isinstance(outcome, Busy) else "good"


class Gate:
    """One provider's, in one process. `asker`: a name for this process that none before it had, for what a dead one
    sent may still be on its way."""

    def __init__(self, gates: Gates, availability: Availability, provider: Provider, asker: str) -> None:
        self._gates = gates
        self._availability = availability
        self._pass = pass_for(provider)
        self._asker = asker
        self._guarded = bool(provider.guarded_login)
        self._told = 0
        self._failures = 0
        self.state = GateState.CLOSED
        self.in_flight = 0
        """Messages taken and not settled yet."""

    async def opened(self, start: str) -> None:
        """Before the first request: the gateway named `start` uses this provider."""
        if self._guarded:
            await self._gates.started(self._pass, start)

    async def ask(self, number: int) -> list[float]:
        """Up to `number` start times on the clock of `time.monotonic`; `state` says why there are none."""
        grant = await self._gates.ask(self._pass, self._asker, number, self.in_flight)
        # Counted from the answer: from the question they would be early by a slow Redis's delay.
        answered_at = time.monotonic()
        self.state, self._failures = grant.state, grant.failures
        self._told = self.in_flight + len(grant.starts)
        self._availability.note(self._pass.name, grant.state)
        return [answered_at + start for start in grant.starts]

    async def wait(self, start: float | None = None) -> None:
        """Returns at the granted moment; asks for another where it has passed, or none was given."""
        while True:
            late = math.inf if start is None else time.monotonic() - start
            if 0 <= late <= LATE:
                return
            if late < 0:
                await asyncio.sleep(-late)
                continue
            granted = await self._gates.another(self._pass)
            start = time.monotonic() + granted[0] if granted else None
            if start is None:
                await asyncio.sleep(LATE)

    async def tell(self, outcome: SendOutcome) -> None:
        """What became of a request, where it is news to the gate."""
        word = verdict(outcome, guarded=self._guarded)
        if word != "good" or self._failures or self._guarded or self.state is not GateState.CLOSED:
            await self._gates.tell(self._pass, self._asker, word, self.in_flight)
            self._told = self.in_flight
        self._failures += WEIGHTS.get(word, 0)

    async def rest(self) -> None:
        """Nothing waits: others may have what we do not use."""
        if self._told != self.in_flight:
            await self._gates.tell(self._pass, self._asker, "", self.in_flight)
            self._told = self.in_flight
