"""The key that one-time codes are made with: the configured one, or one that the store keeps.

Key:
    {g}y    32 random bytes
"""

from __future__ import annotations

import secrets

from gateway.model.values import Secret
from gateway.store.session import Session

KEY = "{g}y"


class CodeKey:
    """Asked for each time: what a process remembered would not be what others find after the store was emptied."""

    def __init__(self, store: Session, configured: Secret | None) -> None:
        self._store = store
        self._configured = configured

    async def read(self) -> bytes:
        """Raises `StoreUnavailable`."""
        if self._configured is not None:
            return self._configured.reveal().encode()
        known: bytes | None = await self._store.command(KEY, "GET", KEY)
        if known is None:
            drawn = secrets.token_bytes(32)
            known = await self._store.must(KEY, "SET", KEY, drawn, "NX", "GET") or drawn
        return known
