"""Receipts that match no message: kept, newest first, at most `BOUND` of them."""

from __future__ import annotations

import msgspec

from gateway.model.receipt import Receipt
from gateway.store.messages import Store

BOUND = 10_000
"""Orphans kept. An account shared with another system may push without end; older ones give way."""


class Orphan(msgspec.Struct, frozen=True, array_like=True):
    """A receipt nobody waited for. It holds no number and no text."""

    account: str
    received_at: int
    """ms since 1970."""
    receipt: Receipt


class Orphans:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, account: str, word: Receipt) -> None:
        """Durable when it returns. The same word again stands where it stood, with its latest time."""
        await self._store.know_time()
        orphan = Orphan(account, self._store.clock.now(), word)
        member = f"{account} {word.reference} {word.identity}"
        place = await self._store.must("{g}", "INCR", "{g}s")
        await self._store.must("{g}", "ZADD", "{g}t", "NX", place, member)
        await self._store.must("{g}", "HSET", "{g}o", member, msgspec.json.encode(orphan))
        surplus = await self._store.command("{g}", "ZRANGE", "{g}t", 0, -BOUND - 1)
        if surplus:
            await self._store.must("{g}", "ZREM", "{g}t", *surplus)
            await self._store.must("{g}", "HDEL", "{g}o", *surplus)

    async def newest(self, number: int, before: int | None = None) -> list[tuple[int, Orphan]]:
        """Up to `number` with their places, newest first, all before the place `before`."""
        top = f"({before}" if before is not None else "+inf"
        flat: list[bytes] = await self._store.command(
            "{g}", "ZRANGE", "{g}t", top, "-inf", "BYSCORE", "REV", "LIMIT", 0, number, "WITHSCORES"
        )
        members, places = flat[::2], flat[1::2]
        if not members:
            return []
        rows = await self._store.command("{g}", "HMGET", "{g}o", *members)
        return [
            (int(place), msgspec.json.decode(row, type=Orphan)) for place, row in zip(places, rows, strict=True) if row
        ]
