"""Requests that a caller waits for pass the gate like messages: counted, proving a login, opening the breaker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis

from gateway import direct, faults
from gateway.availability import Availability
from gateway.direct import Direct
from gateway.errors import Code, GatewayError, LostAnswer, NeverLeft, StoreUnavailable
from gateway.gate import Gate
from gateway.model.outcome import Accepted, Busy, NotSent, Refused, SendOutcome, Unreadable
from gateway.model.reasons import Reason
from gateway.provider import VendorAnswer, VendorRequest
from gateway.routing import Routing
from gateway.store.gates import WEIGHTS, Gates, GateState, pass_for
from gateway.store.messages import Store
from tests.fake_provider import URL, Fake
from tests.store_tools import Open

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize

REQUEST = VendorRequest(method="POST", url=URL)
REFUSED = Refused(Reason.AUTHENTICATION_FAILED, "account", "401")
DESK = "{p:fake/main}:desk:fake/main"


class Vendor(Fake):
    """Reads an answer as whatever the test put in its place."""

    said: Any = Accepted()

    def send_outcome(self, answer: VendorAnswer) -> SendOutcome:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said  # type: ignore[no-any-return]


class Bench:
    """One process with one provider. `sent`: how many requests left; each waits while `open` is not set."""

    def __init__(self, store: Store, *, login: str = "digest", **settings: Any) -> None:
        self.store = store
        self.vendor = Vendor("main", settings={"rate": 1000.0, "timeout": 1.0, **settings})
        self.vendor.guarded_login = login
        self.gates = Gates(store)
        self.pass_ = pass_for(self.vendor)
        providers = {"main": self.vendor}
        availability = Availability(self.gates, providers, Routing(providers, ()))
        self.direct = Direct(self, self.gates, availability, providers)  # type: ignore[arg-type]
        self.sent = 0
        self.fails: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.order: list[str] = []

    async def exchange(self, provider: Vendor, request: VendorRequest) -> VendorAnswer:
        assert request is REQUEST
        self.sent += 1
        self.order.append("sent")
        await self.open.wait()
        if self.fails:
            raise self.fails
        return VendorAnswer(status=200, body=b"")

    async def send(self, intent: Callable[[], Awaitable[None]] | None = None) -> SendOutcome:
        async def written() -> None:
            self.order.append("intent")

        return await self.direct.send(self.vendor, REQUEST, intent or written)

    async def state(self) -> GateState:
        return (await self.gates.look(self.pass_)).state

    async def advance(self, seconds: float) -> None:
        self.store.clock.offset_ms += int(seconds * 1000)


@pytest.fixture
async def bench(store: Store) -> Bench:
    made = Bench(store)
    await made.gates.started(made.pass_, "s1")
    return made


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds no place is told so at once."""
    monkeypatch.setattr(direct, "PATIENCE", 0.1)


def in_flight(raw: redis.Redis) -> int:
    """As all processes are told."""
    return sum(int(value.split()[0]) for name, value in raw.hgetall(DESK).items() if name.startswith("o:"))


async def refused(bench: Bench) -> GatewayError:
    """Nothing was written, and nothing sent."""
    before = list(bench.order)
    with pytest.raises(GatewayError) as error:
        await bench.send()
    assert error.value.code is Code.PROVIDER_UNAVAILABLE
    assert error.value.provider == "main"
    assert error.value.retry_after
    assert bench.order == before
    return error.value


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


async def test_what_is_to_be_known_is_written_before_anything_is_sent(bench: Bench, raw: redis.Redis) -> None:
    async def note(point: str) -> None:
        bench.order.append(point)

    async def written() -> None:
        bench.order.append("intent")
        assert in_flight(raw) == 1

    faults.install(note)
    try:
        assert await bench.send(written) == Accepted()
    finally:
        faults.install(None)
    assert bench.order == ["intent", "direct.before", "sent", "direct.after"]
    assert in_flight(raw) == 0


async def test_what_is_in_flight_is_counted_by_all(open_store: Open, redis_url: str, raw: redis.Redis) -> None:
    one, two = Bench(await open_store(redis_url)), Bench(await open_store(redis_url))
    await one.gates.started(one.pass_, "s1")
    one.open.clear()
    first = asyncio.create_task(one.send())
    await until(lambda: one.sent == 1)
    assert in_flight(raw) == 1
    await refused(two)  # until the login is proven they go one by one
    await refused(one)
    one.open.set()
    assert await first == Accepted()
    assert in_flight(raw) == 0
    assert await two.send() == Accepted()


async def test_a_proven_login_lets_as_many_through_as_are_configured(store: Store, raw: redis.Redis) -> None:
    bench = Bench(store, concurrency=3)
    await bench.gates.started(bench.pass_, "s1")
    await bench.send()
    bench.open.clear()
    tasks = [asyncio.create_task(bench.send()) for _ in range(3)]
    await until(lambda: bench.sent == 4)
    assert in_flight(raw) == 3
    await refused(bench)
    bench.open.set()
    assert await asyncio.gather(*tasks) == [Accepted()] * 3
    assert in_flight(raw) == 0


async def test_who_waits_for_a_place_gets_the_next_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "PATIENCE", 5.0)
    bench.open.clear()
    first, second = asyncio.create_task(bench.send()), asyncio.create_task(bench.send())
    await until(lambda: bench.sent == 1)
    await asyncio.sleep(0.05)
    assert bench.sent == 1
    bench.open.set()
    assert await asyncio.gather(first, second) == [Accepted()] * 2


async def test_a_refused_login_closes_the_provider(open_store: Open, redis_url: str) -> None:
    one, two = Bench(await open_store(redis_url)), Bench(await open_store(redis_url))
    await one.gates.started(one.pass_, "s1")
    await one.send()
    one.vendor.said = REFUSED
    assert await one.send() == REFUSED
    assert await one.state() is GateState.LOCKED
    for bench in (one, two):
        await refused(bench)
    await one.advance(86_400)
    await refused(one)
    await one.gates.reset(one.pass_)
    one.vendor.said = Accepted()
    assert await one.send() == Accepted()


@each("said", [Unreadable("a page", login_refused=True), REFUSED])
async def test_ten_logins_in_a_row_are_never_refused(bench: Bench, said: Any) -> None:
    bench.vendor.said = said
    for number in range(30):
        await bench.gates.started(bench.pass_, f"s{number + 2}")
        if await bench.state() is GateState.CLOSED:
            await bench.send()
    assert bench.sent == 9


@each(
    ("fails", "said", "times"),
    [
        (LostAnswer("nothing came"), None, 20),
        (None, Unreadable("a page"), 20),
        (None, LookupError("a bug"), 20),
        (NeverLeft("no connection"), None, 5),
    ],
)
async def test_what_fails_again_and_again_opens_the_breaker(
    bench: Bench, fails: Exception | None, said: Any, times: int
) -> None:
    await bench.send()
    bench.fails, bench.vendor.said = fails, said
    for number in range(times):
        assert await bench.state() is GateState.CLOSED, number
        outcome = await bench.send()
        assert isinstance(outcome, NotSent if isinstance(fails, NeverLeft) else Unreadable)
    assert await bench.state() is GateState.OPEN
    await refused(bench)
    bench.fails, bench.vendor.said = None, Accepted()
    await bench.advance(1.1)
    assert await bench.send() == Accepted()
    assert await bench.state() is GateState.CLOSED


async def test_a_probe_that_fails_opens_it_again(bench: Bench) -> None:
    await bench.send()
    bench.fails = NeverLeft("no connection")
    for _ in range(5):
        await bench.send()
    await bench.advance(1.1)
    bench.open.clear()
    probe = asyncio.create_task(bench.send())
    await until(lambda: bench.sent == 7)
    await refused(bench)  # one is out
    bench.open.set()
    assert isinstance(await probe, NotSent)
    assert await bench.state() is GateState.OPEN
    await bench.advance(1.1)
    await refused(bench)  # the pause is twice as long


async def test_an_intent_that_fails_ends_the_matter(bench: Bench, raw: redis.Redis) -> None:
    class Known(Exception):
        pass

    async def known() -> None:
        assert in_flight(raw) == 1
        raise Known

    for _ in range(3):
        with pytest.raises(Known):
            await bench.send(known)
        assert (bench.sent, in_flight(raw)) == (0, 0)
    assert await bench.send() == Accepted()


async def test_a_probe_whose_intent_failed_is_given_to_the_next(bench: Bench) -> None:
    await bench.send()
    bench.fails = NeverLeft("no connection")
    for _ in range(5):
        await bench.send()
    await bench.advance(1.1)
    bench.fails = None

    async def known() -> None:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        await bench.send(known)
    assert await bench.send() == Accepted()
    assert await bench.state() is GateState.CLOSED


async def test_who_leaves_takes_no_place_with_him(bench: Bench, raw: redis.Redis) -> None:
    """At a process's end: the request may be out, and counts as one whose answer was lost."""
    await bench.send()
    bench.open.clear()
    task = asyncio.create_task(bench.send())
    await until(lambda: bench.sent == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    bench.open.set()
    assert (await bench.gates.look(bench.pass_)).failures == WEIGHTS["lost"]
    assert await bench.send() == Accepted()
    assert in_flight(raw) == 0


@each("login", ["digest", ""])
async def test_nothing_is_sent_while_it_is_paused(store: Store, login: str) -> None:
    bench = Bench(store, login=login)
    await bench.gates.pause(bench.pass_)
    await refused(bench)
    assert bench.sent == 0
    await bench.gates.resume(bench.pass_)
    assert await bench.send() == Accepted()


async def test_a_vendor_that_is_busy_is_given_a_second(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.send()
    bench.vendor.said = Busy("503")
    assert await bench.send() == Busy("503")
    assert await bench.state() is GateState.CLOSED
    await refused(bench)
    bench.vendor.said = Accepted()
    await bench.advance(1.0)
    assert await bench.send() == Accepted()


async def test_an_outcome_is_told_though_the_store_is_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, raw: redis.Redis
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        for name in ("tell", "rest"):
            patched.setattr(Gate, name, away)
        assert await bench.send() == Accepted()
    assert in_flight(raw) == 1, "believed for as long as a request can last"
    assert await bench.send() == Accepted()
    assert in_flight(raw) == 0


async def test_a_store_that_is_away_lets_nobody_through(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(Gate, "ask", away)
        with pytest.raises(StoreUnavailable):
            await bench.send()
    assert (bench.order, bench.direct._gates["main"].held) == ([], 0)
    assert await bench.send() == Accepted()
