"""Planted bugs: in what becomes of messages that share a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from unittest import mock

import msgspec

from gateway.dispatch import dispatcher
from gateway.dispatch import parties as company
from gateway.dispatch.dispatcher import Dispatcher
from gateway.dispatch.parties import divided
from gateway.model import changes, lifecycle
from gateway.model.changes import Change
from gateway.model.message import Content, Record, State
from gateway.model.outcome import Divided, Refused, SendOutcome, Unreadable
from gateway.model.policy import Policy
from gateway.provider import VendorRequest
from gateway.providers.koreasms import KoreaSMS, wire
from gateway.store import places
from tests.chaos.plant import bug, script

replace = msgspec.structs.replace
Recording = Callable[[Record], Awaitable[object]]

# Who travels together

_RECEIVER = (" or met[receiver] then", " then")
_WORDING = ("string.sub(entry, 27, 34) ~= wording or", "")
_NUMBER = ("if party == most then break end", "")


@bug
def a_receiver_twice() -> Iterator[None]:
    """Two messages to one number leave in one request: who knows how often the vendor sends."""
    right = company.parties

    def parties(records: list[Record], receivers: int) -> list[list[Record]]:
        apart = [replace(each, content=replace(each.content, to=each.id)) for each in records]
        there = {each.id: each for each in records}
        return [[there[each.id] for each in party] for party in right(apart, receivers)]

    def unchecked(numbers: Any, separator: str) -> str:
        return separator.join("0" + number[3:] for number in numbers)

    with (
        script("TAKE", _RECEIVER),
        mock.patch.object(dispatcher, "parties", parties),
        mock.patch.object(wire, "receivers", unchecked),
    ):
        yield


@bug
def wording_ignored() -> Iterator[None]:
    """Everybody in a request gets the text of the first."""
    with (
        script("TAKE", _WORDING),
        mock.patch.object(company, "together", return_value=()),
        mock.patch.object(places, "together", return_value=()),
    ):
        yield


@bug
def half_the_wording_compared() -> Iterator[None]:
    """The text alone says who may travel together."""

    def together(state: State, content: Content) -> tuple[tuple[str, ...], int]:
        return (content.text,), state.send_at if state.handover else 0

    with mock.patch.object(company, "together", together), mock.patch.object(places, "together", together):
        yield


@bug
def more_than_the_vendor_takes() -> Iterator[None]:
    """As many as wait share a request."""
    right = company.parties

    def parties(records: list[Record], receivers: int) -> list[list[Record]]:
        return right(records, 100)

    with script("TAKE", _NUMBER), mock.patch.object(dispatcher, "parties", parties):
        yield


@bug
def those_left_behind_are_forgotten() -> Iterator[None]:
    """What was looked at for company and does not fit is in no queue any more."""
    with script("TAKE", ("passed = passed + 1", "redis.call('LREM', list, 1, entry)")):
        yield


@bug
def company_needs_no_claim() -> Iterator[None]:
    """The queue decides who travels along, not the record: also who was canceled, or left by another way."""
    with script("TAKE", ("S[PHASE] ~= 'q'", "(S[PHASE] ~= 'q' and taken == 0)")):
        yield


# What is made of the one answer


@bug
def only_the_first_is_settled() -> Iterator[None]:
    """The others of the request stay in our hands, and are given back as if they had never left."""
    right = Dispatcher._for_each

    async def for_each(self: Dispatcher, party: list[Record], record_it: Recording) -> None:
        await right(self, party[:1], record_it)

    async def give_back(self: Dispatcher, party: list[Record]) -> None:
        await right(self, party, lambda record: self._recorder.give_back(record, record.state.fence))

    with mock.patch.object(Dispatcher, "_for_each", for_each), mock.patch.object(Dispatcher, "_give_back", give_back):
        yield


@bug
def only_the_first_is_written_to() -> Iterator[None]:
    """The request names one receiver, and its answer counts for all."""
    right = KoreaSMS.send_request

    def send_request(self: KoreaSMS, content: Content, reference: str, further: tuple[str, ...] = ()) -> VendorRequest:
        return right(self, content, reference)

    with mock.patch.object(KoreaSMS, "send_request", send_request):
        yield


def _told(make: Callable[[SendOutcome, list[Record]], SendOutcome | None]) -> Any:
    """Instead of `divided`, where it says something."""

    def told(outcome: SendOutcome, party: list[Record]) -> SendOutcome:
        return make(outcome, party) or divided(outcome, party)

    return mock.patch.object(dispatcher, "divided", told)


@bug
def lost_answer_divides() -> Iterator[None]:
    """No answer to a request for several counts as its refusal: smaller ones follow."""
    with _told(lambda outcome, party: Divided(1) if isinstance(outcome, Unreadable) and len(party) > 1 else None):
        yield


@bug
def a_refusal_of_several_is_everybodys() -> Iterator[None]:
    """One bad receiver fails all who shared its request."""
    with _told(lambda outcome, party: outcome):
        yield


@bug
def a_refusal_of_several_is_a_lost_answer() -> Iterator[None]:
    """Nobody knows whom it is about, so nobody knows anything."""
    with _told(lambda outcome, party: Unreadable("") if isinstance(outcome, Refused) and len(party) > 1 else None):
        yield


@bug
def divided_for_ever() -> Iterator[None]:
    """Those refused together are tried together again, and again."""

    def in_company(state: State, now: int, party: int, detail: str, code: str = "") -> Change:
        return changes.in_less_company(state, now, 0, detail, code)

    with mock.patch.object(lifecycle, "in_less_company", in_company):
        yield


@bug
def late_division_ignored() -> Iterator[None]:
    """That a request for several was refused counts only while the lease of each lasts."""
    right = lifecycle._heard_late

    def heard(state: State, outcome: SendOutcome, still_open: str, now: int, policy: Policy) -> Change | None:
        return None if isinstance(outcome, Divided) else right(state, outcome, still_open, now, policy)

    with mock.patch.object(lifecycle, "_heard_late", heard):
        yield
