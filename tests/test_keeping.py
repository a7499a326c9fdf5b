"""The rules of reservations, without any I/O: kept by a vendor, kept by the gateway, and after an adoption."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.model import keeping, lifecycle
from gateway.model.keeping import FRESH_MS, OVERDUE_MS
from gateway.model.lifecycle import FORGOTTEN
from gateway.model.message import Phase, State, Status
from gateway.model.outcome import Accepted, Busy, Divided, Kept, Known, NotSent, Unanswered, Unknown
from gateway.model.policy import NOBODY, Policy
from tests.test_keeping_handover import (
    AT,
    CHECKABLE,
    EXPIRES,
    NOT_THEN,
    ONWARD,
    QUERYABLE,
    SITE,
    UNTIL,
    changed,
    each,
    handed,
    kept,
    settle,
    taken,
)
from tests.test_lifecycle import ABOUT_US, BLIND, HOUR, NOW, word

replace = msgspec.structs.replace
DAY = 24 * HOUR


def here(**fields: object) -> State:
    """One that the gateway keeps."""
    return handed(**{"phase": Phase.WAITING, "handover": 0, "due": AT, **fields})


def uncertain(**fields: object) -> State:
    return handed(
        **{"status": Status.UNCERTAIN, "phase": Phase.ASKING, "open": "1 ", "fence": 1, "asked_since": NOW, **fields}
    )


# Its time comes at the vendor


@each(("policy", "now", "asked"), [(CHECKABLE, AT - 1, False), (CHECKABLE, AT, True), (CHECKABLE, AT + DAY, True)])
def test_who_can_be_asked_is_asked_when_its_time_has_come(policy: Policy, now: int, asked: bool) -> None:
    assert lifecycle.wake(kept(), now, policy) == ("ask" if asked else None)


@each("policy", [SITE, BLIND, NOBODY, replace(QUERYABLE, checkable=False)])
def test_of_others_it_is_taken_for_sent_at_its_time(policy: Policy) -> None:
    assert lifecycle.wake(kept(), AT - 1, policy) is None
    state = changed(lifecycle.wake(kept(), AT, policy))
    assert (state.status, state.open, state.reserved) == (Status.SUBMITTED, "", False)
    assert (state.final_at == AT) == (policy is SITE)


def test_woken_too_early_it_waits_for_its_time() -> None:
    state = changed(lifecycle.wake(kept(due=AT - HOUR), AT - HOUR, SITE))
    assert (state.status, state.phase, state.due) == (Status.SCHEDULED, Phase.RESTING, AT)


@each(
    ("finding", "late", "status", "due"),
    [
        (Kept(), -HOUR, None, 0),
        (Known(), -HOUR, Status.SUBMITTED, None),
        (Unknown(), -HOUR, Status.CANCELED, None),
        (Unanswered(), -HOUR, None, 0),
        (Unknown(), -FRESH_MS - 1, Status.CANCELED, None),
        (Unknown(), -FRESH_MS, Status.SCHEDULED, 0),
        (Kept(), 0, Status.SCHEDULED, 1000),
        (Known(), 0, Status.SUBMITTED, None),
        (Unknown(), 0, Status.SCHEDULED, FRESH_MS),
        (Unanswered(), 0, Status.SCHEDULED, 1000),
        (Kept(), OVERDUE_MS - 1, Status.SCHEDULED, OVERDUE_MS - 1 + 1000),
        (Unknown(), OVERDUE_MS - 1, Status.SCHEDULED, OVERDUE_MS - 1 + FRESH_MS),
        (Kept(), OVERDUE_MS, Status.SCHEDULED, OVERDUE_MS + 1000),
        (Known(), DAY, Status.SUBMITTED, None),
        (Unknown(), OVERDUE_MS, Status.CANCELED, None),
        (Unknown(), DAY, Status.CANCELED, None),
        (Unanswered(), DAY, Status.SCHEDULED, DAY + 1000),
    ],
)
def test_what_the_vendor_says_of_what_it_keeps(finding: Any, late: int, status: Status | None, due: int | None) -> None:
    """`late`: ms since its time; `due`: when it is looked at again, counted from its time."""
    change = lifecycle.found(kept(), finding, AT + late, CHECKABLE)
    if status is None:
        assert change is None
        return
    state = changed(change)
    assert (state.status, state.open) == (status, "")
    if due is not None:
        assert (state.phase, state.due, state.handover) == (Phase.RESTING, AT + due, UNTIL)
    if status is Status.CANCELED:
        assert (state.reason, state.phase, state.final_at) == ("provider_error", Phase.DONE, AT + late)


def test_a_vendor_that_is_not_heard_at_its_time_is_asked_again_and_then_believed() -> None:
    state, now = kept(), AT
    for pause in (1000, 2000, 4000):
        state = changed(lifecycle.found(state, Unanswered(), now, CHECKABLE))
        assert (state.status, state.due - now) == (Status.SCHEDULED, pause)
        now = state.due
    assert changed(lifecycle.found(state, Unanswered(), now, CHECKABLE)).status is Status.SUBMITTED


def test_a_vendor_that_goes_on_keeping_it_is_asked_less_and_less_often() -> None:
    state, now, pauses = kept(), AT, []
    for _ in range(8):
        state = changed(lifecycle.found(state, Kept(), now, CHECKABLE))
        pauses.append(state.due - now)
        now = state.due
    assert pauses == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]


@each(("age", "canceled"), [(0, False), (FRESH_MS - 1, False), (FRESH_MS, True)])
def test_a_vendor_has_a_moment_to_find_what_it_took(age: int, canceled: bool) -> None:
    state = changed(lifecycle.found(kept(), Unknown(), NOW + age, CHECKABLE))
    assert (state.status is Status.CANCELED) == canceled
    assert canceled or (state.due, state.reserved) == (NOW + age + FRESH_MS, True)


@each(
    ("age", "ahead", "wait"),
    [
        (HOUR, HOUR, 0),
        (FRESH_MS, HOUR, 0),
        (500, HOUR, FRESH_MS - 500),
        (HOUR, FRESH_MS + 1, 0),
        (HOUR, FRESH_MS, FRESH_MS + OVERDUE_MS),
        (HOUR, 0, OVERDUE_MS),
        (0, 0, OVERDUE_MS),
        (HOUR, 1 - OVERDUE_MS, 1),
        (HOUR, -OVERDUE_MS, 0),
        (0, -OVERDUE_MS, FRESH_MS),
    ],
)
def test_when_a_vendors_not_knowing_it_is_proof(age: int, ahead: int, wait: int) -> None:
    assert keeping.provable(kept(answered_at=AT - ahead - age), AT - ahead) == wait


def test_and_no_longer_than_until_its_time() -> None:
    state = kept(answered_at=AT - 1000)
    assert changed(lifecycle.found(state, Unknown(), AT - 500, CHECKABLE)).due == AT


def test_what_was_doubted_is_asked_about_until_it_is_known() -> None:
    doubted = changed(keeping.doubted(kept(), NOW))
    assert (doubted.status, doubted.due) == (Status.SCHEDULED, NOW + FRESH_MS)
    assert lifecycle.wake(doubted, doubted.due, CHECKABLE) == "ask"
    unheard = changed(lifecycle.found(doubted, Unanswered(), doubted.due, CHECKABLE))
    assert (unheard.due, unheard.attempts) == (doubted.due + 1000, 1)
    again = changed(lifecycle.found(unheard, Kept(), unheard.due, CHECKABLE))
    assert (again.due, again.attempts) == (AT, 0)
    assert lifecycle.found(again, Kept(), unheard.due + 1, CHECKABLE) is None, "nothing new"
    assert changed(keeping.doubted(kept(), AT - 10)).due == AT


@each("state", [handed(), taken(), uncertain(), here(), kept(status=Status.SUBMITTED)])
def test_only_what_is_kept_there_is_doubted(state: State) -> None:
    assert keeping.doubted(state, NOW) is None


# In doubt


@each(("now", "due"), [(NOW + HOUR, AT), (AT, AT), (AT + HOUR, AT + HOUR)])
def test_what_was_uncertain_and_is_found_waits_on(now: int, due: int) -> None:
    state = changed(lifecycle.found(uncertain(), Kept(), now, CHECKABLE))
    assert (state.status, state.phase, state.open) == (Status.SCHEDULED, Phase.RESTING, "")
    assert (state.due, state.asked_since, state.answered_at) == (due, 0, now)


@each("policy", [CHECKABLE, QUERYABLE])
@each("finding", [Unknown(), Unanswered()])
def test_no_news_of_it_can_be_missed_before_its_time(policy: Policy, finding: Any) -> None:
    """80 days ahead it is in doubt for 80 days, and three more."""
    at = NOW + 80 * DAY
    state = uncertain(send_at=at, handover=at - HOUR, expires_at=at + DAY)
    for now in (NOW + 72 * HOUR, at - 1, at + policy.no_news_after - 1):
        asked = changed(lifecycle.found(state, finding, now, policy))
        assert (asked.status, asked.final_at, asked.reserved) == (Status.UNCERTAIN, 0, True)
    last = changed(lifecycle.found(state, finding, at + policy.no_news_after, policy))
    assert (last.status, last.final_at > 0, last.reserved) == (Status.UNCERTAIN, True, False)


def test_nor_of_one_that_cannot_be_asked_about() -> None:
    at = NOW + 80 * DAY
    state, now, looks = uncertain(phase=Phase.RESTING, send_at=at, due=NOW + 72 * HOUR), NOW, 0
    while not state.final_at:
        now, looks = state.due, looks + 1
        state = changed(lifecycle.wake(state, now, BLIND))
    assert now == at + BLIND.no_news_after
    assert looks < 10_000


def test_what_was_given_up_as_uncertain_is_not_reserved_again() -> None:
    final = uncertain(phase=Phase.DONE, final_at=NOW, due=0)
    assert not final.reserved
    for policy in (SITE, BLIND, CHECKABLE):
        state = changed(lifecycle.settle(final, 1, Accepted("0"), NOW + 1, policy))
        assert (state.status, state.phase, state.reserved) == (Status.SUBMITTED, Phase.DONE, False)


@each("finding", [Known(), Kept()])
def test_a_reservation_refused_here_and_kept_on_is_not_settled_by_questions(finding: Any) -> None:
    assert lifecycle.found(here(fence=1), finding, NOW, CHECKABLE) is None


# Receipts


@each("outcome", ["delivered", "undelivered", None])
@each("now", [NOW + 1, AT - 1, AT, AT + DAY])
def test_a_receipt_for_what_the_vendor_keeps(outcome: str | None, now: int) -> None:
    state = changed(lifecycle.receipt(kept(), 1, word(outcome), now, CHECKABLE))
    wanted = outcome or (Status.SUBMITTED if now >= AT else Status.SCHEDULED)
    assert (state.status, state.reserved) == (wanted, wanted is Status.SCHEDULED)
    assert (state.due == AT) == (wanted is Status.SCHEDULED), "its time is looked to until it is out"
    assert lifecycle.receipt(state, 1, word(outcome), now, CHECKABLE) is None


def test_a_receipt_of_an_earlier_try_says_nothing_of_this_one() -> None:
    state = changed(lifecycle.receipt(kept(generation=2), 1, word("undelivered"), AT, CHECKABLE))
    assert (state.status, state.due) == (Status.SCHEDULED, AT)


def test_what_was_canceled_and_delivered_all_the_same_is_delivered() -> None:
    gone = changed(keeping.withdrawn(kept(), NOW))
    assert changed(lifecycle.receipt(gone, 1, word("undelivered"), AT, CHECKABLE)).status is Status.CANCELED
    assert changed(lifecycle.receipt(gone, 1, word("delivered"), AT, CHECKABLE)).status is Status.DELIVERED


# Canceled and changed


def test_a_cancel_that_a_question_overtook_is_the_callers() -> None:
    """The vendor dropped it, and who asked about it meanwhile took it for lost."""
    lost = changed(lifecycle.found(kept(), Unknown(), NOW + HOUR, CHECKABLE))
    state = changed(keeping.withdrawn(lost, NOW + HOUR))
    assert (state.status, state.phase, state.reason, state.final_at) == ("canceled", Phase.DONE, "", NOW + HOUR)
    assert keeping.withdrawn(state, NOW + HOUR) is None


@each(
    ("state", "canceled", "withdrawn", "changeable"),
    [
        (here(), True, False, True),
        (here(status=Status.QUEUED, phase=Phase.QUEUED), True, False, False),
        (here(open=f"{FORGOTTEN} "), False, False, False),
        (handed(), True, True, False),
        (handed(phase=Phase.WAITING), True, True, False),
        (handed(phase=Phase.WAITING, open="1 "), False, True, False),
        (taken(), False, False, False),
        (handed(phase=Phase.ASKING, open="1 "), False, True, False),
        (kept(), False, True, False),
        (uncertain(), False, True, False),
        (kept(status=Status.SUBMITTED), False, True, False),
        (kept(status=Status.DELIVERED, phase=Phase.DONE, final_at=AT), False, False, False),
        (kept(status=Status.CANCELED, phase=Phase.DONE, final_at=AT), False, False, False),
        (kept(status=Status.FAILED, phase=Phase.DONE, final_at=AT), False, False, False),
    ],
)
def test_who_may_cancel_it_and_who_may_change_it(
    state: State, canceled: bool, withdrawn: bool, changeable: bool
) -> None:
    assert keeping.changeable(state) is changeable
    for change, may in ((lifecycle.cancel(state, NOW), canceled), (keeping.withdrawn(state, NOW), withdrawn)):
        assert (change is not None) is may
        if change:
            new = change.state
            assert (new.status, new.phase, new.open, new.due) == (Status.CANCELED, Phase.DONE, "", 0)
            assert (new.reserved, new.final_at) == (False, NOW)


def test_two_changes_within_a_millisecond_are_two() -> None:
    first = keeping.changed(here(), NOW, "text")
    second = keeping.changed(first.state, NOW, "sendAt", send_at=AT + 1, due=AT + 1)
    assert [first.state.updated_at, second.state.updated_at] == [NOW + 1, NOW + 2]
    assert (second.state.status, second.state.due) == (Status.SCHEDULED, AT + 1)
    assert second.step is not None
    assert second.step.detail == "changed: sendAt"


@each(("now", "status"), [(AT - 1, None), (AT, Status.QUEUED), (EXPIRES - 1, Status.QUEUED), (EXPIRES, Status.EXPIRED)])
def test_what_the_gateway_keeps_is_released_at_its_time(now: int, status: Status | None) -> None:
    verdict = lifecycle.wake(here(), now, replace(CHECKABLE, **ONWARD))
    assert (verdict is None) if status is None else changed(verdict).status is status


# After an adoption


@each("outcome", [NOT_THEN, ABOUT_US, NotSent("refused"), Busy("503"), Divided(2)])
@each("policy", [CHECKABLE, QUERYABLE, BLIND, SITE])
def test_what_was_forgotten_keeps_its_reference_its_provider_and_its_keeper(outcome: Any, policy: Policy) -> None:
    state = settle(outcome, replace(policy, **ONWARD), fence=1, open=f"{FORGOTTEN} 1 ")
    assert (state.generation, state.provider, state.handover, bool(state.open)) == (1, "main", UNTIL, True)


@each(("policy", "phase"), [(CHECKABLE, Phase.QUEUED), (QUERYABLE, Phase.ASKING), (SITE, Phase.DONE)])
def test_what_waited_may_be_there(policy: Policy, phase: Phase) -> None:
    state = handed(phase=Phase.WAITING, due=NOW, open=f"{FORGOTTEN} ")
    after = changed(lifecycle.wake(state, NOW, policy))
    assert (after.phase, after.generation, bool(after.open)) == (phase, 1, True)
    assert lifecycle.cancel(state, NOW) is None


def test_a_take_of_before_is_not_given_back() -> None:
    held = replace(taken(), open=f"{FORGOTTEN} 1 ")
    assert lifecycle.give_back(held, 1, NOW) is None
    assert changed(lifecycle.wake(held, held.due, QUERYABLE)).phase is Phase.ASKING
