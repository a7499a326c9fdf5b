"""A vendor that blocks an address after ten failed logins in a row: what restarts, replicas and changes may cost."""

from __future__ import annotations

import pytest

from gateway.store.gates import Gates, GateState, Pass, Verdict
from tests import test_gates
from tests.store_tools import a_pass
from tests.test_gates import MAIN, advance, starts, state

pytestmark = pytest.mark.anyio
gates = test_gates.gates

GUARDED = a_pass(login="digest", concurrency=8)
OTHER = a_pass(login="other", concurrency=8)


async def told(gates: Gates, word: Verdict, gate: Pass = GUARDED, asker: str = "a", in_flight: int = 0) -> None:
    """Of a request that was let through just before."""
    now = (await gates.look(gate)).round
    await gates.tell(gate, asker, word, in_flight, proves=word == "good", round_=now)


async def test_one_request_at_a_time_until_the_login_is_proven(gates: Gates) -> None:
    await gates.started(GUARDED, "s1")
    assert await starts(gates, GUARDED, "a", 8) == 1
    assert await starts(gates, GUARDED, "b", 8) == 0
    await told(gates, "good")
    assert await starts(gates, GUARDED, "b", 9) == 8


@pytest.mark.parametrize("word", ["lost", "down", "busy"])
async def test_no_answer_proves_nothing(gates: Gates, word: Verdict) -> None:
    await gates.started(GUARDED, "s1")
    await told(gates, word)
    await advance(gates, 1.1)
    assert await starts(gates, GUARDED, "a", 8) == 1


async def test_a_refused_login_locks_without_probes_until_reset(gates: Gates) -> None:
    await gates.started(GUARDED, "s1")
    await told(gates, "good")
    before = (await gates.look(GUARDED)).round
    await told(gates, "login")
    await gates.tell(GUARDED, "a", "good", 0, proves=True, round_=before)  # of one sent before
    await advance(gates, 86_400)
    await gates.started(GUARDED, "s1")  # a child that was started again
    assert await state(gates, GUARDED) is GateState.LOCKED
    assert await starts(gates, GUARDED, "a", 8) == 0
    await gates.reset(GUARDED)
    assert await starts(gates, GUARDED, "a", 8) == 1, "to be proven again"


@pytest.mark.parametrize("by", ["reset", "start", "refusal"])
async def test_an_answer_from_before_proves_nothing(gates: Gates, by: str) -> None:
    """Its process was cut off from Redis for a while."""
    await gates.started(GUARDED, "s1")
    before = (await gates.ask(GUARDED, "a", 1, 0)).round
    if by == "refusal":
        await told(gates, "login", asker="b")
    if by == "start":
        await gates.started(GUARDED, "s2")
    else:
        await gates.reset(GUARDED)
    await gates.tell(GUARDED, "a", "good", 0, proves=True, round_=before)
    assert await starts(gates, GUARDED, "b", 8) == 1


async def test_another_start_or_other_credentials_try_once(gates: Gates) -> None:
    await gates.started(GUARDED, "s1")
    await told(gates, "login")
    await gates.started(GUARDED, "s2")
    assert await starts(gates, GUARDED, "b", 8) == 1
    await told(gates, "login", asker="b")
    await gates.started(OTHER, "s2")
    assert await starts(gates, OTHER, "c", 8) == 1


async def test_what_proves_one_login_proves_no_other(gates: Gates) -> None:
    """Two replicas, while a password is being changed."""
    await gates.started(GUARDED, "s1")
    await told(gates, "good")
    assert await starts(gates, GUARDED, "a", 4) == 4
    await gates.started(OTHER, "s2")
    await told(gates, "good", in_flight=3)
    assert await starts(gates, OTHER, "b", 8) == 0, "the one that is to be proven goes alone"
    await told(gates, "good", in_flight=0)
    assert await starts(gates, OTHER, "b", 8) == 1
    await told(gates, "login", OTHER, "b")
    assert await state(gates, GUARDED) is GateState.CLOSED


async def test_neither_restarts_nor_changes_make_the_tenth_failed_login(gates: Gates) -> None:
    tried = 0
    for number in range(30):
        gate = a_pass(login=f"{number // 3}", concurrency=8)
        await gates.started(gate, f"s{number}")
        if await starts(gates, gate, f"{number}", 8):
            tried += 1
            await told(gates, "login", gate, f"{number}")
    assert tried == 9
    for _ in range(2):
        await gates.reset(gate)
        assert await starts(gates, gate, "operator", 8) == 1
        await told(gates, "login", gate, "operator")
        assert await starts(gates, gate, "operator", 8) == 0


async def test_providers_of_one_account_stand_at_one_desk(gates: Gates) -> None:
    one, two = (a_pass(name=name, desk="shared", group="shared", login="digest", concurrency=8) for name in "ab")
    await gates.started(one, "s1")
    assert await starts(gates, one, "x/a", 8) == 1
    assert await starts(gates, two, "x/b", 8) == 0
    await told(gates, "good", one, "x/a")
    assert await starts(gates, one, "x/a", 5) == 5
    assert await starts(gates, two, "x/b", 8) == 3
    await told(gates, "login", two, "x/b")
    assert await state(gates, one) is GateState.LOCKED


async def test_others_do_not_mind_a_failed_login(gates: Gates) -> None:
    await gates.tell(MAIN, "a", "login", 0)
    assert await starts(gates, number=9) == 9


async def test_requests_whose_process_died_count_as_refused(gates: Gates) -> None:
    """Nobody read the answers: each may have been one more refused login."""
    await gates.started(GUARDED, "s1")
    let_through = 0
    for number in range(13):
        let_through += await starts(gates, GUARDED, f"process{number}", 8)
        await advance(gates, GUARDED.lasts_ms / 1000 + 1)
    assert let_through == 8, "one is left for the reset"
    assert await state(gates, GUARDED) is GateState.LOCKED
    await gates.reset(GUARDED)
    assert await starts(gates, GUARDED, "after", 8) == 1
    await told(gates, "good", asker="after")
    assert await starts(gates, GUARDED, "after", 8) == 8, "the vendor counts anew"


@pytest.mark.parametrize("word", ["lost", "down", "busy", ""])
async def test_what_was_heard_of_counts_no_more(gates: Gates, word: Verdict) -> None:
    await gates.started(GUARDED, "s1")
    for number in range(20):
        assert await starts(gates, GUARDED, f"process{number}", 8) == 1
        await told(gates, word, asker=f"process{number}")
        await advance(gates, 20)
    assert await state(gates, GUARDED) is not GateState.LOCKED
