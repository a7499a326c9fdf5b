"""What a vendor keeps until its time: only where the type says so, for no other time, and nothing but its own word."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.provider import (
    Accepted,
    Declined,
    Finding,
    Keeping,
    Kept,
    Provider,
    Question,
    Unanswered,
    Unknown,
    Unreadable,
    VendorAnswer,
    VendorRequest,
    Withdrawal,
)
from tests.conformance.candidate import LATER, UNKNOWN, Candidate, HeardOfKept, withdrawal_of_days
from tests.conformance.garbage import ANSWERS, disturbed, few, halves, says, under
from tests.conformance.test_answers import JUNK, PAGES

MOMENTS = st.integers(1_767_225_600_000, 1_924_992_000_000)
"""From 2026 to 2030, in ms."""
FAILURES = range(500, 600)


def ms(written: str) -> int:
    return int(datetime.fromisoformat(written).timestamp() * 1000)


def keeping(candidate: Candidate) -> Keeping:
    if candidate.able.reservations is None:
        pytest.skip("this vendor keeps nothing")
    return candidate.able.reservations


def heard(candidate: Candidate) -> HeardOfKept:
    keeping(candidate)
    assert candidate.heard.of_kept
    return candidate.heard.of_kept


def elsewhere(candidate: Candidate, timezone: str) -> Provider:
    """With another clock."""
    return candidate.built("https://vendor.example", timezone=timezone)


def withdrawal(candidate: Candidate, reference: str = UNKNOWN) -> Question[Withdrawal]:
    """How it is told to drop a message."""
    if (asked := candidate.provider.withdrawal(reference)) is None:
        pytest.skip("this vendor cannot be told to drop what it keeps")
    return asked


def of_days(candidate: Candidate) -> Question[None]:
    """How it is told to drop all of some days."""
    if (asked := withdrawal_of_days(candidate.alone())) is None:
        pytest.skip("this vendor cannot be told to drop all of a day")
    return asked


# What it declares


def test_one_that_keeps_nothing_is_not_asked_to(candidate: Candidate) -> None:
    if candidate.able.reservations:
        pytest.skip("this vendor keeps messages")
    for provider in (candidate.provider, candidate.alone()):
        assert provider.keeps(LATER) is None
        assert provider.reservation_request(candidate.content(), UNKNOWN) is None
        assert provider.withdrawal(UNKNOWN) is None
        assert withdrawal_of_days(provider) is None
        assert isinstance(provider.reservation_outcome(candidate.heard.accepted, UNKNOWN), Unanswered)
        with pytest.raises(NotImplementedError):
            provider.reserve_request(candidate.content(), UNKNOWN, LATER)


def test_one_that_keeps_messages_says_how(candidate: Candidate) -> None:
    assert keeping(candidate).ahead >= 0
    assert keeping(candidate).whole >= 1
    assert 3600 % keeping(candidate).whole == 0, "so that it is a multiple on every clock"


def test_only_what_is_cancelable_can_be_asked_about_and_dropped(candidate: Candidate) -> None:
    cancelable = keeping(candidate).cancelable
    for provider in (candidate.provider, candidate.alone()):
        asked = provider.reservation_request(candidate.content(), UNKNOWN)
        told = provider.withdrawal(UNKNOWN)
        assert (asked is not None) == (told is not None) == cancelable
        assert cancelable or withdrawal_of_days(provider) is None
        for request in filter(None, (asked, told.request if told else None)):
            assert UNKNOWN in request.url + request.body.decode()


# Its time


@few
@given(at=MOMENTS)
def test_it_is_kept_for_the_time_that_was_asked_or_a_little_less(candidate: Candidate, at: int) -> None:
    whole = keeping(candidate).whole * 1000
    kept = candidate.provider.keeps(at)
    assert kept is not None, "its own clock shows every moment once"
    assert at - whole < kept <= at
    assert kept % whole == 0
    assert candidate.provider.keeps(kept) == kept


@few
@given(at=MOMENTS, timezone=st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Kiritimati")))
def test_it_is_never_kept_longer_by_another_clock(candidate: Candidate, at: int, timezone: str) -> None:
    whole = keeping(candidate).whole * 1000
    kept = elsewhere(candidate, timezone).keeps(at)
    assert kept is None or at - whole < kept <= at


def test_a_moment_that_its_clock_shows_twice_is_not_given_to_it(candidate: Candidate) -> None:
    keeping(candidate)
    provider = elsewhere(candidate, "America/New_York")
    for ambiguous in ("2026-11-01T05:00Z", "2026-11-01T05:30Z", "2026-11-01T06:30Z", "2026-11-01T06:59Z"):
        assert provider.keeps(ms(ambiguous)) is None
    for plain in ("2026-11-01T04:59Z", "2026-11-01T07:00Z", "2026-03-08T06:59Z", "2026-03-08T07:00Z"):
        assert provider.keeps(ms(plain)) == ms(plain)


def test_its_time_is_told_on_its_clock(candidate: Candidate) -> None:
    keeping(candidate)

    def asked(timezone: str, at: str) -> VendorRequest:
        return elsewhere(candidate, timezone).reserve_request(content, UNKNOWN, ms(at))

    content = candidate.content()
    assert asked("Asia/Tokyo", "2026-12-31T23:00Z") == asked("America/New_York", "2027-01-01T13:00Z")
    assert asked("Asia/Tokyo", "2026-12-31T23:00Z") != asked("America/New_York", "2026-12-31T23:00Z")


# What it is asked


def test_each_time_makes_a_request_of_its_own(candidate: Candidate) -> None:
    step = keeping(candidate).whole * 1000
    times = [LATER + each * step for each in (0, 1, 60, 86_400)]
    requests = {candidate.reserve(at=at) for at in times}
    assert len(requests) == len(times)
    assert candidate.send() not in requests


def test_to_keep_a_message_it_is_told_no_more_secrets_than_to_send_one(candidate: Candidate) -> None:
    keeping(candidate)
    sent, kept = candidate.send(), candidate.reserve()
    assert kept.headers == sent.headers
    for secret in candidate.secrets().values():
        assert secret not in kept.url
        assert kept.body.decode().count(secret) <= sent.body.decode().count(secret)


# What it says


def test_what_it_took_to_keep_is_accepted(candidate: Candidate) -> None:
    outcome = candidate.provider.send_outcome(heard(candidate).reserved)
    assert isinstance(outcome, Accepted), outcome


def test_what_it_keeps_and_what_it_does_not(candidate: Candidate) -> None:
    said = heard(candidate)
    if said.kept is None or said.unknown is None:
        pytest.skip("this vendor cannot be asked what it keeps")
    assert candidate.provider.reservation_outcome(said.kept, said.reference) == Kept()
    assert candidate.provider.reservation_outcome(said.unknown, UNKNOWN) == Unknown()
    assert candidate.provider.reservation_outcome(said.kept, UNKNOWN) != Kept(), "of another message"


def test_what_it_dropped_and_what_it_did_not(candidate: Candidate) -> None:
    said = heard(candidate)
    if said.withdrawn is None or said.withdrawn_unknown is None:
        pytest.skip("this vendor cannot be told to drop what it keeps")
    assert withdrawal(candidate, said.reference).read(said.withdrawn) == "withdrawn"
    assert withdrawal(candidate).read(said.withdrawn_unknown) == "unknown"


def test_what_it_dropped_of_some_days(candidate: Candidate) -> None:
    said, asked = heard(candidate), of_days(candidate)
    assert said.withdrawn_days
    assert asked.read(said.withdrawn_days) is None


def test_a_broken_answer_of_what_it_keeps_says_nothing(candidate: Candidate) -> None:
    said, outcome = heard(candidate), candidate.provider.reservation_outcome
    for real in filter(None, (said.kept, said.unknown)):
        for answer in (*halves(real), *under(FAILURES, real), *PAGES):
            assert isinstance(outcome(answer, said.reference), Unanswered)
        for junk in JUNK:
            for answer in disturbed(real, lambda _, junk=junk: junk):  # type: ignore[misc]
                assert isinstance(outcome(answer, said.reference), get_args(Finding))


def test_a_broken_answer_of_what_it_dropped_says_nothing(candidate: Candidate) -> None:
    said, asked = heard(candidate), withdrawal(candidate, heard(candidate).reference)
    for real in filter(None, (said.withdrawn, said.withdrawn_unknown)):
        for answer in (*halves(real), *under(FAILURES, real), *PAGES):
            assert isinstance(asked.read(answer), Unreadable)
        for junk in JUNK:
            for answer in disturbed(real, lambda _, junk=junk: junk):  # type: ignore[misc]
                assert isinstance(asked.read(answer), str | Declined | Unreadable)


def test_a_broken_answer_of_what_it_dropped_of_some_days_says_nothing(candidate: Candidate) -> None:
    said, asked = heard(candidate).withdrawn_days, of_days(candidate)
    assert said
    for answer in (*halves(said), *under(FAILURES, said), *PAGES):
        assert isinstance(asked.read(answer), Unreadable)


@few
@given(answer=ANSWERS)
def test_garbage_is_no_word_of_what_it_keeps(candidate: Candidate, answer: VendorAnswer) -> None:
    """Of one that keeps nothing neither."""
    provider, said = candidate.alone(), candidate.heard.of_kept
    for real in filter(None, said[1:] if said else ()):
        assert isinstance(real, VendorAnswer)
        assume(not says(real, answer))
    assert isinstance(provider.reservation_outcome(answer, UNKNOWN), Unanswered)
    for asked in (provider.withdrawal(UNKNOWN), withdrawal_of_days(provider)):
        assert asked is None or isinstance(asked.read(answer), Unreadable)
