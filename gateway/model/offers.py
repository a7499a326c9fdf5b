"""What vendors tell or make beside messages, in the gateway's terms."""

from __future__ import annotations

import msgspec


class Balance(msgspec.Struct, frozen=True):
    """What is left on the vendor account."""

    amount: int
    currency: str
    """ISO 4217."""
    unit: str
    """What one of `amount` is."""


class Billed(msgspec.Struct, frozen=True):
    """Message parts a vendor bills, to one carrier's handsets where it says so."""

    parts: int
    carrier: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """What the vendor account is billed for a month."""

    billed: tuple[Billed, ...]
    as_of: int
    """ms since 1970: what was sent before is in it."""


class VendorTemplate(msgspec.Struct, frozen=True):
    """A text that is kept at the vendor and filled in by the gateway."""

    id: str
    content: str
    holes: tuple[tuple[str, str], ...] = ()
    """Each parameter's name, and how it stands in `content`."""


class ShortUrl(msgspec.Struct, frozen=True):
    """A short URL the vendor made."""

    url: str
    name: str
