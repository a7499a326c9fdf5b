"""Whether a number still belongs to whom it belonged: a vendor's answer, kept under the caller's tag or key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import cast

from gateway.accepting import Acceptor, conflict
from gateway.asking import Asker
from gateway.errors import Code, GatewayError
from gateway.model.ids import created_ms
from gateway.model.verification import Verification, VerificationStatus
from gateway.provider import Misfit, Owner, Question
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.cases import Cases
from gateway.store.messages import AcceptResult, Claims, Conflict, Fresh, Replay, Store
from gateway.verifying import PREFIX


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
        lane = await self._store.lane(client.name)
        if seen := await self._cases.seen(lane, claims):
            return await self._told(seen), True
        await self._store.know_time()
        check()
        found = self._routing.able(client, provider, lambda each: _misfit(each.owner(number, since)))
        question = found.owner(number, since)
        assert isinstance(question, Question)
        result = await self._asker.ask(found, question)
        if claims.tag or claims.key:
            id_ = await self._acceptor.new_id(client)
            now = created_ms(id_)
            state = Verification(
                method="owner", client=client.name, number=number, status=VerificationStatus.VERIFIED, created_at=now,
                updated_at=now, expires_at=now, final_at=now, claims=claims.names, tag=tag, result=result,
            )  # fmt: skip
            opened = await self._cases.open(id_, state, claims)
            if not isinstance(opened, Fresh):  # an equal request was faster
                return await self._told(opened), True
        return result, False

    async def _told(self, found: AcceptResult) -> Owner:
        if isinstance(found, Conflict):
            raise conflict(found, PREFIX)
        assert isinstance(found, Replay)
        case = await self._cases.read(found.id)
        if case is None:
            raise GatewayError(Code.NOT_FOUND, "This answer is past its retention.")
        return cast(Owner, case.state.result)


def _misfit(found: Question[Owner] | Misfit) -> Misfit | None:
    return found if isinstance(found, Misfit) else None
