"""Messages in Redis: what is kept, and the few atomic steps that change it.

Keys, all of one lane in one slot (`L` is `{lane}`):
    Lm:<id>                      hash: s = state (MessagePack array), c = content (JSON), t = timeline (JSON arrays)
    Lk:<claim>                   id + 16 bytes of content hash; <claim> is a digest of client and tag, or path and key
    Lq:<provider>:<0|1>          ring of clients with queued messages; `...:<client>` the list of their ids
    Ln                           hash: <provider>:<0|1> -> entries queued
    La                           agenda: id by the ms when something is to be done about it
    Lo:<owner>                   ids in one dispatcher's hands
    Lx:<client>:d:<day>          ids accepted on a day (UTC), in order
    Le:<client>                  stream of events: k = status, i = id, n = timeline length then
    Ll:<client>                  request rate
    Lh                           counter of script runs; its upper half is the epoch
    {g}                          hash: lanes -> their number, c:<client> -> its lane
    {p:<group>}                  next free time of a provider's rate
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from gateway.errors import StoreForgot, StoreFull, StoreUnavailable
from gateway.model.ids import lane_name, lane_of
from gateway.model.lifecycle import Change
from gateway.model.message import EVENTFUL, Content, Phase, Record, State, Step
from gateway.store.clock import StoreClock
from gateway.store.link import LinkLost
from gateway.store.scripts import ACCEPT, APPLY, GRANT, TAKE, TICK, Script
from gateway.store.topology import Topology

DAY_MS = 86_400_000
DEFAULT_LANES = {False: 1, True: 16}
"""One node gains nothing from lanes; a cluster spreads clients over them."""
PATIENCE = 5.0
"""Seconds an unanswered script is asked again under the same id before the caller is told."""
QUEUE_BOUND = 1_000_000
"""Messages of one priority waiting for one provider in one lane; more are refused as `overloaded`."""

_states = msgspec.msgpack.Decoder(State)
_encode_state = msgspec.msgpack.Encoder().encode
_contents = msgspec.json.Decoder(Content)
_encode_json = msgspec.json.Encoder().encode
_timelines = msgspec.json.Decoder(tuple[Step, ...])


class Claims(msgspec.Struct, frozen=True):
    """Idempotency claims of one request: names as stored ("" for none), and what was asked, hashed."""

    tag: str
    key: str
    content: bytes


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


AcceptResult = Fresh | Replay | Conflict | Limited | Full


class Retention(msgspec.Struct, frozen=True):
    """How long what is final stays, in ms."""

    record: int
    key: int


class Store:
    """The one way to Redis for messages. Every method raises `StoreUnavailable` after `PATIENCE`."""

    def __init__(self, topology: Topology, retention: Retention, lanes: int | None = None) -> None:
        self._topology = topology
        self._retention = retention
        self._wanted_lanes = lanes
        self._lanes: tuple[str, ...] = ()
        self._lane_by_client: dict[str, str] = {}
        self._highest: dict[str, int] = {}
        self.clock = StoreClock()
        self.forgot = ""
        """Why nothing is sent, where Redis was seen to have lost what it confirmed."""

    async def know_time(self) -> None:
        """Asks the store for its time, once; whatever else is asked of it does so first."""
        if not self.clock.known:
            seconds, micros = await self._ask("{g}", None, ("TIME",), PATIENCE if self._topology.up else 0)
            self.clock.learn(int(seconds) * 1000 + int(micros) // 1000 + self.clock.offset_ms)

    # Lanes

    async def lanes(self) -> tuple[str, ...]:
        """Every lane's name. Their number is fixed when the store is first used."""
        if not self._lanes:
            wanted = self._wanted_lanes or DEFAULT_LANES[self._topology.clustered]
            await self.command("{g}", "HSETNX", "{g}", "lanes", wanted)
            number = int(await self.command("{g}", "HGET", "{g}", "lanes"))
            self._lanes = tuple(lane_name(n) for n in range(number))
        return self._lanes

    async def known_lane(self, client: str) -> str | None:
        """The lane of a client, None where it never sent anything."""
        given: bytes | None = await self.command("{g}", "HGET", "{g}", f"c:{client}")
        return given.decode() if given else None

    async def lane(self, client: str) -> str:
        """The lane of a client: given once, the least used first, and kept."""
        if lane := self._lane_by_client.get(client):
            return lane
        lanes = await self.lanes()
        given: bytes | None = await self.command("{g}", "HGET", "{g}", f"c:{client}")
        if given is None:
            number = int(await self.command("{g}", "HLEN", "{g}"))
            await self.command("{g}", "HSETNX", "{g}", f"c:{client}", lanes[(number - 1) % len(lanes)])
            given = await self.command("{g}", "HGET", "{g}", f"c:{client}")
        assert given is not None
        return self._lane_by_client.setdefault(client, given.decode())

    # Writing

    async def accept(
        self, id_: str, state: State, content: Content, claims: Claims, *, rate: float | None, dry: bool = False
    ) -> AcceptResult | None:
        """Everything or nothing: claims, limits, record, index, queue. `dry` only looks the claims up (None: none)."""
        lane = lane_of(id_)
        state = msgspec.structs.replace(
            state, epoch=self._epoch(lane), claims="".join(f"{name} " for name in (claims.tag, claims.key) if name)
        )
        step = Step(state.created_at, state.status, state.provider)
        lasts = max(state.expires_at, state.created_at + DAY_MS) + self._retention.record + 4 * DAY_MS
        reply = await self._script(
            ACCEPT,
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
        )
        verb = reply[2].decode()
        if verb == "new":
            return Fresh(reply[3] if len(reply) > 3 else -1)
        if verb == "replay":
            return Replay(reply[3].decode())
        if verb == "limited":
            return Limited(reply[3])
        if verb == "full":
            return Full()
        return None if verb == "none" else Conflict(verb, reply[3].decode())

    async def take(self, lane: str, provider: str, owner: str, number: int, lease_ms: int) -> list[Record]:
        """Up to `number` queued messages, now `submitting` in `owner`'s hands. Never asked again by itself: what
        a lost answer took is found by `held`."""
        reply = await self._script(TAKE, lane, provider, owner, number, lease_ms, patience=0)
        return [self._record(id_.decode(), raw, content) for id_, raw, content in reply[2]]

    async def apply(self, record: Record, change: Change, content: Content | None = None) -> Record | None:
        """The record after the change, or None where it is not any more what the change was computed from."""
        old, (new, step) = record.state, change
        raw = _encode_state(new)
        queued = new.phase is Phase.QUEUED and old.phase is not Phase.QUEUED
        event = new.status if new.status != old.status and new.status in EVENTFUL else ""
        ends, claim_ends = 0, []
        if new.final_at:
            ends = max(new.final_at, new.send_at) + self._retention.record
            names = new.claims.split(" ")[:-1]
            for name in names:
                is_key = name.startswith("!")
                claim_ends += [name, max(new.created_at + self._retention.key, new.final_at) if is_key else ends]
        reply = await self._script(
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
            *claim_ends,
        )
        if reply[2] != 1:
            return None
        return Record(id=record.id, state=new, raw=raw, content=content or record.content)

    async def tick(self, lane: str, number: int, hold_ms: int) -> list[Record]:
        """Up to `number` messages whose time has come; they come again after `hold_ms`, unless changed."""
        reply = await self._script(TICK, lane, number, hold_ms)
        return [self._record(id_.decode(), raw, content) for id_, raw, content in reply[2]]

    async def grant(self, group: str, rate: float, number: int) -> list[float]:
        """Start times for up to `number` requests at a provider, in seconds from now."""
        key = f"{{p:{group}}}"
        command = ("EVALSHA", GRANT.sha, 1, key, self.clock.offset_ms, round(1_000_000 / rate), number)
        return [start / 1e6 for start in await self._ask(key, GRANT, command, PATIENCE)]

    # Reading

    async def read(self, id_: str) -> Record | None:
        lane = lane_of(id_)
        raw, content, timeline = await self.command(f"{{{lane}}}", "HMGET", f"{{{lane}}}m:{id_}", "s", "c", "t")
        return self._record(id_, raw, content, timeline) if raw else None

    async def read_many(self, ids: Sequence[str]) -> list[Record | None]:
        return list(await asyncio.gather(*(self.read(id_) for id_ in ids)))

    async def claimed(self, lane: str, claim: str) -> str | None:
        """The id of the message a claim names."""
        value: bytes | None = await self.command(f"{{{lane}}}", "GET", f"{{{lane}}}k:{claim}")
        return value[:26].decode() if value else None

    async def day(self, lane: str, client: str, day: int, start: int, end: int) -> list[str]:
        """Ids a client had accepted on a day (days since 1970, UTC), by position from `start` to `end`."""
        ids = await self.command(f"{{{lane}}}", "LRANGE", f"{{{lane}}}x:{client}:d:{day}", start, end)
        return [id_.decode() for id_ in ids]

    async def day_length(self, lane: str, client: str, day: int) -> int:
        return int(await self.command(f"{{{lane}}}", "LLEN", f"{{{lane}}}x:{client}:d:{day}"))

    async def queued(self, lane: str) -> dict[tuple[str, bool], int]:
        """Entries waiting, by provider and priority."""
        flat = await self.command(f"{{{lane}}}", "HGETALL", f"{{{lane}}}n")
        depths: dict[tuple[str, bool], int] = {}
        for name, count in zip(flat[::2], flat[1::2], strict=True):
            provider, _, high = name.decode().rpartition(":")
            if int(count) > 0:
                depths[provider, high == "1"] = int(count)
        return depths

    async def held(self, lane: str, owner: str) -> set[str]:
        """Ids that Redis believes to be in a dispatcher's hands."""
        return {id_.decode() for id_ in await self.command(f"{{{lane}}}", "SMEMBERS", f"{{{lane}}}o:{owner}")}

    async def release(self, lane: str, owner: str) -> int:
        """The owner is dead: what it held is due at once."""
        ids = await self.held(lane, owner)
        for id_ in ids:
            record = await self.read(id_)
            if record and record.state.owner == owner and record.state.phase is Phase.HELD:
                due = msgspec.structs.replace(record.state, due=self.clock.now())
                await self.apply(record, Change(due, None))
            else:
                await self.command(f"{{{lane}}}", "SREM", f"{{{lane}}}o:{owner}", id_)
        return len(ids)

    # A Redis that forgot

    async def recheck(self) -> None:
        """Opens the store again once an operator has adopted what Redis holds now."""
        if not self.forgot:
            return
        for lane, highest in self._highest.items():
            try:
                count = await self._topology.call(f"{{{lane}}}", "GET", f"{{{lane}}}h", seconds=1.0)
            except (LinkLost, ResponseError):
                return
            if int(count or 0) <= highest:
                return
        self.forgot = ""

    async def adopt(self) -> int:
        """Takes what Redis holds now for the truth: every lane enters a new epoch, and what was not final before it
        counts as possibly sent. The new epoch. Epochs are hours since 2020, so that one is higher than any lost."""
        lanes = await self.lanes()
        counts = [int(await self.command(f"{{{lane}}}", "GET", f"{{{lane}}}h") or 0) for lane in lanes]
        epoch = max(max(counts) >> 32, int(time.time() - 1_577_836_800) // 3600) + 1
        for lane in lanes:
            await self.command(f"{{{lane}}}", "SET", f"{{{lane}}}h", epoch << 32)
        return epoch

    # Asking Redis

    def _record(self, id_: str, raw: bytes, content: bytes, timeline: bytes = b"") -> Record:
        state = _states.decode(raw)
        if state.epoch < self._epoch(lane_of(id_)) and not state.final_at and "0 " not in state.open:
            # Written before this Redis lost writes: a try may have been forgotten with them.
            state = msgspec.structs.replace(state, open=f"0 {state.open}")
        steps = _timelines.decode(b"[" + timeline[:-1] + b"]") if timeline else ()
        return Record(id=id_, state=state, raw=raw, content=_contents.decode(content), timeline=steps)

    def _epoch(self, lane: str) -> int:
        return self._highest.get(lane, 0) >> 32

    async def _script(self, script: Script, lane: str, *arguments: Any, patience: float = PATIENCE) -> Any:
        key = f"{{{lane}}}h"
        command = ("EVALSHA", script.sha, 1, key, f"{{{lane}}}", self.clock.offset_ms, *arguments)
        floor = self._highest.get(lane, 0)
        reply = await self._ask(key, script, command, patience)
        seq, now = reply[0], reply[1]
        if seq <= floor:
            # What was asked after we saw `floor` can only be counted higher, unless what was counted is gone.
            self.forgot = f"lane {lane} stands at {seq} and stood at {floor}"
            raise StoreForgot(self.forgot)
        self._highest[lane] = max(seq, self._highest.get(lane, 0))
        self.clock.learn(now)
        return reply

    async def command(self, key: str, *command: Any) -> Any:
        return await self._ask(key, None, command, PATIENCE)

    async def optional(self, key: str, *command: Any) -> Any | None:
        """A command the server may refuse or not know; None then."""
        try:
            return await self.command(key, *command)
        except ResponseError:
            return None

    async def _ask(self, key: str, script: Script | None, command: tuple[Any, ...], patience: float) -> Any:
        """Asks until there is an answer, at most for `patience` seconds (0: once)."""
        if self.forgot:
            raise StoreForgot(self.forgot)
        if not self.clock.known and command != ("TIME",):
            await self.know_time()
        ends = time.monotonic() + patience
        pause = 0.01
        while True:
            try:
                return await self._topology.call(key, *command, seconds=max(ends - time.monotonic(), 0.0))
            except NoScriptError:
                assert script is not None
                await self._load(key, script, ends)
                continue
            except OutOfMemoryError as error:
                raise StoreFull("Redis has no memory left") from error
            except LinkLost as error:
                lost: Exception = error
            except ResponseError as error:
                if not isinstance(error, _PASSING) and not str(error).startswith(_PASSING_WORDS):
                    raise
                lost = error
            if time.monotonic() + pause >= ends:
                raise StoreUnavailable(str(lost)) from lost
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.25)

    async def _load(self, key: str, script: Script, ends: float) -> None:
        try:
            await self._topology.call(key, "SCRIPT", "LOAD", script.source, seconds=max(ends - time.monotonic(), 0.1))
        except LinkLost as error:
            raise StoreUnavailable(str(error)) from error


# The server refuses for now and did nothing: it fails over, moves slots, or cannot write to its disk.
_PASSING = (ClusterDownError, MasterDownError, ReadOnlyError, TryAgainError)
_PASSING_WORDS = ("MISCONF", "NOREPLICAS", "BUSY")
