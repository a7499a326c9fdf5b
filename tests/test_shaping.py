"""The vendor's limits, kept by all replicas together, and who goes first within them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.sandbox.server import Request
from gateway.store.gates import Gates, pass_for
from tests import pair as pairs
from tests.harness import OTHER_KEY, Harness
from tests.pair import OpenPair, Pair

pytestmark = pytest.mark.anyio
open_pair = pairs.open_pair
Reopen = Callable[..., Any]


class Watch:
    """When requests reach the vendor, how many are there at once, and what it said."""

    def __init__(self, pair: Pair, takes: float = 0.0) -> None:
        self.at: list[float] = []
        self.most = 0
        self.codes: list[bytes] = []
        self._now = 0
        self._takes = takes
        self._handler = pair.media._server._handler
        pair.media._server._handler = self._handle

    async def _handle(self, request: Request) -> Any:
        self.at.append(time.monotonic())
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(self._takes)
        answer = await self._handler(request)
        self._now -= 1
        self.codes.append(answer.body)
        return answer

    def fullest(self) -> int:
        """Requests in the fullest second."""
        return max(sum(first <= at < first + 1 for at in self.at) for first in self.at)


async def fill(harness: Harness, number: int, **body: Any) -> list[str]:
    return list(await asyncio.gather(*(harness.sent(provider="media", **body) for _ in range(number))))


async def until_seen(watch: Watch, number: int, seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while len(watch.at) < number:
        assert time.monotonic() < ends, f"{len(watch.at)} of {number}"
        await asyncio.sleep(0.02)


async def test_eighty_a_second_by_three_replicas_used_up_and_not_exceeded(open_pair: OpenPair) -> None:
    """The simulated vendor refuses the 81st request within any second."""
    pair = await open_pair("")
    watch = Watch(pair)
    await fill(pair.harness, 320)
    for number in range(3):
        pair.harness.dispatch(f"replica.{number}")
    await until_seen(watch, 320)
    assert set(watch.codes) <= {b"200"}, "the vendor never had to say no"
    assert watch.fullest() <= 80
    # In some stretch of a second and a half, however busy this machine is in others.
    pace = max(120 / (last - first) for first, last in zip(watch.at[20:], watch.at[140:], strict=False))
    assert pace >= 80 * 0.9, f"{pace:.1f} a second"


async def test_eight_in_flight_by_three_replicas(open_pair: OpenPair) -> None:
    pair = await open_pair("")
    watch = Watch(pair, takes=0.25)
    await fill(pair.harness, 60)
    for number in range(3):
        pair.harness.dispatch(f"replica.{number}")
    await until_seen(watch, 60)
    assert 6 <= watch.most <= 8


async def test_two_accounts_behind_one_address_share_its_limit(open_pair: OpenPair) -> None:
    """`rate_group`: the vendor counts by address."""
    pair = await open_pair(
        'rate_group = "office"\n'
        '[providers.second]\ntype = "mediasms"\nusername = "user"\npassword = "secret"\nrate_group = "office"\n'
        'base_url = "http://127.0.0.1:9"\n'
    )
    watch = Watch(pair)
    second: Any = pair.harness.here.settings.providers["second"]
    second._url = pair.media.base_url
    await fill(pair.harness, 120)
    await asyncio.gather(*(pair.harness.sent(provider="second") for _ in range(120)))
    pair.harness.dispatch()
    await until_seen(watch, 240)
    assert set(watch.codes) <= {b"200"}
    assert watch.fullest() <= 80


async def test_a_bulk_delays_nobodys_code(open_pair: OpenPair) -> None:
    """600 messages of one client wait, 80 a second: another's are sent at once, and an urgent one of its own."""
    pair = await open_pair("")
    watch = Watch(pair)
    harness = pair.harness
    bulk = await fill(harness, 600)
    harness.dispatch()
    await until_seen(watch, 100)
    took = {}
    for name, headers, body in (
        ("another's code", {"Authorization": f"Bearer {OTHER_KEY}"}, {"priority": "high"}),
        ("another's message", {"Authorization": f"Bearer {OTHER_KEY}"}, {}),
        ("a code of its own", {}, {"priority": "high"}),
    ):
        began = time.monotonic()
        answer = await harness.api.post(
            "/messages",
            json={"to": "+819012345678", "text": name, "provider": "media", **body},
            headers={"Prefer": "wait=10", **headers},
        )
        took[name] = time.monotonic() - began
        assert answer.status_code == 201, name
    assert max(took.values()) < 2, f"{took}: in turn it would be eight seconds"
    waiting = await asyncio.gather(*(harness.read(id_) for id_ in bulk[-5:]))
    assert {message["status"] for message in waiting} == {"queued"}


async def test_a_callers_question_waits_for_its_turn(open_pair: OpenPair) -> None:
    """`?refresh=true` counts against the vendor's rate as everything does."""
    pair = await open_pair("")
    harness = pair.harness
    dispatcher = harness.dispatch()
    id_ = await harness.sent(provider="main", to="+819012340023")  # no receipt comes
    await harness.until(id_, "submitted")
    dispatcher.stop()
    gate = pass_for(harness.here.settings.providers["main"])
    await Gates(harness.here.store).tell(gate, "another", "busy", 0)
    began = time.monotonic()
    answer = await harness.api.get(f"/messages/{id_}?refresh=true")
    assert answer.json()["status"] == "delivered"
    assert 0.7 < time.monotonic() - began < 2
