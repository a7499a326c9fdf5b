"""The store on a cluster that moves: slots, primaries, and a start without an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis

from gateway.store.messages import Retention, Store
from gateway.store.topology import Topology
from tests.redis_tools import Proxy, Servers, port_of
from tests.store_tools import DAY, HOUR, LANE, Open, put

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize


async def node_ready(node: redis.Redis, words: str) -> None:
    ends = time.monotonic() + 10
    while words not in str(node.execute_command("CLUSTER INFO")) + str(node.execute_command("CLUSTER NODES")):
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


@pytest.fixture
async def pair(server: Servers) -> AsyncIterator[Any]:
    """A node that holds every slot, and one that holds none: each with its process, URL and client."""
    nodes = []
    for folder in ("one", "two"):
        process, url = server(folder, cluster=True)
        nodes.append((process, url, redis.Redis.from_url(url, decode_responses=True)))
        nodes[-1][2].config_set("cluster-node-timeout", 500)
    first, second = (client for _, _, client in nodes)
    second.execute_command("CLUSTER RESET HARD")
    second.execute_command("CLUSTER MEET", "127.0.0.1", port_of(nodes[0][1]))
    for client, other in ((first, second), (second, first)):
        await node_ready(client, other.execute_command("CLUSTER MYID"))
        await node_ready(client, "'cluster_state': 'ok'")
    yield nodes
    first.close()
    second.close()


async def test_a_slot_that_moved_is_followed(open_store: Open, pair: Any) -> None:
    (_, url, first), (_, _, second) = pair
    store = await open_store(url)
    assert await store.lanes()
    slot, to = first.execute_command("CLUSTER KEYSLOT", "{00}"), second.execute_command("CLUSTER MYID")
    for node in (second, first):
        node.execute_command("CLUSTER SETSLOT", slot, "NODE", to)
    async with asyncio.timeout(8):  # the scripts were never loaded there
        await store.tick(LANE, 0, 0)


async def test_a_promoted_replica_is_found(open_store: Open, pair: Any) -> None:
    (process, url, first), (_, _, second) = pair
    second.execute_command("CLUSTER REPLICATE", first.execute_command("CLUSTER MYID"))
    ends = time.monotonic() + 10
    while len(first.execute_command("CLUSTER SLOTS")[0]) < 4:  # the range, the primary, the replica
        assert time.monotonic() < ends
        await asyncio.sleep(0.05)
    store = await open_store(url)
    id_ = await put(store)
    assert first.wait(1, 5000) == 1
    process.kill()
    process.wait()
    second.execute_command("CLUSTER FAILOVER", "TAKEOVER")
    assert await store.read(id_)


@each("redis_server", ["cluster"], indirect=True)
async def test_a_cluster_that_answers_late_is_still_one(proxy: Proxy) -> None:
    proxy.plan = ["before"] * 99
    topology = Topology(proxy.url)
    try:
        assert not await topology.open(0.5)
        proxy.plan = []
        while not topology.up:
            await asyncio.sleep(0.01)
        assert len(await Store(topology, Retention(DAY, HOUR)).lanes()) == 16
    finally:
        await topology.close()
