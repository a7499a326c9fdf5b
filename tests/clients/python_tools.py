"""What the tests of the Python client share: a server that answers what it is told, and both gateways in one."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from inspect import isawaitable
from typing import Any

import pytest
from message_gateway import AsyncGateway, Gateway

from tests.tools import ROOT

CLIENT = ROOT / "clients" / "python"
KEY = "key-that-nobody-sees"

MESSAGE = {
    "id": "msg_01m7v41f004fj4erxpyf6g76zx",
    "status": "queued",
    "final": False,
    "to": "+819012345678",
    "text": "Hello",
    "expiresAt": "2026-11-21T00:00:00Z",
    "priority": "normal",
    "provider": "main",
    "reason": None,
    "createdAt": "2026-11-20T00:00:00Z",
    "updatedAt": "2026-11-20T00:00:00.210000Z",
}
PROBLEM = {
    "type": "/problems/overloaded",
    "title": "Overloaded",
    "status": 503,
    "detail": "Too much at once.",
    "instance": "req_1",
    "code": "overloaded",
    "retryable": True,
}

VERIFICATION = {
    "id": "ver_1",
    "method": "sms_code",
    "number": "+819012345678",
    "status": "pending",
    "final": False,
    **dict.fromkeys(("createdAt", "updatedAt", "expiresAt"), "2026-11-20T00:00:00Z"),
}
ACTIVATION = {
    "id": "act_1",
    "rule": "fire",
    "provider": "alarm",
    "status": "started",
    "final": True,
    "activationId": None,
    "requestedAt": "2026-11-20T00:00:00Z",
}


@dataclass
class Told:
    """A request that the server was sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key")


@dataclass
class Answer:
    """What the server says; a `body` that is no bytes is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)


class Lost(Answer):
    """The connection ends without an answer."""


class Never(Answer):
    """No answer, until the server is closed."""


def message(status: int = 202, **more: Any) -> Answer:
    return Answer(status, {**MESSAGE, **more})


def problem(status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    body = {**PROBLEM, "status": status, "code": code, **more}
    return Answer(status, body, {"Content-Type": "application/problem+json", **(headers or {})})


def event(kind: str, data: Any) -> dict[str, Any]:
    return {"id": "evt_1", "type": kind, "timestamp": "2026-11-20T00:00:00.210Z", "data": data}


class Scripted:
    """Answers one after the other; what comes after the last of them is a mistake."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.told: list[Told] = []
        self._closing = threading.Event()
        here = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                here.told.append(Told(self.command, self.path, headers, body))
                answer = here.script.pop(0) if here.script else Answer(500, b"the script is at its end")
                if isinstance(answer, Never):
                    here._closing.wait(30)
                if isinstance(answer, (Never, Lost)):
                    self.close_connection = True
                    return
                content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response_only(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def says(self, *answers: Answer) -> None:
        self.script.extend(answers)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Driven:
    """A Gateway or an AsyncGateway, called alike. `slept` is what it would have waited; time stands still but for
    that."""

    def __init__(self, kind: str, url: str, *, key: str = KEY, **options: Any) -> None:
        self.slept: list[float] = []
        self._runner = asyncio.Runner()
        options = {"clock": lambda: sum(self.slept), "random": lambda: 1.0, **options}
        self.inner: Any
        if kind == "sync":
            self.inner = Gateway(url, key, sleep=self.slept.append, **options)
        else:
            self.inner = AsyncGateway(url, key, sleep=self._sleep, **options)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            return self.run(getattr(self.inner, name)(*args, **more))

        return call

    def generated(self, operation: Any, *args: Any, **more: Any) -> Any:
        """A generated function, of the kind that fits."""
        call = operation.sync if isinstance(self.inner, Gateway) else operation.asyncio
        return self.run(call(*args, client=self.inner.client, **more))

    def run(self, result: Any) -> Any:
        """What it comes to; iterators come to lists."""

        async def through(awaited: Any) -> Any:
            if isinstance(awaited, AsyncIterator):
                return [item async for item in awaited]
            return await awaited

        if isinstance(result, AsyncIterator) or isawaitable(result):
            return self._runner.run(through(result))
        return list(result) if isinstance(result, Iterator) else result

    def close(self) -> None:
        self.run(self.inner.close() if isinstance(self.inner, Gateway) else self.inner.aclose())
        self._runner.close()


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def driven(kind: str, url: str, **options: Any) -> Iterator[Driven]:
    gateway = Driven(kind, url, **options)
    try:
        yield gateway
    finally:
        gateway.close()


@pytest.fixture
def gateway(kind: str, server: Scripted) -> Iterator[Driven]:
    with driven(kind, server.url) as opened:
        yield opened
