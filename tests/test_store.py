"""Every script of the store on a real Redis: what it writes, what it leaves alone, what it answers when asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest
import redis

from gateway.errors import StoreFull, StoreUnavailable
from gateway.model import lifecycle
from gateway.model.lifecycle import Change
from gateway.model.message import VERSION, Phase, Status
from gateway.model.outcome import Accepted, NotSent
from gateway.model.receipt import Receipt
from gateway.store import messages
from gateway.store.messages import Conflict, Fresh, Full, Limited, Replay, Retention, Store
from gateway.store.topology import Topology
from tests.store_tools import (
    CONTENT,
    DAY,
    HOUR,
    LANE,
    POLICY,
    REFUSED,
    Open,
    accept,
    known,
    put,
    reserve,
    settle,
    take,
    taken,
)

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize


# Accepting


async def test_accept_writes_everything_at_once(store: Store, raw: redis.Redis) -> None:
    id_ = await put(store, tag="T", key="!K")
    record = await known(store, id_)
    assert (record.state.claims, record.state.fence, record.state.open) == ("T !K ", 0, "")
    assert [(step.status, step.provider) for step in record.timeline] == [("queued", "main")]
    assert raw.zrange("{00}a", 0, -1, withscores=True) == [(id_, record.state.expires_at)]
    assert raw.lrange("{00}q:main:0", 0, -1) == ["shop"]
    assert raw.lrange("{00}q:main:0:shop", 0, -1) == [id_]
    assert await store.queued(LANE) == {("main", False): 1}
    assert await store.claimed(LANE, "T") == await store.claimed(LANE, "!K") == id_
    day = record.state.created_at // DAY
    assert (await store.day(LANE, "shop", day, 0, -1), await store.day_length(LANE, "shop", day)) == ([id_], 1)
    assert {raw.ttl(key) for key in ("{00}m:" + id_, "{00}k:T", "{00}k:!K", "{00}a")} == {-1}, "gone before its end"
    reserved = await reserve(store)
    assert await store.queued(LANE) == {("main", False): 1}
    assert raw.zscore("{00}a", reserved) == (await known(store, reserved)).state.send_at


async def test_a_claim_names_one_message(store: Store) -> None:
    first, second = await put(store, tag="T"), await put(store, key="!K")
    assert (await accept(store, tag="T"))[1] == Replay(first)
    assert (await accept(store, tag="T", body=b"1"))[1] == Conflict("tag", first)
    assert (await accept(store, key="!K", body=b"1"))[1] == Conflict("key", second)
    assert (await accept(store, tag="T", key="!K"))[1] == Conflict("torn", first)
    assert (await accept(store, tag="T", key="!L"))[1] == Replay(first)
    assert (await accept(store, key="!L", body=b"1"))[1] == Conflict("key", first), "the new key names it too"
    assert (await known(store, first)).state.claims == "T !L "
    assert (await accept(store, tag="T", dry=True))[1] == Replay(first)
    assert (await accept(store, tag="U", dry=True))[1] is None
    assert await store.claimed(LANE, "U") is None
    assert await store.queued(LANE) == {("main", False): 2}


async def test_a_hundred_equal_requests_make_one_message(store: Store) -> None:
    results = await asyncio.gather(*(accept(store, tag="T") for _ in range(100)))
    (first,) = [id_ for id_, result in results if isinstance(result, Fresh)]
    assert sum(result == Replay(first) for _, result in results) == 99


async def test_a_refused_message_leaves_nothing(
    store: Store, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [(await accept(store, rate=2, tag=tag))[1] for tag in "AB"] == [Fresh(1), Fresh(0)]
    limited = (await accept(store, rate=2, tag="C"))[1]
    assert isinstance(limited, Limited)
    assert 0 < limited.retry_ms <= 500
    store.clock.offset_ms += limited.retry_ms
    keys = set(raw.keys())
    monkeypatch.setattr(messages, "QUEUE_BOUND", 2)
    assert (await accept(store, tag="D"))[1] == Full()
    assert set(raw.keys()) == keys
    assert (await accept(store, tag="D", high=True, rate=2))[1] == Fresh(0)


async def test_a_full_queue_does_not_cost_the_client_its_rate(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "QUEUE_BOUND", 0)
    assert [(await accept(store, rate=1))[1] for _ in range(2)] == [Full(), Full()]


async def test_a_claim_is_not_ended_by_the_message_that_had_it_before(open_store: Open, redis_url: str) -> None:
    """A key is kept for hours, its message for weeks: whatever still happens to that message is not the key's end."""
    store = await open_store(redis_url, key=50)
    first = await settle(store, await taken(store, key="!K"), REFUSED)
    await asyncio.sleep(0.1)
    second = await put(store, key="!K")
    await store.apply(first, Change(first.state, None), CONTENT)  # its content is erased
    assert (await accept(store, key="!K"))[1] == Replay(second)


# Taking


async def test_urgent_first_and_clients_in_turn(store: Store, raw: redis.Redis) -> None:
    names: dict[str, str] = {}
    for name in ("a1", "a2", "a3", "b1", "b2", "c1", "Ha"):
        names[await put(store, client=name[-1] if name[0] == "H" else name[0], high=name[0] == "H")] = name
    assert await store.queued(LANE) == {("main", True): 1, ("main", False): 6}
    order = [[names[record.id] for record in await take(store, number)] for number in (2, 1, 10, 10)]
    assert order == [["Ha", "a1"], ["b1"], ["c1", "a2", "b2", "a3"], []]
    assert await store.queued(LANE) == {}
    assert not raw.keys("{00}q:*")


async def test_only_what_is_queued_is_taken(store: Store, raw: redis.Redis) -> None:
    canceled = await known(store, await put(store))
    assert await store.apply(canceled, lifecycle.cancel(canceled.state, store.clock.now()))
    await put(store, expires_at=store.clock.now() - 1)
    await put(store, provider="other")
    good = await put(store)
    assert [record.id for record in await take(store, 1)] == [good]
    assert await store.queued(LANE) == {("other", False): 1}
    assert raw.smembers("{00}o:d.0") == {good}


async def test_a_take_is_an_intent(store: Store, raw: redis.Redis) -> None:
    record = await taken(store)
    state = record.state
    assert (state.status, state.phase, state.owner) == (Status.SUBMITTING, Phase.HELD, "d.0")
    assert (state.fence, state.open, state.stalls, state.steps) == (1, "1 ", 1, 2)
    assert state.due - state.updated_at == 25_000
    assert await store.held(LANE, "d.0") == {record.id}
    assert raw.zscore("{00}a", record.id) == state.due
    stored = await known(store, record.id)
    assert (stored.state, stored.content) == (state, record.content)
    assert [step.status for step in stored.timeline] == ["queued", "submitting"]
    back = await store.apply(record, lifecycle.give_back(state, 1, store.clock.now()))
    assert back is not None
    assert (back.state.phase, back.state.open, await store.held(LANE, "d.0")) == (Phase.QUEUED, "", set())
    (again,) = await take(store)
    assert (again.state.fence, again.state.open, again.state.stalls) == (2, "2 ", 1)


# Changing


async def test_a_change_is_applied_once_to_what_it_was_made_from(store: Store, raw: redis.Redis) -> None:
    record = await taken(store)
    change = lifecycle.settle(record.state, 1, Accepted("0"), store.clock.now(), POLICY)
    for _ in range(2):
        settled = await store.apply(record, change)
        assert settled is not None
        assert settled.state == change.state
    stale = lifecycle.settle(record.state, 1, REFUSED, store.clock.now() + 1, POLICY)
    assert await store.apply(record, stale) is None
    assert (await known(store, record.id)).state == settled.state
    assert [fields for _, fields in raw.xrange("{00}e:shop")] == [{"k": "submitted", "i": record.id, "n": "3"}]
    assert raw.zscore("{00}a", record.id) == settled.state.due
    assert await store.held(LANE, "d.0") == set()


async def test_only_what_is_final_expires(store: Store, raw: redis.Redis) -> None:
    record = await taken(store, tag="T", key="!K")
    later = await settle(store, record, NotSent("no connection"))
    keys = ["{00}m:" + record.id, "{00}k:T", "{00}k:!K"]
    assert {raw.pttl(key) for key in keys} == {-1}
    final = await store.apply(later, lifecycle.cancel(later.state, store.clock.now()))
    ends = [raw.pexpiretime(key) - final.state.final_at for key in keys]
    assert (ends[:2], 0 < ends[2] <= HOUR) == ([DAY, DAY], True)
    assert raw.zcard("{00}a") == 0


async def test_what_exists_is_listed(store: Store, raw: redis.Redis) -> None:
    record = await settle(store, await taken(store), REFUSED)
    store.clock.offset_ms += 20 * DAY
    await store.tick(LANE, 0, 0)
    change = lifecycle.receipt(
        record.state, 1, Receipt(reference="", identity="a", outcome="delivered"), store.clock.now(), POLICY
    )
    assert await store.apply(record, change)
    (index,) = raw.keys("{00}x:shop:d:*")
    assert raw.pexpiretime(index) >= raw.pexpiretime("{00}m:" + record.id)


async def test_what_was_decided_is_queued_once(store: Store, raw: redis.Redis) -> None:
    id_ = await reserve(store, 50)
    assert await store.tick(LANE, 10, 30_000) == []
    store.clock.offset_ms += 60
    (due,) = await store.tick(LANE, 10, 30_000)
    assert (due.id, await store.tick(LANE, 10, 30_000)) == (id_, []), "held back for whoever looks at it"
    assert raw.zscore("{00}a", id_) >= due.state.due + 30_000
    change = lifecycle.wake(due.state, store.clock.now(), POLICY)
    assert await store.apply(due, change)
    assert await store.apply(due, change)
    assert raw.lrange("{00}q:main:0:shop", 0, -1) == [id_]
    assert raw.zscore("{00}a", id_) == due.state.expires_at
    raw.delete("{00}m:" + id_)
    store.clock.offset_ms += 2 * DAY
    assert (await store.tick(LANE, 10, 30_000), raw.zcard("{00}a")) == ([], 0)


async def test_what_a_dead_owner_held_is_due_at_once(store: Store, raw: redis.Redis) -> None:
    mine, theirs = (await taken(store)), (await put(store), await take(store, owner="d.1"))[1][0]
    assert await store.release(LANE, "d.0") == 1
    assert [record.id for record in await store.tick(LANE, 10, 30_000)] == [mine.id]
    assert await store.held(LANE, "d.1") == {theirs.id}
    raw.sadd("{00}o:d.2", mine.id)
    assert await store.release(LANE, "d.2") == 1
    assert await store.held(LANE, "d.2") == set()


async def test_the_time_is_known_with_the_first_answer(store: Store, redis_url: str, raw: redis.Redis) -> None:
    """Whatever a new process does first: it reads a record to cancel it, or releases what its predecessor held."""
    record = await taken(store)
    topology = Topology(redis_url)
    try:
        await topology.open()
        started = Store(topology, Retention(DAY, HOUR), 1)
        await started.read(record.id)
        assert abs(started.clock.now() - raw.time()[0] * 1000) < 5000
        assert await started.release(LANE, "d.0") == 1
    finally:
        await topology.close()


async def test_a_newer_record_is_not_cut_short(store: Store, raw: redis.Redis) -> None:
    """Two versions run side by side while a cluster is upgraded; fields are only ever added at the end."""
    record = await taken(store)
    newer = msgspec.msgpack.encode([VERSION + 1, *msgspec.msgpack.decode(record.raw)[1:], "added later"])
    raw.hset("{00}m:" + record.id, "s", newer)
    with suppress(StoreUnavailable):
        await settle(store, await known(store, record.id), Accepted("0"))
    with redis.Redis.from_url(f"redis://127.0.0.1:{raw.connection_pool.connection_kwargs['port']}") as binary:
        assert msgspec.msgpack.decode(binary.hget("{00}m:" + record.id, "s"))[-1] == "added later"


# A server that forgets its scripts, or is full


async def test_forgotten_scripts_are_loaded_again(store: Store, raw: redis.Redis) -> None:
    for step in (lambda: put(store), lambda: take(store)):
        raw.script_flush()
        assert await step()


@pytest.fixture
def full(raw: redis.Redis) -> Iterator[Callable[[float], Any]]:
    """Calling it leaves Redis full to that share of its memory."""
    yield lambda share: raw.config_set("maxmemory", int(raw.info()["used_memory"] / share))
    raw.config_set("maxmemory", 0)


async def test_a_full_redis_still_takes_and_settles(
    store: Store, raw: redis.Redis, full: Callable[[float], Any]
) -> None:
    record, due, queued = await taken(store), await reserve(store, 100), await put(store)
    await asyncio.sleep(0.15)
    full(2.0)
    raw.script_flush()
    with pytest.raises(StoreFull):
        await accept(store, tag="T")
    assert await store.claimed(LANE, "T") is None
    assert [each.id for each in await take(store)] == [queued]
    assert [each.id for each in await store.tick(LANE, 9, 30_000)] == [due]
    assert (await settle(store, record, Accepted("0"))).state.status is Status.SUBMITTED


async def test_nothing_is_accepted_into_the_last_seventh(store: Store, full: Callable[[float], Any]) -> None:
    """What was accepted grows while it is sent: the scripts that may not be refused need room."""
    await put(store)
    full(0.9)
    await asyncio.sleep(1.5)  # a look at the memory every second will do
    with suppress(StoreFull):
        await accept(store)
        await asyncio.sleep(1.5)
    with pytest.raises(StoreFull):
        await accept(store)


async def test_a_repeat_is_known_in_a_full_redis(store: Store, full: Callable[[float], Any]) -> None:
    """Refused as new it would be told that nothing was accepted."""
    id_ = await put(store, tag="T")
    for share in (0.9, 2.0):
        full(share)
        await asyncio.sleep(1.2)
        assert (await accept(store, tag="T"))[1] == Replay(id_)


# What an adoption left open


async def test_every_lane_is_met_before_it_is_written(open_store: Open, redis_url: str) -> None:
    await (await open_store(redis_url, 2)).adopt()
    fresh = await open_store(redis_url, 2)
    ids = [await put(fresh, client=client) for client in ("first", "second")]
    assert [(await known(fresh, id_)).state.open for id_ in ids] == ["", ""]


async def test_what_the_rules_must_decide_is_not_taken_before(store: Store, open_store: Open, redis_url: str) -> None:
    """A caller repeats its request and waits: that marks the message, and decides nothing."""
    id_ = await put(store)
    await (await open_store(redis_url)).adopt()
    await store.tick(LANE, 0, 0)
    record = await known(store, id_)
    assert await store.apply(record, Change(msgspec.structs.replace(record.state, watched=True), None))
    assert await take(store) == []
