"""One firing of a rule: where it stands, and what follows from what is learned. Pure.

Nothing fires it again: an answer that was lost leaves it `uncertain`, until the vendor's notification names it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

WAITS_MS = 120_000
"""How long the vendor's notification, which brings its name for the activation, is waited for."""


class ActivationStatus(StrEnum):
    """Whether the rule went off, as callers see it."""

    STARTED = "started"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class Activation(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """As stored: a MessagePack array. Times in ms since 1970. Fields are only ever added at its end."""

    version: int = 1
    client: str
    provider: str
    rule: str
    status: ActivationStatus = ActivationStatus.UNCERTAIN
    settled: bool = False
    """The vendor's answer is known, or known to be lost."""
    created_at: int
    updated_at: int
    final_at: int = 0
    """0: it may still turn out otherwise."""
    due: int
    """When it is looked at again; 0: never."""
    claims: str = ""
    tag: str = ""
    activation_id: str = ""
    """The vendor's name for it."""
    reason: str = ""
    provider_code: str = ""


def answered(state: Activation, now: int) -> Activation | None:
    """The vendor said that the rule went off."""
    if state.status is not ActivationStatus.UNCERTAIN:
        return None
    return _final(state, ActivationStatus.STARTED, now)


def refused(state: Activation, reason: str, provider_code: str, now: int) -> Activation | None:
    """The vendor said that it did not go off."""
    if state.status is not ActivationStatus.UNCERTAIN:
        return None
    changed = msgspec.structs.replace(state, reason=reason, provider_code=provider_code)
    return _final(changed, ActivationStatus.FAILED, now)


def lost(state: Activation, now: int) -> Activation | None:
    """No answer came, or none that can be read."""
    if state.settled:
        return None
    due = state.created_at + WAITS_MS
    return msgspec.structs.replace(state, settled=True, updated_at=now, due=max(due, now + 1))


def named(state: Activation, activation_id: str, now: int) -> Activation | None:
    """The vendor's notification names it. (Of one that it said did not go off, the later word counts.)"""
    if state.activation_id:
        return None
    changed = msgspec.structs.replace(state, activation_id=activation_id, updated_at=now)
    if changed.status is ActivationStatus.STARTED:
        return changed
    return _final(msgspec.structs.replace(changed, reason="", provider_code=""), ActivationStatus.STARTED, now)


def timed(state: Activation, now: int) -> Activation | None:
    """Its time may be over: for an answer, then for the notification."""
    if state.final_at or now < state.due:
        return None
    if not state.settled:
        return lost(state, now)  # who asked is gone
    return _final(state, state.status, now)


def _final(state: Activation, status: ActivationStatus, now: int) -> Activation:
    return msgspec.structs.replace(
        state, status=status, settled=True, final_at=state.final_at or now, updated_at=now, due=0
    )
