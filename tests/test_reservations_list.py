"""GET /reservations: what still waits for its time, in the order of that time, filtered, in pages."""

from __future__ import annotations

import asyncio
import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests import harness as harnesses
from tests.harness import ADMIN_KEY, OTHER_KEY, READ_KEY, Harness, advance

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
"""For what has nothing to do with the store."""

Reopen = Callable[..., Any]
OTHER, ADMIN, READ = ({"Authorization": f"Bearer {key}"} for key in (OTHER_KEY, ADMIN_KEY, READ_KEY))
HOUR, DAY = 3600, 86_400


def at(harness: Harness, seconds: float) -> datetime:
    """A moment to come, from the gateway's clock in whole seconds."""
    return datetime.fromtimestamp(harness.here.store.clock.now() // 1000, UTC) + timedelta(seconds=seconds)


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def reserve(harness: Harness, moment: datetime, key: dict[str, str] | None = None, **more: Any) -> str:
    body = {"to": "+819012345678", "text": "Hello", "sendAt": written(moment), **more}
    answer = await harness.api.post("/reservations", json=body, headers=key)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def page(harness: Harness, query: str = "", **headers: str) -> dict[str, Any]:
    answer = await harness.api.get(f"/reservations?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def listed(harness: Harness, query: str = "limit=100", **headers: str) -> list[str]:
    return [item["id"] for item in (await page(harness, query, **headers))["items"]]


async def all_pages(harness: Harness, query: str) -> list[list[str]]:
    """The ids of every page."""
    pages: list[list[str]] = []
    cursor = ""
    while cursor is not None and len(pages) < 1000:
        found = await page(harness, f"{query}{cursor and f'&cursor={cursor}'}")
        pages.append([item["id"] for item in found["items"]])
        cursor = found["nextCursor"]
    return pages


async def test_the_next_one_comes_first(harness: Harness) -> None:
    assert await page(harness) == {"items": [], "nextCursor": None}
    places = random.Random(5).sample(range(40), 40)
    made = {place: await reserve(harness, at(harness, HOUR + 60 * place)) for place in places}
    assert await listed(harness) == [made[place] for place in sorted(made)]
    [first] = (await page(harness, "limit=1"))["items"]
    read = await harness.read(first["id"])
    assert first == {name: value for name, value in read.items() if name != "events"}


async def test_only_what_waits_is_listed(harness: Harness) -> None:
    await harness.sent()
    ids = [await reserve(harness, at(harness, HOUR * hours)) for hours in (1, 2, 3, 4)]
    ids.append(await harness.sent(sendAt=written(at(harness, 5 * HOUR))))
    batch = {"to": ["+819012345678", "+819012345679"], "text": "Hello", "sendAt": written(at(harness, 6 * HOUR))}
    items = (await harness.api.post("/messages/batch", json=batch)).json()["items"]
    ids += [item["message"]["id"] for item in items]
    assert await listed(harness) == ids
    await harness.api.delete(f"/reservations/{ids[1]}")
    await harness.api.post(f"/messages/{ids[2]}/cancel")
    harness.dispatch()
    await advance(harness, HOUR)
    await harness.until(ids[0], "delivered")
    assert await listed(harness) == ids[3:]
    later = {"sendAt": written(at(harness, 30 * HOUR))}
    await harness.api.patch(f"/reservations/{ids[3]}", json=later)
    assert await listed(harness) == [*ids[4:], ids[3]]


async def test_what_is_due_waits_no_more(harness: Harness) -> None:
    """It is queued: no vendor takes it now."""
    id_ = await reserve(harness, at(harness, HOUR), clientTag="a")
    await harness.vendor.stop()
    harness.dispatch()
    await advance(harness, HOUR)
    await harness.until(id_, "queued", "submitting")
    for query in ("", "clientTag=a"):
        assert await listed(harness, query) == []


# Filters


async def test_filters_combine(harness: Harness) -> None:
    begin = at(harness, DAY)
    moments = [begin + timedelta(hours=hours) for hours in range(4)]
    a = await reserve(harness, moments[0], clientTag="a", groupTag="g")
    b = await reserve(harness, moments[1], clientTag="日本 /?#", groupTag="g")
    c = await reserve(harness, moments[2], groupTag="h")
    d = await reserve(harness, moments[3], groupTag="g")
    t = [written(moment) for moment in moments]
    for query, expected in {
        "clientTag=a": [a],
        "clientTag=%E6%97%A5%E6%9C%AC%20/?%23": [b],
        "clientTag=none": [],
        "groupTag=g": [a, b, d],
        "groupTag=G": [],
        f"from={t[1]}": [b, c, d],
        f"to={t[1]}": [a],
        f"from={t[1]}&to={t[3]}": [b, c],
        f"from={t[1]}&to={t[1]}": [],
        f"from={t[3]}&to={t[0]}": [],
        f"groupTag=g&from={t[1]}": [b, d],
        f"groupTag=g&to={t[3]}&limit=1": [a],
        f"clientTag=a&groupTag=g&from={t[0]}&to={t[1]}": [a],
        f"clientTag=a&from={t[1]}": [],
        f"clientTag=a&to={t[0]}": [],
        "clientTag=a&groupTag=h": [],
        "clientTag=a&date=2020-01-01": [],
        "date=2020-01-01": [],
        f"groupTag=h&from={t[2].replace('Z', '%2B00:00')}": [c],
    }.items():
        assert await listed(harness, query) == expected, query


async def test_from_includes_and_to_excludes_to_the_millisecond(harness: Harness) -> None:
    moments = [at(harness, HOUR + 0.001 * milliseconds) for milliseconds in (0, 1, 2, 123, 124, 999)]
    ids = [await reserve(harness, moment) for moment in moments]
    for position, moment in enumerate(moments):
        for spelled in (written(moment), moment.astimezone(ZoneInfo("Asia/Kathmandu")).isoformat().replace("+", "%2B")):
            assert await listed(harness, f"from={spelled}") == ids[position:]
            assert await listed(harness, f"to={spelled}") == ids[:position]
    finer = written(moments[1] + timedelta(microseconds=1))
    assert (await listed(harness, f"from={finer}"), await listed(harness, f"to={finer}")) == (ids[2:], ids[:2])


LONG, SHORT = date(2035, 10, 28), date(2035, 3, 25)
"""The days in Berlin that have 25 and 23 hours."""


@once
@each(("zone", "day", "hours"), [("Asia/Tokyo", LONG, 24), ("Europe/Berlin", LONG, 25), ("Europe/Berlin", SHORT, 23)])
async def test_a_day_is_the_gateway_s(
    reopen: Reopen, monkeypatch: pytest.MonkeyPatch, zone: str, day: date, hours: int
) -> None:
    zoned = harnesses.CONFIG.replace("lanes = 4", f'lanes = 4\ntime_zone = "{zone}"')
    monkeypatch.setattr(harnesses, "CONFIG", zoned)
    harness = await reopen()
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = begin + timedelta(hours=hours)
    await advance(harness, begin.timestamp() - 2 * DAY - harness.here.store.clock.now() / 1000)
    tick = timedelta(milliseconds=1)
    before, first, last, after = [
        await reserve(harness, moment, clientTag=str(number), groupTag="g")
        for number, moment in enumerate((begin - tick, begin, end - tick, end))
    ]
    noon = written(begin + timedelta(hours=12))
    for query, expected in {
        f"date={day}": [first, last],
        f"date={day - timedelta(days=1)}": [before],
        f"date={day + timedelta(days=1)}": [after],
        f"date={day}&from={noon}": [last],
        f"date={day}&to={noon}": [first],
        f"date={day}&from={noon}&to={noon}": [],
        f"date={day}&from={written(begin - tick)}&to={written(end + tick)}": [first, last],
        f"date={day}&clientTag=0": [],
        f"date={day}&clientTag=1&groupTag=g": [first],
    }.items():
        assert await listed(harness, query) == expected, query
    assert await all_pages(harness, f"date={day}&limit=1") in ([[first], [last]], [[first], [last], []])


async def test_a_client_sees_its_own_and_an_admin_who_names_it(harness: Harness) -> None:
    moment = at(harness, HOUR)
    mine = await reserve(harness, moment, clientTag="a", groupTag="g")
    theirs = await reserve(harness, moment, OTHER, clientTag="a", groupTag="g")
    day = moment.astimezone(ZoneInfo("Asia/Tokyo")).date()
    for query in ("", "clientTag=a", "groupTag=g", f"date={day}", f"from={written(moment)}"):
        assert await listed(harness, query) == await listed(harness, query, **ADMIN) == [mine]
        assert await listed(harness, query, **OTHER) == [theirs]
        assert await listed(harness, f"{query}&client=other", **ADMIN) == [theirs]
    assert await listed(harness, "client=shop", **READ) == [mine]
    assert await listed(harness, "client=nobody", **ADMIN) == []
    refused = await harness.api.get("/reservations?client=other")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


# Pages


@each("spread", [0, 1, 60])
async def test_pages_have_no_gap_and_no_repeat(harness: Harness, spread: int) -> None:
    begin = at(harness, HOUR)
    ids = [await reserve(harness, begin + timedelta(seconds=spread * (number % 7))) for number in range(35)]
    whole = await listed(harness)
    assert sorted(whole) == sorted(ids)
    for limit in (1, 3, 7, 34, 35, 36):
        pages = await all_pages(harness, f"limit={limit}")
        assert [id_ for each in pages for id_ in each] == whole
        assert all(len(each) == limit for each in pages[:-1])
    assert len((await page(harness))["items"]) == 20


async def test_of_many_at_one_time_each_is_on_one_page(harness: Harness) -> None:
    moment = at(harness, HOUR)
    ids: list[str] = []
    for _ in range(5):
        ids += await asyncio.gather(*(reserve(harness, moment) for _ in range(60)))
    found = await all_pages(harness, "limit=37")
    assert sorted(id_ for each in found for id_ in each) == sorted(ids)


async def test_what_waits_all_the_while_is_on_one_page_whatever_comes_and_goes(harness: Harness) -> None:
    begin, draw = at(harness, HOUR), random.Random(7)
    stays = {await reserve(harness, begin + timedelta(seconds=number // 4)) for number in range(60)}
    passing = [await reserve(harness, begin + timedelta(seconds=number // 4)) for number in range(60)]
    gone: set[str] = set()
    seen: list[str] = []
    cursor = ""
    while cursor is not None and len(seen) < 1000:
        found = await page(harness, f"limit=5{cursor and f'&cursor={cursor}'}")
        here = [item["id"] for item in found["items"]]
        assert not gone & {*here}, "what was canceled is on no page"
        seen += here
        cursor = found["nextCursor"]
        for id_ in draw.sample(passing, min(3, len(passing))):
            passing.remove(id_)
            assert (await harness.api.delete(f"/reservations/{id_}")).status_code == 200
            gone.add(id_)
        for _ in range(2):
            await reserve(harness, begin + timedelta(seconds=draw.randrange(16)))
    assert len(seen) == len({*seen})
    assert stays <= {*seen}


async def test_a_page_goes_on_after_its_last_one_has_left(harness: Harness) -> None:
    moment = at(harness, HOUR)
    ids = [await reserve(harness, moment) for _ in range(6)]
    order = await listed(harness)
    assert sorted(order) == sorted(ids)
    first = await page(harness, "limit=3")
    for id_ in order[:3]:
        await harness.api.delete(f"/reservations/{id_}")
    assert await listed(harness, f"limit=100&cursor={first['nextCursor']}") == order[3:]


async def test_a_filter_that_few_fit_still_comes_to_its_end(harness: Harness) -> None:
    begin = at(harness, HOUR)
    rare: list[str] = []
    for number in range(250):
        group = "rare" if number in (0, 99, 100, 101, 249) else "many"
        id_ = await reserve(harness, begin + timedelta(seconds=number), groupTag=group)
        rare += [id_] if group == "rare" else []
    for limit in (1, 2, 5, 100):
        pages = await all_pages(harness, f"groupTag=rare&limit={limit}")
        assert [id_ for each in pages for id_ in each] == rare


@once
async def test_a_cursor_goes_on_under_other_conditions(harness: Harness) -> None:
    moments = [at(harness, HOUR * hours) for hours in (1, 2, 3, 4)]
    ids = [await reserve(harness, moment) for moment in moments]
    cursor = (await page(harness, "limit=1"))["nextCursor"]
    assert await listed(harness, f"cursor={cursor}") == ids[1:]
    assert await listed(harness, f"cursor={cursor}&from={written(moments[2])}") == ids[2:]
    assert await listed(harness, f"cursor={cursor}&to={written(moments[2])}") == ids[1:2]
    assert await listed(harness, f"cursor={cursor}&to={written(moments[0])}") == []


# What is refused


def cursor(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


GARBAGE = [*("%21%21", "abc", "e30", "%E3%81%82", "%00", "a" * 201, ""), *map(cursor, ([], [1], [1, 2], ["a", "b"]))]
GARBAGE += [*map(cursor, (5, "a", None, {}, [None, "a"], [1.5, "a"], [1, None]))]
BAD = [
    *(("/limit", f"limit={limit}") for limit in ("0", "101", "-1", "abc", "1.5", "", "5&limit=5")),
    *(("/cursor", f"cursor={garbage}") for garbage in GARBAGE),
    *((f"/{name}", f"{name}=") for name in ("clientTag", "groupTag", "client")),
    *((f"/{name}", f"{name}={'a' * 201}") for name in ("clientTag", "groupTag")),
    *(("/date", f"date={day}") for day in ("", "today", "2026-02-30", "2026-13-01", "20261120", "2026-1-1")),
    *(("/date", f"date={day}") for day in ("2026-11-20T00:00:00Z", "0000-01-01", "9999-12-31", "%EF%BC%912026-01-01")),
    *(
        (f"/{name}", f"{name}={moment}")
        for name in ("from", "to")
        for moment in ("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+09:00", "1", "")
    ),
    *((f"/{name}", f"{name}=a") for name in ("status", "sendAt", "grouptag", "begins", "heldBy", "provider")),
]


@once
@each(("pointer", "query"), BAD)
async def test_a_query_that_is_none_is_pointed_at(harness: Harness, pointer: str, query: str) -> None:
    answer = await harness.api.get(f"/reservations?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


@once
async def test_a_cursor_of_another_list_is_none_of_this(harness: Harness) -> None:
    for number in range(3):
        await reserve(harness, at(harness, HOUR), clientTag=str(number))
    there = (await harness.api.get("/messages?limit=1")).json()["nextCursor"]
    here = (await page(harness, "limit=1"))["nextCursor"]
    for query in (
        f"/reservations?cursor={there}",
        f"/messages?cursor={here}",
        f"/reservations?clientTag=0&cursor={here}",
    ):
        answer = await harness.api.get(query)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/cursor"), query


@once
@each("place", [0, -1, 10**18, -(10**18), 10**40])
@each("id_", ["", "msg", "\x00", "z" * 100, "0000000001003db6dxs1fed1kg"])
async def test_a_cursor_that_somebody_made_up_does_no_harm(harness: Harness, place: int, id_: str) -> None:
    await reserve(harness, at(harness, HOUR))
    answer = await harness.api.get(f"/reservations?cursor={cursor([place, id_])}")
    assert answer.status_code in (200, 400), answer.text
    assert len(answer.json().get("items", ())) <= 1
