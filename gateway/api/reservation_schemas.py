"""What callers send and get of reservations, as typed structs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.problems import Problem
from gateway.api.schemas import Instant, MessageIn, Tag, Text


class ReservationIn(MessageIn, kw_only=True):
    """A message to send later. Exactly one of `text` and `template`."""

    send_at: Annotated[Instant, Meta(description="When to send it; at most 90 days ahead.")]


class ReservationPatchIn(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True):
    """What is to change. At least one of the two."""

    send_at: Annotated[Instant, Meta(description="Another time; at most 90 days ahead.")] | UnsetType = UNSET
    text: Text | UnsetType = UNSET


class ReservationsCancelIn(
    msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True
):
    """Which reservations: all that fit every condition given. Without any, `all` must say so."""

    group_tag: Tag | UnsetType = UNSET
    begins: Annotated[Instant, Meta(description="Those due at or after this time.")] | UnsetType = msgspec.field(
        name="from", default=UNSET
    )
    ends: Annotated[Instant, Meta(description="Those due before this time.")] | UnsetType = msgspec.field(
        name="to", default=UNSET
    )
    all: bool | UnsetType = UNSET


class FailedCancelOut(msgspec.Struct):
    """A reservation that fits and was not canceled, and why."""

    id: str
    problem: Problem


class ReservationsCanceledOut(msgspec.Struct):
    """What became of those that fit."""

    canceled: int
    failed: list[FailedCancelOut]
