"""What one process sees and another does not, and dispatchers at awkward moments, on real servers."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from gateway.app import dispatcher_for
from gateway.errors import StoreForgot, StoreUnavailable
from gateway.store.messages import Retention, Store
from gateway.store.topology import Topology
from tests import test_store_cluster
from tests.conftest import free_port
from tests.harness import Harness
from tests.redis_tools import Proxy, Servers, port_of
from tests.store_tools import DAY, LANE, Open, known, put, take

pair = test_store_cluster.pair


@pytest.mark.anyio
async def test_what_one_process_saw_closes_the_others(open_store: Open, server: Servers, tmp_path: Path) -> None:
    """A failover lost the last take. Whoever made it knows; the others find its message queued, and would send it."""
    process, url = server("one")
    with redis.Redis.from_url(url) as client:
        client.config_set("appendfsync", "always")  # the copy has all that was answered
    async with Proxy(url) as proxy:
        witness, other = await open_store(proxy.url), await open_store(proxy.url)
        await put(witness)
        await other.tick(LANE, 0, 0)
        shutil.copytree(tmp_path / "one", tmp_path / "two")
        assert await take(witness)
        process.kill()
        process.wait()
        proxy.upstream = server("two")[1]
        proxy.drop()
        with pytest.raises(StoreForgot):
            await witness.tick(LANE, 0, 0)
        for _ in range(20):
            with suppress(StoreUnavailable):
                assert await take(other) == []
            await asyncio.sleep(0.1)


@pytest.mark.anyio
async def test_a_slot_on_its_way_is_waited_for(open_store: Open, pair: Any) -> None:
    """A record has moved, its queue has not: no script may run by half, or end the process that asked."""
    (_, url, first), (_, other, second) = pair
    store = await open_store(url)
    ids = [await put(store, tag=tag) for tag in ("T", "U")]
    await store.adopt()
    slot, here, there = (
        first.execute_command("CLUSTER KEYSLOT", "{00}"),
        *(node.execute_command("CLUSTER MYID") for node in (first, second)),
    )
    second.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", here)
    first.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", there)
    first.execute_command("MIGRATE", "127.0.0.1", port_of(other), "{00}m:" + ids[0], 0, 1000)
    with pytest.raises(StoreUnavailable):
        await take(store)
    assert first.lrange("{00}q:main:0:shop", 0, -1) == ids


@pytest.mark.anyio
async def test_what_could_not_be_recorded_is_not_given_back(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor has it, and the outcome fails to be written for a reason that nobody thought of."""

    async def fail(*_: object) -> None:
        raise RuntimeError("a message changed under every try to change it")

    monkeypatch.setattr(harness.here.recorder, "settle", fail)
    id_ = await harness.sent(to="+819012340023")  # no receipt comes
    harness.dispatch()
    await asyncio.sleep(5)
    record = await known(harness.here.store, id_.removeprefix("msg_"))
    assert "1" in record.state.open.split() or any("lost" in step.detail for step in record.timeline)
    assert harness.vendor.requests.total() == 1


@pytest.mark.anyio
async def test_a_dispatcher_stops_without_a_redis(harness: Harness) -> None:
    here = harness.here
    topology = Topology(f"redis://127.0.0.1:{free_port()}/0")
    store = Store(topology, Retention(DAY, DAY))
    try:
        await topology.open(0.1)
        dispatcher = dispatcher_for(dataclasses.replace(here, store=store), "d.0", "test")
        running = asyncio.create_task(dispatcher.run())
        await asyncio.sleep(0.2)
        dispatcher.stop()
        await running
    finally:
        await topology.close()
