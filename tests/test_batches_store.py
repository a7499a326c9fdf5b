"""Batches and their store: how often it is asked, and what is told when it falls silent, fails or is full."""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import redis

from gateway import faults
from gateway.errors import StoreForgot, StoreUnavailable
from tests import test_api_errors
from tests.batch_tools import accepted, bodies, codes, ids, numbers, post, read
from tests.harness import Harness, open_harness
from tests.redis_tools import port_of

pytestmark = pytest.mark.anyio
frail = test_api_errors.frail
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)

FAR = 0.02
"""Seconds to the far Redis, one way."""


class Far:
    """Stands between a gateway and Redis, and delays whatever passes; counts what was sent to Redis."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: list[asyncio.StreamWriter] = []
        self.writes = 0

    async def __aenter__(self) -> Far:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for end in self._ends:
            end.close()
        await asyncio.gather(*self._tasks, *(end.wait_closed() for end in self._ends), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port_of(self._upstream))
        self._ends += [back, writer]
        for source, target in ((reader, back), (there, writer)):
            self._tasks.add(asyncio.create_task(self._carry(source, target)))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        loop, last = asyncio.get_running_loop(), 0.0
        while data := await source.read(1 << 20):
            now = time.monotonic()
            if target.get_extra_info("peername")[1] == port_of(self._upstream) and now - last > FAR / 2:
                self.writes += 1
            last = now
            loop.call_later(FAR, target.write, data)


@once
async def test_a_thousand_messages_take_few_journeys_to_a_far_redis(redis_url: str, tmp_path: Path) -> None:
    async with Far(redis_url) as far, AsyncExitStack() as stack:
        harness = await open_harness(far.url, tmp_path, stack)
        await harness.sent()
        for _ in range(2):
            far.writes, began = 0, time.monotonic()
            answer = await post(harness, bodies(1000), "k")
            took = time.monotonic() - began
            print(f"\n1000 messages: {took * 1000:.0f} ms, {far.writes} journeys")
            assert len(set(ids(answer))) == 1000
            assert took < 2
            assert far.writes <= 30  # 7 and 12, where nothing else keeps the machine busy
        batch_id = answer.json()["batchId"]
        far.writes = 0
        assert (await read(harness, batch_id))["counts"] == {"queued": 1000}
        assert (await harness.api.post(f"/batches/{batch_id}/cancel")).json()["counts"] == {"canceled": 1000}
        assert far.writes <= 30


async def test_what_is_known_is_told_when_redis_falls_silent(frail: tuple[Harness, Popen[bytes]]) -> None:
    harness, process = frail
    batch = {"to": numbers(800), "text": "Hello"}
    count = itertools.count(1)

    async def stop(name: str) -> None:
        if name == "accept.after" and next(count) == 300:
            process.send_signal(signal.SIGSTOP)

    faults.install(stop)
    began = time.monotonic()
    try:
        answer = await post(harness, batch, "k")
    finally:
        faults.install(None)
    assert time.monotonic() - began < 8  # those after the first silence are not waited for
    found = codes(answer.json()["items"])
    known = found.count("queued")
    assert 250 < known < 800
    assert set(found) == {"queued", "store_unavailable"}
    process.send_signal(signal.SIGCONT)
    whole = await post(harness, batch, "k")
    assert len(set(ids(whole))) == 800
    first = [item["message"]["id"] for item in answer.json()["items"] if "message" in item]
    assert set(first) < set(ids(whole))
    assert await accepted(harness) == (await read(harness, whole.json()["batchId"]))["total"] == 800


async def test_where_nothing_is_known_the_whole_is_refused(frail: tuple[Harness, Popen[bytes]]) -> None:
    harness, process = frail
    await harness.sent()
    process.send_signal(signal.SIGSTOP)
    absent = "/batches/bat_" + "0" * 26
    for refused in await asyncio.gather(
        post(harness, bodies(300), "k"), harness.api.get(absent), harness.api.post(f"{absent}/cancel")
    ):
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert int(refused.headers["retry-after"]) >= 1
    process.send_signal(signal.SIGCONT)
    assert len(set(ids(await post(harness, bodies(300), "k")))) == 300
    assert await accepted(harness) == 301


@once
@each(("error", "status"), [(StoreUnavailable, 202), (StoreForgot, 503)])
async def test_a_store_that_lost_what_it_confirmed_vouches_for_nothing(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, error: type[Exception], status: int
) -> None:
    accept, count = harness.here.store.accept, itertools.count()

    async def failing(*given: Any, **named: Any) -> Any:
        if next(count) >= 100:
            raise error
        return await accept(*given, **named)

    monkeypatch.setattr(harness.here.store, "accept", failing)
    answer = await post(harness, bodies(600))
    assert answer.status_code == status
    if status == 202:
        assert codes(answer.json()["items"]) == ["queued"] * 100 + ["store_unavailable"] * 500
        assert next(count) == 251  # the third chunk was not tried


async def test_a_full_store_takes_no_batch_and_knows_those_it_took(harness: Harness, redis_url: str) -> None:
    first = await post(harness, bodies(3), "k")
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 1)
        try:
            new, repeat = await post(harness, bodies(3), "new"), await post(harness, bodies(3), "k")
            other = await post(harness, bodies(4), "k")
            canceled = await harness.api.post(
                f"/batches/{first.json()['batchId']}/cancel", headers={"Idempotency-Key": "c"}
            )
        finally:
            client.config_set("maxmemory", 0)
    assert (new.status_code, new.json()["code"]) == (503, "overloaded")
    assert int(new.headers["retry-after"]) >= 1
    assert ids(repeat) == ids(first)
    assert repeat.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422
    assert canceled.json()["counts"] == {"canceled": 3}
