"""The simulated AI CROSS on real sockets, driven by the adapter, its reports read by the adapter."""

from __future__ import annotations

import asyncio
from datetime import datetime
from urllib.parse import parse_qs

import pytest

from gateway.errors import LostAnswer
from gateway.model.reasons import Reason
from gateway.provider import (
    Accepted,
    Duplicate,
    Known,
    Refused,
    Unknown,
    Unreadable,
)
from gateway.sandbox.aicross import ENDINGS, JST
from tests.providers.aicross_tools import simulated
from tests.providers.bench import DELIVERED, number

pytestmark = pytest.mark.anyio

# What numbers provoke


@pytest.mark.parametrize("dlr", ["xml", "json"])
async def test_any_number_is_delivered(dlr: str) -> None:
    async with simulated(dlr=dlr) as bench:
        assert await bench.send(DELIVERED, text="あ" * 71 + "]]><&\n😀", carrier="rakuten") == Accepted("0")
        assert bench.simulator.accepted["a1"].number == DELIVERED
        (receipt,) = await bench.receipts()
        assert (receipt.reference, receipt.outcome, receipt.reason) == ("a1", "delivered", None)
        assert (receipt.billed, receipt.carrier) == (2, "rakuten")
        assert receipt.reported_at is not None
        assert abs(receipt.reported_at / 1000 - datetime.now(JST).timestamp()) < 5
        assert set(parse_qs(bench.pushed[0].body.decode())) == {dlr}


@pytest.mark.parametrize("dlr", ["xml", "json"])
@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("0001", Reason.HANDSET_UNREACHABLE),
        ("0002", Reason.HANDSET_REFUSED),
        ("0003", Reason.UNKNOWN_SUBSCRIBER),
        ("0004", Reason.CARRIER_CONGESTED),
        ("0024", Reason.UNMAPPED),
    ],
)
async def test_undelivered(ending: str, reason: Reason, dlr: str) -> None:
    async with simulated(dlr=dlr) as bench:
        carriers = ("docomo", "au", "softbank", "rakuten")
        for carrier in carriers:
            assert await bench.send(number(ending), reference=carrier, carrier=carrier) == Accepted("0")
        for receipt in await bench.receipts(len(carriers)):
            assert (receipt.outcome, receipt.reason, receipt.billed) == ("undelivered", reason, None)
            assert receipt.carrier == receipt.reference
            finding = await bench.query(receipt.reference)
            assert isinstance(finding, Known)
            (listed,) = finding.receipts
            assert (listed.reason, listed.provider_code) == (receipt.reason, receipt.provider_code)


@pytest.mark.parametrize(
    ("ending", "reason", "about"),
    [
        ("0005", Reason.INVALID_NUMBER, "message"),
        ("0006", Reason.QUOTA_EXCEEDED, "account"),
        ("0007", Reason.PROVIDER_ERROR, "vendor"),
    ],
)
async def test_refused_every_time(ending: str, reason: Reason, about: str) -> None:
    async with simulated() as bench:
        for _ in range(2):
            outcome = await bench.send(number(ending))
            assert isinstance(outcome, Refused)
            assert (outcome.reason, outcome.about) == (reason, about)
        assert not bench.simulator.accepted
        assert await bench.query() == Unknown()


async def test_lost_before_it_was_taken() -> None:
    async with simulated() as bench:
        with pytest.raises(LostAnswer, match="the connection broke"):
            await bench.send(number("0010"))
        assert await bench.query() == Unknown()
        assert await bench.send(number("0010")) == Accepted("0")
        assert bench.simulator.requests["a1"] == 2
        assert [receipt.outcome for receipt in await bench.receipts()] == ["delivered"]


async def test_lost_after_it_was_taken() -> None:
    async with simulated() as bench:
        with pytest.raises(LostAnswer, match="the connection broke"):
            await bench.send(number("0011"))
        assert isinstance(await bench.query(), Known)
        assert await bench.send(number("0011")) == Duplicate("400")
        assert [receipt.outcome for receipt in await bench.receipts()] == ["delivered"]


async def test_a_broken_answer_on_a_connection_in_use() -> None:
    async with simulated() as bench:
        assert await bench.send(DELIVERED, reference="other") == Accepted("0")
        with pytest.raises(LostAnswer, match="the connection broke"):
            await bench.send(number("0010"))
        assert bench.simulator.requests == {"other": 1, "a1": 1}


async def test_unavailable_first() -> None:
    async with simulated() as bench:
        assert await bench.send(number("0012")) == Unreadable("HTTP status 503")
        assert await bench.query() == Unknown()
        assert await bench.send(number("0012")) == Accepted("0")


async def test_a_login_page_first() -> None:
    async with simulated() as bench:
        assert isinstance(await bench.send(number("0013")), Unreadable)
        assert await bench.send(number("0013")) == Duplicate("400")
        assert [receipt.outcome for receipt in await bench.receipts()] == ["delivered"]


async def test_a_late_receipt() -> None:
    async with simulated() as bench:
        await bench.send(number("0020"))
        await asyncio.sleep(0.1)
        assert not bench.pushed
        finding = await bench.query()
        assert isinstance(finding, Known)
        assert [receipt.outcome for receipt in finding.receipts] == [None], "still on its way"
        assert [receipt.outcome for receipt in await bench.receipts()] == ["delivered"]


@pytest.mark.parametrize("dlr", ["xml", "json"])
async def test_doubled_and_reordered_receipts(dlr: str) -> None:
    async with simulated(dlr=dlr) as bench:
        await bench.send(number("0021"))
        once, again = await bench.receipts(2)
        assert once == again
        bench.pushed.clear()
        await bench.send(number("0022"), reference="a2")
        first, second = await bench.receipts(2)
        assert (first.outcome, second.outcome, second.provider_code) == ("delivered", None, "1")
        assert first.identity != second.identity
        assert bench.simulator.pushes == {"a1": 2, "a2": 2}


async def test_no_receipt() -> None:
    async with simulated() as bench:
        await bench.send(number("0023"))
        await asyncio.sleep(0.1)
        assert not bench.pushed
        finding = await bench.query()
        assert isinstance(finding, Known)
        (receipt,) = finding.receipts
        assert (receipt.outcome, receipt.billed) == ("delivered", 1)


def test_every_ending_is_described() -> None:
    assert all(len(ending) == 4 and behaviour.description for ending, behaviour in ENDINGS.items())
    assert len({behaviour.description for behaviour in ENDINGS.values()}) == len(ENDINGS)
