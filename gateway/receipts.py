"""Receipts from vendors: parsed once, applied to their message, kept where they match none."""

from __future__ import annotations

import structlog

from gateway import faults
from gateway.metrics import Metrics
from gateway.model.ids import parse_reference
from gateway.model.receipt import Receipt
from gateway.provider import Callback, Provider
from gateway.recording import Recorder
from gateway.store.orphans import Orphans

log = structlog.get_logger()


class Receipts:
    """Takes in what vendors push. A receipt is durable when `take_in` returns."""

    def __init__(self, recorder: Recorder, orphans: Orphans, metrics: Metrics) -> None:
        self._recorder = recorder
        self._orphans = orphans
        self._metrics = metrics

    async def take_in(self, provider: Provider, callback: Callback) -> int:
        """How many receipts the callback held. Raises `UnreadableCallback`, or `StoreUnavailable`: then the
        vendor is to send it again, and what was applied already is not applied twice."""
        words = provider.receipts(callback)
        await faults.point("receipt.before")
        for word in words:
            matched = await self._apply(provider, word)
            if not matched:
                await self._orphans.keep(provider.account, word)
                log.warning("orphan receipt", provider=provider.name, provider_code=word.provider_code)
            self._metrics.add("gateway_receipts_total", provider=provider.name, matched=str(matched).lower())
        await faults.point("receipt.after")
        return len(words)

    async def _apply(self, provider: Provider, word: Receipt) -> bool:
        named = parse_reference(word.reference)
        return named is not None and await self._recorder.receipt(named.id, named.generation, word, provider)
