"""One call in at a time for a number, its end by time, and whose it is."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from gateway.model import verification
from gateway.model.ids import new_id
from tests import call_tools
from tests.call_tools import ADMIN, MINUTES, OTHER, QUIET, Calls, closed, plain
from tests.harness import advance
from tests.test_api_errors import problem
from tests.verification_tools import PATH, look

opened, calls = call_tools.opened, call_tools.calls
pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
EXPIRY = MINUTES * 60


async def test_a_second_one_waits_for_the_first(calls: Calls) -> None:
    first = await calls.begun(clientTag="a")
    for headers, body in (
        ({}, {}),
        ({}, {"clientTag": "b"}),
        ({"Idempotency-Key": "k"}, {}),
        (OTHER, {}),
        ({}, {"text": "call us"}),
    ):
        error = problem(await calls.begin(headers=headers, **body), 409, "verification_pending")
        assert error["errors"][0]["pointer"] == "/number"
        assert "messageId" not in error, "whose it is, nobody needs to know"
    assert calls.times("media") == 1
    again = await calls.begin(clientTag="a")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json()["id"] == first["id"]
    await calls.begun(number="+819012340003")
    await calls.begun(method="call_out")
    # What was refused has spent neither tag nor key.
    await calls.push()
    await calls.begun(clientTag="b")


@each("end", ["verified", "expired", "failed"])
async def test_once_it_is_over_the_number_is_free(calls: Calls, end: str) -> None:
    number = "+819012340042" if end == "failed" else QUIET  # refused by the vendor
    first = await calls.begun(number=number)
    if end == "verified":
        await calls.push()
    if end == "expired":
        await advance(calls.harness, EXPIRY)
    for headers in ({}, OTHER):
        if end != "verified":
            calls.cut["media"] = plain("200")
        second = await calls.begin(headers=headers, number=number)
        assert second.status_code == 202, second.text
        assert second.json()["id"] != first["id"]
        if headers:
            break
        if end == "failed":
            await calls.push(method="4", mobilenumber="0" + number[3:])
        else:
            await calls.push()
    assert (await look(calls.harness, first["id"]))["status"] == end


async def test_a_name_without_a_verification_does_not_hold_a_number(calls: Calls) -> None:
    """Its process died on the way."""
    provider = calls.here.settings.providers["media"]
    store = calls.here.store
    await store.know_time()
    dead = new_id(await store.lane("shop"), store.clock.now())
    about = verification.topic("call_in", QUIET)
    until = store.clock.now() + 3_600_000
    assert await calls.here.verifying._waiting.join(provider.account, about, dead, until, alone=True) is None
    await calls.begun()
    problem(await calls.begin(), 409, "verification_pending")


async def test_of_equal_ones_for_a_number_that_is_taken_none_is_accepted(calls: Calls) -> None:
    """What a repeat is told of must not be gone a moment later."""
    await calls.begun()
    for round_ in range(5):
        answers = await asyncio.gather(*(calls.begin(clientTag=f"t{round_}") for _ in range(10)))
        assert {(answer.status_code, answer.json().get("code")) for answer in answers} == {
            (409, "verification_pending")
        }
    assert calls.times("media") == 1


async def test_a_repeat_is_not_told_of_what_never_left(calls: Calls) -> None:
    """It comes while the first request still tries to reach the vendor."""
    repeats: list[asyncio.Task[httpx.Response]] = []

    def refuse() -> Exception:
        if not repeats:
            repeats.append(asyncio.create_task(calls.begin(clientTag="t")))
        return closed()

    transport: Any = calls.here.transport
    exchange = transport.exchange

    async def slowly(*given: Any) -> Any:
        try:
            return await exchange(*given)
        finally:
            await asyncio.sleep(0.3)

    transport.exchange = slowly
    calls.cut["media"] = refuse
    problem(await calls.begin(clientTag="t"), 503, "provider_unavailable")
    told = await repeats[0]
    if told.status_code == 202:
        assert (await look(calls.harness, told.json()["id"]))["status"] == "pending"
    else:
        problem(told, 503, "provider_unavailable")


@each("how", ["clientTag", "Idempotency-Key"])
async def test_twenty_equal_ones_at_once_are_one(calls: Calls, how: str) -> None:
    body, headers = ({"clientTag": "t"}, {}) if how == "clientTag" else ({}, {how: "k"})
    answers = await asyncio.gather(*(calls.begin(headers=headers, **body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19
    assert calls.times("media") == 1


async def test_twenty_others_at_once_are_one_and_nineteen_refusals(calls: Calls) -> None:
    answers = await asyncio.gather(*(calls.begin(clientTag=f"t{number}") for number in range(20)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19
    assert {each.json().get("code") for each in answers} == {None, "verification_pending"}
    assert calls.times("media") == 1


async def test_twenty_numbers_at_once_need_not_wait_for_each_other(calls: Calls) -> None:
    """The first of all proves the login, then they go together."""
    numbers = [f"+8190123{number:05}" for number in range(10040, 10440, 20)]
    answers = await asyncio.gather(*(calls.begin(number=number) for number in numbers))
    assert [answer.status_code for answer in answers] == [202] * 20
    assert calls.times("media") == 20


async def test_a_push_of_ten_at_once_is_told_once(calls: Calls) -> None:
    first = await calls.begun()
    assert await asyncio.gather(*(calls.push() for _ in range(10))) == [200] * 10
    assert await calls.told(first) == ["verification.verified"]


# Its time


async def test_its_end_is_told_once_to_whoever_looks(calls: Calls) -> None:
    first = await calls.begun()
    calls.harness.dispatch()
    await advance(calls.harness, EXPIRY)
    seen = await asyncio.gather(*(look(calls.harness, first["id"]) for _ in range(20)))
    assert {each["status"] for each in seen} == {"expired"}
    await asyncio.sleep(0.3)
    assert await calls.told(first) == ["verification.expired"]


async def test_its_end_is_told_once_by_the_timer(calls: Calls) -> None:
    first = await calls.begun()
    calls.harness.dispatch()
    await advance(calls.harness, EXPIRY + 1)
    until = asyncio.get_running_loop().time() + 5
    while not await calls.told(first):
        assert asyncio.get_running_loop().time() < until
        await asyncio.sleep(0.05)
    assert (await look(calls.harness, first["id"]))["status"] == "expired"
    await asyncio.sleep(0.5)
    assert await calls.told(first) == ["verification.expired"]


async def test_a_verification_is_its_clients_own(calls: Calls) -> None:
    first = await calls.begun()
    for path in (f"{PATH}/{first['id']}", f"{PATH}/{first['id']}/resend", f"{PATH}/{first['id']}/check"):
        verb = "GET" if path.endswith(first["id"]) else "POST"
        body = {"json": {"code": "1"}} if path.endswith("check") else {}
        problem(await calls.api.request(verb, path, headers=OTHER, **body), 404, "not_found")
    mine = await calls.api.get(f"{PATH}/{first['id']}?client=shop", headers=ADMIN)
    assert mine.status_code == 200
    problem(await calls.api.get(f"{PATH}/{first['id']}?client=other", headers=ADMIN), 404, "not_found")


async def test_there_is_no_code_and_nothing_to_send_again(calls: Calls) -> None:
    first = await calls.begun()
    problem(await calls.api.post(f"{PATH}/{first['id']}/check", json={"code": "123456"}), 400, "invalid_request")
    problem(await calls.api.post(f"{PATH}/{first['id']}/resend"), 400, "invalid_request")
    assert (await look(calls.harness, first["id"]))["status"] == "pending"
    assert calls.times("media") == 1
