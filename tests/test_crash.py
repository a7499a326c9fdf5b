"""Killed at any moment: no accepted message is lost, none reaches the vendor twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress

import httpx
import pytest
import redis

from gateway import faults
from tests import processes
from tests.processes import Processes

pytestmark = pytest.mark.anyio
gateway = processes.gateway


async def settled(gateway: Processes, ids: list[str], seconds: float = 60.0) -> None:
    """Returns once every message is at the vendor. (Receipts pushed while nobody listened are gone.)"""
    ends = time.monotonic() + seconds
    waiting, statuses = list(ids), {}
    while waiting:
        assert time.monotonic() < ends, Counter(statuses.values())
        with suppress(httpx.TransportError, KeyError):
            for begin in range(0, len(waiting), 40):
                statuses |= await gateway.statuses(waiting[begin : begin + 40])
        waiting = [id_ for id_ in waiting if statuses.get(id_) not in ("submitted", "delivered")]
        await asyncio.sleep(0.1)


def check_ledgers(gateway: Processes, accepted: dict[str, str]) -> None:
    """The callers' ledger against the vendor's."""
    references = [reference[:26] for reference in gateway.vendor.accepted]
    assert len(references) == len(set(references)), "a message is at the vendor twice"
    missing = {id_.removeprefix("msg_") for id_ in accepted.values()} - set(references)
    assert not missing, "an accepted message never reached the vendor"


async def test_twenty_kills_under_load(gateway: Processes) -> None:
    await gateway.start()
    random.seed(20)
    accepted: dict[str, str] = {}
    kills: Counter[str] = Counter()
    stop = asyncio.Event()

    async def caller(number: int) -> None:
        count = 0
        while not stop.is_set():
            tag = f"{number}-{count}"
            id_ = await gateway.send(tag)
            if id_ is None:
                await asyncio.sleep(0.02)  # an honest caller repeats the same request
                continue
            assert accepted.setdefault(tag, id_) == id_, "one tag made two messages"
            count += 1
            await asyncio.sleep(0.005)

    callers = [asyncio.create_task(caller(number)) for number in range(8)]
    for _ in range(24):
        await asyncio.sleep(random.uniform(0.05, 0.5))
        assert gateway.process
        victim = random.choice([gateway.process.pid, *gateway.children()])
        if victim == gateway.process.pid:
            kills["supervisor"] += 1
            gateway.kill()
            await gateway.start()
        else:
            kills["child"] += 1
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
    stop.set()
    await asyncio.gather(*callers)
    assert len(accepted) > 100
    await settled(gateway, list(accepted.values()))
    check_ledgers(gateway, accepted)
    print(f"\n{len(accepted)} messages, kills: {dict(kills)}")


@pytest.mark.parametrize("point", faults.POINTS)
async def test_killed_at_each_point(gateway: Processes, point: str) -> None:
    """Every process dies the second time it passes the point."""
    await gateway.start(faults=f"{point}=kill@2")
    accepted: dict[str, str] = {}
    for number in range(6):
        while (id_ := await gateway.send(f"m-{number}")) is None:
            await asyncio.sleep(0.05)
        accepted[f"m-{number}"] = id_
    await asyncio.sleep(0.3)
    gateway.kill()
    await gateway.start()
    await settled(gateway, list(accepted.values()))
    check_ledgers(gateway, accepted)


async def test_a_restart_sends_nothing_again(gateway: Processes) -> None:
    await gateway.start()
    accepted = {f"m-{number}": await gateway.send(f"m-{number}") or "" for number in range(20)}
    await settled(gateway, list(accepted.values()))
    sends = sum(gateway.vendor.requests.values())
    assert await gateway.stop() == 0
    await gateway.start()
    for tag, id_ in accepted.items():
        assert await gateway.send(tag) == id_
    await asyncio.sleep(0.5)
    assert sum(gateway.vendor.requests.values()) == sends == 20


async def test_sigterm_drains(gateway: Processes) -> None:
    await gateway.start()
    ids = [id_ for id_ in await asyncio.gather(*(gateway.send(f"m-{n}") for n in range(50))) if id_]
    began = time.monotonic()
    assert await gateway.stop() == 0
    assert time.monotonic() - began < 30
    await gateway.start()
    await settled(gateway, ids)
    check_ledgers(gateway, dict(enumerate(ids)))  # type: ignore[arg-type]


async def test_an_emptied_redis_is_closed_until_adopted(gateway: Processes) -> None:
    await gateway.start()
    assert await gateway.send("before")
    with redis.Redis(unix_socket_path=str(gateway.folder / "data" / "redis.sock")) as client:
        client.flushall()
    ends = time.monotonic() + 10
    while (answer := await gateway.api.get("/health/ready")).status_code == 200:
        assert time.monotonic() < ends
        await asyncio.sleep(0.1)
    assert "gateway store adopt" in answer.json()["detail"]
    assert await gateway.send("meanwhile") is None
    adopted = await asyncio.to_thread(gateway.run, "store", "adopt", "--config", "gateway.toml")
    assert adopted.returncode == 0, adopted.stderr
    ends = time.monotonic() + 10
    while (id_ := await gateway.send("meanwhile")) is None:
        assert time.monotonic() < ends, "running processes find out by themselves"
        await asyncio.sleep(0.2)
    await settled(gateway, [id_])
