"""Batches in Redis: what was accepted together. Their messages name them; here is only who, when and which."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec

from gateway.errors import StoreFull
from gateway.model.ids import lane_of
from gateway.store.messages import DAY_MS, Retention, Store
from gateway.store.scripts import BATCH, TALLY

LIFE = 5 * DAY_MS
"""ms a batch without messages is kept, beside their retention. A message keeps its batch for as long as itself."""


class Batch(msgspec.Struct, frozen=True):
    """One batch. `ids`: of its messages, in the order they were accepted."""

    id: str
    client: str
    created_at: int
    ids: tuple[str, ...]


class Opened(msgspec.Struct, frozen=True):
    """`known`: an earlier request with the same key and content opened it."""

    id: str
    known: bool


class Reused(msgspec.Struct, frozen=True):
    """The key named a batch of other content."""

    id: str


class Batches:
    """Every method raises `StoreUnavailable`."""

    def __init__(self, store: Store, retention: Retention) -> None:
        self._store = store
        self._retention = retention

    async def open(self, id_: str, client: str, content: bytes, key: str, created_at: int) -> Opened | Reused:
        """`content`: what was asked, hashed; `key`: the name of its idempotency claim, "" for none. Raises `StoreFull`
        where a new one does not fit."""
        try:
            reply = await self._store.script(
                BATCH, lane_of(id_), id_, client, created_at, content, key, self._retention.key,
                self._retention.record + LIFE,
            )  # fmt: skip
        except StoreFull:
            if seen := await self.known(lane_of(id_), content, key):
                return seen
            raise
        if reply[0] == b"key":
            return Reused(reply[1].decode())
        return Opened(reply[1].decode(), known=True) if reply[0] == b"replay" else Opened(id_, known=False)

    async def known(self, lane: str, content: bytes, key: str) -> Opened | Reused | None:
        """The batch that the key names, if any."""
        held: bytes | None = await self._store.in_lane(lane, "GET", f"{{{lane}}}k:{key}") if key else None
        if held is None:
            return None
        id_ = held[:26].decode()
        return Opened(id_, known=True) if held[26:] == content else Reused(id_)

    async def read(self, id_: str) -> Batch | None:
        lane = lane_of(id_)
        if lane not in await self._store.lanes():
            return None  # an id of somebody's making: no lane begins to exist by being asked about
        key = f"{{{lane}}}g:{id_}"
        (client, created), ids = await asyncio.gather(
            self._store.in_lane(lane, "HMGET", key, "c", "t"), self._store.in_lane(lane, "LRANGE", f"{key}:i", 0, -1)
        )
        if client is None:
            return None
        return Batch(id_, client.decode(), int(created), tuple(each.decode() for each in ids))

    async def counts(self, batch: Batch) -> Counter[str]:
        """Its messages by status; those past their retention are not counted."""
        [flat] = await self._store.script(TALLY, lane_of(batch.id), batch.id)
        return Counter({status.decode(): number for status, number in zip(flat[::2], flat[1::2], strict=True)})

    async def canceled(self, id_: str, claim: str) -> bool:
        """Whether the cancel of this claim was carried out."""
        lane = lane_of(id_)
        return bool(await self._store.in_lane(lane, "HEXISTS", f"{{{lane}}}g:{id_}", f"x:{claim}"))

    async def note_canceled(self, id_: str, claim: str) -> None:
        lane = lane_of(id_)
        await self._store.in_lane(lane, "HSET", f"{{{lane}}}g:{id_}", f"x:{claim}", 1)
