"""Numbers whose owner calls in: what the vendor is asked for, and which of its pushes prove what."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from tests import call_tools
from tests.call_tools import (
    IVR_NUMBER,
    LANDLINE,
    MINUTES,
    QUIET,
    TEXTS_KEY,
    Calls,
    OpenCalls,
    bare,
    plain,
)
from tests.harness import SECRET, advance, eventually
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import problem
from tests.verification_tools import PATH, look

opened, calls = call_tools.opened, call_tools.calls
pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize
EXPIRY = MINUTES * 60
IVR = {"method": "4", "mobilenumber": "0" + QUIET[3:], "iphone": IVR_NUMBER, "holdingtime": str(MINUTES)}


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


# What is asked for


@each("text", ["", "Please call 05012345678"])
@each(
    ("number", "lines", "career"),
    [
        (QUIET, None, None),
        (QUIET, "mobile", None),
        (QUIET, "any", "b"),
        (LANDLINE, None, "a"),
        (LANDLINE, "landline", "a"),
        (LANDLINE, "any", "b"),
        ("+815012340040", None, "b"),
    ],
)
async def test_what_the_vendor_is_asked_for(
    calls: Calls, number: str, lines: str | None, career: str | None, text: str
) -> None:
    body = {"number": number} | ({"lines": lines} if lines else {}) | ({"text": text} if text else {})
    answer = await calls.begin(**body, clientTag="t")
    if text and number != QUIET:
        assert answer.status_code in (400, 422), answer.text
        assert "/text" in [error["pointer"] for error in answer.json()["errors"]]
        assert calls.times("media") == 0
        return
    assert answer.status_code == 202, answer.text
    first = answer.json()
    assert answer.headers["location"] == f"{PATH}/{first['id']}"
    expected = {
        "method": "call_in",
        "number": number,
        "status": "pending",
        "final": False,
        "callNumber": IVR_NUMBER,
        "confirmed": True,
        "provider": "media",
        "clientTag": "t",
    }
    assert expected.items() <= first.items()
    assert not {"attemptsLeft", "messageId", "verifiedAt", "reason"} & first.keys()
    assert moment(first["expiresAt"]) - moment(first["createdAt"]) == EXPIRY
    fields = {
        "mobilenumber": "0" + number[3:],
        "method": "2" if text else "4",
        "iphone": IVR_NUMBER,
        "holdingtime": str(MINUTES),
        "status": "1",
        "smsid": f"{bare(first)}v1",
    }
    assert calls.sent(first) == fields | ({"smstext": text} if text else {}) | (
        {"mobilecareer": career} if career else {}
    )
    assert not calls.media.violations


@each(
    ("body", "pointer"),
    [
        ({"number": LANDLINE, "text": "x"}, "/text"),
        ({"number": LANDLINE, "text": "x", "lines": "any"}, "/text"),
        ({"text": "x", "lines": "landline"}, "/text"),
        ({"lines": "landline"}, "/lines"),
        ({"number": LANDLINE, "lines": "mobile"}, "/lines"),
        ({"lines": "satellite"}, "/lines"),
        ({"number": "0120123456"}, "/number"),
        ({"number": "0990123456"}, "/number"),
        ({"method": "call_out", "number": "0120123456"}, "/number"),
        ({"method": "call_out", "number": "0990123456"}, "/number"),
        ({"number": "12"}, "/number"),
        ({"validMinutes": 0}, "/validMinutes"),
        ({"validMinutes": 1000}, "/validMinutes"),
        ({"rings": 7}, "/rings"),
        ({"text": ""}, "/text"),
        ({"text": "\ud800"}, "/text"),
        ({"method": "call_out", "rings": 0}, "/rings"),
        ({"method": "call_out", "rings": 100}, "/rings"),
        ({"method": "call_out", "text": "x"}, "/text"),
        ({"method": "call_up"}, "/method"),
        ({"provider": "nobody"}, "/provider"),
    ],
)
async def test_a_body_that_cannot_be(calls: Calls, body: dict[str, Any], pointer: str) -> None:
    if body.get("text") == "\ud800":
        raw = b'{"method":"call_in","number":"' + QUIET.encode() + b'","validMinutes":5,"text":"\\ud800"}'
        answer = await calls.api.post(PATH, content=raw, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        return
    error = problem(await calls.begin(**body), 400, "invalid_request")
    assert [each["pointer"] for each in error["errors"]] == [pointer]
    assert calls.times("media") == 0


async def test_a_national_number_is_the_same_one(calls: Calls) -> None:
    first = await calls.begun(number="0" + QUIET[3:])
    assert first["number"] == QUIET
    problem(await calls.begin(), 409, "verification_pending")


@each("body", [{"provider": "media"}, {"provider": "main"}, {"provider": "alarm"}, {}])
async def test_without_a_number_for_calls_nobody_can(opened: OpenCalls, body: dict[str, Any]) -> None:
    calls = await opened(more="")
    error = problem(await calls.begin(**body), 422, "unsupported" if body else "no_route")
    assert error.get("provider") == body.get("provider")
    assert calls.times("media") == 0


async def test_a_vendor_that_cannot_text_so_much(calls: Calls) -> None:
    error = problem(await calls.begin(text="あ" * 71), 422, "no_route")
    assert "/text" in [each["pointer"] for each in error["errors"]]
    assert problem(await calls.begin(text="あ" * 71, provider="media"), 422, "unsupported")["provider"] == "media"


async def test_a_client_that_may_not_use_the_provider(calls: Calls) -> None:
    problem(await calls.begin(headers=TEXTS_KEY), 422, "no_route")
    assert problem(await calls.begin(headers=TEXTS_KEY, provider="media"), 403, "forbidden")
    assert calls.times("media") == 0


async def test_a_number_abroad(calls: Calls) -> None:
    problem(await calls.begin(number="+12125550123"), 422, "no_route")


# What the vendor pushes


@each("verb", ["GET", "POST"])
@each("echoed", [False, True])
async def test_the_owner_calls(calls: Calls, verb: str, echoed: bool) -> None:
    first = await calls.begun()
    smsid = {"smsid": f"{bare(first)}v1"} if echoed else {}
    assert await calls.push(verb=verb, **IVR, **smsid) == 200
    now = await look(calls.harness, first["id"])
    assert (now["status"], now["final"], now["confirmed"]) == ("verified", True, True)
    assert moment(now["verifiedAt"]) >= moment(first["createdAt"])
    assert await calls.told(first) == ["verification.verified"]
    assert await calls.orphans() == []


@each("ivr_smsid", [False, True])
async def test_the_simulated_vendor_pushes(opened: OpenCalls, ivr_smsid: bool) -> None:
    calls = await opened(media={"ivr_smsid": ivr_smsid})
    for number, text in (("+819012345678", ""), ("+819012340041", "call us"), ("+81312345678", "")):
        first = await calls.begun(number=number, **({"text": text} if text else {}))
        until = asyncio.get_running_loop().time() + 5
        while (await look(calls.harness, first["id"]))["status"] != "verified":
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.02)
        # 0041 is pushed twice, and with a text there are two results more.
        await eventually(lambda f=first, t=text: calls.media.pushes[f"{bare(f)}v1"] == (4 if t else 1))
        await asyncio.sleep(0.05)
        assert await calls.told(first) == ["verification.verified"]
    assert await calls.orphans() == []


@each(
    ("said", "status"),
    [
        (IVR, 404),
        ({"method": "4"}, 400),
        ({"method": "6", "mobilenumber": IVR["mobilenumber"]}, 400),
        ({"method": "4", "mobilenumber": "nobody"}, 400),
        ({"nothing": "at all"}, 400),
        (IVR | {"smsid": "a" * 201}, 400),
    ],
)
@each("verb", ["GET", "POST"])
async def test_what_is_no_push(calls: Calls, said: dict[str, str], status: int, verb: str) -> None:
    first = await calls.begun()
    secret = "wrong-secret-1234567890" if status == 404 else SECRET
    assert await calls.push(verb=verb, secret=secret, **said) == status
    assert (await look(calls.harness, first["id"]))["status"] == "pending"
    assert await calls.orphans() == []


@each("kind", ["dlr", "activation", "IVR", ""])
async def test_another_kind_of_push(calls: Calls, kind: str) -> None:
    await calls.begun()
    assert await calls.push(kind, **IVR) == 404


async def test_a_repeated_push_changes_nothing(calls: Calls) -> None:
    first = await calls.begun()
    for _ in range(3):
        assert await calls.push(**IVR) == 200
    once = await look(calls.harness, first["id"])
    await advance(calls.harness, 1)
    assert await calls.push(**IVR, smsid=f"{bare(first)}v1") == 200
    assert await look(calls.harness, first["id"]) == once
    assert await calls.told(first) == ["verification.verified"]
    assert await calls.orphans() == []


@each("echoed", [False, True])
async def test_after_its_time_nobody_is_verified(calls: Calls, echoed: bool) -> None:
    first = await calls.begun()
    await advance(calls.harness, EXPIRY)
    assert await calls.push(**IVR, **({"smsid": f"{bare(first)}v1"} if echoed else {})) == 200
    now = await look(calls.harness, first["id"])
    assert (now["status"], now["final"]) == ("expired", True)
    assert "verifiedAt" not in now
    assert await calls.told(first) == ["verification.expired"]
    assert len(await calls.orphans()) == (0 if echoed else 1)


async def test_a_moment_before_it_is_over(calls: Calls) -> None:
    first = await calls.begun()
    await advance(calls.harness, EXPIRY - 2)
    assert await calls.push(**IVR) == 200
    assert (await look(calls.harness, first["id"]))["status"] == "verified"


async def test_before_the_vendor_answered(calls: Calls) -> None:
    calls.meanwhile = calls.push
    first = await calls.begun()
    assert (first["status"], first["confirmed"]) == ("verified", True)
    assert await calls.told(first) == ["verification.verified"]


@each("kind", ["refused", "lost"])
async def test_a_push_before_an_answer_that_says_otherwise(
    calls: Calls, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner called: whatever the request is answered then."""
    exchange = calls.here.transport.exchange

    async def answer(provider: Any, request: Any) -> Any:
        await exchange(provider, request)
        await calls.push()
        if kind == "refused":
            return plain("550")
        raise call_tools.silent()

    monkeypatch.setattr(calls.here.transport, "exchange", answer)
    response = await calls.begin()
    assert response.status_code == 202, response.text
    assert response.json()["status"] == "verified"
    assert await calls.told(response.json()) == ["verification.verified"]


@each(
    ("said", "orphans"),
    [
        (IVR | {"method": "5", "authcode": "123456"}, 1),
        ({"mobilenumber": IVR["mobilenumber"], "authcode": "123456"}, 1),
        (IVR | {"method": "5"}, 0),  # without a code it says nothing
        (IVR | {"method": "2"}, 1),  # no text went with it
        (IVR | {"mobilenumber": "09012340042"}, 1),
        (IVR | {"smsid": "another-system-77"}, 1),
        (IVR | {"smsid": "0" * 26 + "v1"}, 1),
        (IVR | {"smsid": "0" * 26 + "g1"}, 1),
    ],
)
async def test_what_is_about_something_else(calls: Calls, said: dict[str, str], orphans: int) -> None:
    first = await calls.begun()
    assert await calls.push(**said) == 200
    assert (await look(calls.harness, first["id"]))["status"] == "pending"
    assert await calls.told(first) == []
    assert len(await calls.orphans()) == orphans


async def test_an_smsid_with_anothers_number(calls: Calls) -> None:
    first = await calls.begun()
    assert await calls.push(**IVR | {"mobilenumber": "09012345678"}, smsid=f"{bare(first)}v1") == 200
    assert (await look(calls.harness, first["id"]))["status"] == "pending"
    assert len(await calls.orphans()) == 1


@each(("method", "status"), [("2", "verified"), ("4", "pending")])
async def test_the_owner_calls_after_a_text(calls: Calls, method: str, status: str) -> None:
    first = await calls.begun(text="call us")
    assert await calls.push(**IVR | {"method": method}) == 200
    assert (await look(calls.harness, first["id"]))["status"] == status


async def test_a_result_of_a_text_proves_nothing(calls: Calls) -> None:
    first = await calls.begun(text="call us")
    smsid = f"{bare(first)}v1"
    for status in ("14", "1", "18"):
        assert await calls.push("delivery", **IVR | {"method": "2", "smsid": smsid, "status": status}) == 200
    assert (await look(calls.harness, first["id"]))["status"] == "pending"
    assert await calls.orphans() == []


SECOND = """
[providers.second]
type = "mediasms"
base_url = "http://127.0.0.1:1"
username = "{user}"
password = "secret"
ivr_number = "05012345678"
callback_secret = "{secret}"
timeout = "1s"
"""


@each("user", ["user", "somebody-else"])
@each("echoed", [False, True])
async def test_a_push_of_another_account(opened: OpenCalls, user: str, echoed: bool) -> None:
    """All providers of one account have one callback; what another account says counts for none of them."""
    calls = await opened(extra=SECOND.format(user=user, secret=SECRET))
    first = await calls.begun(provider="media")
    smsid = {"smsid": f"{bare(first)}v1"} if echoed else {}
    assert await calls.push(provider="second", **IVR, **smsid) == 200
    same = user == "user"
    assert (await look(calls.harness, first["id"]))["status"] == ("verified" if same else "pending")
    assert len(await calls.orphans()) == (0 if same else 1)


async def test_an_orphan_holds_neither_number_nor_code(calls: Calls) -> None:
    assert await calls.push(method="5", mobilenumber="09077777777", authcode=call_tools.CODE) == 200
    [orphan] = await calls.orphans()
    assert orphan["account"] == "mediasms/user"
    assert "7777777" not in repr(orphan)
    assert call_tools.CODE not in repr(orphan)
