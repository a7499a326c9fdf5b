"""Sortable ids that carry their lane, and the vendor references made of them.

An id is 26 characters of Crockford's base 32 in lower case: 10 of time (ms since 1970), 2 of lane, 14 random
(70 bits). Ids sort by creation; whoever holds one knows which shard its record lies in without asking.
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
MAX_LANES = len(ALPHABET) ** 2
LENGTH = 26
PREFIX = "msg_"
BATCH_PREFIX = "bat_"

_ID = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")
_REFERENCE = re.compile(rf"([{ALPHABET}]{{{LENGTH}}})g([0-9]{{1,9}})")
_PAIRS = tuple(a + b for a in ALPHABET for b in ALPHABET)


def lane_name(number: int) -> str:
    """The two characters that name a lane in ids and, in braces, in keys."""
    return _PAIRS[number]


def new_id(lane: str, now_ms: int) -> str:
    """A new id in `lane`, without prefix."""
    time_part = "".join(_PAIRS[(now_ms >> shift) & 1023] for shift in (40, 30, 20, 10, 0))
    noise = secrets.randbits(70)
    noise_part = "".join(_PAIRS[(noise >> shift) & 1023] for shift in (60, 50, 40, 30, 20, 10, 0))
    return time_part + lane + noise_part


def lane_of(id_: str) -> str:
    return id_[10:12]


def created_ms(id_: str) -> int:
    """The creation time an id carries, ms since 1970."""
    value = 0
    for character in id_[:10]:
        value = value * 32 + ALPHABET.index(character)
    return value


def parse_public(public: str, prefix: str = PREFIX) -> str | None:
    """`msg_...` (or another prefix) as a caller gives it, without its prefix; None where it cannot be an id of ours."""
    if not public.startswith(prefix):
        return None
    bare = public[len(prefix) :]
    return bare if _ID.fullmatch(bare) else None


class Reference(NamedTuple):
    """A vendor reference taken apart."""

    id: str
    generation: int


def reference(id_: str, generation: int) -> str:
    """What a message is called at a vendor: letters and digits only, so that every vendor takes it."""
    return f"{id_}g{generation}"


def parse_reference(text: str) -> Reference | None:
    """The message a vendor's receipt names; None where the reference is not one of ours."""
    match = _REFERENCE.fullmatch(text.strip().lower())
    return Reference(match[1], int(match[2])) if match else None
