"""What callers send and get of batches, as typed structs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from gateway.api.problems import Problem
from gateway.api.schemas import MessageIn, MessageOut
from gateway.model.message import Status

MOST = 1000
"""Messages of a batch."""

_FIELDS = {field.name: field for field in msgspec.structs.fields(MessageIn)}
SHARED = tuple(name for name in _FIELDS if name not in ("to", "client_tag"))
"""What the messages of a batch to many numbers may have in common."""
Number = _FIELDS["to"].type

# Each item is decoded by itself: what is wrong with one is told there, and sinks no other.
_ELSE = {"description": "Anything else is answered with its problem."}
_AnyMessage = Annotated[Raw, Meta(extra_json_schema={"anyOf": [{"$ref": "#/components/schemas/MessageIn"}, _ELSE]})]
_AnyNumber = Annotated[Raw, Meta(extra_json_schema={"anyOf": [{"type": "string"}, _ELSE]})]

BatchIn: Any = msgspec.defstruct(
    "BatchIn",
    [
        ("messages", Annotated[list[_AnyMessage], Meta(min_length=1, max_length=MOST)] | UnsetType, UNSET),
        ("to", Annotated[list[_AnyNumber], Meta(min_length=1, max_length=MOST)] | UnsetType, UNSET),
        *((name, _FIELDS[name].type, msgspec.field(default=UNSET, name=_FIELDS[name].encode_name)) for name in SHARED),
    ],
    namespace={"__doc__": "Either `messages`, or `to` and what all of them are to be told."},
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
)


class BatchItemOut(msgspec.Struct, rename="camel", kw_only=True):
    """What became of one item: a message, or a problem."""

    index: int
    message: MessageOut | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


class BatchAcceptedOut(msgspec.Struct, rename="camel"):
    """A batch, and what became of each of its items, in their order."""

    batch_id: str
    items: list[BatchItemOut]


class BatchOut(msgspec.Struct, rename="camel"):
    """A batch, and where its messages stand."""

    batch_id: str
    total: int
    counts: dict[Status, int]
    created_at: datetime
