"""What follows from what is learned about a verification: as tables."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

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


@each("digest", [RIGHT, b"other"])
@each("resent", [False, True])
def test_a_name_stands_for_one_code(digest: bytes, resent: bool) -> None:
    state: Verification | None = tried(at_first(), 2)
    if resent:
        assert state
        state = verification.again(state, "s", "m2", NOW + 1)
    assert state
    assert verification.judged(state, "r1", digest, digest == RIGHT, NOW + 2) == ("other_code", state)
    assert verification.judged(state, "r1", WRONG, False, NOW + 2) == ("wrong_code", state)


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
    assert (after.tries, after.past) == ((), state.tries)
    assert (after.round, after.message, after.taken, after.code, after.resends) == (2, "m2", False, b"", ("r",))
    assert after.expires_at == NOW + 11 * MINUTE
    assert len(tried(verification.told(after, 2, RIGHT, NOW) or after, 5, "s").tries) == 5, "five more tries"


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


def test_a_resend_of_which_nothing_came_is_undone() -> None:
    before = tried(at_first(), 3)
    begun = verification.again(before, "s", "m2", NOW + MINUTE)
    assert begun
    after = verification.undone(begun, before, NOW + MINUTE + 1)
    assert after == msgspec.structs.replace(before, updated_at=NOW + MINUTE + 1)
    anew = verification.again(after, "t", "m3", NOW + 2 * MINUTE)
    assert anew
    assert (anew.round, anew.resends) == (2, ("t",))


BEFORE = at_first()
BEGUN = verification.again(BEFORE, "s", "m2", NOW) or BEFORE


@each(
    "state",
    [
        BEFORE,
        tried(BEGUN, 1),
        verification.again(BEGUN, "t", "m3", NOW),
        verification.failed(BEGUN, 2, "provider_error", "", NOW),
        verification.timed(BEGUN, BEGUN.expires_at),
        verification.judged(BEGUN, "r", RIGHT, True, NOW)[1],
        msgspec.structs.replace(BEGUN, code=RIGHT),
    ],
)
def test_what_went_on_since_is_not_undone(state: Verification) -> None:
    assert verification.undone(state, BEFORE, NOW + 1) is None


def test_the_latest_resends_are_known() -> None:
    state: Verification | None = at_first()
    for number in range(verification.KEPT + 5):
        assert state
        state = verification.again(state, f"r{number}", f"m{number}", NOW)
    assert state
    assert len(state.resends) == verification.KEPT
    assert state.resends[-1] == f"r{verification.KEPT + 4}"


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
