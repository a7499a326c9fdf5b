"""The simulated AI CROSS keeps messages until their time: driven by the adapter, and its clock."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from gateway.errors import LostAnswer
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.provider import (
    Accepted,
    Declined,
    Duplicate,
    Finding,
    Kept,
    Known,
    Refused,
    SendOutcome,
    Unknown,
    Unreadable,
    Withdrawal,
)
from gateway.sandbox.aicross import JST
from tests.providers import aicross_tools
from tests.providers.aicross_tools import (
    NEXT,
    TODAY,
    AICrossBench,
    Clock,
    call,
    called,
    configured,
    listed,
    mt,
    reserve,
    simulated,
    status,
)
from tests.providers.bench import DELIVERED, number

pytestmark = pytest.mark.anyio
clock = aicross_tools.clock
bench = aicross_tools.bench_by_clock


# By the adapter


def content(to: str, **fields: Any) -> Content:
    return Content(to=to, text="hello", encoding="gsm7", characters=5, segments=1, **fields)


async def handed_over(bench: AICrossBench, clock: Clock, to: str = DELIVERED, *, minutes: int = 10) -> SendOutcome:
    send_at = bench.adapter.keeps(int(clock.now.timestamp() * 1000) + minutes * 60_000)
    assert send_at
    return bench.adapter.send_outcome(await bench.exchange(bench.adapter.reserve_request(content(to), "a1", send_at)))


async def asked(bench: AICrossBench, tag: str = "a1") -> Finding:
    request = bench.adapter.reservation_request(content(DELIVERED), tag)
    return bench.adapter.reservation_outcome(await bench.exchange(request), tag)


async def withdrawn(bench: AICrossBench, tag: str = "a1") -> Withdrawal | Declined | Unreadable:
    return await bench.ask(bench.adapter.withdrawal(tag))


async def test_it_is_kept_and_sent_in_its_minute(bench: AICrossBench, clock: Clock) -> None:
    assert await handed_over(bench, clock) == Accepted("0")
    assert bench.simulator.reservations["a1"].send_at == datetime(2024, 1, 5, 9, 40, tzinfo=JST)
    assert await asked(bench) == Kept()
    clock.move(minutes=9, seconds=49)
    assert await asked(bench) == Kept()
    assert await bench.query() == Unknown(), "status.json lists what was sent"
    assert (bench.simulator.taken(DELIVERED), bench.pushed) == (0, [])
    clock.move(seconds=1)
    assert await asked(bench) == Known()
    assert await withdrawn(bench) == "sent"
    assert (bench.simulator.taken(DELIVERED), bench.simulator.reservations) == (1, {})
    (receipt,) = await bench.receipts()
    assert (receipt.reference, receipt.outcome) == ("a1", "delivered")
    clock.move(seconds=1)
    finding = await bench.query()
    assert isinstance(finding, Known)
    assert [each.outcome for each in finding.receipts] == ["delivered"]
    assert (bench.simulator.checks, bench.simulator.withdrawals) == ({"a1": 3}, {"a1": 1})


async def test_it_is_canceled_once(bench: AICrossBench, clock: Clock) -> None:
    await handed_over(bench, clock)
    assert await withdrawn(bench) == "withdrawn"
    assert not bench.simulator.reservations
    assert (await asked(bench), await withdrawn(bench)) == (Unknown(), "unknown")
    assert await handed_over(bench, clock) == Duplicate("400"), "the clientTag is spent"
    assert await bench.send(DELIVERED) == Duplicate("400")
    clock.move(hours=1)
    assert (await asked(bench), await bench.query()) == (Unknown(), Unknown())
    assert not bench.pushed


async def test_days_are_canceled(bench: AICrossBench) -> None:
    for tag, time, group in (("a", TODAY, "g"), ("b", TODAY, ""), ("c", NEXT, "g")):
        await reserve(bench, tag, time, group=group)
    owner = configured(base_url=bench.simulator.base_url, exclusive=True)
    assert await bench.ask(owner.withdrawal_of_days(date(2024, 1, 5), date(2024, 1, 5), "g")) is None
    assert list(bench.simulator.reservations) == ["b", "c"]
    assert await bench.ask(owner.withdrawal_of_days(date(2024, 1, 5), date(2024, 1, 31), None)) is None
    assert not bench.simulator.reservations
    assert bench.simulator.withdrawals == {"": 2}
    stranger = configured(base_url=bench.simulator.base_url, exclusive=True, client_id="9")
    refused = await bench.ask(stranger.withdrawal_of_days(date(2024, 1, 5), date(2024, 1, 5), None))
    assert refused == Declined("110", "Invalid clientId.")


async def test_a_time_that_is_not_to_come_is_refused(bench: AICrossBench, clock: Clock) -> None:
    outcome = await handed_over(bench, clock, minutes=0)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.about, outcome.provider_code) == (Reason.PROVIDER_ERROR, "schedule", "110")


async def test_somebody_cancels_it_in_the_console(bench: AICrossBench, clock: Clock) -> None:
    await handed_over(bench, clock)
    assert bench.simulator.forget("a1")
    assert not bench.simulator.forget("a1")
    assert (await asked(bench), await withdrawn(bench)) == (Unknown(), "unknown")
    assert await bench.send(DELIVERED) == Duplicate("400")


# What numbers provoke


@pytest.mark.parametrize(
    ("ending", "outcome", "reason"),
    [
        ("0001", "undelivered", Reason.HANDSET_UNREACHABLE),
        ("0003", "undelivered", Reason.UNKNOWN_SUBSCRIBER),
        ("0030", "delivered", None),
        ("0031", "delivered", None),
    ],
)
async def test_what_becomes_of_it_once_sent(
    bench: AICrossBench, clock: Clock, ending: str, outcome: str, reason: Reason | None
) -> None:
    assert await handed_over(bench, clock, number(ending)) == Accepted("0")
    clock.move(minutes=10)
    (receipt,) = await bench.receipts()
    assert (receipt.outcome, receipt.reason) == (outcome, reason)


@pytest.mark.parametrize(("ending", "code"), [("0005", "110"), ("0006", "300"), ("0007", "500")])
async def test_refused_at_once(bench: AICrossBench, clock: Clock, ending: str, code: str) -> None:
    outcome = await handed_over(bench, clock, number(ending))
    assert isinstance(outcome, Refused)
    assert outcome.provider_code == code
    assert not bench.simulator.reservations
    assert await asked(bench) == Unknown()


async def test_the_answer_is_lost_but_it_is_kept(bench: AICrossBench, clock: Clock) -> None:
    with pytest.raises(LostAnswer):
        await handed_over(bench, clock, number("0011"))
    assert await asked(bench) == Kept()
    assert await handed_over(bench, clock, number("0011")) == Duplicate("400")
    assert await withdrawn(bench) == "withdrawn"


async def test_the_answer_is_lost_and_nothing_is_kept(bench: AICrossBench, clock: Clock) -> None:
    with pytest.raises(LostAnswer):
        await handed_over(bench, clock, number("0010"))
    assert await asked(bench) == Unknown()
    assert await handed_over(bench, clock, number("0010")) == Accepted("0")
    assert await asked(bench) == Kept()


@pytest.mark.parametrize(("ending", "then", "again"), [("0030", Kept(), "withdrawn"), ("0031", Unknown(), "unknown")])
async def test_the_first_answer_to_a_cancel_is_lost(
    bench: AICrossBench, clock: Clock, ending: str, then: Finding, again: str
) -> None:
    await handed_over(bench, clock, number(ending))
    with pytest.raises(LostAnswer):
        await withdrawn(bench)
    assert await asked(bench) == then
    assert await withdrawn(bench) == again
    assert await asked(bench) == Unknown()
    assert bench.simulator.withdrawals == {"a1": 2}


# Its clock


async def test_without_a_request_it_is_sent_in_time(clock: Clock) -> None:
    async with simulated(clock=clock, dlr="json") as bench:
        for tag, time in (("later", NEXT), ("second", "2024-01-05 09:32"), ("first", "2024-01-05 09:31")):
            await reserve(bench, tag, time)
        clock.move(minutes=5)
        receipts = await bench.receipts(2)
        assert sorted(each.reference for each in receipts) == ["first", "second"]
        assert list(bench.simulator.accepted) == ["first", "second"]
        assert list(bench.simulator.reservations) == ["later"]
        (fields,) = json.loads(parse_qs(bench.pushed[0].body.decode())["json"][0])["eventNotifications"]
        assert fields["dateTime"] in ("2024/01/05 09:31:00", "2024/01/05 09:32:00")
        clock.move(days=30)
        await bench.receipts(3)
        await reserve(bench, "once more", "2024-02-29 08:00")
        clock.move(days=30)
        await bench.receipts(4)


async def test_it_is_listed_by_the_day_it_was_sent(bench: AICrossBench, clock: Clock) -> None:
    await reserve(bench, "a1", "2024-01-06 00:00")
    assert (await status(bench, date="20240106"))["status"] == []
    clock.move(days=1)
    assert (await status(bench, date="20240105"))["status"] == []
    (entry,) = (await status(bench, date="20240106"))["status"]
    assert (entry["dateTime"], entry["statusId"]) == ("20240106 000000020", 2)
    counted = await called(bench, "GET", "/p5/api/separatedsuccesscount.json", month="202401")
    assert counted["separatedSuccessCount"] == []
    clock.move(days=1)
    counted = await called(bench, "GET", "/p5/api/separatedsuccesscount.json", month="202401")
    assert len(counted["separatedSuccessCount"]) == 1


async def test_by_default_the_clock_is_real() -> None:
    async with simulated() as bench:
        now = datetime.now(JST)
        await reserve(bench, "a1", f"{now.replace(year=now.year + 1, day=1):%Y-%m-%d %H:%M}")
        assert (await mt(bench, clientTag="a2", scheduleTime=f"{now:%Y-%m-%d %H:%M}"))["responseCode"] == 110
        assert abs((now.astimezone(UTC) - datetime.now(UTC)).total_seconds()) < 60
        assert await listed(bench, clientTag="a1") == ["a1"]


async def test_stopping_drops_what_is_kept(clock: Clock) -> None:
    async with simulated(clock=clock) as bench:
        await reserve(bench, "a1")
        await bench.simulator.stop()
        clock.move(days=1)
        await asyncio.sleep(0.2)
        assert not bench.simulator.accepted


async def test_without_a_tag_it_is_canceled_by_its_day_only(bench: AICrossBench) -> None:
    assert (await mt(bench, clientTag=None, scheduleTime=TODAY))["responseCode"] == 0
    assert await listed(bench, scheduleTime=TODAY) == [""]
    await call(bench, "cancelreservationall", startDate="20240105", endDate="20240105")
    assert not bench.simulator.reservations


async def test_what_is_kept_is_bounded(clock: Clock) -> None:
    async with simulated(clock=clock, keep=2) as bench:
        for tag in ("a", "b", "c"):
            await reserve(bench, tag)
        assert list(bench.simulator.reservations) == ["b", "c"]
        for tag in ("b", "c"):
            bench.simulator.forget(tag)
        await reserve(bench, "d")
        bench.simulator.forget("d")
        await reserve(bench, "b", NEXT)
        clock.move(days=1)
        assert await listed(bench, clientTag="b") == ["b"], "its first time was canceled"
