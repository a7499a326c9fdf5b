"""The simulated MediaSMS on real sockets, driven by the adapter, its pushes read by the adapter."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest

from gateway.errors import LostAnswer
from gateway.model.reasons import Reason
from gateway.model.values import Secret
from gateway.provider import Accepted, Busy, Unreadable, VendorAnswer
from gateway.providers import TYPES
from gateway.providers.mediasms import codes
from gateway.sandbox.mediasms import ENDINGS, WORDS, MediaSMSSimulator
from gateway.sandbox.mediasms_letter import PARAMETERS
from gateway.sandbox.server import Simulator
from gateway.settings import parse
from tests.providers.bench import DELIVERED, number
from tests.providers.mediasms_tools import answered, configured, content, simulated

pytestmark = pytest.mark.anyio

# What numbers provoke


@pytest.mark.parametrize("answers", ["bare", "html", "json"])
@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
async def test_any_number_is_delivered(answers: str, words: bool, encoding: str) -> None:
    async with simulated(answers=answers, words=words, encoding=encoding) as bench:
        assert await bench.send(DELIVERED, text="1+1 = 2&あ〜", carrier="docomo", sender="Shop1") == Accepted("200")
        (taken,) = bench.simulator.accepted["a1"]
        assert (taken.number, taken.text) == ("09012345678", "1+1 = 2&あ〜")
        sending, delivered = await bench.receipts(2)
        assert (sending.reference, sending.outcome, sending.provider_code) == ("a1", None, "14")
        assert (delivered.outcome, delivered.reason, delivered.provider_code) == ("delivered", None, "1")
        told = dict(parse_qsl(bench.pushed[1].body.decode(), keep_blank_values=True, encoding=encoding))
        assert tuple(told) == PARAMETERS
        assert told["status"] == ("送信済" if words else "1")
        assert (told["mobilecareer"], told["smstitle"], told["iphone"]) == ("1", "Shop1", "")
        assert bench.simulator.violations == []


@pytest.mark.parametrize(
    ("ending", "docomo", "au", "reason"),
    [
        ("0001", "18", "10", Reason.HANDSET_UNREACHABLE),
        ("0002", "20", "20", Reason.HANDSET_REFUSED),
        ("0004", "19", "11", Reason.CARRIER_FAULT),
        ("0026", "0", "0", Reason.CARRIER_FAULT),
    ],
)
async def test_undelivered(ending: str, docomo: str, au: str, reason: Reason) -> None:
    async with simulated() as bench:
        assert await bench.send(number(ending), reference="d", carrier="docomo") == Accepted("200")
        assert await bench.send(number(ending), reference="a", carrier="au") == Accepted("200")
        final = {each.reference: each for each in await bench.receipts(4) if each.outcome}
        assert [final[smsid].provider_code for smsid in "da"] == [docomo, au]
        assert {(each.outcome, each.reason) for each in final.values()} == {("undelivered", reason)}


@pytest.mark.parametrize(("ending", "code"), [("0005", "550"), ("0006", "402")])
@pytest.mark.parametrize("statuses", [False, True])
async def test_refused_every_time(ending: str, code: str, statuses: bool) -> None:
    async with simulated(statuses=statuses) as bench:
        for _ in range(2):
            assert await bench.send(number(ending)) == codes.outcome(code)
        assert not bench.simulator.accepted
        assert bench.simulator.requests == {"a1": 2}


@pytest.mark.parametrize(("ending", "takes"), [("0010", 0), ("0011", 1)])
async def test_the_first_answer_is_lost(ending: str, takes: int) -> None:
    async with simulated() as bench:
        await bench.send(DELIVERED, reference="other")
        with pytest.raises(LostAnswer, match="the connection broke"):
            await bench.send(number(ending), reference="a1")
        assert len(bench.simulator.accepted.get("a1", ())) == takes
        assert await bench.send(number(ending), reference="a2") == Accepted("200")
        assert len(bench.simulator.accepted["a2"]) == 1
        await bench.receipts(4 + 2 * takes)


@pytest.mark.parametrize(
    ("ending", "first", "takes"), [("0007", Busy, 0), ("0012", Unreadable, 0), ("0013", Unreadable, 1)]
)
async def test_the_first_answer_is_another(ending: str, first: type, takes: int) -> None:
    async with simulated() as bench:
        assert isinstance(await bench.send(number(ending), reference="a1"), first)
        assert len(bench.simulator.accepted.get("a1", ())) == takes
        assert await bench.send(number(ending), reference="a1") == Accepted("200")
        assert len(bench.simulator.accepted["a1"]) == takes + 1, "taken twice: it does not look at the smsid"
        assert bench.simulator.violations == ["smsid is not unique"] * takes
        await bench.receipts(2 + 2 * takes)


async def test_a_late_receipt() -> None:
    async with simulated() as bench:
        await bench.send(number("0020"))
        await asyncio.sleep(0.1)
        assert not bench.pushed
        assert [receipt.outcome for receipt in await bench.receipts(2)] == [None, "delivered"]


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("0021", ["14", "1", "1"]),
        ("0022", ["1", "14"]),
        ("0024", ["14", "99"]),
        ("0025", ["18", "1"]),
    ],
)
async def test_unusual_pushes(ending: str, told: list[str]) -> None:
    async with simulated() as bench:
        await bench.send(number(ending))
        receipts = await bench.receipts(len(told))
        assert [receipt.provider_code for receipt in receipts] == told
        assert len({receipt.identity for receipt in receipts}) == len(set(told))
        assert bench.simulator.pushes == {"a1": len(told)}


@pytest.mark.parametrize("ending", ["0003", "0023"])
async def test_no_receipt(ending: str) -> None:
    async with simulated() as bench:
        assert await bench.send(number(ending)) == Accepted("200")
        await asyncio.sleep(0.1)
        assert not bench.pushed


def test_every_ending_is_described() -> None:
    assert all(len(ending) == 4 and behaviour.description for ending, behaviour in ENDINGS.items())
    assert len({behaviour.description for behaviour in ENDINGS.values()}) == len(ENDINGS)


def test_words_are_the_adapters() -> None:
    assert {codes.number(word): word for word in WORDS.values()} == WORDS


async def test_nothing_is_pushed_unasked() -> None:
    async with simulated() as bench:
        assert await answered(bench, status="0") == await answered(bench, status=None, smsid=None) == "200"
        assert list(bench.simulator.accepted) == ["a1", ""]
        await asyncio.sleep(0.1)
        assert not bench.pushed


async def test_a_failed_push_is_made_again() -> None:
    async with simulated() as bench:
        bench.replies += [503, 500]
        await bench.send(DELIVERED)
        assert [receipt.provider_code for receipt in await bench.receipts(4)] == ["14", "14", "14", "1"]
        assert bench.simulator.pushes == {"a1": 2}


async def test_ledgers_forget() -> None:
    async with simulated(keep=2) as bench:
        for smsid in ("a1", "a2", "a3"):
            await bench.send(DELIVERED, reference=smsid)
        assert list(bench.simulator.accepted) == list(bench.simulator.requests) == ["a2", "a3"]
        for name in ("one", "two", "three"):
            assert await answered(bench, smsid=name, **{name: "x"}) == "200"
        assert bench.simulator.violations == ["'two' is not in the document", "'three' is not in the document"]


# As a part in the sandbox


def test_it_is_a_simulator() -> None:
    async def main() -> None:
        got: list[tuple[str, str]] = []

        async def post(url: str, body: bytes, content_type: str) -> int:
            got.append((url, dict(parse_qsl(body.decode()))["status"]))
            return 200

        kind: type[Simulator] = MediaSMSSimulator
        playing = kind.play("http://gateway/callbacks/media/secret", delay=0.02, late=0.04, post=post)
        await playing.start()
        assert playing.base_url.endswith("/sms/api/")
        settings = {"base_url": playing.base_url} | dict(kind.SETTINGS)
        adapter = configured(**settings | {"password": Secret(settings["password"])})
        request = adapter.send_request(content(), "a1")
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(request.url, headers=list(request.headers), content=request.body)
        assert adapter.send_outcome(VendorAnswer(answer.status_code, answer.content)) == Accepted("200")
        assert (playing.taken("+819012345678"), playing.taken("+819012345679")) == (1, 0)
        async with asyncio.timeout(5):
            while len(got) < 2:
                await asyncio.sleep(0.005)
        await playing.stop()
        assert got == [("http://gateway/callbacks/media/secret/delivery", status) for status in ("14", "1")]

    asyncio.run(main())


def test_its_account_is_a_configuration() -> None:
    section = "".join(f'{key} = "{value}"\n' for key, value in MediaSMSSimulator.SETTINGS.items())
    client = f'[clients.shop]\nkeys = [{{ sha256 = "{"ab" * 32}", scopes = ["send"] }}]\n'
    settings = parse(f'{client}[providers.media]\ntype = "mediasms"\n{section}', TYPES, {}, Path())
    assert settings.providers["media"].account == "mediasms/sandbox"


def test_endings_are_described() -> None:
    endings = MediaSMSSimulator.endings()
    assert endings.keys() == ENDINGS.keys()
    assert endings["0001"] == "undelivered: the handset is out of reach or switched off"


async def test_what_was_taken_is_counted_by_number() -> None:
    async with simulated(overseas=True, delay=60) as bench:
        await bench.send(DELIVERED, reference="a1")
        await bench.send(DELIVERED, reference="a2", carrier="au")
        await bench.send("+14155550123", reference="a3")
        await bench.send("+4590123456789", reference="a4")
        assert [bench.simulator.taken(to) for to in (DELIVERED, "+14155550123", "+4590123456789")] == [2, 1, 1]
        assert [bench.simulator.taken(to) for to in ("+819012345670", "+9012345678", "+19012345678")] == [0, 0, 0]
