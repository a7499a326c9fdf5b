"""Many endpoints: a dead one slows nobody else; how many tries and how much backlog one may have."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

import pytest

from gateway.sandbox.server import Answer, Request
from gateway.store import feed
from gateway.webhooks import telling
from tests import webhook_tools
from tests.harness import advance, eventually
from tests.webhook_tools import (
    HEARD,
    Endpoint,
    Hooked,
    ask,
    happen,
    pulled,
    shown,
    silence,
    tell,
    telling_all,
    the_hook,
)

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
endpoints, hooked = webhook_tools.endpoints, webhook_tools.hooked

ENDPOINTS, DEAD, EVENTS = 100, 10, 12
"""`EVENTS` are more than the tries that may be under way to one endpoint, so the dead ones are full up."""


@once
async def test_ten_dead_endpoints_of_a_hundred_slow_nobody_else(
    hooked: Hooked, endpoints: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays: dict[str, list[float]] = defaultdict(list)

    async def hear(request: Request) -> Answer:
        happened = datetime.fromisoformat(json.loads(request.body)["timestamp"]).timestamp()
        delays[request.path].append(time.time() - happened)
        return HEARD

    live: Endpoint = await endpoints(hear)
    dead: Endpoint = await endpoints(silence)
    sections = [dead.section(f"dead{number}") for number in range(DEAD)]
    sections += [
        live.section(f"live{number}", url=f"{live.server.url}/{number}") for number in range(ENDPOINTS - DEAD - 1)
    ]
    harness, _ = await hooked(hear, "".join(sections))
    monkeypatch.setattr(telling, "LOOK_EVERY", 0.25)  # as it is
    async with telling_all(harness):
        await asyncio.sleep(0.5)
        for _ in range(EVENTS):
            await happen(harness)
            await asyncio.sleep(0.25)
        await eventually(lambda: sum(map(len, delays.values())) >= EVENTS * (ENDPOINTS - DEAD), seconds=20)
        await dead.server.stop()  # what is under way to them ends
    assert len(delays) == ENDPOINTS - DEAD
    assert {len(each_) for each_ in delays.values()} == {EVENTS}
    assert len(dead.told) >= DEAD * telling.AT_ONCE
    flat = sorted(delay for each_ in delays.values() for delay in each_)
    slowest = max(statistics.median(each_) for each_ in delays.values())
    print(f"\n{len(flat)} tellings: median {statistics.median(flat):.3f} s, longest {flat[-1]:.3f} s; ", end="")
    print(f"the slowest endpoint's median {slowest:.3f} s")
    assert slowest < 1


async def test_so_many_tries_are_under_way_to_one_endpoint(hooked: Hooked) -> None:
    under_way, most, go = 0, 0, asyncio.Event()

    async def wait(_: Request) -> Answer:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await go.wait()
        under_way -= 1
        return HEARD

    harness, endpoint = await hooked(wait)
    for _ in range(30):
        await happen(harness)
    async with telling_all(harness):
        await eventually(lambda: under_way == telling.AT_ONCE)
        await asyncio.sleep(0.2)
        assert (under_way, len(endpoint.told)) == (telling.AT_ONCE, telling.AT_ONCE)
        go.set()
        await eventually(lambda: len(endpoint.told) == 30)
    assert most == telling.AT_ONCE
    assert set(Counter(endpoint.ids).values()) == {1}


@once
async def test_one_that_answers_while_others_hang_is_told_on(hooked: Hooked) -> None:
    """Seven tries hang: the eighth goes on with all the rest."""
    hung: set[str] = set()
    over = asyncio.Event()

    async def answer(request: Request) -> Answer:
        id_ = request.headers["webhook-id"]
        if len(hung) < telling.AT_ONCE - 1:
            hung.add(id_)
            await over.wait()
        return HEARD

    harness, endpoint = await hooked(answer)
    for _ in range(40):
        await happen(harness)
    async with telling_all(harness):
        await eventually(lambda: len(endpoint.told) == 40)
        over.set()
    assert set(Counter(endpoint.ids).values()) == {1}


async def test_a_full_backlog_takes_no_more_and_loses_nothing(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "BACKLOG", 10)
    harness, endpoint = await hooked(Answer(500))
    happened = [await happen(harness) for _ in range(35)]
    assert await tell(harness) == 10
    assert len(set(endpoint.ids)) == 10
    await advance(harness, 6)
    assert await tell(harness) == 10
    assert set(endpoint.ids) == set(happened[:10])
    assert (await shown(harness))["backlog"] == 20  # shown up to its bound: 10 taken up, 10 of the feed
    endpoint.answer = HEARD
    told = len(endpoint.told)
    await advance(harness, 400)
    await tell(harness)
    assert sorted(endpoint.ids[told:]) == happened


@once
async def test_what_is_not_wanted_makes_room_at_once(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "BACKLOG", 3)
    harness, endpoint = await hooked(events=["message.delivered"])
    for number in range(40):
        await happen(harness, "delivered" if number % 10 == 9 else "submitted")
    await tell(harness)
    assert endpoint.types == {"message.delivered": 4}
    assert (await shown(harness))["backlog"] == 0


@once
async def test_two_tellers_share_the_work_and_tell_nothing_twice(hooked: Hooked, reopen: Any) -> None:
    harness, endpoint = await hooked()
    other = await reopen(endpoint.section())
    happened = [await happen(harness) for _ in range(60)]
    async with telling_all(harness), telling_all(other):
        await eventually(lambda: len(endpoint.told) >= 60)
        await asyncio.sleep(0.1)
    assert sorted(endpoint.ids) == happened


@once
async def test_redelivery_while_it_is_under_way_costs_a_repeat_at_most(hooked: Hooked) -> None:
    harness, endpoint = await hooked(Answer(500))
    id_ = await happen(harness)
    [first] = await pulled(harness)
    await ask(harness, f"/events/{id_}/redeliver", 202)
    [second] = await pulled(harness)
    endpoint.answer = HEARD
    for each_ in (first, second):
        await harness.here.teller._tell(the_hook(harness), each_)
    assert endpoint.ids == [id_] * 2
    assert (await shown(harness))["backlog"] == 0


@once
async def test_a_teller_that_meets_a_bug_goes_on(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    harness, endpoint = await hooked()
    broken = await happen(harness, subject="0" * 26)
    render = harness.here.teller._render
    id_ = ""

    async def fails(client: str, event: Any) -> bytes:
        if not id_:
            raise RuntimeError("a bug")
        return await render(client, event)

    monkeypatch.setattr(harness.here.teller, "_render", fails)
    async with telling_all(harness):
        await asyncio.sleep(0.1)
        id_ = await happen(harness)
        await eventually(lambda: id_ in endpoint.ids)
        await advance(harness, telling.HOLD_MS / 1000 + 1)
        await eventually(lambda: broken in endpoint.ids)
