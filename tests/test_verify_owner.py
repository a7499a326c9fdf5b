"""Whether a number still has its owner: three answers, the days that can be asked about, and repeats."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import redis

from gateway.api import verifications
from gateway.errors import GatewayError
from gateway.store.gates import pass_for
from tests.harness import OTHER_KEY, Harness, advance
from tests.pair import OpenPair, Pair, closed, open_pair, silent
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import bearer, problem
from tests.verification_tools import BODY, PATH

__all__ = ["open_pair"]  # a fixture

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
TOKYO = ZoneInfo("Asia/Tokyo")
DAY = 86_400


def today(harness: Harness) -> date:
    """In Tokyo, by the gateway's clock."""
    return datetime.fromtimestamp(harness.here.store.clock.now() / 1000, TOKYO).date()


async def ask(harness: Harness, since: str = "", key: str = "", who: str = "", **given: Any) -> httpx.Response:
    headers = ({"Idempotency-Key": key} if key else {}) | (bearer(who) if who else {})
    since = since or str(today(harness) - timedelta(days=30))
    body = {"method": "owner", "number": "+819012345678", "referenceDate": since} | given
    return await harness.api.post(PATH, json=body, headers=headers)


async def noon(harness: Harness) -> None:
    """Moves to noon in Tokyo: no test runs over a midnight."""
    now = datetime.fromtimestamp(harness.here.store.clock.now() / 1000, TOKYO)
    there = now.replace(hour=12, minute=0, second=0)
    await advance(harness, (there + timedelta(days=there <= now) - now).total_seconds())


def asked(harness: Harness) -> int:
    return sum(harness.vendor.cleanings.values())


@each(
    ("number", "said"),
    [
        ("+819012345678", "same_owner"),
        ("+819012340050", "changed_owner"),
        ("+819012340051", "unknown"),
        ("090-1234-0050", "changed_owner"),
    ],
)
async def test_three_answers(harness: Harness, raw: redis.Redis, number: str, said: str) -> None:
    before = set(raw.scan_iter())
    answer = await ask(harness, number=number)
    assert answer.status_code == 200
    assert answer.json() == {"result": said}
    assert not {"idempotency-replayed", "location"} & set(answer.headers)
    assert asked(harness) == 1
    assert not [key for key in set(raw.scan_iter()) - before if "}v:" in key], "nothing stays of one without claims"
    assert not harness.vendor.violations


async def test_the_day_is_told_as_the_vendor_wants_it(harness: Harness) -> None:
    assert (await ask(harness, number="+819012340050", provider="main")).json() == {"result": "changed_owner"}
    assert harness.vendor.cleanings == {"+819012340050": 1}


# Days


async def test_from_two_years_ago_to_today(harness: Harness) -> None:
    await noon(harness)
    last = today(harness)
    first = two_years_before(last)
    harness.vendor.beside._clock = lambda: datetime.fromtimestamp(harness.here.store.clock.now() / 1000, TOKYO)
    for day in (first, first + timedelta(days=1), last - timedelta(days=1), last):
        answer = await ask(harness, str(day))
        assert (answer.status_code, answer.json()) == (200, {"result": "same_owner"}), day
    before = asked(harness)
    for day in (first - timedelta(days=1), last + timedelta(days=1), date(1, 1, 1), date(9999, 12, 31)):
        problem(await ask(harness, str(day)), 400, "invalid_request", "/referenceDate")
    assert asked(harness) == before


def two_years_before(last: date) -> date:
    """Two years before; of the 29th of February the 28th."""
    try:
        return last.replace(year=last.year - 2)
    except ValueError:
        return last.replace(year=last.year - 2, day=28)


@each(
    ("now", "first", "last"),
    [
        ("2026-07-01T14:59:59Z", "2024-07-01", "2026-07-01"),
        ("2026-07-01T15:00:00Z", "2024-07-02", "2026-07-02"),
        ("2026-12-31T15:00:00Z", "2025-01-01", "2027-01-01"),
        ("2028-02-29T03:00:00Z", "2026-02-28", "2028-02-29"),
        ("2026-02-28T03:00:00Z", "2024-02-28", "2026-02-28"),
        ("2026-03-01T03:00:00Z", "2024-03-01", "2026-03-01"),
    ],
)
async def test_today_is_tokyos(harness: Harness, now: str, first: str, last: str) -> None:
    await harness.here.store.know_time()
    moment = datetime.fromisoformat(now).timestamp() * 1000
    harness.here.store.clock.learn(int(moment))
    for day, fine in ((first, True), (last, True), (_next(first, -1), False), (_next(last, 1), False)):
        harness.here.store.clock.learn(int(moment))
        try:
            verifications._check_day(harness.here, date.fromisoformat(day))
        except GatewayError:
            assert not fine, day
        else:
            assert fine, day


def _next(day: str, days: int) -> str:
    return str(date.fromisoformat(day) + timedelta(days=days))


@each("day", ["2026-02-30", "2026-13-01", "2026-00-10", "26-01-01", "2026/01/01", "20260101", "", "2026-01-01\n", "x"])
async def test_what_is_no_day(harness: Harness, day: str) -> None:
    body = {"method": "owner", "number": "+819012345678", "referenceDate": day}
    problem(await harness.api.post(PATH, json=body), 400, "invalid_request", "/referenceDate")
    assert not asked(harness)


@each(
    ("given", "pointer"),
    [
        ({"referenceDate": None}, "/referenceDate"),
        ({"number": "x"}, "/number"),
        ({"number": "0312345678"}, "/number"),
        ({"validMinutes": 5}, "/validMinutes"),
        ({"text": "{code}"}, "/text"),
        ({"provider": "nobody"}, "/provider"),
        ({"clientTag": ""}, "/clientTag"),
    ],
)
async def test_what_is_not_taken(harness: Harness, given: dict[str, Any], pointer: str) -> None:
    problem(await ask(harness, **given), 400, "invalid_request", pointer)


# Repeats


@each("claim", ["tag", "key", "both"])
async def test_a_repeat_is_answered_without_the_vendor(harness: Harness, claim: str) -> None:
    await noon(harness)
    since = str(two_years_before(today(harness)))
    given: dict[str, Any] = {"key": "k" if claim != "tag" else ""} | ({"clientTag": "a"} if claim != "key" else {})
    given |= {"number": "+819012340050", "since": since}
    harness.vendor.beside._clock = lambda: datetime.fromtimestamp(harness.here.store.clock.now() / 1000, TOKYO)
    first = await ask(harness, **given)
    await advance(harness, 3 * DAY if claim == "tag" else DAY / 2)
    again = await ask(harness, **given)
    for answer in (first, again):
        assert (answer.status_code, answer.json()) == (200, {"result": "changed_owner"})
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert asked(harness) == 1
    if claim == "tag":
        problem(await ask(harness, since), 400, "invalid_request", "/referenceDate")


async def test_other_content_is_a_conflict(harness: Harness) -> None:
    await ask(harness, clientTag="a")
    await ask(harness, key="k")
    assert asked(harness) == 2
    problem(await ask(harness, clientTag="a", number="+819012345679"), 409, "duplicate_client_tag")
    problem(await ask(harness, str(today(harness)), key="k"), 422, "idempotency_key_reused")
    problem(await ask(harness, key="k", clientTag="a"), 409, "duplicate_client_tag")
    problem(await harness.api.post(PATH, json=BODY | {"clientTag": "a"}), 409, "duplicate_client_tag")
    assert asked(harness) == 2
    assert (await ask(harness, who=OTHER_KEY, clientTag="a", number="+819012340050")).json()[
        "result"
    ] == "changed_owner"


async def test_equal_questions_at_once_are_told_the_same(harness: Harness, raw: redis.Redis) -> None:
    answers = await asyncio.gather(*(ask(harness, clientTag="a") for _ in range(6)))
    assert {(answer.status_code, answer.json()["result"]) for answer in answers} == {(200, "same_owner")}
    assert len([key for key in raw.scan_iter() if "}v:" in key]) == 1


async def test_an_answer_goes_after_its_time(harness: Harness, raw: redis.Redis) -> None:
    await ask(harness, key="k", clientTag="a")
    kept = [key for key in raw.scan_iter() if "}v:" in key or "}k:" in key]
    assert len(kept) == 3
    assert all(raw.ttl(key) > 0 for key in kept)
    assert all(29 * DAY < raw.ttl(key) <= 30 * DAY for key in kept if "}k:!" not in key)


async def test_a_key_may_be_used_anew_after_a_day(harness: Harness, raw: redis.Redis) -> None:
    await ask(harness, key="k", clientTag="a")
    [key] = [key for key in raw.scan_iter() if "}k:!" in key]
    assert raw.ttl(key) <= DAY


async def test_it_has_no_id_that_anybody_could_ask_for(harness: Harness, raw: redis.Redis) -> None:
    await ask(harness, clientTag="a")
    [key] = [key for key in raw.scan_iter() if "}v:" in key]
    id_ = f"ver_{key.rpartition(':')[2]}"
    for method, path in (("GET", id_), ("POST", f"{id_}/resend")):
        problem(await harness.api.request(method, f"{PATH}/{path}"), 404, "not_found")
    problem(await harness.api.post(f"{PATH}/{id_}/check", json={"code": "1"}), 404, "not_found")


async def test_it_is_nobodys_limit(harness: Harness) -> None:
    since = str(today(harness))
    assert [(await ask(harness, since)).status_code for _ in range(12)] == [200] * 12


# Vendors that do not say


@each(
    ("number", "status", "code"), [("+819012340005", 502, "provider_error"), ("+819012340010", 504, "provider_timeout")]
)
async def test_what_was_not_answered_may_be_asked_again(
    harness: Harness, raw: redis.Redis, number: str, status: int, code: str
) -> None:
    for expected in (status, 502 if status == 502 else 200):
        answer = await ask(harness, number=number, clientTag="a", key="k")
        assert answer.status_code == expected, answer.text
        if expected >= 400:
            body = answer.json()
            assert (body["code"], body["provider"]) == (code, "main")
            assert body.get("providerCode") == ("110" if status == 502 else None)
            assert not [key for key in raw.scan_iter() if "}v:" in key or "}k:" in key], "it claims nothing"
    assert asked(harness) == 2


async def test_a_vendor_out_of_reach(open_pair: OpenPair) -> None:
    pair: Pair = await open_pair("")
    pair.cut["main"] = closed
    problem(await ask(pair.harness, clientTag="a"), 503, "provider_unavailable")
    pair.cut["main"] = silent
    answer = await ask(pair.harness, clientTag="a")
    assert (answer.status_code, answer.json()["code"]) == (504, "provider_timeout")
    pair.cut.clear()
    assert (await ask(pair.harness, clientTag="a")).json() == {"result": "same_owner"}
    assert set(pair.tries) == {"main"}, "mediasms knows no owners"


async def test_a_paused_vendor_is_not_asked(harness: Harness) -> None:
    await harness.here.gates.pause(pass_for(harness.here.settings.providers["main"]))
    problem(await ask(harness), 503, "provider_unavailable")
    assert not asked(harness)


@each(
    ("given", "status", "code", "pointer"),
    [
        ({"number": "+821012345678"}, 422, "no_route", "/number"),
        ({"number": "+821012345678", "provider": "main"}, 422, "unsupported", "/number"),
        ({"provider": "media"}, 422, "unsupported", ""),
    ],
)
async def test_nobody_knows(open_pair: OpenPair, given: dict[str, Any], status: int, code: str, pointer: str) -> None:
    pair: Pair = await open_pair("")
    problem(await ask(pair.harness, **given), status, code, pointer)
    assert not pair.tries


async def test_twenty_equal_questions_at_once_ask_the_vendor_once(harness: Harness) -> None:
    answers = await asyncio.gather(*(ask(harness, clientTag="a") for _ in range(20)))
    assert [answer.json() for answer in answers] == [{"result": "same_owner"}] * 20
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert asked(harness) == 1


async def test_a_question_whose_process_died_is_asked_anew(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(harness.here.asker, "ask", die)
        with pytest.raises(asyncio.CancelledError):
            await ask(harness, clientTag="a")
    repeat = asyncio.create_task(ask(harness, clientTag="a"))
    await asyncio.sleep(0.1)
    assert not repeat.done(), "the vendor may still answer"
    await advance(harness, 12)
    assert (await repeat).json() == {"result": "same_owner"}
    assert asked(harness) == 1
