"""Sent again: at once, refused, cut short by a death, and asked for again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gateway.accepting import Acceptor
from gateway.errors import Code, GatewayError
from gateway.store.gates import pass_for
from tests import test_verify_repeats
from tests.harness import Harness
from tests.pair import OpenPair, Pair, closed, open_pair
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem
from tests.test_verify_repeats import accepted, assert_replay, replayed
from tests.verification_tools import begun, case_of, check, code_of, look, resend, result

__all__ = ["open_pair"]  # a fixture

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
die_at = test_verify_repeats.die_at
MINUTE = 60


def refusing(monkeypatch: pytest.MonkeyPatch, code: Code = Code.OVERLOADED) -> None:
    """From now on no message is accepted."""

    async def refuse(*_: object) -> None:
        raise GatewayError(code, "not now", retry_after=1)

    monkeypatch.setattr(Acceptor, "accept", refuse)


async def test_resends_at_once_leave_one_good_code(harness: Harness) -> None:
    harness.dispatch()
    first = await begun(harness)
    answers = await asyncio.gather(*(resend(harness, first["id"]) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    [made] = [answer for answer in answers if answer.status_code == 202]
    last = await look(harness, first["id"])
    assert last["messageId"] == made.json()["messageId"]
    assert await result(harness, first["id"], await code_of(harness, last)) == "verified"


@each("code", [Code.OVERLOADED, Code.RATE_LIMITED])
async def test_a_resend_that_is_refused_leaves_the_code_as_it_is(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, code: Code
) -> None:
    harness.dispatch()
    first = await begun(harness)
    good = await code_of(harness, first)

    with monkeypatch.context() as patched:
        refusing(patched, code)
        assert (await resend(harness, first["id"])).status_code in (429, 503)
    after = await look(harness, first["id"])
    assert after["messageId"] == first["messageId"]
    assert await result(harness, first["id"], good) == "verified"


@each(("code", "status"), [("x", 200), ("y", 422)])
async def test_a_check_from_before_a_resend_is_still_known(harness: Harness, code: str, status: int) -> None:
    first = await begun(harness)
    await check(harness, first["id"], "x", key="k")
    await resend(harness, first["id"])
    answer = await check(harness, first["id"], code, key="k")
    assert (await look(harness, first["id"]))["attemptsLeft"] == 5
    assert answer.status_code == status
    assert replayed(answer) is (status == 200)


async def test_a_repeated_resend_makes_no_other_code(harness: Harness) -> None:
    first = await begun(harness)
    second = await resend(harness, first["id"], key="k")
    again = await resend(harness, first["id"], key="k")
    assert_replay(second, again)
    assert again.json()["messageId"] == second.json()["messageId"] != first["messageId"]
    third = await resend(harness, first["id"], key="l")
    assert third.json()["messageId"] not in (first["messageId"], second.json()["messageId"])
    again = await resend(harness, first["id"], key="k")
    assert again.json()["messageId"] == third.json()["messageId"], "as it stands"
    harness.dispatch()
    assert await result(harness, first["id"], await code_of(harness, third.json())) == "verified"
    assert_replay(second, await resend(harness, first["id"], key="k"))


async def test_equal_resends_at_once_are_one(harness: Harness) -> None:
    first = await begun(harness)
    answers = await asyncio.gather(*(resend(harness, first["id"], key="k") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    assert (await case_of(harness, first["id"])).state.round == 2
    assert sum(map(replayed, answers)) == 4
    assert await accepted(harness) == 2


@each("point", ["accept.before", "accept.after"])
async def test_a_resend_that_a_death_cut_short_is_completed(
    harness: Harness, die_at: Callable[[str], None], point: str
) -> None:
    first = await begun(harness)
    die_at(point)
    assert (await resend(harness, first["id"], key="k")).status_code == 500
    again = await resend(harness, first["id"], key="k")
    assert again.json()["messageId"] != first["messageId"]
    assert (await harness.read(first["messageId"]))["status"] == "canceled"
    harness.dispatch()
    assert await result(harness, first["id"], await code_of(harness, again.json())) == "verified"
    assert len([each for each in harness.vendor.accepted if each.startswith(again.json()["messageId"][4:])]) == 1


async def test_a_refused_resend_counts_for_nothing(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await begun(harness)
    with monkeypatch.context() as patched:
        refusing(patched)
        for _ in range(12):
            problem(await resend(harness, first["id"], key="k"), 503, "overloaded")
    answer = await resend(harness, first["id"], key="k")
    assert (answer.status_code, replayed(answer)) == (202, False)
    assert (await case_of(harness, first["id"])).state.round == 2


async def test_a_refused_resend_gives_no_tries_back(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes are tried between the request's first look and its step."""
    first = await begun(harness)
    stale = await case_of(harness, first["id"])
    client = harness.here.settings.clients["shop"]
    for _ in range(4):
        assert await result(harness, first["id"], "x") == "wrong_code"
    with monkeypatch.context() as patched:
        refusing(patched)
        with pytest.raises(GatewayError):
            await harness.here.resending.resend(client, stale, "")
    assert (await look(harness, first["id"]))["attemptsLeft"] == 1


# Calls

CALLS = 'ivr_number = "05012345678"\n'


async def calling(pair: Pair) -> dict[str, Any]:
    body = {"method": "call_out", "number": "+819012345678", "validMinutes": 10, "rings": 5}
    answer = await pair.harness.api.post("/numbers/verify", json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


@pytest.fixture
async def calls(open_pair: OpenPair) -> Pair:
    opened: Pair = await open_pair(CALLS, ivr_number="05012345678", delay=60.0)
    opened.harness.dispatch()
    return opened


@each("how", ["paused", "unreachable"])
async def test_a_repeated_call_is_known_whatever_its_vendor_does(calls: Pair, how: str) -> None:
    first = await calling(calls)
    second = await resend(calls.harness, first["id"], key="k")
    assert (second.status_code, replayed(second)) == (202, False)
    tries = len(calls.tries)
    if how == "paused":
        await calls.harness.here.gates.pause(pass_for(calls.harness.here.settings.providers["media"]))
    else:
        calls.cut["media"] = closed
    assert_replay(second, await resend(calls.harness, first["id"], key="k"))
    assert len(calls.tries) == tries


async def test_equal_calls_again_at_once_are_one_call(calls: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await calling(calls)
    clock = calls.harness.here.store.clock
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    answers = await asyncio.gather(*(resend(calls.harness, first["id"], key="k") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(calls.tries) == 2
    assert sum(map(replayed, answers)) == 3


async def test_a_call_again_that_never_left_changes_nothing(calls: Pair) -> None:
    first = await calling(calls)
    before = await look(calls.harness, first["id"])
    calls.cut["media"] = closed
    problem(await resend(calls.harness, first["id"], key="k"), 503, "provider_unavailable")
    after = await look(calls.harness, first["id"])
    assert {**after, "updatedAt": 0} == {**before, "updatedAt": 0}
    calls.cut.clear()
    answer = await resend(calls.harness, first["id"], key="k")
    assert (answer.status_code, replayed(answer)) == (202, False)
    assert (await case_of(calls.harness, first["id"])).state.round == 2
