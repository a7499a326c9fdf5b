"""What simulated vendors share: a small HTTP server that can fail like a vendor's, and pushing callbacks.

The server has a real socket, because what a simulator has to show includes what no well-behaved server does:
closing the connection without a byte of answer.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from http import HTTPStatus
from importlib import import_module
from typing import Any, ClassVar, Final, NamedTuple, Protocol, cast
from urllib.parse import parse_qsl, unquote

import httptools
import httpx

BODY_AT_MOST = 1 << 20
FORM = "application/x-www-form-urlencoded"


class Request(NamedTuple):
    """One whole request. Header names are in lower case; of a repeated name the last value counts."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """The fields of a URL-encoded form; none where the body is something else."""
        if not self.headers.get("content-type", "").startswith(FORM):
            return {}
        return fields(self.body.decode("utf-8", "replace"))


class Answer(NamedTuple):
    """One whole answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


DROP: Final = Answer(0)
"""Instead of an answer: the connection is closed without a byte."""
NOT_FOUND: Final = Answer(404, b"<html><body><h1>404 Not Found</h1></body></html>", "text/html")
LOST: Final = {
    "closed": DROP,
    "unavailable": Answer(503, b"<html><body><h1>503 Service Unavailable</h1></body></html>", "text/html"),
    "login": Answer(200, b'<html><body><form action="/login">ID <input name="id"></form></body></html>', "text/html"),
}
"""Answers that say nothing about the message, by name."""

Handler = Callable[[Request], Awaitable[Answer]]


def fields(encoded: str) -> dict[str, str]:
    """The pairs of a query or form, in UTF-8."""
    return dict(parse_qsl(encoded, keep_blank_values=True))


def forget_oldest(ledger: dict[str, Any], keep: int) -> None:
    """Call it after each addition: drops the oldest entry of one too many."""
    if len(ledger) > keep:
        del ledger[next(iter(ledger))]


Post = Callable[[str, bytes, str], Awaitable[int]]
"""Carries a push (URL, body, content type) and brings back the HTTP status; raises OSError where none came."""


Show = Callable[[str, str], None]
"""Told what a telephone gets: its number (E.164), and a text or what happens to it."""


def unseen(number: str, what: str) -> None:
    """Nobody looks at the telephones."""


class Simulator(Protocol):
    """What the sandbox and the conformance suite ask of a simulated vendor."""

    show: Show
    """Looks at the telephones; may be set at any time."""

    SETTINGS: ClassVar[Mapping[str, Any]]
    """The keys of `[providers.NAME]` for the account it plays, beside `type`, `base_url` and `callback_secret`:
    strings, numbers, and tables of these."""

    @property
    def base_url(self) -> str:
        """For the provider's `base_url`; once started."""
        ...

    @classmethod
    def endings(cls) -> Mapping[str, str]:
        """How a number may end, and what then becomes of a message or a call to it."""
        ...

    @classmethod
    def play(cls, callbacks: str, *, delay: float, late: float, post: Post | None = None) -> Simulator:
        """Plays the account of `SETTINGS`. `callbacks`: where it pushes to, the kind of push appended; `delay`, `late`:
        seconds until a push, and until one that comes late."""
        ...

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None: ...

    async def stop(self) -> None: ...

    def taken(self, number: str) -> int:
        """How many messages it took for a number (E.164), or calls it made to it."""
        ...


def resolve(simulator: str) -> type[Simulator] | None:
    """The class a provider type names as `module:class`; None where there is no such module. Raises AttributeError
    where the module has no such class."""
    module, _, name = simulator.partition(":")
    try:
        return cast(type[Simulator], getattr(import_module(module), name))
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None


class Pusher:
    """Pushes a vendor's callbacks in the background."""

    def __init__(self, *, timeout: float, repeats: int, repeat_after: float, post: Post | None = None) -> None:
        """What is not answered with 2xx within `timeout` seconds is repeated up to `repeats` times, each
        `repeat_after` seconds later. `post` takes the place of a real HTTP client."""
        self._timeout = timeout
        self._repeats = repeats
        self._repeat_after = repeat_after
        self._post = post or self._exchange
        self._client: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` until it ends or `stop`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def push(self, url: str, body: bytes, content_type: str) -> bool:
        """Whether the receiver took it in the end."""
        for pause in (0.0, *[self._repeat_after] * self._repeats):
            await asyncio.sleep(pause)
            try:
                status = await self._post(url, body, content_type)
            except (OSError, httpx.HTTPError):
                continue
            if 200 <= status < 300:
                return True
        return False

    async def stop(self) -> None:
        """What was begun and not done is dropped."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client:
            await self._client.aclose()
            self._client = None

    async def _exchange(self, url: str, body: bytes, content_type: str) -> int:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=httpx.Timeout(self._timeout, pool=None), trust_env=False)
        answer = await self._client.post(url, content=body, headers={"content-type": content_type})
        return answer.status_code


class VendorServer:
    """Serves one handler: `await start()`, `url`, `await stop()`."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.url = ""
        """Where it listens, without a slash at the end; empty until started."""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Raises OSError where the port is taken; 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self._handler, self._connections), host, port)
        name = self._server.sockets[0].getsockname()
        shown = f"[{name[0]}]" if self._server.sockets[0].family == socket.AF_INET6 else name[0]
        self.url = f"http://{shown}:{name[1]}"

    async def stop(self) -> None:
        """Closes the port and every connection; answers under way are not given."""
        if self._server is None:
            return
        self._server.close()
        running = [connection.abort() for connection in tuple(self._connections)]
        await asyncio.gather(*filter(None, running), return_exceptions=True)
        await self._server.wait_closed()
        await asyncio.sleep(0)  # the transports' own closing
        self._server = None


class _Connection(asyncio.Protocol):
    """One keep-alive connection: requests are answered one after the other, in the order they came."""

    def __init__(self, handler: Handler, connections: set[_Connection]) -> None:
        self._handler = handler
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._serving: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport
        self._begin()

    def abort(self) -> asyncio.Task[None] | None:
        """Closes at once; the task to wait for, if a request is being answered."""
        self._transport.abort()
        if self._serving:
            self._serving.cancel()
        return self._serving

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No check of its class: uvloop's transports inherit from none of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._write(Answer(400), keep=False)

    # httptools' side

    def on_message_begin(self) -> None:
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > BODY_AT_MOST:
            self._transport.abort()
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("latin-1")
        request = Request(method, unquote(path), fields(query), self._headers, b"".join(self._body))
        self._waiting.append((request, self._parser.should_keep_alive()))
        if self._serving is None:
            self._serving = asyncio.get_running_loop().create_task(self._serve())
            self._serving.add_done_callback(self._served)

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    # answering

    async def _serve(self) -> None:
        try:
            while self._waiting and not self._transport.is_closing():
                request, keep = self._waiting.popleft()
                self._write(await self._handler(request), keep=keep)
        finally:
            self._serving = None

    def _served(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._transport.abort()
            task.get_loop().call_exception_handler({"message": "a simulated vendor failed", "exception": error})

    def _write(self, answer: Answer, *, keep: bool) -> None:
        if answer is not DROP:
            phrase = HTTPStatus(answer.status).phrase
            head = f"HTTP/1.1 {answer.status} {phrase}\r\ncontent-length: {len(answer.body)}\r\n"
            kind = f"content-type: {answer.content_type}\r\n" if answer.body else ""
            ending = "\r\n" if keep else "connection: close\r\n\r\n"
            self._transport.write((head + kind + ending).encode("latin-1") + answer.body)
        if answer is DROP or not keep:
            self._transport.close()
