"""One exchange with vendors that misbehave to the byte: what certainly never left, and what came whole."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import ssl
import struct
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.connections import MAX_ANSWER, MAX_HEAD, Connections
from gateway.errors import LostAnswer, NeverLeft
from gateway.model.values import Duration
from gateway.provider import Provider, ProviderSettings, VendorAnswer, VendorRequest
from gateway.transport import Transport

pytestmark = pytest.mark.anyio
Patch = pytest.MonkeyPatch

# Of this file alone: "localhost", signed by itself, until 2120.
CERTIFICATE = """
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdeok8CnfkH9D+DI7R9eTw2kmxqvPJUCRxSV0s5jvXkWhRANCAAR8VsE0r1P6bRMLMHvqodMT
60mEoZucHL6yv8yxtmCDqZh7+C1zC1xqduxx9VA6G94rqq5Yfhn/o8g0lmNkuaVK
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBYjCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQ
BgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHxWwTSvU/ptEwswe+qh0xPrSYShm5wcvrK/zLG2YIOpmHv4LXMLXGp27HH1UDob
3iuqrlh+Gf+jyDSWY2S5pUqjSDBGMA8GA1UdEwEB/wQFMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0MB0GA1UdDgQWBBRrrgAlbhfVLSJTEtGok61CYGz9
3TAKBggqhkjOPQQDAgNJADBGAiEA0c9WuHOdIdaFQt6e/nm947M6DeQRmpZge8Q4yCiuvDMCIQDh3HzmZVj4Y+76ktCt0DYHrdP2d93g6pmvi42yzb8xvg==
-----END CERTIFICATE-----
"""
OK = b"HTTP/1.1 200 OK\r\n"
PLAIN = OK + b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;note=1\r\nllo\r\n0\r\n\r\n"
TO_THE_END = OK + b"Connection: close\r\n\r\nhello"
FORGED = OK + b"Content-Length: 6\r\n\r\nforged"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HELLO = VendorAnswer(200, b"hello", "text/plain")
NO_CONNECTION = "NeverLeft: no connection: refused, unknown host or TLS failure"
NONE_IN_TIME = "NeverLeft: no connection in time"
BROKE = "LostAnswer: the connection broke before the whole answer came"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def transport(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Transport]:
    transport = Transport(Connections(ssl.create_default_context(cadata=CERTIFICATE)))
    yield transport
    await transport.close()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@dataclass
class Line:
    """The vendor's end of one connection."""

    vendor: SimpleNamespace
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = [int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")]
        body = await self.reader.readexactly(size[0] if size else 0)
        self.vendor.requests.append(head + body)
        return body

    def at_once(self, act: Callable[[socket.socket], object]) -> None:
        with socket.socket(fileno=os.dup(self.writer.get_extra_info("socket").fileno())) as sock:
            act(sock)

    def reset(self) -> None:
        self.at_once(lambda sock: sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)))
        self.writer.transport.abort()


Script = Callable[[Line], Awaitable[Any]]
Fate = VendorAnswer | str  # the answer, or why there is none


def answers(*queue: bytes, pause: float | None = None) -> Script:
    """Each request gets the next answer, the last one again and again; its own body where there is none."""

    async def script(line: Line) -> None:
        data = b""
        while b"Connection: close" not in data and (b"HTTP/1.0" not in data or b"keep-alive" in data):
            body = await line.request()
            echo = OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            data = queue[min(len(line.vendor.requests), len(queue)) - 1] if queue else echo
            step = len(data) if pause is None else len(data) // 300 + 1
            for i in range(0, len(data), step):
                line.writer.write(data[i : i + step])
                await asyncio.sleep(pause or 0)

    return script


def says(data: bytes, end: str, after: Script | None = Line.request) -> Script:
    async def script(line: Line) -> None:
        await (after(line) if after else asyncio.sleep(0))
        line.writer.write(data)
        await asyncio.sleep(0.02)  # so that a reset does not overtake it
        if end == "cut":  # TCP ends, and TLS does not say so
            line.at_once(lambda sock: sock.shutdown(socket.SHUT_WR))
        if end in ("cut", "silence"):
            await line.reader.read()
        if end == "reset":
            line.reset()

    return script


@asynccontextmanager
async def serve(script: Script, tls: bool = False, host: str = "127.0.0.1") -> AsyncIterator[SimpleNamespace]:
    """Plays the script on every connection and then closes it."""
    vendor, tasks, context = SimpleNamespace(lines=[], requests=[]), [], None

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(cast("asyncio.Task[Any]", asyncio.current_task()))
        vendor.lines.append(Line(vendor, reader, writer))
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError, RuntimeError):
            await script(vendor.lines[-1])
        writer.close()

    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        with tempfile.NamedTemporaryFile("w", buffering=1) as file:
            file.write(CERTIFICATE)
            context.load_cert_chain(file.name)
    server = await asyncio.start_server(handle, host, 0, ssl=context, backlog=1000)
    port = server.sockets[0].getsockname()[1]
    vendor.url = f"https://localhost:{port}" if tls else f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        yield vendor
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)
        for line in vendor.lines:
            line.writer.transport.abort()
        await asyncio.sleep(0.01)


async def exchange(transport: Transport, url: str, body: bytes = b"a=b", timeout: float = 2, kind: str = "x/y") -> Fate:
    provider = type("Fake", (), {"settings": ProviderSettings(base_url=url, timeout=Duration(timeout))})
    request = VendorRequest(method="POST", url=url + "/send", headers=(("content-type", kind),), body=body)
    try:
        async with asyncio.timeout(timeout + 0.5):
            return await transport.exchange(cast(Provider, provider), request)
    except (NeverLeft, LostAnswer) as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("timeout", [0.3, 0.8])
async def test_into_the_void_nothing_left(transport: Transport, timeout: float, monkeypatch: Patch) -> None:
    monkeypatch.setattr("gateway.transport.CONNECT_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:  # accepts none: beyond the first few, silence
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        fates = await asyncio.gather(*(exchange(transport, url, timeout=timeout) for _ in range(6)))
        assert set(fates) == {NONE_IN_TIME, f"LostAnswer: no answer within {timeout} s"}


@pytest.mark.parametrize("end", ["close", "reset", "silence"])
@pytest.mark.parametrize("data", [b"", b"220 mail.example ESMTP\r\n" * 10])
async def test_without_a_tls_handshake_nothing_left(transport: Transport, data: bytes, end: str) -> None:
    async with serve(says(data, end, after=lambda line: line.reader.read(1))) as vendor:
        fate = await exchange(transport, vendor.url.replace("http", "https"), timeout=0.4)
        assert fate == (NONE_IN_TIME if end == "silence" and not data else NO_CONNECTION)


async def test_a_certificate_that_is_not_trusted_ends_it(transport: Transport) -> None:
    async with serve(answers(PLAIN), tls=True) as vendor:
        assert await exchange(Transport(), vendor.url) == NO_CONNECTION
        assert await exchange(transport, vendor.url.replace("localhost", "127.0.0.1")) == NO_CONNECTION
        assert await exchange(transport, vendor.url) == HELLO
        assert len(vendor.requests) == 1


async def test_what_cannot_be_sent_never_left(transport: Transport) -> None:
    async with serve(answers(PLAIN)) as vendor:
        for url in (f"http://{'a' * 64}.example", "https://a..example"):
            assert await exchange(transport, url) == NO_CONNECTION
        for url, kind in [("ftp:", "a"), ("http:", "a\r\nx-smuggled: 1"), ("http:", "a\nb"), ("http:", "a\r")]:
            assert await exchange(transport, url + vendor.url[5:], kind=kind) == "NeverLeft: no connection"
        assert vendor.lines == []


@pytest.mark.parametrize("data", [b"", b"HTTP/1.", FORGED])
async def test_over_before_its_use_it_never_left(transport: Transport, data: bytes, monkeypatch: Patch) -> None:
    async def sluggish(*args: Any, **more: Any) -> Any:
        made = await connect(*args, **more)
        await asyncio.sleep(0.05)
        return made

    connect = asyncio.get_running_loop().create_connection
    async with serve(says(data, "close", after=None)) as vendor:
        for _ in range(10 if data != FORGED else 0):  # seen in time, or not
            assert await exchange(transport, vendor.url, timeout=1) in (NO_CONNECTION, BROKE)
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", sluggish)
        assert await exchange(transport, vendor.url, timeout=1) == NO_CONNECTION


NOT_AN_ANSWER = {
    "only nothing": b"",
    "only another coding": OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
    "only 100 and 103": CONTINUE + b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "only 101": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "garbage": b"\x16\x03\x01\x00\xff\r\n\r\n",
    "upgrade": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello",
    "length and chunks": OK + b"Content-Length: 5\r\n" + CHUNKED[len(OK) :],
    "huge body": OK + b"Content-Length: %d\r\n\r\n" % (4 * MAX_ANSWER) + b"x" * 2 * MAX_ANSWER,
    "endless chunks": CHUNKED[:-5] + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 2048,
    "endless body": TO_THE_END + b"x" * 2 * MAX_ANSWER,
    "header bomb": OK + b"A: b\r\n" * MAX_HEAD,
    "announcements": CONTINUE * MAX_HEAD,
    "not gzip": PLAIN.replace(b"OK", b"OK\r\nConnection: close\r\nContent-Encoding: gzip"),
}


@pytest.mark.parametrize("name", NOT_AN_ANSWER)
async def test_half_an_answer_and_nonsense_are_lost(transport: Transport, name: str) -> None:
    async with serve(says(NOT_AN_ANSWER[name], "close" if "only" in name else "silence")) as vendor:
        for _ in range(2):
            assert await exchange(transport, vendor.url) == BROKE
        assert len(vendor.requests) == len(vendor.lines) == 2


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1), max_size=4), st.sampled_from(["length", "chunks", "end"]), st.booleans())
async def test_a_cut_answer_is_never_a_whole_one(chunks: list[bytes], framing: str, reset: bool) -> None:
    body = b"".join(chunks)
    how = {"length": b"Content-Length: %d" % len(body), "chunks": b"Transfer-Encoding: chunked", "end": b"A: b"}
    head = OK + b"X-First: 1\r\n" + how[framing] + b"\r\nX-Last: 2\r\n\r\n"
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])
    whole = head + (framed if framing == "chunks" else body)
    cuts = [*range(len(head) if framing == "end" else len(whole)), len(whole)]

    async def script(line: Line) -> None:
        cut = int(await line.request())
        await says(whole[:cut], "reset" if reset and cut < len(whole) else "close", after=None)(line)

    transport = Transport(Connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    async with serve(script) as vendor:
        fates = await asyncio.gather(*(exchange(transport, vendor.url, b"%d" % cut) for cut in cuts))
        assert fates == [BROKE] * (len(cuts) - 1) + [VendorAnswer(200, body)]


@pytest.mark.parametrize(("end", "tls"), [("reset", False), ("reset", True), ("cut", True)])
async def test_only_a_proper_end_is_one(transport: Transport, end: str, tls: bool) -> None:
    async with serve(says(TO_THE_END, end), tls) as vendor:
        assert await exchange(transport, vendor.url) == BROKE
    async with serve(says(TO_THE_END, "close"), tls) as vendor:
        assert await exchange(transport, vendor.url) == VendorAnswer(200, b"hello")


async def test_a_request_read_by_half(transport: Transport) -> None:
    async with serve(says(b"", "reset", after=lambda line: line.reader.readexactly(100))) as vendor:
        assert await exchange(transport, vendor.url, b"x" * 20_000_000) == BROKE
    async with serve(says(PLAIN, "silence", after=lambda line: line.reader.readexactly(100))) as vendor:
        for _ in range(2):
            assert await exchange(transport, vendor.url, b"x" * 20_000_000) == HELLO
        assert len(vendor.lines) == 2


@pytest.mark.parametrize("slow", [says(b"", "silence"), answers(PLAIN, pause=0.05)], ids=["never", "byte by byte"])
@pytest.mark.parametrize("timeout", [0.2, 2])
async def test_giving_up_ends_the_connection(transport: Transport, slow: Script, timeout: float) -> None:
    async with serve(lambda line: (slow if len(line.vendor.lines) == 1 else answers(PLAIN))(line)) as vendor:
        with suppress(TimeoutError):  # the exchange is cancelled
            fate = await asyncio.wait_for(exchange(transport, vendor.url, timeout=timeout), 0.3)
            assert fate == "LostAnswer: no answer within 0.2 s"
        assert await exchange(transport, vendor.url) == HELLO
        assert vendor.lines[0].reader.at_eof() or vendor.lines[0].reader.exception()
        assert len(vendor.lines) == 2


WHOLE = {
    "length": PLAIN,
    "chunks": CHUNKED,
    "to the end": TO_THE_END,
    "1.0": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello",
    "1.0 kept": PLAIN.replace(b"1.1 200 OK", b"1.0 200 OK\r\nConnection: keep-alive"),
    "closing": PLAIN.replace(b"OK", b"OK\r\nConnection: close"),
    "announced": CONTINUE + b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\nContent-Type: text/early\r\n\r\n" + PLAIN,
    "trailers": CHUNKED[:-2] + b"Content-Type: text/forged\r\nX-Sum: 1\r\n\r\n",
    "offers": PLAIN.replace(b"OK", b"OK\r\nConnection: Upgrade, Keep-Alive\r\nUpgrade: h2,h2c"),
    "500": PLAIN.replace(b"200 OK", b"500 "),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "302": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "gzip": TO_THE_END.replace(b"\r\n\r\nhello", b"\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello")),
    "as long as can be": OK + b"Content-Length: %d\r\n\r\n" % MAX_ANSWER + b"x" * MAX_ANSWER,
}


@pytest.mark.parametrize("pause", [None, 0], ids=["at once", "in pieces"])
@pytest.mark.parametrize("name", WHOLE)
async def test_answers_are_read_as_httpx_reads_them(name: str, pause: float | None) -> None:
    read = []
    for carrier in (Connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)), httpx.AsyncHTTPTransport(verify=False)):
        async with serve(answers(WHOLE[name], pause=pause)) as vendor:
            for _ in range(3):
                answer = await exchange(Transport(carrier), vendor.url)
                request = httpx.Request("GET", vendor.url, extensions={"timeout": {"connect": 1, "read": 1}})
                response = await carrier.handle_async_request(request)
                read.append((answer, response.status_code, response.headers, await response.aread()))
            await carrier.aclose()
        if isinstance(carrier, Connections):
            assert len(vendor.lines) == (6 if name in ("to the end", "1.0", "closing", "gzip") else 1)
    assert read == [read[0]] * 6


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"] if os.path.exists("/proc/net/if_inet6") else ["127.0.0.1"])
async def test_a_request_arrives_to_the_byte(transport: Transport, host: str) -> None:
    body = "to=%2B8190&text=a+b&é=日本語\0\r\n\r\n".encode() + bytes(range(256))
    async with serve(answers(), host=host) as vendor:
        assert await exchange(transport, vendor.url, body) == VendorAnswer(200, body)
        assert await exchange(transport, vendor.url, b"") == VendorAnswer(200, b"")
        head = f"POST /send HTTP/1.1\r\nHost: {vendor.url[7:]}\r\naccept: */*\r\nuser-agent: message-gateway\r\n"
        head += f"content-type: x/y\r\nContent-Length: {len(body)}\r\n\r\n"
        assert vendor.requests[0] == head.encode() + body


LEAVING: dict[str, Callable[[Line], None]] = {
    "closed": lambda line: line.writer.close(),
    "reset": Line.reset,
    "closed unseen": lambda line: line.at_once(lambda sock: sock.shutdown(socket.SHUT_RDWR)),
    "talks": lambda line: line.writer.write(FORGED),
    "talks unseen": lambda line: line.at_once(lambda sock: sock.send(FORGED)),
}


@pytest.mark.parametrize(("how", "tls"), [(how, tls) for how in LEAVING for tls in (False, True)][:-1])
async def test_a_vendor_may_leave_while_idle(transport: Transport, how: str, tls: bool) -> None:
    async with serve(answers(PLAIN), tls) as vendor:
        for turns in range(8):
            for _ in range(3):
                assert await exchange(transport, vendor.url) == HELLO
            assert len(vendor.lines) == turns + 1
            LEAVING[how](vendor.lines[-1])
            for _ in range(turns if "unseen" in how else 99):  # the event loop has seen a little of it, or all
                await asyncio.sleep(0)
    assert await exchange(transport, vendor.url) == NO_CONNECTION


@pytest.mark.parametrize("more", [FORGED, FORGED[:9], FORGED[:20], b"\0", b"\r\n" + FORGED])
@pytest.mark.parametrize("pause", [None, 0])
async def test_what_follows_an_answer_is_no_answer(transport: Transport, more: bytes, pause: float | None) -> None:
    for first in ("length", "chunks", "closing", "204"):
        async with serve(answers(WHOLE[first] + more, PLAIN, pause=pause)) as vendor:
            assert "forged" not in repr(await exchange(transport, vendor.url))
            assert await exchange(transport, vendor.url) == HELLO
            assert len(vendor.lines) == 2


async def test_many_at_once(transport: Transport, monkeypatch: Patch) -> None:
    async with serve(answers()) as vendor:
        for _ in range(3):
            got = await asyncio.gather(*(exchange(transport, vendor.url, b"%d" % i) for i in range(300)))
            assert got == [VendorAnswer(200, b"%d" % i) for i in range(300)]
        assert len(vendor.lines) == 300
        monkeypatch.setattr("gateway.connections.IDLE", 0.1)
        for _ in range(5):
            await exchange(transport, vendor.url)
            await asyncio.sleep(0.05)
        assert sum(not line.reader.at_eof() for line in vendor.lines) <= 1


async def test_nothing_stays_open(transport: Transport) -> None:
    """Given up at every moment of connecting, and closed while an answer is on its way."""
    async with serve(answers(PLAIN), tls=True) as vendor:
        before = len(os.listdir("/dev/fd"))
        for i in range(60):
            with suppress(TimeoutError):
                await asyncio.wait_for(exchange(transport, vendor.url), i / 10_000)
        late = asyncio.create_task(exchange(transport, vendor.url))
        while not late.done():
            await asyncio.sleep(0)
            await transport.close()
        assert late.result() == HELLO
        await asyncio.sleep(0.05)
        assert len(os.listdir("/dev/fd")) <= before
