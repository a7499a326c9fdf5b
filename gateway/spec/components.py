"""From structs to the schemas of the document: msgspec's, made exact for readers and generators of clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import UNSET, inspect

from gateway.spec import batches, events, reservations, rules, vendors, verifications, words
from gateway.spec.examples import PARAMETERS as EXAMPLES
from gateway.spec.words import REF, SCHEMAS

FIELDS = {
    name: fields
    for each in (words, batches, reservations, verifications, rules, events, vendors)
    for name, fields in each.FIELDS.items()
}
Schema = dict[str, Any]
_NULL = {"type": "null"}
_INTEGERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def schemas(structs: Iterable[type]) -> dict[str, Schema]:
    """The schemas of the structs and of all they refer to, by name, in the order they are met."""
    wanted = list(dict.fromkeys(structs))
    _, raw = msgspec.json.schema_components(wanted, ref_template=REF)
    types = {kind.cls.__name__: kind for kind in _named(inspect.multi_type_info(wanted), set())}
    return {name: _component(name, _refined(raw[name]), kind) for name, kind in types.items()}


def parameters(query: type, components: Mapping[str, Schema]) -> Iterator[Schema]:
    """The query parameters a struct stands for."""
    schema = components[query.__name__]
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        field = without_null(field)
        if field.get("default", UNSET) is None:
            del field["default"]
        parameter: Schema = {"name": name, "in": "query"}
        if "description" in field:
            parameter["description"] = field.pop("description")
        parameter |= {"required": name in required, "schema": field}
        if "examples" not in field:
            parameter["example"] = EXAMPLES.get((query.__name__, name)) or EXAMPLES["", name]
        yield parameter


def without_null(schema: Schema) -> Schema:
    """The schema of a value that may be left out and is never null."""
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        schema = schema | {"type": kinds[0] if len(kinds) == 1 else kinds}
    if None in schema.get("enum", ()):
        schema = schema | {"enum": [value for value in schema["enum"] if value is not None]}
    if _NULL in schema.get("anyOf", ()):
        others = [choice for choice in schema["anyOf"] if choice != _NULL]
        rest = {name: value for name, value in schema.items() if name != "anyOf"}
        schema = rest | (others[0] if len(others) == 1 else {"anyOf": others})
    return dict(schema)


Named = inspect.StructType | inspect.EnumType


def _named(kinds: Iterable[inspect.Type], seen: set[int]) -> Iterator[Named]:
    """The structs and enums among types and within them, each once."""
    for kind in kinds:
        if id(kind) in seen:
            continue
        seen.add(id(kind))
        if isinstance(kind, inspect.Metadata):
            yield from _named([kind.type], seen)
        elif isinstance(kind, inspect.EnumType):
            yield kind
        elif isinstance(kind, inspect.StructType):
            yield kind
            yield from _named([field.type for field in kind.fields], seen)
        elif isinstance(kind, inspect.UnionType):
            yield from _named(kind.types, seen)
        elif isinstance(kind, inspect.ListType):
            yield from _named([kind.item_type], seen)
        elif isinstance(kind, inspect.DictType):
            yield from _named([kind.key_type, kind.value_type], seen)


def _refined(schema: Any) -> Any:
    """msgspec's dialect made plain: nulls beside their type, enums typed, one choice a constant, whole bounds,
    room for integers without one."""
    if isinstance(schema, list):
        return [_refined(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain: Schema = {name: _refined(value) for name, value in schema.items()}
    if len(choices := plain.get("anyOf", ())) == 2 and _NULL in choices:
        other = choices[choices[0] == _NULL]
        if isinstance(other.get("type"), str):
            del plain["anyOf"]
            plain = other | plain | {"type": [other["type"], "null"]}
            if "enum" in plain:
                plain["enum"] = [*plain["enum"], None]
    if "enum" in plain and "type" not in plain and all(isinstance(value, str) for value in plain["enum"]):
        plain = {"type": "string"} | plain
    if len(plain.get("enum", ())) == 1:
        plain["const"] = plain.pop("enum")[0]
    if plain.get("type") == "integer":
        plain |= {name: int(plain[name]) for name in _INTEGERS if name in plain}
        if "maximum" not in plain:
            plain["format"] = "int64"  # else generators of clients take 32 bits
    if plain.get("required") == []:
        del plain["required"]
    return plain


def _component(name: str, schema: Schema, kind: Named) -> Schema:
    """One named schema with its words. What a struct leaves out when it has nothing to say is optional, never null;
    what it always says is required."""
    schema.pop("title", None)
    schema |= SCHEMAS.get(name, {})
    if "description" in schema:
        schema["description"] = cleandoc(schema["description"])
    if isinstance(kind, inspect.EnumType):
        members: Iterable[Enum] = kind.cls
        return schema | {"enum": [member.value for member in members]}
    config = kind.cls.__struct_config__
    if config.tag_field and config.tag_field in schema["properties"]:
        tag = schema["properties"][config.tag_field]
        schema["properties"][config.tag_field] = {**FIELDS.get(name, {}).get(config.tag_field, {}), **tag}
    answered = not kind.forbid_unknown_fields
    for field in kind.fields:
        shape = schema["properties"][field.encode_name]
        if _is_time(field.type):
            shape["format"] = "date-time"
        if answered:
            shape.pop("default", None)
            if config.omit_defaults and field.default is None:
                shape = without_null(shape)
        schema["properties"][field.encode_name] = {**FIELDS.get(name, {}).get(field.encode_name, {}), **shape}
    if answered and not config.omit_defaults:
        schema["required"] = [field.encode_name for field in kind.fields if _always_said(field)]
    return schema


def _always_said(field: inspect.Field) -> bool:
    """An answer has it: it has a value even when nobody gave one. UNSET is none, and no default to msgspec."""
    return field.required or field.default is not msgspec.NODEFAULT or field.default_factory is not msgspec.NODEFAULT


def _is_time(kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.Metadata):
        return _is_time(kind.type)
    if isinstance(kind, inspect.UnionType):
        return any(_is_time(choice) for choice in kind.types)
    return isinstance(kind, inspect.DateTimeType)
