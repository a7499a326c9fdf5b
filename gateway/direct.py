"""Requests to vendors that a caller waits for and that do something: each passes its provider's gate, and is counted
there, like a message's. None is ever made again by itself."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog

from gateway import faults
from gateway.asking import unavailable
from gateway.availability import PATIENCE, Availability
from gateway.errors import LostAnswer, NeverLeft, StoreUnavailable
from gateway.gate import Gate, Ticket
from gateway.model.outcome import NotSent, SendOutcome, Unreadable
from gateway.provider import Provider, VendorRequest
from gateway.store.gates import LATE, Gates, GateState
from gateway.transport import Transport

log = structlog.get_logger()


class Direct:
    """One process's."""

    def __init__(
        self, transport: Transport, gates: Gates, availability: Availability, providers: Mapping[str, Provider]
    ) -> None:
        self._transport = transport
        asker = f"direct.{secrets.token_hex(8)}"
        self._gates = {name: Gate(gates, availability, each, asker) for name, each in providers.items()}
        self._asking = {name: asyncio.Lock() for name in providers}

    async def send(
        self, provider: Provider, request: VendorRequest, intent: Callable[[], Awaitable[None]]
    ) -> SendOutcome:
        """What the vendor answered. `intent` runs once the request may be made, and before it is: what must be known
        should this process die is written there, and what it raises ends the matter.

        Raises `provider_unavailable` where the provider takes nothing now, before `intent`, or `StoreUnavailable`.
        """
        gate = self._gates[provider.name]
        start, ticket = await self._admitted(provider, gate)
        outcome: SendOutcome | None = None
        try:
            await intent()
            await gate.wait(start)
            await faults.point("direct.before")
            outcome = Unreadable("cut short")  # should this be ended while the request is out
            outcome = await attempt(self._transport, provider, request)
            await faults.point("direct.after")
            return outcome
        finally:
            await self._over(gate, provider, outcome, ticket)

    async def _admitted(self, provider: Provider, gate: Gate) -> tuple[float, Ticket]:
        """The moment the request may be made at, on the clock of `time.monotonic`."""
        ends = time.monotonic() + PATIENCE
        while True:
            async with self._asking[provider.name]:
                starts = await gate.ask(1)
                gate.took(len(starts))
                if starts:
                    return starts[0], gate.ticket
            if gate.state is not GateState.CLOSED:
                raise unavailable(provider, "This provider takes no requests now.", 5)
            if time.monotonic() >= ends:
                raise unavailable(provider, "This provider is asked as often as it may be.", 2)
            await asyncio.sleep(LATE)

    async def _over(self, gate: Gate, provider: Provider, outcome: SendOutcome | None, ticket: Ticket) -> None:
        """`outcome` None: nothing was sent."""
        try:
            if outcome is not None:
                await gate.tell(outcome, ticket)
        except StoreUnavailable as error:
            # Believed in flight for as long as a request can last; a store that is away lets nobody through either.
            log.warning("outcome not told to the gate", provider=provider.name, reason=str(error))
        finally:
            gate.in_flight -= 1
        with suppress(StoreUnavailable):
            await gate.rest()


async def attempt(transport: Transport, provider: Provider, request: VendorRequest, **about: str) -> SendOutcome:
    """One request, and what became of it, whatever happens. `about`: what a log line says it was for."""
    try:
        answer = await transport.exchange(provider, request)
    except NeverLeft as error:
        return NotSent(str(error))
    except LostAnswer as error:
        return Unreadable(str(error))
    try:
        return provider.send_outcome(answer)
    except Exception as error:  # an adapter's bug must not make of what was sent something that was not
        log.error("answer not read", provider=provider.name, exc_info=error, **about)
        return Unreadable("the answer could not be read")
