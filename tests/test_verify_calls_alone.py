"""One call in at a time for a number, its end by time, and whose it is."""

from __future__ import annotations

import asyncio

import pytest

from gateway.model.ids import new_id
from tests import call_tools
from tests.call_tools import ADMIN, MINUTES, OTHER, QUIET, Calls, plain
from tests.harness import advance
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem
from tests.verification_tools import PATH, look

opened, calls = call_tools.opened, call_tools.calls
pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
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


async def test_a_process_that_died_before_it_wrote_holds_a_number_for_ten_seconds(calls: Calls) -> None:
    provider = calls.here.settings.providers["media"]
    store = calls.here.store
    await store.know_time()
    dead = new_id(await store.lane("shop"), store.clock.now())
    about = f"call_in\0{QUIET}"
    until = store.clock.now() + 3_600_000
    assert await calls.here.verifying._waiting.join(provider.account, about, dead, until, alone=True) is None
    problem(await calls.begin(), 409, "verification_pending")
    await advance(calls.harness, 11)
    await calls.begun()


@pytest.mark.xfail(strict=True, reason="the number counts as taken before the claims are looked at")
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


# Its time


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
