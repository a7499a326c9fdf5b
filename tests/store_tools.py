"""Stores on a real Redis, and the steps of a message's life in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
import redis
from hypothesis.stateful import RuleBasedStateMachine

from gateway.model import lifecycle
from gateway.model.ids import new_id
from gateway.model.message import Content, Phase, Record, State, Status
from gateway.model.outcome import Guarantee, Refused
from gateway.model.policy import NOBODY
from gateway.model.reasons import Reason
from gateway.store.gates import Pass
from gateway.store.messages import Claims, Fresh, Retention, Store
from gateway.store.topology import Topology

LANE, LEASE, HOUR, DAY = "00", 25_000, 3_600_000, 86_400_000
CONTENT = Content(to="+819012345678", text="Hello", encoding="gsm7", characters=5, segments=1)
POLICY = msgspec.structs.replace(NOBODY, guarantee=Guarantee.DEDUPLICATED, queryable=True, configured=True)
REFUSED = Refused(Reason.INVALID_NUMBER, "message", "110")
Open = Callable[..., Any]


@pytest.fixture
async def open_store() -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def open_(url: str, lanes: int = 1, parties: dict[str, int] | None = None, **retention: int) -> Store:
            topology = Topology(url)
            stack.push_async_callback(topology.close)
            await topology.open()
            store = Store(topology, Retention(**{"record": DAY, "key": HOUR, **retention}), lanes, parties=parties)
            await store.know_time()
            return store

        yield open_


@pytest.fixture
async def store(open_store: Open, redis_url: str) -> Store:
    return await open_store(redis_url)


@pytest.fixture
def raw(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def a_pass(**given: Any) -> Pass:
    fields = {"name": "main", "group": "main", "rate": 1000.0, "concurrency": 256, "lasts_ms": 2000, "login": ""}
    fields |= {"desk": given.get("name", "main")}
    return Pass(**{**fields, **given})


class OnRedis(RuleBasedStateMachine):
    """A state machine with a store of its own, on the emptied Redis at `url`."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.redis = redis.Redis.from_url(self.url)
        self.redis.flushall()
        self.runner = asyncio.Runner()
        self.topology = Topology(self.url)
        assert self.runner.run(self.topology.open())
        self.store = Store(self.topology, Retention(record=30 * DAY, key=DAY), lanes=1)

    def teardown(self) -> None:
        async def close() -> None:
            await self.topology.close()
            await asyncio.sleep(0)

        self.runner.run(close())
        self.runner.close()
        self.redis.close()


async def accept(store: Store, *, tag: str = "", key: str = "", body: bytes = b"0", **given: Any) -> tuple[str, Any]:
    """A message and what became of it. `given`: fields of its state, `content`, `id_`, `rate`, `dry`."""
    id_ = given.pop("id_", None) or new_id(await store.lane(given.get("client", "shop")), store.clock.now())
    rate, dry, now = given.pop("rate", None), given.pop("dry", False), store.clock.now()
    fields = {"status": Status.QUEUED, "phase": Phase.QUEUED, "provider": "main", "client": "shop", "steps": 1}
    fields |= {"due": now + DAY, "expires_at": now + DAY, "created_at": now, "updated_at": now, **given}
    content = fields.pop("content", CONTENT)
    state = State(**fields)
    return id_, await store.accept(id_, state, content, Claims(tag, key, body * 16), rate=rate, dry=dry)


async def put(store: Store, **given: Any) -> str:
    id_, result = await accept(store, **given)
    assert isinstance(result, Fresh)
    return id_


async def reserve(store: Store, ahead: int = HOUR) -> str:
    due = store.clock.now() + ahead
    return await put(store, status=Status.SCHEDULED, phase=Phase.WAITING, due=due, send_at=due)


async def take(store: Store, number: int = 10, owner: str = "d.0", provider: str = "main") -> list[Record]:
    records, _ = await store.take(LANE, provider, owner, number, LEASE)
    return records


async def taken(store: Store, **given: Any) -> Record:
    id_ = await put(store, **given)
    (record,) = await take(store)
    assert record.id == id_
    return record


async def settle(store: Store, record: Record, outcome: Any) -> Record:
    change = lifecycle.settle(record.state, record.state.fence, outcome, store.clock.now(), POLICY)
    settled = await store.apply(record, change)
    assert settled is not None
    return settled


async def known(store: Store, id_: str) -> Record:
    record = await store.read(id_)
    assert record is not None
    return record
