"""Where a message goes when its provider cannot or will not have it, and what is heard too late."""

from __future__ import annotations

import msgspec
import pytest

from gateway.model import lifecycle
from gateway.model.message import Phase, Status
from gateway.model.outcome import Busy, NotSent, SendOutcome, Unknown
from gateway.model.policy import NOBODY, Policy
from tests.test_lifecycle import (
    ABOUT_MESSAGE,
    ABOUT_US,
    BLIND,
    DEDUPLICATED,
    HOUR,
    LOST,
    NOW,
    WITH_NEXT,
    queued,
    settle,
    taken,
    word,
)

AWAY = msgspec.structs.replace(WITH_NEXT, onward_serves=False)
BACK = msgspec.structs.replace(WITH_NEXT, onward_wraps=True)
ACCEPTING = msgspec.structs.replace(BLIND, resend_blind=True)
NEVER_LEFT = [NotSent("refused"), Busy("503")]


class TestOnward:
    @pytest.mark.parametrize("outcome", NEVER_LEFT)
    def test_to_one_that_serves(self, outcome: SendOutcome) -> None:
        state = settle(taken(queued()), outcome, WITH_NEXT)
        assert (state.provider, state.phase, state.open) == ("spare", Phase.QUEUED, "")

    @pytest.mark.parametrize("outcome", NEVER_LEFT)
    def test_not_to_one_that_is_away(self, outcome: SendOutcome) -> None:
        state = settle(taken(queued()), outcome, AWAY)
        assert (state.provider, state.phase, state.due) == ("main", Phase.WAITING, NOW + 1000)

    @pytest.mark.parametrize("outcome", NEVER_LEFT)
    def test_round_the_route_again_after_a_pause(self, outcome: SendOutcome) -> None:
        """Or two vendors that fail would toss it to and fro."""
        state, dues = taken(queued()), []
        for _ in range(4):
            state = settle(state, outcome, BACK)
            assert (state.provider, state.phase) == ("spare", Phase.WAITING)
            dues.append(state.due - NOW)
            state = taken(msgspec.structs.replace(state, phase=Phase.QUEUED, provider="main"))
        assert dues == [1000, 2000, 4000, 5000]

    def test_a_refusal_about_us_leaves_even_for_one_that_is_away(self) -> None:
        state = settle(taken(queued()), ABOUT_US, AWAY)
        assert (state.provider, state.phase, state.refused) == ("spare", Phase.QUEUED, "main ")

    @pytest.mark.parametrize("policy", [WITH_NEXT, AWAY, BACK])
    @pytest.mark.parametrize("outcome", [*NEVER_LEFT, ABOUT_US, ABOUT_MESSAGE])
    def test_never_with_an_open_try(self, outcome: SendOutcome, policy: Policy) -> None:
        state = settle(taken(queued(fence=1, open="1 ")), outcome, policy)
        assert (state.provider, state.open, state.generation) == ("main", "1 ", 1)
        assert state.status is Status.SUBMITTING


class TestPassedOver:
    def test_what_waits_leaves_a_provider_that_takes_nothing(self) -> None:
        change = lifecycle.pass_over(queued(), NOW, WITH_NEXT)
        assert change is not None
        assert (change.state.provider, change.state.phase, change.state.fence) == ("spare", Phase.QUEUED, 0)
        assert change.step is not None
        assert (change.step.status, change.step.provider) == ("queued", "main")

    @pytest.mark.parametrize("state", [queued(fence=1, open="1 "), taken(queued())])
    def test_not_what_may_be_out(self, state: object) -> None:
        assert lifecycle.pass_over(state, NOW, WITH_NEXT) is None  # type: ignore[arg-type]

    def test_not_where_nobody_serves(self) -> None:
        assert lifecycle.pass_over(queued(), NOW, AWAY) is None

    def test_without_its_provider_it_goes_where_routing_says(self) -> None:
        change = lifecycle.pass_over(queued(), NOW, NOBODY, "other")
        assert change is not None
        assert (change.state.provider, change.state.phase) == ("other", Phase.QUEUED)

    @pytest.mark.parametrize("state", [queued(), queued(fence=1, open="1 ")])
    def test_without_anybody_it_waits_for_its_provider(self, state: object) -> None:
        change = lifecycle.pass_over(state, NOW, NOBODY)  # type: ignore[arg-type]
        assert change is not None
        assert change.step is None
        assert (change.state.provider, change.state.phase) == ("main", Phase.WAITING)
        assert NOW < change.state.due <= NOW + 5000


class TestWithoutItsProvider:
    def test_what_was_asked_about_is_uncertain(self) -> None:
        asking = taken(queued())
        asking = msgspec.structs.replace(asking, phase=Phase.ASKING, owner="", due=NOW)
        change = lifecycle.wake(asking, NOW, NOBODY)
        assert isinstance(change, lifecycle.Change)
        assert (change.state.status, change.state.final_at) == (Status.UNCERTAIN, 0)

    def test_what_is_submitted_is_given_the_whole_time(self) -> None:
        resting = queued(status=Status.SUBMITTED, phase=Phase.RESTING, due=NOW, answered_at=NOW - HOUR)
        change = lifecycle.wake(resting, NOW, NOBODY)
        assert isinstance(change, lifecycle.Change)
        assert change.state.final_at == 0
        assert NOW < change.state.due <= NOW + 71 * HOUR


class TestHeardLate:
    """The lease has ended, somebody decided in doubt, and then the first one is heard after all."""

    def lapsed(self, policy: Policy = DEDUPLICATED) -> lifecycle.State:
        change = lifecycle.wake(taken(queued()), NOW + 30_000, policy)
        assert isinstance(change, lifecycle.Change)
        return change.state

    def late(self, state: lifecycle.State, outcome: SendOutcome, policy: Policy = DEDUPLICATED) -> lifecycle.State:
        change = lifecycle.settle(state, 1, outcome, NOW + 31_000, policy)
        assert change is not None
        return change.state

    def test_a_refusal_ends_it(self) -> None:
        state = self.late(self.lapsed(), ABOUT_MESSAGE)
        assert (state.status, state.reason) == (Status.FAILED, "invalid_number")

    def test_a_refusal_about_us_moves_it_on(self) -> None:
        state = self.late(self.lapsed(WITH_NEXT), ABOUT_US, WITH_NEXT)
        assert (state.provider, state.generation) == ("spare", 2)

    def test_never_left_is_tried_again(self) -> None:
        state = self.late(self.lapsed(), NotSent("refused"))
        assert (state.open, state.phase, state.status) == ("", Phase.WAITING, Status.SUBMITTING)

    def test_nothing_is_decided_while_another_holds_it(self) -> None:
        state = msgspec.structs.replace(self.lapsed(), phase=Phase.QUEUED)
        held = self.late(taken(state), ABOUT_MESSAGE)
        assert (held.status, held.phase, held.open) == (Status.SUBMITTING, Phase.HELD, "2 ")

    def test_nothing_is_decided_while_another_try_is_open(self) -> None:
        state = settle(taken(msgspec.structs.replace(self.lapsed(), phase=Phase.QUEUED)), LOST)
        state = self.late(state, ABOUT_MESSAGE)
        assert (state.status, state.open) == (Status.SUBMITTING, "2 ")

    @pytest.mark.parametrize("outcome", [ABOUT_MESSAGE, ABOUT_US, *NEVER_LEFT])
    @pytest.mark.parametrize("policy", [BLIND, msgspec.structs.replace(BLIND, onward="spare", onward_serves=True)])
    def test_what_was_uncertain_has_failed(self, outcome: SendOutcome, policy: Policy) -> None:
        uncertain = self.lapsed(policy)
        assert uncertain.status is Status.UNCERTAIN
        state = self.late(uncertain, outcome, policy)
        assert (state.status, state.open) == (Status.FAILED, "")

    def test_what_was_delivered_stays_so(self) -> None:
        delivered = lifecycle.receipt(self.lapsed(), 1, word("delivered"), NOW, DEDUPLICATED)
        assert delivered is not None
        assert lifecycle.settle(delivered.state, 1, ABOUT_MESSAGE, NOW, DEDUPLICATED) is None


class TestBlindResends:
    """`duplicateRisk: accept`: each try has a reference of its own, and what is said of one is said of the message."""

    def resent(self) -> lifecycle.State:
        """The answer to the first is lost, the second waits."""
        state = settle(taken(queued()), LOST, ACCEPTING)
        assert (state.phase, state.generation, state.resends) == (Phase.WAITING, 2, 1)
        return state

    def receipt(self, state: lifecycle.State, generation: int, outcome: str | None) -> lifecycle.State:
        change = lifecycle.receipt(state, generation, word(outcome, f"{generation}{outcome}"), NOW, ACCEPTING)
        assert change is not None
        return change.state

    def test_word_of_the_first_stops_the_second(self) -> None:
        state = self.receipt(self.resent(), 1, None)
        assert (state.status, state.phase, state.open) == (Status.SUBMITTED, Phase.RESTING, "")

    def test_word_of_the_first_settles_what_is_uncertain(self) -> None:
        state = settle(taken(msgspec.structs.replace(self.resent(), phase=Phase.QUEUED)), ABOUT_MESSAGE, ACCEPTING)
        assert (state.status, state.open) == (Status.UNCERTAIN, "1 ")
        assert self.receipt(state, 1, "undelivered").status is Status.UNDELIVERED
        assert self.receipt(state, 1, None).status is Status.SUBMITTED

    def test_one_that_came_to_nothing_says_nothing_of_the_other(self) -> None:
        state = taken(msgspec.structs.replace(self.resent(), phase=Phase.QUEUED))
        state = self.receipt(state, 1, "undelivered")
        assert state.status is Status.SUBMITTED
        assert self.receipt(state, 2, "undelivered").status is Status.UNDELIVERED

    def test_at_another_provider_an_earlier_reference_is_not_this_one(self) -> None:
        moved = settle(taken(queued()), ABOUT_US, WITH_NEXT)
        state = self.receipt(taken(moved), 1, "undelivered")
        assert state.status is Status.SUBMITTING


def test_what_is_in_doubt_is_asked_for_soon_and_then_more_and_more_rarely() -> None:
    impatient = msgspec.structs.replace(DEDUPLICATED, settle_after=8_000)
    state = queued(status=Status.UNCERTAIN, phase=Phase.ASKING, open="1 ", due=NOW, asked_since=NOW)
    waits = []
    for _ in range(9):
        change = lifecycle.found(state, Unknown(), state.due, impatient)
        assert change is not None
        waits.append(change.state.due - state.due)
        state = change.state
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (16_000, 600_000), "never less than every ten minutes"
