"""Another code, or another call, for a verification that is pending. Where nothing comes of it, all is as it was."""

from __future__ import annotations

import secrets

import msgspec

from gateway.accepting import Acceptor
from gateway.direct import Direct
from gateway.errors import Code, GatewayError, invalid
from gateway.model import verification
from gateway.model.outcome import Busy, NotSent
from gateway.model.verification import Verification, VerificationStatus
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.cases import Case, Cases, Limiting
from gateway.store.messages import Store
from gateway.verifying import FIRST_LOOK_MS, PREFIX, TRIES_TO_BEGIN, Verifying


class _Repeated(Exception):
    """An equal request began the round."""

    def __init__(self, case: Case[Verification]) -> None:
        super().__init__("begun before")
        self.case = case


class Resending:
    """Every method raises `GatewayError`, or `StoreUnavailable`."""

    def __init__(
        self, store: Store, cases: Cases[Verification], routing: Routing, acceptor: Acceptor, direct: Direct,
        verifying: Verifying,
    ) -> None:  # fmt: skip
        self._store = store
        self._cases = cases
        self._routing = routing
        self._acceptor = acceptor
        self._direct = direct
        self._verifying = verifying

    async def resend(self, client: Client, case: Case[Verification], key: str) -> tuple[Case[Verification], bool]:
        """Another code, or another call; the one before proves nothing any more. `key`: what names the request, "" for
        nothing. And whether it is a repeat. Where nothing comes of it, all is as it was."""
        if case.state.method not in ("sms_code", "call_out"):
            raise invalid("", "This method has nothing to be sent again: the number's owner calls in.")
        request = key or secrets.token_urlsafe(12)
        for _ in range(TRIES_TO_BEGIN):
            case = await self._verifying.look(case)
            try:
                if request in case.state.resends:  # no gate need be passed to know
                    raise _Repeated(case)
                if case.state.method == "call_out":
                    return await self._call_again(case, request), False
                return await self._send_again(client, case, request), False
            except _Repeated as repeated:
                case = await self._verifying.answered(repeated.case.id) or repeated.case
            if request in case.state.resends:  # else nothing came of it, and all is as it was
                return await self._verifying.resume(client, case), True
        raise GatewayError(Code.NOT_CHANGEABLE, "It is being sent again by others.", message_id=PREFIX + case.id)

    async def _send_again(self, client: Client, case: Case[Verification], request: str) -> Case[Verification]:
        begun, before = await self._next_round(case, request, await self._acceptor.new_id(client))
        try:
            await self._verifying.send_code(client, begun)
        except GatewayError:
            await self._undo(begun, before, request)
            raise
        await self._verifying.withdraw(begun.state.replaced)
        return begun

    async def _call_again(self, case: Case[Verification], request: str) -> Case[Verification]:
        provider = self._routing.providers.get(case.state.provider)
        if provider is None:
            detail = "The provider that called is not configured any more: begin another verification."
            raise GatewayError(Code.PROVIDER_UNAVAILABLE, detail, retry_after=60)
        opened: list[tuple[Case[Verification], Verification]] = []

        async def intent() -> None:
            opened.append(await self._next_round(case, request, ""))
            await self._verifying.wait(provider, case.id, opened[0][0].state)

        built = provider.call_request(
            verification.call_of(case.state), verification.reference(case.id, case.state.round + 1)
        )
        outcome = await self._direct.send(provider, built, intent)
        begun, before = opened[0]
        if isinstance(outcome, NotSent | Busy):
            await self._undo(begun, before, request)
        return await self._verifying.settled(provider, begun, outcome)

    async def _next_round(
        self, case: Case[Verification], request: str, message: str
    ) -> tuple[Case[Verification], Verification]:
        """And the state that it was begun from. Raises _Repeated where the request began one already."""
        now, wanted, stamp = self._store.clock.now(), case.state.round, secrets.token_urlsafe(9)
        known = False
        before: Verification | None = None

        def rule(state: Verification) -> Verification | None:
            nonlocal known, before
            if state.stamp == stamp:
                return None  # ours: the answer to an earlier try of the same change was lost
            # Another round that began meanwhile is somebody else's resend: two at once are one too many.
            known = request in state.resends
            fits = state.round == wanted and not known
            new = verification.again(state, request, message, now, stamp) if fits else None
            before = state if new else None
            return new and msgspec.structs.replace(new, due=now + FIRST_LOOK_MS if message else new.expires_at)

        try:
            case = await self._cases.change(case, rule, self._verifying.limit_of(case.state), f"{case.id}.{request}")
        except Limiting as error:
            raise self._verifying.limited_for(error.retry_ms) from None
        if known:
            raise _Repeated(case)
        if before is None:
            why = "being sent again" if case.state.status is VerificationStatus.PENDING else str(case.state.status)
            detail = f"It is {why} already; begin another verification where one is needed."
            raise GatewayError(Code.NOT_CHANGEABLE, detail, message_id=PREFIX + case.id)
        return case, before

    async def _undo(self, begun: Case[Verification], before: Verification, request: str) -> None:
        now = self._store.clock.now()
        await self._cases.change(begun, lambda state: verification.undone(state, before, now))
        await self._cases.forgive(begun.id, self._verifying.limit_of(before), f"{begun.id}.{request}")
