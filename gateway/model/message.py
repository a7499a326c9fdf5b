"""A message: what was asked (`Content`), where it stands (`State`), and what happened on the way (`Step`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, NamedTuple

import msgspec

from gateway.model.codes import Hidden, show


class Status(StrEnum):
    """Where a message stands, as callers see it."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"
    UNCERTAIN = "uncertain"


Carrier = Literal["docomo", "au", "softbank", "rakuten", "ymobile"]
"""Those a caller or a route can name."""


class Phase(StrEnum):
    """Who moves the message next. `State.due` says when the agenda looks at it, whatever the phase."""

    WAITING = "w"
    """The agenda puts it into the queue when due (a reservation, a pause between tries)."""
    QUEUED = "q"
    """In its provider's queue; due when it expires."""
    HELD = "h"
    """In a dispatcher's hands; due when the lease ends."""
    ASKING = "a"
    """The vendor is asked about it when due."""
    RESTING = "r"
    """The vendor has it; due when no more news is expected, or at its time where the vendor keeps it until then."""
    DONE = "d"
    """Final. A late receipt may still correct it."""


class Content(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What was asked for, as stored: written once, changed only by an edit or erased."""

    to: str
    """E.164."""
    text: str
    """"" where the vendor fills in a `template` of its own."""
    template: str | None = None
    """The id of a text that is kept, and filled in, at the vendor."""
    subject: str | None = None
    sender: str | None = None
    client_tag: str | None = None
    group_tag: str | None = None
    metadata: dict[str, str] | None = None
    carrier: str | None = None
    options: dict[str, Any] | None = None
    """Typed options for the provider type that carries it, already validated."""
    resend_blind: bool = False
    """`duplicateRisk: accept`."""
    encoding: str
    characters: int
    segments: int
    """An estimate; 0 where the text is not known here."""
    route: tuple[str, ...] = ()
    """The providers able to carry it, in order; empty where there is only the one it is with."""
    pinned: bool = False
    """The caller named the provider: no other one carries it."""
    batch: str | None = None
    """The batch it was accepted with."""
    own_deadline: bool = False
    """The caller gave `expiresAt`: another `sendAt` does not move it."""
    binding: bool = False
    """The vendor that is to keep it until its time does not let go of it."""
    hidden: Hidden | None = None
    """The one-time code that the text has stars for: it is put in when the message is sent, and stored nowhere."""


def wording(content: Content) -> tuple[str, ...]:
    """All that a vendor is told of a message but its receiver and its time: messages of equal wording may leave in one
    request."""
    fields = (content.text, content.template, content.subject, content.sender, content.carrier)
    options = msgspec.json.encode(content.options, order="sorted").decode() if content.options else ""
    code = f"{content.hidden.verification}.{content.hidden.round}" if content.hidden else ""  # equal stars, other codes
    return (*(field or "" for field in fields), options, code)


def filled(content: Content, key: bytes) -> Content:
    """As it is sent: with its one-time code, if it has one. Never to be stored or shown."""
    if content.hidden is None:
        return content
    return msgspec.structs.replace(content, text=show(content.text, content.hidden, key), hidden=None)


VERSION = 4
"""Of the state's form. 1 was without `refused`, 2 without `party` and `month`, 3 without `handover`."""


class State(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """Where a message stands. Stored as a MessagePack array; the store's `take` script edits it in place
    by position, so there is no None in it and fields are only ever added at the end.

    Times are ms since 1970, 0 where unset.
    """

    version: int = VERSION
    status: Status
    phase: Phase
    fence: int = 0
    """Counts the takes. A decision made under an older fence is void; evidence never is."""
    generation: int = 1
    """Part of the vendor reference: a new one only when nothing can be under the old."""
    open: str = ""
    """Fences of the tries whose outcome is unknown, each followed by a space. Empty: all accounted for."""
    epoch: int = 0
    provider: str
    client: str
    high: bool = False
    owner: str = ""
    """The dispatcher that holds it."""
    due: int = 0
    expires_at: int
    send_at: int = 0
    created_at: int
    updated_at: int
    final_at: int = 0
    answered_at: int = 0
    """When the vendor first answered, or the gateway ended it."""
    wait_until: int = 0
    """The caller's `Prefer: wait` ends here: decides the status code a replay repeats."""
    watched: bool = False
    """Someone waits for the vendor's answer: publish it."""
    steps: int = 0
    """Entries on the timeline."""
    attempts: int = 0
    """Tries at this provider since it last took or refused something: sets the pause before the next."""
    stalls: int = 0
    """Takes in a row that ended without any outcome (their process died)."""
    asked_since: int = 0
    reason: str = ""
    reason_detail: str = ""
    reason_code: str = ""
    billed: int = -1
    carrier: str = ""
    """The carrier the vendor reported."""
    seen: str = ""
    """Identities of the receipts applied, newest last, separated by spaces."""
    claims: str = ""
    """Names of the idempotency claims, each followed by a space; they end with the record."""
    resends: int = 0
    refused: str = ""
    """Names of the providers that refused it for reasons of their own, each followed by a space."""
    party: int = 0
    """So many messages may share its request to the vendor, which refused more together; 0: as many as it takes."""
    month: int = 0
    """When it was accepted, in the gateway's time zone, like 202611: where usage counts it."""
    handover: int = 0
    """Of a reservation that the vendor keeps, or is to keep: until when it may be given to the vendor. 0: the gateway
    keeps it."""

    @property
    def deadline(self) -> int:
        """After this it is not handed to the vendor, as what it is now."""
        return min(self.handover, self.expires_at) if self.handover else self.expires_at

    @property
    def reserved(self) -> bool:
        """It waits for its time, here or at the vendor, as far as is known."""
        return self.status is Status.SCHEDULED or (
            self.handover > 0 and self.status is Status.UNCERTAIN and not self.final_at
        )


def together(state: State, content: Content) -> tuple[tuple[str, ...], int]:
    """Equal for messages that may share a request: what it says, and until when the vendor is to keep it."""
    return wording(content), state.send_at if state.handover else 0


class Step(NamedTuple):
    """One entry of the timeline, as stored: a JSON array."""

    at: int
    status: str
    provider: str = ""
    provider_code: str = ""
    detail: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One message as the store holds it. `raw` is the state's exact bytes: the ticket for a change."""

    id: str
    state: State
    raw: bytes
    content: Content
    timeline: tuple[Step, ...] = ()


EVENTFUL = frozenset(
    {
        Status.SUBMITTED,
        Status.DELIVERED,
        Status.UNDELIVERED,
        Status.FAILED,
        Status.EXPIRED,
        Status.CANCELED,
        Status.UNCERTAIN,
    }
)
"""Statuses whose entering is an event that clients are told of."""
