"""What is due: reservations, pauses that end, leases of dead processes, questions to vendors, deadlines."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
import structlog

from gateway import faults
from gateway.errors import StoreUnavailable
from gateway.gate import Gate
from gateway.model import lifecycle
from gateway.model.changes import Change
from gateway.model.keeping import changeable
from gateway.model.message import Content, Record, State, Status
from gateway.model.policy import Policy
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.store.messages import Store
from gateway.transport import Transport

log = structlog.get_logger()

BATCH = 50
HOLD_MS = 5_000
"""A due message comes again after this, should the process that looked at it die. A question may take longer: it is not
asked twice by one process."""
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
        await asyncio.gather(*(self._wake(record) for record in due))
        return len(due) == BATCH

    async def drain(self) -> None:
        """Drops the questions under way: they are asked again when their time comes."""
        tasks = [*self._questions.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wake(self, record: Record) -> None:
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
        if ask[0] and len(self._questions) < QUESTIONS and woken.id not in self._questions:
            self._questions[woken.id] = asyncio.create_task(self._ask(woken))

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
