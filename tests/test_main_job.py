"""The main job: a message is accepted, sent, and seen delivered."""

from __future__ import annotations

import asyncio

import pytest

from tests.harness import Harness

pytestmark = pytest.mark.anyio


async def test_a_message_is_delivered(harness: Harness) -> None:
    harness.dispatch()
    answer = await harness.send(clientTag="first")
    assert answer.status_code == 202
    accepted = answer.json()
    assert accepted["status"] == "queued"
    assert accepted["to"] == "+819012345678"
    assert accepted["segments"] == {"encoding": "gsm7", "characters": 5, "count": 1}
    assert answer.headers["location"] == f"/messages/{accepted['id']}"
    message = await harness.until(accepted["id"], "delivered")
    assert [event["status"] for event in message["events"]] == ["queued", "submitting", "submitted", "delivered"]
    assert message["final"] is True
    assert message["reason"] is None
    assert message["billedSegments"] == 1
    assert sum(harness.vendor.requests.values()) == 1


async def test_equal_requests_at_once_make_one_message(harness: Harness) -> None:
    harness.dispatch()
    answers = await asyncio.gather(*(harness.send(clientTag="race") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 99
    await harness.until(answers[0].json()["id"], "delivered")
    assert sum(harness.vendor.requests.values()) == 1
