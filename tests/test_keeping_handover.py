"""The rules of giving a vendor a reservation to keep, without any I/O: every fact that a handover may meet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.model import lifecycle
from gateway.model.lifecycle import Change
from gateway.model.message import Phase, State, Status
from gateway.model.outcome import (
    Accepted,
    Busy,
    Divided,
    Duplicate,
    Guarantee,
    Kept,
    Known,
    NotSent,
    Refused,
    SendOutcome,
    Unanswered,
    Unknown,
)
from gateway.model.policy import NOBODY, Policy
from gateway.model.reasons import Reason
from tests.test_lifecycle import ABOUT_MESSAGE, ABOUT_US, BLIND, DEAF, DEDUPLICATED, HOUR, LOST, NOW

each = pytest.mark.parametrize
replace = msgspec.structs.replace

AT, UNTIL = NOW + 10 * HOUR, NOW + 9 * HOUR
"""When it is to be sent; until when the vendor may be given it."""
EXPIRES = AT + 24 * HOUR
CHECKABLE = replace(DEDUPLICATED, checkable=True)
QUERYABLE = replace(CHECKABLE, guarantee=Guarantee.QUERYABLE)
SITE = DEAF
"""Blind, reports nothing, cannot be asked."""
ONWARD: dict[str, Any] = {"onward": "spare", "onward_serves": True}
RISKING = replace(SITE, resend_blind=True)

NOT_THEN = Refused(Reason.PROVIDER_ERROR, "schedule", "120", "it does not keep it")
ITS_FAULT = Refused(Reason.PROVIDER_ERROR, "vendor", "500")


def handed(**fields: object) -> State:
    """A reservation in its provider's queue, for the vendor to keep."""
    base = State(
        status=Status.SCHEDULED,
        phase=Phase.QUEUED,
        provider="main",
        client="shop",
        due=UNTIL,
        send_at=AT,
        handover=UNTIL,
        expires_at=EXPIRES,
        created_at=NOW,
        updated_at=NOW,
        steps=1,
    )
    return replace(base, **fields)


def taken(state: State | None = None, now: int = NOW) -> State:
    """What the store's `take` script makes of it."""
    state = handed() if state is None else state
    assert state.phase is Phase.QUEUED
    fence = state.fence + 1
    return replace(
        state,
        phase=Phase.HELD,
        owner="d",
        fence=fence,
        open=f"{state.open}{fence} ",
        stalls=state.stalls + 1,
        due=now + 25_000,
        updated_at=now,
        steps=state.steps + 1,
    )


def changed(verdict: lifecycle.Verdict) -> State:
    assert isinstance(verdict, Change)
    return verdict.state


def settle(outcome: SendOutcome, policy: Policy = CHECKABLE, now: int = NOW, **fields: object) -> State:
    """The outcome of the first try, of a message with these fields."""
    held = replace(taken(), **fields)
    return changed(lifecycle.settle(held, held.fence, outcome, now, policy))


def kept(**fields: object) -> State:
    """One that the vendor took to keep."""
    return replace(settle(Accepted("0")), **fields)


def is_kept_here(state: State, **fields: object) -> bool:
    """The gateway keeps it: as one that no vendor was ever to keep."""
    wanted = {"status": Status.SCHEDULED, "phase": Phase.WAITING, "handover": 0, "open": "", "owner": "", "due": AT}
    assert {name: getattr(state, name) for name in wanted | fields} == wanted | fields
    assert state.deadline == EXPIRES
    return True


def test_until_when_it_is_handed_over() -> None:
    assert (handed().deadline, handed(handover=0).deadline) == (UNTIL, EXPIRES)
    assert handed(expires_at=UNTIL - 1).deadline == UNTIL - 1


# Taken


@each("policy", [CHECKABLE, QUERYABLE, BLIND, SITE, NOBODY])
@each("now", [NOW, UNTIL + 1, AT - 1])
def test_before_its_time_what_the_vendor_took_is_kept(policy: Policy, now: int) -> None:
    state = settle(Accepted("0"), policy, now)
    assert (state.status, state.phase, state.due, state.handover) == (Status.SCHEDULED, Phase.RESTING, AT, UNTIL)
    assert (state.open, state.owner, state.stalls, state.attempts, state.final_at) == ("", "", 0, 0, 0)
    assert (state.answered_at, state.reserved) == (now, True)


@each("now", [AT, AT + HOUR])
def test_heard_of_after_its_time_it_is_asked_about_where_that_can_be(now: int) -> None:
    state = settle(Accepted("0"), CHECKABLE, now)
    assert (state.status, state.phase, state.due, state.open) == (Status.SCHEDULED, Phase.RESTING, now, "")
    assert lifecycle.wake(state, now, CHECKABLE) == "ask"


@each("policy", [BLIND, NOBODY, replace(QUERYABLE, checkable=False)])
@each("now", [AT, AT + HOUR])
def test_from_its_time_on_what_the_vendor_took_is_submitted(policy: Policy, now: int) -> None:
    state = settle(Accepted("0"), policy, now)
    assert (state.status, state.phase, state.open, state.reserved) == (Status.SUBMITTED, Phase.RESTING, "", False)


def test_of_a_vendor_that_never_reports_it_is_final_from_its_time_on() -> None:
    state = settle(Accepted(), SITE, AT)
    assert (state.status, state.phase, state.final_at) == (Status.SUBMITTED, Phase.DONE, AT)


@each("phase", [Phase.HELD, Phase.WAITING, Phase.QUEUED, Phase.ASKING])
@each("status", [Status.SCHEDULED, Status.UNCERTAIN])
def test_an_acceptance_counts_whoever_brings_it_however_late(phase: Phase, status: Status) -> None:
    state = handed(phase=phase, status=status, fence=2, open="1 2 ", due=NOW + 1)
    change = lifecycle.settle(state, 1, Accepted("0"), NOW, CHECKABLE)
    assert (changed(change).status, changed(change).phase, changed(change).open) == ("scheduled", Phase.RESTING, "")


def test_an_acceptance_told_again_changes_nothing() -> None:
    assert lifecycle.settle(kept(), 1, Accepted("0"), NOW + 1, CHECKABLE) is None


# Not taken


@each(("outcome", "generation"), [(NotSent("refused"), 1), (Busy("503"), 2)])
@each("policy", [CHECKABLE, SITE, replace(CHECKABLE, **ONWARD), replace(SITE, **ONWARD)])
def test_what_was_not_taken_is_tried_again_at_its_vendor(outcome: Any, generation: int, policy: Policy) -> None:
    """Also where another one serves: there is time."""
    state = settle(outcome, policy)
    assert (state.status, state.phase, state.provider) == (Status.SCHEDULED, Phase.WAITING, "main")
    assert (state.open, state.generation, state.due, state.handover) == ("", generation, NOW + 1000, UNTIL)
    again = changed(lifecycle.wake(state, state.due, policy))
    assert (again.status, again.phase, again.due) == (Status.SCHEDULED, Phase.QUEUED, UNTIL)


@each("outcome", [NotSent("refused"), Busy("503")])
def test_the_last_pause_ends_in_time_and_then_the_gateway_keeps_it(outcome: Any) -> None:
    state = settle(outcome, now=UNTIL - 10)
    assert state.due == UNTIL
    assert is_kept_here(changed(lifecycle.wake(state, UNTIL, CHECKABLE)))
    late = settle(outcome, now=UNTIL + 5000)
    assert is_kept_here(changed(lifecycle.wake(late, late.due, CHECKABLE)))


@each("outcome", [NotSent("refused"), Busy("503")])
def test_while_an_earlier_try_is_open_the_reference_stays(outcome: Any) -> None:
    state = settle(outcome, replace(CHECKABLE, **ONWARD), fence=2, open="1 2 ")
    assert (state.generation, state.open, state.provider, state.handover) == (1, "1 ", "main", UNTIL)


# Refused


@each("policy", [CHECKABLE, SITE, replace(CHECKABLE, **ONWARD)])
def test_a_time_that_is_refused_is_waited_for_here(policy: Policy) -> None:
    state = settle(NOT_THEN, policy)
    assert is_kept_here(state, provider="main", generation=2, refused="", attempts=0)


@each("refusal", [ABOUT_US, ITS_FAULT])
def test_a_refusal_leaves_it_to_the_next_provider_at_its_time(refusal: Refused) -> None:
    held = taken()
    change = lifecycle.settle(held, 1, refusal, NOW, replace(CHECKABLE, **ONWARD))
    assert is_kept_here(changed(change), provider="spare", generation=2, refused="main ")
    assert change is not None
    assert change.step is not None
    assert (change.step.provider, change.step.provider_code) == ("main", refusal.provider_code)


@each(
    ("refusal", "policy"),
    [
        (ABOUT_US, CHECKABLE),
        (ITS_FAULT, SITE),
        (ABOUT_MESSAGE, CHECKABLE),
        (ABOUT_MESSAGE, replace(CHECKABLE, **ONWARD)),
    ],
)
def test_a_refusal_ends_it_where_nobody_else_may_carry_it(refusal: Refused, policy: Policy) -> None:
    state = settle(refusal, policy)
    assert (state.status, state.phase, state.reason) == (Status.FAILED, Phase.DONE, refusal.reason)
    assert (state.reserved, state.open) == (False, "")


@each("refusal", [NOT_THEN, ABOUT_US, ITS_FAULT, ABOUT_MESSAGE, Divided(50, "10")])
@each("policy", [CHECKABLE, QUERYABLE, BLIND, SITE])
def test_while_an_earlier_try_is_open_no_refusal_decides(refusal: Any, policy: Policy) -> None:
    state = settle(refusal, replace(policy, **ONWARD), fence=2, open="1 2 ")
    assert (state.open, state.generation, state.provider, state.handover) == ("1 ", 1, "main", UNTIL)
    if policy.queryable:
        assert (state.status, state.phase) == (Status.SCHEDULED, Phase.ASKING)
    else:
        assert state.status is Status.UNCERTAIN


@each(("refusal", "phase"), [(NOT_THEN, Phase.WAITING), (ABOUT_US, Phase.WAITING), (ABOUT_MESSAGE, Phase.DONE)])
@each("where", [Phase.WAITING, Phase.QUEUED, Phase.ASKING])
def test_the_last_open_try_was_refused_and_nobody_holds_it(refusal: Refused, phase: Phase, where: Phase) -> None:
    state = handed(phase=where, fence=1, open="1 ")
    after = changed(lifecycle.settle(state, 1, refusal, NOW, replace(CHECKABLE, **ONWARD)))
    assert (after.phase, after.open) == (phase, "")
    assert (after.handover == 0) == (phase is Phase.WAITING), "no vendor is to keep it any more"


@each("outcome", [NotSent("refused"), Busy("503"), Divided(50, "10")])
@each("where", [Phase.WAITING, Phase.QUEUED, Phase.ASKING])
def test_the_last_open_try_was_not_taken_and_nobody_holds_it(outcome: Any, where: Phase) -> None:
    after = changed(lifecycle.settle(handed(phase=where, fence=1, open="1 "), 1, outcome, NOW, CHECKABLE))
    assert (after.status, after.phase, after.open, after.handover) == (Status.SCHEDULED, Phase.WAITING, "", UNTIL)


def test_it_was_refused_in_company_and_goes_with_fewer() -> None:
    state = settle(Divided(50, "10"), SITE)
    assert (state.status, state.phase, state.due) == (Status.SCHEDULED, Phase.QUEUED, UNTIL)
    assert (state.party, state.generation, state.open, state.handover) == (50, 2, "", UNTIL)


# The vendor has the reference already, or the answer is lost


def test_a_reference_that_is_there_already_is_asked_about() -> None:
    state = settle(Duplicate("400"))
    assert (state.status, state.phase, state.due, state.open) == (Status.SCHEDULED, Phase.ASKING, NOW, "1 ")
    assert state.reserved


@each(
    ("finding", "now", "status"),
    [
        (Kept(), NOW + 1, Status.SCHEDULED),
        (Known(), NOW + 1, Status.SUBMITTED),
        (Known(), AT + 1, Status.SUBMITTED),
    ],
)
@each("before", [Status.SCHEDULED, Status.UNCERTAIN])
def test_what_is_asked_about_is_settled_by_the_vendors_word(
    finding: Any, now: int, status: Status, before: Status
) -> None:
    asking = handed(phase=Phase.ASKING, status=before, open="1 ", fence=1, asked_since=NOW, due=NOW)
    state = changed(lifecycle.found(asking, finding, now, CHECKABLE))
    assert (state.status, state.phase, state.open) == (status, Phase.RESTING, "")


@each("finding", [Unknown(), Unanswered()])
def test_what_the_vendor_does_not_list_is_uncertain_and_not_resent(finding: Any) -> None:
    asking = handed(phase=Phase.ASKING, open="1 ", fence=1, asked_since=NOW, due=NOW)
    soon = changed(lifecycle.found(asking, finding, NOW + 1000, CHECKABLE))
    assert (soon.status, soon.phase, soon.open) == (Status.SCHEDULED, Phase.ASKING, "1 ")
    later = changed(lifecycle.found(asking, finding, NOW + CHECKABLE.settle_after, CHECKABLE))
    assert later.status is (Status.UNCERTAIN if isinstance(finding, Unknown) else Status.SCHEDULED)
    assert (later.phase, later.open, later.reserved) == (Phase.ASKING, "1 ", True)


def test_a_lost_answer_is_asked_for_again_under_the_same_reference() -> None:
    state = settle(LOST, replace(CHECKABLE, **ONWARD))
    assert (state.status, state.phase, state.generation, state.open) == ("scheduled", Phase.WAITING, 1, "1 ")
    again = changed(lifecycle.wake(state, state.due, CHECKABLE))
    assert (again.status, again.phase, again.provider) == (Status.SCHEDULED, Phase.QUEUED, "main")


@each("now", [UNTIL, AT + 1])
def test_past_the_deadline_a_lost_answer_is_only_asked_about(now: int) -> None:
    assert settle(LOST, QUERYABLE, now).phase is Phase.ASKING
    waiting = handed(phase=Phase.WAITING, open="1 ", fence=1, due=now)
    assert changed(lifecycle.wake(waiting, now, QUERYABLE)).phase is Phase.ASKING


def test_where_a_second_one_is_refused_it_is_sent_at_its_time_under_the_same_reference() -> None:
    """Not handed over again: the vendor would have to be given another time."""
    state = settle(LOST, CHECKABLE, UNTIL)
    waits = changed(lifecycle.wake(state, UNTIL, CHECKABLE))
    assert (waits.status, waits.phase, waits.due, waits.open) == (Status.SCHEDULED, Phase.WAITING, AT, state.open)
    sent = changed(lifecycle.wake(waits, AT, CHECKABLE))
    assert (sent.status, sent.phase, sent.handover, sent.due) == (Status.QUEUED, Phase.QUEUED, 0, sent.expires_at)
    assert (sent.generation, sent.open) == (state.generation, state.open)
    assert lifecycle.cancel(sent, AT) is None, "it may be there"
    late = changed(lifecycle.settle(sent, int(state.open), Accepted(), AT, CHECKABLE))
    assert (late.status, late.open) == (Status.SUBMITTED, "")


def test_a_lost_answer_of_a_vendor_that_can_be_asked_is_asked_about() -> None:
    state = settle(LOST, QUERYABLE)
    assert (state.status, state.phase, state.open) == (Status.SCHEDULED, Phase.ASKING, "1 ")


@each("policy", [SITE, BLIND])
def test_a_lost_answer_of_a_blind_vendor_is_uncertain(policy: Policy) -> None:
    state = settle(LOST, replace(policy, **ONWARD))
    assert (state.status, state.open, state.provider, state.generation) == (Status.UNCERTAIN, "1 ", "main", 1)
    assert (state.final_at > 0) == (policy is SITE), "of this one no news can come"
    assert state.reserved == (policy is BLIND)


def test_with_the_callers_leave_a_blind_vendor_gets_two_more_tries() -> None:
    state, now, generations = handed(), NOW, []
    while state.status is Status.SCHEDULED:
        held = taken(state, now)
        state = changed(lifecycle.settle(held, held.fence, LOST, now, RISKING))
        generations.append(state.generation)
        if state.phase is Phase.WAITING:
            now = state.due
            state = changed(lifecycle.wake(state, now, RISKING))
    assert (generations, state.open) == ([2, 3, 3], "1 2 3 ")
    assert state.status is Status.UNCERTAIN


@each("now", [UNTIL, AT])
def test_past_the_deadline_no_leave_helps(now: int) -> None:
    state = settle(LOST, RISKING, now)
    assert (state.status, state.generation) == (Status.UNCERTAIN, 1)


# Nothing came of it


def test_a_take_that_was_not_acted_on_is_given_back() -> None:
    state = changed(lifecycle.give_back(taken(), 1, NOW))
    assert (state.status, state.phase, state.open, state.due) == (Status.SCHEDULED, Phase.QUEUED, "", UNTIL)


def test_only_a_provider_that_is_gone_is_passed_over() -> None:
    serving = replace(CHECKABLE, **ONWARD)
    assert lifecycle.pass_over(handed(), NOW, serving, "other") is None
    gone = changed(lifecycle.pass_over(handed(), NOW, replace(NOBODY, **ONWARD), "other"))
    assert is_kept_here(gone, provider="main")
    waits = changed(lifecycle.pass_over(handed(open="1 "), NOW, replace(NOBODY, **ONWARD), "other"))
    assert (waits.provider, waits.handover, waits.open) == ("main", UNTIL, "1 "), "it may be there"


@each(
    ("phase", "open_", "now", "wanted"),
    [
        (Phase.QUEUED, "", UNTIL - 1, None),
        (Phase.QUEUED, "", UNTIL, "here"),
        (Phase.QUEUED, "", AT + HOUR, "here"),
        (Phase.QUEUED, "", EXPIRES, Status.EXPIRED),
        (Phase.QUEUED, "1 ", UNTIL, Phase.WAITING),
        (Phase.QUEUED, "1 ", AT + HOUR, Phase.WAITING),
        (Phase.QUEUED, "1 ", EXPIRES, Phase.ASKING),
        (Phase.WAITING, "", UNTIL, "here"),
        (Phase.WAITING, "", EXPIRES, Status.EXPIRED),
        (Phase.WAITING, "1 ", EXPIRES, Phase.ASKING),
    ],
)
def test_what_becomes_of_it_when_it_comes_to_nothing(phase: Phase, open_: str, now: int, wanted: Any) -> None:
    state = handed(phase=phase, open=open_, fence=1 if open_ else 0)
    verdict = lifecycle.wake(state, now, CHECKABLE)
    if wanted is None:
        assert verdict is None
    elif wanted == "here":
        assert is_kept_here(changed(verdict))
    else:
        assert wanted in (changed(verdict).status, changed(verdict).phase)
