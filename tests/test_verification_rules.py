"""What follows from what is learned about a verification: tables, and sequences of rules at random."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.model import verification
from gateway.model.verification import TRIES, Try, Verification, VerificationStatus

each = pytest.mark.parametrize

MINUTE = 60_000
NOW, ENDS = 1_000_000, 1_000_000 + 10 * MINUTE
PENDING, VERIFIED, EXPIRED, FAILED = VerificationStatus
RIGHT, WRONG = b"right", b"wrong"


def at_first(method: Any = "sms_code", **given: Any) -> Verification:
    fields: dict[str, Any] = {"client": "shop", "number": "+819012345678", "minutes": 10, "due": ENDS}
    fields |= {"created_at": NOW, "updated_at": NOW, "expires_at": ENDS, "message": "m1" * (method == "sms_code")}
    return Verification(method=method, **{**fields, **given})


def tried(state: Verification, number: int, request: str = "r") -> Verification:
    """After so many wrong codes."""
    for index in range(number):
        verdict, state = verification.judged(state, f"{request}{index}", WRONG, False, NOW + 1)
        assert verdict == "wrong_code"
    return state


# Codes


@each(("method", "code"), [("sms_code", b""), ("call_out", RIGHT)])
def test_the_right_code_verifies_once(method: str, code: bytes) -> None:
    verdict, state = verification.judged(at_first(method, code=code), "r", RIGHT, True, NOW + 5)
    assert verdict == "verified"
    assert (state.status, state.verified_at, state.final_at, state.updated_at, state.due) == (
        VERIFIED,
        *[NOW + 5] * 3,
        0,
    )
    assert state.tries == (Try("r", RIGHT, True),)
    assert verification.judged(state, "s", RIGHT, True, NOW + 6) == ("already_used", state)
    assert verification.judged(state, "s", WRONG, False, NOW + 6) == ("already_used", state)


def test_the_fifth_wrong_code_is_the_last() -> None:
    state = tried(at_first(), TRIES - 1)
    assert (state.status, state.final_at) == (PENDING, 0)
    verdict, state = verification.judged(state, "fifth", WRONG, False, NOW + 9)
    assert verdict == "wrong_code"
    assert (state.status, state.reason, state.final_at, state.due) == (FAILED, "too_many_attempts", NOW + 9, 0)
    assert verification.judged(state, "sixth", RIGHT, True, NOW + 10) == ("too_many_attempts", state)


def test_the_fifth_try_may_be_right() -> None:
    verdict, state = verification.judged(tried(at_first(), TRIES - 1), "fifth", RIGHT, True, NOW + 9)
    assert (verdict, state.status) == ("verified", VERIFIED)


@each("later", [0, 9 * MINUTE, 20 * MINUTE])
@each(("digest", "right", "verdict"), [(RIGHT, True, "verified"), (WRONG, False, "wrong_code")])
def test_a_repeat_is_told_the_same_and_uses_no_try(later: int, digest: bytes, right: bool, verdict: str) -> None:
    _, state = verification.judged(at_first(), "r", digest, right, NOW)
    assert verification.judged(state, "r", digest, right, NOW + later) == (verdict, state)


def test_a_repeat_of_the_last_try_is_told_what_it_was_told() -> None:
    state = tried(at_first(), TRIES)
    assert verification.judged(state, "r4", WRONG, False, NOW + 20 * MINUTE) == ("wrong_code", state)


@each(("at", "verdict"), [(ENDS - 1, "verified"), (ENDS, "expired"), (ENDS + 1, "expired")])
def test_a_code_is_good_until_its_time(at: int, verdict: str) -> None:
    said, state = verification.judged(at_first(), "r", RIGHT, True, at)
    assert said == verdict
    assert (state.status is VERIFIED) is (verdict == "verified")
    assert (state == at_first()) is (verdict == "expired"), "who tried too late used no try"


@each(
    ("state", "verdict"),
    [
        (at_first(status=EXPIRED, final_at=NOW), "expired"),
        (at_first(status=FAILED, final_at=NOW, reason="quota_exceeded"), "expired"),
        (at_first(status=FAILED, final_at=NOW, reason="too_many_attempts"), "too_many_attempts"),
        (at_first(status=VERIFIED, final_at=NOW, verified_at=NOW), "already_used"),
        (at_first("call_out"), "not_ready"),
        (at_first("call_out", expires_at=NOW), "expired"),
    ],
)
def test_where_no_code_can_be_right(state: Verification, verdict: str) -> None:
    assert verification.judged(state, "r", RIGHT, True, NOW + 1) == (verdict, state)


# What vendors say


@each(
    ("state", "verified"),
    [
        (at_first("call_in"), True),
        (at_first("call_in", taken=True), True),
        (at_first("call_in", expires_at=NOW + 1), False),
        (at_first("call_in", status=EXPIRED, final_at=NOW), False),
        (at_first("call_in", status=FAILED, final_at=NOW), False),
        (at_first("call_in", status=VERIFIED, final_at=NOW), False),
        (at_first("call_out"), False),
        (at_first("sms_code"), False),
    ],
)
def test_a_call_in_verifies_what_waits_for_one(state: Verification, verified: bool) -> None:
    after = verification.called_in(state, NOW + 1)
    assert (after is not None) is verified
    if after:
        assert (after.status, after.verified_at, after.final_at, after.due) == (VERIFIED, NOW + 1, NOW + 1, 0)


@each("round_", [None, 2])
def test_a_call_tells_its_code(round_: int | None) -> None:
    state = verification.told(at_first("call_out", round=2), round_, RIGHT, NOW + 1)
    assert state
    assert (state.code, state.taken, state.status) == (RIGHT, True, PENDING)
    assert verification.told(state, round_, RIGHT, NOW + 2) is None, "a push that is repeated"
    other = verification.told(tried(state, 2), round_, WRONG, NOW + 2)
    assert other
    assert len(other.tries) == 2, "another code brings no tries back"


@each(
    ("state", "round_"),
    [
        (at_first("call_out", round=2), 1),
        (at_first("call_out", round=2), 3),
        (at_first("call_out", expires_at=NOW), 1),
        (at_first("call_out", status=FAILED, final_at=NOW), 1),
        (at_first("call_out", status=VERIFIED, final_at=NOW), None),
        (at_first("sms_code"), 1),
        (at_first("call_in"), None),
    ],
)
def test_a_code_that_belongs_nowhere_is_dropped(state: Verification, round_: int | None) -> None:
    assert verification.told(state, round_, RIGHT, NOW) is None


def test_what_the_vendor_took_is_noted_once() -> None:
    state = verification.taken(at_first("call_in"), 1, NOW + 1)
    assert state
    assert state.taken
    assert verification.taken(state, 1, NOW + 2) is None
    assert verification.taken(at_first("call_out", round=2), 1, NOW + 1) is None, "an answer about the call before"


@each(
    ("state", "round_", "fails"),
    [
        (at_first(), 1, True),
        (tried(at_first(), 3), 1, True),
        (at_first("call_out"), 1, True),
        (at_first("call_in"), 1, True),
        (at_first(round=2), 1, False),
        (at_first("call_out", code=RIGHT), 1, False),
        (at_first(status=VERIFIED, final_at=NOW), 1, False),
        (at_first(status=EXPIRED, final_at=NOW), 1, False),
        (at_first(expires_at=NOW), 1, False),
    ],
)
def test_what_cannot_come_about_fails(state: Verification, round_: int, fails: bool) -> None:
    after = verification.failed(state, round_, "invalid_number", "110", NOW + 1)
    assert (after is not None) is fails
    if after:
        assert (after.status, after.reason, after.provider_code) == (FAILED, "invalid_number", "110")
        assert (after.final_at, after.due) == (NOW + 1, 0)


# Time, and again


@each(("at", "expires"), [(ENDS - 1, False), (ENDS, True), (ENDS + MINUTE, True)])
def test_what_is_pending_expires_at_its_time(at: int, expires: bool) -> None:
    after = verification.timed(at_first(), at)
    assert (after is not None) is expires
    if after:
        assert (after.status, after.final_at, after.due, after.reason) == (EXPIRED, at, 0, "")
        assert verification.timed(after, at + 1) is None


@each("method", ["sms_code", "call_out"])
def test_a_resend_begins_anew(method: str) -> None:
    state = tried(at_first(method, code=RIGHT, taken=True), 4)
    after = verification.again(state, "r", "m2", NOW + MINUTE)
    assert after
    assert (after.round, after.message, after.taken, after.code, after.resends) == (2, "m2", False, b"", ("r",))
    assert after.expires_at == NOW + 11 * MINUTE
    assert len(tried(verification.told(after, 2, RIGHT, NOW) or after, 5).tries) == 5, "five more tries"


@each(
    "state",
    [
        at_first("call_in"),
        at_first("owner"),
        at_first(status=VERIFIED, final_at=NOW),
        at_first(status=EXPIRED, final_at=NOW),
        at_first(status=FAILED, final_at=NOW),
        at_first(expires_at=NOW),
    ],
)
def test_what_is_over_or_has_no_code_is_not_sent_again(state: Verification) -> None:
    assert verification.again(state, "r", "m2", NOW) is None


def test_the_latest_resends_are_known() -> None:
    state: Verification | None = at_first()
    for number in range(verification.RESENDS_KEPT + 5):
        assert state
        state = verification.again(state, f"r{number}", f"m{number}", NOW)
    assert state
    assert len(state.resends) == verification.RESENDS_KEPT
    assert state.resends[-1] == f"r{verification.RESENDS_KEPT + 4}"


# Names at vendors

ID = "01jd0a1b2c3d4e5f6g7h8j9k0m"


@each(
    ("text", "read"),
    [
        (f"{ID}v1", (ID, 1)),
        (f" {ID.upper()}V12\n", (ID, 12)),
        (f"{ID}g1", None),
        (f"{ID}v", None),
        (f"{ID}v1234567890", None),
        (f"{ID[1:]}v1", None),
        (f"x{ID}v1", None),
        (f"{ID}v1x", None),
        ("", None),
    ],
)
def test_a_reference_is_read_back(text: str, read: tuple[str, int] | None) -> None:
    assert verification.parse_reference(text) == read


def test_a_reference_is_letters_and_digits() -> None:
    assert verification.reference(ID, 3) == f"{ID}v3"
    assert verification.parse_reference(verification.reference(ID, 3)) == (ID, 3)


def test_what_is_stored_is_read_back() -> None:
    state = tried(at_first("call_out", code=RIGHT, resends=("a",)), 3)
    raw = msgspec.msgpack.encode(state)
    assert msgspec.msgpack.decode(raw, type=Verification) == state
    shorter = msgspec.msgpack.encode(msgspec.msgpack.decode(raw)[:8])
    assert msgspec.msgpack.decode(shorter, type=Verification).expires_at == ENDS, "fields are only added at the end"


# At random


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
        known = any((each.request, each.digest) == (request, digest) for each in state.tries)
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
