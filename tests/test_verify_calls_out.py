"""Numbers that are called, and told a code that the vendor makes: when it can be tried, how often, and which counts."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
from structlog.testing import capture_logs

from gateway.sandbox.mediasms_calls import code as code_for
from tests import call_tools
from tests.call_tools import CODE, IVR_NUMBER, LANDLINE, MINUTES, QUIET, Calls, OpenCalls, bare, closed
from tests.harness import advance
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem
from tests.verification_tools import check, everything, look, resend, result, wrong

opened, calls = call_tools.opened, call_tools.calls
pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
EXPIRY = MINUTES * 60
SAID = {"method": "5", "mobilenumber": "0" + QUIET[3:]}


@pytest.fixture
def binary(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


async def tell(calls: Calls, code: str, kind: str = "ivr", verb: str = "POST", **more: str) -> None:
    """The vendor hands the code of its call over."""
    assert await calls.push(kind, verb=verb, **SAID, authcode=code, **more) == 200


def smsid(verification: dict[str, Any], round_: int = 1) -> dict[str, str]:
    return {"smsid": f"{bare(verification)}v{round_}"}


@each(("number", "career"), [(QUIET, None), (LANDLINE, "a"), ("+815012340040", "a")])
async def test_what_the_vendor_is_asked_for(calls: Calls, number: str, career: str | None) -> None:
    first = await calls.begun(method="call_out", number=number, validMinutes=999, rings=99)
    expected = {"method": "call_out", "status": "pending", "confirmed": True, "attemptsLeft": 5, "provider": "media"}
    assert expected.items() <= first.items()
    assert "callNumber" not in first, "nobody is to call it"
    fields = {
        "mobilenumber": "0" + number[3:],
        "method": "5",
        "iphone": IVR_NUMBER,
        "holdingtime": "999",
        "repeatcall": "99",
        "status": "1",
        "smsid": f"{bare(first)}v1",
    }
    assert calls.sent(first) == fields | ({"mobilecareer": career} if career else {})
    assert not calls.media.violations


@each("codes", ["delivery", "ivr"])
@each("echoed", [False, True])
async def test_the_simulated_vendor_reads_a_code_out(opened: OpenCalls, codes: str, echoed: bool) -> None:
    calls = await opened(media={"codes": codes, "ivr_smsid": echoed})
    for number in ("+819012345678", "+819012340041", "+81312345678"):
        first = await calls.begun(method="call_out", number=number)
        until = asyncio.get_running_loop().time() + 5
        while (answer := await check(calls.harness, first["id"], code_for(number))).status_code == 409:
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.02)
        assert answer.json() == {"result": "verified"}
        await asyncio.sleep(0.05)
        assert await calls.told(first) == ["verification.verified"]
    assert await calls.orphans() == []


async def test_before_the_code_came_no_try_is_used(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    for _ in range(7):
        answer = await check(calls.harness, first["id"], CODE, "k")
        problem(answer, 409, "verification_not_ready")
        assert answer.json()["retryable"] is True
    assert (await look(calls.harness, first["id"]))["attemptsLeft"] == 5
    await tell(calls, CODE)
    assert (await check(calls.harness, first["id"], CODE, "k")).json() == {"result": "verified"}
    assert await result(calls.harness, first["id"], CODE) == "already_used"
    assert await calls.told(first) == ["verification.verified"]


@each("kind", ["ivr", "delivery"])
@each("verb", ["GET", "POST"])
@each("more", [{}, {"smsid": ""}, {"status": "1"}])
async def test_the_code_comes_by_either_callback(calls: Calls, kind: str, verb: str, more: dict[str, str]) -> None:
    first = await calls.begun(method="call_out")
    more = {name: value or f"{bare(first)}v1" for name, value in more.items()}
    await tell(calls, CODE, kind, verb, **more)
    assert await result(calls.harness, first["id"], wrong(CODE)) == "wrong_code"
    assert await result(calls.harness, first["id"], f" {CODE[:4]}-{CODE[4:]} ") == "verified"
    assert await calls.orphans() == []


async def test_a_result_with_a_code_and_an_smsid(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    for _ in range(2):
        await tell(calls, CODE, "delivery", status="1", **smsid(first))
    assert await result(calls.harness, first["id"], CODE) == "verified"
    assert await calls.orphans() == []


@each(
    "said",
    [
        {"method": "4", "mobilenumber": SAID["mobilenumber"]},
        {"mobilenumber": SAID["mobilenumber"]},
        SAID,
        SAID | {"authcode": CODE, "smsid": "another-system-77"},
        SAID | {"authcode": CODE, "smsid": "0" * 26 + "v1"},
        SAID | {"authcode": CODE, "mobilenumber": "09012340042"},
        SAID | {"authcode": CODE, "method": "4"},
    ],
)
async def test_what_is_about_something_else(calls: Calls, said: dict[str, str]) -> None:
    first = await calls.begun(method="call_out")
    assert await calls.push(**said) == 200
    problem(await check(calls.harness, first["id"], CODE), 409, "verification_not_ready")
    assert (await look(calls.harness, first["id"]))["status"] == "pending"


@each("code", ["", "12ab", "1" * 21, "%"])
async def test_a_code_that_cannot_be(calls: Calls, code: str) -> None:
    first = await calls.begun(method="call_out")
    status = await calls.push(**SAID, authcode=code)
    assert status == (400 if code else 200)
    problem(await check(calls.harness, first["id"], CODE), 409, "verification_not_ready")


# Five tries


async def test_five_tries(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    await tell(calls, CODE)
    for left in (4, 3, 2, 1):
        assert await result(calls.harness, first["id"], wrong(CODE, left)) == "wrong_code"
        assert (await look(calls.harness, first["id"]))["attemptsLeft"] == left
    assert await result(calls.harness, first["id"], wrong(CODE, 5)) == "wrong_code"
    now = await look(calls.harness, first["id"])
    assert (now["status"], now["reason"]["code"]) == ("failed", "too_many_attempts")
    assert await result(calls.harness, first["id"], CODE) == "too_many_attempts"
    assert await calls.told(first) == ["verification.failed"]
    problem(await resend(calls.harness, first["id"]), 409, "not_changeable")
    await tell(calls, CODE)  # the vendor's push again revives nothing
    assert (await look(calls.harness, first["id"]))["status"] == "failed"


async def test_five_tries_of_twenty_at_once(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    await tell(calls, CODE)
    said = Counter(await asyncio.gather(*(result(calls.harness, first["id"], wrong(CODE, n)) for n in range(1, 21))))
    assert said == {"wrong_code": 5, "too_many_attempts": 15}
    assert await calls.told(first) == ["verification.failed"]


async def test_right_once_of_twenty_at_once(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    await tell(calls, CODE)
    said = Counter(await asyncio.gather(*(result(calls.harness, first["id"], CODE) for _ in range(20))))
    assert said == {"verified": 1, "already_used": 19}
    assert await calls.told(first) == ["verification.verified"]


async def test_a_code_that_comes_twice_gives_no_more_tries(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    await tell(calls, CODE)
    for number in (1, 2, 3):
        assert await result(calls.harness, first["id"], wrong(CODE, number)) == "wrong_code"
    await tell(calls, CODE, "delivery")
    await tell(calls, wrong(CODE, 50))
    assert (await look(calls.harness, first["id"]))["attemptsLeft"] == 2
    assert await result(calls.harness, first["id"], CODE) == "wrong_code"
    assert await result(calls.harness, first["id"], wrong(CODE, 50)) == "verified"


async def test_after_its_time_no_code_is_right(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    await tell(calls, CODE)
    await advance(calls.harness, EXPIRY)
    assert await result(calls.harness, first["id"], CODE) == "expired"
    assert (await look(calls.harness, first["id"]))["status"] == "expired"
    assert await calls.told(first) == ["verification.expired"]


async def test_a_code_that_comes_after_its_time(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    await advance(calls.harness, EXPIRY)
    await tell(calls, CODE, **smsid(first))
    assert await result(calls.harness, first["id"], CODE) == "expired"


# Again


async def test_a_second_call(calls: Calls) -> None:
    """The code of the first call is of no use any more, and neither is its late push."""
    first = await calls.begun(method="call_out", rings=9)
    await tell(calls, CODE, **smsid(first))
    for number in (1, 2, 3, 4):
        await result(calls.harness, first["id"], wrong(CODE, number))
    await advance(calls.harness, EXPIRY - 10)
    again = await resend(calls.harness, first["id"])
    assert again.status_code == 202, again.text
    now = again.json()
    assert (now["id"], now["status"], now["attemptsLeft"], now["confirmed"]) == (first["id"], "pending", 5, True)
    assert now["expiresAt"] > first["expiresAt"]
    assert calls.sent(first, 2) == calls.sent(first) | {"smsid": f"{bare(first)}v2"}
    problem(await check(calls.harness, first["id"], CODE), 409, "verification_not_ready")
    await tell(calls, CODE, **smsid(first))
    problem(await check(calls.harness, first["id"], CODE), 409, "verification_not_ready")
    await advance(calls.harness, EXPIRY - 10)
    new = wrong(CODE, 77)
    await tell(calls, new)
    assert await result(calls.harness, first["id"], CODE) == "wrong_code"
    assert await result(calls.harness, first["id"], new) == "verified"
    assert await calls.told(first) == ["verification.verified"]
    assert await calls.orphans() == []
    problem(await resend(calls.harness, first["id"]), 409, "not_changeable")
    assert calls.times("media") == 2


async def test_a_code_before_the_answer_to_the_second_call(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    new = wrong(CODE, 1)

    async def push() -> None:
        calls.meanwhile = None
        await tell(calls, new)

    calls.meanwhile = push
    again = await resend(calls.harness, first["id"])
    assert (again.status_code, again.json()["status"], again.json()["confirmed"]) == (202, "pending", True)
    assert await result(calls.harness, first["id"], new) == "verified"


@each("key", ["", "k"])
async def test_ten_second_calls_at_once(calls: Calls, key: str) -> None:
    first = await calls.begun(method="call_out")
    answers = await asyncio.gather(*(resend(calls.harness, first["id"], key) for _ in range(10)))
    codes = Counter(answer.status_code for answer in answers)
    if key:
        assert codes == {202: 10}
        assert sum("idempotency-replayed" in answer.headers for answer in answers) == 9
        assert calls.times("media") == 2
    else:
        assert codes[202] >= 1
        assert codes.keys() <= {202, 409}
        assert calls.times("media") == 1 + codes[202]


async def test_a_repeat_is_not_told_of_a_second_call_that_never_left(calls: Calls) -> None:
    """It comes while the first request still tries to reach the vendor."""
    first = await calls.begun(method="call_out")
    repeats: list[asyncio.Task[httpx.Response]] = []
    transport: Any = calls.here.transport
    exchange = transport.exchange

    async def slowly(*given: Any) -> Any:
        if not repeats:
            repeats.append(asyncio.create_task(resend(calls.harness, first["id"], "k")))
        await asyncio.sleep(0.3)
        return await exchange(*given)

    transport.exchange = slowly
    calls.cut["media"] = closed
    problem(await resend(calls.harness, first["id"], "k"), 503, "provider_unavailable")
    problem(await repeats[0], 503, "provider_unavailable")
    assert (await look(calls.harness, first["id"]))["expiresAt"] == first["expiresAt"]


async def test_a_provider_that_is_gone_calls_no_more(calls: Calls) -> None:
    first = await calls.begun(method="call_out")
    del calls.here.routing.providers["media"]
    problem(await resend(calls.harness, first["id"]), 503, "provider_unavailable")
    assert (await look(calls.harness, first["id"]))["attemptsLeft"] == 5


# Several for one number


async def test_a_push_without_an_smsid_goes_to_the_newest(calls: Calls) -> None:
    older, newer = await calls.begun(method="call_out"), await calls.begun(method="call_out")
    await tell(calls, CODE)
    problem(await check(calls.harness, older["id"], CODE), 409, "verification_not_ready")
    assert await result(calls.harness, newer["id"], CODE) == "verified"
    await tell(calls, CODE, **smsid(older))
    assert await result(calls.harness, older["id"], CODE) == "verified"


@each("end", ["verified", "failed"])
async def test_a_push_without_an_smsid_goes_to_one_that_is_pending(calls: Calls, end: str) -> None:
    older, newer = await calls.begun(method="call_out"), await calls.begun(method="call_out")
    await tell(calls, CODE)
    if end == "verified":
        assert await result(calls.harness, newer["id"], CODE) == "verified"
    else:
        for number in range(1, 6):
            assert await result(calls.harness, newer["id"], wrong(CODE, number)) == "wrong_code"
    new = wrong(CODE, 77)
    await tell(calls, new)
    assert await result(calls.harness, older["id"], new) == "verified"


# Secrecy


async def test_the_code_is_nowhere(calls: Calls, binary: redis.Redis) -> None:
    with capture_logs() as lines:
        first = await calls.begun(method="call_out")
        await tell(calls, CODE, verb="GET")
        await tell(calls, CODE, "delivery", status="1", **smsid(first))
        answers = [
            await result(calls.harness, first["id"], wrong(CODE)),
            await look(calls.harness, first["id"]),
            (await resend(calls.harness, first["id"])).text,
        ]
        await tell(calls, CODE, **smsid(first))  # of the call before
        await calls.push(verb="GET", **SAID | {"mobilenumber": "09099999999", "authcode": CODE})
        await tell(calls, CODE, **smsid(first, 2))
        assert await calls.push(**SAID, authcode=f"x{CODE}") == 400
        answers.append(await look(calls.harness, first["id"]))
        answers.append(await calls.orphans())
        assert await result(calls.harness, first["id"], CODE) == "verified"
    for place in (everything(binary), repr(lines), json.dumps(answers)):
        assert CODE not in place
