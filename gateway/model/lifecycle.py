"""What follows from what: every step a message can take, as pure functions from (state, fact, time) to a change.

The store applies a change only to the exact state it was computed from, so these rules need no lock. Two kinds
of callers meet here: a *decision* (fail, fail over, try again) counts only from the dispatcher that holds the
message; *evidence* (the vendor has it, it was delivered) counts whoever brings it, however late.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gateway.model.changes import (
    END,
    LONGEST_DOUBT_MS,
    Change,
    arrived,
    ask,
    doubt,
    end,
    in_less_company,
    kept_here,
    later,
    move_on,
    pause,
    turn,
    uncertain,
)
from gateway.model.keeping import at_vendor, found_keeping, its_time
from gateway.model.message import Phase, State, Status
from gateway.model.outcome import (
    Accepted,
    Busy,
    Divided,
    Duplicate,
    Finding,
    Guarantee,
    Kept,
    Known,
    NotSent,
    Refused,
    SendOutcome,
    Unanswered,
    Unknown,
)
from gateway.model.policy import Policy
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt

FORGOTTEN, FACED = "0", "-"
"""The open try of a record that outlived a Redis which lost writes: one may have been made and be forgotten. The second
where the rules have dealt with that, and it is open still."""
MAX_STALLS = 5
"""Takes in a row whose process died, after which a message is only asked about: it may be what kills them."""
MAX_BLIND_RESENDS = 2
"""Of a message whose caller chose `duplicateRisk: accept`."""
LONGEST_PAUSE_MS = 5_000
"""Between two tries that never reached a vendor: short, because `gate` spares a vendor that is down."""
MAX_SEEN = 32
"""Receipts whose repeats are recognised: the latest ones."""


Verdict = Change | Literal["ask"] | None


def _without(tries: str, fence: int) -> str:
    """Open tries less one."""
    return "".join(f"{each} " for each in tries.split() if each != str(fence))


def settle(state: State, fence: int, outcome: SendOutcome, now: int, policy: Policy) -> Change | None:
    """The outcome of the try that `fence` names. None: nothing new in it."""
    tries = state.open.split()
    if str(fence) not in tries and not isinstance(outcome, Accepted):
        return None
    held = state.phase is Phase.HELD and state.fence == fence
    if isinstance(outcome, Accepted):
        if _untold(state):
            return at_vendor(state, now, policy, outcome.provider_code, "")
        return turn(state, now, tell=False, open="") if state.open else None
    accounted = isinstance(outcome, Refused | Divided | NotSent | Busy)
    still_open = _without(state.open, fence) if accounted else state.open
    if not held:
        return _heard_late(state, outcome, still_open, now, policy) if accounted else None
    if isinstance(outcome, NotSent | Busy):
        return _not_taken(state, outcome, still_open, now, policy)
    if isinstance(outcome, Refused):
        return _refused(state, outcome, still_open, now, policy)
    if isinstance(outcome, Divided):
        return _divided(state, outcome, still_open, now, policy)
    if isinstance(outcome, Duplicate):
        return ask(state, now, policy, "the vendor has the reference already", outcome.provider_code, stalls=0)
    return _lost(msgspec.structs.replace(state, stalls=0), outcome.detail, now, policy)


def _not_taken(state: State, outcome: NotSent | Busy, still_open: str, now: int, policy: Policy) -> Change:
    fields: dict[str, Any] = {}
    code, detail = "", "the vendor asked to wait"
    if isinstance(outcome, NotSent):
        detail = outcome.detail
    else:
        code = outcome.provider_code
        # The vendor has seen the reference: it is used up, unless an open try has it too.
        fields["generation"] = state.generation + (not still_open)
    if state.handover:
        # There is time: until it has to be with the vendor, and then the gateway keeps it.
        return later(state, now, LONGEST_PAUSE_MS, detail, code, open=still_open, stalls=0, **fields)
    if not still_open and policy.onward and policy.onward_serves and not policy.onward_wraps:
        return move_on(state, now, policy.onward, detail, code, **fields)
    change = later(state, now, LONGEST_PAUSE_MS, detail, code, open=still_open, stalls=0, **fields)
    if still_open or not (policy.onward and policy.onward_serves):
        return change
    # Round the route again: with a pause, or two vendors that fail would toss it to and fro.
    return change._replace(state=msgspec.structs.replace(change.state, provider=policy.onward))


def _refused(state: State, outcome: Refused, still_open: str, now: int, policy: Policy) -> Change:
    fields: dict[str, Any] = {"open": still_open, "stalls": 0}
    if still_open:
        # One proof is not proof of all: an earlier try may have been taken.
        return ask(state, now, policy, "refused, but an earlier answer was lost", outcome.provider_code, **fields)
    again = outcome.about != "message" and state.status is not Status.UNCERTAIN
    if again and outcome.about == "schedule" and state.handover:
        fields = {"generation": state.generation + 1}
        return kept_here(state, now, outcome.detail, outcome.provider_code, **fields)
    if again and policy.onward:
        refused = f"{state.refused}{state.provider} "
        fields = {"refused": refused, "attempts": 0, "generation": state.generation + 1}
        if state.handover:
            change = kept_here(state, now, outcome.detail, outcome.provider_code, **fields)
            return change._replace(state=msgspec.structs.replace(change.state, provider=policy.onward))
        return move_on(state, now, policy.onward, outcome.detail, outcome.provider_code, **fields)
    state = msgspec.structs.replace(state, **fields)
    return end(state, now, Status.FAILED, outcome.reason, outcome.provider_code, outcome.detail)


def _divided(state: State, outcome: Divided, still_open: str, now: int, policy: Policy) -> Change:
    if still_open:
        fields: dict[str, Any] = {"open": still_open, "stalls": 0}
        return ask(state, now, policy, "refused, but an earlier answer was lost", outcome.provider_code, **fields)
    return in_less_company(state, now, outcome.party, outcome.detail, outcome.provider_code)


def _heard_late(state: State, outcome: SendOutcome, still_open: str, now: int, policy: Policy) -> Change | None:
    """That a try was not taken, heard when its lease had ended. Where it was the last one open and nobody holds the
    message, nothing is under its reference: what would be asked or resent in doubt is decided instead."""
    waits = state.phase in (Phase.WAITING, Phase.QUEUED, Phase.ASKING)
    if still_open or not (waits or state.status is Status.UNCERTAIN):
        return turn(state, now, tell=False, open=still_open)
    if isinstance(outcome, Refused):
        return _refused(state, outcome, "", now, policy)
    if state.status is Status.UNCERTAIN:
        state = msgspec.structs.replace(state, open="")
        what = "never left" if isinstance(outcome, NotSent) else "not taken"
        return end(state, now, Status.FAILED, Reason.PROVIDER_ERROR, detail=f"{what}, and heard of too late")
    party = outcome.party if isinstance(outcome, Divided) else state.party
    return later(state, now, LONGEST_PAUSE_MS, "an earlier try was not taken", open="", stalls=0, party=party)


def _resendable(state: State, policy: Policy) -> bool:
    """Once more under the same reference does no harm. What was forgotten may have been a move to another vendor."""
    elsewhere = _outlived(state) and policy.routed
    return policy.guarantee is Guarantee.DEDUPLICATED and not elsewhere


def _outlived(state: State) -> bool:
    return bool({FORGOTTEN, FACED} & {*state.open.split()})


def _lost(state: State, detail: str, now: int, policy: Policy) -> Change:
    """The answer to a try is lost: what follows depends on what the provider type guarantees."""
    detail = f"answer lost: {detail}"
    tries = "".join(f"{FACED if each == FORGOTTEN else each} " for each in state.open.split())
    state = msgspec.structs.replace(state, open=tries)
    if _resendable(state, policy) and now < state.expires_at and state.stalls <= MAX_STALLS:
        return later(state, now, 300_000, detail)
    if policy.queryable:
        return ask(state, now, policy, detail)
    if policy.resend_blind and state.resends < MAX_BLIND_RESENDS and now < state.deadline:
        again: dict[str, Any] = {"generation": state.generation + 1, "resends": state.resends + 1}
        return later(state, now, 30_000, detail, **again)
    return uncertain(state, now, policy, detail)


def pass_over(state: State, now: int, policy: Policy, other: str = "") -> Change | None:
    """A queued message whose provider takes nothing now, or is not configured any more: to one that serves. `other`:
    one that routing finds where the message's own route has none. None: it stays where it is."""
    if state.phase is not Phase.QUEUED:
        return None
    if state.handover and not state.open:
        return None if policy.configured else kept_here(state, now, "the provider that was to keep it is gone")
    if policy.configured:
        if state.open or not policy.onward_serves:
            return None
        return move_on(state, now, policy.onward, "passed over: it takes no requests now")
    onward = policy.onward or other
    if state.open or not onward:
        return later(state, now, 60_000, "", tell=False)
    return move_on(state, now, onward, "it is not configured any more")


def give_back(state: State, fence: int, now: int) -> Change | None:
    """A take that was never acted on: nothing was written to the vendor. Not after an adoption: in the Redis that was
    lost it may have been acted on since."""
    if str(fence) not in state.open.split() or state.phase is not Phase.HELD or state.fence != fence:
        return None
    if _outlived(state):
        return None
    return turn(
        state,
        now,
        tell=False,
        open=_without(state.open, fence),
        phase=Phase.QUEUED,
        owner="",
        due=state.deadline,
        stalls=max(state.stalls - 1, 0),
    )


def wake(state: State, now: int, policy: Policy) -> Verdict:
    """What the agenda does with a message when it is due; "ask": the vendor is to be asked."""
    if now < state.due or state.phase is Phase.DONE:
        return None
    if state.phase is Phase.HELD:
        return _lost(state, "the process that sent it stopped", now, policy)
    if state.phase is Phase.ASKING:
        return "ask" if policy.queryable else uncertain(state, now, policy, "its provider cannot be asked any more")
    if state.phase is Phase.RESTING:
        if state.status is Status.SCHEDULED:
            return "ask" if policy.checkable else its_time(state, now, policy)
        ends = _news_since(state) + policy.no_news_after
        if state.status in (Status.SUBMITTED, Status.UNCERTAIN) and now < ends:
            if policy.queryable:
                return "ask" if state.status is Status.SUBMITTED else ask(state, now, policy, "it can be asked again")
            return turn(state, now, tell=False, due=min(ends, now + policy.settle_after))
        reason = Reason.NO_ANSWER if state.status is Status.SUBMITTED else ""
        fields: dict[str, Any] = {"reason": reason} if reason else {}
        return turn(state, now, tell=False, final_at=now, **fields, **END)
    if now >= state.expires_at:
        if state.open:
            return ask(state, now, policy, "expired while an answer is missing: only asked about from now on")
        return end(state, now, Status.EXPIRED, Reason.EXPIRED, detail="not handed to a vendor in time")
    if now >= state.deadline:
        if state.open and _resendable(state, policy):
            # A plain message under the same reference: the vendor refuses it where it has the reservation.
            if now < state.send_at or state.phase is Phase.QUEUED:  # what is in a queue cannot be put there again
                return turn(state, now, tell=False, phase=Phase.WAITING, due=max(state.send_at, now))
            said = "its answers were lost until its time: sent by the gateway, under the same reference"
            fields = {"phase": Phase.QUEUED, "handover": 0, "due": state.expires_at, "attempts": 0}
            return turn(state, now, Status.QUEUED, detail=said, **fields)
        if state.open:
            return ask(state, now, policy, "too late to hand it over, while an answer is missing: only asked about now")
        return kept_here(state, now, "the vendor could not be given it in time: the gateway keeps it")
    if state.phase is Phase.QUEUED and state.open:
        return _lost(state, "the store lost track of it", now, policy)
    if state.phase is Phase.WAITING:
        if FORGOTTEN in state.open.split() and not _resendable(state, policy):
            if not policy.configured:  # it must not be in a queue, should its provider come back
                return later(state, now, 60_000, "", tell=False)
            return _lost(state, "the store lost track of it", now, policy)
        status = Status.QUEUED if state.status is Status.SCHEDULED and not state.handover else None
        return turn(state, now, status, tell=status is not None, phase=Phase.QUEUED, due=state.deadline)
    return None


def _news_since(state: State) -> int:
    """From when on news of it can be expected."""
    return max(state.answered_at or state.asked_since, state.asked_since, state.send_at)


def _untold(state: State) -> bool:
    """It may be at the vendor, and nobody was told so yet."""
    if state.status in (Status.SCHEDULED, Status.QUEUED):
        return bool(state.open)
    return state.status in (Status.SUBMITTING, Status.UNCERTAIN)


def found(state: State, finding: Finding, now: int, policy: Policy) -> Change | None:
    """What the vendor said when asked about the current reference.

    The receipts of a `Known` are applied by `receipt`, one by one, after this.
    """
    if state.phase is Phase.RESTING and state.status is Status.SCHEDULED:
        return found_keeping(state, finding, now, policy)
    if isinstance(finding, Kept) and _untold(state):
        return at_vendor(state, now, policy, "", "")
    if isinstance(finding, Known) and _untold(state):
        return arrived(state, now, policy, "", "the vendor lists it")
    if state.phase is Phase.RESTING and state.status is Status.SUBMITTED:
        return turn(state, now, tell=False, due=_next_look(state, now, policy), attempts=state.attempts + 1)
    if state.phase is not Phase.ASKING:
        return None
    asked_for = now - state.asked_since
    if isinstance(finding, Unanswered | Unknown) and now - _news_since(state) >= policy.no_news_after:
        tell = state.status is not Status.UNCERTAIN
        return turn(state, now, Status.UNCERTAIN, tell=tell, final_at=now, **END)
    if isinstance(finding, Unknown) and state.status is not Status.UNCERTAIN and asked_for >= policy.settle_after:
        return uncertain(state, now, policy, "the vendor does not list it")
    attempts = state.attempts + 1
    wait = doubt(policy, attempts) if state.status is Status.UNCERTAIN else pause(attempts, 60_000)
    if state.handover and state.status is Status.UNCERTAIN and wait == LONGEST_DOUBT_MS:
        # There is time until it matters.
        wait = max(min(6 * 3_600_000, state.send_at - now), wait)
    return turn(state, now, tell=False, due=now + wait, attempts=attempts)


def _next_look(state: State, now: int, policy: Policy) -> int:
    """When to ask again about a message without a receipt: after twice as long each time, at most six hours."""
    wait = min(policy.reconcile_after << min(state.attempts + 1, 10), max(policy.reconcile_after, 6 * 3_600_000))
    return min(now + wait, max(_news_since(state) + policy.no_news_after, now + 1000))


_DEAF_TO_UNDELIVERED = frozenset({Status.DELIVERED, Status.FAILED, Status.EXPIRED, Status.CANCELED})


def receipt(state: State, generation: int, word: Receipt, now: int, policy: Policy) -> Change | None:
    """One word from the vendor about the try of `generation`. None: it was told before.

    Only forward: nothing lifts `delivered`, `delivered` lifts everything, and what contradicts is an entry on
    the timeline.
    """
    seen = state.seen.split()
    if word.identity in seen:
        return None
    fields: dict[str, Any] = {"seen": " ".join([*seen[1 - MAX_SEEN :], word.identity])}
    if word.carrier:
        fields["carrier"] = word.carrier
    told: dict[str, Any] = {"provider_code": word.provider_code, "detail": word.detail}
    # A blind resend has a new reference; what is said of those before it is said of this message all the same. A later
    # one than we know of was forgotten by a Redis that lost writes.
    ours = generation >= state.generation - state.resends
    passed = state.handover > 0 and state.status is Status.SCHEDULED and now >= state.send_at
    waits_for_answer = (_untold(state) or passed) and ours
    if word.outcome == "delivered":
        if word.billed is not None:
            fields["billed"] = word.billed
        if state.status is Status.DELIVERED:
            return turn(state, now, **told, **fields)
        fields |= {"open": "", "final_at": now, "reason": "", "reason_code": "", "reason_detail": "", **END}
        return turn(state, now, Status.DELIVERED, answered_at=state.answered_at or now, **told, **fields)
    if word.outcome == "undelivered":
        if not ours or state.status in _DEAF_TO_UNDELIVERED:
            return turn(state, now, **told, **fields)
        if state.resends and len(state.open.split()) > 1:
            # One of several blind tries came to nothing; another may yet arrive.
            return arrived(state, now, policy, word.provider_code, word.detail, **fields)
        fields |= {
            "open": "",
            "owner": "",
            "reason": word.reason or Reason.UNMAPPED,
            "reason_code": word.provider_code,
            "reason_detail": word.detail,
            "answered_at": state.answered_at or now,
        }
        if not state.final_at:
            fields |= {"phase": Phase.RESTING, "due": now + policy.no_news_after}
        return turn(state, now, Status.UNDELIVERED, **told, **fields)
    if waits_for_answer:
        return arrived(state, now, policy, word.provider_code, word.detail, **fields)
    return turn(state, now, **told, **fields)


def cancel(state: State, now: int) -> Change | None:
    """None: it may have left already."""
    if state.phase not in (Phase.WAITING, Phase.QUEUED) or state.open:
        return None
    return end(state, now, Status.CANCELED)
