"""Processes that died, stood still or failed at the wrong moment: what may have been sent is not taken for unsent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway import faults
from gateway.errors import StoreUnavailable
from gateway.model import lifecycle
from gateway.model.message import Phase, State, Status
from gateway.model.outcome import Guarantee, NotSent
from tests.harness import Harness
from tests.store_tools import DAY, LEASE, POLICY, known

pytestmark = pytest.mark.anyio


async def accounted(harness: Harness, id_: str) -> bool:
    """The first try is still open, or told as lost: it was not taken for one that never left."""
    record = await known(harness.here.store, id_.removeprefix("msg_"))
    return "1" in record.state.open.split() or any("lost" in step.detail for step in record.timeline)


async def test_a_predecessors_take_is_not_given_back(harness: Harness) -> None:
    """A dispatcher died while it sent. Its successor of the same name releases what it held; another looks at it, and
    dies too. The first may have reached the vendor, whatever the successor itself knows of it."""
    store = harness.here.store
    id_ = await harness.sent()
    await store.take(await store.lane("shop"), "main", "test.0", 1, LEASE)
    deaths = [StoreUnavailable("in the middle of a look")]

    async def hook(point: str) -> None:
        if point == "tick.after" and deaths:
            raise deaths.pop()

    faults.install(hook)
    try:
        harness.dispatch("test.0")
        await asyncio.sleep(5)
    finally:
        faults.install(None)
    assert await accounted(harness, id_)


async def test_an_answer_that_breaks_the_adapter_is_a_lost_one(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(type(harness.here.settings.providers["main"]), "send_outcome", fail)
    id_ = await harness.sent(to="+819012340023")  # no receipt comes
    harness.dispatch()
    await asyncio.sleep(6)
    assert await accounted(harness, id_)


async def test_what_may_be_out_is_not_sent_blindly(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queued in the Redis that was adopted; in the one that was lost it may have been sent since."""
    vendor = type(harness.here.settings.providers["main"])
    monkeypatch.setattr(vendor, "guarantee", Guarantee.BLIND)
    monkeypatch.setattr(vendor, "capabilities", msgspec.structs.replace(vendor.capabilities, status_query=False))
    await harness.sent()
    await harness.here.store.adopt()
    harness.dispatch()
    await asyncio.sleep(1)
    assert not harness.vendor.requests


async def test_what_one_nodes_clock_calls_due_another_does_not_delay(harness: Harness) -> None:
    clock = harness.here.store.clock

    async def hook(point: str) -> None:
        if point == "tick.after":
            clock.learn(clock.now() - 100)  # an answer from another node came in between

    await harness.here.store.know_time()
    id_ = await harness.sent(sendAt=datetime.fromtimestamp(clock.now() / 1000 + 0.5, UTC).isoformat())
    faults.install(hook)
    try:
        harness.dispatch()
        await harness.until(id_, "submitted", "delivered", seconds=3)
    finally:
        faults.install(None)


def test_one_try_is_not_taken_for_another() -> None:
    """Try 1 is told of again when try 11 is under way: its process could not reach Redis meanwhile."""
    fields: Any = {"status": Status.SUBMITTING, "phase": Phase.HELD, "fence": 11, "open": "11 ", "expires_at": DAY}
    state = State(**fields, provider="main", client="shop", created_at=0, updated_at=0)
    change = lifecycle.settle(state, 1, NotSent("no connection"), 1, POLICY)
    assert change is None or change.state.open == "11 "
