"""Rules set off through the API: once for each request, whatever the vendor answers, or does not."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from gateway import faults
from gateway.provider import VendorAnswer
from tests import call_tools
from tests.call_tools import ADMIN, FIRE, OTHER, Calls, OpenCalls, closed, silent
from tests.harness import READ_KEY, advance
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem

opened, calls = call_tools.opened, call_tools.calls
pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
READ = {"Authorization": f"Bearer {READ_KEY}"}
PATH_OF_FIRE = "/pattern/keyoffire/call"
LOST: dict[str, Any] = {
    "silent": silent,
    "HTTP 500": VendorAnswer(500, b'{"status": "ok"}', "application/json"),
    "a page": VendorAnswer(200, b"<html>login</html>", "text/html"),
    "nothing": VendorAnswer(200, b"", ""),
    "no status": VendorAnswer(200, b'{"message": "x"}', "application/json"),
}


async def until(calls: Calls, activation: dict[str, Any], *told: str) -> None:
    """Returns once these, and no more, are its events."""
    ends = asyncio.get_running_loop().time() + 5
    while await calls.told(activation) != list(told):
        assert asyncio.get_running_loop().time() < ends, await calls.told(activation)
        await asyncio.sleep(0.05)


async def test_a_rule_goes_off(calls: Calls) -> None:
    answer = await calls.fire(clientTag="t")
    assert answer.status_code == 202, answer.text
    first = answer.json()
    assert answer.headers["location"] == f"/activations/{first['id']}"
    assert first["id"].startswith("act_")
    assert datetime.fromisoformat(first.pop("requestedAt")).utcoffset() is not None
    assert first == {
        "id": first["id"],
        "rule": "fire",
        "provider": "alarm",
        "status": "started",
        "final": True,
        "activationId": None,
        "clientTag": "t",
    }
    [(_, request)] = calls.asked
    assert (request.method, request.body) == ("POST", b"")
    assert len(calls.alarm.activations) == 1
    assert not calls.alarm.violations
    assert await calls.told(first) == ["activation.started"]


@each(
    ("body", "status", "code", "pointer"),
    [
        ({"rule": "smoke"}, 400, "invalid_request", "/rule"),
        ({"rule": "keyoffire"}, 400, "invalid_request", "/rule"),
        ({"rule": FIRE}, 400, "invalid_request", "/rule"),
        ({"rule": ""}, 400, "invalid_request", "/rule"),
        ({"rule": 1}, 400, "invalid_request", "/rule"),
        ({}, 400, "invalid_request", "/rule"),
        ({"rule": "fire", "provider": "alarm"}, 400, "invalid_request", "/provider"),
        ({"rule": "fire", "clientTag": ""}, 400, "invalid_request", "/clientTag"),
    ],
)
async def test_a_body_that_cannot_be(calls: Calls, body: dict[str, Any], status: int, code: str, pointer: str) -> None:
    error = problem(await calls.api.post("/activations", json=body), status, code)
    assert [each["pointer"] for each in error["errors"]] == [pointer]
    assert calls.times("alarm") == 0


async def test_reading_is_not_enough(calls: Calls) -> None:
    problem(await calls.fire(headers=READ), 403, "forbidden")
    assert calls.times("alarm") == 0


# Once


@each("how", ["clientTag", "Idempotency-Key"])
async def test_twenty_equal_ones_at_once_are_one(calls: Calls, how: str) -> None:
    body, headers = ({"clientTag": "t"}, {}) if how == "clientTag" else ({}, {how: "k"})
    answers = await asyncio.gather(*(calls.fire(headers=headers, **body) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {202: 20}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19
    assert calls.times("alarm") == len(calls.alarm.activations) == 1


@each("how", ["clientTag", "Idempotency-Key"])
async def test_twenty_equal_ones_at_once_fire_once(calls: Calls, how: str) -> None:
    body, headers = ({"clientTag": "t"}, {}) if how == "clientTag" else ({}, {how: "k"})
    answers = await asyncio.gather(*(calls.fire(headers=headers, **body) for _ in range(20)))
    assert calls.times("alarm") == len(calls.alarm.activations) == 1
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    await calls.later(2)
    again = await calls.fire(headers=headers, **body)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert calls.times("alarm") == 1


@each("status", ["started", "failed", "uncertain"])
async def test_a_repeat_is_told_of_the_first(calls: Calls, status: str) -> None:
    rule = "refused" if status == "failed" else "fire"
    if status == "uncertain":
        calls.lose.add("alarm")
    first = await calls.fired(rule, clientTag="t")
    assert first["status"] == status
    calls.lose.clear()
    for _ in range(2):
        again = await calls.fire(rule, clientTag="t")
        assert (again.status_code, again.json()) == (202, first)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["location"] == f"/activations/{first['id']}"
        await calls.later(2)
    error = problem(await calls.fire("hall", clientTag="t"), 409, "duplicate_client_tag")
    assert error["messageId"] == first["id"]
    assert calls.times("alarm") == 1


async def test_a_key_with_other_content(calls: Calls) -> None:
    key = {"Idempotency-Key": "k"}
    first = (await calls.fire(headers=key)).json()
    assert (await calls.fire(headers=key)).json()["id"] == first["id"]
    problem(await calls.fire("hall", headers=key), 422, "idempotency_key_reused")
    problem(await calls.fire("smoke", headers=key), 422, "idempotency_key_reused")
    assert (await calls.fire("hall", headers=key | OTHER)).status_code == 202, "another client's"


async def test_a_tag_is_no_messages_and_no_verifications(calls: Calls) -> None:
    await calls.harness.sent(clientTag="t")
    await calls.begun(clientTag="t")
    await calls.fired(clientTag="t")


async def test_a_rule_goes_off_once_a_second(calls: Calls) -> None:
    await calls.fired(clientTag="a")
    for headers in ({}, OTHER):
        answer = await calls.fire(headers=headers, clientTag="b")
        problem(answer, 429, "rate_limited")
        assert answer.headers["retry-after"] == "1"
    assert calls.times("alarm") == 1
    await calls.fired("hall")  # another rule need not wait
    await calls.later(1)
    assert "idempotency-replayed" not in (await calls.fire(clientTag="b")).headers
    assert not calls.alarm.violations


async def test_what_was_refused_by_the_vendor_counts_as_well(calls: Calls) -> None:
    await calls.fired("refused")
    problem(await calls.fire("refused"), 429, "rate_limited")


# Refused, never made, lost


@each(
    ("cut", "reason", "code"),
    [
        (VendorAnswer(200, b'{"status": "ng", "message": "x"}', "application/json"), "provider_error", "ng"),
        (VendorAnswer(401, b"{}", "application/json"), "authentication_failed", "401"),
        (VendorAnswer(404, b"", "text/html"), "provider_error", "404"),
    ],
)
async def test_a_refusal(calls: Calls, cut: VendorAnswer, reason: str, code: str) -> None:
    calls.cut["alarm"] = cut
    first = await calls.fired(clientTag="t")
    assert (first["status"], first["final"]) == ("failed", True)
    assert (first["reason"]["code"], first["reason"]["providerCode"]) == (reason, code)
    assert await calls.told(first) == ["activation.failed"]
    calls.harness.dispatch()
    await advance(calls.harness, 300)
    await asyncio.sleep(0.5)
    assert await calls.told(first) == ["activation.failed"]
    assert calls.times("alarm") == 1


@each("how", ["unreachable", "busy", "paused"])
async def test_what_never_left_was_never_fired(calls: Calls, how: str) -> None:
    if how == "paused":
        assert (await calls.api.post("/providers/alarm/pause", headers=ADMIN)).status_code == 200
    else:
        calls.cut["alarm"] = closed if how == "unreachable" else VendorAnswer(429, b"", "")
    answer = await calls.fire(clientTag="t")
    assert problem(answer, 503, "provider_unavailable")["provider"] == "alarm"
    assert int(answer.headers["retry-after"]) >= 1
    assert await calls.events() == []
    calls.cut.clear()
    if how == "paused":
        assert calls.times("alarm") == 0
        await calls.api.post("/providers/alarm/resume", headers=ADMIN)
    await calls.later(5)
    # The tag is free, for another rule too; and nothing of the first waits for a name.
    second = await calls.fire("hall", clientTag="t")
    assert (second.status_code, second.json()["status"]) == (202, "started")
    assert await calls.notify(code=FIRE + "261120093015") == 200
    assert len(await calls.orphans()) == 1


@each("how", LOST)
async def test_a_lost_answer_leaves_it_uncertain(calls: Calls, how: str) -> None:
    calls.cut["alarm"] = LOST[how]
    first = await calls.fired(clientTag="t")
    assert (first["status"], first["final"], first["activationId"]) == ("uncertain", False, None)
    assert "reason" not in first
    assert await calls.told(first) == ["activation.uncertain"]
    calls.harness.dispatch()
    await advance(calls.harness, 60)
    await asyncio.sleep(0.4)
    assert (await calls.activation(first["id"]))["final"] is False
    await advance(calls.harness, 61)
    ends = asyncio.get_running_loop().time() + 5
    while not (now := await calls.activation(first["id"]))["final"]:
        assert asyncio.get_running_loop().time() < ends
        await asyncio.sleep(0.05)
    assert now["status"] == "uncertain"
    await advance(calls.harness, 3600)
    await asyncio.sleep(0.4)
    assert await calls.told(first) == ["activation.uncertain"], "once"
    assert sum(request.method == "POST" for _, request in calls.asked) == 1, "nothing fires again by itself"


async def test_an_answer_that_breaks_the_adapter_is_a_lost_one(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(type(calls.here.settings.providers["alarm"]), "send_outcome", fail)
    assert (await calls.fired())["status"] == "uncertain"
    assert len(calls.alarm.activations) == 1


async def test_the_simulated_vendor_loses_an_answer(opened: OpenCalls) -> None:
    trees = (call_tools.Tree(key="keyoffire", id=FIRE, answer="lost"), *call_tools.TREES[1:])
    calls = await opened(alarm={"trees": trees})
    assert (await calls.fired())["status"] == "uncertain"
    assert calls.alarm.requests[PATH_OF_FIRE] == 1


# Deaths


@each("point", ["direct.before", "direct.after"])
async def test_a_process_that_dies_with_it(calls: Calls, point: str) -> None:
    """Nobody knows whether it went off: it is not fired again, and called uncertain by whoever lives."""
    reached = asyncio.Event()

    async def hook(name: str) -> None:
        if name == point:
            reached.set()
            await asyncio.Event().wait()

    faults.install(hook)
    request = asyncio.create_task(calls.fire(clientTag="t"))
    try:
        await asyncio.wait_for(reached.wait(), 5)
        faults.install(None)
        again = await calls.fire(clientTag="t")
        assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
        first = again.json()
        assert (first["status"], first["final"]) == ("uncertain", False)
        calls.harness.dispatch()
        await advance(calls.harness, 8)  # the repeat waited for the vendor's second, too
        await asyncio.sleep(0.4)
        assert await calls.told(first) == [], "its process may still be waiting"
        await advance(calls.harness, 4)
        await until(calls, first, "activation.uncertain")
        if point == "direct.after":
            assert await calls.notify(code=calls.alarm.activations[0].id) == 200
            await until(calls, first, "activation.uncertain", "activation.started")
        else:
            await advance(calls.harness, 300)
            await asyncio.sleep(0.4)
            now = await calls.activation(first["id"])
            assert (now["status"], now["final"]) == ("uncertain", True)
            assert await calls.told(first) == ["activation.uncertain"]
        assert len(calls.alarm.activations) == (0 if point == "direct.before" else 1)
    finally:
        faults.install(None)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)


async def test_an_answer_that_comes_after_all(calls: Calls) -> None:
    """Its process stood still for so long that others called it uncertain."""
    go_on = asyncio.Event()

    async def hook(name: str) -> None:
        if name == "direct.after":
            await go_on.wait()

    faults.install(hook)
    try:
        request = asyncio.create_task(calls.fire(clientTag="t"))
        await asyncio.sleep(0.2)
        first = (await calls.fire(clientTag="t")).json()
        calls.harness.dispatch()
        await advance(calls.harness, 200)
        await until(calls, first, "activation.uncertain")
        go_on.set()
        assert (await request).json()["status"] == "started"
        await until(calls, first, "activation.uncertain", "activation.started")
    finally:
        faults.install(None)
        go_on.set()


# Reading


async def test_an_activation_is_its_clients_own(calls: Calls) -> None:
    first = await calls.fired()
    path = f"/activations/{first['id']}"
    problem(await calls.api.get(path, headers=OTHER), 404, "not_found")
    assert (await calls.api.get(f"{path}?client=shop", headers=ADMIN)).status_code == 200
    problem(await calls.api.get(f"{path}?client=other", headers=ADMIN), 404, "not_found")
    problem(await calls.api.get(f"{path}?client=other"), 403, "forbidden")
    problem(await calls.api.get(f"{path}?rule=hall"), 404, "not_found")
    assert (await calls.api.get(f"{path}?rule=fire")).status_code == 200
    assert (await calls.api.head(path)).status_code == 200
    for id_ in ("act_" + "0" * 26, "ver_" + first["id"][4:], "nothing", FIRE + "261120093015"):
        problem(await calls.api.get(f"/activations/{id_}"), 404, "not_found")
