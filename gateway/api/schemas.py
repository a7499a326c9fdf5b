"""What callers send and get, as typed structs. `In` and `Out` exist only here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.accepting import Explanation, Plan
from gateway.api.masking import masked
from gateway.model.ids import BATCH_PREFIX, PREFIX
from gateway.model.message import Carrier, Content, Record, State, Status, Step
from gateway.model.outcome import Guarantee
from gateway.model.receipt import Push
from gateway.providers import TYPES
from gateway.store.orphans import Orphan

Tag = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(min_length=1, max_length=2000, examples=["Your code is 123456"])]
Instant = Annotated[
    datetime, Meta(tz=True, description="RFC 3339 with offset.", examples=["2026-11-20T09:00:00+09:00"])
]


class TemplateIn(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A configured text with holes, and what goes into them."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    values: dict[str, Annotated[str, Meta(max_length=2000)]] | UnsetType = UNSET


OptionsIn: Any = msgspec.defstruct(
    "OptionsIn",
    [
        (name, Annotated[kind.options | UnsetType, Meta(description=f"Heeded by providers of the type {name}.")], UNSET)
        for name, kind in TYPES.items()
        if kind.options
    ],
    namespace={"__doc__": "Options of single provider types; those of other types than the message's are ignored."},
    forbid_unknown_fields=True,
    omit_defaults=True,
)


class MessageIn(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True):
    """A message to send. Exactly one of `text` and `template`."""

    to: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=32,
            description="E.164, or national in the configured default region.",
            examples=["+819012345678"],
        ),
    ]
    text: Text | UnsetType = UNSET
    template: TemplateIn | UnsetType = UNSET
    subject: Annotated[str, Meta(max_length=64, description="Korean LMS only.")] | UnsetType = UNSET
    sender: Annotated[str, Meta(min_length=1, max_length=20)] | UnsetType = msgspec.field(name="from", default=UNSET)
    client_tag: Annotated[Tag, Meta(description="Unique per client: the same tag is the same message.")] | UnsetType = (
        UNSET
    )
    group_tag: Tag | UnsetType = UNSET
    send_at: Annotated[Instant, Meta(description="Makes it a reservation; at most 90 days ahead.")] | UnsetType = UNSET
    held_by: Literal["gateway", "provider"] | UnsetType = UNSET
    expires_at: (
        Annotated[Instant, Meta(description="Never handed to a vendor after this; default 24 h.")] | UnsetType
    ) = UNSET
    priority: Literal["normal", "high"] | UnsetType = UNSET
    provider: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    carrier: Carrier | UnsetType = UNSET
    duplicate_risk: Literal["avoid", "accept"] | UnsetType = UNSET
    metadata: (
        Annotated[
            dict[
                Annotated[str, Meta(min_length=1, max_length=40)],
                Annotated[str, Meta(max_length=500)],
            ],
            Meta(max_length=20),
        ]
        | UnsetType
    ) = UNSET
    options: OptionsIn | UnsetType = UNSET


class TemplateOut(msgspec.Struct, rename="camel"):
    """A text that is kept, and filled in, at the vendor."""

    id: str


class SegmentsOut(msgspec.Struct, rename="camel"):
    """An estimate of the parts a text is cut into; what the vendor bills is `billedSegments`."""

    encoding: Literal["gsm7", "ucs2", "cp932", "cp949"]
    characters: int
    count: int


class ReasonOut(msgspec.Struct, rename="camel"):
    """Why a message did not arrive."""

    code: str
    detail: str
    provider_code: str | UnsetType = UNSET


class EventOut(msgspec.Struct, rename="camel"):
    """One entry of a message's timeline."""

    at: datetime
    status: Status
    provider: str | UnsetType = UNSET
    provider_code: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET


class MessageOut(msgspec.Struct, rename="camel", kw_only=True):
    """A message and where it stands."""

    id: str
    status: Status
    final: bool
    to: str
    text: str
    template: TemplateOut | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    sender: str | UnsetType = msgspec.field(name="from", default=UNSET)
    client_tag: str | UnsetType = UNSET
    group_tag: str | UnsetType = UNSET
    batch_id: str | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    send_at: datetime | UnsetType = UNSET
    expires_at: datetime
    priority: Literal["normal", "high"]
    provider: str
    carrier: str | UnsetType = UNSET
    segments: SegmentsOut | UnsetType = UNSET
    billed_segments: int | UnsetType = UNSET
    reason: ReasonOut | None
    created_at: datetime
    updated_at: datetime
    events: list[EventOut] | UnsetType = UNSET
    held_by: Literal["gateway", "provider"] | UnsetType = UNSET
    cancelable_until: datetime | UnsetType | None = UNSET


class PassedOverOut(msgspec.Struct, rename="camel"):
    """A provider that would not be used."""

    provider: str
    code: str
    detail: str


class ReservationPlanOut(msgspec.Struct, rename="camel"):
    """How a message with `sendAt` would be kept."""

    held_by: Literal["gateway", "provider"]
    cancelable_until: datetime | None


class ExplainOut(msgspec.Struct, rename="camel"):
    """What would become of a message."""

    chosen: str | None
    passed_over: list[PassedOverOut]
    segments: dict[str, SegmentsOut]
    guarantee: Guarantee | None
    reservation: ReservationPlanOut | None
    warnings: list[str]


class MessageList(msgspec.Struct, rename="camel"):
    """One page, newest first. A page may be short and still have a `nextCursor`."""

    items: list[MessageOut]
    next_cursor: str | None


class PushedFieldOut(msgspec.Struct, rename="camel"):
    """One field of a push."""

    name: str
    value: str


class PushOut(msgspec.Struct, rename="camel", kw_only=True):
    """What a vendor pushed, without what it says of people."""

    size: int
    """Bytes, as it came."""
    fields: list[PushedFieldOut]
    others: int
    cut: bool
    code_dropped: bool


class OrphanOut(msgspec.Struct, rename="camel", kw_only=True):
    """A receipt that matches nothing. It holds no number, no text and no code."""

    account: str
    """The vendor account it came from."""
    provider_type: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    received_at: datetime
    reference: str
    """What the vendor calls the message."""
    outcome: Literal["delivered", "undelivered"] | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    provider_code: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    carrier: str | UnsetType = UNSET
    billed_segments: int | UnsetType = UNSET
    reported_at: datetime | UnsetType = UNSET
    push: PushOut | UnsetType = UNSET
    """Left out where it was kept before pushes were."""


class OrphanList(msgspec.Struct, rename="camel"):
    """One page of receipts that match nothing, newest first. A page may be short and still have a `nextCursor`."""

    items: list[OrphanOut]
    next_cursor: str | None


class MeOut(msgspec.Struct, rename="camel"):
    """Whom a key belongs to and what it may do."""

    client: str
    scopes: list[str]


def instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _or_unset(value: Any) -> Any:
    return value if value not in (None, "", 0) else UNSET


def message_out(record_id: str, state: State, content: Content, timeline: tuple[Step, ...] | None = None) -> MessageOut:
    """The message as callers see it; with its events where a timeline is given."""
    reservation: dict[str, Any] = {}
    if state.send_at:
        reservation = {
            "send_at": instant(state.send_at),
            "held_by": "provider" if state.handover else "gateway",
            "cancelable_until": _cancelable_until(state, content),
        }
    return MessageOut(
        id=PREFIX + record_id,
        status=state.status,
        final=bool(state.final_at),
        to=content.to,
        text=content.text,
        template=TemplateOut(content.template) if content.template else UNSET,
        subject=_or_unset(content.subject),
        sender=_or_unset(content.sender),
        client_tag=_or_unset(content.client_tag),
        group_tag=_or_unset(content.group_tag),
        batch_id=BATCH_PREFIX + content.batch if content.batch else UNSET,
        metadata=UNSET if content.metadata is None else content.metadata,
        expires_at=instant(state.expires_at),
        priority="high" if state.high else "normal",
        provider=state.provider,
        carrier=_or_unset(state.carrier or content.carrier),
        segments=_segments(content) if content.segments else UNSET,
        billed_segments=UNSET if state.billed < 0 else state.billed,
        reason=ReasonOut(state.reason, state.reason_detail, _or_unset(state.reason_code)) if state.reason else None,
        created_at=instant(state.created_at),
        updated_at=instant(state.updated_at),
        events=UNSET if timeline is None else [_event_out(step) for step in timeline],
        **reservation,
    )


def _cancelable_until(state: State, content: Content) -> datetime | None:
    """None: not, or not any more."""
    if not state.reserved or (state.handover and content.binding):
        return None
    return instant(state.send_at)


def _segments(content: Content) -> SegmentsOut:
    return SegmentsOut(content.encoding, content.characters, content.segments)  # type: ignore[arg-type]


def explain_out(found: Explanation, guarantee: Guarantee | None) -> ExplainOut:
    return ExplainOut(
        chosen=found.able[0] if found.able else None,
        passed_over=[
            PassedOverOut(passed.provider, passed.misfit.code, passed.misfit.detail) for passed in found.passed_over
        ],
        segments={name: SegmentsOut(size.encoding, size.characters, size.count) for name, size in found.sizes.items()},
        guarantee=guarantee,
        reservation=_plan_out(found.plan) if found.plan else None,
        warnings=[*found.warnings],
    )


def _plan_out(plan: Plan) -> ReservationPlanOut:
    return ReservationPlanOut(plan.held_by, instant(plan.cancelable_until) if plan.cancelable_until else None)


def record_out(record: Record, *, events: bool = True) -> MessageOut:
    return message_out(record.id, record.state, record.content, record.timeline if events else None)


def _event_out(step: Step) -> EventOut:
    return EventOut(
        at=instant(step.at),
        status=Status(step.status),
        provider=_or_unset(step.provider),
        provider_code=_or_unset(step.provider_code),
        detail=_or_unset(step.detail),
    )


def orphan_out(orphan: Orphan) -> OrphanOut:
    word = orphan.receipt
    return OrphanOut(
        account=orphan.account,
        provider_type=_or_unset(orphan.type),
        kind=_or_unset(orphan.push and orphan.push.kind),
        received_at=instant(orphan.received_at),
        reference=word.reference,
        outcome=_or_unset(word.outcome),
        reason=_or_unset(word.reason),
        provider_code=_or_unset(word.provider_code),
        detail=_or_unset(word.detail),
        carrier=_or_unset(word.carrier),
        billed_segments=UNSET if word.billed is None else word.billed,
        reported_at=UNSET if word.reported_at is None else instant(word.reported_at),
        push=_push_out(orphan.push, word.reference) if orphan.push else UNSET,
    )


def _push_out(push: Push, reference: str) -> PushOut:
    fields, others = masked(push, reference)
    return PushOut(
        size=push.size,
        fields=[PushedFieldOut(name, value) for name, value in fields],
        others=others,
        cut=push.cut,
        code_dropped=push.code_dropped,
    )
