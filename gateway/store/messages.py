"""Messages in Redis: what is kept, and the few atomic steps that change it.

Keys, all of one lane in one slot (`L` is `{lane}`):
    Lm:<id>                      hash: s = state (MessagePack array), c = content (JSON), t = timeline (JSON arrays)
    Lk:<claim>                   id + 16 bytes of content hash; <claim> is a digest of client and tag, or path and key
    Lq:<provider>:<0|1>          ring of lines with queued messages; `...:<line>` the list of their entries (ids, see
                                 `places.entry`). A line is a client, or a client, "+" and the other providers
                                 its messages may go to
    Ln                           hash: <provider>:<0|1> -> entries queued
    La                           agenda: id by the ms when something is to be done about it
    Lo:<owner>                   ids in one dispatcher's hands
    Lx:<client>:d:<day>          ids accepted on a day (UTC), in order
    Lu:<client>:<month>          hash: <provider>|<carrier>|<status> -> messages
    Lg:<batch>                   hash: c = client, t = created, x = canceled by; `...:i` its messages' ids
    Lr:<client>                  reservations that wait for their time, here or at a vendor: id by `send_at`
    Lc:<claim>                   ids that a request with an Idempotency-Key was to cancel
    Le:<client>                  stream of events: k = status, i = id, n = timeline length then
    Ll:<client>                  request rate
    Lh · Lj · Lb                 counter of script runs; epoch; what the counter was when the server started
    {g}                          hash: lanes -> their number, c:<client> -> its lane
(The gates of providers: `gates`.)
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from gateway.errors import StoreFull
from gateway.model.changes import Change
from gateway.model.ids import lane_of
from gateway.model.lifecycle import FORGOTTEN
from gateway.model.message import EVENTFUL, VERSION, Content, Phase, Record, State, Status, Step
from gateway.store import places, room
from gateway.store.scripts import ACCEPT, APPLY, LOOKUP, PEEK, TAKE, TICK, Script
from gateway.store.session import Session
from gateway.store.topology import Topology
from gateway.store.witness import Witness

log = structlog.get_logger()

DAY_MS = 86_400_000
QUEUE_BOUND = 1_000_000
"""Messages of one priority waiting for one provider in one lane; more are refused as `overloaded`."""

_states = msgspec.msgpack.Decoder(State)
_encode_any = msgspec.msgpack.Encoder().encode
_encode_state = _encode_any
_contents = msgspec.json.Decoder(Content)
_encode_json = msgspec.json.Encoder().encode
_timelines = msgspec.json.Decoder(tuple[Step, ...])


class Claims(msgspec.Struct, frozen=True):
    """Idempotency claims of one request: names as stored ("" for none), and what was asked, hashed."""

    tag: str
    key: str
    content: bytes

    @property
    def names(self) -> str:
        """As a record notes them: each followed by a space."""
        return "".join(f"{name} " for name in (self.tag, self.key) if name)


def claim_name(client: str, *parts: str) -> str:
    digest = hashlib.sha256("\0".join((client, *parts)).encode()).digest()
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


class Fresh(msgspec.Struct, frozen=True):
    """Accepted now (or by an earlier, unanswered try of the same call). `left` of the client's rate, or -1."""

    left: int = -1


class Replay(msgspec.Struct, frozen=True):
    """The same was accepted before, as message `id`."""

    id: str


class Conflict(msgspec.Struct, frozen=True):
    """The tag or key names message `id`, made of other content; "torn": tag and key name different messages."""

    by: Literal["tag", "key", "torn"]
    id: str


class Limited(msgspec.Struct, frozen=True):
    """The client's rate is used up for `retry_ms`."""

    retry_ms: int


class Full(msgspec.Struct, frozen=True):
    """The provider's queue is at its bound."""


class Late(msgspec.Struct, frozen=True):
    """The time it was to be sent, or to expire, passed before it was written."""


AcceptResult = Fresh | Replay | Conflict | Limited | Full | Late


class Retention(msgspec.Struct, frozen=True):
    """How long what is final stays, and what a client is told of it, in ms."""

    record: int
    key: int
    feed: int = 4 * DAY_MS


class Store(Session):
    """The one way to Redis for messages."""

    def __init__(
        self,
        topology: Topology,
        retention: Retention,
        lanes: int | None = None,
        witness: Witness | None = None,
        data_dir: Path | None = None,
        parties: Mapping[str, int] | None = None,
    ) -> None:
        """`data_dir`: of the embedded Redis, whose disk is then watched. `parties`: providers that take several
        messages in one request, and how many."""
        super().__init__(topology, lanes, witness)
        self._parties = parties or {}
        self._retention = retention
        self.room = room.Room(data_dir)
        self._looked: dict[str, float] = {}
        self._lack: dict[str, str] = {}

    # Writing

    async def accept(
        self, id_: str, state: State, content: Content, claims: Claims, *, rate: float | None, dry: bool = False
    ) -> AcceptResult | None:
        """Everything or nothing: claims, limits, record, index, queue. `dry` only looks the claims up (None: none)."""
        if dry:
            return await self._accept(LOOKUP, id_, state, content, claims, rate, True)
        try:
            return await self._accept(ACCEPT, id_, state, content, claims, rate, False)
        except StoreFull:
            # Nothing new fits; what was accepted before is known all the same.
            if seen := await self._accept(LOOKUP, id_, state, content, claims, rate, True):
                return seen
            raise

    async def _accept(
        self, script: Script, id_: str, state: State, content: Content, claims: Claims, rate: float | None, dry: bool
    ) -> AcceptResult | None:
        lane = lane_of(id_)
        if not dry:
            await self._mind_room(lane)
        await self.meet(lane)
        state = msgspec.structs.replace(state, epoch=self.epoch(lane), claims=claims.names)
        step = Step(state.created_at, state.status, state.provider)
        lasts = max(state.expires_at, state.created_at + DAY_MS) + self._retention.record + 4 * DAY_MS
        reply = await self.script(
            script,
            lane,
            id_,
            b"" if dry else _encode_state(state),
            _encode_json(content),
            _encode_json(step),
            claims.content,
            claims.tag,
            claims.key,
            state.client,
            state.provider,
            int(state.high),
            state.phase,
            state.due,
            state.created_at // DAY_MS,
            lasts // 1000,
            round(1_000_000 / rate) if rate else 0,
            max(1, round(rate or 1)),
            QUEUE_BOUND,
            places.line(state, content),
            state.epoch,
            places.entry(id_, state, content, self._parties),
            state.month,
            places.kind(state),
            content.batch or "",
            state.send_at if state.reserved else "",
        )
        verb = reply[0].decode()
        if verb == "new":
            return Fresh(reply[1] if len(reply) > 1 else -1)
        if verb == "replay":
            return Replay(reply[1].decode())
        if verb == "limited":
            return Limited(reply[1])
        if verb == "full":
            return Full()
        if verb == "late":
            return Late()
        return None if verb == "none" else Conflict(verb, reply[1].decode())

    async def take(
        self, lane: str, provider: str, owner: str, number: int, lease_ms: int, party: int = 1000
    ) -> tuple[list[Record], int]:
        """Up to `number` queued messages, and after each those that may leave in one request with it, `party` of them
        at most; all now `submitting` in `owner`'s hands. And how many entries left the queue, those that were not
        queued any more among them. Never asked again by itself: what a lost answer took is found by `held`."""
        rows, entries = await self.script(TAKE, lane, provider, owner, number, lease_ms, party, patience=0)
        return self._records(rows), entries

    async def peek(
        self, lane: str, provider: str, number: int, serving: Collection[str] = ()
    ) -> tuple[list[Record], int]:
        """About `number` messages queued for a provider, left where they are: those that may go to one of the
        `serving`, or any; and how many entries that were not queued any more were dropped meanwhile."""
        rows, dropped = await self.script(PEEK, lane, provider, number, *sorted(serving))
        return self._records(rows), dropped

    async def apply(self, record: Record, change: Change, content: Content | None = None) -> Record | None:
        """The record after the change, or None where it is not any more what the change was computed from."""
        old, (new, step) = record.state, change
        if _predates(old, self.epoch(lane_of(record.id))):
            return None  # read before an adoption: what it says of its tries is not the whole
        new = msgspec.structs.replace(new, epoch=max(new.epoch, self.epoch(lane_of(record.id))))
        raw = _encode(new, record.raw)
        queued = new.phase is Phase.QUEUED and (old.phase is not Phase.QUEUED or old.provider != new.provider)
        event = new.status if new.status != old.status and new.status in EVENTFUL else ""
        ends, claim_ends = 0, []
        if new.final_at:
            ends = max(new.final_at, new.send_at) + self._retention.record
            names = new.claims.split(" ")[:-1]
            for name in names:
                is_key = name.startswith("!")
                claim_ends += [name, max(new.created_at + self._retention.key, new.final_at) if is_key else ends]
        reply = await self.script(
            APPLY,
            lane_of(record.id),
            record.id,
            record.raw,
            raw,
            _encode_json(step) if step else b"",
            _encode_json(content) if content else b"",
            new.provider if queued else "",
            int(new.high),
            new.client,
            new.due,
            old.owner if old.owner != new.owner else "",
            event,
            new.steps,
            int(old.watched and not old.answered_at and new.answered_at > 0),
            ends,
            new.created_at // DAY_MS,
            places.line(new, content or record.content),
            places.entry(record.id, new, content or record.content, self._parties) if queued else "",
            new.month,
            places.kind(old),
            places.kind(new),
            (content or record.content).batch or "",
            _roster(old, new),
            self._retention.feed,
            *claim_ends,
        )
        if reply[0] != 1:
            return None
        return Record(id=record.id, state=new, raw=raw, content=content or record.content)

    async def tick(self, lane: str, number: int, hold_ms: int) -> list[Record]:
        """Up to `number` messages whose time has come; they come again after `hold_ms`, unless changed."""
        reply = await self.script(TICK, lane, number, hold_ms)
        return self._records(reply[0])

    async def look(self) -> None:
        """Compares what every lane counts with what this process saw, which may have had nothing to ask for long.
        Raises `StoreForgot`."""
        for lane in await self.lanes():
            await self.tick(lane, 0, 0)

    # Reading

    async def read(self, id_: str) -> Record | None:
        lane = lane_of(id_)
        if lane not in await self.lanes():
            return None  # an invented id; nobody would ever adopt what its lane holds
        raw, content, timeline = await self.in_lane(lane, "HMGET", f"{{{lane}}}m:{id_}", "s", "c", "t")
        return self._record(id_, raw, content, timeline) if raw else None

    async def read_many(self, ids: Sequence[str]) -> list[Record | None]:
        return list(await asyncio.gather(*(self.read(id_) for id_ in ids)))

    async def claimed(self, lane: str, claim: str) -> str | None:
        """The id of the message a claim names."""
        value: bytes | None = await self.in_lane(lane, "GET", f"{{{lane}}}k:{claim}")
        return value[:26].decode() if value else None

    async def day(self, lane: str, client: str, day: int, start: int, end: int) -> list[str]:
        """Ids a client had accepted on a day (days since 1970, UTC), by position from `start` to `end`."""
        ids = await self.in_lane(lane, "LRANGE", f"{{{lane}}}x:{client}:d:{day}", start, end)
        return [id_.decode() for id_ in ids]

    async def day_length(self, lane: str, client: str, day: int) -> int:
        return int(await self.in_lane(lane, "LLEN", f"{{{lane}}}x:{client}:d:{day}"))

    async def queued(self, lane: str) -> dict[tuple[str, bool], int]:
        """Entries waiting, by provider and priority."""
        flat = await self.in_lane(lane, "HGETALL", f"{{{lane}}}n")
        depths: dict[tuple[str, bool], int] = {}
        for name, count in zip(flat[::2], flat[1::2], strict=True):
            provider, _, high = name.decode().rpartition(":")
            if int(count) > 0:
                depths[provider, high == "1"] = int(count)
        return depths

    async def held(self, lane: str, owner: str) -> set[str]:
        """Ids that Redis believes to be in a dispatcher's hands."""
        return {id_.decode() for id_ in await self.in_lane(lane, "SMEMBERS", f"{{{lane}}}o:{owner}")}

    async def release(self, lane: str, owner: str) -> int:
        """The owner is dead: what it held is due at once."""
        ids = await self.held(lane, owner)
        for id_ in ids:
            record = await self.read(id_)
            if record and record.state.owner == owner and record.state.phase is Phase.HELD:
                due = msgspec.structs.replace(record.state, due=self.clock.now())
                await self.apply(record, Change(due, None))
            else:
                await self.in_lane(lane, "SREM", f"{{{lane}}}o:{owner}", id_)
        return len(ids)

    # Keeping

    async def _mind_room(self, lane: str) -> None:
        """Raises `StoreFull` where Redis, or its disk, is nearly full; looks once a second. For each lane: in
        a cluster one node may be full while others are not."""
        if time.monotonic() - self._looked.get(lane, float("-inf")) > room.LOOK_EVERY:
            self._looked[lane] = time.monotonic()
            info = room.fields(await self.in_lane(lane, "INFO", "memory", "persistence"))
            before, self._lack[lane] = self._lack.get(lane, ""), self.room.lack(info)
            if bool(before) != bool(self._lack[lane]):
                what = "accepting again" if before else "nothing new is accepted"
                log.warning(what, reason=self._lack[lane] or None)
        if lack := self._lack.get(lane):
            raise StoreFull(lack)

    def _records(self, rows: Sequence[tuple[bytes, bytes, bytes]]) -> list[Record]:
        """The rows that this version can read. One of a newer version must not stop all others."""
        records: list[Record] = []
        for id_, raw, content in rows:
            try:
                records.append(self._record(id_.decode(), raw, content))
            except msgspec.MsgspecError as error:
                log.error("record not understood", message_id=f"msg_{id_.decode()}", reason=str(error))
        return records

    def _record(self, id_: str, raw: bytes, content: bytes, timeline: bytes = b"") -> Record:
        state = _states.decode(raw)
        epoch = self.epoch(lane_of(id_))
        if _predates(state, epoch):
            # Written before this Redis lost writes: a try may have been forgotten with them.
            due = self.clock.now() if state.phase is Phase.QUEUED else state.due
            state = msgspec.structs.replace(state, open=f"{FORGOTTEN} {state.open}", epoch=epoch, due=due)
        steps = _timelines.decode(b"[" + timeline[:-1] + b"]") if timeline else ()
        return Record(id=id_, state=state, raw=raw, content=_contents.decode(content), timeline=steps)


def _roster(old: State, new: State) -> int | str:
    """What becomes of its place among the reservations: its time, "-" where it leaves, "" where nothing changes."""
    if not new.reserved:
        return "-" if old.reserved else ""
    return "" if old.reserved and old.send_at == new.send_at else new.send_at


def _predates(state: State, epoch: int) -> bool:
    """The record is of a Redis that lost writes since; it is not final, and was due before the adoption."""
    to_come = state.status is Status.SCHEDULED and state.send_at > epoch and not state.handover
    return state.epoch < epoch and not state.final_at and not to_come


_FIELDS = len(State.__struct_fields__)


def _encode(state: State, before: bytes) -> bytes:
    """The state's bytes. What a newer version of this program added at their end is kept."""
    if state.version < VERSION:
        state = msgspec.structs.replace(state, version=VERSION)
    if state.version == VERSION:
        return _encode_state(state)
    return _encode_any([*msgspec.msgpack.decode(_encode_state(state)), *msgspec.msgpack.decode(before)[_FIELDS:]])
