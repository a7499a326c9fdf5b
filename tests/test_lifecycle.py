"""The rules of a message's life, without any I/O."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import lifecycle
from gateway.model.lifecycle import Change
from gateway.model.message import Phase, State, Status
from gateway.model.outcome import (
    Accepted,
    Busy,
    Duplicate,
    Guarantee,
    Known,
    NotSent,
    Refused,
    SendOutcome,
    Unanswered,
    Unknown,
    Unreadable,
)
from gateway.model.policy import Policy
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt

NOW = 1_800_000_000_000
HOUR = 3_600_000
DEDUPLICATED = Policy(
    guarantee=Guarantee.DEDUPLICATED,
    reports=True,
    queryable=True,
    settle_after=15 * 60_000,
    no_news_after=72 * HOUR,
    reconcile_after=HOUR // 2,
)
WITH_NEXT = msgspec.structs.replace(DEDUPLICATED, onward="spare", onward_serves=True)
BLIND = msgspec.structs.replace(DEDUPLICATED, guarantee=Guarantee.BLIND, queryable=False)
DEAF = msgspec.structs.replace(BLIND, reports=False)

ABOUT_MESSAGE = Refused(Reason.INVALID_NUMBER, "message", "110")
ABOUT_US = Refused(Reason.QUOTA_EXCEEDED, "account", "300")
LOST = Unreadable("nothing came")


def queued(**fields: object) -> State:
    base = State(
        status=Status.QUEUED,
        phase=Phase.QUEUED,
        provider="main",
        client="shop",
        due=NOW + 24 * HOUR,
        expires_at=NOW + 24 * HOUR,
        created_at=NOW,
        updated_at=NOW,
        steps=1,
    )
    return msgspec.structs.replace(base, **fields)


def taken(state: State, now: int = NOW, owner: str = "d") -> State:
    """What the store's `take` script makes of a queued message."""
    assert state.phase is Phase.QUEUED
    fence = state.fence + 1
    return msgspec.structs.replace(
        state,
        status=Status.SUBMITTING,
        phase=Phase.HELD,
        owner=owner,
        fence=fence,
        open=f"{state.open}{fence} ",
        stalls=state.stalls + 1,
        due=now + 25_000,
        updated_at=now,
        steps=state.steps + 1,
    )


def word(outcome: str | None, identity: str = "a", **fields: object) -> Receipt:
    return Receipt(reference="r", identity=identity, outcome=outcome, **fields)  # type: ignore[arg-type]


def settle(state: State, outcome: SendOutcome, policy: Policy = DEDUPLICATED, now: int = NOW) -> State:
    change = lifecycle.settle(state, state.fence, outcome, now, policy)
    assert change is not None
    return change.state


class TestOneTry:
    def test_accepted(self) -> None:
        state = settle(taken(queued()), Accepted("0"))
        assert (state.status, state.phase, state.open, state.owner) == (Status.SUBMITTED, Phase.RESTING, "", "")
        assert state.due == NOW + HOUR // 2, "without a receipt the vendor is asked"
        assert state.answered_at == NOW

    def test_accepted_by_a_vendor_that_never_reports_is_final(self) -> None:
        state = settle(taken(queued()), Accepted(), DEAF)
        assert (state.status, state.phase, state.final_at, state.due) == (Status.SUBMITTED, Phase.DONE, NOW, 0)

    def test_a_refusal_about_the_message_ends_it_everywhere(self) -> None:
        state = settle(taken(queued()), ABOUT_MESSAGE, WITH_NEXT)
        assert (state.status, state.reason, state.reason_code) == (Status.FAILED, "invalid_number", "110")
        assert state.phase is Phase.DONE

    @pytest.mark.parametrize("outcome", [ABOUT_US, NotSent("refused"), Busy("429")])
    def test_what_is_accounted_for_moves_on(self, outcome: SendOutcome) -> None:
        state = settle(taken(queued()), outcome, WITH_NEXT)
        assert (state.phase, state.provider) == (Phase.QUEUED, "spare")
        assert state.generation == (1 if isinstance(outcome, NotSent) else 2), "a new one where something was refused"
        assert state.open == ""

    def test_a_refusal_about_us_fails_where_nobody_else_serves(self) -> None:
        assert settle(taken(queued()), ABOUT_US).status is Status.FAILED

    @pytest.mark.parametrize(("outcome", "generation"), [(NotSent("refused"), 1), (Busy("429"), 2)])
    def test_what_was_not_taken_waits_where_nobody_else_serves(self, outcome: SendOutcome, generation: int) -> None:
        state = settle(taken(queued()), outcome)
        assert (state.phase, state.open, state.generation, state.due) == (Phase.WAITING, "", generation, NOW + 1000)

    def test_a_lost_answer_is_asked_again_under_the_same_reference(self) -> None:
        state = settle(taken(queued()), LOST, WITH_NEXT)
        assert (state.status, state.phase, state.provider) == (Status.SUBMITTING, Phase.WAITING, "main")
        assert (state.generation, state.open) == (1, "1 ")

    def test_a_lost_answer_of_a_blind_vendor_is_uncertain(self) -> None:
        state = settle(taken(queued()), LOST, BLIND)
        assert (state.status, state.phase, state.final_at) == (Status.UNCERTAIN, Phase.RESTING, 0)
        deaf = settle(taken(queued()), LOST, DEAF)
        assert (deaf.status, deaf.phase, deaf.final_at) == (Status.UNCERTAIN, Phase.DONE, NOW)

    def test_a_blind_vendor_gets_two_more_tries_where_the_caller_accepts_doubles(self) -> None:
        policy = msgspec.structs.replace(BLIND, resend_blind=True)
        state = queued()
        generations = []
        for _ in range(3):
            state = settle(taken(state), LOST, policy)
            generations.append(state.generation)
            if state.phase is Phase.WAITING:
                state = msgspec.structs.replace(state, phase=Phase.QUEUED)
        assert generations == [2, 3, 3]
        assert state.status is Status.UNCERTAIN


class TestOneProofIsNotProofOfAll:
    def after_a_lost_answer(self) -> State:
        lost = settle(taken(queued()), LOST)
        return taken(msgspec.structs.replace(lost, phase=Phase.QUEUED))

    def test_a_later_refusal_neither_fails_nor_moves_it(self) -> None:
        for refusal in (ABOUT_MESSAGE, ABOUT_US):
            state = settle(self.after_a_lost_answer(), refusal, WITH_NEXT)
            assert (state.status, state.phase, state.provider) == (Status.SUBMITTING, Phase.ASKING, "main")
            assert state.open == "1 "

    def test_a_later_connection_failure_neither_fails_nor_moves_it(self) -> None:
        state = settle(self.after_a_lost_answer(), NotSent(), WITH_NEXT)
        assert (state.phase, state.provider, state.open) == (Phase.WAITING, "main", "1 ")

    def test_a_later_acceptance_accounts_for_all(self) -> None:
        state = settle(self.after_a_lost_answer(), Accepted())
        assert (state.status, state.open) == (Status.SUBMITTED, "")

    def test_a_duplicate_is_only_believed_once_the_vendor_lists_it(self) -> None:
        state = settle(self.after_a_lost_answer(), Duplicate("400"))
        assert (state.status, state.phase) == (Status.SUBMITTING, Phase.ASKING)
        listed = lifecycle.found(state, Known(), NOW, DEDUPLICATED)
        assert listed is not None
        assert listed.state.status is Status.SUBMITTED

    def test_what_the_vendor_does_not_list_becomes_uncertain_in_time_and_stays_asked(self) -> None:
        state = settle(self.after_a_lost_answer(), Duplicate("400"))
        soon = lifecycle.found(state, Unknown(), NOW + 60_000, DEDUPLICATED)
        assert soon is not None
        assert soon.state.status is Status.SUBMITTING
        later = lifecycle.found(soon.state, Unknown(), NOW + 15 * 60_000, DEDUPLICATED)
        assert later is not None
        assert (later.state.status, later.state.phase) == (Status.UNCERTAIN, Phase.ASKING)

    def test_nothing_is_resent_past_its_time(self) -> None:
        state = settle(self.after_a_lost_answer(), LOST, now=NOW + 25 * HOUR)
        assert state.phase is Phase.ASKING

    def test_expiry_with_an_open_try_only_asks(self) -> None:
        lost = settle(taken(queued()), LOST)
        verdict = lifecycle.wake(lost, NOW + 25 * HOUR, DEDUPLICATED)
        assert isinstance(verdict, Change)
        assert (verdict.state.status, verdict.state.phase) == (Status.SUBMITTING, Phase.ASKING)


class TestWhoMayDecide:
    def test_a_stale_owner_decides_nothing(self) -> None:
        first = taken(queued())
        lapsed = lifecycle.wake(first, NOW + 30_000, DEDUPLICATED)
        assert isinstance(lapsed, Change)
        second = taken(msgspec.structs.replace(lapsed.state, phase=Phase.QUEUED), NOW + 31_000)
        late = lifecycle.settle(second, 1, ABOUT_MESSAGE, NOW + 32_000, WITH_NEXT)
        assert late is not None
        assert (late.state.phase, late.state.status, late.state.open) == (Phase.HELD, Status.SUBMITTING, "2 ")

    def test_a_stale_owners_acceptance_counts(self) -> None:
        first = taken(queued())
        lapsed = lifecycle.wake(first, NOW + 30_000, BLIND)
        assert isinstance(lapsed, Change)
        assert lapsed.state.status is Status.UNCERTAIN
        late = lifecycle.settle(lapsed.state, 1, Accepted(), NOW + 31_000, BLIND)
        assert late is not None
        assert late.state.status is Status.SUBMITTED

    def test_the_same_outcome_twice_is_once(self) -> None:
        state = taken(queued())
        for outcome in (Accepted(), ABOUT_MESSAGE, NotSent(), Duplicate()):
            once = settle(state, outcome)
            again = lifecycle.settle(once, state.fence, outcome, NOW, DEDUPLICATED)
            assert again is None or again.state.phase is once.phase

    def test_a_message_that_kills_its_process_is_parked(self) -> None:
        state = queued()
        now = NOW
        for _ in range(10):
            if state.phase is not Phase.QUEUED:
                break
            now += 60_000
            lapsed = lifecycle.wake(taken(state, now), now + 25_000, DEDUPLICATED)
            assert isinstance(lapsed, Change)
            state = lapsed.state
            if state.phase is Phase.WAITING:
                state = msgspec.structs.replace(state, phase=Phase.QUEUED)
        assert state.phase is Phase.ASKING
        assert state.stalls == lifecycle.MAX_STALLS + 1

    def test_what_was_given_back_never_left(self) -> None:
        change = lifecycle.give_back(taken(queued()), 1, NOW)
        assert change is not None
        assert (change.state.phase, change.state.open, change.state.stalls) == (Phase.QUEUED, "", 0)
        assert lifecycle.cancel(change.state, NOW) is not None


class TestReceipts:
    def receive(self, state: State, receipt: Receipt, generation: int = 1) -> State | None:
        change = lifecycle.receipt(state, generation, receipt, NOW, DEDUPLICATED)
        return change.state if change else None

    @pytest.mark.parametrize("status", [status for status in Status if status is not Status.DELIVERED])
    def test_delivered_lifts_everything_and_nothing_lifts_delivered(self, status: Status) -> None:
        state = self.receive(queued(status=status, phase=Phase.RESTING), word("delivered"))
        assert state is not None
        assert (state.status, state.phase) == (Status.DELIVERED, Phase.DONE)
        for outcome in ("undelivered", None, "delivered"):
            after = self.receive(state, word(outcome, f"other-{outcome}"))
            assert after is not None
            assert after.status is Status.DELIVERED
            assert after.steps == state.steps + 1, "a contradiction is an entry on the timeline"

    def test_a_repeat_changes_nothing(self) -> None:
        state = self.receive(queued(status=Status.SUBMITTED, phase=Phase.RESTING), word("undelivered"))
        assert state is not None
        assert self.receive(state, word("undelivered")) is None

    @pytest.mark.parametrize("status", [Status.FAILED, Status.EXPIRED, Status.CANCELED])
    def test_undelivered_does_not_reopen_what_ended(self, status: Status) -> None:
        state = self.receive(queued(status=status, phase=Phase.DONE, final_at=NOW), word("undelivered"))
        assert state is not None
        assert (state.status, state.phase) == (status, Phase.DONE)

    def test_undelivered_under_an_older_reference_says_nothing_of_the_new_one(self) -> None:
        state = self.receive(queued(generation=2, provider="spare"), word("undelivered"), generation=1)
        assert state is not None
        assert (state.status, state.phase) == (Status.QUEUED, Phase.QUEUED)

    def test_a_receipt_that_overtakes_the_answer_counts(self) -> None:
        held = taken(queued())
        state = self.receive(held, word("undelivered", reason=Reason.HANDSET_UNREACHABLE, provider_code="51824"))
        assert state is not None
        assert (state.status, state.owner, state.open) == (Status.UNDELIVERED, "", "")
        assert state.reason == "handset_unreachable"
        after = lifecycle.settle(state, held.fence, Accepted(), NOW, DEDUPLICATED)
        assert after is None or after.state.status is Status.UNDELIVERED

    def test_a_word_without_outcome_proves_arrival_and_no_more(self) -> None:
        uncertain = queued(status=Status.UNCERTAIN, phase=Phase.ASKING, open="1 ")
        lifted = self.receive(uncertain, word(None))
        assert lifted is not None
        assert (lifted.status, lifted.open) == (Status.SUBMITTED, "")
        same = self.receive(queued(status=Status.SUBMITTED, phase=Phase.RESTING), word(None))
        assert same is not None
        assert same.status is Status.SUBMITTED


class TestAgenda:
    def test_a_reservation_is_queued_when_due_and_not_before(self) -> None:
        state = queued(status=Status.SCHEDULED, phase=Phase.WAITING, due=NOW + HOUR, send_at=NOW + HOUR)
        assert lifecycle.wake(state, NOW + HOUR - 1, DEDUPLICATED) is None
        verdict = lifecycle.wake(state, NOW + HOUR, DEDUPLICATED)
        assert isinstance(verdict, Change)
        assert (verdict.state.status, verdict.state.phase) == (Status.QUEUED, Phase.QUEUED)

    def test_what_waited_too_long_expires(self) -> None:
        verdict = lifecycle.wake(queued(), NOW + 24 * HOUR, DEDUPLICATED)
        assert isinstance(verdict, Change)
        assert (verdict.state.status, verdict.state.reason) == (Status.EXPIRED, "expired")

    def test_without_news_a_message_is_final_as_it_is(self) -> None:
        submitted = settle(taken(queued()), Accepted())
        now, asked = submitted.due, 0
        while (verdict := lifecycle.wake(submitted, now, DEDUPLICATED)) == "ask":
            change = lifecycle.found(submitted, Known(), now, DEDUPLICATED)
            assert change is not None
            submitted, asked = change.state, asked + 1
            now = submitted.due
        assert now == NOW + 72 * HOUR
        assert 5 < asked < 30, "ever less often"
        assert isinstance(verdict, Change)
        assert (verdict.state.status, verdict.state.reason) == (Status.SUBMITTED, "no_answer")
        assert verdict.state.final_at

    def test_an_unanswered_question_is_asked_again(self) -> None:
        asking = settle(taken(queued()), Duplicate())
        assert lifecycle.wake(asking, NOW, DEDUPLICATED) == "ask"
        change = lifecycle.found(asking, Unanswered(), NOW, DEDUPLICATED)
        assert change is not None
        assert change.state.due == NOW + 2000


ALLOWED = {
    (Status.SCHEDULED, Status.QUEUED),
    (Status.SCHEDULED, Status.SUBMITTING),
    (Status.QUEUED, Status.SUBMITTING),
    *((status, Status.DELIVERED) for status in Status),
    *(
        (Status.SUBMITTING, end)
        for end in (Status.SUBMITTED, Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.CANCELED)
    ),
    (Status.SUBMITTING, Status.UNCERTAIN),
    *((Status.UNCERTAIN, end) for end in (Status.SUBMITTED, Status.UNDELIVERED, Status.FAILED)),
    (Status.SUBMITTED, Status.UNDELIVERED),
    *(
        (waiting, end)
        for waiting in (Status.SCHEDULED, Status.QUEUED)
        for end in (Status.EXPIRED, Status.CANCELED, Status.UNDELIVERED)
    ),
}
OUTCOMES = [Accepted(), ABOUT_MESSAGE, ABOUT_US, Duplicate(), Busy(), LOST, NotSent()]
FACTS = st.one_of(
    st.tuples(st.just("settle"), st.integers(1, 6), st.sampled_from(OUTCOMES)),
    st.tuples(st.just("receipt"), st.integers(1, 4), st.sampled_from(["delivered", "undelivered", None])),
    st.tuples(st.just("found"), st.just(0), st.sampled_from([Known(), Unknown(), Unanswered()])),
    st.tuples(st.sampled_from(["take", "wake", "cancel", "give back"]), st.just(0), st.none()),
)


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, 30 * HOUR), FACTS), max_size=25),
    st.sampled_from([DEDUPLICATED, WITH_NEXT, BLIND, DEAF, msgspec.structs.replace(BLIND, resend_blind=True)]),
    st.booleans(),
)
def test_whatever_happens_the_promises_hold(history: list[tuple[int, tuple]], policy: Policy, later: bool) -> None:
    state = queued(status=Status.SCHEDULED, phase=Phase.WAITING, due=NOW + HOUR) if later else queued()
    now = NOW
    for number, (pause, (verb, which, fact)) in enumerate(history):
        now += pause
        before = state
        change: Change | str | None = None
        if verb == "take" and state.phase is Phase.QUEUED and state.expires_at > now:
            state = taken(state, now)
        elif verb == "settle":
            change = lifecycle.settle(state, which, fact, now, policy)
        elif verb == "receipt":
            change = lifecycle.receipt(state, which, word(fact, str(number)), now, policy)
        elif verb == "found":
            change = lifecycle.found(state, fact, now, policy)
        elif verb == "wake":
            change = lifecycle.wake(state, now, policy)
        elif verb == "cancel":
            change = lifecycle.cancel(state, now)
        elif verb == "give back":
            change = lifecycle.give_back(state, state.fence, now)
        if isinstance(change, Change):
            state = change.state
        assert before.status == state.status or (before.status, state.status) in ALLOWED
        if before.status is Status.DELIVERED:
            assert state.status is Status.DELIVERED
        if state.status in (Status.FAILED, Status.EXPIRED, Status.CANCELED):
            assert state.open == "", "an end is declared only when every try is accounted for"
        if state.generation != before.generation and not policy.resend_blind:
            assert state.open == ""
        if state.provider != before.provider:
            assert state.open == ""
        if (state.phase is Phase.HELD) != (state.owner != ""):
            raise AssertionError("held means held by somebody")
        if state.phase is Phase.DONE:
            assert state.final_at
            assert state.due == 0
        else:
            assert state.due > 0, "what is not final is always on the agenda"
        if before.phase is Phase.DONE:
            assert state.phase is Phase.DONE, "what ended is never queued again"
