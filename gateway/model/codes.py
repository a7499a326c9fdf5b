"""One-time codes: made from a key and never stored; a vendor's kept as keyed digests; masked in stored texts."""

from __future__ import annotations

import hmac
import unicodedata
from hashlib import sha256

import msgspec

HOLE = "{code}"
SHORTEST, LONGEST = 4, 10
"""Digits of a code."""
USUAL = 6
_MASK = "*"


class Hidden(msgspec.Struct, frozen=True, array_like=True):
    """Where a stored text has stars, and which code stands there when it is sent."""

    verification: str
    round: int
    length: int
    at: tuple[int, ...]
    """Where in the text each begins."""


def make(key: bytes, verification: str, round_: int, length: int) -> str:
    """The code of a verification's round, its `length` in digits. The same again to whoever has the key."""
    drawn = hmac.digest(key, f"code\0{verification}\0{round_}".encode(), sha256)
    return str(int.from_bytes(drawn, "big") % 10**length).zfill(length)


def digest(key: bytes, verification: str, code: str) -> bytes:
    """What is kept of a code in place of it: 16 bytes."""
    return hmac.digest(key, f"digest\0{verification}\0{code}".encode(), sha256)[:16]


def same(one: bytes, other: bytes) -> bool:
    """In constant time."""
    return hmac.compare_digest(one, other)


def plain(code: str) -> str:
    """A code as somebody typed it: full-width digits, spaces and hyphens are understood."""
    return "".join(each for each in unicodedata.normalize("NFKC", code) if not each.isspace() and each != "-")


def hide(text: str, verification: str, round_: int, length: int) -> tuple[str, Hidden]:
    """A text with `{code}` in it as it is stored: every hole is stars, as long as the code."""
    parts = text.split(HOLE)
    places, place = [], 0
    for part in parts[:-1]:
        place += len(part)
        places.append(place)
        place += length
    return (_MASK * length).join(parts), Hidden(verification, round_, length, tuple(places))


def show(text: str, hidden: Hidden, key: bytes) -> str:
    """The text as it is sent."""
    code = make(key, hidden.verification, hidden.round, hidden.length)
    for place in hidden.at:
        text = text[:place] + code + text[place + hidden.length :]
    return text
