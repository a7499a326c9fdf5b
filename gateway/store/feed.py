"""A client's feed of events, and what endpoints were told of it.

Keys, in the client's lane (`L` is `{lane}`):
    Le:<client>      stream: k = type (of a message: its status), i = id of what it is about, n = timeline length then
    Lw:<endpoint>    hash: c = the last entry of the feed taken up, off = since when it is left alone (ms since 1970),
                     s, e, a = status, error and time (ms since 1970) of the last try
    Lwd:<endpoint>   entries that it is still to be told of, by the ms when
    Lwt:<endpoint>   hash: entry -> tries so far
An entry is written in the step that changes what it is about (`apply.lua`, `alter.lua`), so there is none without the
other.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.model.events import BEGINNING, Event, Place
from gateway.store.messages import Store
from gateway.store.scripts import PULL, REWIND, TOLD

BACKLOG = 10_000
"""Entries an endpoint may have pending; what comes then waits in the feed, for as long as that is kept."""

JUST_BEFORE_MS = 5_000
"""Others of the same start may have been quicker."""


class Telling(msgspec.Struct, frozen=True):
    """An event that an endpoint is to be told of, and after how many tries."""

    event: Event
    tries: int


class EndpointState(msgspec.Struct, frozen=True):
    """How an endpoint stands. Times in ms since 1970; None: there was none."""

    backlog: int
    """Events it was not told of yet, those it does not want among them."""
    oldest: int | None
    off: int | None
    status: int | None
    error: str
    tried_at: int | None


class Feed:
    """Every method raises `StoreUnavailable`."""

    def __init__(self, store: Store, kept_ms: int) -> None:
        self._store = store
        self._kept_ms = kept_ms
        self._since: Place | None = None

    async def after(self, client: str, place: Place, number: int) -> list[Event] | None:
        """Up to `number` events after that place, in order; None where there may have been some that are not kept any
        more."""
        lane = await self._store.known_lane(client)
        if lane is None:
            return []
        key = f"{{{lane}}}e:{client}"
        rows = await self._store.in_lane(lane, "XRANGE", key, f"({_id(place)}", "+", "COUNT", number)
        if place != BEGINNING and rows:
            newest = await self._store.in_lane(lane, "XREVRANGE", key, "+", "-", "COUNT", 1)
            # Entries go when another comes that is younger by more than they are kept, the oldest first.
            late = place.ms < _place(newest[0][0]).ms - self._kept_ms
            if late and not await self._store.in_lane(lane, "XRANGE", key, _id(place), _id(place)):
                return None
        return [_event(id_, fields) for id_, fields in rows]

    async def one(self, client: str, place: Place) -> Event | None:
        lane = await self._store.known_lane(client)
        if lane is None:
            return None
        rows = await self._store.in_lane(lane, "XRANGE", f"{{{lane}}}e:{client}", _id(place), _id(place))
        return _event(*rows[0]) if rows else None

    async def pull(self, endpoint: str, client: str, number: int, hold_ms: int) -> list[Telling]:
        """Up to `number` events to tell the endpoint of now; each comes again after `hold_ms`, unless `told` says what
        became of it. A new endpoint is told of what happened since this process began, and a little before."""
        if self._since is None:
            await self._store.know_time()
            # Entries are numbered by the server's own clock.
            self._since = Place(self._store.clock.now() - self._store.clock.offset_ms - JUST_BEFORE_MS, 0)
        lane = await self._store.lane(client)
        if not await self._anything(lane, endpoint, client):
            return []
        [rows] = await self._store.script(PULL, lane, endpoint, client, number, hold_ms, BACKLOG, _id(self._since))
        return [Telling(_event(id_, fields), tries) for id_, fields, tries in rows]

    async def _anything(self, lane: str, endpoint: str, client: str) -> bool:
        """Whether there may be something to tell. Every run of a lane's script is a write, this is none: most looks of
        most endpoints find nothing."""
        cursor, off = await self._store.in_lane(lane, "HMGET", f"{{{lane}}}w:{endpoint}", "c", "off")
        if cursor is None or off is not None:
            return cursor is None
        feed, pending = f"{{{lane}}}e:{client}", f"{{{lane}}}wd:{endpoint}"
        if await self._store.in_lane(lane, "XRANGE", feed, f"({cursor.decode()}", "+", "COUNT", 1):
            return True
        now = self._store.clock.now()
        return bool(await self._store.in_lane(lane, "ZRANGEBYSCORE", pending, "-inf", now, "LIMIT", 0, 1))

    async def told(
        self, endpoint: str, client: str, telling: Telling, again: int | None, *, off: bool = False,
        status: int = 0, error: str = "",
    ) -> None:  # fmt: skip
        """What became of a try: `again`, when it is made again (ms since 1970), None: not any more. `off`: the endpoint
        is left alone until `enable`."""
        lane = await self._store.lane(client)
        await self._store.script(
            TOLD, lane, endpoint, _id(telling.event.place), telling.tries, "" if again is None else again,
            "off" if off else "", "s", status, "e", error, "a", self._store.clock.now(),
        )  # fmt: skip

    async def skip(self, endpoint: str, client: str, telling: Telling) -> None:
        """The endpoint does not want to be told of it."""
        lane = await self._store.lane(client)
        await self._store.script(TOLD, lane, endpoint, _id(telling.event.place), telling.tries, "", "")

    async def enable(self, endpoint: str, client: str) -> None:
        lane = await self._store.lane(client)
        await self._store.in_lane(lane, "HDEL", f"{{{lane}}}w:{endpoint}", "off")

    async def tell_again(self, endpoint: str, client: str, place: Place) -> None:
        """The endpoint is told of one event once more, at once."""
        lane = await self._store.lane(client)
        key = f"{{{lane}}}wd:{endpoint}"
        await self._store.in_lane(lane, "HDEL", f"{{{lane}}}wt:{endpoint}", _id(place))
        await self._store.in_lane(lane, "ZADD", key, self._store.clock.now(), _id(place))

    async def rewind(self, endpoint: str, client: str, since: int) -> None:
        """The endpoint is told of all that happened since then (ms since 1970) once more."""
        lane = await self._store.lane(client)
        before = _id(Place(max(since - 1, 0), 2**20 - 1))
        await self._store.script(REWIND, lane, endpoint, before)

    async def state(self, endpoint: str, client: str) -> EndpointState:
        lane = await self._store.lane(client)
        key = f"{{{lane}}}w:{endpoint}"
        cursor, off, status, error, at = await self._store.in_lane(lane, "HMGET", key, "c", "off", "s", "e", "a")
        feed = f"{{{lane}}}e:{client}"
        ahead = await self._store.in_lane(
            lane, "XRANGE", feed, f"({cursor.decode()}" if cursor else "+", "+", "COUNT", BACKLOG
        )
        pending = await self._store.in_lane(lane, "ZRANGE", f"{{{lane}}}wd:{endpoint}", 0, -1)
        places = [_place(each) for each in pending] + [_place(id_) for id_, _ in ahead[:1]]
        return EndpointState(
            backlog=len(pending) + len(ahead),
            oldest=min(places).ms if places else None,
            off=int(off) if off else None,
            status=int(status) if status and int(status) else None,
            error=error.decode() if error else "",
            tried_at=int(at) if at else None,
        )


def _id(place: Place) -> str:
    return f"{place.ms}-{place.number}"


def _place(id_: bytes) -> Place:
    ms, _, number = id_.decode().partition("-")
    return Place(int(ms), int(number))


def _event(id_: bytes, fields: list[Any]) -> Event:
    values = {name.decode(): value.decode() for name, value in zip(fields[::2], fields[1::2], strict=True)}
    kind = values["k"]
    return Event(_place(id_), kind if "." in kind else f"message.{kind}", values["i"], int(values["n"]))
