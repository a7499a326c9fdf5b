"""GET /events: in order, page by page without gap or repeat, each client its own, for as long as it is kept."""

from __future__ import annotations

import asyncio
from subprocess import Popen
from typing import Any

import msgspec
import pytest

from gateway.api import events as api_events
from tests import redis_tools, test_api_errors
from tests.harness import ADMIN_KEY, KEY, OTHER_KEY, READ_KEY, Harness
from tests.test_api_errors import problem
from tests.webhook_tools import ADMIN, happen

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
frail, server = test_api_errors.frail, redis_tools.server
OTHER = {"Authorization": f"Bearer {OTHER_KEY}"}


async def page(harness: Harness, headers: dict[str, str] | None = None, **query: Any) -> dict[str, Any]:
    answer = await harness.api.get("/events", params=query, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ids(harness: Harness, headers: dict[str, str] | None = None, **query: Any) -> list[str]:
    return [item["id"] for item in (await page(harness, headers, **query))["items"]]


async def walk(harness: Harness, **query: Any) -> list[str]:
    """Every id, page after page."""
    found: list[str] = []
    while True:
        got = await page(harness, **query)
        found += [item["id"] for item in got["items"]]
        if got["nextCursor"] is None:
            return found
        query["after"] = got["nextCursor"]


def kept_for(harness: Harness, milliseconds: int) -> None:
    """Events are kept so long only."""
    store = harness.here.store
    store._retention = msgspec.structs.replace(store._retention, feed=milliseconds)
    harness.here.feed._kept_ms = milliseconds


async def test_an_empty_feed(harness: Harness) -> None:
    assert await page(harness) == {"items": [], "nextCursor": None}


async def test_events_come_in_their_order_and_the_last_id_leads_on(harness: Harness) -> None:
    first = [await happen(harness) for _ in range(7)]
    got = await page(harness)
    assert ([item["id"] for item in got["items"]], got["nextCursor"]) == (first, None)
    assert sorted(first) == first
    assert await ids(harness, after=first[-1]) == []
    later = [await happen(harness) for _ in range(3)]
    assert await ids(harness, after=first[-1]) == later
    assert await ids(harness, after=first[2]) == first[3:] + later


@each("limit", [1, 2, 7, 20, 100])
async def test_pages_have_no_gap_and_no_repeat(harness: Harness, limit: int) -> None:
    happened = [await happen(harness) for _ in range(103)]
    assert await walk(harness, limit=limit) == happened
    assert len(await ids(harness)) == 20


@each("redis_server", ["single"], indirect=True)
@each("number", [100, 200])
async def test_a_full_last_page_is_the_end_soon(harness: Harness, number: int) -> None:
    happened = [await happen(harness) for _ in range(number)]
    assert await walk(harness, limit=100) == happened


async def test_who_reads_while_others_write_misses_nothing(harness: Harness) -> None:
    happened: list[str] = []
    over = False

    async def write() -> None:
        nonlocal over
        for _ in range(40):
            happened.extend(await asyncio.gather(*(happen(harness) for _ in range(8))))
        over = True

    async def read(limit: int) -> list[str]:
        found: list[str] = []
        while True:
            last = over
            got = await ids(harness, limit=limit, **({"after": found[-1]} if found else {}))
            found += got
            if last and not got:
                return found

    *found, _ = await asyncio.gather(read(3), read(20), read(100), write())
    assert len(set(happened)) == 320
    assert all(each_ == sorted(happened) for each_ in found)


async def test_types_are_filtered_and_the_pages_lead_on(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_events, "LOOKED_AT", 200)
    kinds = ("submitted", "delivered", "verification.verified")
    happened: dict[str, list[str]] = {kind: [] for kind in kinds}
    for number in range(30):
        happened[kinds[number % 3]].append(await happen(harness, kinds[number % 3]))
    for _ in range(320):
        await happen(harness, "failed")
    happened["submitted"].append(await happen(harness))
    assert await walk(harness, type="message.submitted", limit=4) == happened["submitted"]
    assert await walk(harness, type="message.delivered", limit=100) == happened["delivered"]
    assert await walk(harness, type="verification.*", limit=3) == happened["verification.verified"]
    assert await walk(harness, type="activation.*") == []
    assert len(await walk(harness, type="message.*", limit=100)) == 341
    assert len(await walk(harness, type="*", limit=50)) == 351
    # Looking for what is rare, a page ends before it has found anything, and leads on.
    got = await page(harness, type="activation.*")
    assert got["items"] == []
    assert got["nextCursor"]


@once
@each("query", [
    "type=message", "type=message.queued", "type=sms.*", "type=", "type=message.submitted,message.delivered",
    "limit=0", "limit=101", "limit=-1", "limit=x", "limit=1.5", "after=", "after=x", "after=evt_", "cursor=x",
    "after=evt_" + "0" * 24, "after=evt_" + "u" * 24, "after=msg_01m7v41f0000004j5k6m7n8p", "after=" + "e" * 65,
    "since=2026-11-20T00:00:00Z", "client=",
])  # fmt: skip
async def test_a_bad_query_is_refused(harness: Harness, query: str) -> None:
    await happen(harness)
    problem(await harness.api.get(f"/events?{query}", headers=ADMIN), 400, "invalid_request")


async def test_each_client_reads_its_own_and_an_admin_who_names_another(harness: Harness) -> None:
    ours = [await happen(harness) for _ in range(3)]
    theirs = [await happen(harness, client="other") for _ in range(2)]
    assert not set(ours) & set(theirs)
    assert await ids(harness) == ours
    assert await ids(harness, OTHER) == theirs
    assert await ids(harness, ADMIN) == ours
    assert await ids(harness, ADMIN, client="other") == theirs
    assert await ids(harness, ADMIN, client="other", after=theirs[0]) == theirs[1:]
    problem(await harness.api.get("/events?client=other"), 403, "forbidden")
    problem(await harness.api.get("/events?client=shop", headers=OTHER), 403, "forbidden")
    # An id of somebody else's is no place here, for its own time least of all.
    for key, after in ((KEY, theirs[0]), (OTHER_KEY, ours[0]), (ADMIN_KEY, theirs[0])):
        headers = {"Authorization": f"Bearer {key}"}
        problem(await harness.api.get(f"/events?after={after}", headers=headers), 400, "invalid_request")


async def test_ids_of_one_moment_differ_between_clients(harness: Harness) -> None:
    found: set[str] = set()
    for client in ("shop", "other", "slow"):
        store, lane = harness.here.store, await harness.here.store.lane(client)
        await store.in_lane(
            lane, "XADD", f"{{{lane}}}e:{client}", "1795000000000-3", "k", "failed", "i", "0" * 26, "n", 1
        )
        found |= set(await ids(harness, ADMIN, client=client))
    assert len(found) == 3


@once
async def test_reading_needs_a_key_that_reads(harness: Harness) -> None:
    await happen(harness)
    assert len(await ids(harness, {"Authorization": f"Bearer {READ_KEY}"})) == 1
    problem(await harness.api.get("/events", headers={"Authorization": "Bearer nobody"}), 401, "unauthorized")
    head = await harness.api.head("/events")
    assert (head.status_code, head.content) == (200, b"")


# What is not kept any more


async def trimmed(harness: Harness) -> tuple[list[str], list[str]]:
    """Events that are gone, and those that are there."""
    kept_for(harness, 50)
    old = [await happen(harness) for _ in range(300)]
    await asyncio.sleep(0.2)
    id_ = await harness.sent()
    assert (await harness.api.post(f"/messages/{id_}/cancel")).status_code == 200  # writes as the gateway does
    lane, store = await harness.here.store.lane("shop"), harness.here.store
    left = await store.in_lane(lane, "XLEN", f"{{{lane}}}e:shop")
    assert left < 300
    return old[: 301 - left], old[301 - left :]


async def test_a_place_that_is_not_kept_any_more_is_gone(harness: Harness) -> None:
    gone, there = await trimmed(harness)
    for place in (gone[0], gone[-1]):
        problem(await harness.api.get(f"/events?after={place}"), 410, "gone")
    # What is there still is read from its own place on, however old; nothing after it went.
    if there:
        assert await ids(harness, after=there[-1], limit=100) == (await walk(harness, limit=100))[-1:]
    assert (await walk(harness))[-1] not in gone
    answer = await harness.api.post(f"/events/{gone[0]}/redeliver", headers=ADMIN)
    problem(answer, 404, "not_found")


async def test_after_a_quiet_time_the_last_place_still_leads_on(harness: Harness) -> None:
    """A reader who has read everything has missed nothing, however long nothing happened."""
    kept_for(harness, 50)
    last = [await happen(harness) for _ in range(3)][-1]
    assert await ids(harness, after=last) == []
    await asyncio.sleep(0.2)
    id_ = await harness.sent()
    await harness.api.post(f"/messages/{id_}/cancel")
    assert len(await ids(harness, after=last)) == 1


@once
async def test_the_oldest_kept_is_where_reading_begins(harness: Harness) -> None:
    _, there = await trimmed(harness)
    found = await walk(harness, limit=100)
    assert found[:-1] == there


async def test_a_store_that_is_gone(frail: tuple[Harness, Popen[bytes]]) -> None:
    harness, process = frail
    id_ = await happen(harness)
    process.kill()
    process.wait(10)
    for answer in await asyncio.gather(
        harness.api.get("/events"),
        harness.api.get(f"/events?after={id_}"),
        harness.api.post(f"/events/{id_}/redeliver", headers=ADMIN),
    ):
        problem(answer, 503, "store_unavailable")
