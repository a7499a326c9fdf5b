"""The simulated MediaSMS on real sockets, driven by the adapter, its pushes read by the adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.model.values import Secret
from gateway.provider import Accepted, Busy, Callback, Refused, SendOutcome, Unreadable, VendorAnswer, VendorRequest
from gateway.providers.mediasms import TYPE, MediaSMS, MediaSMSSettings, codes
from gateway.sandbox.mediasms import ECHOED, ENDINGS, WORDS, MediaSMSSimulator, shortened
from gateway.sandbox.server import Answer, Request, VendorServer

USER, PASSWORD = "shop", "pass-pass"
DELIVERED = "+819012345678"


class Bench:
    """A simulator, a receiver for its pushes, and an adapter configured for it."""

    def __init__(self, **options: Any) -> None:
        self.receiver = VendorServer(self._receive)
        self.got: list[Callback] = []
        self.replies: list[int] = []
        """Statuses the receiver answers, then always 200."""
        self.now = 0.0
        quick = {"delay": 0.04, "late": 0.6, "repeat_after": 0.01, "clock": lambda: self.now}
        self.simulator = MediaSMSSimulator(username=USER, password=PASSWORD, **(quick | options))
        self.adapter: MediaSMS
        self.client: httpx.AsyncClient

    async def __aenter__(self) -> Bench:
        await self.receiver.start()
        await self.simulator.start()
        self.simulator.callback_url = f"{self.receiver.url}/callbacks"
        self.adapter = self.configured(PASSWORD)
        self.client = httpx.AsyncClient(trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self.simulator.stop()
        await self.receiver.stop()

    async def _receive(self, request: Request) -> Answer:
        self.got.append(Callback(kind="delivery", content_type=request.headers["content-type"], body=request.body))
        return Answer(self.replies.pop(0) if self.replies else 200)

    def configured(self, password: str) -> MediaSMS:
        settings = MediaSMSSettings(
            base_url=self.simulator.url, username=USER, password=Secret(password), overseas=True, long_text=True
        )
        return TYPE.build("media", settings)

    async def exchange(self, request: VendorRequest) -> VendorAnswer:
        answer = await self.client.request(
            request.method, request.url, headers=list(request.headers), content=request.body
        )
        return VendorAnswer(answer.status_code, answer.content, answer.headers.get("content-type", ""))

    async def send(self, to: str, smsid: str = "a1", text: str = "hello", **fields: Any) -> SendOutcome:
        content = Content(to=to, text=text, encoding="gsm7", characters=5, segments=1, **fields)
        return self.adapter.send_outcome(await self.exchange(self.adapter.send_request(content, smsid)))

    async def ask(self, verb: str = "POST", **fields: str | None) -> str:
        """The code answered to a request with these fields changed, None leaving one out."""
        basics = {"mobilenumber": "09012345678", "smstext": "hello", "status": "1", "smsid": "a1", "method": "1"}
        given = {name: value for name, value in (basics | fields).items() if value is not None}
        where = {"params": given} if verb == "GET" else {"data": given}
        answer = await self.client.request(verb, self.simulator.url, auth=(USER, PASSWORD), **where)
        assert answer.status_code == 200
        return answer.text

    async def receipts(self, count: int = 2) -> list[Receipt]:
        """Waits until `count` pushes came, and a little longer for one too many."""
        async with asyncio.timeout(5):
            while len(self.got) < count:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.06)
        assert len(self.got) == count
        return [receipt for callback in self.got for receipt in self.adapter.receipts(callback)]


def run(scene: Callable[[Bench], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        async with Bench(**options) as bench:
            await scene(bench)

    asyncio.run(main())


def number(ending: str) -> str:
    return f"+81901234{ending}"


# What numbers provoke


@pytest.mark.parametrize("answers", ["bare", "html", "json"])
@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_any_number_is_delivered(answers: str, words: bool, encoding: str) -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.send(DELIVERED, text="1+1 = 2&あ〜", carrier="docomo", sender="Shop1") == Accepted("200")
        (taken,) = bench.simulator.accepted["a1"]
        assert (taken.number, taken.text) == ("09012345678", "1+1 = 2&あ〜")
        sending, delivered = await bench.receipts()
        assert (sending.reference, sending.outcome, sending.provider_code) == ("a1", None, "14")
        assert (delivered.outcome, delivered.reason, delivered.provider_code) == ("delivered", None, "1")
        told = dict(parse_qsl(bench.got[1].body.decode(), keep_blank_values=True, encoding=encoding))
        assert tuple(told) == ECHOED
        assert told["status"] == ("送信済" if words else "1")
        assert (told["mobilecareer"], told["smstitle"], told["iphone"]) == ("1", "Shop1", "")

    run(scene, answers=answers, words=words, encoding=encoding)


@pytest.mark.parametrize(
    ("ending", "docomo", "au", "reason"),
    [
        ("0001", "18", "10", Reason.HANDSET_UNREACHABLE),
        ("0002", "20", "20", Reason.HANDSET_REFUSED),
        ("0004", "19", "11", Reason.CARRIER_FAULT),
        ("0026", "0", "0", Reason.CARRIER_FAULT),
    ],
)
def test_undelivered(ending: str, docomo: str, au: str, reason: Reason) -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.send(number(ending), "d", carrier="docomo") == Accepted("200")
        assert await bench.send(number(ending), "a", carrier="au") == Accepted("200")
        final = {each.reference: each for each in await bench.receipts(4) if each.outcome}
        assert [final[smsid].provider_code for smsid in "da"] == [docomo, au]
        assert {(each.outcome, each.reason) for each in final.values()} == {("undelivered", reason)}

    run(scene)


@pytest.mark.parametrize(("ending", "code"), [("0005", "550"), ("0006", "402")])
@pytest.mark.parametrize("statuses", [False, True])
def test_refused_every_time(ending: str, code: str, statuses: bool) -> None:
    async def scene(bench: Bench) -> None:
        for _ in range(2):
            assert await bench.send(number(ending)) == codes.outcome(code)
        assert not bench.simulator.accepted
        assert bench.simulator.requests == {"a1": 2}

    run(scene, statuses=statuses)


@pytest.mark.parametrize(("ending", "takes"), [("0010", 0), ("0011", 1)])
def test_the_first_answer_is_lost(ending: str, takes: int) -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(DELIVERED, "other")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await bench.send(number(ending), "a1")
        assert len(bench.simulator.accepted.get("a1", ())) == takes
        assert await bench.send(number(ending), "a2") == Accepted("200")
        assert len(bench.simulator.accepted["a2"]) == 1
        await bench.receipts(4 + 2 * takes)

    run(scene)


@pytest.mark.parametrize(
    ("ending", "first", "takes"), [("0007", Busy, 0), ("0012", Unreadable, 0), ("0013", Unreadable, 1)]
)
def test_the_first_answer_is_another(ending: str, first: type, takes: int) -> None:
    async def scene(bench: Bench) -> None:
        assert isinstance(await bench.send(number(ending), "a1"), first)
        assert len(bench.simulator.accepted.get("a1", ())) == takes
        assert await bench.send(number(ending), "a1") == Accepted("200")
        assert len(bench.simulator.accepted["a1"]) == takes + 1, "taken twice: it does not look at the smsid"
        await bench.receipts(2 + 2 * takes)

    run(scene)


def test_a_late_receipt() -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(number("0020"))
        await asyncio.sleep(0.1)
        assert not bench.got
        assert [receipt.outcome for receipt in await bench.receipts()] == [None, "delivered"]

    run(scene)


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("0021", ["14", "1", "1"]),
        ("0022", ["1", "14"]),
        ("0024", ["14", "99"]),
        ("0025", ["18", "1"]),
    ],
)
def test_unusual_pushes(ending: str, told: list[str]) -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(number(ending))
        receipts = await bench.receipts(len(told))
        assert [receipt.provider_code for receipt in receipts] == told
        assert len({receipt.identity for receipt in receipts}) == len(set(told))
        assert bench.simulator.pushes == {"a1": len(told)}

    run(scene)


@pytest.mark.parametrize("ending", ["0003", "0023"])
def test_no_receipt(ending: str) -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.send(number(ending)) == Accepted("200")
        await asyncio.sleep(0.1)
        assert not bench.got

    run(scene)


def test_every_ending_is_described() -> None:
    assert all(len(ending) == 4 and behaviour.description for ending, behaviour in ENDINGS.items())
    assert len({behaviour.description for behaviour in ENDINGS.values()}) == len(ENDINGS)


def test_words_are_the_adapters() -> None:
    assert {codes.number(word): word for word in WORDS.values()} == WORDS


# To the letter


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "200"),
        ({"mobilenumber": "02012345678", "mobilecareer": "4", "method": None}, "200"),
        ({"mobilenumber": "14155550123", "mobilecareer": "c"}, "200"),
        ({"smsid": "a" * 50, "smstitle": "Shop1"}, "200"),
        ({"status": None, "smsid": None}, "200"),
        ({"mobilecareer": "5"}, "560"),
        ({"method": "3"}, "561"),
        ({"holdingtime": "1000"}, "567"),
        ({"repeatcall": "100"}, "568"),
        ({"mobilenumber": "+819012345678"}, "550"),
        ({"mobilenumber": "0312345678"}, "550"),
        ({"mobilenumber": "1415555012", "mobilecareer": "c"}, "550"),
        ({"smstext": None}, "550"),
        ({"smstext": "①"}, "550"),
        ({"smstext": "😀"}, "550"),
        ({"smstextid": "1"}, "550"),
        ({"smstitle": "12345"}, "550"),
        ({"status": "2"}, "550"),
        ({"smsid": None}, "550"),
        ({"smsid": "a-1"}, "550"),
        ({"smsid": "a" * 51}, "550"),
        ({"method": "4"}, "550"),
    ],
)
def test_codes(fields: dict[str, str | None], code: str) -> None:
    async def scene(bench: Bench) -> None:
        for method in ("POST", "GET"):
            assert await bench.ask(method, **fields) == code
        assert sum(map(len, bench.simulator.accepted.values())) == 2 * (code == "200")

    run(scene, delay=60)


def test_long_requests_titles_and_other_places() -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.ask("GET", smstext="a" * 9000) == "414"
        assert await bench.ask(smstext="a" * 9000) == "200"
        assert bench.simulator.accepted["a1"][0].text == "a" * 140
        assert await bench.ask(smstitle="Shop1") == "617"
        for method, url in (("PUT", bench.simulator.url), ("POST", bench.simulator.url + "x")):
            assert (await bench.client.request(method, url)).status_code == 404

    run(scene, titles=False)


def test_nothing_is_pushed_unasked() -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.ask(status="0") == await bench.ask(status=None, smsid=None) == "200"
        assert list(bench.simulator.accepted) == ["a1", ""]
        await asyncio.sleep(0.1)
        assert not bench.got

    run(scene)


@pytest.mark.parametrize("statuses", [False, True])
def test_ten_failed_logins_block_the_address(statuses: bool) -> None:
    async def scene(bench: Bench) -> None:
        right, wrong = bench.adapter, bench.configured("wrong")

        async def reasons(adapter: MediaSMS, times: int) -> set[str]:
            bench.adapter = adapter
            outcomes = [await bench.send(DELIVERED) for _ in range(times)]
            return {outcome.provider_code for outcome in outcomes if isinstance(outcome, Refused)}

        assert await reasons(wrong, 9) == {"401"}
        assert await reasons(right, 1) == set()
        assert await reasons(wrong, 10) == {"401"}
        assert await reasons(right, 1) == await reasons(wrong, 1) == {"555"}
        bench.simulator.failed_logins = 0
        assert await reasons(right, 1) == set()
        assert bench.simulator.requests == {"a1": 2}

    run(scene, statuses=statuses)


@pytest.mark.parametrize("statuses", [False, True])
def test_eighty_requests_a_second(statuses: bool) -> None:
    async def scene(bench: Bench) -> None:
        outcomes = await asyncio.gather(*(bench.send(DELIVERED, f"a{n}") for n in range(100)))
        assert outcomes.count(Accepted("200")) == 80
        assert outcomes.count(Busy("503")) == 20
        bench.now += 1
        assert await bench.send(DELIVERED) == Accepted("200")
        assert sum(map(len, bench.simulator.accepted.values())) == 81

    run(scene, statuses=statuses, delay=60)


def test_a_failed_push_is_made_again() -> None:
    async def scene(bench: Bench) -> None:
        bench.replies += [503, 500]
        await bench.send(DELIVERED)
        assert [receipt.provider_code for receipt in await bench.receipts(4)] == ["14", "14", "14", "1"]
        assert bench.simulator.pushes == {"a1": 2}

    run(scene)


def test_ledgers_forget() -> None:
    async def scene(bench: Bench) -> None:
        for smsid in ("a1", "a2", "a3"):
            await bench.send(DELIVERED, smsid)
        assert list(bench.simulator.accepted) == list(bench.simulator.requests) == ["a2", "a3"]

    run(scene, keep=2)


@pytest.mark.parametrize(
    ("text", "long", "au", "sent"),
    [
        ("a" * 141, False, False, "a" * 140),
        ("あ" * 71, False, False, "あ" * 70),
        ("あ" + "a" * 70, False, False, "あ" + "a" * 69),
        ("あ" + "a" * 139, False, True, "あ" + "a" * 138),
        ("a" * 139 + "\n", False, False, "a" * 139 + "\r"),
        ("あ" * 671, True, False, "あ" * 670),
    ],
)
def test_what_is_too_long_is_cut_off(text: str, long: bool, au: bool, sent: str) -> None:
    assert shortened(text, long=long, au=au) == sent
