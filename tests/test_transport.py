"""One exchange with vendors that misbehave to the byte: what certainly never left, and what came whole."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
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
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\n"
CODED = gzip.compress(b"hello" * 100)


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(autouse=True)
def _nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Event loops log what callbacks raise, and go on."""
    yield
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


class Line:
    """The vendor's end of one connection."""

    def __init__(self, vendor: Vendor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.vendor, self.reader, self.writer = vendor, reader, writer

    async def request(self) -> bytes:
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = [int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")]
        data = head + await self.reader.readexactly(size[0] if size else 0)
        self.vendor.requests.append(data)
        return data

    def socket(self) -> socket.socket:
        """Acts at once, without the event loop."""
        return socket.socket(fileno=os.dup(self.writer.get_extra_info("socket").fileno()))

    def reset(self) -> None:
        with self.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Line], Awaitable[Any]]


def answers(*queue: bytes, pause: float | None = None) -> Script:
    """Each request gets the next answer, the last one again and again; with a pause in small pieces."""

    async def script(line: Line) -> None:
        while True:
            await line.request()
            data = queue[min(len(line.vendor.requests), len(queue)) - 1]
            step = len(data) if pause is None else len(data) // 300 + 1
            for i in range(0, len(data), step):
                line.writer.write(data[i : i + step])
                await asyncio.sleep(pause or 0)
            if b"Connection: close" in data or (data.startswith(b"HTTP/1.0") and b"keep-alive" not in data):
                return

    return script


def says(data: bytes, end: str, after: Script = Line.request) -> Script:
    async def script(line: Line) -> None:
        await after(line)
        line.writer.write(data)
        await asyncio.sleep(0.02)  # so that a reset does not overtake it
        if end == "reset":
            line.reset()
        elif end == "silence":
            await asyncio.Event().wait()

    return script


async def echo(line: Line) -> None:
    while True:
        body = (await line.request()).partition(b"\r\n\r\n")[2]
        line.writer.write(OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


class Vendor:
    def __init__(self) -> None:
        self.url = ""
        self.lines: list[Line] = []
        self.requests: list[bytes] = []
        self.tasks: list[asyncio.Task[Any] | None] = []


@asynccontextmanager
async def serve(script: Script, certificate: Path | None = None, host: str = "127.0.0.1") -> AsyncIterator[Vendor]:
    """Plays the script on every connection and then closes it."""
    vendor, tls = Vendor(), None

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        vendor.tasks.append(asyncio.current_task())
        vendor.lines.append(Line(vendor, reader, writer))
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await script(vendor.lines[-1])
        writer.close()

    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    server = await asyncio.start_server(handle, host, 0, ssl=tls, backlog=1000)
    port = server.sockets[0].getsockname()[1]
    vendor.url = f"https://localhost:{port}" if tls else f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        yield vendor
    finally:
        server.close()
        for task in filter(None, vendor.tasks):
            task.cancel()
        await asyncio.gather(*filter(None, vendor.tasks))
        for line in vendor.lines:
            line.writer.transport.abort()
        await asyncio.sleep(0.01)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    (tmp_path / "localhost.pem").write_text(CERTIFICATE)
    return tmp_path / "localhost.pem"


@pytest.fixture
async def transport(certificate: Path) -> AsyncIterator[Transport]:
    transport = Transport(Connections(ssl.create_default_context(cafile=certificate)))
    yield transport
    await transport.close()


async def exchange(transport: Transport, url: str, body: bytes = b"text=hi", timeout: float = 2.0) -> VendorAnswer:
    class Fake:
        settings = ProviderSettings(base_url=url, timeout=Duration(timeout))

    request = VendorRequest(method="POST", url=url + "/send", headers=(("content-type", "text/x"),), body=body)
    started = time.monotonic()
    try:
        return await transport.exchange(cast(Provider, Fake()), request)
    finally:
        assert time.monotonic() - started < timeout + 0.5


# Nothing left


async def test_a_refused_connection_never_left(transport: Transport) -> None:
    async with serve(answers(PLAIN)) as vendor:
        assert (await exchange(transport, vendor.url)).body == b"hello"
    for _ in range(2):
        with pytest.raises(NeverLeft, match="refused"):
            await exchange(transport, vendor.url)


@pytest.mark.parametrize("timeout", [0.2, 2])
async def test_into_the_void_nothing_left(
    transport: Transport, timeout: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.transport.CONNECT_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
        for _ in range(4):  # fill the backlog: further packets are dropped
            other = stack.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(server.getsockname())
        with pytest.raises(NeverLeft, match="in time"):
            await exchange(transport, f"http://127.0.0.1:{server.getsockname()[1]}", timeout=timeout)


@pytest.mark.parametrize("end", ["close", "reset", "silence"])
@pytest.mark.parametrize("data", [b"", b"220 mail.example ESMTP\r\n" * 10])
async def test_without_a_tls_handshake_nothing_left(transport: Transport, data: bytes, end: str) -> None:
    async with serve(says(data, end, after=lambda line: line.reader.read(1))) as vendor:
        with pytest.raises(NeverLeft):
            await exchange(transport, vendor.url.replace("http", "https"), timeout=0.4)


async def test_a_certificate_that_is_not_trusted_ends_it(transport: Transport, certificate: Path) -> None:
    strict = Transport()
    async with serve(answers(PLAIN), certificate) as vendor:
        with pytest.raises(NeverLeft, match="TLS"):
            await exchange(strict, vendor.url)
        with pytest.raises(NeverLeft, match="TLS"):
            await exchange(transport, vendor.url.replace("localhost", "127.0.0.1"))
        assert (await exchange(transport, vendor.url)).body == b"hello"
        assert len(vendor.requests) == 1
    await strict.close()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:1", "http://", f"http://{'a' * 64}.example", "https://a..example"])
async def test_an_impossible_address_never_left(transport: Transport, url: str) -> None:
    with pytest.raises(NeverLeft):
        await exchange(transport, url)


async def test_a_header_cannot_smuggle_another(transport: Transport) -> None:
    provider = cast(Provider, type("Fake", (), {"settings": ProviderSettings(base_url="")}))
    async with serve(answers(PLAIN)) as vendor:
        for value in ("a\r\nx-evil: 1", "a\nb", "a\r"):
            request = VendorRequest(method="GET", url=vendor.url, headers=(("authorization", value),))
            with pytest.raises(NeverLeft):
                await transport.exchange(provider, request)
        assert vendor.lines == []


@pytest.mark.parametrize("data", [b"", b"HTTP/1.", FORGED])
async def test_a_connection_over_before_its_use_never_left(
    transport: Transport, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sluggish(*args: Any, **more: Any) -> Any:
        made = await connect(*args, **more)
        await asyncio.sleep(0.05)
        return made

    loop = asyncio.get_running_loop()
    connect = loop.create_connection
    async with serve(says(data, "close", after=lambda line: asyncio.sleep(0))) as vendor:
        for _ in range(20 if data != FORGED else 0):  # seen in time, or not
            with pytest.raises((NeverLeft, LostAnswer)):
                await exchange(transport, vendor.url, timeout=1)
        monkeypatch.setattr(loop, "create_connection", sluggish)
        with pytest.raises(NeverLeft):
            await exchange(transport, vendor.url, timeout=1)


# It may have left, and no whole answer came

HALVES = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 20",
    "a status line": OK,
    "half a header": OK + b"Content-Type: text/plain\r\nContent-Le",
    "a header": OK + b"Content-Type: text/plain\r\n",
    "half a head": OK + b"Content-Type: text/plain\r\n\r",
    "no body": PLAIN[:-5],
    "half a body": PLAIN[:-2],
    "half a chunk": CHUNKED[:-14],
    "no last chunk": CHUNKED[:-5],
    "half a trailer": CHUNKED[:-2] + b"X-Sum: 1\r\n",
    "another coding": OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
    "100": CONTINUE,
    "103 and half": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
    "101": SWITCHING + b"\r\n",
    "upgrade": SWITCHING + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\nhello",
}
NONSENSE = {
    "garbage": b"\x16\x03\x01\x00\xff\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "length and chunks": OK + b"Content-Length: 5\r\n" + CHUNKED[len(OK) :],
    "negative length": OK + b"Content-Length: -5\r\n\r\nhello",
    "no chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\nhello",
    "huge length": OK + b"Content-Length: 99999999999999999999\r\n\r\nhello",
    "huge body": OK + b"Content-Length: %d\r\n\r\n" % (4 * MAX_ANSWER) + b"x" * 2 * MAX_ANSWER,
    "endless chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n" + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 2048,
    "endless body": TO_THE_END + b"x" * 2 * MAX_ANSWER,
    "header bomb": OK + b"A: b\r\n" * (6 * MAX_HEAD // 6),
    "announcements": CONTINUE * (6 * MAX_HEAD // len(CONTINUE)),
    "not gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "upgrade": HALVES["upgrade"],
}
LOST = [(data, end) for data in HALVES.values() for end in ("close", "reset")]
LOST += [(data, "silence") for data in NONSENSE.values()] + [(TO_THE_END, "reset")]
LOST_NAMES = [f"{name}-{end}" for name in HALVES for end in ("close", "reset")] + [*NONSENSE, "end by reset"]


@pytest.mark.parametrize(("data", "end"), LOST, ids=LOST_NAMES)
async def test_half_an_answer_and_nonsense_are_lost(transport: Transport, data: bytes, end: str) -> None:
    async with serve(says(data, end)) as vendor:
        for _ in range(2):
            with pytest.raises(LostAnswer, match="broke"):
                await exchange(transport, vendor.url)
        assert len(vendor.requests) == len(vendor.lines) == 2


async def test_half_a_request_is_lost(transport: Transport) -> None:
    async with serve(says(b"", "reset", after=lambda line: line.reader.readexactly(100))) as vendor:
        with pytest.raises(LostAnswer, match="broke"):
            await exchange(transport, vendor.url, b"x" * 10_000_000)


async def test_over_tls_only_a_proper_end_is_one(transport: Transport, certificate: Path) -> None:
    async def cut(line: Line) -> None:
        await says(TO_THE_END, "")(line)
        with line.socket() as sock:
            sock.shutdown(socket.SHUT_WR)  # TCP ends, TLS has not said so
        await line.reader.read()

    async with serve(cut, certificate) as vendor:
        with pytest.raises(LostAnswer, match="broke"):
            await exchange(transport, vendor.url)
    async with serve(answers(TO_THE_END), certificate) as vendor:
        assert (await exchange(transport, vendor.url)).body == b"hello"


@pytest.mark.parametrize("slow", [says(b"", "silence"), answers(PLAIN, pause=0.05)], ids=["never", "byte by byte"])
@pytest.mark.parametrize("why", ["timeout", "cancelled"])
async def test_a_given_up_exchange_ends_its_connection(transport: Transport, slow: Script, why: str) -> None:
    async with serve(lambda line: (slow if len(line.vendor.lines) == 1 else answers(CHUNKED))(line)) as vendor:
        if why == "timeout":
            with pytest.raises(LostAnswer, match=r"within 0\.3 s"):
                await exchange(transport, vendor.url, timeout=0.3)
        else:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(exchange(transport, vendor.url), 0.3)
        await asyncio.sleep(0.02)
        assert vendor.lines[0].reader.at_eof() or vendor.lines[0].reader.exception()
        assert (await exchange(transport, vendor.url)).content_type == ""
        assert len(vendor.lines) == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), chunks=st.lists(st.binary(min_size=1, max_size=20), max_size=4), chunked=st.booleans())
async def test_a_cut_answer_is_never_a_whole_one(data: st.DataObject, chunks: list[bytes], chunked: bool) -> None:
    framed = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""]] if chunked else chunks
    how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(b"".join(chunks))
    whole = OK + b"X-First: 1\r\n" + how + b"\r\nX-Last: 2\r\n\r\n" + b"".join(framed)
    cuts = [data.draw(st.integers(0, len(whole) - 1), label="cut") for _ in range(5)]
    transport = Transport(Connections(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    for cut in [*cuts, len(whole)]:
        pieces = answers(whole[:cut] if cut else b"", pause=0)
        async with serve(lambda line, pieces=pieces: asyncio.wait_for(pieces(line), 0.02)) as vendor:  # type: ignore[misc]
            if cut < len(whole):
                with pytest.raises(LostAnswer):
                    await exchange(transport, vendor.url)
            else:
                assert (await exchange(transport, vendor.url)).body == b"".join(chunks)
    await transport.close()


# It came whole

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
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "302": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "500": PLAIN.replace(b"200 OK", b"500 "),
    "gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(CODED), CODED),
    "as long as can be": OK + b"Content-Length: %d\r\n\r\n" % MAX_ANSWER + b"x" * MAX_ANSWER,
}


@pytest.mark.parametrize("pause", [None, 0], ids=["at once", "in pieces"])
@pytest.mark.parametrize("name", WHOLE)
async def test_answers_are_read_as_httpx_reads_them(name: str, pause: float | None) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    read = []
    for carrier in (Connections(tls), httpx.AsyncHTTPTransport(verify=tls, trust_env=False)):
        async with serve(answers(WHOLE[name], pause=pause)) as vendor:
            for _ in range(3):
                answer = await exchange(Transport(carrier), vendor.url)
                request = httpx.Request("GET", vendor.url, extensions={"timeout": {"connect": 1, "read": 1}})
                response = await carrier.handle_async_request(request)
                body = await response.aread()
            read.append((answer, response.status_code, response.headers, body, len(vendor.lines)))
            await carrier.aclose()
    assert read[0] == read[1]


async def test_a_request_arrives_to_the_byte(transport: Transport) -> None:
    body = "to=%2B8190&text=a+b&é=日本語\0\r\n\r\n".encode() + bytes(range(256))
    hosts = ["127.0.0.1", "::1"] if socket.has_ipv6 and Path("/proc/net/if_inet6").exists() else ["127.0.0.1"]
    for host in hosts:
        async with serve(echo, host=host) as vendor:
            assert (await exchange(transport, vendor.url, body)).body == body
            assert await exchange(transport, vendor.url, b"") == VendorAnswer(200, b"")
            host_line = f"Host: {vendor.url.removeprefix('http://')}".encode()
            head = [b"accept: */*", b"user-agent: message-gateway", b"content-type: text/x"]
            assert vendor.requests[0].split(b"\r\n\r\n")[0].split(b"\r\n") == [
                b"POST /send HTTP/1.1", host_line, *head, b"Content-Length: %d" % len(body),
            ]  # fmt: skip


# Connections are kept, and looked at before they are used


async def _leave(line: Line, how: str) -> None:
    if how == "closed":
        line.writer.close()
    elif how == "reset":
        line.reset()
    elif how == "talks":
        line.writer.write(FORGED)
    else:
        with line.socket() as sock:
            sock.send(FORGED) if how == "talks unseen" else sock.shutdown(socket.SHUT_RDWR)
        return
    await asyncio.sleep(0.03)


@pytest.mark.parametrize("how", ["closed", "reset", "talks", "closed unseen", "talks unseen"])
@pytest.mark.parametrize("tls", [False, True])
async def test_a_vendor_may_leave_while_idle(transport: Transport, certificate: Path, how: str, tls: bool) -> None:
    async with serve(answers(PLAIN), certificate if tls else None) as vendor:
        for turns in range(8):
            for _ in range(3):
                assert (await exchange(transport, vendor.url)).body == b"hello"
            assert len(vendor.lines) == turns + 1
            await _leave(vendor.lines[-1], how)
            for _ in range(turns):  # the event loop has seen a little of it
                await asyncio.sleep(0)


@pytest.mark.parametrize("more", [FORGED, FORGED[:9], FORGED[:20], b"\0", b"\r\n" + FORGED])
@pytest.mark.parametrize("pause", [None, 0])
async def test_what_follows_an_answer_is_no_answer(transport: Transport, more: bytes, pause: float | None) -> None:
    for first in (PLAIN, CHUNKED, WHOLE["closing"], WHOLE["204"]):
        async with serve(answers(first + more, PLAIN, pause=pause)) as vendor:
            assert b"forged" not in (await exchange(transport, vendor.url)).body
            assert await exchange(transport, vendor.url) == VendorAnswer(200, b"hello", "text/plain")
            assert len(vendor.lines) == 2


async def test_a_request_answered_before_it_was_read_ends_its_connection(transport: Transport) -> None:
    async def script(line: Line) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        line.writer.write(PLAIN)
        await asyncio.Event().wait()

    async with serve(script) as vendor:
        for _ in range(2):
            assert (await exchange(transport, vendor.url, b"x" * 20_000_000)).body == b"hello"
        assert len(vendor.lines) == 2


async def test_many_at_once(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(echo) as vendor:
        for _ in range(3):
            bodies = [b"%d" % i * 50 for i in range(300)]
            got = await asyncio.gather(*(exchange(transport, vendor.url, body) for body in bodies))
            assert [answer.body for answer in got] == bodies
        assert len(vendor.lines) == 300
        monkeypatch.setattr("gateway.connections.IDLE", 0.0)
        await exchange(transport, vendor.url)
        await asyncio.sleep(0.05)
        assert sum(not line.reader.at_eof() for line in vendor.lines) <= 1


async def test_nothing_stays_open(transport: Transport, certificate: Path) -> None:
    """Given up at every moment of connecting, and closed while an answer is on its way."""
    async with serve(answers(PLAIN), certificate) as vendor:
        before = len(os.listdir("/proc/self/fd"))
        for i in range(60):
            with suppress(TimeoutError):
                await asyncio.wait_for(exchange(transport, vendor.url), i / 10_000)
        late = asyncio.create_task(exchange(transport, vendor.url))
        while not late.done():
            await asyncio.sleep(0)
            await transport.close()
        assert late.result().body == b"hello"
        await asyncio.sleep(0.05)
        assert len(os.listdir("/proc/self/fd")) <= before
