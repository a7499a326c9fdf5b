"""Any history of a reservation that a vendor is to keep: what holds whatever happens, without any I/O."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import keeping, lifecycle
from gateway.model.keeping import FRESH_MS
from gateway.model.lifecycle import FORGOTTEN, Change
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
    Unanswered,
    Unknown,
)
from gateway.model.policy import NOBODY, Policy
from tests.test_keeping_handover import (
    CHECKABLE,
    ITS_FAULT,
    NOT_THEN,
    ONWARD,
    QUERYABLE,
    SITE,
    handed,
    taken,
)
from tests.test_lifecycle import ABOUT_MESSAGE, ABOUT_US, BLIND, HOUR, LOST, NOW, word

replace = msgspec.structs.replace

OUTCOMES: tuple[Any, ...] = (
    *(Accepted("0"), NotSent("refused"), Busy("503"), Duplicate("400"), LOST, Divided(3, "10")),
    *(NOT_THEN, ITS_FAULT, ABOUT_US, ABOUT_MESSAGE),
)
ACCOUNTED = (NotSent, Busy, Divided, Refused)
FINDINGS = (Kept(), Known(), Unknown(), Unanswered())
POLICIES = tuple(
    replace(policy, **more) for policy in (CHECKABLE, QUERYABLE, BLIND, SITE, NOBODY) for more in ({}, ONWARD)
)
RISK = tuple(replace(policy, resend_blind=True) for policy in POLICIES)
LASTING = {Status.CANCELED: {Status.CANCELED, Status.DELIVERED}, Status.DELIVERED: {Status.DELIVERED}}
Fact = st.one_of(
    st.tuples(st.sampled_from(["take", "take", "wake", "wake", "back", "over", "doubt", "change", "cancel", "drop"])),
    st.tuples(st.just("settle"), st.sampled_from(OUTCOMES), st.sampled_from([0, 0, 0, 1])),
    st.tuples(st.just("find"), st.sampled_from(FINDINGS)),
    st.tuples(st.just("receipt"), st.sampled_from(["delivered", "undelivered", None, None]), st.integers()),
    st.tuples(st.just("wait"), st.sampled_from([1, 1000, FRESH_MS, HOUR, 9 * HOUR, 24 * HOUR])),
)


def follow(state: State, fact: tuple[Any, ...], now: int, policy: Policy) -> State:
    """What follows from a fact, as recorder, agenda and store have it."""
    what, *more = fact
    verdict: lifecycle.Verdict = None
    if what == "wait":
        return state
    if what == "adopt":
        safe = state.final_at or (state.fence == 0 and state.send_at > now and not state.handover)
        due = now if state.phase is Phase.QUEUED else state.due
        return state if safe else replace(state, open=f"{FORGOTTEN} {state.open}", due=due)
    if what == "take":
        ready = state.phase is Phase.QUEUED and now < state.deadline and state.due >= state.deadline
        held = taken(state, now) if ready else state
        return held if state.handover or not ready else replace(held, status=Status.SUBMITTING)
    if what == "settle":
        verdict = lifecycle.settle(state, state.fence - more[1], more[0], now, policy) if state.fence else None
    elif what == "find":
        asked = state.phase in (Phase.ASKING, Phase.RESTING) and (policy.queryable or policy.checkable)
        verdict = lifecycle.found(state, more[0], now, policy) if asked else None
    elif what == "receipt":
        heard = word(more[0], identity=str(more[1]))
        verdict = lifecycle.receipt(state, state.generation, heard, now, policy) if state.fence else None
    elif what == "change":
        verdict = keeping.changed(state, now, "text") if keeping.changeable(state) else None
    else:
        rules = {
            "wake": lambda: lifecycle.wake(state, now, policy),
            "back": lambda: lifecycle.give_back(state, state.fence, now),
            "over": lambda: lifecycle.pass_over(state, now, policy, "other"),
            "doubt": lambda: keeping.doubted(state, now),
            "cancel": lambda: lifecycle.cancel(state, now),
            "drop": lambda: keeping.withdrawn(state, now),
        }
        verdict = rules[what]()
    return verdict.state if isinstance(verdict, Change) else state


def check(state: State, adopted: bool) -> None:
    if state.status is Status.SCHEDULED and not state.handover and not adopted:
        assert (state.phase, state.open) == (Phase.WAITING, "")
    if state.final_at or state.status in (Status.SUBMITTED, Status.DELIVERED, Status.UNDELIVERED, Status.CANCELED):
        assert not state.reserved
    if state.handover:
        assert state.status not in (Status.QUEUED, Status.SUBMITTING), "it is told as scheduled until its time"
    assert (state.phase is Phase.HELD) == bool(state.owner)
    assert (state.phase is Phase.DONE) == (state.due == 0)
    assert state.phase is not Phase.DONE or state.final_at


@settings(max_examples=1500, deadline=None)
@given(st.lists(Fact, max_size=40), st.booleans(), st.integers(0, len(POLICIES) - 1), st.integers(0, 60))
def test_whatever_happens(facts: list[tuple[Any, ...]], risk: bool, chosen: int, adopted_at: int) -> None:
    policy = (RISK if risk else POLICIES)[chosen]
    state, now, doubtful, adopted = handed(), NOW, set[int](), False
    for fact in [*facts[:adopted_at], ("adopt",), *facts[adopted_at:]]:
        now += fact[1] if fact[0] == "wait" else 1
        old = state
        state = follow(old, fact, now, policy)
        adopted |= fact[0] == "adopt"
        check(state, adopted)
        if fact[0] == "adopt" and state is not old:
            doubtful.add(int(FORGOTTEN))
        elif fact[0] == "take" and state is not old:
            assert old.status not in LASTING
            doubtful.add(state.fence)
        elif fact[0] == "settle" and isinstance(fact[1], ACCOUNTED) and str(old.fence - fact[2]) in old.open.split():
            doubtful.discard(old.fence - fact[2])
        elif fact[0] == "back" and state is not old:
            doubtful.discard(old.fence)
        if state.status is Status.SCHEDULED and state.phase is Phase.RESTING:
            doubtful.clear()  # on the vendor's word
        plain = policy.guarantee is Guarantee.DEDUPLICATED and state.generation == old.generation  # refused if there
        leaves = (old.handover and not (state.handover or plain)) or state.provider != old.provider
        assert not (doubtful and leaves), "another would carry what this vendor may have"
        renewed = state.generation != old.generation
        assert not (renewed and doubtful) or risk, "under a new reference the vendor takes it twice"
        assert state.status in LASTING.get(old.status, {state.status})
