"""How one operation of the API is declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gateway.errors import Code

Scope = Literal["read", "send", "admin"]


ACCEPTING = (
    Code.DUPLICATE_CLIENT_TAG,
    Code.IDEMPOTENCY_KEY_REUSED,
    Code.NO_ROUTE,
    Code.UNSUPPORTED,
    Code.RATE_LIMITED,
    Code.PROVIDER_ERROR,
    Code.PROVIDER_TIMEOUT,
    Code.PROVIDER_UNAVAILABLE,
    Code.OVERLOADED,
    Code.STORE_UNAVAILABLE,
)
"""Problems of accepting one message."""
CANCELING = (
    Code.NOT_CANCELABLE,
    Code.PROVIDER_ERROR,
    Code.PROVIDER_UNAVAILABLE,
    Code.PROVIDER_TIMEOUT,
    Code.STORE_UNAVAILABLE,
)
"""Problems of canceling what a vendor may keep."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A path parameter or a request header."""

    name: str
    description: str
    schema: Mapping[str, Any]
    example: str | None = None


def idempotency_key(description: str) -> Parameter:
    """The header that makes a POST repeatable; `description` says what it keeps from happening twice."""
    return Parameter(
        name="Idempotency-Key",
        description=description,
        schema={"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"},
        example="8f14e45f-ceea-467f-a0e6-f2b1c1a8b3d7",
    )


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a success answers: a struct as JSON, or another media type."""

    description: str
    body: type | None = None
    media_type: str = "application/json"
    schema: Mapping[str, Any] | None = None
    """Of a body that is no struct."""
    headers: tuple[str, ...] = ()
    """Names in `words.HEADERS`."""
    example: object = None


class OneOf(msgspec.Struct, frozen=True):
    """A body of one of several kinds, told apart by the value of one field."""

    name: str
    """Of its schema."""
    description: str
    kinds: tuple[type[msgspec.Struct], ...]
    """Tagged structs."""

    @property
    def field(self) -> str:
        return str(self.kinds[0].__struct_config__.tag_field)

    @property
    def schema(self) -> dict[str, Any]:
        references = {str(kind.__struct_config__.tag): f"#/components/schemas/{kind.__name__}" for kind in self.kinds}
        return {
            "description": self.description,
            "oneOf": [{"$ref": reference} for reference in references.values()],
            "discriminator": {"propertyName": self.field, "mapping": references},
        }


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path. `path` names its parameters as callers read them."""

    method: Literal["get", "post", "put", "patch", "delete"]
    path: str
    id: str
    tag: str
    scope: Scope | None
    """What a key needs to call it; None: no key."""
    summary: str
    description: str
    path_parameters: tuple[Parameter, ...] = ()
    query: type | None = None
    headers: tuple[Parameter, ...] = ()
    body: type | OneOf | None = None
    raw_bodies: Mapping[str, Mapping[str, Any]] = {}
    """Of bodies that are not ours: schema and example by media type."""
    examples: Mapping[str, tuple[str, object]] = {}
    """Bodies by name, each with a line on what it shows."""
    answers: Mapping[int, Answer]
    negotiated: bool = True
    """Whether an `Accept` that excludes the answer is 406; False: it is not looked at."""
    problems: tuple[Code, ...] = ()
    """Codes beyond those that follow from the declaration itself (`codes`)."""

    @property
    def codes(self) -> tuple[Code, ...]:
        """Every problem code this operation may answer, in the order of `Code`."""
        found = {Code.INTERNAL_ERROR, *self.problems}
        if self.negotiated:
            found.add(Code.NOT_ACCEPTABLE)
        if self.scope:  # 400 even where nothing is asked for: unknown query parameters are refused
            found |= {Code.INVALID_REQUEST, Code.UNAUTHORIZED, Code.FORBIDDEN}
        if self.body:
            found.add(Code.UNSUPPORTED_MEDIA_TYPE)
        if self.body or self.raw_bodies:
            found.add(Code.PAYLOAD_TOO_LARGE)
        if self.path_parameters:
            found.add(Code.NOT_FOUND)
        return tuple(code for code in Code if code in found)
