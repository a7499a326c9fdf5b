"""What is due: reservations, pauses that end, leases of dead processes, questions to vendors, deadlines."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import msgspec
import structlog

from gateway import faults
from gateway.errors import LostAnswer, NeverLeft, StoreUnavailable
from gateway.gate import Gate
from gateway.model import lifecycle
from gateway.model.changes import Change
from gateway.model.ids import reference
from gateway.model.keeping import changeable
from gateway.model.message import Content, Record, State, Status
from gateway.model.outcome import Declined, Known, Unanswered, Unreadable
from gateway.model.policy import Policy
from gateway.model.receipt import Receipt
from gateway.provider import Provider, Question
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.store.messages import Store
from gateway.transport import Transport

log = structlog.get_logger()

BATCH = 50
HOLD_MS = 5_000
"""A due message comes again after this, should the process that looked at it die. A question may take longer: it is not
asked twice by one process."""
TOGETHER = 20
"""Messages of one vendor and day from which on the day is asked for: its list may be long, and is one request."""
QUESTIONS = 32
"""Questions to vendors under way at most, per process."""


class Agenda:
    """Looks at due messages and does what the lifecycle says. Several processes may: the store guards."""

    def __init__(
        self, store: Store, recorder: Recorder, routing: Routing, transport: Transport, gates: dict[str, Gate]
    ) -> None:
        self._gates = gates
        self._routing = routing
        self._store = store
        self._recorder = recorder
        self._transport = transport
        self._questions: dict[str, asyncio.Task[None]] = {}

    async def work(self, lane: str) -> bool:
        """One look at a lane; whether there may be more at once."""
        due = await self._store.tick(lane, BATCH, HOLD_MS)
        await faults.point("tick.after")
        woken = await asyncio.gather(*(self._wake(record) for record in due))
        self._inquire([record for record in woken if record and record.id not in self._questions])
        return len(due) == BATCH

    async def drain(self) -> None:
        """Drops the questions under way: they are asked again when their time comes."""
        tasks = [*self._questions.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wake(self, record: Record) -> Record | None:
        """The message, if its vendor is to be asked about it."""
        ask: list[bool] = []
        # The provider of a reservation is chosen when it is due: others may serve by then, or be configured.
        chosen = self._routing.anew(record) if changeable(record.state) else ()
        route = chosen if len(chosen) > 1 else ()

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            # The store said that it is due; another node's clock may have told us an earlier time meanwhile.
            verdict = lifecycle.wake(state, max(now, state.due) if state is record.state else now, policy)
            ask[:] = [verdict == "ask"]
            if not isinstance(verdict, Change):
                return None
            released = state.status is Status.SCHEDULED and verdict.state.status is Status.QUEUED
            if released and state is not record.state:
                return None  # changed meanwhile, it may need another provider: it is due again at once
            return pick(verdict) if released and chosen else verdict

        def pick(change: Change) -> Change:
            step = change.step and change.step._replace(provider=chosen[0])
            return Change(msgspec.structs.replace(change.state, provider=chosen[0]), step)

        def rewrite(content: Content) -> Content:
            return msgspec.structs.replace(content, route=route)

        changed = bool(chosen) and record.content.route != route
        woken = await self._recorder.change(record, rule, rewrite if changed else None)
        return woken if ask[0] else None

    def _inquire(self, records: list[Record]) -> None:
        """Begins to ask: about many of one vendor and day together, about others one by one."""
        days: defaultdict[tuple[str, date], list[Record]] = defaultdict(list)
        for record in records:
            days[record.state.provider, self._day(record)].append(record)
        for (name, day), of_day in days.items():
            provider = self._routing.providers.get(name)
            question = provider.sent_on(day) if provider and len(of_day) >= TOGETHER else None
            if provider and question and len(self._questions) < QUESTIONS:
                task = asyncio.create_task(self._ask_together(provider, question, of_day))
                self._questions.update((record.id, task) for record in of_day)
                continue
            for record in of_day[: max(QUESTIONS - len(self._questions), 0)]:
                self._questions[record.id] = asyncio.create_task(self._ask(record))

    def _day(self, record: Record) -> date:
        """When it was sent, by its vendor's calendar."""
        provider = self._routing.providers.get(record.state.provider)
        zone = ZoneInfo(provider.settings.timezone) if provider else None
        state = record.state
        at = state.send_at if state.handover else state.answered_at or state.asked_since or state.created_at
        return datetime.fromtimestamp(at / 1000, zone).date()

    async def _ask_together(
        self, provider: Provider, question: Question[Mapping[str, tuple[Receipt, ...]]], records: list[Record]
    ) -> None:
        """One question in the place of many. What its answer has not is asked about one by one: it may have been sent
        on another day."""
        try:
            sent = await self._told(provider, question)
            for record in records:
                named = reference(record.id, record.state.generation)
                if sent is None:
                    await self._recorder.finding(record, Unanswered(detail="the vendor did not tell the day"))
                elif words := sent.get(named):
                    await self._recorder.finding(record, Known(words))
                else:
                    await self._ask(record)
        except StoreUnavailable as error:
            log.warning("answers not recorded", provider=provider.name, reason=str(error))
        finally:
            for record in records:
                self._questions.pop(record.id, None)

    async def _told(
        self, provider: Provider, question: Question[Mapping[str, tuple[Receipt, ...]]]
    ) -> Mapping[str, tuple[Receipt, ...]] | None:
        await self._turn(provider.name)
        try:
            said = question.read(await self._transport.exchange(provider, question.request))
        except (NeverLeft, LostAnswer) as error:
            log.warning("vendor's answer lost", provider=provider.name, reason=str(error))
            return None
        return None if isinstance(said, Declined | Unreadable) else said

    async def _ask(self, record: Record) -> None:
        try:
            await self._recorder.inquire(self._transport, record, partial(self._turn, record.state.provider))
        except StoreUnavailable as error:
            log.warning("answer not recorded", message_id=f"msg_{record.id}", reason=str(error))
        finally:
            self._questions.pop(record.id, None)

    async def _turn(self, provider: str) -> bool:
        if gate := self._gates.get(provider):
            await gate.wait()
        return True
