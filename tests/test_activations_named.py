"""The vendor's notification names an activation: which one, in what order, and what is nobody's."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.sandbox.server import FORM
from tests import call_tools
from tests.call_tools import FIRE, FLOOD, HALL, NAMELESS, OTHER, Calls, OpenCalls, closed
from tests.harness import SECRET, advance

opened, calls = call_tools.opened, call_tools.calls
pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
URL = f"/callbacks/alarm/{SECRET}/activation"


@pytest.fixture
async def nameless(opened: OpenCalls) -> Calls:
    """No rule's id is configured."""
    return await opened(rules=NAMELESS)


def code(calls: Calls, number: int = -1) -> str:
    """What the vendor calls an activation, the last one."""
    return calls.alarm.activations[number].id


# In every form


@each("push", ["form", "json", "query"])
@each("names_rule", [False, True])
async def test_the_simulated_vendor_notifies(opened: OpenCalls, push: str, names_rule: bool) -> None:
    calls = await opened(alarm={"push": push, "names_rule": names_rule})
    calls.alarm.callback_url = f"http://gateway{URL}"
    first = await calls.fired()
    ends = asyncio.get_running_loop().time() + 5
    while not (now := await calls.activation(first["id"]))["activationId"]:
        assert asyncio.get_running_loop().time() < ends
        await asyncio.sleep(0.02)
    assert now["activationId"] == code(calls) == FIRE + "261120093015"
    assert (now["status"], now["final"]) == ("started", True)
    assert await calls.told(first) == ["activation.started"]
    assert await calls.orphans() == []


@each("verb", ["GET", "POST"])
@each("field", ["code", "id", "activation_id", "activationCode", "発動ID", "whatever"])
async def test_under_any_name(calls: Calls, verb: str, field: str) -> None:
    first = await calls.fired()
    said = urlencode({field: code(calls)})
    if verb == "GET":
        assert (await calls.api.get(f"{URL}?{said}")).status_code == 200
    else:
        assert (await calls.api.post(URL, content=said, headers={"Content-Type": FORM})).status_code == 200
    assert (await calls.activation(first["id"]))["activationId"] == code(calls)


@each(
    "body", [b"", b"nothing of the sort", b"{}", b'{"code": null}', b"[" * 100_000, b"\xff\xfe", b"code=" + b"1" * 999]
)
async def test_garbage(calls: Calls, body: bytes) -> None:
    first = await calls.fired()
    assert (await calls.api.post(URL, content=body)).status_code == 400
    wrong = URL.replace(SECRET, "another-secret-1234567890")
    assert (await calls.api.post(wrong, content=f"code={code(calls)}".encode())).status_code == 404
    assert (await calls.activation(first["id"]))["activationId"] is None
    assert await calls.orphans() == []


# In every order


async def test_before_the_answer(calls: Calls) -> None:
    async def notify() -> None:
        calls.meanwhile = None
        assert await calls.notify(code=code(calls)) == 200

    calls.meanwhile = notify
    first = await calls.fired()
    assert (first["status"], first["final"], first["activationId"]) == ("started", True, code(calls))
    assert await calls.told(first) == ["activation.started"]


async def test_before_an_answer_that_is_lost(calls: Calls) -> None:
    async def notify() -> None:
        calls.meanwhile = None
        assert await calls.notify(code=code(calls)) == 200

    calls.meanwhile = notify
    calls.lose.add("alarm")
    first = await calls.fired()
    assert (first["status"], first["activationId"]) == ("started", code(calls))
    calls.harness.dispatch()
    await advance(calls.harness, 300)
    await asyncio.sleep(0.4)
    assert await calls.told(first) == ["activation.started"]


async def test_after_a_lost_answer(calls: Calls) -> None:
    calls.lose.add("alarm")
    first = await calls.fired()
    assert first["status"] == "uncertain"
    await advance(calls.harness, 119)
    assert await calls.notify(code=code(calls), rule_id=FIRE) == 200
    now = await calls.activation(first["id"])
    assert (now["status"], now["final"], now["activationId"]) == ("started", True, code(calls))
    assert await calls.told(first) == ["activation.uncertain", "activation.started"]


async def test_repeated(calls: Calls) -> None:
    first = await calls.fired()
    word = code(calls)
    for _ in range(3):
        assert await calls.notify(code=word) == 200
    await calls.later(2)
    second = await calls.fired()
    assert await calls.notify(code=word) == 200, "it does not become the name of another"
    assert (await calls.activation(second["id"]))["activationId"] is None
    assert (await calls.activation(first["id"]))["activationId"] == word
    await advance(calls.harness, 3600)
    assert await calls.notify(code=word) == 200
    assert await calls.told(first) == ["activation.started"]
    assert await calls.orphans() == []


async def test_a_repeat_of_ten_at_once(calls: Calls) -> None:
    first = await calls.fired()
    await calls.later(2)
    second = await calls.fired()
    assert await asyncio.gather(*(calls.notify(code=code(calls, 0)) for _ in range(10))) == [200] * 10
    assert (await calls.activation(first["id"]))["activationId"] == code(calls, 0)
    assert (await calls.activation(second["id"]))["activationId"] is None


async def test_another_name_for_what_has_one(calls: Calls) -> None:
    first = await calls.fired()
    word = code(calls)
    await calls.notify(code=word)
    assert await calls.notify(code=FIRE + "261120093099") == 200
    assert (await calls.activation(first["id"]))["activationId"] == word
    assert [each["reference"] for each in await calls.orphans()] == [FIRE + "261120093099"]


# Whose it is


@each("said", [{}, {"rule_id": FIRE}])
async def test_the_oldest_of_its_rule(calls: Calls, said: dict[str, str]) -> None:
    older = await calls.fired()
    await calls.later(2)
    other, newer = await calls.fired("hall"), await calls.fired()
    words = [code(calls, 0), code(calls, 2)]
    for word in words:
        assert await calls.notify(code=word, **said) == 200
    found = [(await calls.activation(each["id"]))["activationId"] for each in (older, newer, other)]
    assert found == [*words, None]
    assert await calls.notify(code=code(calls, 1)) == 200
    assert (await calls.activation(other["id"]))["activationId"] == code(calls, 1)


async def test_over_clients_the_oldest_too(calls: Calls) -> None:
    theirs = (await calls.fire(headers=OTHER)).json()
    await calls.later(2)
    mine = await calls.fired()
    await calls.notify(code=code(calls, 0))
    assert (await calls.activation(mine["id"]))["activationId"] is None
    seen = await calls.api.get(f"/activations/{theirs['id']}", headers=OTHER)
    assert seen.json()["activationId"] == code(calls, 0)


async def test_a_rule_id_names_the_rule_whatever_the_code_looks_like(calls: Calls) -> None:
    fire, hall = await calls.fired(), await calls.fired("hall")
    assert await calls.notify(code="9990000000261120093015", rule_id=HALL) == 200
    found = [(await calls.activation(each["id"]))["activationId"] for each in (fire, hall)]
    assert found == [None, "9990000000261120093015"]


@each("said", [{"code": "9990000000261120093015"}, {"code": FIRE + "261120093015", "rule_id": "9990000000"}])
async def test_a_rule_that_nobody_configured(calls: Calls, said: dict[str, str]) -> None:
    """By hand at the vendor, or by a sensor: no rule of ours with its id is meant."""
    fire = await calls.fired()
    assert await calls.notify(**said) == 200
    assert (await calls.activation(fire["id"]))["activationId"] is None
    [orphan] = await calls.orphans()
    assert orphan["reference"] == said["code"]
    assert orphan["account"].startswith("iotcall/")


async def test_without_ids_the_only_one_that_waits(nameless: Calls) -> None:
    fire = await nameless.fired()
    assert await nameless.notify(code=code(nameless)) == 200
    assert (await nameless.activation(fire["id"]))["activationId"] == code(nameless)


@each("rules", [("fire", "hall"), ("fire", "fire")])
async def test_without_ids_of_two_that_wait_none(nameless: Calls, rules: tuple[str, str]) -> None:
    first = await nameless.fired(rules[0])
    await nameless.later(2)
    second = await nameless.fired(rules[1])
    assert await nameless.notify(code=code(nameless)) == 200
    for activation in (first, second):
        assert (await nameless.activation(activation["id"]))["activationId"] is None
    assert [each["reference"] for each in await nameless.orphans()] == [code(nameless)]


async def test_without_ids_who_was_refused_or_never_left_does_not_wait(calls: Calls) -> None:
    """`refused` is the one rule without an id here."""
    await calls.fired("refused")
    calls.cut["alarm"] = closed
    await calls.later(2)
    assert (await calls.fire("refused")).status_code == 503
    assert await calls.notify(code="9990000000261120093015") == 200
    assert len(await calls.orphans()) == 1


@each("waited", [119, 121])
async def test_within_two_minutes(calls: Calls, waited: int) -> None:
    first = await calls.fired()
    await advance(calls.harness, waited)
    assert await calls.notify(code=code(calls)) == 200
    named = (await calls.activation(first["id"]))["activationId"]
    assert named == (code(calls) if waited < 120 else None)
    assert len(await calls.orphans()) == (0 if waited < 120 else 1)


async def test_what_waited_too_long_is_not_in_the_way(calls: Calls) -> None:
    await calls.fired()
    await calls.later(121)
    second = await calls.fired()
    await calls.notify(code=code(calls))
    assert (await calls.activation(second["id"]))["activationId"] == code(calls)


async def test_one_that_was_never_written_is_passed_over(calls: Calls) -> None:
    """Its process died after it had queued for a name, and before it asked for anything."""
    store, provider = calls.here.store, calls.here.settings.providers["alarm"]
    await store.know_time()
    dead = await calls.here.activating._acceptor.new_id(calls.here.settings.clients["shop"])
    await calls.here.activating._waiting.join(provider.account, "fire", dead, store.clock.now() + 120_000)
    first = await calls.fired()
    await calls.notify(code=code(calls))
    assert (await calls.activation(first["id"]))["activationId"] == code(calls)


async def test_several_in_one_push(calls: Calls) -> None:
    fire, hall = await calls.fired(), await calls.fired("hall")
    body = json.dumps([{"code": code(calls, 0)}, {"code": code(calls, 1)}]).encode()
    assert (await calls.api.post(URL, content=body, headers={"Content-Type": "application/json"})).status_code == 200
    found = [(await calls.activation(each["id"]))["activationId"] for each in (fire, hall)]
    assert found == [code(calls, 0), code(calls, 1)]


TWIN = """
[providers.twin]
type = "iotcall"
base_url = "{url}"
auth_code = "{auth}"
callback_secret = "{secret}"
rules = {{ attic = {{ key = "keyofattic", id = "{flood}9" }} }}
"""


@each("auth", ["authcode", "anothercode"])
async def test_of_another_account(opened: OpenCalls, auth: str, redis_url: str) -> None:
    """All providers of one account have one callback."""
    fields: dict[str, Any] = {"auth": auth, "secret": SECRET, "flood": FLOOD}
    calls = await opened(extra=TWIN.format(url="http://127.0.0.1:1", **fields))
    twin = calls.here.settings.providers["twin"]
    if auth == "authcode":
        twin.account = calls.here.settings.providers["alarm"].account
    first = await calls.fired()
    assert await calls.notify("twin", code=code(calls)) == 200
    named = (await calls.activation(first["id"]))["activationId"]
    assert named == (code(calls) if auth == "authcode" else None)
