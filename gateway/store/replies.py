"""Answers kept under an `Idempotency-Key`, for requests that leave no record of their own behind.

Keys, in the client's lane:
    Li:<claim>    hash of what was asked (16 bytes), HTTP status (3 digits), body; <claim> is a digest of path and key

A failure is not kept. Two equal requests at once are both carried out, and both answered what the first to end keeps:
this is for what does no harm when it is done twice.
"""

from __future__ import annotations

import msgspec

from gateway.store.messages import Claims
from gateway.store.session import Session

_HASH, _STATUS = 16, 3


class Reply(msgspec.Struct, frozen=True):
    """What was answered first. `replayed`: to an earlier request, not to this one."""

    status: int
    body: bytes
    replayed: bool


class OtherContent(msgspec.Struct, frozen=True):
    """The key was used for something else."""


class Replies:
    """Every method raises `StoreUnavailable`. Of `claims` only the key and the content count."""

    def __init__(self, store: Session, lasts: int) -> None:
        """`lasts`: ms a reply is kept."""
        self._store = store
        self._lasts = lasts

    async def find(self, client: str, claims: Claims) -> Reply | OtherContent | None:
        lane = await self._store.known_lane(client) if claims.key else None
        if lane is None:
            return None
        kept = await self._store.in_lane(lane, "GET", f"{{{lane}}}i:{claims.key}")
        return _read(kept, claims) if kept else None

    async def keep(self, client: str, claims: Claims, status: int, body: bytes) -> Reply | OtherContent:
        """The answer to give: this one, or that of an equal request that was faster."""
        if not claims.key:
            return Reply(status, body, replayed=False)
        lane = await self._store.lane(client)
        value = claims.content + b"%03d" % status + body
        key = f"{{{lane}}}i:{claims.key}"
        kept = await self._store.must(key, "SET", key, value, "NX", "GET", "PX", self._lasts)
        # Asked again after a lost answer, Redis tells what we wrote ourselves.
        return Reply(status, body, replayed=False) if kept in (None, value) else _read(kept, claims)


def _read(kept: bytes, claims: Claims) -> Reply | OtherContent:
    if kept[:_HASH] != claims.content:
        return OtherContent()
    body = kept[_HASH + _STATUS :]
    return Reply(int(kept[_HASH : _HASH + _STATUS]), body, replayed=True)
