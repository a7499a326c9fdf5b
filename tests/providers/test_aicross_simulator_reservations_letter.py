"""The simulated AI CROSS keeps messages until their time, to the letter of its document (2.1.1, 2.2, 2.3)."""

from __future__ import annotations

import pytest

from tests.providers import aicross_tools
from tests.providers.aicross_tools import (
    NEXT,
    TODAY,
    AICrossBench,
    Clock,
    call,
    check,
    listed,
    mt,
    reserve,
)
from tests.providers.bench import DELIVERED

pytestmark = pytest.mark.anyio
clock = aicross_tools.clock
bench = aicross_tools.bench_by_clock


@pytest.mark.parametrize(
    ("time", "code", "message"),
    [
        (None, 0, "Success."),
        ("", 0, "Success."),
        ("2024-01-05 09:31", 0, "Success."),
        ("2024-02-29 23:59", 0, "Success."),
        ("2024-01-05 09:30", 110, "Invalid scheduleTime."),
        ("2024-01-05 09:29", 110, "Invalid scheduleTime."),
        ("2023-12-31 23:59", 110, "Invalid scheduleTime."),
        ("2024-02-30 08:00", 110, "Invalid scheduleTime."),
        ("2024-01-31 24:00", 110, "Invalid scheduleTime."),
        ("2024-01-31 8:00", 110, "Invalid scheduleTime."),
        ("2024-01-31T08:00", 110, "Invalid scheduleTime."),
        ("2024-01-31 08:00:00", 110, "Invalid scheduleTime."),
        ("2024/01/31 08:00", 110, "Invalid scheduleTime."),
        ("202401310800", 110, "Invalid scheduleTime."),
        ("２０２４-01-31 08:00", 110, "Invalid scheduleTime."),
        ("tomorrow", 110, "Invalid scheduleTime."),
    ],
)
async def test_times_of_reservations(bench: AICrossBench, time: str | None, code: int, message: str) -> None:
    answer = await mt(bench, scheduleTime=time)
    assert answer == {
        "responseCode": code,
        "responseMessage": message,
        "phoneNumber": DELIVERED,
        "smsMessage": "hello",
    }
    assert len(bench.simulator.reservations) == (code == 0 and bool(time))
    assert len(bench.simulator.accepted) == (code == 0 and not time)


async def test_a_minute_has_come_with_its_first_second(bench: AICrossBench, clock: Clock) -> None:
    clock.move(seconds=50)
    assert (await mt(bench, scheduleTime="2024-01-05 09:31"))["responseMessage"] == "Invalid scheduleTime."
    assert (await check(bench, scheduleTime="2024-01-05 09:31"))["responseMessage"] == "Past scheduleTime."


async def test_days_are_those_of_japan(bench: AICrossBench, clock: Clock) -> None:
    clock.move(hours=22)  # half past seven of the next day: still the same in London
    assert (await check(bench, scheduleDate="20240105"))["responseMessage"] == "Past scheduleDate."
    await reserve(bench, "a1", "2024-01-06 23:59")
    assert await listed(bench, scheduleDate="20240106") == ["a1"]
    await call(bench, "cancelreservationall", startDate="20240106", endDate="20240106")
    assert not bench.simulator.reservations


async def test_a_refused_reservation_spends_no_tag(bench: AICrossBench) -> None:
    assert (await mt(bench, scheduleTime="soon"))["responseCode"] == 110
    assert (await mt(bench, scheduleTime=TODAY, message="a" * 661))["responseCode"] == 120
    await reserve(bench, "a1")
    again = await mt(bench, scheduleTime=NEXT)
    assert (again["responseCode"], again["responseMessage"]) == (400, "Duplicate client tag.")
    assert (await check(bench, clientTag="a1"))["status"][0]["scheduleTime"] == TODAY


async def test_an_entry_has_the_documents_fields(bench: AICrossBench) -> None:
    await mt(
        bench, clientTag="abcedfg", scheduleTime="2024-01-31 08:00", phoneNumber="08012345678", message="yoyaku あ"
    )
    assert await check(bench, clientTag="abcedfg") == {
        "responseCode": 0,
        "responseMessage": "Success.",
        "count": 1,
        "status": [
            {
                "scheduleTime": "2024-01-31 08:00",
                "phoneNumber": "+818012345678",
                "message": "yoyaku あ",
                "smsCode": 80013,
                "clientTag": "abcedfg",
            }
        ],
    }


async def filled(bench: AICrossBench, clock: Clock) -> None:
    """Four reservations, one sent, one canceled."""
    for tag, time, group in (
        ("soon", "2024-01-05 09:31", ""),
        ("today", TODAY, "g"),
        ("tonight", "2024-01-05 23:59", ""),
        ("tomorrow", "2024-01-06 00:00", "g"),
        ("next", NEXT, "h"),
        ("gone", TODAY, "g"),
    ):
        await reserve(bench, tag, time, group=group)
    assert (await call(bench, "cancelreservation", clientTag="gone"))["responseCode"] == 0
    clock.move(minutes=1)


@pytest.mark.parametrize(
    ("query", "tags"),
    [
        ({"clientTag": "today"}, ["today"]),
        ({"clientTag": "today", "scheduleTime": NEXT, "scheduleDate": "20240131"}, ["today"]),
        ({"clientTag": "today", "scheduleTime": "?", "scheduleDate": "?", "groupTag": "h"}, ["today"]),
        ({"scheduleTime": TODAY}, ["today"]),
        ({"scheduleTime": TODAY, "scheduleDate": "20240131"}, ["today"]),
        ({"scheduleTime": TODAY, "scheduleDate": "?"}, ["today"]),
        ({"scheduleTime": TODAY, "groupTag": "g"}, ["today"]),
        ({"scheduleTime": TODAY, "groupTag": "h"}, []),
        ({"scheduleTime": "2024-01-05 18:01"}, []),
        ({"scheduleDate": "20240105"}, ["today", "tonight"]),
        ({"scheduleDate": "20240105", "groupTag": "g"}, ["today"]),
        ({"scheduleDate": "20240106"}, ["tomorrow"]),
        ({"scheduleDate": "20240107"}, []),
    ],
)
async def test_what_is_listed(bench: AICrossBench, clock: Clock, query: dict[str, str], tags: list[str]) -> None:
    await filled(bench, clock)
    assert await listed(bench, **query) == tags


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({}, 100, "Required clientTag."),
        ({"groupTag": "g"}, 100, "Required clientTag."),
        ({"clientTag": "today", "token": None}, 100, "Required token."),
        ({"clientTag": "today", "clientId": None}, 100, "Required clientId."),
        ({"clientTag": "today", "smsCode": None}, 100, "Required smsCode."),
        ({"clientTag": "today", "token": "wrong"}, 110, "Invalid token."),
        ({"clientTag": "today", "clientId": "9"}, 110, "Invalid clientId."),
        ({"clientTag": "today", "smsCode": "80014"}, 110, "Invalid smsCode."),
        ({"clientTag": "nobody"}, 110, "Invalid clientTag."),
        ({"clientTag": "gone"}, 110, "Invalid clientTag."),
        ({"clientTag": "TODAY"}, 110, "Invalid clientTag."),
        ({"scheduleTime": "today"}, 110, "Invalid scheduleTime."),
        ({"scheduleTime": "2024-02-30 08:00"}, 110, "Invalid scheduleTime."),
        ({"scheduleDate": "2024-01-31"}, 110, "Invalid scheduleDate."),
        ({"scheduleDate": "20240230"}, 110, "Invalid scheduleDate."),
        ({"clientTag": "t" * 201}, 120, "clientTag too long."),
        ({"clientTag": "soon"}, 130, "Already send."),
        ({"clientTag": "soon", "scheduleTime": TODAY}, 130, "Already send."),
        ({"scheduleTime": "2024-01-05 09:31"}, 140, "Past scheduleTime."),
        ({"scheduleTime": "2024-01-05 09:30"}, 140, "Past scheduleTime."),
        ({"scheduleDate": "20240104"}, 140, "Past scheduleDate."),
    ],
)
async def test_what_is_not_listed(
    bench: AICrossBench, clock: Clock, query: dict[str, str | None], code: int, message: str
) -> None:
    await filled(bench, clock)
    failed = {"responseCode": code, "responseMessage": message, "count": "0", "status": []}
    assert await check(bench, **query) == failed


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({"clientTag": "today"}, 0, "Success."),
        ({"clientTag": None}, 100, "Required clientTag."),
        ({"clientTag": ""}, 100, "Required clientTag."),
        ({"clientTag": "today", "token": None}, 100, "Required token."),
        ({"clientTag": "today", "clientId": None}, 100, "Required clientId."),
        ({"clientTag": "today", "token": "wrong"}, 110, "Invalid token."),
        ({"clientTag": "today", "clientId": "9"}, 110, "Invalid clientId."),
        ({"clientTag": "nobody"}, 110, "Invalid clientTag."),
        ({"clientTag": "gone"}, 110, "Invalid clientTag."),
        ({"clientTag": "t" * 201}, 120, "clientTag too long."),
        ({"clientTag": "soon"}, 130, "Already send."),
    ],
)
async def test_cancel_codes(
    bench: AICrossBench, clock: Clock, query: dict[str, str | None], code: int, message: str
) -> None:
    await filled(bench, clock)
    tag = query["clientTag"]
    answer = await call(bench, "cancelreservation", **query)
    assert answer == {"responseCode": code, "responseMessage": message, "clientTag": tag}
    assert ("today" not in bench.simulator.reservations) == (code == 0)
    assert len(bench.simulator.reservations) == 4 - (code == 0)
    assert bench.simulator.withdrawals[tag or ""] == 1 + (tag == "gone")


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({}, []),
        ({"startDate": "", "endDate": "", "groupTag": ""}, []),
        ({"startDate": "20240106"}, ["today", "tonight"]),
        ({"endDate": "20240105"}, ["tomorrow", "next"]),
        ({"endDate": "20240106"}, ["next"]),
        ({"startDate": "20240106", "endDate": "20240106"}, ["today", "tonight", "next"]),
        ({"startDate": "20240107", "endDate": "20240130"}, ["today", "tonight", "tomorrow", "next"]),
        ({"startDate": "20240131", "endDate": "20240105"}, ["today", "tonight", "tomorrow", "next"]),
        ({"groupTag": "g"}, ["tonight", "next"]),
        ({"groupTag": "nobody"}, ["today", "tonight", "tomorrow", "next"]),
        ({"groupTag": "g", "startDate": "20240106"}, ["today", "tonight", "next"]),
        ({"groupTag": "g", "endDate": "20240105"}, ["tonight", "tomorrow", "next"]),
        ({"groupTag": "g", "startDate": "20240105", "endDate": "20240131"}, ["tonight", "next"]),
        ({"groupTag": "h", "startDate": "20240105", "endDate": "20240105"}, ["today", "tonight", "tomorrow", "next"]),
    ],
)
async def test_what_is_left_of_some_days(
    bench: AICrossBench, clock: Clock, query: dict[str, str], left: list[str]
) -> None:
    await filled(bench, clock)
    answer = await call(bench, "cancelreservationall", **query)
    assert answer == {"responseCode": 0, "responseMessage": "Success."}
    assert list(bench.simulator.reservations) == left
    assert bench.simulator.withdrawals == {"gone": 1, "": 1}
    for tag in {"today", "tonight", "tomorrow", "next"} - {*left}:
        assert (await check(bench, clientTag=tag))["responseMessage"] == "Invalid clientTag."
        assert (await mt(bench, clientTag=tag))["responseCode"] == 400


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({"token": None}, 100, "Required token."),
        ({"clientId": None}, 100, "Required clientId."),
        ({"token": "wrong"}, 110, "Invalid token."),
        ({"clientId": "9"}, 110, "Invalid clientId."),
        ({"startDate": "2024-01-31"}, 110, "Invalid startDate."),
        ({"startDate": "20240131", "endDate": "20240230"}, 110, "Invalid endDate."),
    ],
)
async def test_codes_of_days(
    bench: AICrossBench, clock: Clock, query: dict[str, str | None], code: int, message: str
) -> None:
    await filled(bench, clock)
    answer = await call(bench, "cancelreservationall", **query)
    assert answer == {"responseCode": code, "responseMessage": message}
    assert len(bench.simulator.reservations) == 4
