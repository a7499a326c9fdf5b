"""Receipts that match nothing: kept, newest first, at most `BOUND` of them.

Keys:
    {g}s    how many places were given
    {g}t    <account> <reference> <identity> by place
    {g}o    hash: the same -> the orphan (JSON)
    {g}r    those that may match something later, by the ms when they came last
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from gateway.model.receipt import Push, Receipt
from gateway.store.messages import Store

BOUND = 10_000
"""Orphans kept. An account shared with another system may push without end; older ones give way."""

About = Literal["message", "verification", "activation"]


class Orphan(msgspec.Struct, frozen=True, array_like=True):
    """A receipt nobody waited for."""

    account: str
    received_at: int
    """ms since 1970."""
    receipt: Receipt
    """Without number, text and code."""
    type: str = ""
    """Of the provider it came by; "" where it was kept before that was noted."""
    about: About = "message"
    push: Push | None = None
    """What it stood in; None where it was kept before that was kept."""


class Kept(NamedTuple):
    """An orphan as the store holds it."""

    place: int
    """Higher is newer. 0 where nobody asked for it."""
    member: str
    orphan: Orphan


class Orphans:
    """Every method raises `StoreUnavailable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def now(self) -> int:
        """ms since 1970."""
        await self._store.know_time()
        return self._store.clock.now()

    async def keep(
        self,
        account: str,
        word: Receipt,
        *,
        type: str = "",
        about: About = "message",
        push: Push | None = None,
        hopeful: bool = False,
    ) -> None:
        """Durable when it returns. The same word again stands where it stood, with its latest time. `hopeful`: it may
        match something later."""
        now = await self.now()
        orphan = Orphan(account, now, word, type, about, push)
        member = f"{account} {word.reference} {word.identity}"
        place = await self._store.must("{g}", "INCR", "{g}s")
        await self._store.must("{g}", "ZADD", "{g}t", "NX", place, member)
        await self._store.must("{g}", "HSET", "{g}o", member, msgspec.json.encode(orphan))
        # Whoever dropped it meanwhile has left a row that nothing would ever lead to.
        await self._store.must("{g}", "ZADD", "{g}t", "NX", place, member)
        if hopeful:
            await self._store.must("{g}", "ZADD", "{g}r", now, member)
        surplus = await self._store.command("{g}", "ZRANGE", "{g}t", 0, -BOUND - 1)
        if surplus:
            await self.drop(surplus)

    async def drop(self, members: Sequence[str | bytes]) -> None:
        """They are orphans no more; at least one."""
        await self._store.must("{g}", "ZREM", "{g}r", *members)
        await self._store.must("{g}", "ZREM", "{g}t", *members)
        await self._store.must("{g}", "HDEL", "{g}o", *members)

    async def newest(self, number: int, before: int | None = None) -> list[Kept]:
        """Up to `number`, newest first, all before the place `before`."""
        top = f"({before}" if before is not None else "+inf"
        flat: list[bytes] = await self._store.command(
            "{g}", "ZRANGE", "{g}t", top, "-inf", "BYSCORE", "REV", "LIMIT", 0, number, "WITHSCORES"
        )
        return await self._rows(flat[::2], [int(place) for place in flat[1::2]])

    async def hopeful(self, skip: int, number: int, since: int) -> list[Kept]:
        """Up to `number` of those that may match something later, newest first: of those that came at or after
        `since` (ms since 1970), without the first `skip`."""
        members: list[bytes] = await self._store.command(
            "{g}", "ZRANGE", "{g}r", "+inf", since, "BYSCORE", "REV", "LIMIT", skip, number
        )
        found = await self._rows(members, [0] * len(members))
        if len(found) < len(members):  # dropped while they were kept
            await self.drop(list({member.decode() for member in members} - {each.member for each in found}))
        return found

    async def _rows(self, members: list[bytes], places: list[int]) -> list[Kept]:
        if not members:
            return []
        rows: list[bytes | None] = await self._store.command("{g}", "HMGET", "{g}o", *members)
        return [
            Kept(place, member.decode(), msgspec.json.decode(row, type=Orphan))
            for place, member, row in zip(places, members, rows, strict=True)
            if row
        ]
