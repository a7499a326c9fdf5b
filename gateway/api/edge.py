"""The outermost layer: a request id on every answer, one log line and one count per request, no exception beyond."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.problems import KINDS, MEDIA_TYPE, problem, problem_headers, translate
from gateway.errors import GatewayError, invalid
from gateway.metrics import Metrics

log = structlog.get_logger()

_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_TRACE = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Routes whose successes are not logged: probes would drown everything else."""


SINGLE = (b"host", b"authorization", b"content-type", b"content-encoding", b"idempotency-key")
"""Headers that are given once: of two, a proxy in between may have read the other one."""


def mistaken(scope: Any, headers: dict[bytes, bytes]) -> GatewayError | None:
    """What is wrong with a request's headers, whatever it is about (RFC 9110, 5.3; RFC 9112, 3.2)."""
    if len(headers) != len(scope["headers"]):
        given = [name for name, _ in scope["headers"]]
        for name in SINGLE:
            if given.count(name) > 1:
                spelt = name.decode().title()
                return invalid(f"/headers/{spelt}", f"The header {spelt} is given more than once.")
    if scope.get("http_version") == "1.1" and b"host" not in headers:
        return invalid("/headers/Host", "A request of HTTP/1.1 names its Host.")
    if headers.get(b"transfer-encoding", b"chunked").strip().lower() != b"chunked":
        return invalid("/headers/Transfer-Encoding", "Of transfer codings only chunked is read.")
    return None


class Edge:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if _SANE_ID.fullmatch(given) else b"req_" + secrets.token_hex(12).encode()
        scope["request_id"] = request_id.decode()  # type: ignore[typeddict-unknown-key]
        bound = {"request_id": request_id.decode()}
        if (trace := headers.get(b"traceparent")) and (match := _TRACE.fullmatch(trace)):
            bound["trace_id"] = match[1].decode()
        structlog.contextvars.bind_contextvars(**bound)
        status = 0

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        try:
            if wrong := mistaken(scope, headers):
                await self._refuse(wrong, bound["request_id"], reply)
            else:
                await self._app(scope, receive, reply)
        except Exception as error:  # nothing above would answer the caller in our form
            log.error("internal error", exc_info=error)
            if not status:
                await self._refuse(translate(error), bound["request_id"], reply)
        finally:
            self._note(scope, status, time.perf_counter() - began)
            structlog.contextvars.clear_contextvars()

    async def _refuse(self, error: GatewayError, request_id: str, reply: Send) -> None:
        body = msgspec.json.encode(problem(error, request_id))
        told = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **problem_headers(error)}
        headers = [(name.encode(), value.encode()) for name, value in told.items()]
        await reply({"type": "http.response.start", "status": KINDS[error.code].status, "headers": headers})
        await reply({"type": "http.response.body", "body": body, "more_body": False})

    def _note(self, scope: Any, status: int, seconds: float) -> None:
        # The template, never the path: a callback's path holds its secret.
        route = scope.get("path_template") or "unknown"
        self._metrics.add("gateway_requests_total", route=route, method=scope["method"], status=str(status))
        if status >= 400 or route not in QUIET:
            log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 2))
