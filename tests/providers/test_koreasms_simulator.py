"""The simulated koreasms on real sockets, driven by the adapter over the real transport."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.errors import LostAnswer
from gateway.model.reasons import Reason
from gateway.model.values import Secret
from gateway.provider import Accepted, Balance, Declined, Refused, SendOutcome, Unreadable, VendorRequest
from gateway.providers.koreasms import TYPE, KoreaSMSSettings, codes
from gateway.sandbox.koreasms import ENDINGS, MESSAGES, KoreaSMSSimulator
from gateway.sandbox.server import Simulator
from tests.providers.bench import FORM
from tests.providers.koreasms_tools import BARE, TO, KoreaSMSBench, configured, simulated

pytestmark = pytest.mark.anyio

KEY, ID, SENDER = BARE["key"], BARE["id"], "0212345678"
OTHER = "+82112345678"


def number(ending: str, middle: int = 1234) -> str:
    return f"+8210{middle:04}{ending}"


async def ask(
    bench: KoreaSMSBench,
    path: str = "/messages/api",
    *,
    method: Any = "POST",
    kind: str = FORM,
    query: str = "",
    encoding: str = "utf-8",
    more: str = "",
    **fields: str | None,
) -> dict[str, Any]:
    """The answer to a request with these fields changed, None leaving one out."""
    basics = {"key": KEY, "id": ID, "send_number": SENDER, "message": "hello", "receiver": "01012345678"}
    if path.endswith("balance"):
        basics = {"key": KEY, "id": ID}
    given = {name: value for name, value in (basics | fields).items() if value is not None}
    body = (urlencode(given, encoding=encoding) + more).encode()
    url = f"{bench.simulator.base_url}{path}{query}"
    request = VendorRequest(method=method, url=url, headers=(("Content-Type", kind),), body=body)
    answer = await bench.exchange(request)
    assert answer.status == 200
    said: dict[str, Any] = json.loads(answer.body)
    return said


def reason(outcome: SendOutcome) -> Reason:
    assert isinstance(outcome, Refused)
    return outcome.reason


# What is taken


@pytest.mark.parametrize("strings", [False, True])
@pytest.mark.parametrize("separator", [" ", "|", ","])
async def test_any_number_is_taken(separator: Any, strings: bool) -> None:
    async with simulated(separator=separator, strings=strings, balance=1000) as bench:
        text = "1+1 = 2&가\n뷁 ~"
        outcome = await bench.send(TO, OTHER, text=text, subject="제목 1+1", sender="1544-1234")
        assert outcome == Accepted("0", 960)
        (call,) = bench.simulator.calls
        assert (call.receivers, call.text, call.subject) == (("01012345678", "0112345678"), text, "제목 1+1")
        assert (call.sender, call.send_at, call.code, call.taken) == ("15441234", "", 0, True)
        assert [bench.simulator.taken(each) for each in (TO, OTHER, "+821099999999")] == [1, 1, 0]
        assert not bench.simulator.violations


async def test_100_receivers_in_a_call() -> None:
    async with simulated() as bench:
        receivers = [f"+82105678{n:04}" for n in range(1000, 1100)]
        assert isinstance(await bench.send(*receivers), Accepted)
        assert all(bench.simulator.taken(each) == 1 for each in receivers)


async def test_an_sms_up_to_80_bytes_then_an_lms_each_at_its_price() -> None:
    async with simulated(balance=1000, sms=20, lms=50) as bench:
        assert await bench.send(TO, text="가" * 40) == Accepted("0", 980)
        assert await bench.send(TO, text="가" * 40 + "a") == Accepted("0", 930)
        assert await bench.send(TO, OTHER, text="a" * 2000) == Accepted("0", 830)
        assert bench.simulator.taken(TO) == 3


async def test_the_vendor_has_no_memory_for_equal_calls() -> None:
    async with simulated() as bench:
        for _ in range(2):
            assert isinstance(await bench.send(TO, reference="same"), Accepted)
        assert bench.simulator.taken(TO) == 2


# What numbers provoke


@pytest.mark.parametrize("ending", ["0001", "0002", "0003", "0004", *(f"00{n}" for n in range(20, 27))])
async def test_other_endings_are_taken_and_nothing_is_ever_reported(ending: str) -> None:
    async with simulated() as bench:
        assert ending not in KoreaSMSSimulator.endings()
        assert isinstance(await bench.send(number(ending)), Accepted)
        assert not bench.pushed


@pytest.mark.parametrize(
    ("ending", "code", "why", "divisible"),
    [("0005", "10", Reason.PROVIDER_ERROR, True), ("0006", "9", Reason.INSUFFICIENT_BALANCE, False)],
)
async def test_refused_every_time_with_all_in_the_call(ending: str, code: str, why: Reason, divisible: bool) -> None:
    async with simulated(balance=100) as bench:
        for receivers in ([number(ending)], [TO, number(ending)], [number(ending), TO]):
            outcome = await bench.send(*receivers)
            assert isinstance(outcome, Refused)
            assert (outcome.provider_code, outcome.reason, outcome.divisible) == (code, why, divisible)
            assert outcome.balance == 100
        assert bench.simulator.taken(TO) == bench.simulator.taken(number(ending)) == 0
        assert await bench.send(TO) == Accepted("0", 80)
        assert not bench.simulator.violations


async def test_refused_the_first_time() -> None:
    async with simulated() as bench:
        asked = number("0007")
        assert reason(await bench.send(asked)) is Reason.PROVIDER_ERROR
        assert bench.simulator.taken(asked) == 0
        assert isinstance(await bench.send(asked), Accepted)
        assert bench.simulator.taken(asked) == 1


@pytest.mark.parametrize(("ending", "takes"), [("0010", 0), ("0011", 1)])
async def test_the_first_answer_is_lost(ending: str, takes: int) -> None:
    async with simulated(balance=1000) as bench:
        asked = number(ending)
        with pytest.raises(LostAnswer):
            await bench.send(asked)
        assert bench.simulator.taken(asked) == takes
        assert await bench.send(asked) == Accepted("0", 980 - 20 * takes)
        assert bench.simulator.taken(asked) == takes + 1


@pytest.mark.parametrize(("ending", "takes"), [("0012", 0), ("0013", 1)])
async def test_the_first_answer_is_a_page(ending: str, takes: int) -> None:
    async with simulated() as bench:
        asked = number(ending)
        assert isinstance(await bench.send(asked), Unreadable)
        assert bench.simulator.taken(asked) == takes
        assert isinstance(await bench.send(asked), Accepted)
        assert bench.simulator.taken(asked) == takes + 1


async def test_an_ending_strikes_each_text_to_a_number_once() -> None:
    async with simulated() as bench:
        for text in ("one", "two", "one"):
            assert isinstance(await bench.send(number("0012"), text=text), Unreadable)
            assert isinstance(await bench.send(number("0012"), text=text), Accepted)


async def test_the_first_number_with_an_ending_decides_for_all_in_the_call() -> None:
    async with simulated() as bench:
        page, error, again = number("0013"), number("0007"), number("0007", 5678)
        assert isinstance(await bench.send(TO, page, error), Unreadable)
        assert [bench.simulator.taken(each) for each in (TO, page, error)] == [1, 1, 1]
        assert isinstance(await bench.send(error), Accepted), "the first call was for all in it"
        assert isinstance(await bench.send(page, again), Refused)
        assert isinstance(await bench.send(page, again), Accepted)


async def test_what_is_refused_has_not_struck() -> None:
    async with simulated(balance=19) as bench:
        assert reason(await bench.send(number("0012"))) is Reason.INSUFFICIENT_BALANCE
        bench.simulator.balance = 100
        assert isinstance(await bench.send(number("0012")), Unreadable)


def test_every_ending_is_described() -> None:
    described = KoreaSMSSimulator.endings()
    assert described.keys() == ENDINGS.keys()
    assert all(len(ending) == 4 and description for ending, description in described.items())
    assert len(set(described.values())) == len(described)


# To the letter


@pytest.mark.parametrize("path", ["/messages/api", "/messages/balance"])
async def test_1_for_another_method(path: str) -> None:
    login = urlencode({"key": KEY, "id": ID})
    async with simulated() as bench:
        for method in ("GET", "PUT"):
            assert (await ask(bench, path, method=method))["errorCode"] == 1
            assert (await ask(bench, path, method=method, query=f"?{login}"))["errorCode"] == 1


@pytest.mark.parametrize("given", [None, ""])
async def test_2_for_what_is_missing(given: str | None) -> None:
    async with simulated() as bench:
        for name in ("key", "id", "send_number", "receiver", "message"):
            assert (await ask(bench, **{name: given}))["errorCode"] == 2
        for name in ("key", "id"):
            assert (await ask(bench, "/messages/balance", **{name: given}))["errorCode"] == 2
        assert (await ask(bench, kind="application/json"))["errorCode"] == 2
        assert [call.code for call in bench.simulator.calls] == [2] * 6


async def test_3_for_another_key_or_id() -> None:
    async with simulated() as bench:
        for settings in ({"key": Secret("other")}, {"id": "other"}):
            bench.adapter = configured(base_url=bench.simulator.base_url, **settings)
            assert reason(await bench.send(TO)) is Reason.AUTHENTICATION_FAILED
            assert await bench.ask(bench.adapter.balance()) == Declined("3", MESSAGES[3])


async def test_4_and_5_for_an_address_or_an_account_that_may_not() -> None:
    async with simulated(balance=100) as bench:
        bench.simulator.suspended = True
        assert await bench.send(TO) == codes.refused(5, 100)
        assert await bench.ask(bench.adapter.balance()) == Declined("5", MESSAGES[5])
        bench.simulator.registered = False
        assert await bench.send(TO) == codes.refused(4, None)
        assert await bench.ask(bench.adapter.balance()) == Declined("4", MESSAGES[4])
        bench.simulator.suspended, bench.simulator.registered = False, True
        assert await bench.send(TO) == Accepted("0", 80)


async def test_6_for_a_sender_that_is_not_registered() -> None:
    async with simulated() as bench:
        assert reason(await bench.send(TO, sender="0299999999")) is Reason.SENDER_NOT_ALLOWED


@pytest.mark.parametrize("text", ["a" * 2000, "가" * 1000, "뷁" * 1000, "\n" * 2000])
async def test_7_for_more_than_2000_bytes(text: str) -> None:
    async with simulated() as bench:
        assert (await ask(bench, message=text))["errorCode"] == 0
        assert (await ask(bench, message=text + "a"))["errorCode"] == 7


async def test_8_for_more_than_100_receivers() -> None:
    async with simulated() as bench:
        receivers = [f"0105678{n:04}" for n in range(1000, 1101)]
        assert (await ask(bench, receiver=" ".join(receivers[1:])))["errorCode"] == 0
        assert (await ask(bench, receiver=" ".join(receivers)))["errorCode"] == 8


async def test_9_for_a_balance_that_does_not_cover_all() -> None:
    async with simulated(balance=59) as bench:
        receivers = [TO, OTHER, number("1111")]
        assert await bench.send(*receivers) == codes.refused(9, 59)
        assert await bench.send(*receivers[:2]) == Accepted("0", 19)
        assert await bench.send(TO) == codes.refused(9, 19)
        bench.simulator.balance = 20
        assert await bench.send(TO) == Accepted("0", 0)
        assert (bench.simulator.taken(TO), bench.simulator.taken(number("1111"))) == (2, 0)


@pytest.mark.parametrize(
    ("fields", "violation"),
    [
        ({"receiver": "01012345678 01012345678"}, "a receiver twice in one call"),
        *(
            ({"receiver": receiver}, "a receiver that is no Korean mobile number")
            for receiver in ("0212345678", "15441234", "010-1234-5678", "+821012345678", "0101234567", "01512345678")
        ),
        ({"receiver": "01012345678|0112345678"}, "a receiver that is no Korean mobile number"),
        ({"receiver": "01012345678 "}, "a receiver that is no Korean mobile number"),
        ({"message": "hello 😀"}, "a text outside CP949"),
        ({"message": "가", "encoding": "cp949"}, "a text outside CP949"),
        ({"subject": "₩"}, "a subject outside CP949"),
        ({"subject": "가" * 65}, "subject too long"),
        ({"client_tag": "a1"}, "unknown parameter client_tag"),
        ({"more": "&message=other"}, "a parameter twice"),
        ({"query": "?key=x"}, "a parameter in the query"),
    ],
)
async def test_10_for_what_has_no_code(fields: dict[str, Any], violation: str) -> None:
    async with simulated(balance=100) as bench:
        assert await ask(bench, **fields) == {"result": False, "errorCode": 10, "msg": MESSAGES[10], "balance": 100}
        assert list(bench.simulator.violations) == [violation]
        assert not bench.simulator.calls[0].taken


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2018-01-23 15:30:00", 0),
        ("", 0),
        ("2018-01-23 15:29:59", 10),
        ("2018-01-23T15:30:00", 10),
        ("2018-01-23 15:30", 10),
        ("2018-02-30 15:30:00", 10),
    ],
)
async def test_reservations_begin_in_half_an_hour(moment: str, code: int) -> None:
    async with simulated() as bench:
        assert (await ask(bench, send_datetime=moment))["errorCode"] == code
        assert bench.simulator.calls[0].send_at == moment
        assert list(bench.simulator.violations) == (["an impossible send_datetime"] if code else [])


async def test_answers_have_the_documents_fields() -> None:
    async with simulated(balance=666) as bench:
        taken = await ask(bench)
        assert taken == {"result": True, "errorCode": 0, "msg": "성공", "balance": 646}
        assert await ask(bench, "/messages/balance") == {"result": True, "balance": 646}
        assert await ask(bench, key="x") == {"result": False, "errorCode": 3, "msg": MESSAGES[3]}
    async with simulated(balance=666, strings=True) as bench:
        assert await ask(bench) == {"result": "true", "errorCode": "0", "msg": "성공", "balance": "646"}
        elsewhere = VendorRequest(method="POST", url=bench.simulator.base_url + "/messages")
        assert (await bench.exchange(elsewhere)).status == 404


@pytest.mark.parametrize("strings", [False, True])
async def test_the_balance(strings: bool) -> None:
    async with simulated(balance=100, strings=strings) as bench:
        assert await bench.ask(bench.adapter.balance()) == Balance(100, "KRW", "won")
        await bench.send(TO)
        assert await bench.ask(bench.adapter.balance()) == Balance(80, "KRW", "won")
        assert not bench.simulator.violations
        await ask(bench, "/messages/balance", send_number=SENDER)
        assert list(bench.simulator.violations) == ["unknown parameter send_number"]


async def test_ledgers_forget() -> None:
    async with simulated(keep=2) as bench:
        for middle in (1, 2, 3):
            await bench.send(number("1111", middle))
        assert [call.receivers for call in bench.simulator.calls] == [("01000021111",), ("01000031111",)]
        assert [bench.simulator.taken(number("1111", middle)) for middle in (1, 2, 3)] == [0, 1, 1]


# As the sandbox plays it


async def test_it_plays_the_account_of_its_settings() -> None:
    kind: type[Simulator] = KoreaSMSSimulator
    playing = kind.play("http://127.0.0.1:1/callbacks", delay=0.1, late=1.0)
    await playing.start()
    try:
        settings: dict[str, Any] = dict(kind.SETTINGS) | {"key": Secret(kind.SETTINGS["key"])}
        adapter = TYPE.build("korea", KoreaSMSSettings(base_url=playing.base_url, **settings))
        async with simulated() as bench:
            bench.adapter = adapter
            assert isinstance(await bench.send(TO), Accepted)
        assert playing.taken(TO) == 1
    finally:
        await playing.stop()
