"""The simulated AI CROSS on real sockets, driven by the adapter, its reports read by the adapter."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import uvloop

from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.model.values import Secret
from gateway.provider import (
    Accepted,
    Callback,
    Duplicate,
    Finding,
    Known,
    Refused,
    SendOutcome,
    Unknown,
    Unreadable,
    VendorAnswer,
    VendorRequest,
)
from gateway.providers.aicross import TYPE, AICross, AICrossSettings
from gateway.sandbox.aicross import ENDINGS, JST, AICrossSimulator
from gateway.sandbox.server import DROP, Answer, Request, VendorServer

TOKEN, CLIENT, CODE = "tok-tok-tok", "1234", "80013"
DELIVERED = "+819012345678"


class Bench:
    """A simulator, a receiver for its reports, and an adapter configured for it."""

    def __init__(self, **options: Any) -> None:
        self.receiver = VendorServer(self._receive)
        self.got: list[Callback] = []
        self.replies: list[int] = []
        """Statuses the receiver answers, then always 200."""
        quick = {"delay": 0.02, "late": 0.6, "repeat_after": 0.01}
        self.simulator = AICrossSimulator(token=TOKEN, client_id=CLIENT, sms_code=CODE, **(quick | options))
        self.adapter: AICross
        self.client: httpx.AsyncClient

    async def __aenter__(self) -> Bench:
        await self.receiver.start()
        await self.simulator.start()
        self.simulator.callback_url = f"{self.receiver.url}/callbacks"
        settings = AICrossSettings(base_url=self.simulator.url, token=Secret(TOKEN), client_id=CLIENT, sms_code=CODE)
        self.adapter = TYPE.build("main", settings)
        self.client = httpx.AsyncClient(trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self.simulator.stop()
        await self.receiver.stop()

    async def _receive(self, request: Request) -> Answer:
        self.got.append(Callback(kind="dlr", content_type=request.headers["content-type"], body=request.body))
        return Answer(self.replies.pop(0) if self.replies else 200)

    async def exchange(self, request: VendorRequest) -> VendorAnswer:
        answer = await self.client.request(
            request.method, request.url, headers=list(request.headers), content=request.body
        )
        return VendorAnswer(answer.status_code, answer.content, answer.headers.get("content-type", ""))

    async def send(self, to: str, tag: str = "tag", text: str = "hello", **fields: Any) -> SendOutcome:
        content = Content(to=to, text=text, encoding="gsm7", characters=5, segments=1, **fields)
        return self.adapter.send_outcome(await self.exchange(self.adapter.send_request(content, tag)))

    async def ask(self, tag: str = "tag") -> Finding:
        return self.adapter.query_outcome(await self.exchange(self.adapter.query_request(tag)), tag)

    async def post(self, **fields: str | None) -> dict[str, Any]:
        """mt.json with these fields changed, None leaving one out."""
        form = {
            "token": TOKEN,
            "clientId": CLIENT,
            "smsCode": CODE,
            "message": "hello",
            "phoneNumber": DELIVERED,
            "clientTag": "tag",
        } | fields
        given = {name: value for name, value in form.items() if value is not None}
        answer = await self.client.post(f"{self.simulator.url}/p5/api/mt.json", data=given)
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        assert list(body) == ["responseCode", "responseMessage", "phoneNumber", "smsMessage"]
        return body

    async def get(self, **query: str | None) -> dict[str, Any]:
        """status.json with this query, None leaving one out."""
        given = {"token": TOKEN, "clientId": CLIENT} | query
        params = {name: value for name, value in given.items() if value is not None}
        answer = await self.client.get(f"{self.simulator.url}/p5/api/status.json", params=params)
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        assert list(body) == ["responseCode", "responseMessage", "status"]
        return body

    async def receipts(self, count: int = 1) -> list[Receipt]:
        """Waits until `count` pushes came, and a little longer for one too many."""
        async with asyncio.timeout(5):
            while len(self.got) < count:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        assert len(self.got) == count
        return [receipt for callback in self.got for receipt in self.adapter.receipts(callback)]


def run(scene: Callable[[Bench], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        async with Bench(**options) as bench:
            await scene(bench)

    asyncio.run(main())


def number(ending: str) -> str:
    return f"+8190 1234 {ending}".replace(" ", "")


# What numbers provoke


@pytest.mark.parametrize("dlr", ["xml", "json"])
def test_any_number_is_delivered(dlr: str) -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.send(DELIVERED, text="あ" * 71 + "]]><&\n😀", carrier="rakuten") == Accepted("0")
        assert bench.simulator.accepted["tag"].number == DELIVERED
        (receipt,) = await bench.receipts()
        assert (receipt.reference, receipt.outcome, receipt.reason) == ("tag", "delivered", None)
        assert (receipt.billed, receipt.carrier) == (2, "rakuten")
        assert receipt.reported_at is not None
        assert abs(receipt.reported_at / 1000 - datetime.now(JST).timestamp()) < 5
        assert set(parse_qs(bench.got[0].body.decode())) == {dlr}

    run(scene, dlr=dlr)


@pytest.mark.parametrize("dlr", ["xml", "json"])
@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("0001", Reason.HANDSET_UNREACHABLE),
        ("0002", Reason.HANDSET_REFUSED),
        ("0003", Reason.UNKNOWN_SUBSCRIBER),
        ("0004", Reason.CARRIER_CONGESTED),
        ("0024", Reason.UNMAPPED),
    ],
)
def test_undelivered(ending: str, reason: Reason, dlr: str) -> None:
    async def scene(bench: Bench) -> None:
        carriers = ("docomo", "au", "softbank", "rakuten")
        for carrier in carriers:
            assert await bench.send(number(ending), tag=carrier, carrier=carrier) == Accepted("0")
        for receipt in await bench.receipts(len(carriers)):
            assert (receipt.outcome, receipt.reason, receipt.billed) == ("undelivered", reason, None)
            assert receipt.carrier == receipt.reference
            finding = await bench.ask(receipt.reference)
            assert isinstance(finding, Known)
            (listed,) = finding.receipts
            assert (listed.reason, listed.provider_code) == (receipt.reason, receipt.provider_code)

    run(scene, dlr=dlr)


@pytest.mark.parametrize(
    ("ending", "reason", "about"),
    [
        ("0005", Reason.INVALID_NUMBER, "message"),
        ("0006", Reason.QUOTA_EXCEEDED, "account"),
        ("0007", Reason.PROVIDER_ERROR, "vendor"),
    ],
)
def test_refused_every_time(ending: str, reason: Reason, about: str) -> None:
    async def scene(bench: Bench) -> None:
        for _ in range(2):
            outcome = await bench.send(number(ending))
            assert isinstance(outcome, Refused)
            assert (outcome.reason, outcome.about) == (reason, about)
        assert not bench.simulator.accepted
        assert await bench.ask() == Unknown()

    run(scene)


def test_lost_before_it_was_taken() -> None:
    async def scene(bench: Bench) -> None:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await bench.send(number("0010"))
        assert await bench.ask() == Unknown()
        assert await bench.send(number("0010")) == Accepted("0")
        assert bench.simulator.requests["tag"] == 2
        assert [receipt.outcome for receipt in await bench.receipts()] == ["delivered"]

    run(scene)


def test_lost_after_it_was_taken() -> None:
    async def scene(bench: Bench) -> None:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await bench.send(number("0011"))
        assert isinstance(await bench.ask(), Known)
        assert await bench.send(number("0011")) == Duplicate("400")
        assert [receipt.outcome for receipt in await bench.receipts()] == ["delivered"]

    run(scene)


def test_a_broken_answer_on_a_connection_in_use() -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.send(DELIVERED, tag="other") == Accepted("0")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await bench.send(number("0010"))
        assert bench.simulator.requests == {"other": 1, "tag": 1}

    run(scene)


def test_unavailable_first() -> None:
    async def scene(bench: Bench) -> None:
        assert await bench.send(number("0012")) == Unreadable("HTTP status 503")
        assert await bench.ask() == Unknown()
        assert await bench.send(number("0012")) == Accepted("0")

    run(scene)


def test_a_login_page_first() -> None:
    async def scene(bench: Bench) -> None:
        assert isinstance(await bench.send(number("0013")), Unreadable)
        assert await bench.send(number("0013")) == Duplicate("400")
        assert [receipt.outcome for receipt in await bench.receipts()] == ["delivered"]

    run(scene)


def test_a_late_receipt() -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(number("0020"))
        await asyncio.sleep(0.1)
        assert not bench.got
        finding = await bench.ask()
        assert isinstance(finding, Known)
        assert [receipt.outcome for receipt in finding.receipts] == [None], "still on its way"
        assert [receipt.outcome for receipt in await bench.receipts()] == ["delivered"]

    run(scene)


@pytest.mark.parametrize("dlr", ["xml", "json"])
def test_doubled_and_reordered_receipts(dlr: str) -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(number("0021"))
        once, again = await bench.receipts(2)
        assert once == again
        bench.got.clear()
        await bench.send(number("0022"), tag="tag2")
        first, second = await bench.receipts(2)
        assert (first.outcome, second.outcome, second.provider_code) == ("delivered", None, "1")
        assert first.identity != second.identity
        assert bench.simulator.pushes == {"tag": 2, "tag2": 2}

    run(scene, dlr=dlr)


def test_no_receipt() -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(number("0023"))
        await asyncio.sleep(0.1)
        assert not bench.got
        finding = await bench.ask()
        assert isinstance(finding, Known)
        (receipt,) = finding.receipts
        assert (receipt.outcome, receipt.billed) == ("delivered", 1)

    run(scene)


def test_every_ending_is_described() -> None:
    assert all(len(ending) == 4 and behaviour.description for ending, behaviour in ENDINGS.items())
    assert len({behaviour.description for behaviour in ENDINGS.values()}) == len(ENDINGS)


# To the letter


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({}, 0, "Success."),
        ({"phoneNumber": "09012345678"}, 0, "Success."),
        ({"phoneNumber": "07012345678", "carrierId": "106", "groupTag": "g" * 200}, 0, "Success."),
        ({"message": "あ" * 660, "clientTag": "t" * 200}, 0, "Success."),
        ({"clientTag": None}, 0, "Success."),
        ({"token": None}, 100, "Required token."),
        ({"token": None, "message": None}, 100, "Required token."),
        ({"clientId": None}, 100, "Required clientId."),
        ({"smsCode": ""}, 100, "Required smsCode."),
        ({"message": ""}, 100, "Required message."),
        ({"phoneNumber": None}, 100, "Required phoneNumber."),
        ({"token": "wrong"}, 110, "Invalid token."),
        ({"clientId": "12345"}, 110, "Invalid clientId."),
        ({"smsCode": "80014"}, 110, "Invalid smsCode."),
        ({"phoneNumber": "+818123456789"}, 110, "Invalid phoneNumber."),
        ({"phoneNumber": "06012345678"}, 110, "Invalid phoneNumber."),
        ({"phoneNumber": "819012345678"}, 110, "Invalid phoneNumber."),
        ({"phoneNumber": " 819012345678"}, 110, "Invalid phoneNumber."),
        ({"phoneNumber": "0901234567"}, 110, "Invalid phoneNumber."),
        ({"carrierId": "102"}, 110, "Invalid carrierId."),
        ({"message": "a" * 661}, 120, "message too long."),
        ({"clientTag": "t" * 201}, 120, "clientTag too long."),
        ({"groupTag": "g" * 201}, 120, "groupTag too long."),
    ],
)
def test_send_codes(fields: dict[str, str | None], code: int, message: str) -> None:
    async def scene(bench: Bench) -> None:
        answer = await bench.post(**fields)
        assert (answer["responseCode"], answer["responseMessage"]) == (code, message)
        assert answer["smsMessage"] == fields.get("message", "hello")
        assert len(bench.simulator.accepted) == (code == 0)
        if code == 0:
            given = fields.get("phoneNumber") or DELIVERED
            assert answer["phoneNumber"] == "+81" + given.removeprefix("+81").removeprefix("0")

    run(scene)


def test_a_tag_is_spent_only_by_what_was_accepted() -> None:
    async def scene(bench: Bench) -> None:
        assert (await bench.post(token="wrong"))["responseCode"] == 110
        assert (await bench.post())["responseCode"] == 0
        assert (await bench.post(message="other"))["responseCode"] == 400
        assert bench.simulator.requests["tag"] == 3
        assert bench.simulator.accepted["tag"].text == "hello"

    run(scene)


def test_status_codes() -> None:
    async def scene(bench: Bench) -> None:
        today = f"{datetime.now(JST):%Y%m%d}"
        await bench.post()
        await bench.post(clientTag=None)
        expected: list[tuple[dict[str, str | None], int, str, int]] = [
            ({"clientTag": "tag"}, 0, "Success.", 1),
            ({"clientTag": "tag", "date": "19990101"}, 0, "Success.", 1),
            ({"clientTag": "other"}, 0, "Success.", 0),
            ({"date": today}, 0, "Success.", 2),
            ({"date": "19990101"}, 0, "Success.", 0),
            ({"date": "yesterday"}, 110, "Invalid date.", 0),
            ({}, 100, "Required clientTag.", 0),
            ({"clientTag": "tag", "token": None}, 100, "Required token.", 0),
            ({"clientTag": "tag", "token": "wrong"}, 110, "Invalid token.", 0),
            ({"clientTag": "tag", "clientId": "9"}, 110, "Invalid clientId.", 0),
            ({"clientTag": "t" * 201}, 120, "clientTag too long.", 0),
        ]
        for query, code, message, count in expected:
            answer = await bench.get(**query)
            assert (answer["responseCode"], answer["responseMessage"]) == (code, message)
            assert len(answer["status"]) == count
        assert bench.simulator.queries["tag"] == 5

    run(scene)


def test_a_status_entry_has_the_documents_fields() -> None:
    async def scene(bench: Bench) -> None:
        await bench.post(phoneNumber=number("0001"), carrierId="105")
        before = (await bench.get(clientTag="tag"))["status"][0]
        await bench.receipts()
        after = (await bench.get(clientTag="tag"))["status"][0]
        names = (
            "dateTime phoneNumber message smsCode carrierId carrierName statusId clientTag detailedStatusId "
            "separatedSuccessCount rawdata"
        )
        assert list(before) == list(after) == names.split()
        assert before["statusId"] == 1
        assert (after["statusId"], after["detailedStatusId"], after["smsCode"]) == (3, "51824", 80013)
        assert datetime.strptime(after["dateTime"] + "000", "%Y%m%d %H%M%S%f")

    run(scene, delay=0.5)


def test_other_methods_and_paths() -> None:
    async def scene(bench: Bench) -> None:
        url = bench.simulator.url
        assert (await bench.client.get(f"{url}/p5/api/mt.json")).json()["responseCode"] == 500
        assert (await bench.client.post(f"{url}/p5/api/status.json")).json()["responseCode"] == 500
        assert (await bench.client.get(f"{url}/p4/api/mt.json")).status_code == 404
        as_json = await bench.client.post(f"{url}/p5/api/mt.json", json={"token": TOKEN})
        assert as_json.json()["responseMessage"] == "Required token."

    run(scene)


def test_the_failure_in_xml_is_malformed_as_printed() -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(number("0001"))
        await bench.receipts()
        document = parse_qs(bench.got[0].body.decode())["xml"][0]
        assert "]]></ separatedSuccessCount>" in document
        assert document.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<eventNotifications>\n')
        assert len(bench.simulator.accepted["tag"].message_id) == 31

    run(scene)


def test_the_json_report_has_the_tables_fields() -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(DELIVERED)
        await bench.receipts()
        (fields,) = json.loads(parse_qs(bench.got[0].body.decode())["json"][0])["eventNotifications"]
        names = (
            "type dateTime messageId phoneNumber smsCode carrierId carrierName messageText clientId clientTag "
            "statusId statusDescription rawdata detailedStatusId separatedSuccessCount"
        )
        assert list(fields) == names.split()
        assert (fields["type"], fields["statusId"], fields["detailedStatusId"]) == ("DLR", "2", 2)

    run(scene, dlr="json")


# Pushing


@pytest.mark.parametrize(("replies", "tries"), [([500], 2), ([404, 302, 503], 4), ([500] * 9, 4), ([204], 1)])
def test_a_push_is_repeated_three_times(replies: list[int], tries: int) -> None:
    async def scene(bench: Bench) -> None:
        bench.replies = list(replies)
        await bench.send(DELIVERED)
        receipts = await bench.receipts(tries)
        assert len(set(receipts)) == 1
        assert bench.simulator.pushes["tag"] == 1

    run(scene)


def test_a_push_by_an_injected_post() -> None:
    pushed: list[tuple[str, str]] = []

    async def post(url: str, body: bytes, content_type: str) -> int:
        pushed.append((url, content_type))
        if len(pushed) == 1:
            raise OSError("nobody there")
        return 200

    async def scene(bench: Bench) -> None:
        bench.simulator.callback_url = "test://receiver"
        await bench.send(DELIVERED)
        await asyncio.sleep(0.1)
        assert pushed == [("test://receiver", "application/x-www-form-urlencoded")] * 2

    run(scene, post=post)


def test_nothing_is_pushed_without_a_tag_or_an_address() -> None:
    async def scene(bench: Bench) -> None:
        await bench.post(clientTag=None)
        bench.simulator.callback_url = None
        await bench.post()
        await asyncio.sleep(0.1)
        assert not bench.got

    run(scene)


def test_stopping_drops_what_is_under_way() -> None:
    async def scene(bench: Bench) -> None:
        await bench.send(DELIVERED)
        await bench.simulator.stop()
        await bench.simulator.stop()
        with pytest.raises(httpx.ConnectError):
            await bench.send(DELIVERED)

    run(scene, delay=60)


def test_the_ledger_is_bounded() -> None:
    async def scene(bench: Bench) -> None:
        for tag in ("a", "b", "c"):
            await bench.send(DELIVERED, tag=tag)
        assert list(bench.simulator.accepted) == list(bench.simulator.requests) == ["b", "c"]

    run(scene, keep=2)


# The server under it


async def _raw(url: str, *sent: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for each in sent:
        writer.write(each)
        await writer.drain()
        await asyncio.sleep(0.01)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def _echo(request: Request) -> Answer:
    if request.path == "/drop":
        return DROP
    return Answer(200, f"{request.method} {request.path} {request.query} {request.form()}".encode(), "text/plain")


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_the_server_answers_in_order_and_drops(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        server = VendorServer(_echo)
        await server.start()
        form = b"content-type: application/x-www-form-urlencoded\r\n"
        body = b"x=%2B1&y=%E3%81%82"
        pipelined = b"GET /a%20b?q=1+2 HTTP/1.1\r\n\r\n" + b"POST /c HTTP/1.1\r\n" + form
        answer = await _raw(
            server.url,
            pipelined[:10],
            pipelined[10:] + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body[:5],
            body[5:],
        )
        first, second = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
        assert first.endswith(b"\r\n\r\nGET /a b {'q': '1 2'} {}")
        assert second.endswith("\r\n\r\nPOST /c {} {'x': '+1', 'y': 'あ'}".encode())
        assert await _raw(server.url, b"GET /drop HTTP/1.1\r\n\r\n") == b""
        assert (await _raw(server.url, b"not http at all\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        await server.stop()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


def test_a_failing_handler_shows() -> None:
    async def fail(_: Request) -> Answer:
        raise ValueError("a bug")

    async def main() -> None:
        seen: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))
        server = VendorServer(fail)
        await server.start()
        assert await _raw(server.url, b"GET / HTTP/1.1\r\n\r\n") == b""
        await server.stop()
        assert [str(context["exception"]) for context in seen] == ["a bug"]

    asyncio.run(main())
