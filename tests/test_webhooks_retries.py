"""Webhooks that are not heard: when they are told again, for how long, and what an operator can do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.sandbox.server import DROP, Answer
from gateway.webhooks import telling
from gateway.webhooks.telling import JITTER, SCHEDULE
from tests import webhook_tools
from tests.harness import Harness, advance, eventually
from tests.webhook_tools import (
    HEARD,
    Hooked,
    ask,
    happen,
    pauses,
    pulled,
    shown,
    tell,
    telling_all,
    the_hook,
    with_header,
)

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
endpoints, hooked = webhook_tools.endpoints, webhook_tools.hooked

MINUTE, HOUR, DAY = 60, 3600, 86_400
FAILS = Answer(500)


def test_the_schedule() -> None:
    told = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
    assert told == SCHEDULE
    # Four days are kept at least: the last try is within them.
    assert sum(SCHEDULE) * (1 + JITTER) < 4 * DAY


async def given_up(harness: Harness) -> None:
    """All its tries fail."""
    for pause in (0, *SCHEDULE):
        await advance(harness, pause * (1 + JITTER) + 1)
        await tell(harness)


async def test_it_is_tried_again_after_each_pause_and_then_no_more(hooked: Hooked) -> None:
    harness, endpoint = await hooked(FAILS)
    id_ = await happen(harness)
    for tries, pause in enumerate(SCHEDULE, 1):
        await tell(harness)
        assert len(endpoint.told) == tries
        [left] = await pauses(harness)
        assert pause - 2 < left <= pause * (1 + JITTER)
        await advance(harness, pause - 3)
        assert await tell(harness) == 0
        await advance(harness, pause * JITTER + 4)
    assert (await shown(harness))["backlog"] == 1
    await tell(harness)
    assert endpoint.ids == [id_] * 10
    assert await pauses(harness) == []
    assert (await shown(harness))["backlog"] == 0
    await advance(harness, 2 * DAY)
    assert await tell(harness) == 0


@once
async def test_what_failed_together_does_not_come_back_together(hooked: Hooked) -> None:
    harness, _ = await hooked(FAILS)
    for _ in range(40):
        await happen(harness)
    await tell(harness)
    await advance(harness, 6)
    await tell(harness)
    left = await pauses(harness)
    assert len(left) == 40
    assert 300 - 3 <= left[0] < left[-1] <= 330
    assert left[-1] - left[0] > 10


@once
@each(("wish", "low", "high"), [
    ("1", 3, 5.5), ("0", 3, 5.5), ("120", 118, 132), ("7200", 7198, 7920), ("999999", DAY / 4 - 2, DAY / 4 * 1.1),
    ("-5", 3, 5.5), ("soon", 3, 5.5), ("1e9", 3, 5.5), ("٣", 3, 5.5), ("", 3, 5.5),
    ("99999999", DAY / 4 - 2, DAY / 4 * 1.1),
])  # fmt: skip
@each("status", [503, 429])
async def test_what_the_endpoint_asks_for_is_waited_and_no_longer_than_six_hours(
    hooked: Hooked, wish: str, low: float, high: float, status: int
) -> None:
    harness, endpoint = await hooked(with_header(status, "Retry-After", wish.encode().decode("latin-1")))
    await happen(harness)
    await tell(harness)
    [left] = await pauses(harness)
    assert low <= left <= high
    endpoint.answer = HEARD
    await advance(harness, left + 1)
    assert await tell(harness) == 1


@once
async def test_a_wish_never_shortens_a_pause(hooked: Hooked) -> None:
    harness, _ = await hooked(with_header(503, "Retry-After", "30"))
    await happen(harness)
    await tell(harness)
    await advance(harness, 34)
    await tell(harness)
    [left] = await pauses(harness)
    assert left > 290


async def test_an_endpoint_that_fails_for_a_day_is_told_of_everything_in_the_end(hooked: Hooked) -> None:
    harness, endpoint = await hooked(FAILS)
    happened: list[str] = []
    for hour in range(24):
        endpoint.answer = (FAILS, DROP, with_header(503, "Retry-After", "600"), Answer(404))[hour % 4]
        happened += [await happen(harness) for _ in range(5)]
        await tell(harness)
        await advance(harness, HOUR)
        await tell(harness)
    failed, endpoint.answer = len(endpoint.told), HEARD
    assert failed > 120 * 2
    assert (await shown(harness))["backlog"] == 120
    for _ in range(30):
        await advance(harness, HOUR)
        await tell(harness)
    assert sorted(endpoint.ids[failed:]) == happened
    assert (await shown(harness))["backlog"] == 0


async def test_the_first_tries_go_in_order(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    happened = [await happen(harness) for _ in range(20)]
    while tellings := await pulled(harness, 1):
        await harness.here.teller._tell(the_hook(harness), tellings[0])
    assert endpoint.ids == happened


# 410


async def test_410_disables_and_enabling_goes_on_where_it_stopped(hooked: Hooked) -> None:
    harness, endpoint = await hooked(Answer(410))
    first = await happen(harness)
    await tell(harness)
    state = await shown(harness)
    assert (state["enabled"], state["backlog"]) == (False, 1)
    assert datetime.fromisoformat(state["disabledAt"]).tzinfo is not None
    later = [await happen(harness) for _ in range(12)]
    await advance(harness, HOUR)
    assert await tell(harness) == 0
    assert (await shown(harness))["backlog"] == 13
    endpoint.answer = HEARD
    for _ in range(2):
        enabled = await ask(harness, "/webhooks/hook/enable")
        assert enabled["enabled"]
        assert "disabledAt" not in enabled
    await tell(harness)
    assert sorted(endpoint.ids) == sorted([first, first, *later])


@once
async def test_410_at_the_last_try_loses_nothing_either(hooked: Hooked) -> None:
    harness, endpoint = await hooked(FAILS)
    id_ = await happen(harness)
    for pause in (0, *SCHEDULE[:-1]):
        await advance(harness, pause * (1 + JITTER) + 1)
        await tell(harness)
    assert len(endpoint.told) == 9
    endpoint.answer = Answer(410)
    await advance(harness, DAY * (1 + JITTER) + 1)
    await tell(harness)
    endpoint.answer = HEARD
    await ask(harness, "/webhooks/hook/enable")
    await advance(harness, DAY * (1 + JITTER) + 1)
    await tell(harness)
    assert endpoint.ids == [id_] * 11


# Telling again


async def test_what_was_given_up_is_told_when_somebody_asks_for_it(hooked: Hooked) -> None:
    harness, endpoint = await hooked(FAILS)
    id_ = await happen(harness)
    await given_up(harness)
    assert len(endpoint.told) == 10
    assert await ask(harness, f"/events/{id_}/redeliver", 202) == {"endpoints": ["hook"]}
    await tell(harness)
    [left] = await pauses(harness)
    assert left <= 5.5  # all pauses anew
    endpoint.answer = HEARD
    await advance(harness, 6)
    await tell(harness)
    assert endpoint.ids == [id_] * 12


@once
async def test_what_was_heard_is_told_again_to_those_of_its_client_that_want_it(hooked: Hooked, endpoints: Any) -> None:
    second, unwilling, theirs = await endpoints(), await endpoints(), await endpoints()
    harness, endpoint = await hooked(
        extra=second.section("second")
        + unwilling.section("unwilling", events=["verification.*"])
        + theirs.section("theirs", "other")
    )
    names = ("hook", "second", "unwilling", "theirs")
    for name in names:
        await tell(harness, name)
    id_ = await happen(harness)
    for _ in range(2):
        for name in names:
            await tell(harness, name)
        told = await ask(harness, f"/events/{id_}/redeliver", 202)
        assert sorted(told["endpoints"]) == ["hook", "second"]
    assert (endpoint.ids, second.ids, unwilling.ids, theirs.ids) == ([id_] * 2, [id_] * 2, [], [])


@once
@each("id_", ["evt_" + "0" * 24, "evt_x", "msg_" + "0" * 24, "evt_" + "0" * 23 + "u", "%00"])
async def test_an_event_that_is_none_is_not_found(hooked: Hooked, id_: str) -> None:
    harness, _ = await hooked()
    assert (await ask(harness, f"/events/{id_}/redeliver", 404))["code"] == "not_found"


def moment(harness: Harness, seconds: float = 0) -> str:
    clock = harness.here.store.clock
    return datetime.fromtimestamp((clock.now() - clock.offset_ms) / 1000 + seconds, UTC).isoformat()


async def test_an_endpoint_is_told_of_all_since_a_time_again(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    early = await happen(harness)
    await tell(harness)
    since = datetime.now(UTC)
    await eventually(lambda: (datetime.now(UTC) - since).total_seconds() > 0.01)
    entry = await happen(harness)
    late = [entry, *[await happen(harness) for _ in range(10)]]
    await tell(harness)
    feed = {item["id"]: item["timestamp"] for item in (await harness.api.get("/events")).json()["items"]}
    state = await ask(harness, "/webhooks/hook/redeliver", 202, since=feed[late[0]])
    assert (state["name"], state["backlog"]) == ("hook", 11)
    await tell(harness)
    assert sorted(endpoint.ids) == sorted([early, *late, *late])


async def test_telling_since_a_time_skips_nothing_that_waits(hooked: Hooked) -> None:
    harness, endpoint = await hooked(Answer(410))
    first = await happen(harness)
    await tell(harness)
    waiting = [await happen(harness) for _ in range(12)]
    await ask(harness, "/webhooks/hook/redeliver", 202, since=moment(harness, 0.001))
    endpoint.answer = HEARD
    await ask(harness, "/webhooks/hook/enable")
    await advance(harness, 10)
    await tell(harness)
    assert set(endpoint.ids) == {first, *waiting}


@once
async def test_telling_since_a_time_ahead_skips_nothing(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    answer = await harness.api.post(
        "/webhooks/hook/redeliver", json={"since": moment(harness, HOUR)}, headers=webhook_tools.ADMIN
    )
    assert answer.status_code in (202, 400)
    id_ = await happen(harness)
    await tell(harness)
    assert endpoint.ids == [id_]


@once
@each("body", [{}, {"since": "yesterday"}, {"since": "2026-11-20T00:00:00"}, {"since": 5}, {"until": "x"}])
async def test_since_is_a_moment(hooked: Hooked, body: dict[str, Any]) -> None:
    harness, _ = await hooked()
    answer = await harness.api.post("/webhooks/hook/redeliver", json=body, headers=webhook_tools.ADMIN)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


# The teller's own loop


async def test_it_goes_on_by_itself(hooked: Hooked) -> None:
    harness, endpoint = await hooked(FAILS)
    async with telling_all(harness):
        id_ = await happen(harness)
        await eventually(lambda: len(endpoint.told) == 1)
        endpoint.answer = HEARD
        await webhook_tools.settled(harness)
        await advance(harness, 6)
        await eventually(lambda: len(endpoint.told) == 2)
    assert endpoint.ids == [id_] * 2


@once
async def test_an_event_whose_telling_was_broken_off_comes_again_as_it_was(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    id_ = await happen(harness)
    [telling_] = await pulled(harness)  # and its process dies
    assert await pulled(harness) == []
    await advance(harness, telling.HOLD_MS / 1000 - 2)
    assert await pulled(harness) == []
    await advance(harness, 3)
    assert await pulled(harness) == [telling_]
    await advance(harness, telling.HOLD_MS / 1000 + 1)
    await tell(harness)
    assert endpoint.ids == [id_]


@once
async def test_what_is_told_late_of_an_older_try_changes_nothing(hooked: Hooked) -> None:
    """A teller that was stopped for a while comes back."""
    harness, endpoint = await hooked(FAILS)
    await happen(harness)
    [old] = await pulled(harness)
    await advance(harness, telling.HOLD_MS / 1000 + 1)
    await tell(harness)
    [left] = await pauses(harness)
    await harness.here.teller._tell(the_hook(harness), old)
    [after] = await pauses(harness)
    assert abs(after - left) < 1
    assert len(endpoint.told) == 2
