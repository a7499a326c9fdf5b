"""The simulated vendor to the letter of its document, its pushes, and the server under it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
import uvloop

from gateway.errors import NeverLeft
from gateway.sandbox.aicross import JST
from gateway.sandbox.server import DROP, Answer, Request, VendorServer
from tests.providers.aicross_tools import TOKEN, mt, simulated, status
from tests.providers.bench import DELIVERED, number

pytestmark = pytest.mark.anyio

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
async def test_send_codes(fields: dict[str, str | None], code: int, message: str) -> None:
    async with simulated() as bench:
        answer = await mt(bench, **fields)
        assert (answer["responseCode"], answer["responseMessage"]) == (code, message)
        assert answer["smsMessage"] == fields.get("message", "hello")
        assert len(bench.simulator.accepted) == (code == 0)
        if code == 0:
            given = fields.get("phoneNumber") or DELIVERED
            assert answer["phoneNumber"] == "+81" + given.removeprefix("+81").removeprefix("0")


async def test_a_tag_is_spent_only_by_what_was_accepted() -> None:
    async with simulated() as bench:
        assert (await mt(bench, token="wrong"))["responseCode"] == 110
        assert (await mt(bench))["responseCode"] == 0
        assert (await mt(bench, message="other"))["responseCode"] == 400
        assert bench.simulator.requests["a1"] == 3
        assert bench.simulator.accepted["a1"].text == "hello"


async def test_status_codes() -> None:
    async with simulated() as bench:
        today = f"{datetime.now(JST):%Y%m%d}"
        await mt(bench)
        await mt(bench, clientTag=None)
        expected: list[tuple[dict[str, str | None], int, str, int]] = [
            ({"clientTag": "a1"}, 0, "Success.", 1),
            ({"clientTag": "a1", "date": "19990101"}, 0, "Success.", 1),
            ({"clientTag": "other"}, 0, "Success.", 0),
            ({"date": today}, 0, "Success.", 2),
            ({"date": "19990101"}, 0, "Success.", 0),
            ({"date": "yesterday"}, 110, "Invalid date.", 0),
            ({}, 100, "Required clientTag.", 0),
            ({"clientTag": "a1", "token": None}, 100, "Required token.", 0),
            ({"clientTag": "a1", "token": "wrong"}, 110, "Invalid token.", 0),
            ({"clientTag": "a1", "clientId": "9"}, 110, "Invalid clientId.", 0),
            ({"clientTag": "t" * 201}, 120, "clientTag too long.", 0),
        ]
        for query, code, message, count in expected:
            answer = await status(bench, **query)
            assert (answer["responseCode"], answer["responseMessage"]) == (code, message)
            assert len(answer["status"]) == count
        assert bench.simulator.queries["a1"] == 5


async def test_a_status_entry_has_the_documents_fields() -> None:
    async with simulated(delay=0.5) as bench:
        await mt(bench, phoneNumber=number("0001"), carrierId="105")
        before = (await status(bench, clientTag="a1"))["status"][0]
        await bench.receipts()
        after = (await status(bench, clientTag="a1"))["status"][0]
        names = (
            "dateTime phoneNumber message smsCode carrierId carrierName statusId clientTag detailedStatusId "
            "separatedSuccessCount rawdata"
        )
        assert list(before) == list(after) == names.split()
        assert before["statusId"] == 1
        assert (after["statusId"], after["detailedStatusId"], after["smsCode"]) == (3, "51824", 80013)
        assert datetime.strptime(after["dateTime"] + "000", "%Y%m%d %H%M%S%f")


async def test_other_methods_and_paths() -> None:
    async with simulated() as bench:
        url = bench.simulator.base_url
        assert (await bench.client.get(f"{url}/p5/api/mt.json")).json()["responseCode"] == 500
        assert (await bench.client.post(f"{url}/p5/api/status.json")).json()["responseCode"] == 500
        assert (await bench.client.get(f"{url}/p4/api/mt.json")).status_code == 404
        as_json = await bench.client.post(f"{url}/p5/api/mt.json", json={"token": TOKEN})
        assert as_json.json()["responseMessage"] == "Required token."


async def test_the_failure_in_xml_is_malformed_as_printed() -> None:
    async with simulated() as bench:
        await bench.send(number("0001"))
        await bench.receipts()
        document = parse_qs(bench.pushed[0].body.decode())["xml"][0]
        assert "]]></ separatedSuccessCount>" in document
        assert document.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<eventNotifications>\n')
        assert len(bench.simulator.accepted["a1"].message_id) == 31


async def test_the_json_report_has_the_tables_fields() -> None:
    async with simulated(dlr="json") as bench:
        await bench.send(DELIVERED)
        await bench.receipts()
        (fields,) = json.loads(parse_qs(bench.pushed[0].body.decode())["json"][0])["eventNotifications"]
        names = (
            "type dateTime messageId phoneNumber smsCode carrierId carrierName messageText clientId clientTag "
            "statusId statusDescription rawdata detailedStatusId separatedSuccessCount"
        )
        assert list(fields) == names.split()
        assert (fields["type"], fields["statusId"], fields["detailedStatusId"]) == ("DLR", "2", 2)


# Pushing


@pytest.mark.parametrize(("replies", "tries"), [([500], 2), ([404, 302, 503], 4), ([500] * 9, 4), ([204], 1)])
async def test_a_push_is_repeated_three_times(replies: list[int], tries: int) -> None:
    async with simulated() as bench:
        bench.replies = list(replies)
        await bench.send(DELIVERED)
        receipts = await bench.receipts(tries)
        assert len(set(receipts)) == 1
        assert bench.simulator.pushes["a1"] == 1


async def test_a_push_by_an_injected_post() -> None:
    pushed: list[tuple[str, str]] = []

    async def post(url: str, body: bytes, content_type: str) -> int:
        pushed.append((url, content_type))
        if len(pushed) == 1:
            raise OSError("nobody there")
        return 200

    async with simulated(post=post) as bench:
        bench.simulator.callback_url = "test://receiver"
        await bench.send(DELIVERED)
        await asyncio.sleep(0.1)
        assert pushed == [("test://receiver", "application/x-www-form-urlencoded")] * 2


async def test_nothing_is_pushed_without_a_tag_or_an_address() -> None:
    async with simulated() as bench:
        await mt(bench, clientTag=None)
        await asyncio.sleep(0.1)
        bench.simulator.callback_url = None
        await mt(bench)
        await asyncio.sleep(0.1)
        assert not bench.pushed


async def test_stopping_drops_what_is_under_way() -> None:
    async with simulated(delay=60) as bench:
        await bench.send(DELIVERED)
        await bench.simulator.stop()
        await bench.simulator.stop()
        with pytest.raises(NeverLeft, match="refused"):
            await bench.send(DELIVERED)


async def test_the_ledger_is_bounded() -> None:
    async with simulated(keep=2) as bench:
        for tag in ("a", "b", "c"):
            await bench.send(DELIVERED, reference=tag)
        assert list(bench.simulator.accepted) == list(bench.simulator.requests) == ["b", "c"]


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
