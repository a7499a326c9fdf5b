"""Rules about a verification in any order, at random: what a caller must be able to rely on holds all the same."""

from __future__ import annotations

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.model import verification
from gateway.model.verification import TRIES, Verification
from tests.test_verification_rules import FAILED, MINUTE, NOW, PENDING, VERIFIED, at_first


class Sequences(RuleBasedStateMachine):
    """Any order of rules, stale repeats among them, against what a caller must be able to rely on."""

    @initialize(method=st.sampled_from(["sms_code", "call_out", "call_in"]), minutes=st.sampled_from([1, 10]))
    def begin(self, method: str, minutes: int) -> None:
        self.now = NOW
        self.state = at_first(method, minutes=minutes, expires_at=NOW + minutes * MINUTE)
        self.codes = {1: b"code 1"} if method == "sms_code" else dict[int, bytes]()
        """The right code of each round."""
        self.requests = 0
        self.wrong_by_round: dict[int, int] = {}
        self.verified = 0

    def _apply(self, new: Verification | None) -> None:
        if new is None:
            return
        old, self.state = self.state, new
        assert new != old
        assert new.updated_at == self.now
        if old.final_at:
            assert (new.status, new.final_at) == (old.status, old.final_at), "out of a final state"
        assert new.round in (old.round, old.round + 1)
        self.verified += new.status is VERIFIED and old.status is not VERIFIED
        assert self.verified <= 1

    def _check(self, digest: bytes, request: str) -> None:
        state, now = self.state, self.now
        own = self.codes.get(state.round) if state.method == "sms_code" else state.code or None
        right = own is not None and digest == own
        known = any(each.request == request for each in (*state.past, *state.tries))
        verdict, new = verification.judged(state, request, digest, right, now)
        if not known:
            assert (verdict == "verified") <= (right and state.status is PENDING and now < state.expires_at)
            if verdict == "wrong_code":
                self.wrong_by_round[state.round] = self.wrong_by_round.get(state.round, 0) + 1
            assert (verdict in ("verified", "wrong_code")) is (new is not state)
        else:
            assert new is state
        self._apply(None if new is state else new)

    @rule(round_=st.integers(1, 4))
    def check_a_code_of_some_round(self, round_: int) -> None:
        self.requests += 1
        code = self.codes.get(round_, b"nothing")
        before = self.state.status
        self._check(code, f"r{self.requests}")
        if round_ != self.state.round and before is PENDING:
            assert self.state.status is not VERIFIED, "a code of another round was right"

    @rule(which=st.integers(0, 30), code=st.sampled_from([b"code 1", b"code 2", b"nothing"]))
    def check_under_an_old_name(self, which: int, code: bytes) -> None:
        self._check(code, f"r{which}")

    @rule()
    def guess(self) -> None:
        self.requests += 1
        self._check(f"guess {self.requests}".encode(), f"r{self.requests}")

    @rule(round_=st.sampled_from([None, 1, 2, 3]))
    def the_vendor_tells(self, round_: int | None) -> None:
        told = round_ or self.state.round
        code = f"code {told}".encode()
        new = verification.told(self.state, round_, code, self.now)
        if new:
            self.codes[self.state.round] = code
        self._apply(new)

    @rule()
    def somebody_calls(self) -> None:
        self._apply(verification.called_in(self.state, self.now))

    @rule(round_=st.integers(1, 3))
    def the_vendor_takes(self, round_: int) -> None:
        if not self.state.final_at:
            self._apply(verification.taken(self.state, round_, self.now))

    @rule(round_=st.integers(1, 3))
    def the_vendor_refuses(self, round_: int) -> None:
        self._apply(verification.failed(self.state, round_, "provider_error", "1", self.now))

    @rule()
    def again(self) -> None:
        self.requests += 1
        new = verification.again(self.state, f"r{self.requests}", f"m{self.requests}", self.now)
        if new and new.method == "sms_code":
            self.codes[new.round] = f"code {new.round}".encode()
        self._apply(new)

    @rule()
    def again_and_nothing_comes_of_it(self) -> None:
        self.requests += 1
        before = self.state
        new = verification.again(before, f"r{self.requests}", f"m{self.requests}", self.now)
        if new is None:
            return
        undone = verification.undone(new, before, self.now)
        assert undone
        self.state = undone
        assert msgspec.structs.replace(undone, updated_at=0) == msgspec.structs.replace(before, updated_at=0)

    @rule(seconds=st.sampled_from([0, 1, 59, 60, 599, 600]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * 1000
        self._apply(verification.timed(self.state, self.now))
        assert self.state.final_at or self.now < self.state.expires_at

    @invariant()
    def it_holds(self) -> None:
        if not hasattr(self, "state"):
            return
        state = self.state
        assert (state.status is PENDING) is (state.final_at == 0)
        assert (state.status is VERIFIED) is (state.verified_at > 0)
        assert state.final_at == 0 or state.due == 0
        assert all(count <= TRIES for count in self.wrong_by_round.values())
        if self.wrong_by_round.get(state.round, 0) == TRIES:
            assert (state.status, state.reason) == (FAILED, "too_many_attempts")


def test_whatever_comes_in_whatever_order() -> None:
    few = settings(max_examples=300, stateful_step_count=50, deadline=None)
    run_state_machine_as_test(Sequences, settings=few)  # type: ignore[no-untyped-call]
