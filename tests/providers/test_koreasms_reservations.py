"""What koreasms keeps until its time: calls with a send_datetime, as they are built and as the vendor takes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LostAnswer
from gateway.model.values import Secret
from gateway.provider import (
    Accepted,
    Balance,
    Keeping,
    SendOutcome,
    Unanswered,
    Unreadable,
    VendorAnswer,
    VendorRequest,
)
from gateway.providers.koreasms import KoreaSMS, codes
from gateway.sandbox.koreasms import KST, KoreaSMSSimulator
from tests.providers.bench import Bench
from tests.providers.koreasms_tools import NOW, TO, KoreaSMSBench, configured, content, koreasms, said, simulated

OTHER = "+82112345678"
LATER = NOW + timedelta(hours=2)


def ms(written: str | datetime) -> int:
    moment = datetime.fromisoformat(written) if isinstance(written, str) else written
    return int(moment.timestamp() * 1000)


def fields(request: VendorRequest) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True, keep_blank_values=True))


def asked(at: str, provider: KoreaSMS = koreasms) -> str:
    """The send_datetime of a request for that moment."""
    return fields(provider.reserve_request(content(), "a1", ms(at)))["send_datetime"]


async def reserve(bench: KoreaSMSBench, *to: str, at: datetime = LATER, **message: Any) -> SendOutcome:
    """One call for all of `to`. Raises what the transport raises."""
    request = bench.adapter.reserve_request(content(to=to[0], **message), "a1", ms(at), to[1:])
    return bench.adapter.send_outcome(await bench.exchange(request))


# The adapter


def test_it_keeps_what_it_has_half_an_hour_before_and_cannot_be_told_to_drop_it() -> None:
    assert koreasms.capabilities.reservations == Keeping(ahead=1800, whole=1, cancelable=False)
    assert koreasms.reservation_request(content(), "a1") is None
    assert isinstance(koreasms.reservation_outcome(VendorAnswer(200, said().encode()), "a1"), Unanswered)
    assert koreasms.withdrawal("a1") is None
    assert koreasms.withdrawal_of_days(date(2018, 1, 23), date(2018, 1, 24), None) is None


def test_a_reservation_is_the_same_form_with_its_time() -> None:
    request = koreasms.reserve_request(content(text="1+1\n", subject="제목"), "a1", ms("2018-01-23T15:30:00+09:00"))
    assert (request.method, request.url) == ("POST", "https://site.example.kr/messages/api")
    assert dict(request.headers) == {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    assert request.body == (
        b"key=abc%2Bdef%2F&id=shop&send_number=0212345678&message=1%2B1%0A&receiver=01012345678"
        b"&subject=%EC%A0%9C%EB%AA%A9&send_datetime=2018-01-23%2015%3A30%3A00"
    )


def test_a_reservation_says_all_that_a_message_sent_at_once_says() -> None:
    message = content(text="가", subject="제목", sender="1544-1234")
    sent = koreasms.send_request(message, "a1", (OTHER,))
    kept = koreasms.reserve_request(message, "a1", ms(LATER), (OTHER,))
    assert fields(kept) == fields(sent) | {"send_datetime": "2018-01-23 17:00:00"}
    assert (kept.method, kept.url, kept.headers) == (sent.method, sent.url, sent.headers)


@pytest.mark.parametrize(
    ("at", "written"),
    [
        ("2018-01-23T15:30:00+09:00", "2018-01-23 15:30:00"),
        ("2018-01-23T06:30:00Z", "2018-01-23 15:30:00"),
        ("2018-01-23T15:30:59.999+09:00", "2018-01-23 15:30:59"),
        ("2018-01-22T18:30:01-12:00", "2018-01-23 15:30:01"),
        ("2018-01-23T20:30:00+14:00", "2018-01-23 15:30:00"),
        ("2018-12-31T14:59:59Z", "2018-12-31 23:59:59"),
        ("2018-12-31T15:00:00Z", "2019-01-01 00:00:00"),
        ("2019-01-01T05:00:00+14:00", "2019-01-01 00:00:00"),
        ("2020-02-28T15:00:00Z", "2020-02-29 00:00:00"),
    ],
)
def test_its_time_is_on_the_vendors_clock(at: str, written: str) -> None:
    assert asked(at) == written


@pytest.mark.parametrize(
    ("timezone", "written"),
    [
        ("UTC", "2018-12-31 14:59:59"),
        ("America/New_York", "2018-12-31 09:59:59"),
        ("Pacific/Kiritimati", "2019-01-01 04:59:59"),
        ("Asia/Kathmandu", "2018-12-31 20:44:59"),
    ],
)
def test_the_vendors_clock_is_a_setting(timezone: str, written: str) -> None:
    assert asked("2018-12-31T14:59:59Z", configured(timezone=timezone)) == written


@given(st.integers(ms("2018-01-01T00:00:00Z"), ms("2100-01-01T00:00:00Z")))
def test_what_is_kept_is_what_is_written(at: int) -> None:
    kept = koreasms.keeps(at)
    assert kept == at - at % 1000
    written = fields(koreasms.reserve_request(content(), "a1", kept))["send_datetime"]
    assert ms(datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=KST)) == kept


def test_a_clock_that_shows_an_hour_twice_keeps_nothing_in_it() -> None:
    provider = configured(timezone="America/New_York")
    for ambiguous in ("2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-01T06:59:59Z"):
        assert provider.keeps(ms(ambiguous)) is None
    for plain in ("2026-11-01T04:59:59Z", "2026-11-01T07:00:00Z", "2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z"):
        assert provider.keeps(ms(plain)) == ms(plain)


@pytest.mark.parametrize("separator", [" ", "|", ","])
def test_several_receivers_of_a_reservation(separator: str) -> None:
    provider = configured(separator=separator)
    kept = fields(provider.reserve_request(content(), "a1", ms(LATER), (OTHER, "+82161234567")))
    assert kept["receiver"] == separator.join(["01012345678", "0112345678", "0161234567"])


def test_at_most_100_receivers_of_a_reservation_none_of_them_twice() -> None:
    others = tuple(f"+8210{n:08}" for n in range(100))
    assert len(fields(koreasms.reserve_request(content(), "a1", ms(LATER), others[:99]))["receiver"].split(" ")) == 100
    for further in (others, (TO,), others[:2] + others[:1]):
        with pytest.raises(AssertionError):
            koreasms.reserve_request(content(), "a1", ms(LATER), further)


# The vendor


@pytest.mark.anyio
async def test_what_was_taken_leaves_at_its_time() -> None:
    async with simulated(balance=1000) as bench:
        vendor = bench.simulator
        assert await reserve(bench, TO, OTHER) == Accepted("0", 960), "paid for when it is taken"
        (call,) = vendor.calls
        assert vendor.reserved == [call]
        assert (call.send_at, call.leaves, call.receivers) == (
            "2018-01-23 17:00:00",
            LATER,
            ("01012345678", "0112345678"),
        )
        assert [vendor.taken(each) for each in (TO, OTHER)] == [1, 1]
        assert vendor.sent_at(TO) == []

        vendor.clock = lambda: LATER - timedelta(microseconds=1)
        assert (vendor.reserved, vendor.sent_at(TO)) == ([call], [])
        vendor.clock = lambda: LATER
        assert (vendor.reserved, vendor.sent_at(TO), vendor.sent_at(OTHER)) == ([], [LATER], [LATER])
        assert [vendor.taken(each) for each in (TO, OTHER)] == [1, 1]
        assert await bench.ask(bench.adapter.balance()) == Balance(960, "KRW", "won"), "and not again"
        assert not vendor.violations


@pytest.mark.anyio
async def test_what_is_sent_at_once_is_never_reserved() -> None:
    async with simulated() as bench:
        await bench.send(TO)
        assert (bench.simulator.reserved, bench.simulator.sent_at(TO)) == ([], [NOW])


@pytest.mark.anyio
async def test_reservations_leave_in_the_order_of_their_times() -> None:
    async with simulated() as bench:
        vendor, times = bench.simulator, [LATER + timedelta(minutes=each) for each in (2, 0, 1)]
        for at in times:
            await reserve(bench, TO, at=at)
        assert [call.leaves for call in vendor.reserved] == sorted(times)
        vendor.clock = lambda: LATER + timedelta(minutes=1)
        assert [call.leaves for call in vendor.reserved] == [times[0]]
        assert vendor.sent_at(TO) == [times[1], times[2]]


@pytest.mark.anyio
async def test_less_than_half_an_hour_before_its_time_nothing_is_taken() -> None:
    async with simulated(balance=1000) as bench:
        vendor, least = bench.simulator, NOW + timedelta(seconds=1800)
        assert await reserve(bench, TO, at=least) == Accepted("0", 980)
        vendor.clock = lambda: NOW + timedelta(microseconds=1)
        assert await reserve(bench, TO, at=least) == codes.refused(10, 980)
        assert await reserve(bench, TO, at=NOW - timedelta(days=1)) == codes.refused(10, 980)
        assert list(vendor.violations) == ["an impossible send_datetime"] * 2
        assert (vendor.taken(TO), len(vendor.reserved)) == (1, 1)


@pytest.mark.anyio
@pytest.mark.parametrize("at", ["2018-12-31T23:59:59+09:00", "2019-01-01T00:00:00+09:00", "2020-02-29T00:00:00+09:00"])
async def test_a_reservation_may_be_far_ahead(at: str) -> None:
    async with simulated() as bench:
        assert isinstance(await reserve(bench, TO, at=datetime.fromisoformat(at).astimezone(UTC)), Accepted)
        assert [call.leaves for call in bench.simulator.reserved] == [datetime.fromisoformat(at)]


@pytest.mark.anyio
async def test_a_balance_that_does_not_cover_a_reservation() -> None:
    async with simulated(balance=39) as bench:
        assert await reserve(bench, TO, OTHER) == codes.refused(9, 39)
        assert await reserve(bench, TO) == Accepted("0", 19)
        assert len(bench.simulator.reserved) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("ending", ["0005", "0006"])
async def test_what_is_refused_is_not_reserved(ending: str) -> None:
    async with simulated(balance=100) as bench:
        code = {"0005": 10, "0006": 9}[ending]
        assert await reserve(bench, TO, f"+82101234{ending}") == codes.refused(code, 100)
        assert not bench.simulator.reserved


@pytest.mark.anyio
@pytest.mark.parametrize(("ending", "takes"), [("0010", 0), ("0011", 1), ("0012", 0), ("0013", 1)])
async def test_the_first_answer_to_a_reservation_is_lost(ending: str, takes: int) -> None:
    async with simulated() as bench:
        lost = f"+82101234{ending}"
        try:
            assert isinstance(await reserve(bench, lost), Unreadable)
        except LostAnswer:
            assert ending in ("0010", "0011")
        assert (bench.simulator.taken(lost), len(bench.simulator.reserved)) == (takes, takes)
        assert isinstance(await reserve(bench, lost), Accepted)
        assert (bench.simulator.taken(lost), len(bench.simulator.reserved)) == (takes + 1, takes + 1)


@pytest.mark.anyio
async def test_the_sandbox_s_account_keeps_by_the_real_clock() -> None:
    vendor, account = KoreaSMSSimulator.play("", delay=0.0, late=0.0), KoreaSMSSimulator.SETTINGS
    async with Bench(
        vendor, lambda url: configured(base_url=url, key=Secret(account["key"]), id=account["id"])
    ) as bench:
        at = datetime.now(KST).replace(microsecond=0) + timedelta(minutes=31)
        assert isinstance(await reserve(bench, TO, at=at, sender=account["sender"]), Accepted)
        assert ([call.leaves for call in vendor.reserved], vendor.sent_at(TO)) == ([at], [])
        vendor.clock = lambda: datetime.now(UTC) + timedelta(minutes=31)
        assert (vendor.reserved, vendor.sent_at(TO)) == ([], [at])
