"""Requests for calls that go wrong: refused, never made, or answered by nobody. None is ever made twice."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from gateway import faults
from gateway.provider import VendorAnswer
from tests import call_tools
from tests.call_tools import MINUTES, OTHER, QUIET, Calls, OpenCalls, bare, closed, plain, silent
from tests.harness import ADMIN_KEY, advance
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem
from tests.verification_tools import PATH, look, resend

opened, calls = call_tools.opened, call_tools.calls
pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
METHODS = each("method", ["call_in", "call_out"])
EXPIRY = MINUTES * 60
LOST: dict[str, Any] = {
    "silent": silent,
    "a page": VendorAnswer(200, b"<html><form action='/login'></form></html>", "text/html"),
    "HTTP 500": VendorAnswer(500, b"", "text/html"),
    "HTTP 503 and a page": VendorAnswer(503, b"<html>Service Unavailable</html>", "text/html"),
    "a code in no document": plain("299"),
    "nothing": plain(""),
}


async def counted(calls: Calls) -> int:
    """How many verifications count for the limits of numbers."""
    store, found = calls.here.store, 0
    for lane in await store.lanes():
        for name in await store.in_lane(lane, "KEYS", f"{{{lane}}}y:*"):
            found += await store.in_lane(lane, "ZCARD", name)
    return found


# Refused


@METHODS
@each(
    ("code", "reason"),
    [
        ("401", "authentication_failed"),
        ("402", "quota_exceeded"),
        ("414", "too_long"),
        ("550", "provider_error"),
        ("555", "source_address_refused"),
        ("556", "provider_error"),
        ("557", "source_address_refused"),
        ("560", "provider_error"),
        ("561", "provider_error"),
        ("567", "provider_error"),
        ("568", "provider_error"),
        ("617", "sender_not_allowed"),
    ],
)
async def test_a_refused_call_has_failed(calls: Calls, method: str, code: str, reason: str) -> None:
    calls.cut["media"] = plain(code)
    answer = await calls.begin(method=method, clientTag="t")
    assert answer.status_code == 202
    first = answer.json()
    assert (first["status"], first["final"], first["confirmed"]) == ("failed", True, False)
    assert (first["reason"]["code"], first["reason"]["providerCode"]) == (reason, code)
    assert first["reason"]["detail"]
    assert await calls.told(first) == ["verification.failed"]
    # The tag is spent, and the repeat asks for nothing.
    again = await calls.begin(method=method, clientTag="t")
    assert (again.status_code, again.json()) == (202, first)
    assert calls.times("media") == 1


@METHODS
async def test_a_refused_login_closes_the_provider(calls: Calls, method: str) -> None:
    """Ten in a row block the address: calls count as messages do."""
    calls.harness.dispatch()
    await calls.harness.until(await calls.harness.sent(provider="media"), "submitted", "delivered")
    calls.asked.clear()
    calls.cut["media"] = plain("401")
    await calls.begun(method=method, clientTag="a")
    for headers in ({}, OTHER):
        error = problem(await calls.begin(method=method, headers=headers, clientTag="b"), 503, "provider_unavailable")
        assert error["provider"] == "media"
    assert calls.times("media") == 1
    providers = (await calls.api.get("/providers")).json()["items"]
    assert {each["name"]: each["health"] for each in providers}["media"] == "open"
    # Nor does a message get there.
    message = await calls.harness.sent(provider="media")
    await asyncio.sleep(0.5)
    assert (await calls.harness.read(message))["status"] == "queued"
    assert calls.times("media") == 1


async def test_a_401_by_its_http_status_alone_closes_it_too(calls: Calls) -> None:
    calls.cut["media"] = VendorAnswer(401, b"<html>Authorization Required</html>", "text/html")
    first = await calls.begun()
    assert (first["status"], first["confirmed"]) in (("pending", False), ("failed", False))
    problem(await calls.begin(method="call_out"), 503, "provider_unavailable")
    assert calls.times("media") == 1


async def test_the_simulated_vendor_refuses(calls: Calls) -> None:
    for method in ("call_in", "call_out"):
        first = await calls.begun(method=method, number="+819012340042")
        assert (first["status"], first["reason"]["providerCode"]) == ("failed", "550")


async def test_a_wrong_password(opened: OpenCalls) -> None:
    calls = await opened(media={"password": "changed"})
    assert (await calls.begun())["reason"]["code"] == "authentication_failed"
    problem(await calls.begin(number="+819012345678"), 503, "provider_unavailable")
    assert calls.media.failed_logins == 1


# Never made


@METHODS
@each("how", ["unreachable", "busy", "HTTP 503", "paused"])
async def test_what_never_left_was_never_begun(calls: Calls, method: str, how: str) -> None:
    if how == "paused":
        admin = {"Authorization": f"Bearer {ADMIN_KEY}"}
        assert (await calls.api.post("/providers/media/pause", headers=admin)).status_code == 200
    calls.cut["media"] = {
        "unreachable": closed,
        "busy": plain("503"),
        "HTTP 503": VendorAnswer(503, b"503", "text/html"),
    }.get(how, plain("200"))
    answer = await calls.begin(method=method, clientTag="t")
    error = problem(answer, 503, "provider_unavailable")
    assert error["provider"] == "media"
    assert "Nothing was asked" in error["detail"]
    assert int(answer.headers["retry-after"]) >= 1
    assert await counted(calls) == 0
    assert await calls.events() == []
    if how == "paused":
        assert calls.times("media") == 0
        await calls.api.post("/providers/media/resume", headers=admin)
    del calls.cut["media"]
    # Number and tag are free, for other content too.
    second = await calls.begin(method=method, clientTag="t", number=QUIET, validMinutes=9)
    assert second.status_code == 202, second.text
    assert "idempotency-replayed" not in second.headers
    assert await counted(calls) == 1


async def test_a_key_is_free_again_too(calls: Calls) -> None:
    calls.cut["media"] = closed
    problem(await calls.begin(headers={"Idempotency-Key": "k"}), 503, "provider_unavailable")
    del calls.cut["media"]
    assert (await calls.begin(headers={"Idempotency-Key": "k"}, validMinutes=9)).status_code == 202


async def test_five_that_cannot_connect_open_the_gate(calls: Calls) -> None:
    calls.cut["media"] = closed
    for _ in range(5):
        problem(await calls.begin(), 503, "provider_unavailable")
    assert calls.times("media") == 5
    problem(await calls.begin(), 503, "provider_unavailable")
    assert calls.times("media") == 5, "nothing is asked for a while"
    del calls.cut["media"]
    await advance(calls.harness, 2)
    await calls.begun()  # the probe


async def test_at_most_ten_an_hour(calls: Calls) -> None:
    """Of calls that were taken, whatever came of them."""
    for _ in range(10):
        await calls.begun(method="call_out")
    answer = await calls.begin(method="call_out")
    problem(answer, 429, "rate_limited", "/number")
    assert 3500 < int(answer.headers["retry-after"]) <= 3600
    problem(await calls.begin(), 429, "rate_limited")
    await calls.begun(number="+819012340003")
    assert (await calls.begin(headers=OTHER)).status_code == 202, "another client's"
    await advance(calls.harness, 3601)
    await calls.begun(method="call_out")


async def test_what_the_limit_refuses_does_not_hold_the_number(calls: Calls) -> None:
    for _ in range(10):
        await calls.begun(method="call_out")
    problem(await calls.begin(), 429, "rate_limited")
    assert (await calls.begin(headers=OTHER)).status_code == 202


# Lost


@METHODS
@each("how", LOST)
async def test_a_lost_answer_leaves_it_pending(calls: Calls, method: str, how: str) -> None:
    calls.cut["media"] = LOST[how]
    answer = await calls.begin(method=method, clientTag="t")
    assert answer.status_code == 202, answer.text
    first = answer.json()
    assert (first["status"], first["final"], first["confirmed"]) == ("pending", False, False)
    assert "reason" not in first
    again = await calls.begin(method=method, clientTag="t")
    assert (again.status_code, again.json()["id"]) == (202, first["id"])
    if method == "call_in":
        problem(await calls.begin(clientTag="u"), 409, "verification_pending")
    calls.harness.dispatch()
    await advance(calls.harness, EXPIRY // 2)
    await asyncio.sleep(0.5)
    assert calls.times("media") == 1, "nothing asks again by itself"
    assert await calls.told(first) == []
    await advance(calls.harness, EXPIRY)
    assert (await look(calls.harness, first["id"]))["status"] == "expired"
    assert calls.times("media") == 1


async def test_a_repeat_of_what_is_lost_already_need_not_wait(calls: Calls) -> None:
    calls.cut["media"] = LOST["HTTP 500"]
    first = await calls.begun(method="call_out", clientTag="t")
    began = time.monotonic()
    again = await calls.begin(method="call_out", clientTag="t")
    assert (again.status_code, again.json()) == (202, first)
    assert (await resend(calls.harness, first["id"], "k")).json()["confirmed"] is False
    assert (await resend(calls.harness, first["id"], "k")).headers["idempotency-replayed"] == "true"
    assert time.monotonic() - began < 0.8, "the vendor's second"


@each("verb", ["lost", "closed by the vendor"])
async def test_what_the_vendor_took_all_the_same_is_verified(calls: Calls, verb: str) -> None:
    if verb == "lost":
        calls.lose.add("media")
        first = await calls.begun()
    else:
        first = await calls.begun(number="+819012340013")  # a login page, and it was taken
    assert (first["status"], first["confirmed"]) in (("pending", False), ("verified", True))
    if verb == "lost":
        await calls.push()
    until = asyncio.get_running_loop().time() + 5
    while (now := await look(calls.harness, first["id"]))["status"] != "verified":
        assert asyncio.get_running_loop().time() < until
        await asyncio.sleep(0.02)
    assert now["confirmed"] is True
    assert await calls.told(first) == ["verification.verified"]


async def test_a_code_confirms_a_call_whose_answer_was_lost(calls: Calls) -> None:
    calls.lose.add("media")
    first = await calls.begun(method="call_out")
    assert first["confirmed"] is False
    await calls.push(method="5", mobilenumber="0" + QUIET[3:], authcode="123456")
    now = await look(calls.harness, first["id"])
    assert (now["status"], now["confirmed"]) == ("pending", True)


# Deaths


@METHODS
@each("point", ["direct.before", "direct.after"])
async def test_a_process_that_dies_with_a_call(calls: Calls, method: str, point: str) -> None:
    """Whoever repeats the request is told of the first, and no second call is asked for."""
    await calls.begun(number="+819012340003")  # the login is known to be good: more than one request at a time
    calls.asked.clear()
    reached = asyncio.Event()

    async def hook(name: str) -> None:
        if name == point:
            reached.set()
            await asyncio.Event().wait()

    faults.install(hook)
    try:
        request = asyncio.create_task(calls.begin(method=method, clientTag="t"))
        await asyncio.wait_for(reached.wait(), 5)
        faults.install(None)
        again = await calls.begin(method=method, clientTag="t")
        assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
        first = again.json()
        assert (first["status"], first["confirmed"]) == ("pending", False)
        if method == "call_in":
            problem(await calls.begin(), 409, "verification_pending")
        calls.harness.dispatch()
        await advance(calls.harness, EXPIRY + 1)
        until = asyncio.get_running_loop().time() + 5
        while not await calls.told(first):
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.05)
        assert await calls.told(first) == ["verification.expired"]
        assert calls.times("media") == (0 if point == "direct.before" else 1)
    finally:
        faults.install(None)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
    await calls.begun(method=method)


@each("how", ["never", "busy", "refused", "lost"])
async def test_a_second_call_that_comes_to_nothing(calls: Calls, how: str) -> None:
    """As before the resend, where nothing was asked; the code told before still counts."""
    first = await calls.begun(method="call_out")
    await calls.push(method="5", mobilenumber="0" + QUIET[3:], authcode="123456")
    before = await look(calls.harness, first["id"])
    calls.cut["media"] = {"never": closed, "busy": plain("503"), "refused": plain("556"), "lost": silent}[how]
    answer = await resend(calls.harness, first["id"], "k")
    now = await look(calls.harness, first["id"])
    counts = await counted(calls)
    if how in ("never", "busy"):
        problem(answer, 503, "provider_unavailable")
        assert {**now, "updatedAt": ""} == {**before, "updatedAt": ""}
        assert counts == 1
        checked = await calls.api.post(f"{PATH}/{first['id']}/check", json={"code": "123456"})
        assert checked.json() == {"result": "verified"}
        return
    assert answer.status_code == 202
    assert (now["status"], now["confirmed"]) == (("failed", False) if how == "refused" else ("pending", False))
    assert counts == 2
    asked = calls.times("media")
    assert (await resend(calls.harness, first["id"], "k")).headers["idempotency-replayed"] == "true"
    assert calls.times("media") == asked == 2


async def test_an_answer_that_breaks_the_adapter_is_a_lost_one(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(type(calls.here.settings.providers["media"]), "send_outcome", fail)
    first = await calls.begun()
    assert (first["status"], first["confirmed"]) == ("pending", False)
    assert bare(first) + "v1" in calls.media.accepted
