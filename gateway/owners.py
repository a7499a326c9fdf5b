"""Whether a number still belongs to whom it belonged: a vendor's answer, kept under the caller's tag or key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import cast

from gateway.accepting import Acceptor, conflict
from gateway.asking import Asker
from gateway.errors import Code, GatewayError
from gateway.model import verification
from gateway.model.ids import created_ms
from gateway.model.verification import Verification
from gateway.provider import Misfit, Owner, Provider, Question
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.cases import LOOK_EVERY, Cases, Known
from gateway.store.messages import AcceptResult, Claims, Conflict, Replay, Store
from gateway.verifying import PREFIX, TRIES_TO_BEGIN

BESIDE_MS = 10_000
"""Beside the provider's timeout, until a question whose process is gone counts as unanswered."""


class Owners:
    """Every method raises `GatewayError`, or `StoreUnavailable`."""

    def __init__(
        self, store: Store, cases: Cases[Verification], routing: Routing, acceptor: Acceptor, asker: Asker
    ) -> None:
        self._store = store
        self._cases = cases
        self._routing = routing
        self._acceptor = acceptor
        self._asker = asker

    async def ask(
        self,
        client: Client,
        number: str,
        since: date,
        provider: str | None,
        tag: str,
        claims: Claims,
        check: Callable[[], None],
    ) -> tuple[Owner, bool]:
        """Whether the number belongs to whom it belonged on that day; and whether that is the answer to an earlier
        request. One without claims leaves nothing behind. `check` refuses what nobody can be asked, but for a repeat:
        that was asked in its time."""
        await self._store.know_time()
        lane = await self._store.lane(client.name)
        for _ in range(TRIES_TO_BEGIN):
            seen = await self._cases.seen(lane, claims)
            if seen is None:
                check()
                found = self._routing.able(client, provider, lambda each: _misfit(each.owner(number, since)))
                question = found.owner(number, since)
                assert isinstance(question, Question)
                if not claims.names:
                    return await self._asker.ask(found, question), False
                try:
                    return await self._once(client, found, question, number, tag, claims), False
                except Known as known:
                    seen = known.found
            if (told := await self._told(seen)) is not None:
                return told, True
        raise GatewayError(Code.NOT_FOUND, "This answer is past its retention.")

    async def _once(
        self, client: Client, provider: Provider, question: Question[Owner], number: str, tag: str, claims: Claims
    ) -> Owner:
        """The answer, asked for under the claims, so that equal requests at once ask but once. Raises Known where
        another does."""
        id_ = await self._acceptor.new_id(client)
        now = created_ms(id_)
        ends = now + int(provider.settings.timeout * 1000) + BESIDE_MS
        state = Verification(
            method="owner", client=client.name, number=number, created_at=now, updated_at=now, expires_at=ends,
            due=ends, claims=claims.names, tag=tag,
        )  # fmt: skip
        case = await self._cases.begin(id_, state, claims)
        try:
            result = await self._asker.ask(provider, question)
        except GatewayError:
            await self._cases.drop(case)
            raise
        at = self._store.clock.now()
        await self._cases.change(case, lambda current: verification.told_owner(current, result, at))
        return result

    async def _told(self, found: AcceptResult) -> Owner | None:
        """What an equal request was answered, once it is; None where it never will be."""
        if isinstance(found, Conflict):
            raise conflict(found, PREFIX)
        assert isinstance(found, Replay)
        while case := await self._cases.read(found.id):
            if case.state.result:
                return cast(Owner, case.state.result)
            if case.state.final_at or self._store.clock.now() >= case.state.expires_at:
                await self._cases.drop(case)  # whoever asked is gone
                return None
            await asyncio.sleep(LOOK_EVERY)
        return None


def _misfit(found: Question[Owner] | Misfit) -> Misfit | None:
    return found if isinstance(found, Misfit) else None
