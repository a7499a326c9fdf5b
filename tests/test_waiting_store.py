"""Who waits for a vendor's word, and the key that codes are made with, on a real Redis."""

from __future__ import annotations

import asyncio
import signal
from subprocess import Popen
from typing import Any

import pytest
import redis

from gateway.model import codes
from gateway.model.values import Secret
from gateway.store.code_key import CodeKey
from gateway.store.messages import Store
from gateway.store.waiting import Taken, TooSoon, Waiting
from tests import test_api_errors
from tests.harness import Harness
from tests.redis_tools import Proxy
from tests.store_tools import DAY, HOUR, Open
from tests.test_api_errors import problem
from tests.verification_tools import PATH, begin, begun, check, code_of, events, resend, result, wrong

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
frail = test_api_errors.frail


@pytest.fixture
def waiting(store: Store) -> Waiting:
    return Waiting(store)


def advance(waiting: Waiting, seconds: float) -> None:
    waiting._store.clock.offset_ms += int(seconds * 1000)
    waiting._store.clock.learn(int(waiting._store.clock.now() + seconds * 1000))


def soon(waiting: Waiting, seconds: float = 60) -> int:
    return int(waiting._store.clock.now() + seconds * 1000)


async def test_who_waits_is_known_until_its_time(waiting: Waiting, raw: redis.Redis) -> None:
    for name, seconds in (("b", 60), ("a", 120), ("c", 30)):
        assert await waiting.join("acc", "topic", name, soon(waiting, seconds)) is None
    assert await waiting.names("acc", "topic") == ["a", "b", "c"]
    assert await waiting.names("acc", "other") == await waiting.names("other", "topic") == []
    advance(waiting, 45)
    assert await waiting.names("acc", "topic") == ["a", "b"]
    await waiting.leave("acc", "topic", "a")
    await waiting.leave("acc", "topic", "nobody")
    assert await waiting.names("acc", "topic") == ["b"]
    keys = [key for key in raw.scan_iter() if key.startswith("{w:")]
    assert all(raw.ttl(key) > 0 for key in keys)
    assert not any("acc" in key or "topic" in key for key in keys)


async def test_where_one_may_wait_the_second_is_told_who_does(waiting: Waiting) -> None:
    assert await waiting.join("acc", "t", "one", soon(waiting), alone=True) is None
    assert await waiting.join("acc", "t", "one", soon(waiting, 90), alone=True) is None, "it does already"
    assert await waiting.join("acc", "t", "two", soon(waiting), alone=True) == Taken("one")
    assert await waiting.join("acc2", "t", "two", soon(waiting), alone=True) is None
    advance(waiting, 91)
    assert await waiting.join("acc", "t", "two", soon(waiting), alone=True) is None
    assert await waiting.names("acc", "t") == ["two"]


async def test_of_twenty_at_once_one_waits(waiting: Waiting) -> None:
    said = await asyncio.gather(*(waiting.join("a", "t", f"{n}", soon(waiting), alone=True) for n in range(20)))
    assert said.count(None) == 1
    assert {each for each in said if each} == {Taken(f"{said.index(None)}")}


async def test_two_are_let_in_a_second_apart(waiting: Waiting) -> None:
    assert await waiting.join("a", "t", "one", soon(waiting), gap_ms=300) is None
    assert await waiting.join("a", "t", "one", soon(waiting), gap_ms=300) is None, "asked again it is the same one"
    refused = await waiting.join("a", "t", "two", soon(waiting), gap_ms=300)
    assert isinstance(refused, TooSoon)
    assert 0 < refused.retry_ms <= 300
    assert await waiting.names("a", "t") == ["one"]
    assert await waiting.join("a", "u", "two", soon(waiting), gap_ms=300) is None
    await asyncio.sleep(refused.retry_ms / 1000 + 0.02)  # Redis itself forgets who was let in last
    assert await waiting.join("a", "t", "two", soon(waiting), gap_ms=300) is None


async def test_a_word_names_one_for_good(waiting: Waiting, raw: redis.Redis) -> None:
    assert await waiting.settled("a", "word") is None
    assert await waiting.settle("a", "word", "one", DAY) == "one"
    assert await waiting.settle("a", "word", "two", DAY) == "one"
    assert await waiting.settled("a", "word") == "one"
    assert await waiting.settled("b", "word") is None
    await waiting.unsettle("a", "word")
    assert await waiting.settle("a", "word", "two", HOUR) == "two"
    [key] = [key for key in raw.scan_iter() if ":n:" in key]
    assert 0 < raw.pttl(key) <= HOUR


@each("cut", ["before", "after"])
async def test_a_lost_answer_is_asked_for_again(open_store: Open, proxy: Proxy, cut: str) -> None:
    waiting = Waiting(await open_store(proxy.url))
    await waiting.names("a", "t")
    proxy.plan = [cut]
    assert await waiting.join("a", "t", "one", soon(waiting), alone=True, gap_ms=5000) is None
    proxy.plan = [cut]
    assert await waiting.settle("a", "word", "one", DAY) == "one"
    proxy.plan = [cut]
    await waiting.leave("a", "t", "one")
    assert await waiting.names("a", "t") == []


# The key


async def test_one_key_for_all(open_store: Open, redis_url: str) -> None:
    stores = [await open_store(redis_url) for _ in range(4)]
    keys = await asyncio.gather(*(CodeKey(store, None).read() for store in stores for _ in range(5)))
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32


async def test_an_emptied_redis_makes_another(store: Store, raw: redis.Redis) -> None:
    key = CodeKey(store, None)
    first = await key.read()
    assert await key.read() == first
    raw.delete("{g}y")
    assert await key.read() != first


async def test_a_configured_key_is_in_no_redis(store: Store, raw: redis.Redis) -> None:
    assert await CodeKey(store, Secret("k" * 32)).read() == b"k" * 32
    assert not raw.exists("{g}y")


@each("cut", ["before", "after"])
async def test_a_key_whose_answer_was_lost_is_the_same(open_store: Open, proxy: Proxy, cut: str) -> None:
    store = await open_store(proxy.url)
    await store.lanes()
    proxy.plan = ["", cut]
    key = CodeKey(store, None)
    assert await key.read() == await key.read()


def test_codes_are_digits_of_their_length_and_all_alike_in_likelihood() -> None:
    made = [codes.make(b"key", f"{n}", 1, 4) for n in range(4000)]
    assert all(len(code) == 4 and code.isdigit() for code in made)
    assert len(set(made)) > 3000
    first = [sum(code[0] == digit for code in made) for digit in "0123456789"]
    assert all(300 < count < 500 for count in first)
    assert codes.make(b"key", "1", 1, 6) != codes.make(b"key", "1", 2, 6) != codes.make(b"key", "2", 2, 6)
    assert codes.make(b"key", "1", 1, 6) != codes.make(b"yek", "1", 1, 6)
    assert codes.digest(b"key", "1", "1234") != codes.digest(b"key", "2", "1234") != codes.digest(b"yek", "2", "1234")


@each(
    ("text", "at"),
    [("{code}", (0,)), ("a{code}", (1,)), ("{code}{code}", (0, 4)), ("😀{code}b{code}c", (1, 6)), ("{{code}}", (1,))],
)
def test_what_is_hidden_is_shown_when_it_is_sent(text: str, at: tuple[int, ...]) -> None:
    stored, hidden = codes.hide(text, "v", 1, 4)
    assert hidden.at == at
    assert stored == text.replace("{code}", "****")
    code = codes.make(b"key", "v", 1, 4)
    assert codes.show(stored, hidden, b"key") == text.replace("{code}", code)


# On one node and on a cluster


async def test_the_whole_way(harness: Harness, raw: redis.Redis) -> None:
    harness.dispatch()
    first = await begun(harness, key="k", clientTag="a")
    old = await code_of(harness, first)
    assert await result(harness, first["id"], wrong(old)) == "wrong_code"
    again = (await resend(harness, first["id"], key="k")).json()
    assert await result(harness, first["id"], await code_of(harness, again)) == "verified"
    assert (await begun(harness, key="k", clientTag="a"))["status"] == "verified"
    assert events(raw) == [("verification.verified", first["id"][4:])]


# A store that is away


async def test_where_the_store_is_away_nothing_is_said(frail: tuple[Harness, Popen[bytes]]) -> None:
    harness, process = frail
    first = await begun(harness, clientTag="a")
    process.send_signal(signal.SIGSTOP)
    try:
        asked: list[Any] = [
            begin(harness, clientTag="b"),
            check(harness, first["id"], "123456"),
            resend(harness, first["id"]),
            harness.api.get(f"{PATH}/{first['id']}"),
        ]
        for answer in await asyncio.gather(*asked):
            problem(answer, 503, "store_unavailable")
    finally:
        process.send_signal(signal.SIGCONT)
    again = await begin(harness, clientTag="a")
    assert again.json()["id"] == first["id"]
    assert (await begin(harness, clientTag="b")).status_code == 202
    assert await result(harness, first["id"], "x") == "wrong_code"
