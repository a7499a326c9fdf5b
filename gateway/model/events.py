"""Events: what a client is told of its messages, verifications and activations, and how they are named."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

import msgspec

from gateway.model.ids import ALPHABET
from gateway.model.message import EVENTFUL

PREFIX = "evt_"
TYPES = (
    *sorted(f"message.{status}" for status in EVENTFUL),
    *(f"verification.{status}" for status in ("verified", "expired", "failed")),
    *(f"activation.{status}" for status in ("started", "failed", "uncertain")),
)
TEST = "webhook.test"
"""Told to one endpoint when somebody asks for it; in no feed."""
PATTERNS = ("*", *dict.fromkeys(f"{kind.partition('.')[0]}.*" for kind in TYPES), *TYPES)
"""What an endpoint or a reader may ask for: an event type, all of a kind (`message.*`), or all (`*`)."""
_MS, _NUMBER, _OWNER = 10, 4, 10
_ID = re.compile(rf"[{ALPHABET}]{{{_MS + _NUMBER + _OWNER}}}")


class Place(NamedTuple):
    """Where an event stands in its client's feed; in this order they are told."""

    ms: int
    """When it was recorded, since 1970."""
    number: int
    """Among those of one millisecond."""


BEGINNING = Place(0, 0)


class Event(msgspec.Struct, frozen=True):
    """One change that its client is told of. What it is about is read when it is told."""

    place: Place
    type: str
    subject: str
    """The id of what it is about, without a prefix."""
    steps: int
    """Of a message: how long its timeline was then."""


def public_id(client: str, place: Place) -> str:
    """What the event is called: the same at every try to tell it, and no other one of any client."""
    return PREFIX + _written(place.ms, _MS) + _written(place.number, _NUMBER) + _owner(client)


def parse_id(client: str, public: str) -> Place | None:
    """The place of a client's event; None where the id is none of its events'."""
    bare = public.removeprefix(PREFIX)
    if not public.startswith(PREFIX) or not _ID.fullmatch(bare) or bare[_MS + _NUMBER :] != _owner(client):
        return None
    return Place(_read(bare[:_MS]), _read(bare[_MS : _MS + _NUMBER]))


def wanted(type_: str, patterns: tuple[str, ...]) -> bool:
    """Whether an event type is among those asked for."""
    return any(each in ("*", type_, f"{type_.partition('.')[0]}.*") for each in patterns)


def _owner(client: str) -> str:
    digest = hashlib.sha256(f"feed\0{client}".encode()).digest()
    return _written(int.from_bytes(digest[:8], "big") >> 14, _OWNER)


def _written(value: int, length: int) -> str:
    return "".join(ALPHABET[value >> shift & 31] for shift in range(5 * (length - 1), -1, -5))


def _read(text: str) -> int:
    value = 0
    for character in text:
        value = value * 32 + ALPHABET.index(character)
    return value
