"""One dispatching process: takes queued messages, sends them, records what became of them.

Claim and intent are one step in the store: what is taken counts as possibly sent until its outcome is recorded.
So a process takes no more than it can send at once, and gives back what it could not send in time.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial

import structlog

from gateway import faults
from gateway.availability import FRESH_FOR, Availability
from gateway.direct import attempt
from gateway.dispatch.agenda import HOLD_MS, Agenda
from gateway.dispatch.parties import Gathering, divided, parties
from gateway.errors import StoreUnavailable
from gateway.gate import Gate, Ticket
from gateway.metrics import Metrics
from gateway.model.ids import reference
from gateway.model.message import Record, filled
from gateway.model.outcome import Accepted, NotSent, Refused, SendOutcome
from gateway.provider import Provider
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.store.balances import Balances
from gateway.store.cases import ripe
from gateway.store.clock import steady_ms
from gateway.store.code_key import CodeKey
from gateway.store.gates import STALE_AFTER, Gates, GateState
from gateway.store.messages import Store
from gateway.transport import Transport

log = structlog.get_logger()

BATCH = 50
"""Messages taken in one script run, at most: a longer script would hold up every other caller of Redis."""
STALE_MS = STALE_AFTER * 1000
"""A take older than this is not sent any more: its lease may end while the request is on its way."""
IDLE_SHORTEST, IDLE_LONGEST = 0.002, 0.02
"""Seconds between two looks into an empty queue."""
RECONCILE_EVERY = 2.0
"""Seconds. Queues of providers that are not configured any more are looked at as often."""
CASES_EVERY = 0.2
"""Seconds between two looks for records beside messages whose time has come."""
SHUT_PAUSE = 0.1
"""Seconds between two looks at a gate that lets nothing through."""

Waker = Callable[[str, bytes], Awaitable[None]]
"""Given a record's id and state."""


class Dispatcher:
    """Runs until `stop`; then takes nothing more and finishes what it holds."""

    def __init__(
        self, store: Store, recorder: Recorder, routing: Routing, transport: Transport, owner: str,
        metrics: Metrics, availability: Availability, balances: Balances, codes: CodeKey, start: str,
        wakers: Mapping[str, Waker] | None = None,
    ) -> None:  # fmt: skip
        """`start`: a name that all processes of one start of the gateway share, and no other start has. `wakers`: what
        looks at records beside messages whose time has come, by their kind."""
        self._store = store
        self._recorder = recorder
        self._transport = transport
        self._providers = {name: each for name, each in routing.providers.items() if each.capabilities.messages}
        self._owner = owner
        self._metrics = metrics
        self._availability = availability
        self._balances = balances
        self._codes = codes
        self._start = start
        self._wakers = wakers or {}
        asker = f"{owner}.{secrets.token_hex(4)}"
        gates = Gates(store)
        self._gates = {name: Gate(gates, availability, each, asker) for name, each in routing.providers.items()}
        self._agenda = Agenda(store, recorder, routing, transport, self._gates)
        self._stopping = asyncio.Event()
        self._sends: dict[asyncio.Task[None], set[str]] = {}
        self._freed = asyncio.Event()
        self._inherited: set[str] = set()
        self._suspects: set[str] = set()

    def stop(self) -> None:
        self._stopping.set()
        self._freed.set()

    async def run(self, drain: float = 25.0) -> None:
        """Works until stopped, then waits up to `drain` seconds for the vendors' answers still out."""
        await self._persist("release what the last process of this name held", self._release)
        loops: list[Awaitable[None]] = [
            *(self._persist(name, partial(self._feed, each)) for name, each in self._providers.items()),
            self._persist("agenda", self._work_agenda),
            self._persist("reconcile", self._reconcile),
            self._persist("availability", self._watch),
            self._persist("strangers", self._move_strangers),
        ]
        if self._wakers:
            loops.append(self._persist("cases", self._wake_cases))
        await asyncio.gather(*loops)
        await self._agenda.drain()
        if self._sends:
            await asyncio.wait(self._sends, timeout=drain)
        with suppress(StoreUnavailable):  # then it is believed for as long as a request can last
            await asyncio.gather(*(gate.rest() for gate in self._gates.values()))

    async def _persist(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """A loop outlives a store that is away."""
        while not self._stopping.is_set():
            try:
                await work()
                return
            except StoreUnavailable as error:
                log.warning("store unavailable", work=what, reason=str(error))
                await self._pause(0.5)
                await self._store.recheck()

    async def _pause(self, seconds: float) -> None:
        if seconds < 0.05:
            await asyncio.sleep(seconds)
            return
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _release(self) -> None:
        for lane in await self._store.lanes():
            self._inherited |= await self._store.held(lane, self._owner)
            if number := await self._store.release(lane, self._owner):
                log.warning("released", owner=self._owner, messages=number)

    # Taking

    async def _feed(self, provider: Provider) -> None:
        gate = self._gates[provider.name]
        await gate.opened(self._start)
        idle = IDLE_SHORTEST
        gathering = Gathering(provider.capabilities.receivers)
        lanes = itertools.cycle(await self._store.lanes())
        count = len(await self._store.lanes())
        while not self._stopping.is_set():
            free = provider.settings.concurrency - gate.in_flight
            if free <= 0:
                self._freed.clear()
                await self._freed.wait()
                continue
            waiting = await self._waiting(provider.name, [next(lanes) for _ in range(count)])
            if not waiting:
                gathering.ready(0)
                await gate.rest()
                await self._pause(idle)
                idle = min(idle * 1.5, IDLE_LONGEST)
                continue
            idle = IDLE_SHORTEST
            if gathering.patient and any(high for high, _, _ in waiting):
                waiting = [each for each in waiting if each[0]]  # they wait for nobody, and nobody leaves with them
                ready = sum(number for _, _, number in waiting)
            else:
                ready = gathering.ready(sum(number for _, _, number in waiting))
            if not ready:
                await self._pause(IDLE_SHORTEST)
                continue
            next(lanes)
            wanted = min(free, BATCH, ready)
            starts = await gate.ask(wanted)
            if starts:
                try:
                    await self._take(provider, waiting, starts, gate.ticket)
                finally:
                    gate.drop()
            elif gate.state is GateState.CLOSED:
                await self._pause(IDLE_LONGEST)
            else:
                moved = await self._pass_over(provider.name, [lane for _, lane, _ in waiting])
                await self._pause(0 if moved else SHUT_PAUSE)

    async def _waiting(self, provider: str, lanes: list[str]) -> list[tuple[bool, str, int]]:
        """Lanes with work for the provider, urgent work first, and how much."""
        depths = await asyncio.gather(*(self._store.queued(lane) for lane in lanes))
        return [
            (high, lane, depth[provider, high])
            for high in (True, False)
            for lane, depth in zip(lanes, depths, strict=True)
            if (provider, high) in depth
        ]

    async def _take(
        self, provider: Provider, waiting: list[tuple[bool, str, int]], starts: list[float], ticket: Ticket
    ) -> None:
        gate = self._gates[provider.name]
        lease = int(2 * provider.settings.timeout * 1000) + 5000
        receivers = provider.capabilities.receivers
        for _, lane, number in waiting:
            while starts and number > 0:
                await faults.point("take.before")
                asked_at = steady_ms()
                # One party at a time: a longer script would hold up every other caller of Redis.
                wanted = 1 if receivers > 1 else min(number, len(starts))
                most = 1 if gate.wary else receivers
                records, entries = await self._store.take(lane, provider.name, self._owner, wanted, lease, most)
                sends = parties(records, receivers) if receivers > 1 else [[record] for record in records]
                gate.took(len(sends))
                for party in sends:
                    start = starts.pop(0) if starts else None
                    task = asyncio.create_task(self._carry(provider, party, start, asked_at, ticket))
                    self._sends[task] = {record.id for record in party}
                    task.add_done_callback(self._sends.pop)
                await faults.point("take.after")
                number -= entries
                if not entries:
                    break  # others were faster

    # Elsewhere

    async def _pass_over(self, provider: str, lanes: list[str]) -> bool:
        """Gives what waits for a provider that takes nothing to others; whether there may be more to give."""
        more = False
        serving = () if provider not in self._providers else self._availability.serving()
        if provider in self._providers and not serving:
            return False
        for lane in dict.fromkeys(lanes):
            records, dropped = await self._store.peek(lane, provider, BATCH, serving)
            passed = await asyncio.gather(*(self._recorder.pass_over(record) for record in records))
            more |= dropped > 0 or any(now is not then for now, then in zip(passed, records, strict=True))
        return more

    async def _watch(self) -> None:
        while not self._stopping.is_set():
            await self._availability.refresh()
            await self._pause(FRESH_FOR)

    async def _move_strangers(self) -> None:
        """What waits for a provider that is not configured any more goes where it may, or waits for its return."""
        told: set[str] = set()
        while not self._stopping.is_set():
            more = False
            for lane in await self._store.lanes():
                for name in {name for name, _ in await self._store.queued(lane)} - set(self._providers):
                    if name not in told:
                        told.add(name)
                        log.warning("messages wait for a provider that is not configured", provider=name)
                    more |= await self._pass_over(name, [lane])
            await self._pause(0 if more else RECONCILE_EVERY)

    # Sending

    async def _carry(
        self, provider: Provider, party: list[Record], start: float | None, asked_at: float, ticket: Ticket
    ) -> None:
        """Messages of one request from our hands to a recorded outcome. The outcome is evidence: it is kept until
        recorded."""
        gate = self._gates[provider.name]
        try:
            try:
                # One-time codes are in no record: a message that has one is alone in its request.
                key = await self._codes.read() if party[0].content.hidden else b""
                await gate.wait(start)
            except StoreUnavailable:
                await self._give_back(party)
                return
            await faults.point("send.before")
            if steady_ms() - asked_at > STALE_MS:
                await self._give_back(party)
                return
            began = time.monotonic()
            outcome = await self._send(provider, party, key)
            self._metrics.observe("gateway_vendor_seconds", time.monotonic() - began, provider=provider.name)
            self._metrics.add(
                "gateway_vendor_tries_total", provider=provider.name, outcome=type(outcome).__name__.lower()
            )
            if isinstance(outcome, Accepted | Refused) and outcome.balance is not None:
                self._balances.note(provider.name, outcome.balance)
            await faults.point("send.after")
            told = divided(outcome, party)
            await self._for_each(party, lambda record: self._recorder.settle(record, record.state.fence, told))
            await self._until_recorded(lambda: gate.tell(outcome, ticket, len(party)))
        finally:
            gate.in_flight -= 1
            self._freed.set()

    async def _give_back(self, party: list[Record]) -> None:
        await self._for_each(party, lambda record: self._recorder.give_back(record, record.state.fence))

    async def _for_each(self, party: list[Record], record_it: Callable[[Record], Awaitable[object]]) -> None:
        await asyncio.gather(*(self._until_recorded(partial(record_it, record)) for record in party))

    async def _send(self, provider: Provider, party: list[Record], key: bytes) -> SendOutcome:
        record, *others = party
        content = filled(record.content, key)
        further = tuple(other.content.to for other in others)
        named = reference(record.id, record.state.generation)
        try:
            if record.state.handover:
                request = provider.reserve_request(content, named, record.state.send_at, further)
            else:
                request = provider.send_request(content, named, further)
        except Exception as error:  # an adapter's bug must cost one message a pause, not its place
            log.error("request not built", provider=provider.name, message_id=f"msg_{record.id}", exc_info=error)
            return NotSent("the request could not be built", ours=True)
        return await attempt(self._transport, provider, request, message_id=f"msg_{record.id}")

    async def _until_recorded(self, write: Callable[[], Awaitable[object]]) -> None:
        pause = 0.05
        while True:
            try:
                await write()
                return
            except Exception as error:  # it stays in our hands: given back, it would be sent again
                if not isinstance(error, StoreUnavailable):
                    log.error("outcome not recorded", exc_info=error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)

    # Keeping order

    async def _work_agenda(self) -> None:
        while not self._stopping.is_set():
            worked = [await self._agenda.work(lane) for lane in await self._store.lanes()]
            await self._pause(0 if any(worked) else 0.05)

    async def _wake_cases(self) -> None:
        while not self._stopping.is_set():
            worked = [await self._wake_lane(lane) for lane in await self._store.lanes()]
            await self._pause(0 if any(worked) else CASES_EVERY)

    async def _wake_lane(self, lane: str) -> bool:
        """One look at a lane; whether there may be more at once."""
        due = await ripe(self._store, lane, BATCH, HOLD_MS)
        woken = await asyncio.gather(
            *(self._wakers[kind](id_, raw) for kind, id_, raw in due if kind in self._wakers), return_exceptions=True
        )
        for error in woken:
            if isinstance(error, StoreUnavailable):
                raise error
            if isinstance(error, BaseException):  # it comes again, and must not hold up the others
                log.error("record not looked at", exc_info=error)
        return len(due) == BATCH

    async def _reconcile(self) -> None:
        """Gives back what Redis believes to be in our hands and is not: the answer to a take was lost.

        Seen twice, so that no take under way then can still be sent: it would be older than `STALE_MS`. What was
        held before we started was taken by a predecessor of our name, who may have sent it: the agenda has it.
        """
        while not self._stopping.is_set():
            ghosts: set[str] = set()
            for lane in await self._store.lanes():
                ghosts |= (
                    await self._store.held(lane, self._owner) - set().union(*self._sends.values()) - self._inherited
                )
            for id_ in ghosts & self._suspects:
                record = await self._store.read(id_)
                if record is not None and record.state.owner == self._owner:
                    log.warning("given back", message_id=f"msg_{id_}")
                    await self._recorder.give_back(record, record.state.fence)
            self._suspects = ghosts
            await self._pause(RECONCILE_EVERY + 0.1)
