"""What rules did, by the vendor's log: all of it, one rule, its latest activation, a time, one activation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from gateway.provider import VendorAnswer
from gateway.sandbox.iotcall import Activation
from tests import call_tools
from tests.call_tools import ADMIN, FIRE, HALL, HALL_KEY, NAMELESS, TEXTS_KEY, Calls, OpenCalls, closed, silent
from tests.harness import advance
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem

opened, calls = call_tools.opened, call_tools.calls
pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
FIRST, SECOND = FIRE + "261120093015", HALL + "261120093017"


def call(rule: str, code: str, second: int, **more: Any) -> dict[str, Any]:
    """As the API tells it of the first number of each rule."""
    started = datetime(2026, 11, 20, 0, 30, second + 9, tzinfo=UTC)
    ended = started + timedelta(seconds=more.get("durationSeconds", 19))
    return {
        "to": "+819012345678",
        "status": "completed",
        "pressed": None,
        "durationSeconds": 19,
        "startedAt": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        "endedAt": f"{ended:%Y-%m-%dT%H:%M:%SZ}",
        "memo": "",
        "rule": rule,
        "activationId": code,
    } | more


def message(rule: str, code: str, second: int, to: str = "+819012345678") -> dict[str, Any]:
    created = f"2026-11-20T00:30:{second + 3}Z"
    return {
        "to": to, "status": "delivered", "createdAt": created, "memo": "", "rule": rule, "activationId": code,
    }  # fmt: skip


PRESSED: dict[str, Any] = {"to": "+819012340002", "pressed": 1, "durationSeconds": 31}
OF_FIRE = [call("fire", FIRST, 15), call("fire", FIRST, 15, **PRESSED)]
OF_HALL = [call("hall", SECOND, 17), call("hall", SECOND, 17, **PRESSED)]


async def history(calls: Calls, headers: dict[str, str] | None = None, **query: str) -> dict[str, Any]:
    answer = await calls.api.get("/activations", params=query, headers=headers or {})
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"calls", "messages", "asOf"}
    return dict(answer.json())


async def both_fired(calls: Calls) -> None:
    """`fire`, two seconds later `hall`; and it is in the log."""
    await calls.fired()
    await calls.later(2)
    await calls.fired("hall")
    await calls.later(601)
    calls.asked.clear()


def paths(calls: Calls) -> list[str]:
    return [unquote(request.url.partition("/pattern/")[2]) for _, request in calls.asked]


# The five forms


async def test_of_all_rules(calls: Calls) -> None:
    await both_fired(calls)
    found = await history(calls)
    assert found["calls"] == [*OF_FIRE, *OF_HALL]
    assert [(each["rule"], each["to"]) for each in found["messages"]] == [
        (rule, to) for rule in ("fire", "hall") for to in ("+819012345678", "+819012340002")
    ]
    assert found["messages"][0] == message("fire", FIRST, 15)
    assert sorted(paths(calls)) == ["callog", "smslog"]
    assert not calls.alarm.violations


async def test_of_one_rule(calls: Calls) -> None:
    await both_fired(calls)
    found = await history(calls, rule="hall")
    assert found["calls"] == OF_HALL
    assert found["messages"] == [message("hall", SECOND, 17), message("hall", SECOND, 17, "+819012340002")]
    assert sorted(paths(calls)) == ["keyofhall/calllog", "keyofhall/smslog"]
    assert not calls.alarm.violations


async def test_of_its_latest_activation(calls: Calls) -> None:
    await both_fired(calls)
    await calls.fired()
    newest = calls.alarm.activations[-1].id
    await calls.later(601)
    calls.asked.clear()
    found = await history(calls, rule="fire", latest="true")
    assert {each["activationId"] for each in found["calls"] + found["messages"]} == {newest}
    assert sorted(paths(calls)) == ["keyoffire/calllog/latest", "keyoffire/smslog/latest"]
    whole = await history(calls, rule="fire", latest="false")
    assert {each["activationId"] for each in whole["calls"]} == {FIRST, newest}
    assert not calls.alarm.violations


@each(
    ("since", "until", "rules"),
    [
        ("2026-11-20T00:30:24Z", None, ["fire", "hall"]),
        ("2026-11-20T00:30:25Z", None, ["hall"]),
        ("2026-11-20T00:30:24.5Z", None, ["hall"]),
        (None, "2026-11-20T00:30:24Z", []),
        (None, "2026-11-20T00:30:24.001Z", ["fire"]),
        (None, "2026-11-20T00:30:25Z", ["fire"]),
        ("2026-11-20T09:30:24+09:00", "2026-11-20T09:30:27+09:00", ["fire", "hall"]),
        ("2026-11-19T19:30:24-05:00", "2026-11-19T19:30:26-05:00", ["fire"]),
        ("2026-11-20T00:30:00Z", "2026-11-20T00:30:10Z", []),
    ],
)
@each("rule", [None, "fire"])
async def test_in_a_time(
    calls: Calls, since: str | None, until: str | None, rules: list[str], rule: str | None
) -> None:
    """`from` includes, `to` excludes, whatever offset they are written with; the vendor is asked in its own time."""
    await both_fired(calls)
    given = {"from": since, "to": until, "rule": rule}
    found = await history(calls, **{name: value for name, value in given.items() if value})
    told = list(dict.fromkeys(each["rule"] for each in found["calls"]))
    assert told == [each for each in rules if rule in (None, each)]
    assert not calls.alarm.violations


async def test_the_vendor_is_asked_in_its_own_time(calls: Calls) -> None:
    await history(calls, **{"from": "2026-11-19T15:00:00Z", "to": "2026-11-20T15:00:00Z"})
    query = "?start_datetime=2026-11-20 00:00:00&end_datetime=2026-11-20 23:59:59"
    assert sorted(paths(calls)) == [f"callog{query}", f"smslog{query}"]
    assert all("%20" in request.url and "+" not in request.url for _, request in calls.asked)
    assert all(request.body == b"" and request.method == "GET" for _, request in calls.asked)


async def test_of_one_activation(calls: Calls) -> None:
    first = await calls.fired()
    before = await calls.activation(first["id"])
    assert (before["calls"], before["messages"], before["activationId"]) == ([], [], None)
    assert "problem" not in before
    await calls.notify(code=FIRST)
    assert (await calls.activation(first["id"]))["calls"] == [], "the log lags"
    await calls.later(601)
    calls.asked.clear()
    found = await calls.activation(first["id"])
    assert (found["id"], found["status"], found["activationId"]) == (first["id"], "started", FIRST)
    assert found["calls"] == OF_FIRE
    assert found["messages"] == [message("fire", FIRST, 15), message("fire", FIRST, 15, "+819012340002")]
    assert paths(calls) == [f"keyoffire/{FIRST}"]
    assert {**await calls.activation(FIRST, rule="fire"), "asOf": ""} == {**found, "asOf": ""}
    assert not calls.alarm.violations


async def test_by_the_vendors_code(calls: Calls) -> None:
    first = await calls.fired()
    await calls.later(601)
    by_code = await calls.activation(FIRST, rule="fire")
    assert "id" not in by_code, "no notification has said that it is ours"
    assert (by_code["rule"], by_code["provider"], by_code["activationId"]) == ("fire", "alarm", FIRST)
    assert not {"status", "final", "requestedAt"} & by_code.keys()
    assert by_code["calls"] == OF_FIRE
    second = await calls.fired()
    word = calls.alarm.activations[-1].id
    await calls.notify(code=word)
    assert (await calls.activation(word, rule="fire"))["id"] == second["id"] != first["id"]


async def test_a_code_that_the_vendor_does_not_know(calls: Calls) -> None:
    await calls.fired()
    await calls.notify(code=FIRST)
    await calls.later(601)
    for path in (f"{FIRST}9?rule=fire", f"{FIRST}?rule=hall", "calllog?rule=fire", "..?rule=fire", "x%2Fy1?rule=fire"):
        problem(await calls.api.get(f"/activations/{path}"), 404, "not_found")
    problem(await calls.api.get(f"/activations/{FIRST}"), 404, "not_found")
    problem(await calls.api.get(f"/activations/{FIRST}?rule=smoke"), 400, "invalid_request", "/rule")
    assert all("calllog" not in path for path in paths(calls)), "a name of a path is no code"


async def test_what_others_set_off_is_told_without_whose_it_was(calls: Calls) -> None:
    mine = await calls.fired()
    await calls.notify(code=FIRST)
    await calls.later(601)
    seen = await calls.api.get(f"/activations/{FIRST}?rule=fire", headers=call_tools.OTHER)
    assert seen.status_code == 200
    assert mine["id"] not in seen.text
    assert seen.json()["calls"] == OF_FIRE


# Spellings, clocks, ids


@each("respelled", [False, True])
async def test_both_spellings(opened: OpenCalls, respelled: bool) -> None:
    calls = await opened(alarm={"respelled": respelled})
    await both_fired(calls)
    assert (await history(calls))["calls"] == [*OF_FIRE, *OF_HALL]
    assert (await history(calls, rule="fire"))["calls"] == OF_FIRE
    assert (await history(calls, rule="fire", latest="true"))["calls"] == OF_FIRE
    since = await history(calls, rule="fire", **{"from": "2026-11-20T00:30:25Z"})
    assert since["calls"] == []
    assert len(calls.asked) == (12 if respelled else 8)


async def test_rules_without_ids_have_the_vendors(opened: OpenCalls) -> None:
    calls = await opened(rules=NAMELESS)
    await both_fired(calls)
    found = await history(calls)
    assert [each["rule"] for each in found["calls"]] == [FIRE, FIRE, HALL, HALL]
    assert {each["rule"] for each in (await history(calls, rule="fire"))["calls"]} == {"fire"}


async def test_what_is_over_or_odd_in_the_vendors_answer(calls: Calls) -> None:
    """Unlisted words as they came; what is missing is left out."""
    said = (
        b'{"status": "ok", "list": [{"to": "+8180433990123", "status": "in-progress", "response_no": "3",'
        b'"duration": null, "start_time": "", "memo": "\xe3\x83\x86", "rule_id": "77", "code": 123456789012345678}]}'
    )
    calls.cut["alarm"] = VendorAnswer(200, said, "application/json")
    found = await history(calls, rule="fire")
    assert found["calls"] == [
        {
            "to": "+8180433990123",
            "status": "in-progress",
            "pressed": 3,
            "memo": "テ",
            "rule": "fire",
            "activationId": "123456789012345678",
        }
    ]


async def test_as_of(calls: Calls) -> None:
    """Ten minutes ago, by the store's clock."""
    await advance(calls.harness, 3600)
    now = calls.here.store.clock.now() / 1000
    first = await calls.fired()
    for found in (await history(calls), await history(calls, rule="fire"), await calls.activation(first["id"])):
        assert abs(datetime.fromisoformat(found["asOf"]).timestamp() - (now - 600)) < 5


# What cannot be


@each(
    ("query", "pointer"),
    [
        ("latest=true", "/latest"),
        ("latest=true&rule=fire&from=2026-11-20T00:00:00Z", "/latest"),
        ("latest=true&rule=fire&to=2026-11-20T00:00:00Z", "/latest"),
        ("latest=yes&rule=fire", "/latest"),
        ("rule=smoke", "/rule"),
        ("rule=keyoffire", "/rule"),
        ("rule=", "/rule"),
        ("from=2026-11-20T00:00:00", "/from"),
        ("from=2026-11-20", "/from"),
        ("from=yesterday", "/from"),
        ("from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z", "/to"),
        ("from=2026-11-20T00:00:01Z&to=2026-11-20T00:00:00Z", "/to"),
        ("limit=5", "/limit"),
        ("rule=fire&rule=hall", "/rule"),
    ],
)
async def test_a_query_that_cannot_be(calls: Calls, query: str, pointer: str) -> None:
    problem(await calls.api.get(f"/activations?{query}"), 400, "invalid_request", pointer)
    assert calls.times("alarm") == 0


@each("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "2026-11-20T00:00:00.9999Z"])
@each("name", ["from", "to"])
async def test_far_away_times(calls: Calls, moment: str, name: str) -> None:
    await both_fired(calls)
    answer = await calls.api.get("/activations", params={name: moment, "rule": "fire"})
    assert answer.status_code == 200, answer.text
    expected = OF_FIRE if (name == "from") == (moment < "2026-11-20T00:30") else []
    assert answer.json()["calls"] == expected


# Vendors that fail


@each(
    ("cut", "code"),
    [
        (closed, "provider_unavailable"),
        (silent, "provider_timeout"),
        (VendorAnswer(500, b"", "text/html"), "provider_timeout"),
        (VendorAnswer(200, b"<html>", "text/html"), "provider_timeout"),
        (VendorAnswer(200, b'{"status": "ok", "0": 7, "list": "x"}', "application/json"), "provider_timeout"),
        (VendorAnswer(403, b'{"status": "ng"}', "application/json"), "provider_error"),
    ],
)
async def test_a_log_that_cannot_be_read(calls: Calls, cut: Any, code: str) -> None:
    first = await calls.fired()
    await calls.notify(code=FIRST)
    calls.cut["alarm"] = cut
    found = await calls.activation(first["id"])
    assert (found["id"], found["status"], found["activationId"]) == (first["id"], "started", FIRST)
    assert (found["problem"]["code"], found["problem"]["provider"]) == (code, "alarm")
    assert not {"calls", "messages", "asOf"} & found.keys()
    status = {"provider_unavailable": 503, "provider_timeout": 504, "provider_error": 502}[code]
    for query in ("", "?rule=fire", "?rule=fire&latest=true"):
        assert problem(await calls.api.get(f"/activations{query}"), status, code)["provider"] == "alarm"
    problem(await calls.api.get(f"/activations/{FIRST}9?rule=fire"), status, code)
    assert (await calls.activation(FIRST, rule="fire"))["problem"]["code"] == code


async def test_a_provider_that_is_gone(calls: Calls) -> None:
    first = await calls.fired()
    del calls.here.routing.providers["alarm"]
    found = await calls.activation(first["id"])
    assert (found["status"], found["provider"]) == ("started", "alarm")
    assert "calls" not in found


# Narrowed clients


async def test_a_narrowed_client_sees_its_rules_only(calls: Calls) -> None:
    await both_fired(calls)
    found = await history(calls, HALL_KEY)
    assert found["calls"] == OF_HALL
    assert {each["rule"] for each in found["messages"]} == {"hall"}
    assert sorted(paths(calls)) == ["keyofhall/calllog", "keyofhall/smslog"]
    assert (await history(calls, HALL_KEY, rule="hall"))["calls"] == OF_HALL
    problem(await calls.api.get("/activations?rule=fire", headers=HALL_KEY), 403, "forbidden")
    problem(await calls.api.get(f"/activations/{FIRST}?rule=fire", headers=HALL_KEY), 403, "forbidden")
    problem(await calls.api.get(f"/activations/{FIRST}?rule=hall", headers=HALL_KEY), 404, "not_found")
    assert (await calls.api.get(f"/activations/{SECOND}?rule=hall", headers=HALL_KEY)).status_code == 200


async def test_who_may_use_no_rule_sees_nothing(calls: Calls) -> None:
    await both_fired(calls)
    found = await history(calls, TEXTS_KEY)
    assert (found["calls"], found["messages"]) == ([], [])
    assert calls.times("alarm") == 0
    assert (await calls.api.get("/activations", headers=ADMIN)).status_code == 200


async def test_two_of_one_second_are_not_mixed_up(calls: Calls) -> None:
    """By id the vendor tells one activation, whatever else went off."""
    await calls.fired()
    tree = calls.alarm.activations[0].tree
    more = Activation(id=f"{FIRST}0", tree=tree, at=calls.clock.now, numbers=calls.alarm.activations[0].numbers)
    calls.alarm.activations.append(more)
    await calls.later(601)
    assert (await calls.activation(FIRST, rule="fire"))["calls"] == OF_FIRE
