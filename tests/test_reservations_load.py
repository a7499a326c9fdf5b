"""A hundred thousand reservations of one minute: each sent once, oldest first, at a cost that does not depend on how
many others wait."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from gateway.api.services import Services
from gateway.app import dispatcher_for, open_services
from gateway.metrics import Metrics
from gateway.model.ids import new_id
from gateway.model.message import Content, Phase, State, Status
from gateway.provider import Provider, VendorAnswer, VendorRequest
from gateway.store.messages import Claims, Fresh
from tests.harness import eventually, settings_for
from tests.redis_tools import ON_ONE_NODE

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
MANY = 100_000
MINUTE, DAY = 60_000, 86_400_000
CONTENT = Content(to="+819012345678", text="Your table is ready.", encoding="gsm7", characters=20, segments=1)


class Wire:
    """In place of the transport: a vendor that takes everything at once. `sent`: ids, in the order they came."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def exchange(self, provider: Provider, request: VendorRequest) -> VendorAnswer:
        [tag] = parse_qs(request.body.decode())["clientTag"]
        self.sent.append(tag[:26])
        return VendorAnswer(200, b'{"responseCode":0}')


@pytest.fixture
async def here(redis_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    async with AsyncExitStack() as stack:
        settings = settings_for(redis_url, "http://vendor.test", tmp_path, "rate = 100000\nconcurrency = 1000")
        services = await open_services(settings, redis_url, stack, Metrics())
        yield dataclasses.replace(services, transport=Wire())  # type: ignore[arg-type]


async def reserve(here: Services, moments: list[int]) -> list[str]:
    """Ids of new reservations, one for each moment."""
    store, now = here.store, here.store.clock.now()
    lane = await store.lane("shop")

    async def one(at: int) -> str:
        state = State(
            status=Status.SCHEDULED,
            phase=Phase.WAITING,
            provider="main",
            client="shop",
            due=at,
            expires_at=at + DAY,
            send_at=at,
            created_at=now,
            updated_at=now,
            steps=1,
            month=202611,
        )
        id_ = new_id(lane, now)
        assert isinstance(await store.accept(id_, state, CONTENT, Claims("", "", b""), rate=None), Fresh)
        return id_

    ids: list[str] = []
    for begin in range(0, len(moments), 500):
        ids += await asyncio.gather(*(one(at) for at in moments[begin : begin + 500]))
    return ids


async def pass_time(here: Services, ms: int) -> None:
    here.store.clock.offset_ms += ms
    await here.store.look()


async def test_a_hundred_thousand_of_one_minute_each_once(here: Services) -> None:
    draw = random.Random(20261120)
    begins = here.store.clock.now() + DAY
    moments = [begins + draw.randrange(MINUTE) for _ in range(MANY)]
    ids = await reserve(here, moments)
    wire = here.transport
    assert isinstance(wire, Wire)
    dispatchers = [dispatcher_for(here, f"replica.{number}", "test") for number in range(2)]
    running = [asyncio.create_task(each.run(drain=3.0)) for each in dispatchers]
    await asyncio.sleep(0.3)
    assert not wire.sent, "none is early"
    await pass_time(here, DAY + MINUTE)
    await eventually(lambda: len(wire.sent) >= MANY, seconds=180)
    await asyncio.sleep(0.2)
    for each in dispatchers:
        each.stop()
    await asyncio.gather(*running)
    assert Counter(wire.sent) == Counter(ids)
    place = dict(zip(ids, moments, strict=True))
    told = [place[id_] for id_ in wire.sent]
    # Two processes take turns, and their batches overlap: oldest first, but for about a second of that minute.
    behind = max(latest - at for latest, at in zip(_latest(told), told, strict=True))
    assert behind < 3_000, f"{behind} ms"


async def test_the_cost_of_a_release_does_not_grow_with_what_waits(here: Services) -> None:
    few = 2_000
    now = here.store.clock.now()
    agenda = dispatcher_for(here, "replica.0", "test")._agenda
    spent = []
    for round_, waiting in enumerate((0, 30_000)):
        begins = now + DAY * (round_ + 1)
        await reserve(here, [begins + 30 * DAY] * waiting)
        await reserve(here, [begins] * few)
        await pass_time(here, begins - here.store.clock.now())
        ticks = []
        more = True
        while more:
            began = time.process_time()
            more = any([await agenda.work(lane) for lane in await here.store.lanes()])
            ticks.append(time.process_time() - began)
        spent.append(statistics.median(ticks))
        depth = sum((await here.store.queued(await here.store.lane("shop"))).values())
        assert depth == few * (round_ + 1)
    alone, among_many = (tick / 50 * 1e6 for tick in spent)
    assert among_many < 1.6 * alone, f"{alone:.0f} us alone, {among_many:.0f} us among many"


def _latest(moments: list[int]) -> list[int]:
    """At each place the latest moment so far."""
    found: list[int] = []
    for at in moments:
        found.append(max(at, found[-1]) if found else at)
    return found
