"""Calls: those by which a number is verified, and those of rules (call trees that are kept at a vendor)."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Lines = Literal["mobile", "landline", "any"]

ACTIVATION_ID = re.compile(r"(?=.*[0-9])[0-9A-Za-z_-]{1,64}")
"""What a vendor's name for an activation may be, so that it can stand in a path, where words mean something else."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call by which a number is verified: its owner calls in, or is called and told a code that the vendor makes."""

    method: Literal["call_in", "call_out"]
    number: str
    """E.164."""
    lines: Lines
    """Which numbers may be verified by it; `number` is one of these."""
    minutes: int
    """How long it is possible: 1 to 999."""
    rings: int = 0
    """Of a call out: how often it rings at most, 1 to 99."""
    text: str = ""
    """Of a call in: sent to the number as a message; "" for none."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's word about a number that is being verified: its owner has called in, or will give a code."""

    method: Literal["call_in", "call_out"]
    reference: str = ""
    """What the call was named at the vendor; "" where the push does not say."""
    number: str = ""
    """E.164; "" where the push does not say."""
    texted: bool | None = None
    """Of a call in: whether a text was sent with it; None where the push does not say."""
    code: str = ""
    """Of a call out: the digits that the vendor reads out. Never to be logged or stored as they are."""

    def __repr__(self) -> str:
        return f"Proof(method={self.method!r}, ...)"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A call tree that is kept at a vendor."""

    name: str
    """In the configuration."""
    id: str = ""
    """The vendor's own; "" where it is not configured."""
    min_numbers: int = 1
    """How many numbers its list has at least."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A number in a rule's list."""

    number: str
    """E.164; or as the vendor has it, where that is no number of its country."""
    country: str
    """ISO 3166; or `id:N`, N being the vendor's own number for a country that its document does not print."""
    group: int = 1
    """From 1."""
    enabled: bool = True
    """Whether it is called."""


class LoggedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a rule made. Times in ms since 1970; None where the vendor does not say."""

    to: str
    """As the vendor has it, E.164 as a rule."""
    status: str
    """The vendor's word."""
    pressed: int | None = None
    """The key that was pressed; None: none."""
    duration: int | None = None
    """Seconds."""
    started_at: int | None = None
    ended_at: int | None = None
    memo: str = ""
    rule_id: str = ""
    """The vendor's."""
    activation_id: str = ""


class LoggedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a rule sent."""

    to: str
    status: str
    created_at: int | None = None
    memo: str = ""
    rule_id: str = ""
    activation_id: str = ""


class Log(msgspec.Struct, frozen=True):
    """What rules did, as far as the vendor tells yet, in its order."""

    calls: tuple[LoggedCall, ...] = ()
    messages: tuple[LoggedMessage, ...] = ()


class Notice(msgspec.Struct, frozen=True):
    """A vendor's word that a rule went off."""

    activation_id: str
    """The vendor's name for it; matches `ACTIVATION_ID`."""
    rule_id: str = ""
    """The vendor's; "" where the push does not say."""
