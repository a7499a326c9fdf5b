"""From a request body to a draft, and to the claims that make its repeat a repeat."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from gateway.accepting import Draft
from gateway.api.schemas import MessageIn
from gateway.errors import invalid
from gateway.model import phone, segments
from gateway.model.message import Content
from gateway.settings import Client, Settings
from gateway.store.messages import Claims, claim_name
from gateway.templates import Wanted, fill

T = TypeVar("T")

HASH_VERSION = b"1"
"""Goes into every content hash: a later way of hashing must not call an old repeat a mismatch."""
_canonical = msgspec.json.Encoder(order="sorted")


def given(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def normalise(body: MessageIn, default_region: str) -> MessageIn:
    """The body as it is compared with a repeat: `to` as E.164, instants in UTC, nothing filled in."""
    try:
        to = phone.parse(body.to, default_region)
    except phone.InvalidNumber as error:
        raise invalid("/to", str(error)) from None
    return msgspec.structs.replace(
        body, to=to, send_at=utc("/sendAt", body.send_at), expires_at=utc("/expiresAt", body.expires_at)
    )


def draft_of(body: MessageIn, settings: Settings) -> Draft:
    """What a normalised body asks for."""
    text, template = _wording(body, settings)
    if body.held_by is not UNSET and body.send_at is UNSET:
        raise invalid("/heldBy", "heldBy belongs to a reservation: give sendAt too.")
    send_at = given(body.send_at)
    return Draft(
        content=Content(
            to=body.to,
            text=text,
            subject=given(body.subject),
            sender=given(body.sender),
            client_tag=given(body.client_tag),
            group_tag=given(body.group_tag),
            metadata=given(body.metadata),
            carrier=given(body.carrier),
            options=None if isinstance(body.options, UnsetType) else msgspec.to_builtins(body.options),
            resend_blind=body.duplicate_risk == "accept",
            encoding="",
            characters=0,
            segments=0,
        ),
        template=template,
        send_at=ms(send_at),
        expires_at=ms(given(body.expires_at)),
        high=body.priority == "high",
        pinned=given(body.provider),
        held_by=given(body.held_by),
    )


def claims_of(
    client: Client, path: str, tag: str | None, key: str | None, body: msgspec.Struct, kind: str = "tag"
) -> Claims:
    """The idempotency claims of a request: the tag's is per client and `kind` of what is asked for (a message, where
    nothing is said), the key's per client and path."""
    return Claims(
        tag=claim_name(client.name, kind, tag) if tag else "",
        key="!" + claim_name(client.name, "key", path, key) if key else "",
        content=hashlib.sha256(HASH_VERSION + _canonical.encode(body)).digest()[:16],
    )


def _wording(body: MessageIn, settings: Settings) -> tuple[str, Wanted | None]:
    """The text, or the template to be looked for at the vendors."""
    text, template = given(body.text), given(body.template)
    if (text is None) == (template is None):
        raise invalid("/text", "Give exactly one of text and template.")
    if template is not None:
        wanted = Wanted(template.id, given(template.values) or {})
        configured = settings.templates.get(template.id)
        return (fill(configured, wanted), None) if configured else ("", wanted)
    assert text is not None
    check_text(text)
    return text, None


def check_text(text: str) -> None:
    """What no schema says."""
    if not segments.encodable(text):
        raise invalid("/text", "The text holds half of a surrogate pair, which no handset can show.")


def utc(pointer: str, value: datetime | UnsetType) -> datetime | UnsetType:
    if isinstance(value, UnsetType):
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise invalid(pointer, "The time lies outside the years 1 to 9999.") from None


def utc_bound(value: datetime | UnsetType) -> datetime | UnsetType:
    """The same of a bound: what no year from 1 to 9999 holds lies before all others, or after them."""
    if isinstance(value, UnsetType):
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return (datetime.min if value.year == 1 else datetime.max).replace(tzinfo=UTC)


def ms(value: datetime | None) -> int | None:
    return None if value is None else int(value.timestamp() * 1000)
