"""What happened, typed: read from the feed, or told to a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from .errors import UnexpectedAnswerError, WebhookRefusedError
from .generated.models import ActivationEventOut, MessageEventOut, VerificationEventOut

MessageEvent = MessageEventOut
VerificationEvent = VerificationEventOut
ActivationEvent = ActivationEventOut


@dataclass(frozen=True)
class OtherEvent:
    """An event of a kind that this version does not know; `data` as it came."""

    id: str
    type_: str
    timestamp: datetime
    data: Any


Event = MessageEvent | VerificationEvent | ActivationEvent | OtherEvent
_KINDS: dict[str, type[MessageEvent] | type[VerificationEvent] | type[ActivationEvent]] = {
    "message": MessageEvent,
    "verification": VerificationEvent,
    "activation": ActivationEvent,
}


def typed(event: Mapping[str, Any]) -> Event:
    """The event as one of its kind. Raises UnexpectedAnswerError where it is no event."""
    try:
        kind = _KINDS.get(event["type"].partition(".")[0])
        if kind is not None:
            return kind.from_dict(event)
        moment = datetime.fromisoformat(event["timestamp"])
        return OtherEvent(id=event["id"], type_=event["type"], timestamp=moment, data=event["data"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswerError(f"an event is not of the documented shape: {error!r}") from error


class WebhookVerifier:
    """Tells the gateway's webhooks from anybody else's. Takes several secrets while they are being rotated."""

    def __init__(self, *secrets: str) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed")
        self._webhooks = [Webhook(secret) for secret in secrets]

    def event(self, body: bytes | str, headers: Mapping[str, str]) -> Event:
        """The event in a request's body, exactly as it came. Raises WebhookRefusedError for what is not from the
        gateway, or is older than five minutes, and UnexpectedAnswerError for what is from it, and no event as far as
        this version knows. The same event may come again: its `id` is the same then."""
        for webhook in self._webhooks:
            try:
                return typed(webhook.verify(body, dict(headers.items())))
            except (WebhookVerificationError, ValueError, RecursionError) as error:
                why = str(error)
        raise WebhookRefusedError(f"not a webhook of the gateway's: {why}")
