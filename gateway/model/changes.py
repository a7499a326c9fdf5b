"""The few forms a change of a message takes; `lifecycle` says when each is right."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from gateway.model.message import Phase, State, Status, Step
from gateway.model.policy import Policy

LONGEST_DOUBT_MS = 600_000
"""Between two questions about an `uncertain` message."""
MAX_RETRY_STEPS = 48
MAX_STEPS = 256
"""Timeline entries: retries end theirs at the former, what a vendor says and new statuses at the latter."""


class Change(NamedTuple):
    """A new state, and the timeline entry that tells of it (None: nothing a reader would miss)."""

    state: State
    step: Step | None


def turn(
    state: State,
    now: int,
    status: Status | None = None,
    *,
    provider_code: str = "",
    detail: str = "",
    tell: bool = True,
    **fields: Any,
) -> Change:
    """`state` with `fields` changed, and a timeline entry unless the timeline is full."""
    new_status = status or state.status
    now = max(now, state.updated_at)  # a process whose clock lags behind tells no earlier time
    room = MAX_STEPS if new_status != state.status or "seen" in fields else MAX_RETRY_STEPS
    step = None
    if tell and state.steps < room:
        step = Step(now, new_status, state.provider, provider_code, detail)
    new = msgspec.structs.replace(
        state, status=new_status, updated_at=now, steps=state.steps + (1 if step else 0), **fields
    )
    return Change(new, step)


END: dict[str, Any] = {"phase": Phase.DONE, "owner": "", "due": 0}


def end(
    state: State, now: int, status: Status, reason: str = "", code: str = "", detail: str = "", **fields: Any
) -> Change:
    """The message is final."""
    return turn(
        state,
        now,
        status,
        provider_code=code,
        detail=detail,
        reason=reason or state.reason,
        reason_code=code if reason else state.reason_code,
        reason_detail=detail if reason else state.reason_detail,
        final_at=now,
        answered_at=state.answered_at or now,
        **END,
        **fields,
    )


def kept(state: State, now: int, code: str, detail: str) -> Change:
    """The vendor has the message and keeps it until its time: every open try is accounted for."""
    fields: dict[str, Any] = {"open": "", "owner": "", "stalls": 0, "attempts": 0, "phase": Phase.RESTING}
    fields |= {"due": max(state.send_at, now), "answered_at": state.answered_at or now, "asked_since": 0}
    detail = detail or "the vendor keeps it until its time"
    return turn(state, now, Status.SCHEDULED, provider_code=code, detail=detail, **fields)


def kept_here(state: State, now: int, detail: str, code: str = "", **fields: Any) -> Change:
    """A reservation that no vendor has, and that the gateway keeps from now on."""
    fields |= {"open": "", "owner": "", "stalls": 0, "attempts": 0, "handover": 0, "phase": Phase.WAITING}
    return turn(state, now, Status.SCHEDULED, provider_code=code, detail=detail, due=state.send_at, **fields)


def arrived(state: State, now: int, policy: Policy, code: str, detail: str, **fields: Any) -> Change:
    """The vendor has the message: every open try is accounted for."""
    fields |= {"open": "", "owner": "", "stalls": 0, "answered_at": state.answered_at or now}
    if state.final_at:
        fields |= END  # told as final once, it stays so: its record may end soon
    elif policy.reports:
        fields |= {"phase": Phase.RESTING, "attempts": 0}
        fields["due"] = now + (
            min(policy.reconcile_after, policy.no_news_after) if policy.queryable else policy.no_news_after
        )
    else:
        fields |= {"final_at": now, **END}
    return turn(state, now, Status.SUBMITTED, provider_code=code, detail=detail, **fields)


def uncertain(state: State, now: int, policy: Policy, detail: str) -> Change:
    """The answer is lost, and nothing safe is left to try."""
    fields: dict[str, Any] = {"owner": "", "asked_since": state.asked_since or now}
    if policy.queryable:
        fields |= {"phase": Phase.ASKING, "due": now + doubt(policy, 0), "attempts": 0}
    elif policy.reports:
        # A provider that is not configured may come back and be asked.
        looks = policy.no_news_after if policy.configured else min(policy.settle_after, policy.no_news_after)
        fields |= {"phase": Phase.RESTING, "due": now + looks}
    else:
        fields |= {"final_at": now, **END}
    return turn(state, now, Status.UNCERTAIN, detail=detail, **fields)


def ask(state: State, now: int, policy: Policy, detail: str, code: str = "", **fields: Any) -> Change:
    """Only the vendor's word settles it now."""
    if not policy.queryable:
        return uncertain(msgspec.structs.replace(state, **fields), now, policy, detail)
    fields |= {"phase": Phase.ASKING, "owner": "", "due": now, "asked_since": now, "attempts": 0}
    return turn(state, now, detail=detail, provider_code=code, **fields)


def doubt(policy: Policy, attempts: int) -> int:
    """ms until the vendor is asked again about an `uncertain` message: twice as long each time, ten minutes at most."""
    return min(max(policy.settle_after, 1000) << min(attempts, 10), LONGEST_DOUBT_MS)


def pause(attempts: int, longest: int) -> int:
    """1, 2, 4 ... seconds, at most `longest`; in ms."""
    return min(1000 << min(attempts, 12), longest)


def later(
    state: State, now: int, longest: int, detail: str, code: str = "", *, tell: bool = True, **fields: Any
) -> Change:
    due = min(now + pause(state.attempts, longest), max(state.deadline, now))
    fields |= {"phase": Phase.WAITING, "owner": "", "due": due, "attempts": state.attempts + 1}
    return turn(state, now, detail=detail, provider_code=code, tell=tell, **fields)


def move_on(state: State, now: int, provider: str, detail: str, code: str = "", **fields: Any) -> Change:
    """Into another provider's queue. Only ever called with every try accounted for."""
    change = _requeued(state, now, detail, code, party=0, **fields)
    # The timeline entry names the provider that is left behind, the state the next one.
    return change._replace(state=msgspec.structs.replace(change.state, provider=provider))


def in_less_company(state: State, now: int, party: int, detail: str, code: str = "") -> Change:
    """Into its provider's queue again, to share a request with fewer others. Only with every try accounted for."""
    return _requeued(state, now, detail, code, party=party, generation=state.generation + 1)


def _requeued(state: State, now: int, detail: str, code: str, **fields: Any) -> Change:
    fields |= {"open": "", "phase": Phase.QUEUED, "owner": "", "due": state.deadline, "stalls": 0}
    return turn(state, now, detail=detail, provider_code=code, **fields)
