"""Rules: which there are, whom they call, and changing that under several writers."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from gateway.provider import VendorAnswer
from gateway.sandbox.iotcall_letter import Number
from tests import call_tools
from tests.call_tools import ADMIN, HALL_KEY, NAMELESS, TEXTS_KEY, Calls, OpenCalls, closed, silent
from tests.harness import READ_KEY, advance
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem

opened, calls = call_tools.opened, call_tools.calls
pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
READ = {"Authorization": f"Bearer {READ_KEY}"}

THREE: list[dict[str, Any]] = [
    {"number": "+818043391234", "group": 1, "enabled": True, "country": "JP"},
    {"number": "+12125550123", "group": 2, "enabled": False, "country": "US"},
    {"number": "+390612345678", "group": 3, "enabled": True, "country": "IT"},
    {"number": "0123456789", "group": 4, "enabled": True, "country": "id:21"},
]
AT_VENDOR = (
    Number(tel="08043391234", group=1, check=1, international_prefix_id=1),
    Number(tel="2125550123", group=2, check=0, international_prefix_id=2),
    Number(tel="0612345678", group=3, check=1, international_prefix_id=5),
    Number(tel="0123456789", group=4, check=1, international_prefix_id=21),
)

REFUSED = '{"status": "ng", "message": "だめです"}'.encode()


async def put(
    calls: Calls, numbers: list[dict[str, Any]], rule: str = "fire", tag: str | None = None, **headers: str
) -> httpx.Response:
    given = ADMIN | headers | ({"If-Match": tag} if tag is not None else {})
    return await calls.api.put(f"/rules/{rule}/numbers", json={"numbers": numbers}, headers=given)


async def read(calls: Calls, rule: str = "fire") -> tuple[list[dict[str, Any]], str]:
    answer = await calls.api.get(f"/rules/{rule}/numbers")
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"numbers"}
    return answer.json()["numbers"], answer.headers["etag"]


def one(number: str) -> list[dict[str, Any]]:
    return [{"number": number}]


# Which there are


async def test_the_list(calls: Calls) -> None:
    answer = await calls.api.get("/rules")
    assert answer.status_code == 200
    assert answer.json() == {
        "items": [
            {"rule": "fire", "provider": "alarm", "minNumbers": 1},
            {"rule": "flood", "provider": "alarm", "minNumbers": 2},
            {"rule": "hall", "provider": "alarm", "minNumbers": 1},
            {"rule": "refused", "provider": "alarm", "minNumbers": 1},
        ],
        "nextCursor": None,
    }
    assert "keyof" not in answer.text


@each(("headers", "names"), [(HALL_KEY, ["hall"]), (TEXTS_KEY, [])])
async def test_a_narrowed_client_sees_its_own(calls: Calls, headers: dict[str, str], names: list[str]) -> None:
    listed = (await calls.api.get("/rules", headers=headers)).json()["items"]
    assert [each["rule"] for each in listed] == names
    status = 200 if names else 403
    assert (await calls.api.get("/rules/hall/numbers", headers=headers)).status_code == status
    problem(await calls.api.get("/rules/fire/numbers", headers=headers), 403, "forbidden")
    if names:
        problem(await put(calls, THREE, **headers), 403, "forbidden")
        assert (await put(calls, THREE, "hall", **headers)).status_code == 200
    problem(await calls.fire("fire", headers), 403, "forbidden")
    problem(await calls.api.get("/activations?rule=fire", headers=headers), 403, "forbidden")


@each("verb", ["GET", "PUT"])
async def test_an_unknown_rule(calls: Calls, verb: str) -> None:
    body = {"json": {"numbers": THREE}} if verb == "PUT" else {}
    for name in ("smoke", "keyoffire", "0008200123", "FIRE", "x" * 100):
        problem(await calls.api.request(verb, f"/rules/{name}/numbers", headers=ADMIN, **body), 404, "not_found")
    assert calls.times("alarm") == 0


async def test_a_change_is_the_operators(calls: Calls) -> None:
    problem(await put(calls, THREE, Authorization=calls.api.headers["authorization"]), 403, "forbidden")
    problem(await put(calls, THREE, **READ), 403, "forbidden")
    assert (await calls.api.get("/rules/fire/numbers", headers=READ)).status_code == 200
    assert calls.times("alarm") == 1


# Whom they call


async def test_a_list_of_three_countries_and_one_that_is_not_printed(calls: Calls) -> None:
    answer = await put(calls, THREE)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"numbers": THREE}
    assert calls.alarm.numbers["keyoffire"] == AT_VENDOR
    assert calls.alarm.numbers["keyofhall"] != AT_VENDOR
    assert await read(calls) == (THREE, answer.headers["etag"])
    assert not calls.alarm.violations


async def test_what_is_left_out_and_national_numbers(calls: Calls) -> None:
    answer = await put(
        calls,
        [
            {"number": "080-4339-1234"},
            {"number": "010-1234-5678", "country": "KR", "group": 2},
            {"number": "+82212345678", "enabled": False},
            {"number": "(06) 12345678", "country": "IT"},
        ],
    )
    assert answer.status_code == 200, answer.text
    expected = [
        {"number": "+818043391234", "group": 1, "enabled": True, "country": "JP"},
        {"number": "+821012345678", "group": 2, "enabled": True, "country": "KR"},
        {"number": "+82212345678", "group": 1, "enabled": False, "country": "KR"},
        {"number": "+390612345678", "group": 1, "enabled": True, "country": "IT"},
    ]
    assert answer.json() == {"numbers": expected}
    assert (await read(calls))[0] == expected
    tels = [each.tel for each in calls.alarm.numbers["keyoffire"]]
    assert tels == ["08043391234", "01012345678", "0212345678", "0612345678"]


async def test_a_list_is_replaced_as_a_whole(calls: Calls) -> None:
    await put(calls, THREE)
    await put(calls, THREE[:1])
    assert calls.alarm.numbers["keyoffire"] == AT_VENDOR[:1]


@each(
    ("numbers", "pointer"),
    [
        ([], "/numbers"),
        (one("12"), "/numbers/0/number"),
        (one("+99912345678"), "/numbers/0/number"),
        (one("+4930123456"), "/numbers/0/country"),
        ([*one("08043391234"), {"number": "+12125550123", "country": "JP"}], "/numbers/1/country"),
        ([{"number": "0123456789", "country": "DE"}], "/numbers/0/country"),
        ([{"number": "0123456789", "country": "jp"}], "/numbers/0/country"),
        ([{"number": "0123456789", "country": "id:0"}], "/numbers/0/country"),
        ([{"number": "0123456789", "country": "21"}], "/numbers/0/country"),
        ([{"number": "08043391234", "group": 0}], "/numbers/0/group"),
        ([{"number": "08043391234", "group": "A"}], "/numbers/0/group"),
        ([{"number": "08043391234", "check": 1}], "/numbers/0/check"),
        ([{"group": 1}], "/numbers/0/number"),
    ],
)
async def test_a_list_that_cannot_be(calls: Calls, numbers: list[dict[str, Any]], pointer: str) -> None:
    before = dict(calls.alarm.numbers)
    error = problem(await put(calls, numbers), 400, "invalid_request")
    assert [each["pointer"] for each in error["errors"]] == [pointer]
    assert calls.times("alarm") == 0
    assert calls.alarm.numbers == before


async def test_a_rule_that_needs_two(calls: Calls) -> None:
    error = problem(await put(calls, THREE[:1], "flood"), 400, "invalid_request", "/numbers")
    assert "2" in error["detail"]
    assert (await put(calls, THREE[:2], "flood")).status_code == 200
    assert calls.alarm.numbers["keyofflood"] == AT_VENDOR[:2]


# Tags


async def test_a_change_of_what_was_read(calls: Calls) -> None:
    _, first = await read(calls)
    answer = await put(calls, THREE, tag=first)
    assert answer.status_code == 200, answer.text
    second = answer.headers["etag"]
    assert first != second == (await read(calls))[1]
    asked = calls.times("alarm")
    problem(await put(calls, THREE[:1], tag=first), 412, "precondition_failed")
    assert calls.times("alarm") == asked + 1, "it was only looked at"
    assert calls.alarm.numbers["keyoffire"] == AT_VENDOR
    for tag in (f"{first}, {second}", f"W/{second}", "*", ""):
        assert (await put(calls, THREE, tag=tag)).status_code == 200, tag
    for tag in ('"x"', second.strip('"'), "garbage"):
        problem(await put(calls, THREE, tag=tag), 412, "precondition_failed")


async def test_equal_lists_have_equal_tags(opened: OpenCalls) -> None:
    one_, other = await opened(), await opened(rules=NAMELESS)
    tags = [(await put(each, THREE, "hall")).headers["etag"] for each in (one_, other)]
    assert tags[0] == tags[1] == (await read(one_, "hall"))[1]
    changed = [{**THREE[0], "enabled": False}, *THREE[1:]]
    assert (await put(other, changed, "hall")).headers["etag"] != tags[0]
    assert (await put(other, THREE[::-1], "hall")).headers["etag"] != tags[0], "the order counts"


@each("replicas", [1, 2])
async def test_of_two_writers_of_one_list_one_wins(opened: OpenCalls, replicas: int) -> None:
    """Over replicas too, which share nothing but Redis and the vendor."""
    gateways = [await opened()]
    if replicas == 2:
        gateways.append(await opened())
        provider = gateways[1].here.settings.providers["alarm"]
        provider._base = gateways[0].here.settings.providers["alarm"]._base  # type: ignore[attr-defined]
        provider.account = gateways[0].here.settings.providers["alarm"].account
    vendor = gateways[0].alarm
    for first in (0, 8, 16):
        _, tag = await read(gateways[0])
        lists = [one(f"0804339{number:04}") for number in range(first, first + 8)]
        answers = await asyncio.gather(
            *(put(gateways[n % replicas], numbers, tag=tag) for n, numbers in enumerate(lists))
        )
        assert sorted(each.status_code for each in answers) == [200] + [412] * 7
        [winner] = [each.json()["numbers"] for each in answers if each.status_code == 200]
        assert vendor.numbers["keyoffire"] == (Number(tel="0" + winner[0]["number"][3:]),)


async def test_writers_of_two_rules_do_not_wait_for_each_other(calls: Calls) -> None:
    entered = asyncio.Event()

    async def hold() -> None:
        calls.meanwhile = None
        entered.set()
        await asyncio.sleep(0.5)

    calls.meanwhile = hold
    slow = asyncio.create_task(put(calls, THREE))
    await entered.wait()
    began = time.monotonic()
    assert (await put(calls, THREE, "hall")).status_code == 200
    assert time.monotonic() - began < 0.4
    assert (await slow).status_code == 200


# Vendors that fail


async def test_a_change_whose_answer_was_lost(calls: Calls) -> None:
    """It may still come about: the next change waits until it no longer can."""
    _, tag = await read(calls)
    calls.lose.add("alarm")
    error = problem(await put(calls, THREE), 504, "provider_timeout")
    assert "GET the rule's numbers" in error["detail"]
    calls.lose.clear()
    assert (await read(calls))[0] == THREE
    waits = asyncio.create_task(put(calls, THREE[:1], tag=tag))
    await asyncio.sleep(0.3)
    assert not waits.done()
    asked = calls.times("alarm")
    await advance(calls.harness, 4)
    problem(await waits, 412, "precondition_failed")
    assert calls.times("alarm") == asked + 1


async def test_a_change_that_waits_for_too_long(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.rules.PATIENCE", 0.1)
    calls.cut["alarm"] = silent
    problem(await put(calls, THREE), 504, "provider_timeout")
    del calls.cut["alarm"]
    problem(await put(calls, THREE), 503, "provider_unavailable")
    assert calls.times("alarm") == 1


@each(
    ("cut", "status", "code"),
    [
        (closed, 503, "provider_unavailable"),
        (
            VendorAnswer(422, '{"status": "ng", "message": "だめです"}'.encode(), "application/json"),
            502,
            "provider_error",
        ),
        (VendorAnswer(200, b'{"status": "ng"}', "application/json"), 502, "provider_error"),
        (VendorAnswer(401, b"{}", "application/json"), 502, "provider_error"),
        (VendorAnswer(500, b"", "text/html"), 504, "provider_timeout"),
        (VendorAnswer(200, b"<html>", "text/html"), 504, "provider_timeout"),
    ],
)
@each("verb", ["GET", "PUT"])
async def test_a_vendor_that_does_not(calls: Calls, verb: str, cut: Any, status: int, code: str) -> None:
    calls.cut["alarm"] = cut
    answer = await (put(calls, THREE) if verb == "PUT" else calls.api.get("/rules/fire/numbers"))
    error = problem(answer, status, code)
    assert error["provider"] == "alarm"
    if code == "provider_error":
        assert error["providerCode"] in ("422", "ng", "401")
        assert error.get("providerMessage") in ("だめです", None, "")
    if status == 504:
        assert ("GET the rule's numbers" in error["detail"]) is (verb == "PUT")
    assert calls.times("alarm") == 1
    if status != 504:  # the next change need not wait
        del calls.cut["alarm"]
        assert (await asyncio.wait_for(put(calls, THREE), 1)).status_code == 200


async def test_a_look_that_fails_changes_nothing(calls: Calls) -> None:
    _, tag = await read(calls)
    before = dict(calls.alarm.numbers)
    calls.cut["alarm"] = VendorAnswer(500, b"", "text/html")
    problem(await put(calls, THREE, tag=tag), 504, "provider_timeout")
    del calls.cut["alarm"]
    assert calls.alarm.numbers == before
    assert (await asyncio.wait_for(put(calls, THREE, tag=tag), 1)).status_code == 200


async def test_a_paused_provider(calls: Calls) -> None:
    assert (await calls.api.post("/providers/alarm/pause", headers=ADMIN)).status_code == 200
    problem(await put(calls, THREE), 503, "provider_unavailable")
    problem(await calls.api.get("/rules/fire/numbers"), 503, "provider_unavailable")
    assert calls.times("alarm") == 0
