"""The gateway's books, read from Redis past the gateway; and a copy of them, to be restored."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec

from gateway.model.ids import lane_of
from gateway.model.message import State
from tests.chaos.wire import Server

_states = msgspec.msgpack.Decoder(State)
_ALL = """
local found = {}
for _, key in ipairs(redis.call('KEYS', '{*}m:*')) do
  found[#found + 1] = {key, redis.call('HGET', key, 's'), redis.call('PTTL', key)}
end
return found
"""
_QUEUED = """
local times = 0
for _, key in ipairs(redis.call('KEYS', '{*}q:' .. ARGV[2] .. ':*:*')) do
  for _, id in ipairs(redis.call('LRANGE', key, 0, -1)) do
    if string.sub(id, 1, 26) == ARGV[1] then times = times + 1 end
  end
end
return times
"""
_HELD = """
local found = {}
for _, key in ipairs(redis.call('KEYS', '{*}o:' .. ARGV[1])) do
  for _, id in ipairs(redis.call('SMEMBERS', key)) do found[#found + 1] = id end
end
return found
"""
_NEXT = """
local first = ''
for _, key in ipairs(redis.call('KEYS', '{*}a')) do
  local due = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if due and (first == '' or tonumber(due) < tonumber(first)) then first = due end
end
return first
"""


class Entry(NamedTuple):
    """A message as Redis holds it."""

    state: State
    ttl: int
    """ms; -1: it stays."""


class Copy(NamedTuple):
    """Everything in Redis at a moment."""

    keys: dict[bytes, tuple[bytes, int]]
    """DUMP, and when it expires (ms since 1970; -1: never)."""
    counters: dict[str, int]
    """Scripts run, by lane."""


class Books:
    """Read from the server itself, at once and past all faults."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.ask = server.ask

    def records(self) -> dict[str, State]:
        return {id_: entry.state for id_, entry in self.entries().items()}

    def entries(self) -> dict[str, Entry]:
        """Every message, by id."""
        rows = self.ask("EVAL", _ALL, 0)
        return {key.decode()[6:]: Entry(_states.decode(state), ttl) for key, state, ttl in sorted(rows)}

    def state(self, id_: str) -> State | None:
        """Of one message."""
        raw = self.ask("HGET", f"{{{lane_of(id_)}}}m:{id_}", "s")
        return _states.decode(raw) if raw else None

    def timeline(self, id_: str) -> bytes:
        found: bytes = self.ask("HGET", f"{{{lane_of(id_)}}}m:{id_}", "t")
        return found

    def queued(self, id_: str, provider: str = "*") -> int:
        """How often a message stands in a provider's queues, or in all. (Entries it left behind when it was moved on
        are dropped later.)"""
        return int(self.ask("EVAL", _QUEUED, 0, id_, provider))

    def due(self, id_: str) -> float:
        """When the agenda looks at a message, in seconds since 1970; never: infinity."""
        at = self.ask("ZSCORE", f"{{{lane_of(id_)}}}a", id_)
        return float(at) / 1000 if at else math.inf

    def held(self, owner: str = "*") -> set[str]:
        """Ids in the hands of an owner, or of anybody."""
        return {id_.decode() for id_ in self.ask("EVAL", _HELD, 0, owner)}

    def next_due(self) -> float | None:
        """When the agenda has something to do, in seconds since 1970."""
        due = self.ask("EVAL", _NEXT, 0)
        return float(due) / 1000 if due else None

    def lanes(self) -> list[str]:
        return sorted(key.decode()[1:3] for key in self.ask("KEYS", "{*}h"))

    def counters(self) -> dict[str, int]:
        return {lane: int(self.ask("GET", f"{{{lane}}}h")) for lane in self.lanes()}

    def copy(self) -> Copy:
        names = sorted(self.ask("KEYS", "*"))
        asked = [command for name in names for command in (("DUMP", name), ("PEXPIRETIME", name))]
        replies = self._server.many(asked)
        keys = {name: (replies[2 * n], replies[2 * n + 1]) for n, name in enumerate(names)}
        return Copy(keys, self.counters())

    def restore(self, copy: Copy) -> None:
        self.ask("FLUSHALL")
        self._server.many(
            [
                ("RESTORE", name, max(ends, 0), value, "REPLACE", *(("ABSTTL",) if ends > 0 else ()))
                for name, (value, ends) in copy.keys.items()
            ]
        )

    def many(self, *commands: tuple[Any, ...]) -> list[Any]:
        return self._server.many(commands)
