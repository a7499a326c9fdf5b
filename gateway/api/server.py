"""uvicorn with its two gaps closed: lost bodies under `Upgrade: h2c`, and heads without a bound."""

from __future__ import annotations

import re

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.api.problems import MEDIA_TYPE, problem
from gateway.errors import Code, GatewayError

MAX_HEAD = 32 * 1024
"""Bytes of one request's line and headers. httptools itself has no bound."""
MAX_DROPPED = 16 * 1024 * 1024
"""Bytes of a body that nobody reads any more, before the connection is closed."""

_H2C = re.compile(rb"\r\nupgrade:(?=[ \t]*h2c[ \t]*\r\n)", re.IGNORECASE)


class GatewayProtocol(HttpToolsProtocol):
    """Java's HttpClient offers `Upgrade: h2c` on every clear-text request; httptools then takes the body for
    another protocol and drops it. A server may ignore the offer (RFC 9110, 7.8), so it is renamed before parsing.
    """

    _head = 0
    _dropped = 0
    _in_body = False

    def on_headers_complete(self) -> None:
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        if not self._in_body:
            # Between requests: what comes is a head, perhaps in pieces.
            end = data.find(b"\r\n\r\n")
            if b"h2c" in data:
                head = data if end < 0 else data[:end]
                data = _H2C.sub(b"\r\nx-upgrade:", head) + data[len(head) :]
            self._head = 0 if end >= 0 else self._head + len(data)
            self._dropped = 0
            if self._head > MAX_HEAD or end > MAX_HEAD:
                self.send_400_response("The request's headers are too long.")
                return
        elif self.cycle is not None and self.cycle.response_complete:
            # Refused before its body was read: the rest is read and dropped, so that the caller sees why.
            self._dropped += len(data)
            if self._dropped > MAX_DROPPED:
                self.transport.close()
                return
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Requests that never reach the application are refused in the form of all other refusals."""
        body = msgspec.json.encode(problem(GatewayError(Code.INVALID_REQUEST, msg), ""))
        head = (
            STATUS_LINE[400],
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode(),
        )
        self.transport.write(b"".join(head) + body)
        self.transport.close()
