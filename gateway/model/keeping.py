"""Reservations: the rules of those a vendor keeps until their time, and of changing those the gateway keeps.

The vendor's word is asked for where it matters: when its time has come, when a caller reads it, when it is canceled.
"""

from __future__ import annotations

from typing import Any

from gateway.model.changes import Change, arrived, end, kept, pause, turn
from gateway.model.message import Phase, State, Status
from gateway.model.outcome import Finding, Kept, Known, Unanswered, Unknown
from gateway.model.policy import Policy
from gateway.model.reasons import Reason

FRESH_MS = 2_000
"""A vendor that took a reservation is given so long to find it itself."""
OVERDUE_MS = 60_000
"""For so long after its time a vendor may neither keep a reservation any more nor list it as sent yet."""
HEARKENED = 3
"""Questions without an answer, at its time, after which a vendor is believed to have sent what it took."""
_DROPPED = "dropped by the vendor that kept it"
_WITHDRAWABLE = frozenset({Status.SCHEDULED, Status.UNCERTAIN, Status.SUBMITTED})


def at_vendor(state: State, now: int, policy: Policy, code: str, detail: str) -> Change:
    """The vendor has it: to send, or to keep until its time; heard of later than that, it is asked what it did."""
    if state.handover and not state.final_at and (now < state.send_at or policy.checkable):
        return kept(state, now, code, detail)
    return arrived(state, now, policy, code, detail)


def its_time(state: State, now: int, policy: Policy) -> Change:
    """The agenda has come to a reservation of a vendor that cannot be asked about it."""
    if now < state.send_at:
        return turn(state, now, tell=False, due=state.send_at)
    return arrived(state, now, policy, "", "its time has come at the vendor that kept it")


def found_keeping(state: State, finding: Finding, now: int, policy: Policy) -> Change | None:
    """What the vendor said when asked about a reservation that it took to keep."""
    late = now - state.send_at
    if isinstance(finding, Known):
        return arrived(state, now, policy, "", "the vendor that kept it has sent it")
    if isinstance(finding, Unanswered) and late >= 0 and state.attempts >= HEARKENED:
        return its_time(state, now, policy)
    if isinstance(finding, Unknown):
        if not provable(state, now):
            gone = "the vendor that kept it does not know it any more: it was canceled there, or lost"
            return end(state, now, Status.CANCELED, Reason.PROVIDER_ERROR, detail=gone, open="")
        due = now + max(FRESH_MS, pause(state.attempts, 10_000))
    elif isinstance(finding, Kept) and late < 0:
        if not state.attempts and state.due == state.send_at:
            return None
        return turn(state, now, tell=False, due=state.send_at, attempts=0)
    elif late < 0 and state.due >= state.send_at:
        return None  # nobody doubts it
    else:
        due = now + pause(state.attempts, 60_000)
    if late < 0:
        due = min(due, state.send_at)
    return turn(state, now, tell=False, due=due, attempts=state.attempts + 1)


def provable(state: State, now: int) -> int:
    """ms until a vendor that kept it and says that it knows none of it is believed: it may have taken it just now, or
    send it just now, and not list it yet. 0: at once."""
    if -FRESH_MS <= now - state.send_at < OVERDUE_MS:
        return state.send_at + OVERDUE_MS - now
    return max(state.answered_at + FRESH_MS - now, 0)


def withdrawn(state: State, now: int) -> Change | None:
    """The vendor dropped it on our word. None: it is not, or not only, what the vendor kept."""
    if not state.handover or state.phase is Phase.HELD:
        return None
    if state.status is Status.CANCELED and state.reason == Reason.PROVIDER_ERROR:
        # Who asked about it meanwhile took it for lost.
        return turn(state, now, detail=_DROPPED, reason="", reason_detail="", reason_code="")
    if state.status not in _WITHDRAWABLE:
        return None
    return end(state, now, Status.CANCELED, detail=_DROPPED, open="")


def doubted(state: State, now: int) -> Change | None:
    """Whether the vendor dropped it is not known: the vendor is asked soon."""
    if state.phase is not Phase.RESTING or state.status is not Status.SCHEDULED:
        return None
    return turn(state, now, tell=False, due=min(now + FRESH_MS, max(state.send_at, now)))


def changeable(state: State) -> bool:
    """The gateway keeps it, and it is not due yet."""
    waits = state.status is Status.SCHEDULED and state.phase is Phase.WAITING
    return waits and not state.open and not state.handover


def changed(state: State, now: int, what: str, **fields: Any) -> Change:
    """Another time, or another text, for what is changeable."""
    now = max(now, state.updated_at + 1)  # two changes within a millisecond are two
    return turn(state, now, detail=f"changed: {what}", **fields)
