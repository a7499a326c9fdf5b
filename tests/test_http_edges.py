"""HTTP at its edges, byte for byte, against the gateway as it listens: what is malformed is a problem document in its
turn on the connection, and what is merely odd is understood."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import structlog
import uvicorn

from gateway.api.server import MAX_HEAD, OTHER, GatewayProtocol
from gateway.app import listen, web
from tests.harness import KEY, Harness

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("redis_server", ["single"], indirect=True)]
each = pytest.mark.parametrize

BODY = json.dumps({"to": "+819012345678", "text": "Hello"}).encode()
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
HOST, JSON = b"Host: gateway\r\n", b"Content-Type: application/json\r\n"
AUTH = b"Authorization: Bearer " + KEY.encode() + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def is_problem(self, status: int, code: str = "") -> None:
        """A whole one, in the same form as all others."""
        assert self.status == status, self.body
        assert self.headers["content-type"] == "application/problem+json"
        told = json.loads(self.body)
        assert told["status"] == status
        assert told["instance"] == self.headers["x-request-id"] != ""
        assert told["code"] == code or not code


class Wire:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *segments: bytes) -> None:
        for segment in segments:
            self.writer.write(segment)
            await self.writer.drain()
            await asyncio.sleep(0.02 if len(segments) > 1 else 0)  # so that they arrive as they were sent

    async def answer(self, *, head: bool = False) -> Answer:
        text = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in text[1:])}
        body = b"" if head else await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(text[0].split()[1]), headers, body)

    async def is_closed(self) -> None:
        assert await asyncio.wait_for(self.reader.read(), 5) == b""


class Server:
    """The gateway on a socket."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.wires: list[Wire] = []

    async def wire(self) -> Wire:
        self.wires.append(Wire(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.wires[-1]

    async def ask(self, *segments: bytes) -> Answer:
        wire = await self.wire()
        await wire.send(*segments)
        return await wire.answer()


@pytest.fixture
async def server(harness: Harness) -> AsyncIterator[Server]:
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        web(harness.here), http=GatewayProtocol, lifespan="off", log_config=None, timeout_keep_alive=1
    )
    running = uvicorn.Server(config)
    serving = asyncio.create_task(running.serve(sockets=[listener]))
    while not running.started:
        await asyncio.sleep(0.01)
    server = Server(listener.getsockname()[1])
    yield server
    for wire in server.wires:
        wire.writer.close()
    running.should_exit = True
    await serving
    listener.close()


def get(path: bytes = b"/me", further: bytes = b"", method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\n" + HOST + AUTH + further + b"\r\n"


def post(further: bytes = LENGTH, body: bytes = BODY, path: bytes = b"/messages") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + AUTH + JSON + further + b"\r\n" + body


NOT_HTTP = {
    "words": b"HELO there\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9": b"GET /me HTTP/9.9\r\n\r\n",
    "no version": b"GET /me\r\n\r\n",
    "no path": b"GET HTTP/1.1\r\n\r\n",
    "method with @": get(method=b"G@T"),
    "bare line feeds": get().replace(b"\r\n", b"\n"),
    "space in path": get(b"/me too"),
    "bytes in path": get(b"/me\xff"),
    "path without slash": get(b"me"),
    "host and no path": get(b"http://gateway"),
    "authority": get(b"gateway:80", method=b"CONNECT"),
    "folded header": get(further=b"X-A: b\r\n c\r\n"),
    "NUL in header": get(further=b"X-A: b\0c\r\n"),
    "CR in header": get(further=b"X-A: b\rc\r\n"),
    "space before colon": get(further=b"X-A : b\r\n"),
    "header without colon": get(further=b"X-A\r\n"),
    "header without name": get(further=b": b\r\n"),
    "header's name in UTF-8": get(further="X-日: a\r\n".encode()),
    "two lengths, equal": post(LENGTH * 2),
    "two lengths": post(LENGTH + b"Content-Length: 3\r\n"),
    "lengths in a list": post(b"Content-Length: 5, 5\r\n"),
    **{
        f"length {value}": post(b"Content-Length: " + value.encode() + b"\r\n")
        for value in ("-1", "+5", "5.0", "", "4 7")
    },
    "length beyond all": post(b"Content-Length: 99999999999999999999999\r\n"),
    "length and chunks": post(LENGTH + CHUNKED, CHUNKS),
    "chunk of no size": post(CHUNKED, b"zz\r\n" + BODY),
    "chunk that goes on": post(CHUNKED, b"5\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk beyond all": post(CHUNKED, b"f" * 20 + b"\r\n" + BODY),
    "coding nobody knows": post(b"Transfer-Encoding: xchunked\r\n", CHUNKS),
    "coding identity": post(b"Transfer-Encoding: identity\r\n", CHUNKS),
}


@each("request_", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_what_is_no_request_is_a_problem_and_the_end(server: Server, request_: bytes) -> None:
    wire = await server.wire()
    await wire.send(request_)
    (await wire.answer()).is_problem(400, "invalid_request")
    await wire.is_closed()


ODD_HEADERS = {
    "no host": b"GET /me HTTP/1.1\r\n" + AUTH + b"\r\n",
    "two hosts": get(further=HOST),
    "two keys": get(further=b"Authorization: Bearer other\r\n"),
    "two content types": post(LENGTH + b"Content-Type: text/plain\r\n"),
    "two idempotency keys": post(LENGTH + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n"),
    "gzip as transfer coding": post(b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
}


@each("request_", ODD_HEADERS.values(), ids=ODD_HEADERS)
async def test_headers_that_two_readers_would_read_differently_are_refused(server: Server, request_: bytes) -> None:
    wire = await server.wire()
    await wire.send(request_, get())
    (await wire.answer()).is_problem(400, "invalid_request")
    assert (await wire.answer()).status == 200  # the connection is as good as before


UNDERSTOOD = {
    "empty lines first": (b"\r\n\r\n" + get(), 200),
    "absolute form": (get(b"http://gateway/me"), 200),
    "value in UTF-8": (get(further="X-A: 日本\r\n".encode()), 200),
    "a thousand headers": (get(further=b"".join(b"X-%d: a\r\n" % n for n in range(1000))), 200),
    "body of a GET": (get(further=b"Content-Length: 5\r\n") + b"hello", 200),
    "chunks": (post(CHUNKED, CHUNKS), 202),
    "chunks with an extension": (post(CHUNKED, CHUNKS.replace(b"\r\n", b";a=b\r\n", 1)), 202),
    "chunks with trailers": (post(CHUNKED, CHUNKS[:-2] + b"X-Sum: 1\r\n\r\n"), 202),
    "an expectation nobody knows": (post(LENGTH + b"Expect: 200-ok\r\n"), 202),
}


@each(("request_", "status"), UNDERSTOOD.values(), ids=UNDERSTOOD)
async def test_what_is_odd_and_right_is_understood(server: Server, request_: bytes, status: int) -> None:
    wire = await server.wire()
    await wire.send(request_, get())
    assert (await wire.answer()).status == status
    assert (await wire.answer()).status == 200


@each("path", [b"*", b"/./me", b"/messages/../me", b"/%2e/me", b"/me;a=b", b"/me%00", b"/me%0d%0aX-A:b"])
async def test_a_path_is_not_made_into_another(server: Server, path: bytes) -> None:
    (await server.ask(get(path))).is_problem(404, "not_found")


async def test_a_request_may_come_byte_by_byte(server: Server) -> None:
    whole = b"\r\n" + post(LENGTH + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n") + get()
    wire = await server.wire()
    for place in range(len(whole)):
        wire.writer.write(whole[place : place + 1])
        await wire.writer.drain()
        await asyncio.sleep(0)
    assert ((await wire.answer()).status, (await wire.answer()).status) == (202, 200)


async def test_old_http_is_answered_and_closed(server: Server) -> None:
    for further in (b"", b"Connection: keep-alive\r\n"):
        wire = await server.wire()
        await wire.send(b"GET /me HTTP/1.0\r\n" + AUTH + further + b"\r\n")
        assert (await wire.answer()).status == 200
        await wire.is_closed()


async def test_requests_sent_at_once_are_answered_in_turn(server: Server) -> None:
    offer = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    wire = await server.wire()
    await wire.send(get() + post() + post(LENGTH + offer) + get(method=b"FOO") + post(CHUNKED, CHUNKS))
    assert [(await wire.answer()).status for _ in range(5)] == [200, 202, 202, 405, 202]


async def test_rubbish_behind_a_request_costs_it_no_answer(server: Server) -> None:
    for rubbish in (b"GARBAGE\r\n\r\n", get(further=b"X-A\r\n"), b"GET /" + b"a" * MAX_HEAD):
        wire = await server.wire()
        await wire.send(post() + rubbish)
        assert (await wire.answer()).status == 202
        await wire.is_closed()


async def test_a_request_hidden_behind_chunks_is_not_answered_unseen(server: Server) -> None:
    wire = await server.wire()
    await wire.send(post(CHUNKED, CHUNKS) + get())
    assert (await wire.answer()).status == 202
    await wire.is_closed()


async def test_after_the_last_request_nothing_is_read(server: Server) -> None:
    wire = await server.wire()
    await wire.send(get(further=b"Connection: close\r\n") + post())
    answer = await wire.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    await wire.is_closed()


@each("offer", [b"h2c", b"websocket", b"TLS/1.0, HTTP/1.1", b"h2c, foo"])
async def test_no_offer_of_another_protocol_costs_the_body(server: Server, offer: bytes) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: " + offer + b"\r\n"
    request = post(LENGTH + upgrade)
    for cut in (len(request), request.index(b"pgrade: ") + 3, request.index(offer) + 1, len(request) - 5):
        answer = await server.ask(*filter(None, (request[:cut], request[cut:])))
        assert answer.status == 202, (cut, answer.body)
    assert (await server.ask(get(further=upgrade))).status == 200


async def test_who_asks_whether_to_go_on_is_told(server: Server) -> None:
    wire = await server.wire()
    await wire.send(post(LENGTH + b"Expect: 100-Continue\r\n", b""))
    assert (await wire.answer()).status == 100
    await wire.send(BODY)
    assert (await wire.answer()).status == 202
    wire = await server.wire()
    await wire.send(post(LENGTH + b"Expect: 100-continue\r\n", b"").replace(AUTH, b""))
    (await wire.answer()).is_problem(401, "unauthorized")


@each("pieces", [1, 5])
@each("long", [get(further=b"X: " + b"a" * MAX_HEAD + b"\r\n"), get(b"/me?" + b"a" * MAX_HEAD)], ids=["header", "path"])
async def test_a_head_is_so_long_and_no_longer(server: Server, long: bytes, pieces: int) -> None:
    size = len(long) // pieces + 1
    answer = await server.ask(*(long[begin : begin + size] for begin in range(0, len(long), size)))
    answer.is_problem(400, "invalid_request")
    fits = get(further=b"X: " + b"a" * (MAX_HEAD - len(get()) - 5) + b"\r\n")
    assert len(fits) == MAX_HEAD
    assert (await server.ask(fits)).status == 200


async def test_a_head_that_never_ends_holds_no_connection(server: Server) -> None:
    for begun in (b"", b"GET /me HTTP/1.1\r\nHost: gate"):
        wire = await server.wire()
        await wire.send(begun)
        await wire.is_closed()


@each("path", ["/messages", "/me", "/health/live", "/openapi.json", "/messages/msg_1/cancel", "/callbacks/a/b/c"])
async def test_a_method_that_no_path_answers_is_405_whatever_it_is(server: Server, path: str) -> None:
    served = {"/messages": "GET, HEAD, OPTIONS, POST", "/messages/msg_1/cancel": "OPTIONS, POST"}
    served["/callbacks/a/b/c"] = "GET, OPTIONS, POST"
    for method in (
        b"TRACE",
        b"CONNECT",
        b"PROPFIND",
        b"QUERY",
        b"get",
        b"Post",
        b"FOO",
        b"M-SEARCH",
        b"!#$%&'*+.^_`|~",
    ):
        answer = await server.ask(get(path.encode(), method=method))
        answer.is_problem(405, "method_not_allowed")
        allowed = sorted(answer.headers["allow"].split(", "))
        assert allowed == served.get(path, "GET, HEAD, OPTIONS").split(", "), method


async def test_methods_nobody_heard_of_are_counted_as_one(server: Server, harness: Harness) -> None:
    with structlog.testing.capture_logs() as lines:
        for number in range(3):
            await server.ask(get(method=b"FOO%d" % number))
        await server.ask(b"nonsense\r\n\r\n")
    assert {line["method"] for line in lines if line["event"] == "request"} == {OTHER}
    assert "FOO" not in harness.here.metrics.render()


async def test_who_leaves_before_the_body_ends_is_no_bug_of_ours(server: Server) -> None:
    with structlog.testing.capture_logs() as lines:
        for request in (post(body=BODY[:5]), post(CHUNKED, CHUNKS[:9]), post(CHUNKED, b"5\r\nhello\r\nzz\r\n")):
            wire = await server.wire()
            await wire.send(request)
            wire.writer.write_eof()
            await asyncio.wait_for(wire.reader.read(), 5)
        while sum(line["event"] == "request" and line["route"] == "/messages" for line in lines) < 3:
            await asyncio.sleep(0.01)
    assert [line["status"] for line in lines if line.get("route") == "/messages"] == [400, 400, 400]
    assert not [line for line in lines if line["log_level"] in ("error", "critical")]
