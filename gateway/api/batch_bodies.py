"""From the body of a batch to its items: each is read by itself, and what is wrong with one is that one's problem."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, structs

from gateway.api.batch_schemas import SHARED, BatchIn, Number
from gateway.api.drafting import given, normalise
from gateway.api.requests import AnyRequest, json_body, schema_error, whole_body
from gateway.api.schemas import MessageIn
from gateway.errors import Code, GatewayError, invalid
from gateway.model import phone

T = TypeVar("T")

SLICE = 100
"""Items read in one turn of the event loop: others have theirs meanwhile."""
STAND_IN = "+819012345678"
"""In the place of a number, where what all messages have in common is checked."""

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")

Item = MessageIn | GatewayError
"""A message asked for, normalised, or why there is none."""
Compared = MessageIn | str | Raw
"""An item as it is compared with a repeat: normalised, or as given where it cannot be."""


class Content(msgspec.Struct, omit_defaults=True):
    """A batch as it is compared with a repeat."""

    items: list[Compared]
    shared: MessageIn | None = None


@dataclass(frozen=True)
class Asked:
    """What a batch asks for. `shared`: what messages to many numbers have in common, as one to `STAND_IN`; None where
    each has a body of its own."""

    items: list[Item]
    content: Content
    shared: MessageIn | None


async def read_batch(request: AnyRequest, default_region: str) -> Asked:
    """Raises what is wrong with the envelope; what messages to many numbers have in common is part of it."""
    body = await _envelope(request)
    shared: MessageIn | None = None
    if raws := given(body.messages):
        pairs = _own(raws, default_region)
    else:
        shared = normalise(MessageIn(to=STAND_IN, **{name: getattr(body, name) for name in SHARED}), default_region)
        pairs = _addressed(body.to, shared, default_region)
    items: list[Item] = []
    compared: list[Compared] = []
    for item, as_compared in pairs:
        items.append(item)
        compared.append(as_compared)
        if len(items) % SLICE == 0:
            await asyncio.sleep(0)
    return Asked(items, Content(compared, shared), shared)


async def _envelope(request: AnyRequest) -> Any:
    """A `BatchIn` in one of its two forms, with nothing of the other."""
    try:
        body = await json_body(request, BatchIn)
    except GatewayError as error:
        if [place.pointer for place in error.errors] == ["/clientTag"]:
            raise invalid("/clientTag", "A clientTag names one message: give one to each of `messages`.") from None
        body = _mended(await whole_body(request)) if error.code is Code.INVALID_REQUEST else None
        if body is None:
            raise
    if given(body.messages) is None and given(body.to) is None:
        raise invalid("", "Give either `messages`, or `to` and what all of them are to be told.")
    if given(body.messages) is not None:
        for field in structs.fields(body):
            if field.name != "messages" and given(getattr(body, field.name)) is not None:
                raise invalid(f"/{field.encode_name}", "Beside `messages` there is no other field: give it to each.")
    return body


def _mended(body: bytes) -> BatchIn | None:
    """JSON that is sound but for halves of surrogate pairs, which programs make when they cut a text within an emoji:
    the items that hold one are refused by themselves."""
    if _HALF.search(body) is None:
        return None
    try:
        whole = json.loads(body)
        if not isinstance(whole, dict) or whole.keys() != {"messages"}:
            return None
        return msgspec.convert({"messages": [Raw(json.dumps(each).encode()) for each in whole["messages"]]}, BatchIn)
    except (ValueError, TypeError, RecursionError):
        return None


def _own(raws: Iterable[Raw], default_region: str) -> Iterator[tuple[Item, Compared]]:
    """Messages with a body each. Pointers are into the item."""
    for raw in raws:
        try:
            body = normalise(_decoded(_messages, raw), default_region)
        except GatewayError as error:
            yield error, raw
        else:
            yield body, body


def _addressed(raws: Iterable[Raw], shared: MessageIn, default_region: str) -> Iterator[tuple[Item, Compared]]:
    """One message to many numbers, to each once. Pointers are into the batch."""
    first: dict[str, int] = {}
    for index, raw in enumerate(raws):
        place = f"/to/{index}"
        try:
            number = phone.parse(_decoded(_numbers, raw), default_region)
        except GatewayError as error:
            yield invalid(place, error.detail), raw
        except phone.InvalidNumber as error:
            yield invalid(place, str(error)), raw
        else:
            if first.setdefault(number, index) == index:
                yield structs.replace(shared, to=number), number
            else:
                yield invalid(place, f"This number was given before, at /to/{first[number]}."), number


def _decoded(decoder: msgspec.json.Decoder[T], raw: Raw) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise schema_error(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("", "This is not valid JSON in UTF-8.") from None


_messages = msgspec.json.Decoder(MessageIn)
_numbers: msgspec.json.Decoder[str] = msgspec.json.Decoder(Number)
