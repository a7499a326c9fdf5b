"""Killed at any moment: no event is lost, none changes its name."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import standardwebhooks

from gateway.sandbox.server import Answer, Request
from tests.processes import KEY, Processes
from tests.webhook_tools import HEARD, SECRETS, Endpoint

pytestmark = pytest.mark.anyio


class Killed(Processes):
    """A gateway with an endpoint."""

    def __init__(self, folder: Path, endpoint: Endpoint) -> None:
        super().__init__(folder)
        self.endpoint = endpoint

    async def open(self) -> None:
        await super().open()
        await self.endpoint.server.start()
        with (self.folder / "gateway.toml").open("a") as file:
            file.write(self.endpoint.section())

    async def close(self) -> None:
        await super().close()
        await self.endpoint.server.stop()

    async def feed(self) -> dict[str, dict[str, Any]]:
        """All events by their ids."""
        found: dict[str, dict[str, Any]] = {}
        query: dict[str, Any] = {"limit": 100}
        while True:
            answer = await self.api.get("/events", params=query)
            assert answer.status_code == 200, answer.text
            got = answer.json()
            found |= {item["id"]: item for item in got["items"]}
            if got["nextCursor"] is None:
                return found
            query["after"] = got["nextCursor"]

    def dispatchers(self) -> list[int]:
        """The processes that tell, among the children."""
        found = []
        for pid in self.children():
            said = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
            if "redis" not in said.stdout and "valkey" not in said.stdout:
                found.append(pid)
        return found


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Killed]:
    processes = Killed(tmp_path, Endpoint())
    await processes.open()
    try:
        yield processes
    finally:
        await processes.close()


async def everything_told(gateway: Killed, ids: set[str], seconds: float = 60.0) -> dict[str, dict[str, Any]]:
    """Returns the feed, once every message came to rest and its endpoint knows of it all."""
    ends = time.monotonic() + seconds
    while True:
        with suppress(httpx.TransportError, AssertionError):
            feed = await gateway.feed()
            about = {event["data"]["id"] for event in feed.values()}
            if ids <= about and set(feed) <= set(gateway.endpoint.ids):
                return feed
        if time.monotonic() > ends:
            raise AssertionError(
                f"{len(set(gateway.endpoint.ids))} told; {Counter(gateway.endpoint.ids).most_common(3)}"
            )
        await asyncio.sleep(0.25)


def check_told(gateway: Killed, feed: dict[str, dict[str, Any]]) -> None:
    """Everything told is in the feed, under the same name and of the same thing; each change is one event."""
    for request in gateway.endpoint.told:
        event = standardwebhooks.Webhook(SECRETS[0]).verify(request.body, request.headers)
        kept = feed[event["id"]]
        assert event["id"] == request.headers["webhook-id"]
        for name in ("type", "timestamp"):
            assert event[name] == kept[name]
        assert event["data"]["id"] == kept["data"]["id"]
    changes = Counter((event["type"], event["data"]["id"]) for event in feed.values())
    assert set(changes.values()) == {1}, "a change was told as two events"


async def test_kills_under_load_lose_no_event(gateway: Killed) -> None:
    """A third of the tries fail, so that there is always something to be told again."""
    random.seed(7)
    tried: Counter[str] = Counter()

    async def moody(request: Request) -> Answer:
        id_ = request.headers["webhook-id"]
        tried[id_] += 1
        await asyncio.sleep(random.uniform(0, 0.2))
        return Answer(503) if tried[id_] == 1 and random.random() < 0.33 else HEARD

    gateway.endpoint.answer = moody
    await gateway.start("--workers", "2")
    accepted: set[str] = set()
    stop = asyncio.Event()

    async def caller(number: int) -> None:
        count = 0
        while not stop.is_set():
            if id_ := await gateway.send(f"{number}-{count}"):
                accepted.add(id_)
                count += 1
            await asyncio.sleep(0.05)

    callers = [asyncio.create_task(caller(number)) for number in range(3)]
    kills: Counter[str] = Counter()
    for number in range(14):
        await asyncio.sleep(random.uniform(0.1, 0.6))
        assert gateway.process
        if number % 5 == 4:
            gateway.kill()
            kills["supervisor"] += 1
            await gateway.start("--workers", "2")
        elif victims := gateway.dispatchers():
            with suppress(ProcessLookupError):
                os.kill(random.choice(victims), signal.SIGKILL)
                kills["child"] += 1
    stop.set()
    await asyncio.gather(*callers)
    assert len(accepted) > 30
    feed = await everything_told(gateway, accepted)
    check_told(gateway, feed)
    told = Counter(gateway.endpoint.ids)
    print(f"\n{len(accepted)} messages, {len(feed)} events, {told.total()} tellings, kills: {dict(kills)}")


@pytest.mark.parametrize("moment", ["before the answer", "after the answer"])
async def test_killed_while_it_tells(gateway: Killed, moment: str) -> None:
    """What was under way is told again after its lease, under the same name."""
    came, answer = asyncio.Event(), asyncio.Event()

    async def wait(_: Request) -> Answer:
        came.set()
        await answer.wait()
        return HEARD

    gateway.endpoint.answer = wait
    await gateway.start()
    id_ = await gateway.send("a")
    assert id_
    await asyncio.wait_for(came.wait(), 10)
    stopped = gateway.dispatchers() if moment == "after the answer" else []
    for pid in stopped:  # they hear nothing of it any more
        os.kill(pid, signal.SIGSTOP)
    if stopped:
        answer.set()
        await asyncio.sleep(0.2)
    gateway.kill()
    for pid in stopped:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    answer.set()
    before = set(gateway.endpoint.ids)
    await gateway.start()
    feed = await everything_told(gateway, {id_}, seconds=40)
    ends = time.monotonic() + 30
    while not all(gateway.endpoint.ids.count(each) >= 2 for each in before):
        assert time.monotonic() < ends, "what may not have been heard was not told again"
        await asyncio.sleep(0.25)
    check_told(gateway, feed)


@pytest.mark.parametrize("point", ["settle.after", "receipt.before", "receipt.after", "send.after"])
async def test_killed_around_a_change_it_is_one_event(gateway: Killed, point: str) -> None:
    """There is no change without its event, and no event without its change."""
    await gateway.start(faults=f"{point}=kill@2")
    accepted: set[str] = set()
    for number in range(5):
        while (id_ := await gateway.send(f"m-{number}")) is None:
            await asyncio.sleep(0.05)
        accepted.add(id_)
    await asyncio.sleep(0.5)
    gateway.kill()
    await gateway.start()
    feed = await everything_told(gateway, accepted)
    check_told(gateway, feed)
    for id_ in accepted:
        message = (await gateway.api.get(f"/messages/{id_}")).json()
        told = [event["type"].partition(".")[2] for event in feed.values() if event["data"]["id"] == id_]
        entered = [step["status"] for step in message["events"] if step["status"] in ("submitted", "delivered")]
        assert set(told) == set(entered)


async def test_an_endpoint_that_hangs_does_not_hold_up_the_end(gateway: Killed) -> None:
    """SIGTERM: what is under way is ended, and told again where it was not heard."""

    async def slow(_: Request) -> Answer:
        await asyncio.sleep(1.0)
        return HEARD

    gateway.endpoint.answer = slow
    await gateway.start()
    id_ = await gateway.send("a")
    assert id_
    ends = time.monotonic() + 10
    while not gateway.endpoint.told:
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)
    began = time.monotonic()
    assert await gateway.stop() == 0
    assert time.monotonic() - began < 20
    await gateway.start()
    feed = await everything_told(gateway, {id_})
    check_told(gateway, feed)
    log = gateway.log()
    for secret in (*SECRETS, KEY, gateway.endpoint.server.url):
        assert secret not in log
    assert all(json.loads(line) for line in log.splitlines())
