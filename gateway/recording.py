"""Recording facts: reads a message, asks the lifecycle what follows, writes it; again where another was faster.

Everything that changes a message after its acceptance passes through here, whoever learned the fact.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from gateway import faults
from gateway.errors import LostAnswer, NeverLeft
from gateway.metrics import Metrics
from gateway.model import lifecycle
from gateway.model.changes import Change
from gateway.model.ids import reference
from gateway.model.message import Content, Record, State
from gateway.model.outcome import Finding, Known, SendOutcome, Unanswered
from gateway.model.policy import Policy
from gateway.model.receipt import Receipt
from gateway.provider import Provider
from gateway.routing import Routing
from gateway.store.messages import Store
from gateway.transport import Transport

log = structlog.get_logger()

Rule = Callable[[State, int, Policy], Change | None]
MAX_CONFLICTS = 20
"""Others changed the same message that many times between our reading and writing: something is broken."""


class Recorder:
    """`settle`, `receipt`, `finding` are evidence and safe to repeat; what is known already changes nothing."""

    def __init__(self, store: Store, routing: Routing, metrics: Metrics) -> None:
        self._store = store
        self._routing = routing
        self._metrics = metrics

    async def change(self, record: Record, rule: Rule, content: Content | None = None) -> Record:
        """Applies `rule` to the message as it is now, and `content` with it where given; the record afterwards
        (unchanged where the rule says None)."""
        for _ in range(MAX_CONFLICTS):
            policy = self._routing.policy(record.state, record.content)
            change = rule(record.state, self._store.clock.now(), policy)
            if change is None:
                return record
            applied = await self._store.apply(record, change, content)
            if applied is not None:
                self._tell(record.state, applied)
                return applied
            current = await self._store.read(record.id)
            if current is None:
                return record
            record = current
        raise RuntimeError("a message changed under every try to change it")

    async def settle(self, record: Record, fence: int, outcome: SendOutcome) -> Record:
        settled = await self.change(
            record, lambda state, now, policy: lifecycle.settle(state, fence, outcome, now, policy)
        )
        await faults.point("settle.after")
        return settled

    async def give_back(self, record: Record, fence: int) -> Record:
        return await self.change(record, lambda state, now, policy: lifecycle.give_back(state, fence, now))

    async def pass_over(self, record: Record) -> Record:
        """Its provider takes nothing now, or is gone: to another that serves, if it may."""
        other = self._routing.elsewhere(record)

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            gone = state.provider != record.state.provider
            return None if gone else lifecycle.pass_over(state, now, policy, other)

        return await self.change(record, rule)

    async def cancel(self, record: Record, claim: str = "") -> Record | None:
        """None: it may have left already. `claim` is noted with it: the repeat of this very cancel is known by it."""
        canceled: list[bool] = []

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            change = lifecycle.cancel(state, now)
            canceled[:] = [change is not None]
            if change is None or not claim:
                return change
            noted = msgspec.structs.replace(change.state, claims=f"{change.state.claims}{claim} ")
            return change._replace(state=noted)

        record = await self.change(record, rule)
        return record if canceled[0] else None

    async def watch(self, record: Record) -> Record:
        """From now on the vendor's answer is announced."""

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            if state.watched or state.answered_at:
                return None
            return Change(msgspec.structs.replace(state, watched=True), None)

        return await self.change(record, rule)

    async def erase(self, record: Record) -> Record:
        """Blanks what a final message says of people: text, in whatever form, subject, number, metadata."""
        blank = msgspec.structs.replace(record.content, to="", text="", subject=None, metadata=None, options=None)

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            return Change(state, None)

        return await self.change(record, rule, blank)

    async def receipt(self, id_: str, generation: int, word: Receipt, source: Provider) -> bool:
        """Applies one word from a vendor; False where there is no such message (any more), or it was never
        given to the account this word comes from."""
        record = await self._store.read(id_)
        if record is None or not self._routing.carried(record, source):
            return False
        await self.change(record, partial(_apply_receipt, generation, word))
        return True

    async def finding(self, record: Record, finding: Finding) -> Record:
        """What a vendor said when asked about the message's current reference."""
        generation = record.state.generation
        record = await self.change(record, lambda state, now, policy: lifecycle.found(state, finding, now, policy))
        for word in finding.receipts if isinstance(finding, Known) else ():
            record = await self.change(record, partial(_apply_receipt, generation, word))
        return record

    async def inquire(self, transport: Transport, record: Record) -> Record:
        """Asks the vendor about a message and records what it says; unchanged where it cannot be asked."""
        provider = self._routing.providers.get(record.state.provider)
        asked = reference(record.id, record.state.generation)
        request = provider.query_request(asked) if provider else None
        if provider is None or request is None:
            return record
        finding: Finding
        try:
            answer = await transport.exchange(provider, request)
            finding = provider.query_outcome(answer, asked)
        except (NeverLeft, LostAnswer) as error:
            finding = Unanswered(detail=str(error))
        return await self.finding(record, finding)

    def _tell(self, old: State, record: Record) -> None:
        """One log line and one count per outcome."""
        new = record.state
        if new.status == old.status and bool(new.final_at) == bool(old.final_at):
            return
        if new.status != old.status:
            self._metrics.add(
                "gateway_messages_total", provider=old.provider, status=str(new.status), reason=new.reason
            )
        log.info(
            "message",
            message_id=f"msg_{record.id}",
            client=new.client,
            provider=old.provider,
            status=new.status,
            reason=new.reason or None,
            provider_code=new.reason_code or None,
            final=bool(new.final_at),
        )


def _apply_receipt(generation: int, word: Receipt, state: State, now: int, policy: Policy) -> Change | None:
    return lifecycle.receipt(state, generation, word, now, policy)
