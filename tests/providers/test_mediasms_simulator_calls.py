"""Calls of the simulated MediaSMS: its letter, and what it pushes, read by the adapter."""

from __future__ import annotations

import asyncio
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec
import pytest

from gateway.errors import LostAnswer
from gateway.model.voice import Call, Proof
from gateway.provider import Accepted, Busy, Callback, Unreadable
from gateway.providers.mediasms import codes
from gateway.sandbox.mediasms import MediaSMSSimulator
from gateway.sandbox.mediasms_letter import IVR_PARAMETERS, PARAMETERS, Account, oddities
from gateway.sandbox.server import Answer, Request, VendorServer
from tests.providers.bench import DELIVERED, number
from tests.providers.mediasms_tools import (
    CALLED,
    IVR,
    LANDLINE,
    answered,
    ask,
    call_in,
    call_out,
    calling,
    proofs,
    pushing_calls,
    simulated,
)

pytestmark = pytest.mark.anyio

CALLED_IN = Proof(method="call_in", number=DELIVERED, texted=False)

# What is refused

IN: dict[str, str | None] = {"method": "4", "smstext": None, "iphone": IVR}
OUT: dict[str, str | None] = IN | {"method": "5", "holdingtime": "5", "repeatcall": "3"}
WITH_TEXT: dict[str, str | None] = {"method": "2", "iphone": IVR}
AT_HOME = {"mobilenumber": "0312345678"}
ABROAD = {"mobilenumber": "14155550123", "mobilecareer": "c"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        *((fields, "200") for fields in (IN, OUT, WITH_TEXT)),
        *((fields | {"mobilecareer": "b"}, "200") for fields in (IN, OUT, WITH_TEXT)),
        *((fields | {"holdingtime": minutes}, "200") for fields in (IN, OUT, WITH_TEXT) for minutes in ("0", "999")),
        *((fields | {"holdingtime": minutes}, "567") for fields in (IN, OUT, WITH_TEXT) for minutes in ("1000", "x")),
        *((OUT | {"repeatcall": times}, "200") for times in ("0", "99")),
        *((OUT | {"repeatcall": times}, "568") for times in ("100", "-1")),
        (OUT | {"holdingtime": None}, "567"),
        (OUT | {"holdingtime": ""}, "567"),
        (OUT | {"repeatcall": None}, "568"),
        *((fields | {"iphone": None}, "550") for fields in (IN, OUT, WITH_TEXT)),
        *((fields | {"iphone": "05087654321"}, "550") for fields in (IN, OUT, WITH_TEXT)),
        *((fields | AT_HOME, "550") for fields in (IN, OUT, WITH_TEXT)),
        *((fields | AT_HOME | {"mobilecareer": "1"}, "550") for fields in (IN, OUT, WITH_TEXT)),
        *((fields | AT_HOME | {"mobilecareer": career}, "200") for fields in (IN, OUT) for career in "ab"),
        (IN | {"mobilecareer": "a", "mobilenumber": "05098765432"}, "200"),
        (IN | {"mobilecareer": "a", "mobilenumber": "312345678"}, "550"),
        (IN | {"mobilecareer": "b", "mobilenumber": "031234567890"}, "550"),
        (IN | {"mobilecareer": "a"}, "560"),
        (OUT | {"mobilecareer": "a"}, "560"),
        (WITH_TEXT | {"mobilecareer": "a"}, "560"),
        (WITH_TEXT | AT_HOME | {"mobilecareer": "a"}, "560"),
        (WITH_TEXT | AT_HOME | {"mobilecareer": "b"}, "550"),
        (OUT | ABROAD, "560"),
        (IN | ABROAD, "200"),
        (WITH_TEXT | {"smstext": None}, "550"),
        (WITH_TEXT | {"smstext": None, "smstextid": "1"}, "200"),
        (IN | {"smstext": "hello"}, "200"),
        (IN | {"smstext": "①"}, "550"),
        *((fields | {"method": method}, "561") for fields in (IN, OUT) for method in "3679"),
    ],
)
async def test_codes(fields: dict[str, str | None], code: str) -> None:
    async with simulated(delay=60, overseas=True) as bench:
        for method in ("POST", "GET"):
            assert await answered(bench, method, **fields) == code
        assert sum(map(len, bench.simulator.accepted.values())) == 2 * (code == "200")
        assert bench.simulator.requests == {"a1": 2}
        assert bench.simulator.violations == ["smsid is not unique"] * (code == "200")


@pytest.mark.parametrize("fields", [IN, OUT, WITH_TEXT])
async def test_calls_are_to_be_agreed_on(fields: dict[str, str | None]) -> None:
    async with simulated(ivr_number="") as bench:
        assert await answered(bench, **fields) == "561"
        assert await answered(bench, **OUT | ABROAD) == "560"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"method": "4", "iphone": IVR, "holdingtime": "1"}, []),
        ({"method": "5", "iphone": IVR, "holdingtime": "1", "repeatcall": "1"}, []),
        ({"method": "4", "iphone": IVR, "repeatcall": "1"}, ["repeatcall is for calls out"]),
        ({"method": "2", "iphone": IVR, "smstext": "a" * 141}, ["smstext is cut off"]),
        ({"method": "4", "rings": "1"}, ["'rings' is not in the document"]),
    ],
)
def test_oddities_of_calls(fields: dict[str, str], found: list[str]) -> None:
    account = Account(long_text=False, overseas=False, titles=True, templates=(), ivr_number=IVR)
    assert list(oddities(tuple(fields.items()), account)) == found


# What is pushed


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
async def test_the_owner_calls_in(encoding: str) -> None:
    async with pushing_calls(encoding=encoding) as bench:
        assert await ask(bench, call_in()) == Accepted("200")
        assert await proofs(bench) == [CALLED_IN]
        (push,) = bench.pushed
        told = dict(parse_qsl(push.body.decode(), keep_blank_values=True, encoding=encoding))
        assert tuple(told) == IVR_PARAMETERS
        asked = {"mobilenumber": "09012345678", "method": "4", "iphone": IVR, "holdingtime": "10"}
        assert {name: value for name, value in told.items() if value} == asked
        assert push.kind == "ivr"
        assert bench.simulator.pushes == {CALLED: 1}
        assert bench.simulator.violations == []


def test_the_push_is_as_printed() -> None:
    assert {*PARAMETERS} - {*IVR_PARAMETERS} == {"status", "smsid"}


@pytest.mark.parametrize("lines", ["landline", "any"])
async def test_from_a_landline(lines: Literal["landline", "any"]) -> None:
    async with pushing_calls() as bench:
        assert await ask(bench, call_in(LANDLINE, lines=lines)) == Accepted("200")
        assert await proofs(bench) == [Proof(method="call_in", number=LANDLINE, texted=False)]
        assert bench.simulator.taken(LANDLINE) == 1


async def test_with_a_text_that_is_reported_on() -> None:
    async with pushing_calls() as bench:
        assert await ask(bench, call_in(text="please call あ")) == Accepted("200")
        assert await proofs(bench, 3) == [msgspec.structs.replace(CALLED_IN, texted=True)]
        assert bench.simulator.accepted[CALLED][0].text == "please call あ"
        results = [receipt for push in bench.pushed for receipt in bench.adapter.receipts(push)]
        assert [(each.reference, each.provider_code) for each in results] == [(CALLED, "14"), (CALLED, "1")]
        assert bench.simulator.pushes == {CALLED: 3}


@pytest.mark.parametrize("call", [call_in(), call_out()])
async def test_an_account_may_echo_the_smsid(call: Call) -> None:
    async with pushing_calls(ivr_smsid=True, codes="ivr") as bench:
        await ask(bench, call)
        (proof,) = await proofs(bench)
        assert (proof.method, proof.reference, proof.number) == (call.method, CALLED, DELIVERED)


@pytest.mark.parametrize("words", [False, True])
async def test_a_code_comes_among_the_results(words: bool) -> None:
    async with pushing_calls(words=words) as bench:
        assert await ask(bench, call_out()) == Accepted("200")
        assert await proofs(bench) == [Proof(method="call_out", reference=CALLED, number=DELIVERED, code="345678")]
        (push,) = bench.pushed
        told = dict(parse_qsl(push.body.decode(), keep_blank_values=True))
        assert tuple(told) == (*PARAMETERS, "authcode")
        assert told["status"] == ("送信済" if words else "1")
        assert (told["holdingtime"], told["repeatcall"], told["iphone"]) == ("10", "5", IVR)
        assert push.kind == "delivery"
        assert bench.simulator.violations == []


async def test_a_code_may_come_with_the_pushes_of_calls() -> None:
    async with pushing_calls(codes="ivr") as bench:
        await ask(bench, call_out(LANDLINE, lines="landline"))
        assert await proofs(bench) == [Proof(method="call_out", number=LANDLINE, code="345678")]
        assert bench.pushed[0].kind == "ivr"


async def test_a_code_is_not_among_results_nobody_asked_for() -> None:
    async with pushing_calls() as bench:
        assert await answered(bench, **OUT | {"status": "0"}) == "200"
        assert await answered(bench, **IN | {"status": None, "smsid": None}) == "200"
        assert await proofs(bench) == [CALLED_IN], "for calls in nothing need be asked for"


@pytest.mark.parametrize("call", [call_in(), call_out()])
async def test_pushes_may_come_by_get(call: Call) -> None:
    got: list[Request] = []
    came = asyncio.Event()

    async def receive(request: Request) -> Answer:
        got.append(request)
        came.set()
        return Answer(200)

    receiver = VendorServer(receive)
    await receiver.start()
    async with simulated(by="GET", codes="ivr", encoding="cp932") as bench:
        bench.simulator.ivr_url = f"{receiver.url}/callbacks/media/secret/ivr"
        await ask(bench, call)
        async with asyncio.timeout(5):
            await came.wait()
    await receiver.stop()
    (request,) = got
    assert (request.method, request.path, request.body) == ("GET", "/callbacks/media/secret/ivr", b"")
    (proof,) = calling.proofs(Callback(kind="ivr", query=tuple(request.query.items())))
    assert (proof.method, proof.number) == (call.method, DELIVERED)


async def test_a_failed_push_is_made_again() -> None:
    async with pushing_calls() as bench:
        bench.replies += [503]
        await ask(bench, call_in())
        assert await proofs(bench, 2) == [CALLED_IN] * 2
        assert bench.simulator.pushes == {CALLED: 1}


# What numbers and times provoke


@pytest.mark.parametrize("ending", ["0003", "0040"])
@pytest.mark.parametrize("asked", [call_in, call_out])
async def test_nobody_calls_in_or_takes_the_call(ending: str, asked: Any) -> None:
    async with pushing_calls() as bench:
        assert await ask(bench, asked(number(ending))) == Accepted("200")
        await asyncio.sleep(0.1)
        assert not bench.pushed


@pytest.mark.parametrize(("asked", "kind"), [(call_in, "ivr"), (call_out, "delivery")])
async def test_it_is_pushed_twice(asked: Any, kind: str) -> None:
    async with pushing_calls() as bench:
        await ask(bench, asked(number("0041")))
        first, second = await proofs(bench, 2)
        assert first == second
        assert {push.kind for push in bench.pushed} == {kind}


@pytest.mark.parametrize(
    "call", [call_in(number("0042")), call_in(number("0042"), text="hi"), call_out(number("0042"))]
)
async def test_a_call_is_refused_and_a_message_is_not(call: Call) -> None:
    async with pushing_calls() as bench:
        for _ in range(2):
            assert await ask(bench, call) == codes.outcome("550")
        assert not bench.simulator.accepted
        assert await bench.send(call.number) == Accepted("200")
        assert [each.outcome for each in await bench.receipts(2)] == [None, "delivered"]


@pytest.mark.parametrize(("ending", "code"), [("0005", "550"), ("0006", "402")])
async def test_what_is_refused_to_messages_is_to_calls(ending: str, code: str) -> None:
    async with pushing_calls() as bench:
        for call in (call_in(number(ending)), call_out(number(ending))):
            assert await ask(bench, call) == codes.outcome(code)
        assert not bench.simulator.accepted


@pytest.mark.parametrize("asked", [call_in, call_out])
@pytest.mark.parametrize(("ending", "takes"), [("0007", 0), ("0010", 0), ("0011", 1), ("0012", 0), ("0013", 1)])
async def test_answers_are_lost_as_those_of_messages(ending: str, takes: int, asked: Any) -> None:
    async with pushing_calls() as bench:
        try:
            first: object = await ask(bench, asked(number(ending)))
        except LostAnswer as error:
            first = error
        lost: dict[str, type] = {"0007": Busy, "0012": Unreadable, "0013": Unreadable}
        assert isinstance(first, lost.get(ending, LostAnswer))
        assert len(await proofs(bench, takes)) == takes == bench.simulator.taken(number(ending))
        assert await ask(bench, asked(number(ending)), CALLED[:-1] + "2") == Accepted("200")
        assert len(await proofs(bench, takes + 1)) == takes + 1


@pytest.mark.parametrize("call", [call_in(number("0020")), call_out(number("0020"))])
async def test_a_late_call(call: Call) -> None:
    async with pushing_calls() as bench:
        await ask(bench, call)
        await asyncio.sleep(0.1)
        assert not bench.pushed
        assert len(await proofs(bench)) == 1


@pytest.mark.parametrize("fields", [IN, OUT])
async def test_nobody_calls_after_the_holding_time(fields: dict[str, str | None]) -> None:
    async with pushing_calls() as bench:
        assert await answered(bench, **fields | {"holdingtime": "0"}) == "200"
        await asyncio.sleep(0.1)
        assert not bench.pushed
        assert await answered(bench, **fields | {"holdingtime": "1", "smsid": "a2"}) == "200"
        assert len(await proofs(bench)) == 1


# As a part in the sandbox


def test_the_sandbox_pushes_calls_where_the_gateway_listens() -> None:
    playing = MediaSMSSimulator.play("http://gateway/callbacks/media/secret", delay=0.3, late=5)
    assert playing.callback_url == "http://gateway/callbacks/media/secret/delivery"
    assert playing.ivr_url == "http://gateway/callbacks/media/secret/ivr"
    assert MediaSMSSimulator.SETTINGS["ivr_number"] == IVR
    told = MediaSMSSimulator.endings()
    assert all("call" in told[ending] for ending in ("0040", "0041", "0042"))
