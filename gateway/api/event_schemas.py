"""What is asked and answered about events and webhooks, as typed structs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.schemas import Instant, instant
from gateway.model.events import TYPES
from gateway.settings import Webhook
from gateway.store.feed import EndpointState

EVENT_TYPE: Any = Literal[TYPES]  # the tuple's members


class FeedEventOut(msgspec.Struct, kw_only=True):
    """Something that a client is told of."""

    id: str
    type: EVENT_TYPE
    timestamp: datetime
    data: dict[str, Any]


class ForgottenOut(msgspec.Struct):
    """What an event says of something past its retention."""

    id: str
    status: str
    final: bool


class EventList(msgspec.Struct, rename="camel"):
    """Events in their order."""

    items: list[FeedEventOut]
    next_cursor: str | None


class EventQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Where to begin, and which."""

    after: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    type: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    client: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class RedeliverIn(msgspec.Struct, forbid_unknown_fields=True):
    """Since when to tell again."""

    since: Instant


class RedeliveredOut(msgspec.Struct):
    """Who is told again."""

    endpoints: list[str]


class LastResultOut(msgspec.Struct):
    """What came of the last try."""

    at: datetime
    status: int | UnsetType = UNSET
    error: str | UnsetType = UNSET


class WebhookOut(msgspec.Struct, rename="camel", kw_only=True):
    """An endpoint, and how far it was told."""

    name: str
    client: str
    endpoint: str
    events: list[str]
    enabled: bool
    disabled_at: datetime | UnsetType = UNSET
    backlog: int
    oldest_age_seconds: int | UnsetType = UNSET
    last_result: LastResultOut | UnsetType = UNSET


class WebhookList(msgspec.Struct, rename="camel"):
    """The configured endpoints; all on one page."""

    items: list[WebhookOut]
    next_cursor: str | None


class WebhookTestOut(msgspec.Struct):
    """What an endpoint made of a test event."""

    delivered: bool
    id: str
    status: int | UnsetType = UNSET
    error: str | UnsetType = UNSET


def webhook_out(hook: Webhook, state: EndpointState, now: int) -> WebhookOut:
    """`now`: ms since 1970, by the clock that numbers the feed."""
    last: LastResultOut | UnsetType = UNSET
    if state.tried_at is not None:
        last = LastResultOut(instant(state.tried_at), state.status or UNSET, state.error or UNSET)
    return WebhookOut(
        name=hook.name,
        client=hook.client,
        endpoint=hook.url,
        events=list(hook.events),
        enabled=state.off is None,
        disabled_at=UNSET if state.off is None else instant(state.off),
        backlog=state.backlog,
        oldest_age_seconds=UNSET if state.oldest is None else max(0, now - state.oldest) // 1000,
        last_result=last,
    )
