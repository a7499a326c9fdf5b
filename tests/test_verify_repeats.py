"""Verifications asked for again: by tag, by key, late, at once, after a death; and how often a number may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import redis

from gateway import faults
from gateway.store import messages
from tests.harness import OTHER_KEY, Harness, advance
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import bearer, problem
from tests.verification_tools import (
    BODY,
    NUMBER,
    PATH,
    begin,
    begun,
    check,
    code_of,
    events,
    look,
    resend,
    result,
    wrong,
)

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
MINUTE, HOUR = 60, 3600


def replayed(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("idempotency-replayed") == "true")


def assert_replay(first: httpx.Response, repeat: httpx.Response) -> None:
    assert (first.status_code, repeat.status_code) == (202, 202), repeat.text
    assert repeat.json()["id"] == first.json()["id"]
    assert repeat.headers["location"] == first.headers["location"]
    assert (replayed(first), replayed(repeat)) == (False, True)


async def accepted(harness: Harness) -> int:
    return len((await harness.api.get("/messages?limit=100")).json()["items"])


def named(claim: str) -> dict[str, Any]:
    return {"key": "k" if claim != "tag" else ""} | ({"clientTag": "a"} if claim != "key" else {})


# Repeats


@each("claim", ["tag", "key", "both"])
async def test_a_repeat_is_the_same_verification(harness: Harness, claim: str) -> None:
    first = await begin(harness, **named(claim))
    assert_replay(first, await begin(harness, **named(claim)))
    harness.dispatch()
    assert await result(harness, first.json()["id"], await code_of(harness, first.json())) == "verified"
    late = await begin(harness, **named(claim))
    assert_replay(first, late)
    assert late.json()["status"] == "verified"
    await advance(harness, 20 * MINUTE)
    assert_replay(first, await begin(harness, **named(claim)))
    assert len(harness.vendor.accepted) == await accepted(harness) == 1


async def test_a_late_repeat_is_told_that_it_expired(harness: Harness) -> None:
    first = await begin(harness, clientTag="a")
    await advance(harness, 11 * MINUTE)
    late = await begin(harness, clientTag="a")
    assert_replay(first, late)
    assert late.json()["status"] == "expired"


@each("number", ["090-1234-5678", "09012345678", "+81 90 1234 5678"])
async def test_another_spelling_of_the_number_is_a_repeat(harness: Harness, number: str) -> None:
    first = await begin(harness, clientTag="a")
    assert first.json()["number"] == NUMBER
    assert_replay(first, await begin(harness, clientTag="a", number=number))


OTHERWISE: dict[str, dict[str, Any]] = {
    "number": {"number": "+819012345679"},
    "text": {"text": "Another {code}."},
    "minutes": {"validMinutes": 11},
    "length": {"length": 8},
    "what is usual, but said": {"length": 6},
    "provider": {"provider": "main"},
    "method": {"method": "owner", "referenceDate": "2026-01-01", "text": None, "validMinutes": None},
}


@each("other", OTHERWISE.values(), ids=OTHERWISE.keys())
@each(("claim", "status", "code"), [("tag", 409, "duplicate_client_tag"), ("key", 422, "idempotency_key_reused")])
async def test_other_content_is_a_conflict(
    harness: Harness, claim: str, status: int, code: str, other: dict[str, Any]
) -> None:
    first = await begun(harness, **named(claim))
    body = {name: value for name, value in (BODY | other).items() if value is not None}
    given = named(claim)
    headers = {"Idempotency-Key": given.pop("key")} if claim == "key" else {}
    given.pop("key", None)
    answer = await harness.api.post(PATH, json=body | given, headers=headers)
    assert problem(answer, status, code)["messageId"] == first["id"]
    assert await accepted(harness) == 1
    assert not harness.vendor.cleanings


async def test_a_tag_and_a_key_of_two_verifications_are_a_conflict(harness: Harness) -> None:
    await begun(harness, clientTag="a")
    await begun(harness, key="k")
    problem(await begin(harness, key="k", clientTag="a"), 409, "duplicate_client_tag")


async def test_tags_of_verifications_and_of_messages_are_their_own(harness: Harness) -> None:
    await harness.sent(clientTag="a")
    await begun(harness, clientTag="a")
    other = await harness.api.post(PATH, json=BODY | {"clientTag": "a"}, headers=bearer(OTHER_KEY))
    assert (other.status_code, replayed(other)) == (202, False)
    items = (await harness.api.get("/messages?clientTag=a")).json()["items"]
    assert len(items) == 1, "a code's message has no tag"


async def test_twenty_at_once_make_one(harness: Harness, reopen: Any) -> None:
    replicas = [harness, await reopen()]
    answers = await asyncio.gather(*(begin(replicas[n % 2], key="k", clientTag="a") for n in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len({answer.json()["messageId"] for answer in answers}) == 1
    assert sum(map(replayed, answers)) == 19
    assert await accepted(harness) == 1


async def test_a_repeated_check_is_told_the_same(harness: Harness) -> None:
    harness.dispatch()
    first = await begun(harness)
    code = await code_of(harness, first)
    for _ in range(3):
        answer = await check(harness, first["id"], wrong(code), key="k1")
        assert answer.json() == {"result": "wrong_code"}
    assert replayed(answer)
    assert (await look(harness, first["id"]))["attemptsLeft"] == 4
    problem(await check(harness, first["id"], code, key="k1"), 422, "idempotency_key_reused")
    right = await check(harness, first["id"], code, key="k2")
    assert (right.json(), replayed(right)) == ({"result": "verified"}, False)
    await advance(harness, 20 * MINUTE)
    for key, typed, said in (("k2", code, "verified"), ("k1", wrong(code), "wrong_code")):
        again = await check(harness, first["id"], typed, key=key)
        assert (again.json(), replayed(again)) == ({"result": said}, True)
    problem(await check(harness, first["id"], wrong(code), key="k2"), 422, "idempotency_key_reused")
    assert await result(harness, first["id"], code) == "already_used"


async def test_the_last_try_is_repeated_as_what_it_was(harness: Harness) -> None:
    first = await begun(harness)
    for number in range(5):
        answer = await check(harness, first["id"], "x", key=f"k{number}")
    again = await check(harness, first["id"], "x", key="k4")
    assert (answer.json(), again.json()) == ({"result": "wrong_code"}, {"result": "wrong_code"})
    assert replayed(again)
    sixth = await check(harness, first["id"], "x", key="k5")
    assert (sixth.json(), replayed(sixth)) == ({"result": "too_many_attempts"}, False)


async def test_equal_checks_at_once_are_one_try(harness: Harness) -> None:
    first = await begun(harness)
    answers = await asyncio.gather(*(check(harness, first["id"], "x", key="k") for _ in range(10)))
    assert [answer.json() for answer in answers] == [{"result": "wrong_code"}] * 10
    assert (await look(harness, first["id"]))["attemptsLeft"] == 4


async def test_a_key_of_a_check_is_of_that_verification(harness: Harness) -> None:
    first, second = await begun(harness), await begun(harness)
    for each_one in (first, second):
        answer = await check(harness, each_one["id"], "x", key="k")
        assert (answer.json(), replayed(answer)) == ({"result": "wrong_code"}, False)


# How often


async def test_the_eleventh_within_an_hour_is_refused(harness: Harness) -> None:
    for number in range(9):
        await begun(harness, clientTag=f"t{number}")
    await advance(harness, 10 * MINUTE)
    tenth = await begin(harness, clientTag="t9")
    eleventh = await begin(harness, clientTag="t10")
    problem(eleventh, 429, "rate_limited", "/number")
    wait = int(eleventh.headers["retry-after"])
    assert 49 * MINUTE <= wait <= 50 * MINUTE
    assert_replay(tenth, await begin(harness, clientTag="t9"))
    assert await accepted(harness) == 10
    await begun(harness, number="+819012345679", clientTag="elsewhere")
    other = await harness.api.post(PATH, json=BODY, headers=bearer(OTHER_KEY))
    assert other.status_code == 202, "it is another client's"
    await advance(harness, wait + 1)
    assert (await begin(harness, clientTag="t10")).status_code == 202, "the refused one spent no tag"


async def test_resends_count_too(harness: Harness) -> None:
    first = await begun(harness, validMinutes=60)
    for number in range(9):
        assert (await resend(harness, first["id"], key=f"k{number}")).status_code == 202
    last = await look(harness, first["id"])
    refused = await resend(harness, first["id"], key="k9")
    problem(refused, 429, "rate_limited", "/number")
    assert int(refused.headers["retry-after"]) > 59 * MINUTE
    problem(await begin(harness), 429, "rate_limited")
    assert await look(harness, first["id"]) == last, "what is refused changes nothing"
    assert replayed(await resend(harness, first["id"], key="k8"))
    harness.dispatch()
    await advance(harness, 59 * MINUTE)
    problem(await begin(harness), 429, "rate_limited")
    await advance(harness, MINUTE + 1)
    assert (await begin(harness)).status_code == 202


async def test_the_limit_is_told_like_others(harness: Harness) -> None:
    first = await begun(harness)
    for _ in range(9):
        await begin(harness)
    for answer in (await begin(harness), await resend(harness, first["id"])):
        assert {"retry-after", "ratelimit", "ratelimit-policy"} <= answer.headers.keys()


async def test_thirty_at_once_are_ten(harness: Harness) -> None:
    answers = await asyncio.gather(*(begin(harness) for _ in range(30)))
    assert sorted(answer.status_code for answer in answers) == [202] * 10 + [429] * 20
    assert await accepted(harness) == 10


async def test_the_limit_is_a_setting(reopen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import harness as tools

    lines = tools.CONFIG.replace("lanes = 4", "lanes = 4\nverifications_per_number = 2")
    monkeypatch.setattr(tools, "CONFIG", lines)
    harness: Harness = await reopen()
    assert [(await begin(harness)).status_code for _ in range(3)] == [202, 202, 429]


# Refused, or cut short


async def nothing_stays(harness: Harness, raw: redis.Redis) -> None:
    """Neither record nor claim nor timer, nor a place in the limit."""
    left = [key for key in raw.scan_iter() if any(f"}}{each}" in key for each in ("v:", "k:", "z", "y:", "m:"))]
    assert not left
    assert not events(raw)


@each(
    ("given", "status", "code", "pointer"),
    [
        ({"number": "+8112345"}, 400, "invalid_request", "/number"),
        ({"number": "+821012345678"}, 422, "no_route", "/number"),
        ({"text": "x" * 700 + "{code}"}, 422, "no_route", "/text"),
        ({"provider": "main", "number": "+821012345678"}, 422, "unsupported", "/number"),
        ({"provider": "nobody"}, 400, "invalid_request", "/provider"),
    ],
)
async def test_what_nobody_can_send_leaves_nothing(
    harness: Harness, raw: redis.Redis, given: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    for _ in range(12):
        answer = await begin(harness, key="k", clientTag="a", **given)
        problem(answer, status, code, pointer)
        assert not replayed(answer)
    await nothing_stays(harness, raw)
    assert (await begin(harness, key="k", clientTag="a")).status_code == 202


async def test_a_full_queue_leaves_nothing(harness: Harness, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(messages, "QUEUE_BOUND", 0)
        for _ in range(12):
            problem(await begin(harness, clientTag="a"), 503, "overloaded")
    await nothing_stays(harness, raw)
    assert (await begin(harness, clientTag="a")).status_code == 202


async def test_a_clients_own_rate_leaves_nothing(harness: Harness) -> None:
    slow = bearer("slow")
    answers = [await harness.api.post(PATH, json=BODY | {"clientTag": f"{n}"}, headers=slow) for n in range(5)]
    refused = [n for n, answer in enumerate(answers) if answer.status_code == 429]
    assert refused
    assert {answer.status_code for answer in answers} == {202, 429}
    await advance(harness, 3)
    again = await harness.api.post(PATH, json=BODY | {"clientTag": f"{refused[0]}"}, headers=slow)
    assert (again.status_code, replayed(again)) == (202, False)


class Death(Exception):
    """Nothing more is done for this request."""


@pytest.fixture
async def die_at() -> AsyncIterator[Callable[[str], None]]:
    def install(point: str) -> None:
        async def strike(name: str) -> None:
            if name == point:
                faults.install(None)
                raise Death

        faults.install(strike)

    yield install
    faults.install(None)


@each("point", ["accept.before", "accept.after"])
@each("claim", ["tag", "key"])
async def test_what_a_death_cut_short_is_completed_by_the_repeat(
    harness: Harness, raw: redis.Redis, die_at: Callable[[str], None], point: str, claim: str
) -> None:
    die_at(point)
    assert (await begin(harness, **named(claim))).status_code == 500
    harness.dispatch()
    again = await begin(harness, **named(claim))
    assert again.status_code == 202
    assert replayed(again)
    assert await result(harness, again.json()["id"], await code_of(harness, again.json())) == "verified"
    assert (await accepted(harness), len(harness.vendor.accepted)) == (1, 1)
    for number in range(9):
        assert (await begin(harness, clientTag=f"t{number}")).status_code == 202
    problem(await begin(harness), 429, "rate_limited")


async def test_what_nobody_repeats_expires(harness: Harness, raw: redis.Redis, die_at: Callable[[str], None]) -> None:
    die_at("accept.before")
    assert (await begin(harness, clientTag="a")).status_code == 500
    await advance(harness, 10 * MINUTE)
    late = await begin(harness, clientTag="a")
    assert late.json()["status"] == "expired"
    assert await accepted(harness) == 0
    assert len(events(raw)) == 1
