"""Planted bugs: in what becomes of reservations, kept here or at a vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import msgspec

from gateway import routing
from gateway.dispatch import parties as company
from gateway.errors import GatewayError
from gateway.model import changes, keeping, lifecycle
from gateway.model.changes import Change
from gateway.model.message import Content, Phase, Record, State, Status
from gateway.model.outcome import Finding, Kept, Refused, Unanswered, Unknown
from gateway.model.policy import Policy
from gateway.provider import Provider, Question, Withdrawal
from gateway.providers.aicross import AICross
from gateway.recording import Recorder
from gateway.reservations import Reservations
from gateway.routing import Routing
from gateway.store import messages, places, roster
from gateway.withdrawing import Withdrawing
from tests.chaos.plant import bug, script

replace = msgspec.structs.replace


@contextmanager
def _instead(of: Any, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    with mock.patch.object(of, name, make(getattr(of, name))):
        yield


# Kept by the gateway


@bug
def change_keeps_the_old_time() -> Iterator[None]:
    """The agenda is not told of another sendAt."""

    def changed(right: Any) -> Any:
        def make(state: State, now: int, what: str, **fields: Any) -> Change:
            change: Change = right(state, now, what, **(fields | {"due": state.due}))
            return change

        return make

    with _instead(keeping, "changed", changed):
        yield


@bug
def change_loses_the_text() -> Iterator[None]:
    """Another text is told, and the old one stays."""

    def change(right: Any) -> Any:
        async def make(self: Recorder, record: Record, rule: Any, rewrite: Any = None) -> Record:
            done: Record = await right(self, record, rule, None if rewrite and "Reserv" in repr(rewrite) else rewrite)
            return replace(done, content=rewrite(done.content)) if rewrite else done

        return make

    with _instead(Recorder, "change", change):
        yield


@bug
def change_of_what_left() -> Iterator[None]:
    """Whatever is not final can be changed: also what a dispatcher has in its hands, or a vendor keeps."""
    with mock.patch.object(keeping, "changeable", lambda state: not state.final_at):
        yield


@bug
def change_moves_it_only_in_the_record() -> Iterator[None]:
    """The list of reservations keeps the old time."""

    def place(right: Any) -> Any:
        def make(old: State, new: State) -> int | str:
            return "" if old.reserved and new.reserved else right(old, new)

        return make

    with _instead(messages, "_roster", place):
        yield


@bug
def stays_in_the_list() -> Iterator[None]:
    """What was released or canceled is still listed as a reservation."""

    def place(right: Any) -> Any:
        return lambda old, new: "" if right(old, new) == "-" else right(old, new)

    with _instead(messages, "_roster", place):
        yield


@bug
def the_list_skips_some() -> Iterator[None]:
    """A page begins one too late."""
    with script("ROSTER", ("first = low", "first = low + 1"), module=roster):
        yield


@bug
def canceled_with_others_by_halves() -> Iterator[None]:
    """Of many only the first is canceled, and all are told to be."""

    def cancel_each(right: Any) -> Any:
        async def make(self: Reservations, records: Any, claim: str = "") -> Any:
            done = await right(self, records[:1], claim)
            return [*done, *((record, None) for record in records[1:])]

        return make

    with _instead(Reservations, "cancel_each", cancel_each):
        yield


# On the way to a vendor that is to keep it


@bug
def handed_over_under_a_new_reference() -> Iterator[None]:
    """After a lost answer the vendor is given the reservation as another one."""

    def lost(right: Any) -> Any:
        def make(state: State, detail: str, now: int, policy: Policy) -> Change:
            change: Change = right(state, detail, now, policy)
            new = change.state.generation + (state.handover > 0)
            return change._replace(state=replace(change.state, generation=new))

        return make

    with _instead(lifecycle, "_lost", lost):
        yield


@bug
def handed_over_too_late() -> Iterator[None]:
    """A vendor is offered a reservation when it takes it no more."""
    with mock.patch.object(routing, "HANDOVER_MS", -59_000):
        yield


@bug
def kept_here_with_an_open_try() -> Iterator[None]:
    """When it is too late for the vendor the gateway keeps it, though an answer is missing."""

    def wake(right: Any) -> Any:
        def make(state: State, now: int, policy: Policy) -> lifecycle.Verdict:
            late = state.handover and state.open and state.deadline <= now < state.expires_at
            waits = state.phase in (Phase.WAITING, Phase.QUEUED)
            verdict: lifecycle.Verdict = right(replace(state, open="") if late and waits else state, now, policy)
            return verdict

        return make

    with _instead(lifecycle, "wake", wake):
        yield


@bug
def refused_means_now() -> Iterator[None]:
    """A reservation that a vendor would not keep goes to the next one, which sends it at once."""

    def refused(right: Any) -> Any:
        def make(state: State, outcome: Refused, still_open: str, now: int, policy: Policy) -> Change:
            change: Change = right(replace(state, handover=0), outcome, still_open, now, policy)
            return change

        return make

    with _instead(lifecycle, "_refused", refused):
        yield


@bug
def not_known_means_not_there() -> Iterator[None]:
    """A vendor that does not list it has not got it, though a try is open: the gateway keeps it."""

    def found(right: Any) -> Any:
        def make(state: State, finding: Finding, now: int, policy: Policy) -> Change | None:
            if state.handover and state.phase is Phase.ASKING and isinstance(finding, Unknown):
                return changes.kept_here(state, now, "not there", generation=state.generation + 1)
            change: Change | None = right(state, finding, now, policy)
            return change

        return make

    with _instead(lifecycle, "found", found):
        yield


@bug
def kept_by_both() -> Iterator[None]:
    """What a vendor keeps the gateway sends, too, when it is due."""

    def its_time(state: State, now: int, policy: Policy) -> lifecycle.Verdict:
        return changes.kept_here(state, now, "due")

    def wake(right: Any) -> Any:
        def make(state: State, now: int, policy: Policy) -> lifecycle.Verdict:
            kept = state.phase is Phase.RESTING and state.status is Status.SCHEDULED and now >= state.due
            verdict: lifecycle.Verdict = its_time(state, now, policy) if kept else right(state, now, policy)
            return verdict

        return make

    with _instead(lifecycle, "wake", wake):
        yield


@bug
def different_times_together() -> Iterator[None]:
    """Reservations of equal wording share a request, whatever their times."""

    def together(state: State, content: Content) -> Any:
        return company_wording(content), state.handover > 0

    with mock.patch.object(company, "together", together), mock.patch.object(places, "together", together):
        yield


def company_wording(content: Content) -> tuple[Any, ...]:
    return (content.text, content.subject, content.sender)


@bug
def an_hour_off() -> Iterator[None]:
    """The vendor's clock is taken for another one."""

    def reserve(right: Any) -> Any:
        def make(self: Any, content: Content, reference: str, send_at: int, further: tuple[str, ...] = ()) -> Any:
            return right(self, content, reference, send_at + 3_600_000, further)

        return make

    with _instead(AICross, "reserve_request", reserve):
        yield


# At the vendor that keeps it


@bug
def canceled_on_a_lost_answer() -> Iterator[None]:
    """Told to drop it, the vendor did not answer: it will have."""

    def told(right: Any) -> Any:
        async def make(self: Withdrawing, provider: Provider, question: Question[Withdrawal]) -> Any:
            said, lost = await right(self, provider, question)
            return said or "withdrawn", lost

        return make

    with _instead(Withdrawing, "_told_to_drop", told):
        yield


@bug
def canceled_though_refused() -> Iterator[None]:
    """The vendor would not drop it, and it is told to be canceled."""

    def told(right: Any) -> Any:
        async def make(self: Withdrawing, provider: Provider, question: Question[Withdrawal]) -> Any:
            try:
                return await right(self, provider, question)
            except GatewayError:
                return "withdrawn", None

        return make

    with _instead(Withdrawing, "_told_to_drop", told):
        yield


@bug
def canceled_here_only() -> Iterator[None]:
    """The vendor is not told of a cancel."""

    def cancel(right: Any) -> Any:
        return lambda state, now: right(replace(state, phase=Phase.WAITING) if state.handover else state, now)

    with _instead(lifecycle, "cancel", cancel):
        yield


@bug
def too_late_means_canceled() -> Iterator[None]:
    """The vendor says that it has sent it: so it has it no more."""

    def withdrawal(right: Any) -> Any:
        def make(self: AICross, reference: str) -> Question[Withdrawal]:
            question: Question[Withdrawal] = right(self, reference)

            def read(answer: Any) -> Any:
                said = question.read(answer)
                return "withdrawn" if said == "sent" else said

            return Question(question.request, read)

        return make

    with _instead(AICross, "withdrawal", withdrawal):
        yield


@bug
def a_doubt_is_forgotten() -> Iterator[None]:
    """A vendor that dropped it, as nobody heard, is not asked when its time comes."""

    def policy(right: Any) -> Any:
        return lambda self, *more: replace(right(self, *more), checkable=False)

    with _instead(Routing, "_make_policy", policy):
        yield


@bug
def at_once_or_never() -> Iterator[None]:
    """A vendor that does not find yet what it has just taken is believed."""
    with mock.patch.object(keeping, "FRESH_MS", 0):
        yield


@bug
def on_the_minute_or_never() -> Iterator[None]:
    """A vendor that has let go of it and does not list it yet is believed not to have it."""
    with mock.patch.object(keeping, "OVERDUE_MS", 0):
        yield


@bug
def its_time_is_proof() -> Iterator[None]:
    """When its time has come it was sent, also where the vendor says that it keeps it, or knows none."""

    def found(right: Any) -> Any:
        def make(state: State, finding: Finding, now: int, policy: Policy) -> Change | None:
            believed = isinstance(finding, Kept | Unknown) and now >= state.send_at
            change: Change | None = right(state, Unanswered() if believed else finding, now, policy)
            return change

        return make

    with _instead(lifecycle, "found_keeping", found):
        yield
