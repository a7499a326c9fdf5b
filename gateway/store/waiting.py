"""Who waits for a vendor's word, by what the word can be told apart by: the account, and a topic of it.

Keys, in one slot for each account:
    {w:<account>}:<topic>      names by the ms until which they wait
    {w:<account>}:<topic>:l    the last one let in, where that is limited
    {w:<account>}:n:<word>     whom a word of the vendor's has named
<account> and <topic> are digests.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from gateway.store.scripts import JOIN
from gateway.store.session import Session


class Taken(NamedTuple):
    """Another waits, and only one may."""

    by: str


class TooSoon(NamedTuple):
    """Another was let in just now."""

    retry_ms: int


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


class Waiting:
    """Every method raises `StoreUnavailable`."""

    def __init__(self, store: Session) -> None:
        self._store = store

    async def join(
        self, account: str, topic: str, name: str, until: int, *, alone: bool = False, gap_ms: int = 0
    ) -> Taken | TooSoon | None:
        """`name` waits until then (ms since 1970). None: it does now, or did already. Raises `StoreFull`."""
        key = self._key(account, topic)
        verb, *rest = await self._store.shared(
            (key, f"{key}:l"), JOIN, self._store.clock.offset_ms, name, until, int(alone), gap_ms
        )
        if verb == b"taken":
            return Taken(rest[0].decode())
        return TooSoon(max(1, int(rest[0]))) if verb == b"limited" else None

    async def leave(self, account: str, topic: str, name: str, *, as_if_never: bool = False) -> None:
        """`as_if_never`: the next one need not keep its distance."""
        key = self._key(account, topic)
        await self._store.must(key, "ZREM", key, name)
        if as_if_never and await self._store.command(key, "GET", f"{key}:l") == name.encode():
            await self._store.must(key, "DEL", f"{key}:l")

    async def names(self, account: str, topic: str) -> list[str]:
        """Who waits now, in the order of their names: ids sort by their creation."""
        key = self._key(account, topic)
        now = self._store.clock.now()
        return sorted(
            each.decode() for each in await self._store.command(key, "ZRANGE", key, f"({now}", "+inf", "BYSCORE")
        )

    async def settle(self, account: str, word: str, name: str, lasts_ms: int) -> str:
        """Whom the word names: `name`, or who was settled on before."""
        key = f"{{w:{_digest(account)}}}:n:{_digest(word)}"
        known: bytes | None = await self._store.must(key, "SET", key, name, "NX", "GET", "PX", lasts_ms)
        return known.decode() if known else name

    async def unsettle(self, account: str, word: str) -> None:
        key = f"{{w:{_digest(account)}}}:n:{_digest(word)}"
        await self._store.must(key, "DEL", key)

    async def settled(self, account: str, word: str) -> str | None:
        key = f"{{w:{_digest(account)}}}:n:{_digest(word)}"
        known: bytes | None = await self._store.command(key, "GET", key)
        return known.decode() if known else None

    def _key(self, account: str, topic: str) -> str:
        return f"{{w:{_digest(account)}}}:{_digest(topic)}"
