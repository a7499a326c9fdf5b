"""Recording facts: reads a message, asks the lifecycle what follows, writes it; again where another was faster.

Everything that changes a message after its acceptance passes through here, whoever learned the fact.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
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
from gateway.model.outcome import Finding, Kept, Known, SendOutcome, Unanswered, Unknown
from gateway.model.policy import Policy
from gateway.model.receipt import Receipt
from gateway.provider import Provider, VendorAnswer, VendorRequest
from gateway.routing import Routing
from gateway.store.messages import Store
from gateway.transport import Transport

log = structlog.get_logger()

Rule = Callable[[State, int, Policy], Change | None]
Turn = Callable[[], Awaitable[bool]]
"""Returns when a question to the vendor fits into its rate; False where none does in time."""
MAX_CONFLICTS = 100
"""Others changed the same message that many times between our reading and writing: something is broken."""


class Recorder:
    """`settle`, `receipt`, `finding` are evidence and safe to repeat; what is known already changes nothing."""

    def __init__(self, store: Store, routing: Routing, metrics: Metrics) -> None:
        self._store = store
        self._routing = routing
        self._metrics = metrics

    async def change(self, record: Record, rule: Rule, rewrite: Callable[[Content], Content] | None = None) -> Record:
        """Applies `rule` to the message as it is now, and with it `rewrite` to its content where given; the record
        afterwards (unchanged where the rule says None)."""
        for conflict in range(MAX_CONFLICTS):
            policy = self._routing.policy(record.state, record.content)
            change = rule(record.state, self._store.clock.now(), policy)
            if change is None:
                return record
            applied = await self._store.apply(record, change, rewrite(record.content) if rewrite else None)
            if applied is not None:
                self._tell(record.state, applied)
                return applied
            if conflict > 2:  # many at once: those who wait a little are fewer
                await asyncio.sleep(random.uniform(0, 0.002) * conflict)  # noqa: S311  # spreads, hides nothing
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

    async def cancel(self, record: Record, claim: str = "", rule: Rule | None = None) -> Record | None:
        """Canceled by the rule, `lifecycle.cancel` where none is given; None: the rule does not allow it. `claim` is
        noted with it: the repeat of this very cancel is known by it."""
        # Without a mark of its own, of two cancels within a millisecond each would believe to have made the change.
        claim = claim or f"~{secrets.token_urlsafe(6)}"
        canceled: list[bool] = []

        def noting(state: State, now: int, policy: Policy) -> Change | None:
            change = rule(state, now, policy) if rule else lifecycle.cancel(state, now)
            canceled[:] = [change is not None]
            if change is None:
                return None
            noted = msgspec.structs.replace(change.state, claims=f"{change.state.claims}{claim} ")
            return change._replace(state=noted)

        record = await self.change(record, noting)
        # A message that is there no more was canceled by nobody.
        return record if canceled[0] and f"{claim} " in record.state.claims else None

    async def watch(self, record: Record) -> Record:
        """From now on the vendor's answer is announced."""

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            if state.watched or state.answered_at:
                return None
            return Change(msgspec.structs.replace(state, watched=True), None)

        return await self.change(record, rule)

    async def erase(self, record: Record) -> Record:
        """Blanks what a final message says of people: text, in whatever form, subject, number, metadata."""

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            return Change(state, None)

        def blank(content: Content) -> Content:
            return msgspec.structs.replace(
                content, to="", text="", subject=None, metadata=None, options=None, hidden=None
            )

        return await self.change(record, rule, blank)

    async def receipt(self, id_: str, generation: int, word: Receipt, source: Provider) -> bool:
        """Applies one word from a vendor; False where there is no such message (any more), or it was never
        given to the account this word comes from."""
        record = await self._store.read(id_)
        if record is None or not self._routing.carried(record, source):
            return False
        await self.change(record, partial(_apply_receipt, generation, word))
        return True

    async def finding(self, record: Record, finding: Finding, asked_at: int | None = None) -> Record:
        """What a vendor said when asked, at that time (ms since 1970; None: now), about the message's current
        reference."""
        generation = record.state.generation
        # That it lists nothing counts as of the question: it may have come to know it since.
        asked = asked_at if isinstance(finding, Unknown) else None
        record = await self.change(
            record, lambda state, now, policy: lifecycle.found(state, finding, asked or now, policy)
        )
        for word in finding.receipts if isinstance(finding, Known) else ():
            record = await self.change(record, partial(_apply_receipt, generation, word))
        return record

    async def inquire(self, transport: Transport, record: Record, turn: Turn) -> Record:
        """Asks the vendor about a message and records what it says; unchanged where it cannot be asked. `turn` is
        waited for before each request."""
        asked_at = self._store.clock.now()
        finding = await self.find(transport, record, turn)
        return await self.finding(record, finding, asked_at) if finding else record

    async def find(self, transport: Transport, record: Record, turn: Turn) -> Finding | None:
        """What the vendor says of a message: whether it keeps it, where it may; if not, whether it has sent it. None:
        it cannot be asked."""
        kept = await self.find_kept(transport, record, turn)
        if isinstance(kept, Kept | Known):
            return kept
        sent = await self.find_sent(transport, record, turn)
        if kept is None or isinstance(sent, Known):
            return sent
        if self._store.clock.now() < record.state.send_at:
            return kept
        # Its time has come: that it does not keep it any more says nothing, unless it has not sent it either.
        past = isinstance(kept, Unanswered) and kept.past
        return sent or Unanswered(detail="it was not asked") if past or isinstance(kept, Unknown) else kept

    async def find_sent(self, transport: Transport, record: Record, turn: Turn) -> Finding | None:
        """What the vendor has sent under the message's reference, as it says. None: it cannot be asked."""
        provider = self._routing.providers.get(record.state.provider)
        if provider is None:
            return None
        named = reference(record.id, record.state.generation)
        request = provider.query_request(named)
        return await self._ask(transport, provider, request, provider.query_outcome, named, turn)

    async def find_kept(self, transport: Transport, record: Record, turn: Turn) -> Finding | None:
        """Whether the vendor keeps the message, as it says. None: it is none to be kept, or it cannot be asked."""
        provider = self._routing.providers.get(record.state.provider)
        if provider is None or not record.state.handover or not record.state.reserved:
            return None
        named = reference(record.id, record.state.generation)
        request = provider.reservation_request(record.content, named)
        return await self._ask(transport, provider, request, provider.reservation_outcome, named, turn)

    async def _ask(
        self,
        transport: Transport,
        provider: Provider,
        request: VendorRequest | None,
        read: Callable[[VendorAnswer, str], Finding],
        named: str,
        turn: Turn,
    ) -> Finding | None:
        """None: it cannot be asked, or not now."""
        if request is None or not await turn():
            return None
        try:
            return read(await transport.exchange(provider, request), named)
        except (NeverLeft, LostAnswer) as error:
            return Unanswered(detail=str(error))

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
