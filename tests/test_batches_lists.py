"""Lists: every filter with every other, and pages that neither skip nor repeat while messages arrive."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.batch_tools import bodies, body, ids, numbers, post
from tests.harness import Harness, advance

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)

HOUR = 3600


async def page(harness: Harness, **query: Any) -> dict[str, Any]:
    answer = await harness.api.get(f"/messages?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def pages(harness: Harness, between: Any, limit: int, **query: Any) -> list[str]:
    """Every page to the last; `between` happens after each."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(200):
        found = await page(harness, limit=limit, **query, **cursor)
        assert len(found["items"]) <= limit
        seen += [item["id"] for item in found["items"]]
        await between()
        if found["nextCursor"] is None:
            return seen
        cursor = {"cursor": found["nextCursor"]}
    pytest.fail("there is no last page")


async def test_a_batch_is_listed_newest_first(harness: Harness) -> None:
    before, answer, after = await harness.sent(), await post(harness, bodies(250)), await harness.sent()
    batch_id = answer.json()["batchId"]
    listed = [item["id"] for item in (await page(harness, batchId=batch_id, limit=100))["items"]]
    assert listed == ids(answer)[:-101:-1]

    async def nothing() -> None:
        pass

    assert await pages(harness, nothing, 100, batchId=batch_id) == ids(answer)[::-1]
    assert {before, after}.isdisjoint(ids(answer))


@once
@each("batch_id", ["bat_" + "0" * 26, "bat_" + "z" * 26, "bat_1", "nothing", "msg_" + "0" * 26])
async def test_a_batch_that_is_none_has_no_messages(harness: Harness, batch_id: str) -> None:
    await harness.sent(clientTag="a", groupTag="g")
    for query in ({}, {"groupTag": "g"}, {"clientTag": "a"}):
        assert await page(harness, batchId=batch_id, **query) == {"items": [], "nextCursor": None}


@once
async def test_a_cursor_belongs_to_its_list(harness: Harness) -> None:
    batch_id = (await post(harness, bodies(3))).json()["batchId"]
    of_batch = (await page(harness, batchId=batch_id, limit=1))["nextCursor"]
    of_all = (await page(harness, limit=1))["nextCursor"]
    for query in (
        {"cursor": of_batch},
        {"cursor": of_all, "batchId": batch_id},
        {"cursor": of_all, "clientTag": "a"},
        {"cursor": "x", "batchId": batch_id},
    ):
        answer = await harness.api.get(f"/messages?{urlencode(query)}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/cursor")


class Ledger:
    """Messages that differ in all that can be asked for, over three days; and what lists should say of them."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.known: dict[str, dict[str, Any]] = {}
        """In the order they were accepted."""

    async def send(self, **given: Any) -> None:
        message = (await self.harness.send(**given)).json()
        self.known[message["id"]] = message

    async def send_batch(self) -> str:
        later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        alike = [
            body(to=to, groupTag=tag, **given)
            for to in numbers(2)
            for tag in ("g", "h")
            for given in ({}, {}, {"sendAt": later})
        ]
        answer = await post(self.harness, {"messages": alike})
        self.known |= {item["message"]["id"]: item["message"] for item in answer.json()["items"]}
        await self.harness.api.post(f"/messages/{ids(answer)[0]}/cancel")
        self.known[ids(answer)[0]]["status"] = "canceled"
        return str(answer.json()["batchId"])

    async def moment(self) -> str:
        await asyncio.sleep(0.01)
        moment = datetime.fromtimestamp(self.harness.here.store.clock.now() / 1000, UTC)
        await asyncio.sleep(0.01)
        return moment.isoformat()

    def expected(self, asked: dict[str, str]) -> list[str]:
        def fits(message: dict[str, Any], name: str, value: str) -> bool:
            if not name.startswith("created"):
                return bool(message.get(name) == value)
            created, bound = (datetime.fromisoformat(moment) for moment in (message["createdAt"], value))
            return created >= bound if name == "createdFrom" else created < bound

        return [
            id_
            for id_, message in reversed(self.known.items())
            if all(fits(message, name, value) for name, value in asked.items())
        ]


async def test_no_page_skips_or_repeats_while_messages_arrive_whatever_is_asked(harness: Harness) -> None:
    ledger, batches, moments = Ledger(harness), [], []
    for _ in range(3):
        for tag in ("g", "h"):
            await ledger.send(groupTag=tag, to=numbers(2)[0])
        moments.append(await ledger.moment())
        batches.append(await ledger.send_batch())
        moments.append(await ledger.moment())
        await ledger.send(groupTag="g", to=numbers(2)[1])
        await advance(harness, 20 * HOUR)
    filters = {"groupTag": "g", "to": numbers(2)[0], "status": "queued", "provider": "main", "batchId": batches[1]}
    filters |= {"createdFrom": moments[1], "createdTo": moments[-2]}
    arrivals = itertools.cycle([ledger.send_batch, *[partial(ledger.send, groupTag="g", to=numbers(2)[0])] * 9])
    lengths = set()
    for chosen in itertools.product((False, True), repeat=len(filters)):
        asked = {name: filters[name] for name, wanted in zip(filters, chosen, strict=True) if wanted}
        expected = ledger.expected(asked)
        limit = min(max(1, len(expected) // 4), 100)
        found = await pages(harness, lambda: next(arrivals)(), limit, **asked)
        assert sorted(found) == sorted(expected), asked
        times = [datetime.fromisoformat(ledger.known[id_]["createdAt"]) for id_ in found]
        # In the order they were accepted: of one batch some may have been named a moment before others.
        assert all(one > other - timedelta(seconds=0.2) for one, other in itertools.pairwise(times)), "newest first"
        lengths.add(len(expected))
    assert len(lengths) > 5


async def test_a_batch_that_grows_while_it_is_listed_skips_and_repeats_nothing(harness: Harness) -> None:
    """Its listing begins while it is being accepted."""
    key = {"Idempotency-Key": "k"}
    sending = asyncio.create_task(harness.api.post("/messages/batch", json=bodies(1000), headers=key))
    while not (started := (await page(harness))["items"]):
        await asyncio.sleep(0)
    batch_id = started[0]["batchId"]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    there = {item["id"] for item in started}
    while True:
        found = await page(harness, batchId=batch_id, limit=7, **cursor)
        seen += [item["id"] for item in found["items"]]
        if found["nextCursor"] is None:
            break
        cursor = {"cursor": found["nextCursor"]}
    assert len(seen) == len(set(seen))
    assert there <= set(seen) <= set(ids(await sending))
    assert seen == sorted(seen, reverse=True)
