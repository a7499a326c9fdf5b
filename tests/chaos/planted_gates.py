"""Planted bugs: at the gates before providers, on the way from one to another, and where a vendor cannot be asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import msgspec

from gateway import gate as process_gates
from gateway.dispatch.dispatcher import Dispatcher
from gateway.model import lifecycle
from gateway.model.changes import Change
from gateway.model.message import State
from gateway.model.outcome import SendOutcome
from gateway.model.policy import Policy
from gateway.model.receipt import Receipt
from gateway.routing import Routing
from gateway.store import gates
from gateway.store.gates import Verdict
from tests.chaos.plant import bug, script

replace = msgspec.structs.replace

# The gate


@bug
def breaker_stays_open() -> Iterator[None]:
    """Once open, a gate lets nothing through any more: no probe follows."""
    with script("GRANT", ("if wait <= 0 or wait > 60000 then state = 'half_open' end", ""), module=gates):
        yield


@bug
def pause_ignored() -> Iterator[None]:
    """A paused provider is given messages."""
    with script("GRANT", ("if gate.paused then state = 'paused' end", ""), module=gates):
        yield


@bug
def in_flight_unbounded() -> Iterator[None]:
    """Each process counts only its own requests in flight."""
    with script("GRANT", ("n = math.min(n, most - others - mine)", "n = math.min(n, most - mine)"), module=gates):
        yield


@bug
def unproven_login_unbounded() -> Iterator[None]:
    """Several requests at once go out with a login that is not proven."""
    with script("GRANT", ("then most = 1 end", "then most = most end"), module=gates):
        yield


@bug
def refused_login_is_any_failure() -> Iterator[None]:
    """After a failed login the next message tries again."""
    right = process_gates.verdict

    def verdict(outcome: SendOutcome, *, guarded: bool) -> Verdict:
        word = right(outcome, guarded=guarded)
        return "lost" if word == "login" else word

    with mock.patch.object(process_gates, "verdict", verdict):
        yield


# On the way


@bug
def back_to_who_refused() -> Iterator[None]:
    """Round its route a message comes to a provider that refused it."""
    right = Routing._make_policy

    def policy(self: Routing, name: str, route: Any, risk: bool, refused: str, away: frozenset[str]) -> Policy:
        return right(self, name, route, risk, "", away)

    with mock.patch.object(Routing, "_make_policy", policy):
        yield


@bug
def passed_over_with_open_try() -> Iterator[None]:
    """A message leaves the queue of a closed provider though an answer from there is missing."""
    right = lifecycle.pass_over

    def pass_over(state: State, now: int, policy: Policy, other: str = "") -> Change | None:
        return right(replace(state, open=""), now, policy, other)

    with (
        mock.patch.object(lifecycle, "pass_over", pass_over),
        script("PEEK", ("if leads_on(line) then", "if line then")),
    ):
        yield


@bug
def peek_drops_live_entries() -> Iterator[None]:
    """What was looked at is in no queue any more, also where it stays."""
    drop = "out[#out + 1] = {id, record[1], record[2]}\n          redis.call('LREM', list, 1, id)"
    with script("PEEK", ("out[#out + 1] = {id, record[1], record[2]}", drop)):
        yield


@bug
def strangers_stay() -> Iterator[None]:
    """What waits for a provider that is not configured any more waits for ever."""

    async def move(self: Dispatcher) -> None:
        await self._stopping.wait()

    with mock.patch.object(Dispatcher, "_move_strangers", move):
        yield


# Where a vendor cannot be asked


@bug
def late_refusal_ignored() -> Iterator[None]:
    """That a try was refused counts only while its lease lasts."""
    with mock.patch.object(lifecycle, "_heard_late", return_value=None):
        yield


@bug
def blind_resend_keeps_its_reference() -> Iterator[None]:
    """A second try at a blind vendor goes by the name of the first."""
    right = lifecycle._lost

    def lost(state: State, detail: str, now: int, policy: Policy) -> Change:
        change = right(state, detail, now, policy)
        return change._replace(state=replace(change.state, generation=state.generation))

    with mock.patch.object(lifecycle, "_lost", lost):
        yield


@bug
def blind_resends_without_end() -> Iterator[None]:
    """Where the risk is accepted, it is sent until somebody answers."""
    with mock.patch.object(lifecycle, "MAX_BLIND_RESENDS", 99):
        yield


@bug
def receipts_of_earlier_tries_ignored() -> Iterator[None]:
    """After a blind resend only what is said of the last try counts."""
    right = lifecycle.receipt

    def receipt(state: State, generation: int, word: Receipt, now: int, policy: Policy) -> Change | None:
        change = right(replace(state, resends=0), generation, word, now, policy)
        return change and change._replace(state=replace(change.state, resends=state.resends))

    with mock.patch.object(lifecycle, "receipt", receipt):
        yield
