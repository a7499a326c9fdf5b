"""What proves a number, or does not: codes that are tried, and vendors' words about calls."""

from __future__ import annotations

import secrets

from gateway.errors import Code, GatewayError, invalid
from gateway.model import codes, verification
from gateway.model.verification import Verdict, Verification
from gateway.model.voice import Proof
from gateway.provider import Provider
from gateway.routing import Routing
from gateway.store.cases import Case, Cases
from gateway.store.code_key import CodeKey
from gateway.store.messages import Store
from gateway.store.waiting import Waiting
from gateway.verifying import Verifying


class Proving:
    """Every method raises `StoreUnavailable`."""

    def __init__(
        self, store: Store, cases: Cases[Verification], waiting: Waiting, key: CodeKey, routing: Routing,
        verifying: Verifying,
    ) -> None:  # fmt: skip
        self._store = store
        self._cases = cases
        self._waiting = waiting
        self._key = key
        self._routing = routing
        self._verifying = verifying

    async def check(self, case: Case[Verification], code: str, key: str) -> tuple[Verdict, bool]:
        """What is said of a code, and whether that was said to the same request before; `key` names it, "" is
        nothing. Raises `verification_not_ready`."""
        if case.state.method in ("call_in", "owner"):
            raise invalid("", "This method has no code: the number's owner calls in.")
        case = await self._verifying.look(case)
        secret = await self._key.read()
        request = key or secrets.token_urlsafe(12)
        said, now = codes.plain(code), self._store.clock.now()
        tried = codes.digest(secret, case.id, said)
        repeated = any(known.request == request for known in (*case.state.past, *case.state.tries))
        verdicts: list[Verdict] = []

        def rule(state: Verification) -> Verification | None:
            if state.method == "sms_code":
                right = codes.same(
                    codes.make(secret, case.id, state.round, state.length).encode(), said.encode("utf-8", "replace")
                )
            else:
                right = codes.same(state.code, tried)
            verdict, new = verification.judged(state, request, tried, right, now)
            verdicts[:] = [verdict]
            return None if new is state else new

        await self._verifying.change(case, rule)
        if verdicts[0] == "other_code":
            detail = "This Idempotency-Key was used with another code; use a new key."
            raise GatewayError(Code.IDEMPOTENCY_KEY_REUSED, detail)
        if verdicts[0] == "not_ready":
            raise GatewayError(
                Code.VERIFICATION_NOT_READY,
                "The vendor has not told the code of its call yet; try again in a moment. No try was used.",
            )
        return verdicts[0], repeated

    async def prove(self, provider: Provider, proof: Proof) -> bool:
        """Takes a vendor's word; False where it is about no verification that waits for it."""
        await self._store.know_time()
        named = verification.parse_reference(proof.reference)
        round_ = named[1] if named else None
        if named:
            ids = [named[0]]
        elif proof.number and not proof.reference:  # what has another's name is about another's call
            ids = await self._waiting.names(provider.account, verification.topic(proof.method, proof.number))
        else:
            return False
        found = [case for id_ in reversed(ids) if (case := await self._of(provider, id_))]  # the newest first
        fits = [case for case in found if _about(proof, case.state, named=named is not None)]
        if not fits:
            return False
        now, key = self._store.clock.now(), await self._key.read()
        told = [codes.digest(key, case.id, codes.plain(proof.code)) for case in fits]
        repeated = (case for case, code in zip(fits, told, strict=True) if codes.same(case.state.code, code))
        waits = (case for case in fits if not case.state.final_at)
        case = next(repeated, None) or next(waits, fits[0])
        code = told[fits.index(case)]

        def rule(state: Verification) -> Verification | None:
            if proof.method == "call_in":
                return verification.called_in(state, now)
            return verification.told(state, round_, code, now)

        await self._verifying.change(case, rule)
        return True

    async def knows(self, provider: Provider, reference: str) -> bool:
        """Whether a vendor's reference names a verification that it was asked for."""
        named = verification.parse_reference(reference)
        return named is not None and await self._of(provider, named[0]) is not None

    async def _of(self, provider: Provider, id_: str) -> Case[Verification] | None:
        case = await self._cases.read(id_)
        asked = self._routing.providers.get(case.state.provider) if case else None
        same = asked is None or (asked.type, asked.account) == (provider.type, provider.account)
        return case if same else None


def _about(proof: Proof, state: Verification, *, named: bool) -> bool:
    """Whether a word that names it, or its number, is about this verification."""
    if proof.method != state.method or proof.number not in ("", state.number):
        return False
    return named or proof.texted in (None, bool(state.text))
