"""What follows from what is learned about one firing of a rule: tables, and sequences at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.activating import event
from gateway.model import activation
from gateway.model.activation import WAITS_MS, Activation, ActivationStatus

each = pytest.mark.parametrize

NOW, DUE = 1_000_000, 1_012_000
STARTED, FAILED, UNCERTAIN = ActivationStatus
Rule = Callable[[Activation], Activation | None]


def at_first(**given: Any) -> Activation:
    fields: dict[str, Any] = {"client": "shop", "provider": "alarm", "rule": "fire", "due": DUE}
    return Activation(**{**fields, "created_at": NOW, "updated_at": NOW, **given})


def answered(state: Activation, at: int = NOW + 500) -> Activation | None:
    return activation.answered(state, at)


def refused(state: Activation, at: int = NOW + 500) -> Activation | None:
    return activation.refused(state, "authentication_failed", "401", at)


def lost(state: Activation, at: int = NOW + 10_000) -> Activation | None:
    return activation.lost(state, at)


def named(state: Activation, at: int = NOW + 20_000) -> Activation | None:
    return activation.named(state, "a1", at)


def after(*rules: Rule) -> Activation:
    state = at_first()
    for each_rule in rules:
        state = each_rule(state) or state
    return state


@each(
    ("rules", "status", "reason", "name", "final"),
    [
        ((), UNCERTAIN, "", "", 0),
        ((answered,), STARTED, "", "", NOW + 500),
        ((refused,), FAILED, "authentication_failed", "", NOW + 500),
        ((lost,), UNCERTAIN, "", "", 0),
        ((answered, named), STARTED, "", "a1", NOW + 500),
        ((named, answered), STARTED, "", "a1", NOW + 20_000),
        ((named, lost), STARTED, "", "a1", NOW + 20_000),
        ((named, refused), STARTED, "", "a1", NOW + 20_000),
        ((lost, named), STARTED, "", "a1", NOW + 20_000),
        ((refused, named), STARTED, "", "a1", NOW + 500),
        ((lost, answered), STARTED, "", "", NOW + 500),
        ((lost, refused), FAILED, "authentication_failed", "", NOW + 500),
        ((refused, answered), FAILED, "authentication_failed", "", NOW + 500),
        ((refused, lost), FAILED, "authentication_failed", "", NOW + 500),
        ((refused, refused), FAILED, "authentication_failed", "", NOW + 500),
    ],
)
def test_what_becomes_of_it(
    rules: tuple[Rule, ...], status: ActivationStatus, reason: str, name: str, final: int
) -> None:
    state = after(*rules)
    assert (state.status, state.reason, state.activation_id, state.final_at) == (status, reason, name, final)
    assert bool(state.provider_code) is bool(reason)
    assert state.settled is bool(rules)
    assert (state.due == 0) is (final > 0)


@each("repeated", [answered, refused, lost, named])
def test_the_same_word_again_is_no_news(repeated: Rule) -> None:
    once = after(repeated)
    assert (repeated(once) or once) == once


def test_a_name_is_given_once() -> None:
    assert activation.named(after(named), "a2", NOW + 30_000) is None


def test_a_lost_answer_waits_for_the_vendors_word_and_no_longer() -> None:
    state = after(lost)
    assert state.due == NOW + WAITS_MS
    assert activation.timed(state, NOW + WAITS_MS - 1) is None
    over = activation.timed(state, NOW + WAITS_MS)
    assert over
    assert (over.status, over.final_at, over.due) == (UNCERTAIN, NOW + WAITS_MS, 0)
    assert activation.timed(over, NOW + 2 * WAITS_MS) is None


@each("at", [DUE, NOW + WAITS_MS, NOW + 10 * WAITS_MS])
def test_who_asked_and_is_gone_leaves_it_uncertain(at: int) -> None:
    """Its process died: first its answer counts as lost, then its time is over."""
    state = at_first()
    assert activation.timed(state, DUE - 1) is None
    first = activation.timed(state, at)
    assert first
    assert (first.status, first.settled, first.final_at) == (UNCERTAIN, True, 0)
    assert first.due > at or first.due == NOW + WAITS_MS
    second = activation.timed(first, first.due)
    assert second
    assert (second.status, second.final_at) == (UNCERTAIN, first.due)


@each("state", [after(answered), after(refused), after(named)])
def test_what_is_over_has_no_time(state: Activation) -> None:
    assert activation.timed(state, NOW + 10 * WAITS_MS) is None


@each(
    ("rules", "told"),
    [
        ((answered,), "activation.started"),
        ((refused,), "activation.failed"),
        ((lost,), "activation.uncertain"),
        ((named,), "activation.started"),
        ((lost, named), "activation.started"),
        ((refused, named), "activation.started"),
        ((answered, named), ""),
        ((named, answered), ""),
        ((lost, lambda state: activation.timed(state, state.due)), ""),
    ],
)
def test_the_last_change_is_told(rules: tuple[Rule, ...], told: str) -> None:
    assert event(after(*rules[:-1]), after(*rules)) == told


class Sequences(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.state = at_first()
        self.told: list[str] = []

    def _apply(self, new: Activation | None) -> None:
        if new is None:
            return
        old, self.state = self.state, new
        assert new != old
        assert new.updated_at == self.now
        assert old.settled <= new.settled
        assert old.activation_id in ("", new.activation_id)
        assert new.final_at == old.final_at or not old.final_at, "the time it ended moves"
        if old.status is STARTED:
            assert new.status is STARTED, "what went off did go off"
        if told := event(old, new):
            self.told.append(told)

    @rule()
    def the_vendor_answers(self) -> None:
        self._apply(activation.answered(self.state, self.now))

    @rule()
    def the_vendor_refuses(self) -> None:
        self._apply(activation.refused(self.state, "provider_error", "1", self.now))

    @rule()
    def the_answer_is_lost(self) -> None:
        self._apply(activation.lost(self.state, self.now))

    @rule(name=st.sampled_from(["a1", "a2"]))
    def the_vendor_names_it(self, name: str) -> None:
        self._apply(activation.named(self.state, name, self.now))

    @rule(seconds=st.sampled_from([0, 1, 11, 12, 60, 120]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * 1000
        for _ in range(3):
            self._apply(activation.timed(self.state, self.now))
        assert self.state.final_at or self.state.due > self.now, "it would be looked at again and again"

    @invariant()
    def it_holds(self) -> None:
        if not hasattr(self, "state"):
            return
        state = self.state
        assert (state.due == 0) is (state.final_at > 0)
        assert (state.status is FAILED) is bool(state.reason)
        assert state.status is UNCERTAIN or state.settled
        assert len(self.told) == len(set(self.told)), "each is told once"
        assert bool(self.told) is state.settled
        assert not self.told or self.told[-1] == f"activation.{state.status}"


def test_whatever_comes_in_whatever_order() -> None:
    few = settings(max_examples=300, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(Sequences, settings=few)  # type: ignore[no-untyped-call]
