"""This process's side of a provider's gate: start times for what it sends, and word of what became of it."""

from __future__ import annotations

import asyncio
import math
import time
from typing import NamedTuple

from gateway.availability import Availability
from gateway.model.outcome import Accepted, Busy, NotSent, Refused, SendOutcome, Unreadable
from gateway.model.reasons import Reason
from gateway.provider import Provider
from gateway.store.gates import LATE, Gates, GateState, Verdict, pass_for, weight


def verdict(outcome: SendOutcome, *, guarded: bool) -> Verdict:
    """What an outcome says of the vendor, whatever it means for the message."""
    if guarded and isinstance(outcome, Refused) and outcome.reason is Reason.AUTHENTICATION_FAILED:
        return "login"
    if isinstance(outcome, Unreadable):
        return "login" if guarded and outcome.login_refused else "lost"
    if isinstance(outcome, NotSent):
        return "" if outcome.ours else "down"
    return "busy" if isinstance(outcome, Busy) else "good"


def proves(outcome: SendOutcome) -> bool:
    """The vendor let us in: it could not have said so otherwise."""
    unknown = (Reason.AUTHENTICATION_FAILED, Reason.SOURCE_ADDRESS_REFUSED)
    return isinstance(outcome, Accepted) or (isinstance(outcome, Refused) and outcome.reason not in unknown)


class Ticket(NamedTuple):
    """With what a request was let through: as the probe of a half-open gate; in which round of tries at the login."""

    probe: bool
    round: int


class Gate:
    """One provider's, in one process. `asker`: a name for this process that none before it had, for what a dead one
    sent may still be on its way."""

    def __init__(self, gates: Gates, availability: Availability, provider: Provider, asker: str) -> None:
        self._gates = gates
        self._availability = availability
        self._pass = pass_for(provider)
        self._asker = f"{asker}/{provider.name}"
        self._guarded = bool(provider.guarded_login)
        self._opened = False
        self._told = 0
        self._failures = 0
        self._reserved = 0
        self.state = GateState.CLOSED
        self.ticket = Ticket(probe=False, round=0)
        """Of the last starts."""
        self.in_flight = 0
        """Messages taken and not settled yet."""

    @property
    def held(self) -> int:
        """What counts against the bound: in flight, and granted or being asked for."""
        return self.in_flight + self._reserved

    async def opened(self, start: str) -> None:
        """Before the first request: the gateway named `start` uses this provider."""
        if self._guarded and not self._opened:
            await self._gates.started(self._pass, start)
        self._opened = True

    async def ask(self, number: int) -> list[float]:
        """Up to `number` start times on the clock of `time.monotonic`; `state` says why there are none. They count as
        in flight until `took` says how many were used."""
        self._reserved = number  # whoever tells of another request meanwhile must not take these back
        grant = await self._gates.ask(self._pass, self._asker, number, self.in_flight)
        # Counted from the answer: from the question they would be early by a slow Redis's delay.
        answered_at = time.monotonic()
        self._reserved = len(grant.starts)
        self.state, self._failures = grant.state, grant.failures
        self.ticket = Ticket(grant.state is GateState.HALF_OPEN, grant.round)
        self._told = self.held
        self._availability.note(self._pass.name, grant.state)
        return [answered_at + start for start in grant.starts]

    def took(self, number: int) -> None:
        """So many of the starts are in use now."""
        self.in_flight += number
        self._reserved = max(self._reserved - number, 0)

    def drop(self) -> None:
        """What is left of the starts is not used."""
        self._reserved = 0

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

    @property
    def wary(self) -> bool:
        """The vendor failed last: a request may be lost with all that is in it."""
        return self._failures > 0 or self.state is not GateState.CLOSED

    async def tell(self, outcome: SendOutcome, ticket: Ticket, messages: int = 1) -> None:
        """What became of a request for so many messages that is over now, where it is news to the gate."""
        word = verdict(outcome, guarded=self._guarded)
        if word != "good" or ticket.probe or self._failures or self._guarded or self.state is not GateState.CLOSED:
            over = self.held - 1
            await self._gates.tell(
                self._pass,
                self._asker,
                word,
                over,
                probe=ticket.probe,
                proves=proves(outcome),
                round_=ticket.round,
                messages=messages,
            )
            self._told = over
        self._failures += weight(word, messages)

    async def rest(self) -> None:
        """Nothing waits: others may have what we do not use."""
        if self._told != self.held:
            told = self.held
            await self._gates.tell(self._pass, self._asker, "", told)
            self._told = told
