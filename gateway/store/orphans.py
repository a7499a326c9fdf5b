"""Receipts that match no message: kept, newest first, at most `BOUND` of them."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.model.receipt import Receipt
from gateway.store.messages import Store

BOUND = 10_000
"""Orphans kept. An account shared with another system may push without end; older ones give way."""


class Orphan(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A receipt nobody waited for. It holds no number and no text."""

    account: str
    received_at: int
    """ms since 1970."""
    receipt: Receipt


class Orphans:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, account: str, word: Receipt) -> None:
        """Durable when it returns. The same word again moves to the front instead of standing twice."""
        orphan = Orphan(account=account, received_at=self._store.clock.now(), receipt=word)
        member = f"{account} {word.reference} {word.identity}"
        await self._store.command("{g}", "HSET", "{g}o", member, msgspec.json.encode(orphan))
        await self._store.command("{g}", "ZADD", "{g}t", orphan.received_at, member)
        surplus = await self._store.command("{g}", "ZRANGE", "{g}t", 0, -BOUND - 1)
        if surplus:
            await self._store.command("{g}", "HDEL", "{g}o", *surplus)
            await self._store.command("{g}", "ZREM", "{g}t", *surplus)

    async def newest(self, number: int, before: int | None = None) -> list[Orphan]:
        """Up to `number`, newest first, received before `before` (ms)."""
        top = f"({before}" if before is not None else "+inf"
        members: list[Any] = await self._store.command(
            "{g}", "ZRANGE", "{g}t", top, "-inf", "BYSCORE", "REV", "LIMIT", 0, number
        )
        if not members:
            return []
        rows = await self._store.command("{g}", "HMGET", "{g}o", *members)
        return [msgspec.json.decode(row, type=Orphan) for row in rows if row]
