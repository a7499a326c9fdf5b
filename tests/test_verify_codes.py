"""One-time codes by message: right once, wrong five times, over in time, and sent again."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
import redis

from tests.harness import Harness, advance, eventually
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem
from tests.verification_tools import (
    NUMBER,
    begin,
    begun,
    case_of,
    check,
    code_of,
    delivered,
    events,
    found,
    look,
    resend,
    result,
    wrong,
)

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
MINUTE = 60


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_a_code_is_right_once(harness: Harness, raw: redis.Redis) -> None:
    answer = await begin(harness, clientTag="t")
    assert answer.status_code == 202
    first = answer.json()
    assert answer.headers["location"] == f"/numbers/verify/{first['id']}"
    expected = {"method": "sms_code", "number": NUMBER, "status": "pending", "final": False, "attemptsLeft": 5}
    assert expected.items() <= first.items()
    assert first["clientTag"] == "t"
    assert moment(first["expiresAt"]) - moment(first["createdAt"]) == 10 * MINUTE
    assert not {"verifiedAt", "confirmed", "callNumber", "reason"} & first.keys()
    harness.dispatch()
    text = await delivered(harness, first)
    assert text.startswith("Your code is ")
    code = found(text)
    assert len(code) == 6
    assert await result(harness, first["id"], wrong(code)) == "wrong_code"
    assert (await look(harness, first["id"]))["attemptsLeft"] == 4
    assert await result(harness, first["id"], code) == "verified"
    last = await look(harness, first["id"])
    assert (last["status"], last["final"]) == ("verified", True)
    assert last["verifiedAt"] == last["updatedAt"] > first["createdAt"]
    assert "attemptsLeft" not in last
    assert [await result(harness, first["id"], each) for each in (code, wrong(code))] == ["already_used"] * 2
    assert events(raw) == [("verification.verified", first["id"][4:])]
    assert not harness.vendor.violations


@each("length", [4, 6, 10])
async def test_a_code_has_the_length_asked_for(harness: Harness, length: int) -> None:
    harness.dispatch()
    codes = [await code_of(harness, await begun(harness, length=length)) for _ in range(3)]
    assert {len(code) for code in codes} == {length}
    assert len(set(codes)) > 1


@each("spell", [lambda code: f" {code[:3]}-{code[3:]} ", lambda code: code.translate(str.maketrans(*_WIDE))])
async def test_a_code_is_read_as_people_type_it(harness: Harness, spell: Any) -> None:
    harness.dispatch()
    first = await begun(harness)
    assert await result(harness, first["id"], spell(await code_of(harness, first))) == "verified"


_WIDE = ("0123456789", "０１２３４５６７８９")


@each("typed", ["abcdef", "*" * 6, " ", "-", "'; --", "１" * 32, "é", "\x00", "0" * 32, "😀"])
async def test_whatever_else_is_typed_is_a_wrong_code(harness: Harness, typed: str) -> None:
    first = await begun(harness)
    assert await result(harness, first["id"], typed) == "wrong_code"
    assert (await look(harness, first["id"]))["attemptsLeft"] == 4


async def test_a_hole_may_come_twice(harness: Harness) -> None:
    harness.dispatch()
    first = await begun(harness, text="{code} is your code. 認証: {code}!{code}", length=4)
    text = await delivered(harness, first)
    code = text[:4]
    assert code.isdigit()
    assert text == f"{code} is your code. 認証: {code}!{code}"
    assert await result(harness, first["id"], code) == "verified"


async def test_twenty_wrong_codes_at_once_are_five_tries(harness: Harness, raw: redis.Redis) -> None:
    harness.dispatch()
    first = await begun(harness)
    code = await code_of(harness, first)
    said = await asyncio.gather(*(result(harness, first["id"], wrong(code, n + 1)) for n in range(20)))
    assert Counter(said) == {"wrong_code": 5, "too_many_attempts": 15}
    assert await result(harness, first["id"], code) == "too_many_attempts"
    last = await look(harness, first["id"])
    assert (last["status"], last["final"], last["reason"]["code"]) == ("failed", True, "too_many_attempts")
    assert "attemptsLeft" not in last
    assert events(raw) == [("verification.failed", first["id"][4:])]


async def test_twenty_at_once_on_two_replicas_are_five_tries(harness: Harness, reopen: Any) -> None:
    replicas = [harness, await reopen()]
    first = await begun(harness)
    said = await asyncio.gather(*(result(replicas[n % 2], first["id"], f"x{n}") for n in range(20)))
    assert Counter(said) == {"wrong_code": 5, "too_many_attempts": 15}


async def test_the_right_code_among_twenty_is_right_once(harness: Harness, raw: redis.Redis) -> None:
    harness.dispatch()
    first = await begun(harness)
    code = await code_of(harness, first)
    said = Counter(await asyncio.gather(*(result(harness, first["id"], code) for _ in range(20))))
    assert said == {"verified": 1, "already_used": 19}
    assert events(raw) == [("verification.verified", first["id"][4:])]


async def test_one_right_code_among_nineteen_wrong_ones(harness: Harness, raw: redis.Redis) -> None:
    harness.dispatch()
    first = await begun(harness)
    code = await code_of(harness, first)
    typed = [wrong(code, n) for n in range(20)]
    typed = typed[1:4] + typed[:1] + typed[4:]
    said = Counter(await asyncio.gather(*(result(harness, first["id"], each) for each in typed)))
    assert said["verified"] <= 1
    assert said["wrong_code"] <= 5
    if said["verified"]:
        assert said == {"verified": 1, "wrong_code": said["wrong_code"], "already_used": 19 - said["wrong_code"]}
    else:
        assert said == {"wrong_code": 5, "too_many_attempts": 15}
    assert len(events(raw)) == 1


# Time


async def test_a_code_is_no_good_after_its_time(harness: Harness, raw: redis.Redis) -> None:
    harness.dispatch()
    first = await begun(harness)
    code = await code_of(harness, first)
    await harness.stop()
    await advance(harness, 10 * MINUTE - 5)
    assert await result(harness, first["id"], wrong(code)) == "wrong_code"
    await advance(harness, 6)
    assert await result(harness, first["id"], code) == "expired"
    assert (await look(harness, first["id"]))["status"] == "expired"
    assert await result(harness, first["id"], code) == "expired"
    assert events(raw) == [("verification.expired", first["id"][4:])]


async def test_who_looks_sees_that_it_expired(harness: Harness, raw: redis.Redis) -> None:
    first = await begun(harness, validMinutes=999)
    await advance(harness, 998 * MINUTE)
    assert (await look(harness, first["id"]))["status"] == "pending"
    assert not events(raw)
    await advance(harness, 2 * MINUTE)
    last = await look(harness, first["id"])
    assert (last["status"], last["final"]) == ("expired", True)
    assert "reason" not in last
    assert events(raw) == [("verification.expired", first["id"][4:])]


async def test_it_expires_where_nobody_looks(harness: Harness, raw: redis.Redis) -> None:
    harness.dispatch()
    first, second = await begun(harness, validMinutes=1), await begun(harness, validMinutes=999)
    await delivered(harness, first)
    await advance(harness, 61)
    await eventually(lambda: events(raw))
    assert events(raw) == [("verification.expired", first["id"][4:])]
    assert (await case_of(harness, first["id"])).state.final_at
    assert not (await case_of(harness, second["id"])).state.final_at
    await advance(harness, 998 * MINUTE)
    await eventually(lambda: len(events(raw)) == 2)


async def test_an_unsent_code_expires_with_its_verification(harness: Harness) -> None:
    first = await begun(harness, validMinutes=1)
    message = await harness.read(first["messageId"])
    assert message["expiresAt"] == first["expiresAt"]
    assert message["priority"] == "high"
    await advance(harness, 61)
    harness.dispatch()
    await harness.until(first["messageId"], "expired")
    assert (await look(harness, first["id"]))["status"] == "expired"
    assert not harness.vendor.requests


# What becomes of the message


@each("by", ["a look", "a check", "the timer"])
async def test_a_message_that_fails_fails_it(harness: Harness, raw: redis.Redis, by: str) -> None:
    harness.dispatch()
    first = await begun(harness, number="+819012340005")
    await harness.until(first["messageId"], "failed")
    if by == "a look":
        await look(harness, first["id"])
    elif by == "a check":
        assert await result(harness, first["id"], "123456") == "expired"
    else:
        await advance(harness, 3)
        await eventually(lambda: events(raw))
    last = await look(harness, first["id"])
    assert (last["status"], last["final"]) == ("failed", True)
    assert last["reason"]["code"] == "invalid_number"
    assert last["reason"]["providerCode"] == "110"
    assert events(raw) == [("verification.failed", first["id"][4:])]


async def test_a_canceled_message_fails_it(harness: Harness) -> None:
    first = await begun(harness)
    assert (await harness.api.post(f"/messages/{first['messageId']}/cancel")).status_code == 200
    last = await look(harness, first["id"])
    assert (last["status"], last["reason"]["code"]) == ("failed", "canceled")
    answer = await resend(harness, first["id"])
    problem(answer, 409, "not_changeable")


async def test_an_undelivered_code_may_still_be_typed(harness: Harness) -> None:
    """Handsets show what vendors believe lost."""
    harness.dispatch()
    first = await begun(harness, number="+819012340001")
    await harness.until(first["messageId"], "undelivered")
    [text] = [taken.text for taken in harness.vendor.accepted.values()]
    assert (await look(harness, first["id"]))["status"] == "pending"
    assert await result(harness, first["id"], found(text)) == "verified"


# Again


async def test_a_resend_makes_the_code_before_useless(harness: Harness, raw: redis.Redis) -> None:
    harness.dispatch()
    first = await begun(harness)
    old = await code_of(harness, first)
    for number in range(4):
        assert await result(harness, first["id"], wrong(old, number + 1)) == "wrong_code"
    await advance(harness, 5 * MINUTE)
    answer = await resend(harness, first["id"])
    assert answer.status_code == 202
    second = answer.json()
    assert second["id"] == first["id"]
    assert second["messageId"] != first["messageId"]
    assert (second["status"], second["attemptsLeft"]) == ("pending", 5)
    assert moment(second["expiresAt"]) - moment(first["expiresAt"]) == pytest.approx(5 * MINUTE, abs=3)
    new = await code_of(harness, second)
    if new != old:
        assert await result(harness, first["id"], old) == "wrong_code"
    assert await result(harness, first["id"], new) == "verified"
    assert len(harness.vendor.accepted) == 2
    assert events(raw) == [("verification.verified", first["id"][4:])]


async def test_what_was_not_sent_yet_is_not_sent_any_more(harness: Harness) -> None:
    first = await begun(harness)
    second = (await resend(harness, first["id"])).json()
    assert (await harness.read(first["messageId"]))["status"] == "canceled"
    assert (await look(harness, first["id"]))["status"] == "pending"
    harness.dispatch()
    code = await code_of(harness, second)
    assert len(harness.vendor.accepted) == 1
    await advance(harness, 4)  # the timer does not mind the canceled one
    await asyncio.sleep(0.5)
    assert await result(harness, first["id"], code) == "verified"


async def test_a_resend_gives_five_tries_and_no_more(harness: Harness) -> None:
    first = await begun(harness)
    assert [await result(harness, first["id"], "x") for _ in range(4)] == ["wrong_code"] * 4
    assert (await resend(harness, first["id"])).status_code == 202
    said = await asyncio.gather(*(result(harness, first["id"], "x") for _ in range(8)))
    assert Counter(said) == {"wrong_code": 5, "too_many_attempts": 3}


@each("over", ["verified", "failed", "expired"])
async def test_what_is_over_is_not_sent_again(harness: Harness, over: str) -> None:
    harness.dispatch()
    first = await begun(harness)
    if over == "verified":
        assert await result(harness, first["id"], await code_of(harness, first)) == over
    elif over == "failed":
        await asyncio.gather(*(check(harness, first["id"], "x") for _ in range(5)))
    else:
        await advance(harness, 10 * MINUTE)
    answer = await resend(harness, first["id"])
    assert problem(answer, 409, "not_changeable")["messageId"] == first["id"]
    assert (await look(harness, first["id"]))["status"] == over
