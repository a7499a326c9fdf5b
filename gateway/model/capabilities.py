"""What can be said to a vendor at all."""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.model import segments

Verifying = Literal["owner", "call_in", "call_out"]
"""How a vendor tells whose a number is: whether its owner changed; its owner calls, or is called and told a code."""


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """How a vendor keeps messages until their time."""

    ahead: int = 0
    """Seconds before its time that the vendor must have a message, at least."""
    whole: int = 1
    """Seconds its times are multiples of: 60 where it knows minutes only. What is less is dropped."""
    cancelable: bool = False
    """It can be told to drop one, and be asked whether it has one."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said to a vendor at all. Declared once per provider type, checked by `routing`."""

    messages: bool = False
    delivery_reports: bool = False
    """The vendor pushes what became of a message."""
    status_query: bool = False
    """The vendor can be asked what became of a message."""
    carriers: frozenset[str] = frozenset()
    """Carrier hints the vendor has an id for; others are dropped."""
    subject: bool = False
    sender: bool = False
    countries: frozenset[str] = frozenset()
    """ISO 3166 countries it delivers to; empty: everywhere."""
    characters: int | None = None
    """Of a text, at most; None: no such limit."""
    octets: int | None = None
    """Bytes of a text in `charset`, at most; None: no such limit. Checked by `Provider.misfit`, which knows how the
    vendor counts."""
    charset: segments.Encoding | None = None
    """In what the vendor measures texts; `Provider.misfit` refuses what is not in it. None: in the encodings of the
    air, GSM-7 and UCS-2."""
    receivers: int = 1
    """Of one request, at most: messages of equal content leave together."""
    templates: bool = False
    """Texts that are kept at the vendor can be sent."""
    short_urls: bool = False
    balance: bool = False
    usage: bool = False
    reservations: Keeping | None = None
    """The vendor can keep a message until its time; None: only the gateway does."""
    verification: frozenset[Verifying] = frozenset()
    rules: bool = False
    """It has call trees that can be set off (`Provider.rules`)."""
