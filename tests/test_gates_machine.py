"""The gate at random, against what really is in flight at the vendor: limits hold whoever dies, and nothing jams."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from gateway.store.gates import REFUSALS_LEFT, Gates, GateState, Verdict
from tests.store_tools import OnRedis, a_pass

CONCURRENCY, LASTS = 8, 4.0
"""Requests in flight at most; seconds one takes at most, a second of grace included."""
Asker = st.integers(0, 2)


class Machine(OnRedis):
    guarded = False

    def __init__(self) -> None:
        super().__init__()
        self.gates = Gates(self.store)
        login = "digest" if self.guarded else ""
        self.gate = a_pass(concurrency=CONCURRENCY, rate=100_000, lasts_ms=int(LASTS * 1000), login=login)
        self.now = 0.0
        self.flying: list[tuple[str, float, int]] = []
        """Whose they are, when they must have ended, and of which round; those of the dead too."""
        self.round = 0
        self.names = [f"a{number}" for number in range(3)]
        self.born = 3
        self.probes: set[str] = set()
        self.paused = False
        self.proven = not self.guarded
        self.locked = False
        self.refused = 0
        """Logins in a row, as the vendor counts them, since an operator last looked."""
        if self.guarded:
            self._do(self.gates.started(self.gate, "first"))
            self.round = 1

    def _do(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def _held(self, name: str) -> int:
        return sum(owner == name for owner, _, _ in self.flying)

    @rule(who=Asker, number=st.integers(1, 12), used=st.integers(0, 12))
    def ask(self, who: int, number: int, used: int) -> None:
        name = self.names[who]
        grant = self._do(self.gates.ask(self.gate, name, number, self._held(name)))
        assert not (self.paused and grant.starts)
        assert not (self.locked and grant.starts)
        if grant.state is GateState.HALF_OPEN and grant.starts and used:
            self.probes.add(name)
        self.flying += [(name, self.now + LASTS - 1, grant.round)] * min(len(grant.starts), used)
        most = CONCURRENCY if self.proven else 1
        assert not grant.starts or len(self.flying) <= most, "more than allowed are really out"

    @precondition(lambda self: any(owner in self.names for owner, _, _ in self.flying))
    @rule(which=st.integers(0, 20), verdict=st.sampled_from(["good", "good", "down", "lost", "login"]))
    def answered(self, which: int, verdict: Verdict) -> None:
        mine = [each for each in self.flying if each[0] in self.names]
        each = mine[which % len(mine)]
        self.flying.remove(each)
        if verdict == "login" and self.guarded:
            self.refused += 1
            self.locked, self.proven = True, False
            self.round += 1
        elif verdict == "good":
            self.refused = 0
            self.proven |= each[2] == self.round
        probe = each[0] in self.probes and self._held(each[0]) == 0
        self.probes -= {each[0]} if probe else set()
        known: Any = {"probe": probe, "proves": verdict == "good", "round_": each[2]}
        self._do(self.gates.tell(self.gate, each[0], verdict, self._held(each[0]), **known))
        assert self.refused < 10, "the vendor has blocked our address"

    @rule(who=Asker)
    def dies(self, who: int) -> None:
        """What it had sent is on its way all the same; its successor knows nothing of it."""
        self.names[who] = f"a{self.born}"
        self.born += 1

    @rule(seconds=st.sampled_from([0.3, 1.1, 3.1, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.store.clock.offset_ms += int(seconds * 1000)
        self.flying = [each for each in self.flying if each[1] > self.now]

    @rule(verb=st.sampled_from(["pause", "resume"]))
    def operator(self, verb: str) -> None:
        self.paused = verb == "pause"
        self._do(getattr(self.gates, verb)(self.gate))

    @rule(by=st.sampled_from(["operator", "restart", "restart"]))
    def again(self, by: str) -> None:
        """A reset, which makes the count the operator's; or a start, which may try again by itself."""
        self.round += self.guarded
        if by == "operator":
            self._do(self.gates.reset(self.gate))
            self.locked, self.refused = False, 0
            self.redis.hdel("{p:main}:desk:main", "refusals")
        elif self.guarded:
            self._do(self.gates.started(self.gate, f"start {self.born}"))
            self.born += 1
            counted = int(self.redis.hget("{p:main}:desk:main", "refusals") or 0)
            self.locked = self.locked and counted >= REFUSALS_LEFT
        self.proven = not self.guarded

    @precondition(lambda self: not (self.paused or self.locked))
    @rule()
    def nothing_jams(self) -> None:
        """Whatever was, once all requests have ended and the longest pause is over, one gets through, and then all."""
        self.time_passes(20.0)
        name = self.names[0]
        grant = self._do(self.gates.ask(self.gate, name, 1, 0))
        assert grant.starts
        self._do(self.gates.tell(self.gate, name, "good", 0, probe=True, proves=True, round_=grant.round))
        self.proven, self.refused = True, 0
        grant = self._do(self.gates.ask(self.gate, name, CONCURRENCY, 0))
        assert (grant.state, len(grant.starts)) == (GateState.CLOSED, CONCURRENCY)
        self._do(self.gates.tell(self.gate, name, "", 0))


def play(redis_url: str, guarded: bool) -> None:
    class Here(Machine):
        url = redis_url

    Here.guarded = guarded
    few = settings(max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Here, settings=few)  # type: ignore[no-untyped-call]


def test_at_random(redis_url: str) -> None:
    play(redis_url, guarded=False)


def test_at_random_where_failed_logins_are_counted(redis_url: str) -> None:
    play(redis_url, guarded=True)
