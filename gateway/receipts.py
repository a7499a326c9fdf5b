"""What vendors push: parsed once, applied to the message, verification or activation it is about, kept where it
matches none."""

from __future__ import annotations

from hashlib import sha256

import structlog

from gateway import faults
from gateway.activating import Activating
from gateway.metrics import Metrics
from gateway.model.ids import parse_reference
from gateway.model.receipt import Receipt
from gateway.model.voice import Notice, Proof
from gateway.provider import Callback, Provider
from gateway.proving import Proving
from gateway.recording import Recorder
from gateway.store.orphans import Orphans

log = structlog.get_logger()


class Receipts:
    """Takes in what vendors push. What was said is durable when `take_in` returns."""

    def __init__(
        self, recorder: Recorder, proving: Proving, activating: Activating, orphans: Orphans, metrics: Metrics
    ) -> None:
        self._recorder = recorder
        self._proving = proving
        self._activating = activating
        self._orphans = orphans
        self._metrics = metrics

    async def take_in(self, provider: Provider, callback: Callback) -> int:
        """How many words the callback held. Raises `UnreadableCallback`, or `StoreUnavailable`: then the vendor is to
        send it again, and what was applied already is not applied twice."""
        proofs, notices = provider.proofs(callback), provider.notices(callback)
        words = provider.receipts(callback) if provider.capabilities.delivery_reports else ()
        await faults.point("receipt.before")
        for proof in proofs:
            await self._note(provider, _orphan(proof), await self._proving.prove(provider, proof))
        for notice in notices:
            await self._note(provider, _nameless(notice), await self._activating.notified(provider, notice))
        for word in words:
            await self._note(provider, word, await self._apply(provider, word))
        await faults.point("receipt.after")
        return len(proofs) + len(notices) + len(words)

    async def _note(self, provider: Provider, word: Receipt, matched: bool) -> None:
        if not matched:
            await self._orphans.keep(provider.account, word)
            log.warning("orphan receipt", provider=provider.name, provider_code=word.provider_code)
        self._metrics.add("gateway_receipts_total", provider=provider.name, matched=str(matched).lower())

    async def _apply(self, provider: Provider, word: Receipt) -> bool:
        named = parse_reference(word.reference)
        if named is not None:
            return await self._recorder.receipt(named.id, named.generation, word, provider)
        # A text that went with a call may be reported on too: what counts of that is the call.
        return await self._proving.knows(provider, word.reference)


def _orphan(proof: Proof) -> Receipt:
    """Without the number and the code: whom it was about, nobody needs to know any more."""
    told = sha256(f"{proof.method}\n{proof.reference}\n{proof.number}".encode()).hexdigest()[:12]
    return Receipt(reference=proof.reference, identity=told, detail=f"a {proof.method} that nobody waits for")


def _nameless(notice: Notice) -> Receipt:
    return Receipt(reference=notice.activation_id, identity="activation", detail="an activation that nobody waits for")
