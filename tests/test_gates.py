"""The gate before a provider, which all processes share: rate, requests in flight, breaker, pause, login."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import redis

from gateway.availability import Availability
from gateway.gate import Gate, verdict
from gateway.model.outcome import Accepted, Busy, Duplicate, NotSent, Refused, Unreadable
from gateway.model.reasons import Reason
from gateway.routing import Routing
from gateway.store.gates import MARGIN, WEIGHTS, Gates, GateState, Pass, Verdict
from gateway.store.messages import Store
from tests.store_tools import Open, a_pass

pytestmark = pytest.mark.anyio

MAIN = a_pass()
FAILURES = 100 // WEIGHTS["down"]


@pytest.fixture
def gates(store: Store) -> Gates:
    return Gates(store)


async def advance(gates: Gates, seconds: float) -> None:
    gates._store.clock.offset_ms += int(seconds * 1000)


async def state(gates: Gates, gate: Pass = MAIN) -> GateState:
    return (await gates.look(gate)).state


async def starts(gates: Gates, gate: Pass = MAIN, asker: str = "a", number: int = 1, in_flight: int = 0) -> int:
    return len((await gates.ask(gate, asker, number, in_flight)).starts)


async def fail(gates: Gates, times: int = FAILURES, word: Verdict = "down", *, probe: bool = False) -> None:
    for _ in range(times):
        await gates.tell(MAIN, "a", word, 0, probe=probe)


# The rate


def fullest(spans: list[tuple[float, float]]) -> int:
    """Starts in the fullest second, where each is only known to lie in a span."""
    return max(sum(begin >= first and end <= first + 1 for begin, end in spans) for first, _ in spans)


@pytest.mark.parametrize("rate", [80, 600])
async def test_two_callers_share_a_rate_and_use_it_up(open_store: Open, redis_url: str, rate: int) -> None:
    """The starts may be used late: by a `MARGIN` lower the rate is kept."""
    spans: list[tuple[float, float]] = []
    ends = time.monotonic() + 1.5

    async def ask(asker: str) -> None:
        gates = Gates(await open_store(redis_url))
        while (before := time.monotonic()) < ends:
            grant = await gates.ask(a_pass(rate=rate), asker, 50, 0)
            after = time.monotonic()
            spans.extend((before + start, after + start) for start in grant.starts)
            await asyncio.sleep(0.01)

    await asyncio.gather(ask("a"), ask("b"))
    assert fullest(spans) <= rate
    took = max(end for _, end in spans) - min(begin for begin, _ in spans)
    assert (len(spans) - 1) / took <= rate / (1 + MARGIN) * 1.01
    begins = sorted(begin for begin, _ in spans)
    few = rate // 4
    # In some quarter of a second, however busy this machine is in others.
    best = max(few / (last - first) for first, last in zip(begins, begins[few:], strict=False))
    assert best >= rate * 0.94


async def test_providers_of_a_group_share_its_rate(gates: Gates) -> None:
    one, two = (a_pass(name=name, group="office", rate=20) for name in ("one", "two"))
    assert await starts(gates, one, number=9) + await starts(gates, two, number=9) <= 3


async def test_a_clock_that_steps_back_grants_nothing_twice(gates: Gates) -> None:
    gate = a_pass(rate=80)
    first, began = (await gates.ask(gate, "a", 50, 0)).starts, time.monotonic()
    await advance(gates, -60)
    second = (await gates.ask(gate, "a", 50, 0)).starts
    assert not second or time.monotonic() - began + second[0] >= first[-1] + 1 / 80


async def test_no_rounding_and_no_expiry_raises_the_rate(gates: Gates, raw: redis.Redis) -> None:
    first, second = (await gates.ask(a_pass(rate=300), "a", 2, 0)).starts
    assert second - first >= 1 / 300, "301 in a second"
    await starts(gates, a_pass(group="slow", rate=0.01))
    assert raw.pttl("{p:slow}") >= 100_000, "forgotten before the next may start"


async def test_a_vendor_that_asks_to_wait_is_given_a_second(gates: Gates) -> None:
    await fail(gates, 1, "busy")
    assert await starts(gates) == 0
    assert await state(gates) is GateState.CLOSED
    await advance(gates, 1.0)
    assert await starts(gates) == 1


async def test_scripts_that_the_server_forgot_are_loaded_again(gates: Gates, raw: redis.Redis) -> None:
    raw.script_flush()
    assert await starts(gates) == 1
    raw.script_flush()
    await fail(gates, 1)


async def test_a_full_redis_still_grants(gates: Gates, raw: redis.Redis) -> None:
    raw.config_set("maxmemory", 1)
    try:
        assert await starts(gates) == 1
        await fail(gates, 1)
    finally:
        raw.config_set("maxmemory", 0)


# Requests in flight


async def test_all_together_have_no_more_in_flight_than_allowed(gates: Gates) -> None:
    gate = a_pass(concurrency=8)
    assert await starts(gates, gate, "a", 5) == 5
    assert await starts(gates, gate, "b", 50) == 3
    assert await starts(gates, gate, "b", 50, in_flight=3) == 0
    assert await starts(gates, gate, "a", 50, in_flight=1) == 4, "four of a's ended"
    await gates.tell(gate, "b", "", 0)
    assert await starts(gates, gate, "a", 50, in_flight=5) == 3, "all of b's ended"


async def test_a_dead_process_keeps_its_place_until_its_requests_must_have_ended(gates: Gates) -> None:
    gate = a_pass(concurrency=8, lasts_ms=2000)
    assert await starts(gates, gate, "dead", 8) == 8
    await advance(gates, 1.9)
    assert await starts(gates, gate, "b", 8) == 0
    await advance(gates, 0.2)
    assert await starts(gates, gate, "b", 8) == 8


async def test_replicas_may_differ_in_their_time_out(gates: Gates) -> None:
    """While a change of it is rolled out."""
    slow, quick = a_pass(concurrency=8, lasts_ms=30_000), a_pass(concurrency=8, lasts_ms=2000)
    assert await starts(gates, slow, "a", 8) == 8
    assert await starts(gates, quick, "b", 8) == 0


async def test_a_grant_that_was_not_used_is_not_in_flight(gates: Gates) -> None:
    gate = a_pass(concurrency=8)
    for _ in range(5):
        assert await starts(gates, gate, "a", 8) == 8


# The breaker


async def test_failures_in_a_row_open_the_gate(gates: Gates) -> None:
    await fail(gates, FAILURES - 1)
    assert await state(gates) is GateState.CLOSED
    await fail(gates, 1, "good")
    await fail(gates, FAILURES - 1)
    assert await starts(gates) == 1
    await fail(gates, 1)
    assert await state(gates) is GateState.OPEN
    assert await starts(gates, asker="another replica") == 0


async def test_lost_answers_weigh_less_and_add_up(gates: Gates) -> None:
    await fail(gates, 19, "lost")
    assert await state(gates) is GateState.CLOSED
    await fail(gates, 1, "lost")
    assert await state(gates) is GateState.OPEN


async def test_one_request_of_all_replicas_probes(gates: Gates) -> None:
    await fail(gates)
    await advance(gates, 1.1)
    assert await state(gates) is GateState.HALF_OPEN
    assert await starts(gates, number=9) == 1
    assert await starts(gates, asker="b", number=9) == 0
    assert await state(gates) is GateState.PROBING
    await fail(gates, 1, "good", probe=True)
    assert await state(gates) is GateState.CLOSED
    assert await starts(gates, number=9) == 9


async def test_a_probe_that_fails_opens_it_for_longer(gates: Gates) -> None:
    await fail(gates)
    for pause in (1, 2, 4, 8, 15, 15):
        await advance(gates, pause - 0.05)
        assert await state(gates) is GateState.OPEN, pause
        await advance(gates, 0.06)
        assert await starts(gates) == 1, pause
        await fail(gates, 1, probe=True)
    await advance(gates, 16)
    await starts(gates)
    await fail(gates, 1, "good", probe=True)
    await fail(gates)
    await advance(gates, 1.1)
    assert await state(gates) is GateState.HALF_OPEN, "a good one starts it all anew"


async def test_a_probe_whose_process_died_is_given_to_another(gates: Gates) -> None:
    await fail(gates)
    await advance(gates, 1.1)
    assert await starts(gates, asker="dead") == 1
    assert await starts(gates, asker="b") == 0
    await advance(gates, MAIN.lasts_ms / 1000 + 0.1)
    assert await starts(gates, asker="b") == 1


async def test_a_probe_that_found_nothing_to_send_is_given_again(gates: Gates) -> None:
    await fail(gates)
    await advance(gates, 1.1)
    assert await starts(gates) == 1
    assert await starts(gates, asker="b") == 0
    assert await starts(gates) == 1


async def test_a_late_answer_does_not_close_an_open_gate(gates: Gates) -> None:
    await fail(gates)
    await fail(gates, 1, "good")
    assert await state(gates) is GateState.OPEN


async def test_a_clock_that_steps_back_does_not_keep_it_open(gates: Gates) -> None:
    await fail(gates)
    await advance(gates, -3600)
    assert await state(gates) is GateState.HALF_OPEN


async def test_a_pause_lasts_until_resumed(gates: Gates) -> None:
    await gates.pause(MAIN)
    await fail(gates, 1, "good")
    await advance(gates, 86_400)
    assert await state(gates) is GateState.PAUSED
    assert await starts(gates) == 0
    await gates.reset(MAIN)
    assert await state(gates) is GateState.PAUSED
    await gates.resume(MAIN)
    assert await starts(gates) == 1


@pytest.mark.parametrize("word", ["down", "lost", "good"])
async def test_only_the_probe_tells_of_the_vendor_now(gates: Gates, word: Verdict) -> None:
    """Stragglers were sent before the gate opened."""
    await fail(gates)
    await advance(gates, 1.1)
    assert await starts(gates) == 1
    await fail(gates, 9, word)
    assert await state(gates) is GateState.PROBING
    await fail(gates, 1, "good", probe=True)
    await fail(gates, FAILURES - 1)
    assert await state(gates) is GateState.CLOSED


REFUSED = Refused(Reason.AUTHENTICATION_FAILED, "account", "401")


@pytest.mark.parametrize(
    ("outcome", "guarded", "word"),
    [
        (Accepted("0"), False, "good"),
        (Duplicate("400"), False, "good"),
        (Refused(Reason.TOO_LONG, "message"), True, "good"),
        (Busy("503"), True, "busy"),
        (NotSent("refused"), False, "down"),
        (NotSent("not built", ours=True), False, ""),
        (Unreadable("500"), True, "lost"),
        (REFUSED, False, "good"),
        (REFUSED, True, "login"),
        (Unreadable("a page", login_refused=True), True, "login"),
        (Unreadable("a page", login_refused=True), False, "lost"),
    ],
)
def test_what_an_outcome_says_of_the_vendor(outcome: Any, guarded: bool, word: str) -> None:
    assert verdict(outcome, guarded=guarded) == word


# In a process


@pytest.fixture
def gate(gates: Gates) -> Gate:
    class Settings:
        rate, rate_group, timeout, concurrency = 100.0, None, 1.0, 8

    class One:
        name, account, guarded_login, settings = "main", "", "", Settings()

    return Gate(gates, Availability(gates, {}, Routing({}, ())), One(), "a")  # type: ignore[arg-type]


async def test_a_start_slept_past_is_asked_for_again(gate: Gate, raw: redis.Redis) -> None:
    """A process that stood still wakes with all its starts at once: used so late they meet those of others."""
    waiting = asyncio.create_task(gate.wait(time.monotonic() + 0.02))
    await asyncio.sleep(0.01)
    time.sleep(0.2)
    await waiting
    assert raw.exists("{p:main}")


async def test_success_is_told_only_where_it_is_news(gate: Gate, raw: redis.Redis) -> None:
    await gate.ask(1)
    gate.drop()
    calls = raw.info("commandstats")["cmdstat_evalsha"]["calls"]
    await gate.tell(Accepted("0"), gate.ticket)
    assert raw.info("commandstats")["cmdstat_evalsha"]["calls"] == calls
    await gate.tell(NotSent("refused"), gate.ticket)
    await gate.tell(Accepted("0"), gate.ticket)
    assert not raw.hexists("{p:main}:gate:main", "failures")


async def test_what_is_told_meanwhile_takes_no_start_back(gate: Gate, gates: Gates) -> None:
    """A request ends while others are granted, and before they are taken."""
    gate.took(3)
    granted = asyncio.create_task(gate.ask(5))
    await asyncio.sleep(0)
    await gate.tell(NotSent("refused"), gate.ticket)
    assert len(await granted) == 5
    await gate.tell(NotSent("refused"), gate.ticket)
    gate.took(5)
    assert await starts(gates, a_pass(concurrency=8), "b", 8) <= 2
    gate.drop()


async def test_a_process_that_ends_in_order_leaves_nothing_in_flight(gate: Gate, raw: redis.Redis) -> None:
    await gate.ask(2)
    gate.took(1)
    gate.drop()
    await gate.tell(NotSent("refused"), gate.ticket)
    gate.in_flight -= 1
    await gate.rest()
    assert [name for name in raw.hkeys("{p:main}:desk:main") if name.startswith("o:")] == []
