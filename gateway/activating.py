"""Setting rules off: once, at the vendor, while the caller waits; and matching what the vendor then calls it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

import structlog

from gateway.accepting import Acceptor, conflict, limited
from gateway.asking import unavailable
from gateway.direct import Direct
from gateway.metrics import Metrics
from gateway.model import activation
from gateway.model.activation import Activation
from gateway.model.ids import created_ms
from gateway.model.outcome import Accepted, Busy, NotSent, Refused
from gateway.model.voice import Notice
from gateway.provider import Provider
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.cases import LOOK_EVERY, Case, Cases, Known
from gateway.store.messages import AcceptResult, Claims, Conflict, Replay, Store
from gateway.store.waiting import TooSoon, Waiting

log = structlog.get_logger()

PREFIX = "act_"
APART_MS = 1_000
"""Between two activations of one rule: the vendor's names for them tell seconds."""
ANSWER_MS = 10_000
"""Beside the provider's timeout, until an activation whose process is gone counts as unanswered."""
NAMED_MS = 86_400_000
"""For so long a repeat of the vendor's notification is known as one."""


class Activating:
    """Every method raises `GatewayError`, or `StoreUnavailable`."""

    def __init__(
        self, store: Store, cases: Cases[Activation], waiting: Waiting, routing: Routing, acceptor: Acceptor,
        direct: Direct, metrics: Metrics,
    ) -> None:  # fmt: skip
        self._store = store
        self._cases = cases
        self._waiting = waiting
        self._routing = routing
        self._acceptor = acceptor
        self._direct = direct
        self._metrics = metrics

    async def known(self, client: Client, claims: Claims) -> tuple[Case[Activation], Literal[True]] | None:
        """What an equal request made, if there was one: looked up before everything else. Raises
        `duplicate_client_tag`, `idempotency_key_reused`."""
        await self._store.know_time()
        seen = await self._cases.seen(await self._store.lane(client.name), claims)
        return await self._told(seen) if seen else None

    async def fire(
        self, client: Client, provider: Provider, rule: str, tag: str, claims: Claims
    ) -> tuple[Case[Activation], bool]:
        """Sets the rule off; and whether an equal request did so meanwhile. Returns once the vendor answered, or its
        timeout passed."""
        id_ = await self._acceptor.new_id(client)
        now = created_ms(id_)
        state = Activation(
            client=client.name,
            provider=provider.name,
            rule=rule,
            created_at=now,
            updated_at=now,
            due=now + int(provider.settings.timeout * 1000) + ANSWER_MS,
            claims=claims.names,
            tag=tag,
        )

        async def intent() -> None:
            case = await self._cases.begin(id_, state, claims)
            until = self._store.clock.now() + activation.WAITS_MS
            entered = await self._waiting.join(provider.account, rule, id_, until, gap_ms=APART_MS)
            if isinstance(entered, TooSoon):
                await self._cases.drop(case)
                detail = "A rule is set off once in a second, at most."
                raise limited("activations", 1, APART_MS, entered.retry_ms, detail)

        try:
            outcome = await self._direct.send(provider, provider.activation_request(rule), intent)
        except Known as known:
            return await self._told(known.found) or await self.fire(client, provider, rule, tag, claims)
        case = await self._cases.read(id_)
        assert case is not None
        now = self._store.clock.now()
        if isinstance(outcome, NotSent | Busy):
            await self._cases.drop(case)
            await self._waiting.leave(provider.account, rule, id_, as_if_never=True)
            why = "cannot be reached" if isinstance(outcome, NotSent) else "takes no more requests now"
            raise unavailable(provider, f"The vendor {why}.", 5)
        if isinstance(outcome, Accepted):
            return await self._change(case, lambda current: activation.answered(current, now)), False
        if isinstance(outcome, Refused):
            reason, code = str(outcome.reason), outcome.provider_code
            await self._waiting.leave(provider.account, rule, id_)
            return await self._change(case, lambda current: activation.refused(current, reason, code, now)), False
        return await self._change(case, lambda current: activation.lost(current, now)), False

    async def _told(self, found: AcceptResult) -> tuple[Case[Activation], Literal[True]] | None:
        """What the claims name, once the vendor answered or its time to do so has passed; None where nothing came of
        it after all."""
        if isinstance(found, Conflict):
            raise conflict(found, PREFIX)
        assert isinstance(found, Replay)
        while True:
            case = await self._cases.read(found.id)
            if case is None or case.state.settled or self._store.clock.now() >= case.state.due - ANSWER_MS:
                return (case, True) if case else None
            await asyncio.sleep(LOOK_EVERY)

    async def read(self, id_: str) -> Case[Activation] | None:
        return await self._cases.read(id_)

    async def of(self, provider: Provider, activation_id: str) -> Case[Activation] | None:
        """The one that the vendor named so; None where it named none of ours, or long ago."""
        known = await self._waiting.settled(provider.account, activation_id)
        case = await self._cases.read(known) if known else None
        return case if case and case.state.activation_id == activation_id else None

    async def wake(self, id_: str, raw: bytes) -> None:
        """Its time to be looked at has come."""
        await self._store.know_time()
        now = self._store.clock.now()
        await self._change(self._cases.case(id_, raw), lambda state: activation.timed(state, now))

    async def notified(self, provider: Provider, notice: Notice) -> bool:
        """The vendor named an activation: the oldest of its rule that waits for a name. False where none does, or more
        than one rule comes into question."""
        await self._store.know_time()
        word, account = notice.activation_id, provider.account
        if known := await self._waiting.settled(account, word):
            return await self._name(known, word)
        for rule, id_ in await self._candidates(provider, notice):
            settled = await self._waiting.settle(account, word, id_, NAMED_MS)
            if await self._name(settled, word):
                await self._waiting.leave(account, rule, id_)
                return True
            await self._waiting.leave(account, rule, id_)
            await self._waiting.unsettle(account, word)
        return False

    async def _candidates(self, provider: Provider, notice: Notice) -> list[tuple[str, str]]:
        """Rules and what waits of them, oldest first."""
        rules = {
            name: rule
            for each in self._routing.providers.values()
            if (each.type, each.account) == (provider.type, provider.account)
            for name, rule in each.rules.items()
        }
        meant = [
            name
            for name, rule in rules.items()
            if rule.id
            and (rule.id == notice.rule_id or (not notice.rule_id and notice.activation_id.startswith(rule.id)))
        ]
        # A rule whose id is configured is not meant by a notification that names another.
        names = meant or [name for name, rule in rules.items() if not rule.id]
        found = [(rule, id_) for rule in names for id_ in await self._waiting.names(provider.account, rule)]
        if not meant and len(found) > 1:
            return []
        return sorted(found, key=lambda each: each[1])

    async def _name(self, id_: str, activation_id: str) -> bool:
        case = await self._cases.read(id_)
        if case is None:
            return False
        now = self._store.clock.now()
        case = await self._change(case, lambda state: activation.named(state, activation_id, now))
        return case.state.activation_id == activation_id

    async def _change(
        self, case: Case[Activation], rule: Callable[[Activation], Activation | None]
    ) -> Case[Activation]:
        """With a count and a line in the log where its status is news."""
        changed = await self._cases.change(case, rule)
        if event(case.state, changed.state):
            new = changed.state
            self._metrics.add("gateway_activations_total", provider=new.provider, rule=new.rule, status=str(new.status))
            log.info(
                "activation",
                activation_id=PREFIX + changed.id,
                client=changed.state.client,
                provider=changed.state.provider,
                rule=changed.state.rule,
                status=str(changed.state.status),
                reason=changed.state.reason or None,
            )
        return changed


def event(old: Activation, new: Activation) -> str:
    """The type of the event that a change is, "" for none."""
    news = new.status != old.status or (new.settled and not old.settled)
    return f"activation.{new.status}" if news else ""
