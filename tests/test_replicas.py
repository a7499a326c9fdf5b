"""Several processes of each role, and several gateways on one Redis."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
import redis

from tests import processes
from tests.harness import Harness
from tests.processes import Processes

pytestmark = pytest.mark.anyio
gateway = processes.gateway


async def test_dispatchers_share_the_work_and_double_nothing(harness: Harness) -> None:
    ids = [await harness.sent(clientTag=f"m-{number}") for number in range(300)]
    for number in range(3):
        harness.dispatch(f"replica-{number}.0")
    for id_ in ids:
        await harness.until(id_, "delivered", seconds=20)
    assert Counter(harness.vendor.requests.values()) == {1: 300}
    owners: Counter[str] = Counter()
    for lane in await harness.here.store.lanes():
        for number in range(3):
            owners.update(await harness.here.store.held(lane, f"replica-{number}.0"))
    assert not owners, "nothing stays in anybody's hands"


async def test_a_message_at_rest_costs_less_than_two_kilobytes(harness: Harness, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        for number in range(50):
            await harness.sent(clientTag=f"warm-{number}")
        before = client.info("memory")["used_memory"]
        text = "x" * 100
        for number in range(500):
            await harness.sent(clientTag=f"m-{number}", text=text)
        harness.dispatch()
        ids = [f"m-{number}" for number in range(0, 500, 50)]
        for tag in ids:
            items = (await harness.api.get("/messages", params={"clientTag": tag})).json()["items"]
            await harness.until(items[0]["id"], "delivered", seconds=20)
        await asyncio.sleep(1.0)
        cost = (client.info("memory")["used_memory"] - before) / 500 - len(text)
    print(f"\n{cost:.0f} bytes of Redis beyond the text")
    assert cost < 2048


async def test_two_workers_of_each_role_wait_across_processes(gateway: Processes) -> None:
    await gateway.start("--workers", "2")
    body = {"to": "+819012345678", "text": "Hello"}
    answers = await asyncio.gather(
        *(gateway.api.post("/messages", json=body, headers={"Prefer": "wait=10"}) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["status"] for answer in answers} <= {"submitted", "delivered"}
    answers = await asyncio.gather(
        *(gateway.api.post("/messages", json=body | {"clientTag": "race"}) for _ in range(100))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    await asyncio.sleep(1.2)  # each process publishes its own once a second
    metrics = (await gateway.api.get("/metrics")).text
    [accepted] = [line for line in metrics.splitlines() if line.startswith("gateway_messages_accepted_total")]
    assert accepted.endswith(" 21"), "over all processes"
