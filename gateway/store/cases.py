"""Records beside messages in Redis: verifications and activations, each one small state that only rules change.

Keys, in the client's lane (`L` is `{lane}`):
    L<kind>:<id>    state (MessagePack array); the kind is one letter
    Lk:<claim>      id + 16 bytes of content hash, as for messages
    Lz              <kind><id> by the ms when something is to be done about it
    Ly:<what>       what is limited: names by the ms when they were let in
A change and its event are one step, as for messages; with the last change begins the time until the record goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from gateway.errors import StoreFull
from gateway.model.ids import lane_of
from gateway.store.messages import AcceptResult, Claims, Conflict, Fresh, Limited, Replay, Retention, Store
from gateway.store.scripts import ALTER, GLANCE, OPEN, RIPE

MAX_CONFLICTS = 100
"""Others changed the same record that many times between our reading and writing: something is broken."""


class State(Protocol):
    """What a record says of itself."""

    @property
    def client(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def claims(self) -> str: ...
    @property
    def due(self) -> int: ...
    @property
    def created_at(self) -> int: ...
    @property
    def final_at(self) -> int: ...


S = TypeVar("S", bound=State)


class Case(msgspec.Struct, Generic[S], frozen=True):
    """One record as the store holds it. `raw` is the state's exact bytes: the ticket for a change."""

    id: str
    state: S
    raw: bytes


class Limit(msgspec.Struct, frozen=True):
    """At most so many of something in a window. `what`: its name, a digest; no number is to stand in a key."""

    what: str
    most: int
    window_ms: int


class Limiting(Exception):
    """The limit is reached for `retry_ms`. Nothing was changed."""

    def __init__(self, retry_ms: int) -> None:
        super().__init__("the limit is reached")
        self.retry_ms = retry_ms


class Known(Exception):
    """The claims name another record, or a limit is reached: nothing was opened."""

    def __init__(self, found: AcceptResult) -> None:
        super().__init__("nothing was opened")
        self.found = found


NO_LIMIT = Limit("", 0, 0)
LOOK_EVERY = 0.05
"""Seconds between two looks of a repeat that waits for what becomes of the first request."""


class Cases(Generic[S]):
    """The records of one kind. Every method raises `StoreUnavailable`."""

    def __init__(
        self,
        store: Store,
        kind: Literal["v", "f"],
        shape: type[S],
        retention: Retention,
        event: Callable[[S, S], str],
    ) -> None:
        """`event`: the type of the event that a change from one state to another is, "" for none."""
        self._store = store
        self._kind = kind
        self._decode = msgspec.msgpack.Decoder(shape).decode
        self._retention = retention
        self._event = event

    async def seen(self, lane: str, claims: Claims) -> AcceptResult | None:
        """What the claims name, if anything."""
        if not (claims.tag or claims.key):
            return None
        return await self._open("", lane, b"", claims)

    async def open(self, id_: str, state: S, claims: Claims, limit: Limit = NO_LIMIT) -> AcceptResult:
        """Everything or nothing. `state` names its claims. Raises `StoreFull`."""
        raw = msgspec.msgpack.encode(state)
        ends = self._ends(state)
        try:
            opened = await self._open(id_, lane_of(id_), raw, claims, state.due, limit, *ends)
        except StoreFull:
            # Also a full Redis knows what it has.
            if known := await self.seen(lane_of(id_), claims):
                return known
            raise
        assert opened is not None
        return opened

    async def begin(self, id_: str, state: S, claims: Claims, limit: Limit = NO_LIMIT) -> Case[S]:
        """The record, opened. Raises `Known`, `StoreFull`."""
        opened = await self.open(id_, state, claims, limit)
        case = await self.read(id_) if isinstance(opened, Fresh) else None
        if case is None:
            raise Known(opened)
        return case

    async def _open(
        self, id_: str, lane: str, state: bytes, claims: Claims, due: int = 0, limit: Limit = NO_LIMIT,
        ends: int = 0, key_ends: int = 0,
    ) -> AcceptResult | None:  # fmt: skip
        reply = await self._store.script(
            OPEN if state else GLANCE, lane, self._kind, id_, state, claims.tag, claims.key, claims.content, due,
            limit.what, limit.most, limit.window_ms, ends, key_ends,
        )  # fmt: skip
        verb = reply[0].decode()
        if verb == "new":
            return Fresh()
        if verb == "limited":
            return Limited(int(reply[1]))
        if verb == "replay":
            return Replay(reply[1].decode())
        return None if verb == "none" else Conflict(verb, reply[1].decode())

    async def read(self, id_: str) -> Case[S] | None:
        lane = lane_of(id_)
        if lane not in await self._store.lanes():
            return None  # an invented id
        raw = await self._store.in_lane(lane, "GET", f"{{{lane}}}{self._kind}:{id_}")
        return self.case(id_, raw) if raw else None

    def case(self, id_: str, raw: bytes) -> Case[S]:
        return Case(id_, self._decode(raw), raw)

    async def change(
        self, case: Case[S], rule: Callable[[S], S | None], limit: Limit = NO_LIMIT, member: str = ""
    ) -> Case[S]:
        """Applies the rule to the record as it is now; the record afterwards, unchanged where the rule says None.
        Raises `Limiting`, where the change counts for a limit, under the name `member`."""
        for _ in range(MAX_CONFLICTS):
            new = rule(case.state)
            if new is None:
                return case
            raw = msgspec.msgpack.encode(new)
            if await self._alter(case, raw, new, self._event(case.state, new), limit, member):
                return Case(case.id, new, raw)
            current = await self.read(case.id)
            if current is None:
                return case
            case = current
        raise RuntimeError("a record changed under every try to change it")

    async def drop(self, case: Case[S], limit: Limit = NO_LIMIT) -> bool:
        """As if it had never been, with its claims; False where it has changed since it was read."""
        return await self._alter(case, b"", case.state, "", limit, case.id)

    async def forgive(self, id_: str, limit: Limit, member: str) -> None:
        """What was counted under that name for the limit counts no more: nothing came of it."""
        lane = lane_of(id_)
        await self._store.in_lane(lane, "ZREM", f"{{{lane}}}y:{limit.what}", member)

    def _ends(self, state: S) -> tuple[int, int]:
        """When the record and its tag end, and when its Idempotency-Key does; 0: not yet."""
        if not state.final_at:
            return 0, 0
        return state.final_at + self._retention.record, max(state.created_at + self._retention.key, state.final_at)

    async def _alter(self, case: Case[S], raw: bytes, new: S, event: str, limit: Limit, member: str) -> bool:
        ends, key_ends = self._ends(new)
        claims = [part for name in new.claims.split() for part in (name, key_ends if name.startswith("!") else ends)]
        reply = await self._store.script(
            ALTER,
            lane_of(case.id),
            self._kind,
            case.id,
            case.raw,
            raw,
            new.due,
            event,
            new.client,
            ends,
            limit.what,
            limit.most,
            limit.window_ms,
            member,
            self._retention.feed,
            *claims,
        )
        if reply[0] == b"limited":
            raise Limiting(int(reply[1]))
        return bool(reply[0] == b"done")


async def ripe(store: Store, lane: str, number: int, hold_ms: int) -> list[tuple[str, str, bytes]]:
    """Up to `number` records of all kinds whose time has come: kind, id and state; again after `hold_ms`, unless
    changed."""
    # Every run of a lane's script is a write, this is none: most looks find nothing.
    if not await store.in_lane(lane, "ZRANGEBYSCORE", f"{{{lane}}}z", "-inf", store.clock.now(), "LIMIT", 0, 1):
        return []
    rows: list[Any] = (await store.script(RIPE, lane, number, hold_ms))[0]
    return [(kind.decode(), id_.decode(), raw) for kind, id_, raw in rows]
