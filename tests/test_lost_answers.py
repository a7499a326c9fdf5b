"""Every way an exchange with a vendor can fail, over real sockets: how often the vendor has the message then, what
becomes of it, and whether another provider may carry it.

Before the simulated vendor, whose ledger says what was really taken, stands one that fails to the byte as a row of the
tables says. Receipts are held back until a test lets them come.
"""

from __future__ import annotations

import asyncio
import re
import select
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import pytest

from gateway.model.message import Phase
from gateway.model.values import Duration
from tests import pair as pairs
from tests.harness import advance
from tests.pair import OpenPair, Pair
from tests.test_transport import CERTIFICATE, Line, serve

open_pair = pairs.open_pair
# What a vendor does has nothing to do with the kind of Redis.
pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("redis_server", ["single"], indirect=True)]

KINDS = {"deduplicated": "main", "blind": "media"}
OTHER = {"main": "media", "media": "main"}
ROUTE = 'long_text = true\n[[routes]]\nproviders = ["{first}", "{other}"]\n'
NOWHERE = "http://127.0.0.1:1"
SOON, AMPLE = 0.4, 6.0
"""Seconds a vendor has to answer: where it is the time that runs out, and elsewhere."""
HOUR, DAYS = 3600.0, 73 * 3600.0


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of production."""
    return "asyncio", {"use_uvloop": True}


Script = Callable[["World", Line], Awaitable[None]]


class Row(NamedTuple):
    """One way to fail: what happens on a connection from before the request is read. `taken`: whether the vendor took
    the message all the same. `warm`: after another message went well on it."""

    script: Script
    taken: tuple[bool, ...] = (False,)
    tls: bool = False
    warm: bool = False
    timeout: float = AMPLE
    text: str = "Hello"


@dataclass
class World:
    """A gateway that sends by the provider `name`, whose vendor stands behind `front` and fails `faults` times, and
    that could move on to another provider."""

    row: Row
    name: str
    taken: bool
    faults: int
    pair: Pair = field(init=False)
    front: SimpleNamespace = field(init=False)
    elsewhere: SimpleNamespace = field(init=False)
    """Where redirects lead."""
    receipts: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets them come."""
    tries: int = 0
    """Sends begun."""

    # The vendor's side

    async def play(self, line: Line) -> None:
        """One connection."""
        while True:
            if self.faults and (self.tries or not self.row.warm):
                self.faults -= 1
                await self.row.script(self, line)
            else:
                line.writer.write(await self.behind(await self.send_request(line)))

    async def send_request(self, line: Line) -> bytes:
        """The next request to send; questions before it are answered."""
        while True:
            await line.request()
            request = bytes(self.front.requests[-1])
            if request.startswith(b"POST"):
                self.tries += 1
                return request
            line.writer.write(await self.behind(request))

    async def behind(self, request: bytes) -> bytes:
        """The simulator's answer."""
        url = urlsplit(getattr(self.pair, self.name).base_url)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        answer = await reader.read()
        writer.close()
        return answer.replace(b"connection: close\r\n", b"")

    def references(self, id_: str) -> list[bytes]:
        """Under which a message came, once for each request that was read."""
        ours = rb"&(?:clientTag|smsid)=(%s\w+)" % id_.removeprefix("msg_").encode()
        return [each for request in self.front.requests if request[:4] == b"POST" for each in re.findall(ours, request)]

    # The gateway's side

    def reach(self, url: str, trusting: bool = True) -> None:
        """From now on the gateway looks for the vendor there."""
        provider: Any = self.pair.harness.here.settings.providers[self.name]
        provider.settings = msgspec.structs.replace(provider.settings, timeout=Duration(self.row.timeout))
        provider._base, provider._url = url, url + "/sms/api/"
        trusted = ssl.create_default_context(cadata=CERTIFICATE if trusting else None)
        self.pair.harness.here.transport._carrier._tls = trusted  # type: ignore[attr-defined]

    async def send(self, **body: Any) -> str:
        """A message's id; where the row wants that, another went well before and the vendor did what it does then."""
        if self.row.warm and not self.tries:
            assert (await self.answered(await self.pair.harness.sent()))["status"] == "submitted"
            await asyncio.sleep(0.05)
            self.tries = 0
        return await self.pair.harness.sent(text=self.row.text, **body)

    async def until(self, id_: str, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The message once it is so. The pauses the gateway makes are not waited for."""
        store, ends = self.pair.harness.here.store, time.monotonic() + 10
        while not done(message := await self.pair.harness.read(id_)):
            assert time.monotonic() < ends, message["events"]
            state = (await store.read(id_.removeprefix("msg_"))).state  # type: ignore[union-attr]
            if state.phase in (Phase.WAITING, Phase.ASKING) and state.due > store.clock.now():
                await advance(self.pair.harness, (state.due - store.clock.now()) / 1000)
            await asyncio.sleep(0.02)
        return message

    async def answered(self, id_: str) -> dict[str, Any]:
        return await self.until(id_, lambda message: message["status"] not in ("queued", "submitting"))

    async def never_leaves(self, id_: str) -> None:
        await self.until(id_, lambda message: "no connection" in str(message["events"]))

    async def in_the_end(self, id_: str) -> dict[str, Any]:
        """An hour later come its receipts, if any; three days later it is final."""
        await advance(self.pair.harness, HOUR)
        await asyncio.sleep(0.12)
        self.receipts.set()
        if self.pair.at_vendors(id_):
            await self.pair.harness.until(id_, "delivered")
        await advance(self.pair.harness, DAYS)
        return await self.until(id_, lambda message: bool(message["final"]))


async def hang_up(line: Line) -> None:
    await line.reader.read(1)


Open = Callable[..., Awaitable[World]]


@pytest.fixture
async def open_world(open_pair: OpenPair) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def open_(row: Row, name: str, taken: bool = False, faults: int = 1) -> World:
            async def push(url: str, body: bytes, content_type: str) -> int:
                await world.receipts.wait()
                api, headers = world.pair.harness.api, {"Content-Type": content_type}
                return int((await api.post(url, content=body, headers=headers)).status_code)

            world = World(row, name, taken, faults)
            world.elsewhere = await stack.enter_async_context(serve(hang_up))
            world.front = await stack.enter_async_context(serve(world.play, row.tls))
            world.pair = await open_pair(ROUTE.format(first=name, other=OTHER[name]), post=push, long_text=True)
            world.pair.main._pusher._post = push
            world.reach(world.front.url)
            world.pair.harness.dispatch()
            return world

        yield open_


# How it fails


def says(what: bytes | Callable[[bytes], bytes], end: str = "stays", after: float = 0.0) -> Script:
    """Reads the whole request; answers with `what`, or with what that makes of the true answer."""

    async def script(world: World, line: Line) -> None:
        request = await world.send_request(line)
        truth = await world.behind(request) if world.taken else b""
        await asyncio.sleep(after)
        said = what if isinstance(what, bytes) else what(truth)
        line.writer.write(said.replace(b"ELSEWHERE", world.elsewhere.url.encode()))
        await finish(line, end)

    return script


def leaves(end: str, reads: int | None = None) -> Script:
    """Reads so many bytes of a request and not the rest; None: before there is one."""

    async def script(world: World, line: Line) -> None:
        if reads is not None:
            await line.reader.readexactly(reads)
            line.writer.transport.pause_reading()  # type: ignore[attr-defined]
            fd = line.writer.get_extra_info("socket").fileno()
            while not line.reader._buffer and not select.select([fd], [], [], 0)[0]:  # type: ignore[attr-defined]
                await asyncio.sleep(0.005)
            world.tries += 1
        await finish(line, end)

    return script


async def finish(line: Line, how: str) -> None:
    """The connection `stays`, is `closed`, `reset`, or left in `silence` until the gateway gives up."""
    await asyncio.sleep(2 * SOON if how == "silence" else 0.01)  # so that a reset does not overtake what was said
    if how == "reset":
        line.reset()
    if how != "stays":
        raise ConnectionError


def cut(at: int, end: str = "closed") -> Script:
    return says(lambda truth: truth[:at], end)


def page(status: str, body: bytes = b"<html><h1>Down for a moment</h1></html>", more: str = "") -> Script:
    return says(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body)


BOTH, TAKEN = (False, True), (True,)
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
REFUSED = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n550"
LOGIN = b'<html><form action="/login">ID <input name="id"></form></html>'

LOST = {
    "accepted, never read": Row(leaves("silence", 0), timeout=SOON),
    "kept open, reset as the next request came": Row(leaves("reset", 0), warm=True),
    "kept open, closed after the next request": Row(says(b"", "closed"), BOTH, warm=True),
    "half of the request read": Row(leaves("reset", 300), text="あ" * 600),
    "request read, reset": Row(says(b"", "reset"), BOTH),
    "request read, silence": Row(says(b"", "silence"), BOTH, timeout=SOON),
    "answer cut in its head": Row(cut(25), TAKEN),
    "answer cut in its body": Row(cut(-1), TAKEN),
    "answer cut in its body, reset": Row(cut(-2, "reset"), TAKEN),
    "answer too late": Row(says(lambda truth: truth, after=2 * SOON), TAKEN, timeout=SOON),
    "page 500": Row(page("500 Internal Server Error"), BOTH),
    "page 502": Row(page("502 Bad Gateway"), BOTH),
    "page 503": Row(page("503 Service Unavailable"), BOTH),
    "redirect 302": Row(page("302 Found", b"", "Location: ELSEWHERE/\r\n"), BOTH),
    "redirect 307": Row(page("307 Temporary Redirect", b"", "Location: ELSEWHERE/\r\n"), BOTH),
    "login page": Row(page("200 OK", LOGIN), BOTH),
    "garbage": Row(page("200 OK", b'{"responseCode": 0, "result": "2'), BOTH),
    "empty 200": Row(page("200 OK", b""), BOTH),
    "announced, then closed": Row(says(EARLY, "closed"), BOTH),
    "over TLS: request read, reset": Row(says(b"", "reset"), BOTH, tls=True),
    "over TLS: answer cut in its body": Row(cut(-1, "reset"), TAKEN, tls=True),
    "over TLS: kept open, closed after the next request": Row(says(b"", "closed"), BOTH, tls=True, warm=True),
}
HARMLESS = {
    "closed while idle": Row(leaves("closed"), warm=True),
    "reset while idle": Row(leaves("reset"), warm=True),
    "over TLS: closed while idle": Row(leaves("closed"), tls=True, warm=True),
    "answer announced": Row(says(lambda truth: EARLY + truth), TAKEN),
    "two answers in one": Row(says(lambda truth: truth + REFUSED), TAKEN),
}
NEVER_LEFT: dict[str, Callable[[World], None]] = {
    "port closed": lambda world: world.reach(NOWHERE),
    "certificate not trusted": lambda world: world.reach(world.front.url, trusting=False),
    "certificate of another": lambda world: world.reach(world.front.url.replace("localhost", "127.0.0.1")),
    "TLS handshake broken off": lambda world: world.reach(world.elsewhere.url.replace("http:", "https:")),
}


# What must follow


def cases(rows: dict[str, Row], *ways: tuple[str, ...]) -> list[Any]:
    """Each row in each way, with the vendor having taken the message or not."""
    return [
        pytest.param(row, taken, *way, id=", ".join([name, *["taken"] * (taken and row.taken == BOTH), *way]))
        for name, row in rows.items()
        for taken in row.taken
        for way in ways
    ]


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", NEVER_LEFT)
async def test_what_never_left_is_sent_again(open_world: Open, how: str, kind: str, stays: bool) -> None:
    """Elsewhere at once; where the caller named the provider, by that one when it works again."""
    world = await open_world(Row(leaves("closed"), tls=True), KINDS[kind], faults=0)
    NEVER_LEFT[how](world)
    id_ = await world.send(**{"provider": world.name} if stays else {})
    await world.never_leaves(id_)
    world.reach(world.front.url)
    message = await world.answered(id_)
    carrier = world.name if stays else OTHER[world.name]
    assert (message["status"], message["provider"]) == ("submitted", carrier)
    assert (await world.in_the_end(id_))["status"] == "delivered"
    assert world.pair.at_vendors(id_) == [carrier]
    assert world.tries == stays


@pytest.mark.parametrize(("row", "taken", "kind"), cases(HARMLESS, *((kind,) for kind in KINDS)))
async def test_what_is_no_failure(open_world: Open, row: Row, taken: bool, kind: str) -> None:
    """Neither for this message nor for the next."""
    world = await open_world(row, KINDS[kind], taken)
    for number in (1, 2):
        id_ = await world.send()
        message = await world.answered(id_)
        assert [event["status"] for event in message["events"]] == ["queued", "submitting", "submitted"]
        assert world.pair.at_vendors(id_) == [world.name]
        assert world.tries == number
    assert len(world.front.lines) == (1 if row is HARMLESS["answer announced"] else 2)


@pytest.mark.parametrize(("row", "taken"), cases(LOST, ()))
async def test_a_lost_answer_where_the_vendor_refuses_a_second(open_world: Open, row: Row, taken: bool) -> None:
    """Sent again under the same reference; what the vendor has already, it is asked for."""
    world = await open_world(row, "main", taken)
    id_ = await world.send()
    assert (await world.answered(id_))["status"] in ("submitted", "delivered")
    assert bool(world.pair.main.queries) == taken
    message = await world.in_the_end(id_)
    assert {event["status"] for event in message["events"]} == {"queued", "submitting", "submitted", "delivered"}
    assert world.pair.at_vendors(id_) == ["main"]
    assert (world.tries, len(set(world.references(id_)))) == (2, 1)
    assert set(world.pair.tries) == {"main"}
    assert world.elsewhere.lines == []


@pytest.mark.parametrize(("row", "taken", "risk"), cases(LOST, ("avoid",), ("accept",)))
async def test_a_lost_answer_where_nobody_knows(open_world: Open, row: Row, taken: bool, risk: str) -> None:
    """Uncertain: after the one try, or after three, each under a reference of its own, where the caller takes the
    risk. A late receipt settles it."""
    world = await open_world(row, "media", taken, faults=99)
    id_ = await world.send(duplicateRisk=risk)
    assert (await world.answered(id_))["status"] == "uncertain"
    message = await world.in_the_end(id_)
    assert (message["status"], message["final"]) == ("delivered" if taken else "uncertain", True)
    assert world.tries == (3 if risk == "accept" else 1)
    assert world.pair.at_vendors(id_) == ["media"] * world.tries * taken
    assert len(set(world.references(id_))) == len(world.references(id_))
    assert set(world.pair.tries) == {"media"}
    assert world.elsewhere.lines == []


@pytest.mark.parametrize("taken", BOTH)
@pytest.mark.parametrize("kind", KINDS)
async def test_lost_once_it_stays_though_the_next_try_never_left(open_world: Open, kind: str, taken: bool) -> None:
    world = await open_world(LOST["request read, reset"], KINDS[kind], taken)
    id_ = await world.send(duplicateRisk="accept")
    while not world.tries:
        await asyncio.sleep(0.005)
    world.reach(NOWHERE)
    await world.never_leaves(id_)
    world.reach(world.front.url)
    await world.answered(id_)
    assert (await world.in_the_end(id_))["status"] == "delivered"
    assert world.pair.at_vendors(id_) == [world.name] * (2 if taken and kind == "blind" else 1)
    assert set(world.pair.tries) == {world.name}


@pytest.mark.parametrize("taken", BOTH)
@pytest.mark.parametrize("kind", KINDS)
async def test_lost_after_its_time_it_is_not_sent_again(open_world: Open, kind: str, taken: bool) -> None:
    """The vendor that can be asked is."""
    world = await open_world(LOST["request read, silence"], KINDS[kind], taken, faults=99)
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6))
    id_ = await world.send(duplicateRisk="accept", expiresAt=expires)
    while not world.tries:
        await asyncio.sleep(0.005)
    await advance(world.pair.harness, 7)
    known = kind == "deduplicated" and taken
    assert (await world.answered(id_))["status"] in (("submitted", "delivered") if known else ("uncertain",))
    assert (await world.in_the_end(id_))["status"] == ("delivered" if taken else "uncertain")
    assert bool(world.pair.main.queries) == (kind == "deduplicated")
    assert (world.tries, set(world.pair.tries)) == (1, {world.name})
