"""Messages without news are asked about: many of one day by one question, the rest one by one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.dispatch import agenda
from gateway.sandbox import aicross
from gateway.sandbox.server import Answer
from tests.harness import Harness, advance, eventually
from tests.redis_tools import ON_ONE_NODE

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
SILENT = "0023"
"""Delivered, and no receipt ever comes."""


async def silent(harness: Harness, number: int) -> list[str]:
    """Messages that the vendor has delivered without a word."""
    sent = [await harness.sent(to=f"+81901{each:03}{SILENT}") for each in range(number)]
    for id_ in sent:
        await harness.until(id_, "submitted")
    await asyncio.sleep(0.1)  # the vendor's own clock: until then it says "on its way"
    return sent


async def statuses(harness: Harness, ids: list[str]) -> set[str]:
    return {(await harness.read(id_))["status"] for id_ in ids}


async def settled(harness: Harness, ids: list[str]) -> None:
    for id_ in ids:
        await harness.until(id_, "delivered")


async def test_many_of_a_day_by_one_question(harness: Harness) -> None:
    harness.dispatch()
    ids = await silent(harness, agenda.TOGETHER * 2)
    assert not sum(harness.vendor.queries.values())
    await advance(harness, 31 * 60)
    await settled(harness, ids)
    assert harness.vendor.queries[""] >= 1, "by date"
    assert sum(harness.vendor.queries.values()) < len(ids) / 2


async def test_few_one_by_one(harness: Harness) -> None:
    harness.dispatch()
    ids = await silent(harness, 3)
    await advance(harness, 31 * 60)
    await settled(harness, ids)
    assert harness.vendor.queries[""] == 0
    assert sum(harness.vendor.queries.values()) == 3


async def test_what_the_day_has_not_is_asked_about_one_by_one(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a message that left just before midnight."""
    harness.dispatch()
    ids = await silent(harness, agenda.TOGETHER)
    tag, taken = next(iter(harness.vendor.accepted.items()))
    fields = {name: getattr(taken, name) for name in type(taken).__struct_fields__}
    harness.vendor.accepted[tag] = type(taken)(**fields | {"taken_at": taken.taken_at - timedelta(days=1)})
    await advance(harness, 31 * 60)
    await settled(harness, ids)
    assert harness.vendor.queries[tag] == 1


async def test_a_vendor_that_does_not_tell_the_day(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.dispatch()
    ids = await silent(harness, agenda.TOGETHER)
    refused: list[str] = []

    def refuse(self: aicross.AICrossSimulator, query: dict[str, str]) -> Answer:
        refused.append(query.get("date", ""))
        return aicross.STATUS.answer(500, "System error.")

    with monkeypatch.context() as patch:
        patch.setattr(aicross.AICrossSimulator, "_status", refuse)
        await advance(harness, 31 * 60)
        await eventually(lambda: refused)
        assert await statuses(harness, ids) == {"submitted"}, "that says nothing"
    await advance(harness, 3 * 3600)
    await settled(harness, ids)
