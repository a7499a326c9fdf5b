"""Planted bugs: in the lifecycle, the dispatcher and the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import msgspec

from gateway.dispatch.dispatcher import Dispatcher
from gateway.model import lifecycle
from gateway.model.changes import Change
from gateway.model.message import Phase, State
from gateway.model.outcome import Accepted, Duplicate, NotSent, Refused, SendOutcome, Unreadable
from gateway.model.policy import Policy
from gateway.model.reasons import Reason
from gateway.store import messages
from gateway.store.messages import Claims, Store
from gateway.store.session import Session
from tests.chaos.plant import bug, script

replace = msgspec.structs.replace
# Rules of the lifecycle


@bug
def no_fence() -> Iterator[None]:
    """What a stale owner was told decides, whoever holds the message by now."""
    right = lifecycle.settle

    def settle(state: State, fence: int, outcome: SendOutcome, now: int, policy: Policy) -> Change | None:
        if isinstance(outcome, Refused) and not state.final_at:
            state = replace(state, phase=Phase.HELD, fence=fence, open=f"{fence} ")
        return right(state, fence, outcome, now, policy)

    with mock.patch.object(lifecycle, "settle", settle):
        yield


@bug
def refusal_with_open_try() -> Iterator[None]:
    """One proof taken for all: failed, or moved on, while an earlier answer is missing."""
    right = lifecycle._refused

    def refused(state: State, outcome: Refused, _still_open: str, now: int, policy: Policy) -> Change:
        return right(state, outcome, "", now, policy)

    with mock.patch.object(lifecycle, "_refused", refused):
        yield


@bug
def failover_with_open_try() -> Iterator[None]:
    """A try that never left moves the message on, whatever became of the tries before."""
    right = lifecycle.settle

    def settle(state: State, fence: int, outcome: SendOutcome, now: int, policy: Policy) -> Change | None:
        if isinstance(outcome, NotSent) and state.fence == fence and state.phase is Phase.HELD:
            state = replace(state, open=f"{fence} ")
        return right(state, fence, outcome, now, policy)

    with mock.patch.object(lifecycle, "settle", settle):
        yield


@bug
def lapsed_means_unsent() -> Iterator[None]:
    """A message whose process died goes back into the queue as if it had never left."""
    right = lifecycle.wake

    def wake(state: State, now: int, policy: Policy) -> lifecycle.Verdict:
        if state.phase is Phase.HELD and now >= state.due:
            return lifecycle.give_back(state, state.fence, now)
        return right(state, now, policy)

    with mock.patch.object(lifecycle, "wake", wake):
        yield


@bug
def lost_answer_new_reference() -> Iterator[None]:
    """After a lost answer the vendor is given another reference: its deduplication is void."""
    right = lifecycle._lost

    def lost(state: State, detail: str, now: int, policy: Policy) -> Change:
        change = right(state, detail, now, policy)
        return change._replace(state=replace(change.state, generation=state.generation + 1))

    with mock.patch.object(lifecycle, "_lost", lost):
        yield


@bug
def lost_answer_is_a_refusal() -> Iterator[None]:
    """A read timeout, a 503 page, an unreadable answer: taken for the vendor's own fault."""
    right = lifecycle.settle

    def settle(state: State, fence: int, outcome: SendOutcome, now: int, policy: Policy) -> Change | None:
        if isinstance(outcome, Unreadable):
            outcome = Refused(Reason.PROVIDER_ERROR, "vendor", "", outcome.detail)
        return right(state, fence, outcome, now, policy)

    with mock.patch.object(lifecycle, "settle", settle):
        yield


@bug
def duplicate_is_a_refusal() -> Iterator[None]:
    """The vendor's 400 about a message it took before fails it."""
    right = lifecycle.settle

    def settle(state: State, fence: int, outcome: SendOutcome, now: int, policy: Policy) -> Change | None:
        if isinstance(outcome, Duplicate):
            return right(replace(state, open=f"{fence} "), fence, Refused(Reason.PROVIDER_ERROR, "vendor"), now, policy)
        return right(state, fence, outcome, now, policy)

    with mock.patch.object(lifecycle, "settle", settle):
        yield


@bug
def duplicate_is_an_acceptance() -> Iterator[None]:
    """The vendor's 400 is believed without asking: the earlier request may have been refused."""
    right = lifecycle.settle

    def settle(state: State, fence: int, outcome: SendOutcome, now: int, policy: Policy) -> Change | None:
        return right(state, fence, Accepted("400") if isinstance(outcome, Duplicate) else outcome, now, policy)

    with mock.patch.object(lifecycle, "settle", settle):
        yield


@bug
def expiry_with_open_try() -> Iterator[None]:
    """Past its time it is `expired`, though an answer is missing."""
    right = lifecycle.wake

    def wake(state: State, now: int, policy: Policy) -> lifecycle.Verdict:
        waits = state.phase in (Phase.WAITING, Phase.QUEUED)
        return right(replace(state, open="") if waits else state, now, policy)

    with mock.patch.object(lifecycle, "wake", wake):
        yield


@bug
def receipts_go_back() -> Iterator[None]:
    """A late "undelivered" takes `delivered` back."""
    with mock.patch.object(lifecycle, "_DEAF_TO_UNDELIVERED", frozenset()):
        yield


@bug
def cancel_of_held() -> Iterator[None]:
    """What is in a dispatcher's hands can be canceled."""
    right = lifecycle.cancel

    def cancel(state: State, now: int) -> Change | None:
        return right(replace(state, phase=Phase.QUEUED, open="") if state.phase is Phase.HELD else state, now)

    with mock.patch.object(lifecycle, "cancel", cancel):
        yield


# The dispatcher


@bug
def gives_back_what_it_sent() -> Iterator[None]:
    """A lost answer counts as never sent."""
    right = Dispatcher._send

    async def send(self: Dispatcher, provider: Any, record: Any) -> SendOutcome:
        outcome = await right(self, provider, record)
        return NotSent("") if isinstance(outcome, Unreadable) else outcome

    with mock.patch.object(Dispatcher, "_send", send):
        yield


@bug
def reconciles_what_it_holds() -> Iterator[None]:
    """Whatever Redis believes to be in its hands is given back, also what it is sending."""

    async def reconcile(self: Dispatcher) -> None:
        while not self._stopping.is_set():
            for lane in await self._store.lanes():
                for id_ in await self._store.held(lane, self._owner):
                    record = await self._store.read(id_)
                    if record is not None and record.state.owner == self._owner:
                        await self._recorder.give_back(record, record.state.fence)
            await self._pause(0.3)

    with mock.patch.object(Dispatcher, "_reconcile", reconcile):
        yield


@bug
def successor_gives_back() -> Iterator[None]:
    """What the last process of its name held is given back, not treated as possibly sent."""

    async def release(self: Dispatcher) -> None:
        for lane in await self._store.lanes():
            for id_ in await self._store.held(lane, self._owner):
                record = await self._store.read(id_)
                if record is not None:
                    await self._recorder.give_back(record, record.state.fence)

    with mock.patch.object(Dispatcher, "_release", release):
        yield


@bug
def outcome_thrown_away() -> Iterator[None]:
    """The outcome is forgotten where others are in flight, and the message given back as if never sent."""

    right = Dispatcher._until_recorded

    async def until_recorded(self: Dispatcher, write: Callable[[], Any]) -> None:
        if sum(gate.in_flight for gate in self._gates.values()) == 1:
            await right(self, write)

    with mock.patch.object(Dispatcher, "_until_recorded", until_recorded):
        yield


# The store


@bug
def take_forgets_the_intent() -> Iterator[None]:
    """No open try is noted when a message is taken."""
    with script("TAKE", ("S[OPEN] = S[OPEN] .. S[FENCE] .. ' '", "")):
        yield


@bug
def take_ignores_the_record() -> Iterator[None]:
    """The queue entry decides, not the record: canceled ones are sent."""
    with script("TAKE", ("S[PHASE] ~= 'q'", "S[FENCE] ~= 0")):
        yield


@bug
def take_without_a_lease() -> Iterator[None]:
    """What is taken is on no agenda: if its holder dies for good, nobody looks at it again."""
    with script("TAKE", ("redis.call('ZADD', L .. 'a', S[DUE], id)", "redis.call('ZREM', L .. 'a', id)")):
        yield


@bug
def expires_from_the_start() -> Iterator[None]:
    """Records are given their time to live when they are accepted."""
    with script("ACCEPT", ("redis.call('ZADD', L .. 'a', due, id)", "redis.call('ZADD', L .. 'a', due, id)\n"
                            "redis.call('PEXPIRE', L .. 'm:' .. id, 2592000000)")):  # fmt: skip
        yield


@bug
def claims_not_written() -> Iterator[None]:
    """A repeat with the same tag makes another message."""
    right = Store.accept

    async def accept(self: Store, id_: str, state: Any, content: Any, claims: Claims, **more: Any) -> Any:
        return await right(self, id_, state, content, replace(claims, tag="", key=""), **more)

    with mock.patch.object(Store, "accept", accept):
        yield


@bug
def last_writer_wins() -> Iterator[None]:
    """A change is applied to whatever the record has become."""
    with script("APPLY", ("if held[1] ~= old then", "if not held[1] then")):
        yield


@bug
def adoption_forgets_tries() -> Iterator[None]:
    """What a restored Redis holds is taken for all that ever happened."""
    with (
        mock.patch.object(messages, "_predates", return_value=False),
        script("TAKE", ("S[EPOCH] < epoch", "S[EPOCH] < 0")),
    ):
        yield


@bug
def restore_unnoticed() -> Iterator[None]:
    """Nobody minds that Redis counts from lower again."""

    async def forget(self: Session, lane: str, now: Any, before: Any) -> None:
        return None

    with mock.patch.object(Session, "_forget", forget):
        yield


@bug
def only_the_first_lane() -> Iterator[None]:
    """What waits in other lanes is not looked at."""
    right = Dispatcher._waiting

    async def waiting(self: Dispatcher, provider: str, lanes: list[str]) -> list[tuple[bool, str, int]]:
        return await right(self, provider, [lane for lane in lanes if lane == "00"])

    with mock.patch.object(Dispatcher, "_waiting", waiting):
        yield
