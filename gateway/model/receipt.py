"""One word from a vendor about one message, in the gateway's terms."""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.model.reasons import Reason


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery receipt, or one entry of a status query.

    `outcome` is None where the vendor's word says nothing about the outcome: it still proves that the
    vendor has the message. `identity` is equal for repeats of the same word and for nothing else.
    """

    reference: str
    """What we called the message at the vendor (`model.ids.reference`)."""
    identity: str
    outcome: Literal["delivered", "undelivered"] | None = None
    reason: Reason | None = None
    provider_code: str = ""
    detail: str = ""
    billed: int | None = None
    """Segments the vendor bills, where it says so."""
    carrier: str | None = None
    reported_at: int | None = None
    """When the vendor learned it, ms since 1970; None where it does not say."""


class Push(msgspec.Struct, frozen=True, array_like=True):
    """A push as it came, to be read again: but for codes, and but for what is too long. It may hold numbers and texts:
    never to be shown or logged as it is."""

    kind: str
    query: str = ""
    """Percent-encoded."""
    content_type: str = ""
    body: bytes = b""
    size: int = 0
    """Bytes of the three above, when it came."""
    cut: bool = False
    """The end of it is not here."""
    code_dropped: bool = False
    """It told a code, which is not here."""

    @property
    def whole(self) -> bool:
        """It says what it said."""
        return not (self.cut or self.code_dropped)
