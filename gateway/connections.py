"""HTTP/1.1 connections to vendors: an httpx transport without httpx's connection pool.

httpx's own transport costs 1,400 to 1,900 us of CPU a call at 64 in flight, this one about 70 (measured side by
side): at a vendor's 600 a second that is a whole core, or a twentieth of one. It is `httpx.AsyncHTTPTransport`'s
drop-in: the same requests, answers and exceptions, so that the standard one can take its place.

What it adds is certainty about what left: a kept connection is looked at before it is used, and one that the vendor
closed meanwhile is thrown away, not written to.
"""

from __future__ import annotations

import asyncio
import select
import ssl
import time
from collections import defaultdict, deque
from typing import Any

import httptools
import httpx

MAX_ANSWER = 1 << 20
"""Bytes of an answer's body where the request says nothing else (`extensions["answer_at_most"]`); what is longer is not
read."""
MAX_HEAD = 1 << 16
IDLE = 4.0
"""Seconds an unused connection is kept: below the 5 s after which common servers close theirs."""

Origin = tuple[str, str, int]


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.closed = False
        self.idle_since = 0.0
        self._at_most = MAX_ANSWER
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[httpx.Response] | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._size = 0
        self._begin_head()

    def _begin_head(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._head_read = False

    async def exchange(self, data: bytes, at_most: int) -> httpx.Response:
        """Writes the request and waits for its answer, of so many bytes at most. From here on a failure means: it may
        have left."""
        assert self._transport is not None
        self._begin()
        self._at_most = at_most
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._transport.write(data)
            return await self._answer
        except BaseException:
            self.close()
            raise
        finally:
            self._answer = None

    def open(self) -> bool:
        """As far as the event loop has seen."""
        return not (self.closed or self._transport is None or self._transport.is_closing())

    def usable(self) -> bool:
        """Open, and silent: anything to read on an idle connection is the vendor closing it."""
        if self._transport is None or not self.open() or self.stale():
            return False
        watch = select.poll()
        watch.register(
            self._transport.get_extra_info("socket").fileno(), select.POLLIN | select.POLLHUP | select.POLLERR
        )
        return not watch.poll(0)

    def stale(self) -> bool:
        return time.monotonic() - self.idle_since > IDLE

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    # asyncio's side

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.close()
            return
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("what came is not HTTP")
        if self._size > (MAX_HEAD + self._at_most if self._head_read else MAX_HEAD):
            self._fail("the answer is longer than any documented one")

    def eof_received(self) -> bool:
        """Without a length the end of the connection is the end of the answer (RFC 9112, 6.3)."""
        self.closed = True
        delimited = any(name in (b"content-length", b"transfer-encoding") for name, _ in self._headers)
        if self._head_read and not delimited and self._ended_properly():
            self._finish()
        return False

    def _ended_properly(self) -> bool:
        """Over TLS only TLS itself can say so: TCP's end anybody on the way can bring about (RFC 9112, 9.8)."""
        tls: Any = self._transport and self._transport.get_extra_info("ssl_object")
        try:
            return tls is None or tls.read(1) == b""
        except ssl.SSLError:
            return False

    def connection_lost(self, _: Exception | None) -> None:
        self._fail("the connection broke before the whole answer came")

    # httptools' side

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done():
            self.closed = True  # more than was asked for: it must not become the next request's answer
        self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_read:  # else a trailer
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._head_read = True

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            # 100 Continue and its like announce the answer, and are not it.
            self._begin_head()
            return
        if not self._parser.should_keep_alive() or (self._transport and self._transport.get_write_buffer_size()):
            self.closed = True
        self._finish()

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            # A stream: httpx then neither adds a length nor decodes before the body is asked for.
            body = httpx.ByteStream(bytes(self._body))
            self._answer.set_result(httpx.Response(self._parser.get_status_code(), headers=self._headers, stream=body))

    def _fail(self, why: str) -> None:
        self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(httpx.RemoteProtocolError(why))


class Connections(httpx.AsyncBaseTransport):
    """Keeps connections by origin. Not bounded here: who sends bounds what is in flight."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._idle: defaultdict[Origin, deque[Connection]] = defaultdict(deque)
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `httpx.ConnectError` or `ConnectTimeout` where no connection came about, `ReadTimeout` or
        `RemoteProtocolError` where one did. Timeouts as in httpx: `extensions["timeout"]`."""
        timeouts: dict[str, Any] = request.extensions["timeout"]
        url = request.url
        origin = (url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))
        data = _head(request) + request.content
        connection = self._reuse(origin) or await self._connect(origin, timeouts["connect"])
        try:
            async with asyncio.timeout(timeouts["read"]):
                return await connection.exchange(data, request.extensions.get("answer_at_most", MAX_ANSWER))
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time") from None
        finally:
            self._keep(origin, connection)

    def _keep(self, origin: Origin, connection: Connection) -> None:
        idle = self._idle[origin]
        while idle and idle[0].stale():
            idle.popleft().close()
        if self._closed or not connection.open():
            connection.close()
        else:
            connection.idle_since = time.monotonic()
            idle.append(connection)

    def _reuse(self, origin: Origin) -> Connection | None:
        """The most recently used one that is still good."""
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            if connection.usable():
                return connection
            connection.close()
        return None

    async def _connect(self, origin: Origin, seconds: float) -> Connection:
        scheme, host, port = origin
        if scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"{scheme} is not spoken")
        secure: dict[str, Any] = {"ssl": self._tls, "server_hostname": host} if scheme == "https" else {}
        connecting: Any = asyncio.get_running_loop().create_connection(Connection, host, port, **secure)
        try:
            async with asyncio.timeout(seconds):
                _, connection = await connecting
        except TimeoutError:
            raise httpx.ConnectTimeout("no connection in time") from None
        except (OSError, ValueError) as error:  # ssl.SSLError, socket.gaierror, and names that cannot be
            raise httpx.ConnectError(type(error).__name__) from error
        assert isinstance(connection, Connection)
        if not connection.open():
            connection.close()
            raise httpx.ConnectError("over before anything was written")
        return connection

    async def aclose(self) -> None:
        self._closed = True
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()
        await asyncio.sleep(0)


def _head(request: httpx.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%s: %s\r\n" % (name, value) for name, value in request.headers.raw]
    head = b"".join(lines)
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
        raise httpx.UnsupportedProtocol("a line break in a header is not spoken")
    return head + b"\r\n"
