"""What is known after a try, and after asking: the vocabulary between vendor adapters and the lifecycle."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt


class Guarantee(StrEnum):
    """What a provider type promises about a message whose answer was lost."""

    DEDUPLICATED = "deduplicated"
    """The vendor refuses a second message under the same reference: asking again is safe."""
    QUERYABLE = "queryable"
    """The vendor can be asked by our reference whether it has the message."""
    BLIND = "blind"
    """Nothing can be asked and nothing protects a second try."""


class Accepted(msgspec.Struct, frozen=True, tag=True):
    """The vendor has the message and said so."""

    provider_code: str = ""
    balance: int | None = None
    """What is left on the account, where the vendor says so."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The vendor said in words that it did not take the message.

    `about`: "message" (the number or the text: no vendor will take it), "account" (us: credentials, quota,
    sender, address) or "vendor" (its own fault). The last two may be tried at another provider. Or "schedule": it would
    not keep the message until its time, and may take it then.
    """

    reason: Reason
    about: Literal["message", "account", "vendor", "schedule"]
    provider_code: str = ""
    detail: str = ""
    balance: int | None = None
    """What is left on the account, where the vendor says so."""
    divisible: bool = False
    """Of a request for several receivers: it may be about one of them, or about their number."""


class Divided(msgspec.Struct, frozen=True, tag=True):
    """The vendor refused a request for several receivers, of whom this is one; fewer are to be tried together."""

    party: int
    """How many, at most."""
    provider_code: str = ""
    detail: str = ""


class Duplicate(msgspec.Struct, frozen=True, tag=True):
    """The vendor names an earlier request under the same reference; whether that one arrived is to be asked."""

    provider_code: str = ""


class Busy(msgspec.Struct, frozen=True, tag=True):
    """The vendor said that it took nothing now and may later (a rate limit)."""

    provider_code: str = ""


class Unreadable(msgspec.Struct, frozen=True, tag=True):
    """No answer, or one that says nothing certain: a lost answer. `detail` never quotes the body."""

    detail: str = ""
    login_refused: bool = False
    """Whoever answered, somebody counted a failed login."""


class NotSent(msgspec.Struct, frozen=True, tag=True):
    """Provably nothing reached the vendor: no connection came about, or nothing was written."""

    detail: str = ""
    ours: bool = False
    """The fault is the gateway's own and says nothing of the vendor."""


SendOutcome = Accepted | Refused | Divided | Duplicate | Busy | Unreadable | NotSent


class Known(msgspec.Struct, frozen=True, tag=True):
    """The vendor has a message under the reference; its receipts, oldest first, may be empty."""

    receipts: tuple[Receipt, ...] = ()


class Kept(msgspec.Struct, frozen=True, tag=True):
    """The vendor keeps the message under the reference until its time, and has not sent it."""


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """The vendor answered, and lists nothing under the reference."""


class Unanswered(msgspec.Struct, frozen=True, tag=True):
    """The vendor could not be asked (its own error, an unreadable answer): nothing is learned."""

    provider_code: str = ""
    detail: str = ""
    past: bool = False
    """It says that the message's time is over: whether it was sent is another question."""


Finding = Known | Kept | Unknown | Unanswered


class Declined(msgspec.Struct, frozen=True, tag=True):
    """The vendor refused something that is no message, and said so."""

    provider_code: str
    message: str = ""
    """The vendor's own words."""
