"""What is asked and answered about rules and their activations, as typed structs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.activating import PREFIX
from gateway.api.listing import Moment
from gateway.api.problems import Problem
from gateway.api.schemas import ReasonOut, Tag, instant
from gateway.model.activation import Activation, ActivationStatus
from gateway.model.voice import Entry, Log, LoggedCall, LoggedMessage
from gateway.store.cases import Case

RuleName = Annotated[str, Meta(min_length=1, max_length=32)]


class RuleOut(msgspec.Struct, rename="camel"):
    """A call tree that is set up at a vendor."""

    rule: str
    provider: str
    min_numbers: int


class RuleList(msgspec.Struct, rename="camel"):
    """The rules the client may use; all on one page."""

    items: list[RuleOut]
    next_cursor: str | None


class RuleNumberIn(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A number that a rule is to have in its list."""

    number: Annotated[str, Meta(min_length=1, max_length=32)]
    group: Annotated[int, Meta(ge=1, le=999)] = 1
    enabled: bool = True
    country: Annotated[str, Meta(pattern="^([A-Z]{2}|id:[0-9]{1,3})$")] | UnsetType = UNSET


class RuleNumbersIn(msgspec.Struct, forbid_unknown_fields=True):
    """The whole list of a rule."""

    numbers: Annotated[list[RuleNumberIn], Meta(min_length=1, max_length=1000)]


class RuleNumberOut(msgspec.Struct):
    """A number in a rule's list."""

    number: str
    group: int
    enabled: bool
    country: str


class RuleNumbersOut(msgspec.Struct):
    """The whole list of a rule."""

    numbers: list[RuleNumberOut]


class ActivationIn(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True):
    """A rule to set off."""

    rule: RuleName
    client_tag: Tag | UnsetType = UNSET


class CallOut(msgspec.Struct, rename="camel", kw_only=True):
    """A call that a rule made."""

    to: str
    status: str
    pressed: int | None
    duration_seconds: int | UnsetType = UNSET
    started_at: datetime | UnsetType = UNSET
    ended_at: datetime | UnsetType = UNSET
    memo: str
    rule: str
    activation_id: str


class CallMessageOut(msgspec.Struct, rename="camel", kw_only=True):
    """A message that a rule sent."""

    to: str
    status: str
    created_at: datetime | UnsetType = UNSET
    memo: str
    rule: str
    activation_id: str


class ActivationOut(msgspec.Struct, rename="camel", kw_only=True):
    """One firing of a rule."""

    id: str
    rule: str
    provider: str
    status: ActivationStatus
    final: bool
    activation_id: str | None
    requested_at: datetime
    client_tag: str | UnsetType = UNSET
    reason: ReasonOut | UnsetType = UNSET


class ActivationLogOut(msgspec.Struct, rename="camel", kw_only=True):
    """One firing of a rule, and what the vendor's log has of it. What went off otherwise than by this API has no
    `id`."""

    id: str | UnsetType = UNSET
    rule: str
    provider: str
    status: ActivationStatus | UnsetType = UNSET
    final: bool | UnsetType = UNSET
    activation_id: str | None
    requested_at: datetime | UnsetType = UNSET
    client_tag: str | UnsetType = UNSET
    reason: ReasonOut | UnsetType = UNSET
    calls: list[CallOut] | UnsetType = UNSET
    messages: list[CallMessageOut] | UnsetType = UNSET
    as_of: datetime | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


class HistoryOut(msgspec.Struct, rename="camel", kw_only=True):
    """What rules did."""

    calls: list[CallOut]
    messages: list[CallMessageOut]
    as_of: datetime


class HistoryQuery(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """All rules, one, or its latest activation; or what happened in a time."""

    rule: RuleName | None = None
    begins: Moment | None = msgspec.field(name="from", default=None)
    ends: Moment | None = msgspec.field(name="to", default=None)
    latest: bool = False


class ActivationQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which rule an id of the vendor's belongs to; whose activation is asked for."""

    rule: RuleName | None = None
    client: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


def number_out(entry: Entry) -> RuleNumberOut:
    return RuleNumberOut(entry.number, entry.group, entry.enabled, entry.country)


def activation_out(case: Case[Activation]) -> ActivationOut:
    state = case.state
    detail = "The vendor refused it."
    return ActivationOut(
        id=PREFIX + case.id,
        rule=state.rule,
        provider=state.provider,
        status=state.status,
        final=state.final_at > 0,
        activation_id=state.activation_id or None,
        requested_at=instant(state.created_at),
        client_tag=state.tag or UNSET,
        reason=ReasonOut(state.reason, detail, state.provider_code or UNSET) if state.reason else UNSET,
    )


def calls_out(log: Log, names: dict[str, str], rule: str | None) -> list[CallOut]:
    """`names`: rules by the vendor's ids; `rule`: the one whose log it is, None for all."""
    return [
        CallOut(
            to=call.to,
            status=call.status,
            pressed=call.pressed,
            duration_seconds=UNSET if call.duration is None else call.duration,
            started_at=_moment(call.started_at),
            ended_at=_moment(call.ended_at),
            memo=call.memo,
            rule=_rule(call, names, rule),
            activation_id=call.activation_id,
        )
        for call in log.calls
    ]


def messages_out(log: Log, names: dict[str, str], rule: str | None) -> list[CallMessageOut]:
    """As `calls_out`."""
    return [
        CallMessageOut(
            to=message.to,
            status=message.status,
            created_at=_moment(message.created_at),
            memo=message.memo,
            rule=_rule(message, names, rule),
            activation_id=message.activation_id,
        )
        for message in log.messages
    ]


def _rule(entry: LoggedCall | LoggedMessage, names: dict[str, str], rule: str | None) -> str:
    return rule or names.get(entry.rule_id, entry.rule_id)


def _moment(at: int | None) -> datetime | UnsetType:
    return UNSET if at is None else instant(at)
