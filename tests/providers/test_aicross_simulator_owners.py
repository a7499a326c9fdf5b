"""The simulated AI CROSS on whether a number changed its owner (2.8): by the adapter, and to the letter."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from gateway.errors import LostAnswer
from gateway.provider import Declined, Owner, Question, Unreadable
from gateway.providers.aicross import AICross
from gateway.sandbox.aicross import ENDINGS, JST
from tests.providers import aicross_tools
from tests.providers.aicross_tools import AICrossBench, Clock, called, configured, simulated
from tests.providers.bench import DELIVERED, number

pytestmark = pytest.mark.anyio
clock, bench_by_clock = aicross_tools.clock, aicross_tools.bench_by_clock

FIELDS = ["responseCode", "responseMessage", "phoneNumber", "referenceDate", "status"]
"""Of every answer (2.8.2)."""


async def ask(
    bench: AICrossBench, to: str = DELIVERED, day: date | None = None, adapter: AICross | None = None
) -> Owner | Declined | Unreadable:
    question = (adapter or bench.adapter).owner(to, day or datetime.now(JST).date())
    assert isinstance(question, Question)
    return await bench.ask(question)


async def cleaned(bench: AICrossBench, **fields: str | None) -> dict[str, Any]:
    """numbercleaning.json with these fields changed, None leaving one out."""
    basics = {"phoneNumber": DELIVERED, "referenceDate": "20240105"}
    answer = await called(bench, "GET", "/p5/api/numbercleaning.json", **basics | fields)
    assert list(answer) == FIELDS
    return answer


# By the adapter


@pytest.mark.parametrize(
    ("ending", "owner"),
    [("5678", "same_owner"), ("0001", "same_owner"), ("0050", "changed_owner"), ("0051", "unknown")],
)
async def test_the_ending_tells_the_owner(ending: str, owner: Owner) -> None:
    async with simulated() as bench:
        assert await ask(bench, number(ending)) == owner
        assert await ask(bench, number(ending)) == owner
        assert bench.simulator.cleanings == {number(ending): 2}
        assert not bench.simulator.violations


@pytest.mark.parametrize(
    ("ending", "said"),
    [("0005", Declined("110", "Invalid phoneNumber.")), ("0007", Declined("500", "System error."))],
)
async def test_refused_every_time(ending: str, said: Declined) -> None:
    async with simulated() as bench:
        assert [await ask(bench, number(ending)) for _ in range(2)] == [said, said]


async def test_messages_used_up_are_no_matter() -> None:
    async with simulated() as bench:
        assert await ask(bench, number("0006")) == "same_owner"


@pytest.mark.parametrize("ending", [ending for ending, behaviour in ENDINGS.items() if behaviour.lost])
async def test_the_first_answer_is_lost(ending: str) -> None:
    async with simulated() as bench:
        if ENDINGS[ending].lost == "closed":
            with pytest.raises(LostAnswer):
                await ask(bench, number(ending))
        else:
            assert isinstance(await ask(bench, number(ending)), Unreadable)
        assert await ask(bench, number(ending)) == "same_owner"


async def test_a_stranger_is_told_so() -> None:
    async with simulated() as bench:
        stranger = configured(base_url=bench.simulator.base_url, client_id="99")
        assert await ask(bench, adapter=stranger) == Declined("110", "Invalid clientId.")


async def test_numbers_asked_about_are_forgotten_in_time() -> None:
    async with simulated(keep=2) as bench:
        for each in ("3001", "3002", "3003"):
            await ask(bench, number(each))
        assert list(bench.simulator.cleanings) == [number("3002"), number("3003")]


# To the letter


@pytest.mark.parametrize("written", ["+819012345678", "09012345678"])
async def test_a_success_says_what_was_asked(bench_by_clock: AICrossBench, written: str) -> None:
    assert await cleaned(bench_by_clock, phoneNumber=written) == {
        "responseCode": 0,
        "responseMessage": "Success.",
        "phoneNumber": DELIVERED,
        "referenceDate": "20240105",
        "status": "N",
    }


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"token": None}, 100, "Required token."),
        ({"clientId": ""}, 100, "Required clientId."),
        ({"phoneNumber": None}, 100, "Required phoneNumber."),
        ({"referenceDate": None}, 100, "Required referenceDate."),
        ({"token": "wrong"}, 110, "Invalid token."),
        ({"clientId": "9"}, 110, "Invalid clientId."),
        ({"phoneNumber": "819012345678"}, 110, "Invalid phoneNumber."),
        ({"phoneNumber": "+816012345678"}, 110, "Invalid phoneNumber."),
        ({"phoneNumber": "0312345678"}, 110, "Invalid phoneNumber."),
        ({"phoneNumber": "090-1234-5678"}, 110, "Invalid phoneNumber."),
        ({"referenceDate": "2024-01-05"}, 110, "Invalid referenceDate."),
        ({"referenceDate": "20240230"}, 110, "Invalid referenceDate."),
        ({"referenceDate": "20240106"}, 110, "Invalid referenceDate."),
        ({"referenceDate": "20220104"}, 110, "Invalid referenceDate."),
    ],
)
async def test_codes(bench_by_clock: AICrossBench, fields: dict[str, str | None], code: int, message: str) -> None:
    assert list((await cleaned(bench_by_clock, **fields)).values()) == [code, message, None, None, None]


async def test_a_post_is_no_call_of_it() -> None:
    async with simulated() as bench:
        answer = await called(bench, "POST", "/p5/api/numbercleaning.json", phoneNumber=DELIVERED)
        assert list(answer.values()) == [500, "System error.", None, None, None]
        assert bench.simulator.violations == ["/p5/api/numbercleaning.json: POST instead of GET"]


@pytest.mark.parametrize(
    ("today", "first"),
    [((2024, 1, 5), "20220105"), ((2024, 2, 29), "20220228"), ((2026, 2, 28), "20240228"), ((2026, 3, 1), "20240301")],
)
async def test_days_are_those_of_two_years_of_its_clock(
    bench_by_clock: AICrossBench, clock: Clock, today: tuple[int, int, int], first: str
) -> None:
    midnight = datetime(*today, tzinfo=JST)
    day_before = (datetime.strptime(first, "%Y%m%d") - timedelta(days=1)).strftime("%Y%m%d")
    for moment in (midnight, midnight + timedelta(hours=23, minutes=59)):
        clock.now = moment
        days = (day_before, first, f"{midnight:%Y%m%d}", f"{midnight + timedelta(days=1):%Y%m%d}")
        codes = [(await cleaned(bench_by_clock, referenceDate=each))["responseCode"] for each in days]
        assert codes == [110, 0, 0, 110]
