"""What happens below the application: odd requests on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import uvicorn

from gateway.api.server import MAX_DROPPED, MAX_HEAD, GatewayProtocol
from gateway.app import web
from tests.conftest import free_port
from tests.harness import KEY, Harness

pytestmark = pytest.mark.anyio

BODY = json.dumps({"to": "+819012345678", "text": "Hello"}).encode()
HEAD = (
    b"POST /messages HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
    b"Authorization: Bearer " + KEY.encode() + b"\r\nContent-Length: " + str(len(BODY)).encode() + b"\r\n"
)
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA\r\n"


@pytest.fixture
async def port(harness: Harness) -> AsyncIterator[int]:
    number = free_port()
    config = uvicorn.Config(web(harness.here), port=number, http=GatewayProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield number
    server.should_exit = True
    await serving


async def exchange(port: int, *parts: bytes, answers: int = 1) -> list[tuple[int, dict[str, str], bytes]]:
    """Writes the parts one after another, as separate segments, and reads the answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = []
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.03)
        for _ in range(answers):
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            received.append((int(head[0].split()[1]), headers, body))
    finally:
        writer.close()
        await writer.wait_closed()
    return received


@pytest.mark.parametrize(
    "parts",
    [
        (HEAD + H2C + b"\r\n" + BODY,),
        (HEAD + H2C + b"\r\n", BODY),
        (HEAD + H2C.replace(b"Upgrade: h2c", b"upgrade:h2c") + b"\r\n", BODY[:10], BODY[10:]),
    ],
    ids=["in one segment", "body after head", "body in pieces"],
)
async def test_the_offer_of_h2c_costs_no_body(port: int, parts: tuple[bytes, ...]) -> None:
    [(status, _, body)] = await exchange(port, *parts)
    assert status == 202, body


async def test_a_second_request_on_the_connection_may_offer_it_too(port: int) -> None:
    request = HEAD + H2C + b"\r\n" + BODY
    answers = await exchange(port, request, request, answers=2)
    assert [status for status, _, _ in answers] == [202, 202]


async def test_a_body_that_speaks_of_h2c_arrives_as_it_is(port: int, harness: Harness) -> None:
    text = "a\r\nUpgrade: h2c\r\nb"
    body = json.dumps({"to": "+819012345678", "text": text, "clientTag": "speaks"}).encode()
    head = HEAD.replace(str(len(BODY)).encode(), str(len(body)).encode())
    [(status, _, answer)] = await exchange(port, head + b"\r\n" + body)
    assert status == 202, answer
    assert json.loads(answer)["text"] == text


async def test_what_is_not_http_is_refused_as_a_problem(port: int) -> None:
    [(status, headers, body)] = await exchange(port, b"HELO there\r\n\r\n")
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["code"] == "invalid_request"


@pytest.mark.parametrize("pieces", [1, 4])
async def test_heads_have_a_bound(port: int, pieces: int) -> None:
    filler = b"X-Filler: " + b"x" * (2 * MAX_HEAD) + b"\r\n"
    request = b"GET /me HTTP/1.1\r\nHost: gateway\r\n" + filler + b"\r\n"
    size = len(request) // pieces + 1
    parts = [request[begin : begin + size] for begin in range(0, len(request), size)]
    try:
        [(status, headers, _)] = await exchange(port, *parts)
    except (ConnectionResetError, BrokenPipeError):
        return  # it hung up while we were still writing
    assert (status, headers["content-type"]) == (400, "application/problem+json")


async def test_head_has_no_body_and_the_same_headers(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HEAD /health/live HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-length: 15" in head.lower()
    assert body == b""


def refused(method: str, path: str, size: int, *headers: str) -> bytes:
    """A request that is answered before its body is read, and its body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: gateway", f"Content-Length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode() + b"x" * size


MINE = f"Authorization: Bearer {KEY}"
NEXT = f"GET /me HTTP/1.1\r\nHost: gateway\r\n{MINE}\r\n\r\n".encode()


@pytest.mark.parametrize("size", [65_000, 100_000, 300_000, 5_000_000])
@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/messages", (), 401),
        ("POST", "/messages", (MINE,), 415),
        ("POST", "/nowhere", (MINE,), 404),
        ("PUT", "/messages", (MINE,), 405),
        ("GET", "/me", (MINE,), 200),
        ("POST", "/messages/batch", (MINE, "Content-Type: application/json"), None),
    ],
)
async def test_a_body_that_nobody_reads_spoils_nothing(
    port: int, size: int, method: str, path: str, headers: tuple[str, ...], status: int | None
) -> None:
    """The answer is the request's own, and the next request on the connection is answered as ever."""
    wanted = status or (413 if size > 4 * 1024 * 1024 else 400)
    (first, *_), (second, *_) = await exchange(port, refused(method, path, size, *headers), NEXT, answers=2)
    assert (first, second) == (wanted, 200)


async def test_what_is_dropped_has_a_bound(port: int) -> None:
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await exchange(port, refused("POST", "/messages", 2 * MAX_DROPPED), NEXT, answers=2)
