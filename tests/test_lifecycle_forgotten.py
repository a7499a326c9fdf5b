"""Records that outlived a Redis which lost writes (`FORGOTTEN` is open), or their provider."""

from __future__ import annotations

import msgspec
import pytest

from gateway.model import lifecycle
from gateway.model.lifecycle import FORGOTTEN, Change
from gateway.model.message import Phase, State, Status
from gateway.model.outcome import Accepted, Known, Unanswered, Unknown
from gateway.model.policy import NOBODY, Policy
from tests.test_lifecycle import BLIND, DEDUPLICATED, HOUR, NOW, queued, taken, word

ACCEPTING = msgspec.structs.replace(BLIND, resend_blind=True)
replace = msgspec.structs.replace


def changed(verdict: lifecycle.Verdict) -> State:
    assert isinstance(verdict, Change)
    return verdict.state


def test_what_somebody_seems_to_hold_is_not_given_back() -> None:
    """It may have been sent and settled in the Redis that was lost."""
    held = taken(queued(open=f"{FORGOTTEN} "))
    assert lifecycle.give_back(held, held.fence, NOW) is None
    assert lifecycle.give_back(taken(queued()), 1, NOW) is not None


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.QUEUED])
@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.QUEUED, Status.SUBMITTING])
def test_what_waited_is_not_sent_blindly(phase: Phase, status: Status) -> None:
    state = queued(status=status, phase=phase, due=NOW, open=f"{FORGOTTEN} ")
    assert changed(lifecycle.wake(state, NOW, BLIND)).status is Status.UNCERTAIN


def test_where_the_caller_takes_the_risk_it_is_resent_once_more_only() -> None:
    state = queued(status=Status.SUBMITTING, phase=Phase.WAITING, due=NOW, open=f"{FORGOTTEN} ")
    state = changed(lifecycle.wake(state, NOW, ACCEPTING))
    assert (state.phase, state.generation, state.resends) == (Phase.WAITING, 2, 1)
    assert changed(lifecycle.wake(state, state.due, ACCEPTING)).phase is Phase.QUEUED


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.QUEUED])
def test_what_may_have_moved_on_and_be_forgotten_is_only_asked_about(phase: Phase) -> None:
    """The reference is safe at its own vendor only."""
    state = queued(phase=phase, due=NOW, open=f"{FORGOTTEN} ")
    routed = msgspec.structs.replace(DEDUPLICATED, routed=True)  # whoever else is configured now
    assert changed(lifecycle.wake(state, NOW, routed)).phase is Phase.ASKING


def test_the_tenth_try_is_no_forgotten_one() -> None:
    state = changed(lifecycle.wake(taken(queued(fence=9)), NOW + 30_000, DEDUPLICATED))
    assert state.open == "10 "


def test_it_is_dealt_with_however_many_tries_are_accounted_for() -> None:
    state = queued(status=Status.SUBMITTING, phase=Phase.WAITING, due=NOW, open=f"{FORGOTTEN} 1 ", resends=2)
    assert changed(lifecycle.wake(state, NOW, ACCEPTING)).status is Status.UNCERTAIN


def test_where_the_vendor_refuses_a_second_it_is_sent_again() -> None:
    state = queued(phase=Phase.WAITING, due=NOW, open=f"{FORGOTTEN} ")
    assert changed(lifecycle.wake(state, NOW, DEDUPLICATED)).phase is Phase.QUEUED


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.QUEUED])
class TestAskedAboutBeforeItWasEverSent:
    def asking(self, status: Status) -> State:
        return queued(status=status, phase=Phase.ASKING, due=NOW, asked_since=NOW, open=f"{FORGOTTEN} ")

    def test_the_vendor_has_it(self, status: Status) -> None:
        change = lifecycle.found(self.asking(status), Known(), NOW, DEDUPLICATED)
        assert changed(change).status is Status.SUBMITTED

    def test_the_vendor_does_not_list_it(self, status: Status) -> None:
        later = NOW + DEDUPLICATED.settle_after
        assert changed(lifecycle.found(self.asking(status), Unknown(), later, DEDUPLICATED)).status is Status.UNCERTAIN

    def test_the_vendor_never_answers(self, status: Status) -> None:
        change = lifecycle.found(self.asking(status), Unanswered(), NOW + DEDUPLICATED.no_news_after, DEDUPLICATED)
        assert changed(change).status is Status.UNCERTAIN
        assert change is not None
        assert change.step is not None, "told"

    @pytest.mark.parametrize("policy", [DEDUPLICATED, BLIND])
    def test_the_vendor_speaks_by_itself(self, status: Status, policy: Policy) -> None:
        change = lifecycle.receipt(self.asking(status), 1, word(None), NOW, policy)
        assert changed(change).status is Status.SUBMITTED


@pytest.mark.parametrize("status", [Status.UNDELIVERED, Status.SUBMITTED])
def test_what_was_told_before_is_not_taken_back(status: Status) -> None:
    state = queued(status=status, phase=Phase.RESTING, answered_at=NOW, open=f"{FORGOTTEN} ")
    assert changed(lifecycle.receipt(state, 1, word(None), NOW, DEDUPLICATED)).status is status


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SCHEDULED])
def test_an_acceptance_heard_after_the_adoption_counts(status: Status) -> None:
    change = lifecycle.settle(queued(status=status, open=f"{FORGOTTEN} "), 1, Accepted("0"), NOW, DEDUPLICATED)
    assert changed(change).status is Status.SUBMITTED


def test_a_reference_that_was_forgotten_is_this_messages_too() -> None:
    state = queued(status=Status.UNCERTAIN, phase=Phase.RESTING, open=f"{FORGOTTEN} ")
    assert changed(lifecycle.receipt(state, 2, word("undelivered"), NOW, BLIND)).status is Status.UNDELIVERED


def test_a_provider_that_comes_back_is_asked() -> None:
    """It was gone from the configuration when the lease ended."""
    state = changed(lifecycle.wake(taken(queued()), NOW + 30_000, NOBODY))
    assert state.status is Status.UNCERTAIN
    for _ in range(3):
        assert state.due <= NOW + HOUR
        state = changed(lifecycle.wake(state, state.due, NOBODY))
        assert (state.phase, state.final_at) == (Phase.RESTING, 0)
    state = changed(lifecycle.wake(state, state.due, DEDUPLICATED))
    assert (state.status, state.phase) == (Status.UNCERTAIN, Phase.ASKING)
    assert changed(lifecycle.found(state, Known(), state.due, DEDUPLICATED)).status is Status.SUBMITTED


def test_a_provider_that_never_comes_back_leaves_it_final_in_the_end() -> None:
    state, looks = changed(lifecycle.wake(taken(queued()), NOW + 30_000, NOBODY)), 0
    while not state.final_at:
        looks += 1
        state = changed(lifecycle.wake(state, state.due, NOBODY))
    assert state.final_at == NOW + 30_000 + NOBODY.no_news_after
    assert looks < 300


def test_where_its_provider_is_gone_what_may_have_been_sent_waits_in_no_queue() -> None:
    """Its provider may come back, and would be given it a second time."""
    state = queued(status=Status.SUBMITTING, phase=Phase.WAITING, open=f"{FORGOTTEN} ", due=NOW)
    gone = changed(lifecycle.wake(state, NOW, NOBODY))
    assert (gone.phase, gone.open) == (Phase.WAITING, f"{FORGOTTEN} ")
    assert changed(lifecycle.wake(gone, gone.due, BLIND)).status is Status.UNCERTAIN
