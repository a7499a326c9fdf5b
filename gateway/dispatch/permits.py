"""Permission to send a request to a vendor at a given moment: its rate, kept by all processes together."""

from __future__ import annotations

import asyncio
import math
import time

from gateway.provider import Provider
from gateway.store.messages import Store

LATE = 0.02
"""Seconds after which a granted start time is void: used late it would meet those of others."""


class Permits:
    """Start times come from the store, so that replicas share one rate (`rate_group`: providers too)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ask(self, provider: Provider, number: int) -> list[float]:
        """Up to `number` start times on the clock of `time.monotonic`; none where the next lies too far ahead."""
        settings = provider.settings
        starts = await self._store.grant(settings.rate_group or provider.name, settings.rate, number)
        # Counted from the answer: from the question they would be early by a slow Redis's delay.
        answered_at = time.monotonic()
        return [answered_at + start for start in starts]

    async def wait(self, provider: Provider, start: float | None = None) -> None:
        """Returns at the granted moment; asks for another where it has passed, or none was given."""
        while True:
            late = math.inf if start is None else time.monotonic() - start
            if 0 <= late <= LATE:
                return
            if late < 0:
                await asyncio.sleep(-late)
                continue
            granted = await self.ask(provider, 1)
            start = granted[0] if granted else None
            if start is None:
                await asyncio.sleep(LATE)
