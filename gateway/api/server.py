"""uvicorn with its gaps closed: bodies lost under `Upgrade`, heads without a bound or an end, methods unheard of."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import cast

import msgspec
import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.api.problems import MEDIA_TYPE, problem
from gateway.errors import Code, GatewayError

log = structlog.get_logger()

MAX_HEAD = 32 * 1024
"""Bytes of one request's line and headers. httptools itself has no bound."""
MAX_DROPPED = 16 * 1024 * 1024
"""Bytes of a body that nobody reads any more, before the connection is closed."""

_LINE = re.compile(rb"(?P<method>[!#$%&'*+.^_`|~0-9A-Za-z-]+) [!-~]+ HTTP/1\.[01]\r\n")
_BEGUN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]")
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_SERVED = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_STAND_IN = b"PURGE"
OTHER = "OTHER"
"""What a method is called that no path answers: it may be any word, and metrics and logs count by method."""


class GatewayProtocol(HttpToolsProtocol):
    """Hands httptools one whole head at a time, then its body.

    Java's HttpClient offers `Upgrade: h2c` on every clear-text request; httptools takes the body of a request with
    any such offer for another protocol and drops it. A server may ignore the offer (RFC 9110, 7.8), so it is renamed.
    And httptools knows some methods only: one that is not served goes by a stand-in, so that it is answered 405.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._head = bytearray()
        self._body_left = 0
        self._in_body = False
        self._handed = False
        self._other = False
        self._dropped = 0
        # A head that never ends holds no connection for good, neither the first one of a connection nor the next.
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        while data and not self.transport.is_closing():
            if self._in_body:
                # Where its length is not told (chunked), httptools finds its end.
                size = self._body_left or len(data)
                piece, data = data[:size], data[size:]
                self._body_left = max(0, self._body_left - len(piece))
                if self._nobody_reads(len(piece)):
                    return
            else:
                piece, data = self._whole_head(data)
            if piece:
                super().data_received(piece)

    def _whole_head(self, data: bytes) -> tuple[bytes, bytes]:
        """The head, once all of it is here, as httptools is to see it; and what comes after it."""
        searched = max(0, len(self._head) - 3)
        self._head += data if self._head else data.lstrip(b"\r\n")  # empty lines before a request are no fault
        end = self._head.find(b"\r\n\r\n", searched) + 4
        if end > MAX_HEAD or (end < 4 and len(self._head) > MAX_HEAD):
            self.send_400_response("The request's headers are too long.")
            return b"", b""
        line = _LINE.match(self._head)
        if line is None and (b"\n" in self._head or (self._head and not _BEGUN.match(self._head))):
            self.send_400_response("This is no request of HTTP/1.1.")
            return b"", b""
        if line is None or end < 4:
            return b"", b""
        method, head, rest = line["method"], bytes(self._head[:end]), bytes(self._head[end:])
        self._head = bytearray()
        self._handed = True
        self._other = method not in _SERVED
        if self._other:
            head = _STAND_IN + head[len(method) :]
        return _UPGRADE.sub(b"\r\nx-upgrade:", head), rest

    def on_message_begin(self) -> None:
        if not self._handed:
            # In one piece with a chunked body's end. Whoever sends it has to be ready to send it again.
            raise ValueError("a head that was not looked at")
        self._handed = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._body_left = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
        self._in_body = True
        self._dropped = 0
        if self._other:
            self.scope["method"] = OTHER

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def _nobody_reads(self, size: int) -> bool:
        """Where a request was refused before its body was read, the rest is read and dropped, so that the caller sees
        why: up to a bound."""
        if self.cycle.response_complete:
            self._dropped += size
            if self._dropped > MAX_DROPPED:
                self.transport.close()
                return True
        return False

    def send_400_response(self, msg: str) -> None:
        """Requests that never reach the application are refused in the form of all other refusals."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and not self._in_body:
            # Sent behind one that is still being answered: that answer goes out first, and ends the connection.
            self.cycle.keep_alive = False
            return
        if (self._in_body and not answering) or self.pipeline:
            self.transport.close()  # answered already, or not its turn
            return
        request_id = f"req_{secrets.token_hex(12)}"
        log.info("request", request_id=request_id, method=OTHER, route="unknown", status=400, said=msg)
        body = msgspec.json.encode(problem(GatewayError(Code.INVALID_REQUEST, msg), request_id))
        head = (
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
            "connection: close\r\n\r\n"
        )
        if self.cycle is not None:
            self.cycle.disconnected = True  # whoever waits for the rest of the body learns that it does not come
            self.cycle.message_event.set()
        self.transport.write(STATUS_LINE[400] + head.encode() + body)
        self.transport.close()
