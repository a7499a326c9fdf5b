"""The store when its connection is cut, its server hangs, or another has taken its place."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest
import redis

from gateway.errors import StoreFull, StoreUnavailable
from gateway.model.outcome import Accepted
from gateway.store.messages import Fresh, Store
from tests.redis_tools import Proxy, Servers, port_of
from tests.store_tools import LANE, Open, accept, put, settle, take

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize


@each("cut", ["before", "after"])
async def test_a_lost_answer_is_asked_for_again(open_store: Open, proxy: Proxy, raw: redis.Redis, cut: str) -> None:
    store = await open_store(proxy.url)
    await put(store)
    proxy.plan = [cut]
    assert await put(store, tag="T") == await store.claimed(LANE, "T")
    assert (raw.hget("{00}n", "main:0"), raw.llen("{00}q:main:0:shop")) == ("2", 2)
    record = (await take(store))[0]
    proxy.plan = [cut]
    await settle(store, record, Accepted("0"))
    assert (raw.xlen("{00}e:shop"), await store.queued(LANE)) == (1, {})
    await put(store)
    proxy.plan = [cut]
    with pytest.raises(StoreUnavailable):
        await take(store)
    assert len(await store.held(LANE, "d.0")) == (2 if cut == "after" else 1)


async def test_connections_killed_under_load_double_nothing(store: Store, raw: redis.Redis) -> None:
    await put(store)

    async def kill() -> None:
        for _ in range(10):
            raw.client_kill_filter(_type="normal", skipme=True)
            await asyncio.sleep(0.003)

    results, _ = await asyncio.gather(asyncio.gather(*(accept(store) for _ in range(300))), kill())
    assert {result for _, result in results} == {Fresh()}
    assert (raw.hget("{00}n", "main:0"), raw.llen("{00}q:main:0:shop")) == ("301", 301)


async def test_full_after_a_lost_answer_does_not_mean_refused(open_store: Open, proxy: Proxy, raw: redis.Redis) -> None:
    store = await open_store(proxy.url)
    await put(store)
    proxy.plan, proxy.on_cut = ["after"], lambda: raw.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable) as refused:
            await accept(store, tag="T")
    finally:
        raw.config_set("maxmemory", 0)
    assert await store.claimed(LANE, "T") is not None
    assert not isinstance(refused.value, StoreFull), "the caller is told that nothing was accepted"


async def test_a_hung_redis_is_told_in_time(open_store: Open, server: Servers) -> None:
    process, url = server()
    store = await open_store(url)

    async def waited(delay: float) -> float:
        await asyncio.sleep(delay)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await accept(store)
        return time.monotonic() - began

    await put(store)
    process.send_signal(signal.SIGSTOP)
    took = await asyncio.gather(waited(0), waited(2.5))
    process.send_signal(signal.SIGCONT)
    await put(store)
    assert took[0] < 6
    assert took[1] < 6, "who came later waits for a second connection's end"


async def test_a_demoted_primary_is_left(open_store: Open, server: Servers) -> None:
    """A name that moves to the promoted replica helps only who connects again."""
    (_, old), (_, new) = server("one"), server("two")
    with redis.Redis.from_url(old) as first, redis.Redis.from_url(new) as second:
        async with Proxy(old) as proxy:
            store = await open_store(proxy.url)
            id_ = await put(store)
            second.replicaof("127.0.0.1", port_of(old))
            while not second.exists("{00}m:" + id_):
                await asyncio.sleep(0.05)
            second.replicaof("NO", "ONE")
            first.replicaof("127.0.0.1", port_of(new))
            proxy.upstream = new
            assert await put(store)
