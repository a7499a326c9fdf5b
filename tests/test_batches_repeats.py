"""A repeated batch is the same batch: nothing is sent twice, and what was cut short is completed."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import redis

from gateway import faults
from tests import processes
from tests.batch_tools import NUMBER, accepted, bodies, body, codes, ids, items, numbers, post, read
from tests.harness import KEY, OTHER_KEY, Harness, advance
from tests.processes import Processes

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
"""For what has nothing to do with the store."""
gateway = processes.gateway

SLOW = {"Authorization": "Bearer slow"}
OTHER = {"Authorization": f"Bearer {OTHER_KEY}"}
HOUR = 3600
FORMS = each("batch", [bodies(20), {"to": numbers(20), "text": "Hello"}], ids=["messages", "to"])


def ahead(harness: Harness, seconds: float) -> str:
    return datetime.fromtimestamp(harness.here.store.clock.now() // 1000 + seconds, UTC).isoformat()


def assert_repeat(first: httpx.Response, repeat: httpx.Response) -> None:
    assert repeat.json()["batchId"] == first.json()["batchId"]
    assert ids(repeat) == ids(first)
    assert "idempotency-replayed" not in first.headers
    assert repeat.headers["idempotency-replayed"] == "true"


@FORMS
async def test_a_repeat_is_answered_with_the_messages_as_they_stand(harness: Harness, batch: dict[str, Any]) -> None:
    first = await post(harness, batch, "k")
    assert_repeat(first, await post(harness, batch, "k"))
    harness.dispatch()
    for id_ in ids(first):
        await harness.until(id_, "delivered")
    late = await post(harness, batch, "k")
    assert_repeat(first, late)
    assert codes(late.json()["items"]) == ["delivered"] * 20
    assert await accepted(harness) == len(harness.vendor.accepted) == harness.vendor.requests.total() == 20


@once
async def test_another_spelling_is_the_same_batch(harness: Harness) -> None:
    later = ahead(harness, HOUR)
    own = body("Grüße", sendAt=later, metadata={"a": "1", "b": "2"})
    other = {"metadata": {"b": "2", "a": "1"}, "sendAt": later.replace("+00:00", "Z"), "to": "090-1234-5678"}
    common = {"text": "Hello", "sendAt": later}
    for key, batch, spelled in (
        ("own", {"messages": [own, 5]}, {"messages": [other | {"text": "Grüße"}, 5]}),
        (
            "common",
            common | {"to": [NUMBER, "a", "+819012345679", NUMBER]},
            common | {"to": ["090 1234 5678", "a", "0901234 5679", "09012345678"], "sendAt": later[:-6] + ".0Z"},
        ),
    ):
        first = await post(harness, batch, key)
        content = json.dumps(spelled, indent=3).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        repeat = await harness.api.post("/messages/batch", content=content, headers=headers)
        assert repeat.headers["idempotency-replayed"] == "true", repeat.text
        names = [[item.get("message", {}).get("id") for item in answer.json()["items"]] for answer in (first, repeat)]
        assert names[0] == names[1]


@once
@each(
    "other",
    [
        {"messages": [body("a")]},
        {"messages": [body("b"), body("a")]},
        {"messages": [body("a"), body("b"), body("c")]},
        {"messages": [body("a"), body("b", priority="normal")]},
        {"messages": [body("a"), {}]},
        {"to": [NUMBER], "text": "a"},
    ],
)
async def test_other_content_under_one_key_is_refused(harness: Harness, other: dict[str, Any]) -> None:
    first = await post(harness, {"messages": [body("a"), body("b")]}, "k")
    refused = await post(harness, other, "k")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert first.json()["batchId"] in refused.json()["detail"]
    assert "messageId" not in refused.json()
    assert await accepted(harness) == 2


async def test_keys_belong_to_one_client_and_one_path(harness: Harness) -> None:
    answers = [await post(harness, bodies(2), "k"), await post(harness, bodies(2), "k", **OTHER)]
    answers.append(await harness.api.post("/messages", json=body(), headers={"Idempotency-Key": "k"}))
    assert not any("idempotency-replayed" in answer.headers for answer in answers)
    assert [answer.status_code for answer in answers] == [202] * 3


async def test_without_a_key_only_tags_make_a_repeat(harness: Harness) -> None:
    batch = {"messages": [body(), body(clientTag="a")]}
    first, second = [await post(harness, batch) for _ in range(2)]
    assert first.json()["batchId"] != second.json()["batchId"]
    assert [one == two for one, two in zip(ids(first), ids(second), strict=True)] == [False, True]
    assert (await read(harness, second.json()["batchId"]))["total"] == 1


async def test_what_was_refused_is_tried_again_under_the_same_batch(harness: Harness) -> None:
    answers = []
    for _ in range(3):
        answers.append(await post(harness, bodies(5), "k", **SLOW))
        await advance(harness, 2)
    found = [codes(answer.json()["items"]) for answer in answers]
    assert [status.count("queued") for status in found] == [2, 4, 5]
    assert len({answer.json()["batchId"] for answer in answers}) == 1
    assert (await read(harness, answers[0].json()["batchId"], **SLOW))["total"] == 5


@each("field", ["sendAt", "expiresAt"])
async def test_a_repeat_is_not_too_late_for_its_times(harness: Harness, field: str) -> None:
    common = {"text": "Hello", field: ahead(harness, HOUR)}
    batches = [{"to": numbers(3)} | common, {"messages": [{"to": to} | common for to in numbers(3)]}]
    firsts = [await post(harness, batch, f"k{index}") for index, batch in enumerate(batches)]
    await advance(harness, 3 * HOUR)
    for index, (first, batch) in enumerate(zip(firsts, batches, strict=True)):
        assert_repeat(first, await post(harness, batch, f"k{index}"))
    assert (await post(harness, batches[0], "new")).status_code == 400
    assert (await post(harness, batches[0] | {"groupTag": "g"}, "k0")).status_code == 422


@once
async def test_a_repeat_outlives_the_configuration(reopen: Any) -> None:
    second = '[providers.b]\ntype = "aicross"\ntoken = "a"\nclient_id = "1"\nsms_code = "80013"'
    harness, common = await reopen(second), {"text": "Hello", "provider": "b"}
    batches = [{"to": numbers(3)} | common, {"messages": [{"to": to} | common for to in numbers(3)]}]
    firsts = [await post(harness, batch, f"k{index}") for index, batch in enumerate(batches)]
    later = await reopen("")
    assert (await post(later, batches[0], "new")).status_code == 400
    for index, (first, batch) in enumerate(zip(firsts, batches, strict=True)):
        assert_repeat(first, await post(later, batch, f"k{index}"))


async def test_a_repeat_passes_a_full_queue(harness: Harness) -> None:
    first = await post(harness, bodies(3), "k")
    lane = await harness.here.store.lane("shop")
    await harness.here.store.command(f"{{{lane}}}", "HSET", f"{{{lane}}}n", "main:0", 1_000_000)
    assert_repeat(first, await post(harness, bodies(3), "k"))
    assert codes(await items(harness, bodies(2))) == ["overloaded", "overloaded"]


async def test_items_are_known_as_long_as_the_batch_is(harness: Harness, redis_url: str) -> None:
    """A repeat in the last moment of its key must still find all of them."""
    first = await post(harness, {"to": numbers(3), "text": "Hello"}, "k")
    harness.dispatch()
    for id_ in ids(first):
        await harness.until(id_, "delivered")
    with redis.Redis.from_url(redis_url) as client:
        lives = sorted(client.ttl(name) / 86_400 for name in client.keys("*") if b"}k:" in name)
    assert lives == pytest.approx([1, 30, 30, 30], abs=0.01)


async def test_twenty_at_once_on_two_replicas_make_one_batch(harness: Harness, reopen: Any) -> None:
    replicas = [harness, await reopen()]
    batch = {"to": numbers(30), "text": "Hello"}
    answers = await asyncio.gather(*(post(replicas[n % 2], batch, "k") for n in range(20)))
    assert len({tuple(ids(answer)) for answer in answers}) == 1
    assert len({answer.json()["batchId"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19
    assert await accepted(harness) == (await read(harness, answers[0].json()["batchId"]))["total"] == 30


@pytest.fixture
async def cut_short() -> AsyncIterator[None]:
    """The hundredth message is accepted, and nobody ever learns what became of it."""
    count = itertools.count(1)

    async def strike(name: str) -> None:
        if name == "accept.after" and next(count) >= 100:
            await asyncio.Event().wait()

    faults.install(strike)
    yield
    faults.install(None)


async def test_what_a_crash_cut_short_is_completed(harness: Harness, reopen: Any, cut_short: None) -> None:
    batch = {"to": numbers(400), "text": "Hello"}
    with suppress(TimeoutError):
        await asyncio.wait_for(post(harness, batch, "k"), 2)
    before = await accepted(harness)
    assert 100 <= before < 400
    faults.install(None)
    later = await reopen()
    answer = await post(later, batch, "k")
    assert answer.headers["idempotency-replayed"] == "true"
    assert len(set(ids(answer))) == 400
    assert await accepted(later) == (await read(later, answer.json()["batchId"]))["total"] == 400
    assert {item["message"]["batchId"] for item in answer.json()["items"]} == {answer.json()["batchId"]}


async def test_killed_in_the_middle(gateway: Processes) -> None:
    await gateway.start(faults="accept.after=kill@150")
    batch = {"to": numbers(300), "text": "Hello"}
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "k"}
    with pytest.raises(httpx.TransportError):
        await gateway.api.post("/messages/batch", json=batch, headers=headers)
    for _ in range(200):
        with suppress(httpx.TransportError):
            answer = await gateway.api.post("/messages/batch", json=batch, headers=headers)
            break
        await asyncio.sleep(0.1)
    assert len(set(ids(answer))) == 300
    assert answer.headers["idempotency-replayed"] == "true"
    while sum(gateway.vendor.requests.values()) < 300:
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    assert sorted(reference[:26] for reference in gateway.vendor.accepted) == [id_[4:] for id_ in ids(answer)]
