"""Which changes are events, each once, and what an event says of what it is about, soon or late."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import redis

from gateway.model.events import TYPES
from gateway.sandbox.server import DROP, Answer, Request
from tests import call_tools, webhook_tools
from tests.call_tools import Calls, closed, plain, silent
from tests.harness import Harness, advance, eventually
from tests.test_messages import ahead, final, uncertain
from tests.test_receipts import DELIVERED, SENDING, UNDELIVERED, push, reference_of, submitted, word
from tests.verification_tools import begun, check, code_of, wrong
from tests.webhook_tools import Hooked, tell, telling_all

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
opened, calls = call_tools.opened, call_tools.calls
endpoints, hooked = webhook_tools.endpoints, webhook_tools.hooked
HOUR = 3600


async def feed(harness: Harness, **query: Any) -> list[dict[str, Any]]:
    answer = await harness.api.get("/events", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def about(harness: Harness, id_: str) -> list[str]:
    """The types of the events about one, in their order."""
    return [event["type"] for event in await feed(harness) if event["data"]["id"] == id_]


def test_the_types() -> None:
    message = ("submitted", "delivered", "undelivered", "failed", "expired", "canceled", "uncertain")
    assert sorted(TYPES) == sorted(
        [
            *(f"message.{status}" for status in message),
            *(f"verification.{status}" for status in ("verified", "expired", "failed")),
            *(f"activation.{status}" for status in ("started", "failed", "uncertain")),
        ]
    )


@each(("ending", "told"), [
    ("5678", ["submitted", "delivered"]),
    ("0001", ["submitted", "undelivered"]),
    ("0005", ["failed"]),
    ("0011", ["submitted", "delivered"]),  # an answer lost, and found
    ("0021", ["submitted", "delivered"]),  # its receipt twice
    ("0022", ["submitted", "delivered"]),  # "on its way" after it
])  # fmt: skip
async def test_each_change_is_one_event(harness: Harness, ending: str, told: list[str]) -> None:
    harness.dispatch()
    id_ = await harness.sent(to=f"+81901234{ending}")
    await harness.until(id_, told[-1])
    await asyncio.sleep(0.3)
    expected = [f"message.{status}" for status in told]
    # A receipt may overtake the vendor's answer: then there was no `submitted`.
    statuses = [step["status"] for step in (await harness.read(id_))["events"]]
    if "submitted" in told and "submitted" not in statuses:
        expected.remove("message.submitted")
    assert await about(harness, id_) == expected
    await advance(harness, 80 * HOUR)
    await final(harness, id_)
    assert await about(harness, id_) == expected


async def test_what_is_over_before_it_left(harness: Harness) -> None:
    canceled, expired = await harness.sent(), await harness.sent()
    waiting = await harness.sent(sendAt=ahead(harness, HOUR))
    assert await feed(harness) == []
    for _ in range(2):
        await harness.api.post(f"/messages/{canceled}/cancel")
    assert await about(harness, canceled) == ["message.canceled"]
    assert (await harness.api.patch(f"/reservations/{waiting}", json={"text": "Other"})).status_code == 200
    assert await about(harness, waiting) == []
    assert (await harness.api.delete(f"/reservations/{waiting}")).status_code == 200
    await advance(harness, 25 * HOUR)
    harness.dispatch()
    await harness.until(expired, "expired")
    assert [event["type"] for event in await feed(harness)] == ["message.canceled"] * 2 + ["message.expired"]
    assert all(event["data"]["final"] for event in await feed(harness))


async def test_nobody_knows_and_then_somebody_does(harness: Harness) -> None:
    id_ = await uncertain(harness)
    [event] = await feed(harness)
    assert (event["type"], event["data"]["status"], event["data"]["final"]) == ("message.uncertain", "uncertain", False)
    await asyncio.sleep(0.1)
    await harness.api.get(f"/messages/{id_}?refresh=true")
    assert await about(harness, id_) == ["message.uncertain", "message.submitted", "message.delivered"]
    first, _, second = await feed(harness)
    assert first | {"data": 0} == event | {"data": 0}
    assert (first["data"]["status"], first["data"]["final"]) == ("uncertain", False)
    assert (second["data"]["status"], second["data"]["final"]) == ("delivered", True)


@once
async def test_no_other_change_is_an_event(harness: Harness) -> None:
    id_ = await submitted(harness)
    before = await feed(harness)
    for status in (SENDING, "0", "7", "999"):
        await push(harness, word(reference_of(id_), status))
    await harness.api.get(f"/messages/{id_}?refresh=true")
    assert [event["id"] for event in await feed(harness)] == [event["id"] for event in before]
    for number in range(3):
        await push(harness, word(reference_of(id_), DELIVERED, f"m{number}"))
    await push(harness, word(reference_of(id_), UNDELIVERED, "m9"))  # contradicts, and is no step back
    assert (await harness.api.delete(f"/messages/{id_}/content")).status_code == 200
    assert await about(harness, id_) == ["message.submitted", "message.delivered"]


@once
async def test_each_of_a_batch_has_its_events(harness: Harness) -> None:
    harness.dispatch()
    body = {"to": [f"+8190123456{number:02}" for number in range(20)], "text": "Hello"}
    answer = await harness.api.post("/messages/batch", json=body)
    assert answer.status_code == 202, answer.text
    for _ in range(400):
        if len(events := await feed(harness, type="message.delivered")) == 20:
            break
        await asyncio.sleep(0.02)
    assert len({event["data"]["id"] for event in events}) == 20


async def test_a_receipt_that_overtakes_the_answer(harness: Harness) -> None:
    answered = harness.vendor._server._handler
    harness.vendor.callback_url = None

    async def late(request: Request) -> Answer:
        await answered(request)
        if request.method == "POST":
            await push(harness, word(request.form()["clientTag"], DELIVERED))
        return DROP

    harness.vendor._server._handler = late
    id_ = await harness.sent()
    harness.dispatch()
    await harness.until(id_, "delivered")
    await harness.stop()
    assert await about(harness, id_) == ["message.delivered"]


# What an event says


async def test_data_is_the_message_as_it_was_then(harness: Harness) -> None:
    id_ = await submitted(harness, clientTag="tag", metadata={"a": "b"})
    message = await harness.read(id_)
    [event] = await feed(harness)
    assert event["data"] == message
    assert event["timestamp"][:19] == message["updatedAt"][:19]
    await push(harness, word(reference_of(id_), UNDELIVERED))
    undelivered = await harness.read(id_)
    first, second = await feed(harness)
    assert second["data"] == undelivered
    assert undelivered["reason"] is not None
    # Told late: as it was, and not final, for it went on.
    assert {**first["data"], "billedSegments": 0, "carrier": 0} == {**message, "billedSegments": 0, "carrier": 0}
    assert first == await one(harness, event["id"])


async def one(harness: Harness, id_: str) -> dict[str, Any]:
    [found] = [event for event in await feed(harness) if event["id"] == id_]
    return found


@once
async def test_a_message_that_is_final_by_then_was_not(harness: Harness) -> None:
    harness.dispatch()
    id_ = await harness.sent()
    await harness.until(id_, "delivered")
    first, second = await feed(harness)
    assert [step["status"] for step in first["data"]["events"]][-1] == "submitted"
    assert (first["data"]["final"], second["data"]["final"]) == (False, True)
    assert second["data"] == await harness.read(id_)


@once
async def test_what_was_erased_is_told_to_nobody_any_more(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    harness.dispatch()
    id_ = await harness.sent(text="Geheim", metadata={"m": "Geheim"})
    await harness.until(id_, "delivered")
    await harness.api.delete(f"/messages/{id_}/content")
    await tell(harness)
    assert endpoint.types == {"message.submitted": 1, "message.delivered": 1}
    for request in endpoint.told:
        data = json.loads(request.body)["data"]
        assert (data["id"], data["text"], data["to"], data.get("metadata", {})) == (id_, "", "", {})
        assert b"Geheim" not in request.body
        assert b"12345678" not in request.body


@once
async def test_past_its_retention_an_event_says_what_it_knows(hooked: Hooked, redis_url: str) -> None:
    harness, endpoint = await hooked()
    harness.dispatch()
    id_ = await harness.sent()
    await harness.until(id_, "delivered")
    await harness.stop()
    with redis.Redis.from_url(redis_url) as client:
        [record] = list(client.scan_iter("*}m:*"))
        client.delete(record)
    await tell(harness)
    told = {(event := json.loads(request.body))["type"]: event["data"] for request in endpoint.told}
    assert told["message.delivered"] == {"id": id_, "status": "delivered", "final": True}
    assert told["message.submitted"].items() >= {"id": id_, "status": "submitted"}.items()
    assert [event["data"] for event in await feed(harness)] == [told["message.submitted"], told["message.delivered"]]


async def test_an_endpoint_is_told_what_the_feed_says(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    async with telling_all(harness):
        harness.dispatch()
        ids = [await harness.sent(to=f"+81901234{ending}") for ending in ("5678", "0001", "0005")]
        for id_, status in zip(ids, ("delivered", "undelivered", "failed"), strict=True):
            await harness.until(id_, status)
        wanted = {event["id"] for event in await feed(harness)}
        await eventually(lambda: wanted <= set(endpoint.ids))
    assert len(wanted) == len(endpoint.told) == 5
    by_id = {event["id"]: event for event in await feed(harness)}
    for request in endpoint.told:
        event = json.loads(request.body)
        kept = by_id[event["id"]]
        assert (event["type"], event["timestamp"], event["data"]["id"]) == (
            kept["type"], kept["timestamp"], kept["data"]["id"],
        )  # fmt: skip
        assert f"message.{event['data']['status']}" == event["type"]


# Verifications and activations


@once
async def test_a_number_is_verified_or_not(harness: Harness) -> None:
    harness.dispatch()
    verified, tried, left = [await begun(harness, number=f"+8190123456{n}") for n in (71, 72, 73)]
    code = await code_of(harness, verified)
    for each_ in (tried, left):
        await code_of(harness, each_)
    await check(harness, verified["id"], wrong(code))
    assert await about(harness, verified["id"]) == []
    for _ in range(2):
        await check(harness, verified["id"], code)
    assert await about(harness, verified["id"]) == ["verification.verified"]
    [event] = await feed(harness, type="verification.*")
    assert (event["data"]["status"], event["data"]["final"]) == ("verified", True)
    # The message that carried the code has events of its own, with stars for it.
    assert code not in json.dumps(await feed(harness))
    await advance(harness, 11 * 60)
    for each_ in (tried, left):
        await harness.api.get(f"/numbers/verify/{each_['id']}")
        assert await about(harness, each_["id"]) == ["verification.expired"]


@once
@each(("cut", "told"), [
    (None, ["activation.started"]), (silent, ["activation.uncertain"]), (closed, []), (plain("9"), None),
])  # fmt: skip
async def test_a_rule_goes_off_or_not(calls: Calls, cut: Any, told: list[str] | None) -> None:
    if cut is not None:
        calls.cut["alarm"] = cut
    answer = await calls.fire()
    events = await feed(calls.harness)
    types = [event["type"] for event in events]
    assert types == told if told is not None else types in (["activation.failed"], ["activation.uncertain"])
    for event in events:
        status = event["type"].partition(".")[2]
        assert (event["data"]["status"], event["data"]["rule"]) == (status, "fire")
        assert event["data"].items() <= (await calls.activation(event["data"]["id"])).items()
    assert bool(events) is (answer.status_code != 503)
