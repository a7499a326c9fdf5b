"""What a caller gives, in Python's words, and the bodies made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Required, TypedDict, TypeVar, Unpack

from .generated.models import (
    BatchIn,
    CallInIn,
    CallOutIn,
    MessageIn,
    OptionsIn,
    OwnerIn,
    ReservationIn,
    ReservationPatchIn,
    SmsCodeIn,
    Status,
)
from .generated.models.call_in_in_lines import CallInInLines
from .generated.models.message_in_carrier import MessageInCarrier
from .generated.models.message_in_duplicate_risk import MessageInDuplicateRisk
from .generated.models.message_in_held_by import MessageInHeldBy
from .generated.models.message_in_priority import MessageInPriority

Body = TypeVar("Body", MessageIn, ReservationIn, BatchIn)


class Content(TypedDict, total=False):
    """All of a message but whom it goes to. What is None is left out."""

    text: str | None
    template: str | None
    """The name of a text with holes, in place of `text`."""
    values: Mapping[str, str] | None
    """What goes into the template's holes."""
    subject: str | None
    from_: str | None
    """The sender that the handset shows."""
    group_tag: str | None
    held_by: MessageInHeldBy | None
    expires_at: datetime | None
    priority: MessageInPriority | None
    provider: str | None
    carrier: MessageInCarrier | None
    duplicate_risk: MessageInDuplicateRisk | None
    metadata: Mapping[str, str] | None
    options: OptionsIn | None


class Message(Content, total=False):
    """A message to send; with `send_at` it is a reservation. A `client_tag` is unique: the same is the same message."""

    to: Required[str]
    client_tag: str | None
    send_at: datetime | None


class Reservation(Content, total=False):
    """A message for later."""

    to: Required[str]
    client_tag: str | None
    send_at: Required[datetime]


class ToMany(Content, total=False):
    """A message for many, but for their numbers."""

    send_at: datetime | None


class MessageFilter(TypedDict, total=False):
    """Which messages; filters combine."""

    client_tag: str | None
    group_tag: str | None
    batch_id: str | None
    status: Status | None
    to: str | None
    provider: str | None
    created_from: datetime | None
    created_to: datetime | None


class ReservationFilter(TypedDict, total=False):
    """Which reservations; filters combine. `date`: `YYYY-MM-DD` in the gateway's time zone."""

    client_tag: str | None
    group_tag: str | None
    date: str | None
    from_: datetime | None
    to: datetime | None


class ByCode(TypedDict, total=False):
    """`text` has `{code}` where the code goes; `length`: its digits, 6 unless told."""

    text: Required[str]
    valid_minutes: Required[int]
    length: int | None
    client_tag: str | None
    provider: str | None


class ByCallIn(TypedDict, total=False):
    """`text`: sent along. `lines`: which telephones may call."""

    valid_minutes: Required[int]
    text: str | None
    lines: CallInInLines | None
    client_tag: str | None
    provider: str | None


class ByCallOut(TypedDict, total=False):
    """`rings`: how often it rings before the call is given up."""

    valid_minutes: Required[int]
    rings: Required[int]
    client_tag: str | None
    provider: str | None


def _made(kind: type[Body], fields: Mapping[str, Any]) -> Body:
    """Raises TypeError for a name that there is not, and for a moment without an offset."""
    given = dict(fields)
    for name in ("send_at", "expires_at"):
        aware(name, given.get(name))
    nested: dict[str, Any] = {}
    template, values = given.pop("template", None), given.pop("values", None)
    if template is not None:
        nested["template"] = {"id": template, **({} if values is None else {"values": values})}
    elif values is not None:
        raise TypeError("`values` goes with a `template`")
    metadata = given.pop("metadata", None)
    if metadata is not None:
        nested["metadata"] = metadata
    plain = kind(**given)
    return kind.from_dict({**plain.to_dict(), **nested}) if nested else plain


def aware(name: str, moment: datetime | None) -> None:
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise TypeError(f"`{name}` has no time zone: say datetime(..., tzinfo=...)")


def message_body(**fields: Unpack[Message]) -> MessageIn:
    return _made(MessageIn, fields)


def reservation_body(**fields: Unpack[Reservation]) -> ReservationIn:
    return _made(ReservationIn, fields)


def batch_body(messages: Iterable[Message]) -> BatchIn:
    return BatchIn(messages=[message_body(**message) for message in messages])


def to_many_body(to: Iterable[str], **fields: Unpack[ToMany]) -> BatchIn:
    if isinstance(to, str):
        raise TypeError("`to` is a list of numbers")
    return _made(BatchIn, {**fields, "to": list(to)})


def code_body(number: str, **how: Unpack[ByCode]) -> SmsCodeIn:
    return SmsCodeIn(method="sms_code", number=number, **how)


def call_in_body(number: str, **how: Unpack[ByCallIn]) -> CallInIn:
    return CallInIn(method="call_in", number=number, **how)


def call_out_body(number: str, **how: Unpack[ByCallOut]) -> CallOutIn:
    return CallOutIn(method="call_out", number=number, **how)


def owner_body(number: str, day: date, client_tag: str | None, provider: str | None) -> OwnerIn:
    text = f"{day:%Y-%m-%d}"
    return OwnerIn(method="owner", number=number, reference_date=text, client_tag=client_tag, provider=provider)


def change_body(send_at: datetime | None, text: str | None) -> ReservationPatchIn:
    aware("send_at", send_at)
    return ReservationPatchIn(send_at=send_at, text=text)


def prefer(wait: int | None) -> str | None:
    """The header `Prefer` for an answer that is held for some seconds."""
    return None if wait is None else f"wait={wait}"
