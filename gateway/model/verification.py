"""A number that is being verified: where it stands, and what follows from what is learned. Pure.

A *round* is one code, or one call: a resend begins the next one, and ends what the one before could prove. The rules
answer the new state, or None where nothing follows.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

from gateway.model.ids import ALPHABET, LENGTH
from gateway.model.voice import Call, Lines

Method = Literal["owner", "call_in", "call_out", "sms_code"]
TRIES = 5
"""Codes that may be tried in one round."""
KEPT = 20
"""Repeats of so many resends, and of so many tries of rounds before, are known as such."""

_REFERENCE = re.compile(rf"([{ALPHABET}]{{{LENGTH}}})v([0-9]{{1,9}})")


class VerificationStatus(StrEnum):
    """Where a verification stands, as callers see it."""

    PENDING = "pending"
    VERIFIED = "verified"
    EXPIRED = "expired"
    FAILED = "failed"


class Try(NamedTuple):
    """A code that was tried: the name of the request, a keyed digest of the code, whether it was right."""

    request: str
    digest: bytes
    right: bool


class Verification(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """As stored: a MessagePack array. Times in ms since 1970; it holds no code. Fields are only ever added at its
    end."""

    version: int = 1
    method: Method
    client: str
    number: str
    """E.164."""
    status: VerificationStatus = VerificationStatus.PENDING
    created_at: int
    updated_at: int
    expires_at: int
    final_at: int = 0
    """0: not yet."""
    due: int = 0
    """When it is looked at again; 0: never."""
    claims: str = ""
    """The names of its idempotency claims, each followed by a space."""
    tag: str = ""
    provider: str = ""
    """Of the call; of a code sent by message the one the caller named."""
    minutes: int = 0
    lines: Lines = "any"
    rings: int = 0
    text: str = ""
    """Of the message; with `{code}` where it holds one."""
    length: int = 0
    """Digits of a code that the gateway makes."""
    round: int = 1
    message: str = ""
    """The id of this round's message."""
    replaced: str = ""
    """The id of the message of the round before: its code is of no use any more."""
    taken: bool = False
    """The vendor said that it makes this round's call, or waits for it."""
    lost: bool = False
    """The vendor's answer to this round's request was lost: it may make the call, or wait for it, or not."""
    code: bytes = b""
    """A keyed digest of the code that the vendor made and told in this round."""
    tries: tuple[Try, ...] = ()
    """Of this round."""
    past: tuple[Try, ...] = ()
    """The latest of the rounds before: they count no more, and a repeat of them is known."""
    resends: tuple[str, ...] = ()
    """The names of the latest requests for a resend."""
    stamp: str = ""
    """Drawn with each round: of two equal resends within a millisecond each would believe to have begun it."""
    reason: str = ""
    provider_code: str = ""
    verified_at: int = 0
    result: str = ""
    """Of an `owner`: the vendor's answer."""


def reference(id_: str, round_: int) -> str:
    """What a verification's call is named at a vendor: letters and digits."""
    return f"{id_}v{round_}"


def parse_reference(text: str) -> tuple[str, int] | None:
    """The verification and the round that a vendor names; None where the reference is not one of ours."""
    match = _REFERENCE.fullmatch(text.strip().lower())
    return (match[1], int(match[2])) if match else None


def call_of(state: Verification) -> Call:
    """What its vendor is asked for, where it is verified by a call."""
    assert state.method in ("call_in", "call_out")
    return Call(
        method=state.method,
        number=state.number,
        lines=state.lines,
        minutes=state.minutes,
        rings=state.rings,
        text=state.text,
    )


def topic(method: str, number: str) -> str:
    """What a vendor's word about a call is told apart by, where it does not say which one it is about."""
    return f"{method}\0{number}"


Verdict = Literal["verified", "wrong_code", "expired", "too_many_attempts", "already_used", "not_ready", "other_code"]
"""The last two are refusals: there is no code yet to compare with; the request was made before with another one."""


def judged(state: Verification, request: str, digest: bytes, right: bool, now: int) -> tuple[Verdict, Verification]:
    """What is said of a code, and the state afterwards; the same again to a repeat of the same request."""
    for known in (*state.past, *state.tries):
        if known.request == request:
            said: Verdict = "verified" if known.right else "wrong_code"
            return said if known.digest == digest else "other_code", state
    if state.status is VerificationStatus.VERIFIED:
        return "already_used", state
    if state.reason == "too_many_attempts":
        return "too_many_attempts", state
    if state.status is not VerificationStatus.PENDING or now >= state.expires_at:
        return "expired", state
    if state.method == "call_out" and not state.code:
        return "not_ready", state
    tries = (*state.tries, Try(request, digest, right))
    if right:
        return "verified", _final(state, VerificationStatus.VERIFIED, now, tries=tries, verified_at=now)
    if len(tries) >= TRIES:
        return "wrong_code", _final(state, VerificationStatus.FAILED, now, tries=tries, reason="too_many_attempts")
    return "wrong_code", msgspec.structs.replace(state, tries=tries, updated_at=now)


def told_owner(state: Verification, result: str, now: int) -> Verification | None:
    """The vendor answered whose the number is."""
    if state.final_at:
        return None
    return _final(state, VerificationStatus.VERIFIED, now, result=result)


def called_in(state: Verification, now: int) -> Verification | None:
    """The number's owner called."""
    if state.method != "call_in" or not _open(state, now):
        return None
    return _final(state, VerificationStatus.VERIFIED, now, verified_at=now)


def told(state: Verification, round_: int | None, digest: bytes, now: int) -> Verification | None:
    """The vendor told the code of its call, in that round (None: it did not say which)."""
    if state.method != "call_out" or not _open(state, now) or round_ not in (None, state.round):
        return None
    # Another code for the same call takes the place of the first; its tries stay used.
    return None if state.code == digest else msgspec.structs.replace(state, code=digest, taken=True, updated_at=now)


def taken(state: Verification, round_: int, now: int) -> Verification | None:
    """The vendor took the request of that round."""
    if state.round != round_ or state.taken:
        return None
    return msgspec.structs.replace(state, taken=True, updated_at=now)


def unheard(state: Verification, round_: int, now: int) -> Verification | None:
    """The vendor's answer to the request of that round was lost."""
    if state.final_at or state.round != round_ or state.taken or state.lost:
        return None
    return msgspec.structs.replace(state, lost=True, updated_at=now)


def failed(state: Verification, round_: int, reason: str, provider_code: str, now: int) -> Verification | None:
    """What that round needs cannot come about: the vendor refused its call, or its message."""
    if not _open(state, now) or state.round != round_ or state.code:
        return None
    return _final(state, VerificationStatus.FAILED, now, reason=reason, provider_code=provider_code)


def timed(state: Verification, now: int) -> Verification | None:
    """Its time may be over."""
    if state.status is not VerificationStatus.PENDING or now < state.expires_at:
        return None
    return _final(state, VerificationStatus.EXPIRED, now)


def again(state: Verification, request: str, message: str, now: int, stamp: str = "") -> Verification | None:
    """The next round: another code or call, valid as long as the first was; None where there can be none."""
    if state.method not in ("sms_code", "call_out") or not _open(state, now):
        return None
    return msgspec.structs.replace(
        state,
        round=state.round + 1,
        message=message,
        replaced=state.message,
        taken=False,
        lost=False,
        code=b"",
        tries=(),
        past=(*state.past, *state.tries)[-KEPT:],
        resends=(*state.resends, request)[-KEPT:],
        stamp=stamp,
        expires_at=now + state.minutes * 60_000,
        updated_at=now,
    )


def undone(state: Verification, before: Verification, now: int) -> Verification | None:
    """As before the round that has just begun, of which nothing came: its message was refused, or its call never
    left."""
    if not _open(state, now) or state.round != before.round + 1 or state.tries or state.code:
        return None
    return msgspec.structs.replace(before, updated_at=now)


def _open(state: Verification, now: int) -> bool:
    return state.status is VerificationStatus.PENDING and now < state.expires_at


def _final(state: Verification, status: VerificationStatus, now: int, **changes: object) -> Verification:
    fields = {"status": status, "final_at": now, "updated_at": now, "due": 0, **changes}
    return msgspec.structs.replace(state, **fields)
