"""The document in OpenAPI 3.0, for tools that stop there. Pure; what 3.0 cannot say is left out, and stays in words.

Left out are `webhooks`, and of schemas the rules between fields (`if`, `then`, `else`, `dependentRequired`) and about
names (`propertyNames`). All else is said in 3.0's way: null as `nullable`, one value as an `enum` of one, what stands
beside a `$ref` around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_UNSAYABLE = frozenset({"if", "then", "else", "dependentRequired", "propertyNames"})
_OR_NULL = "OrNull"
_REFERENCE = re.compile('"#/components/schemas/([^"]+)"')
_ONE = ("items", "not", "additionalProperties")
_MANY = ("anyOf", "oneOf", "allOf")
_KEPT = frozenset({"example", "examples", "schemas"})
"""Values of callers, which no rule of schemas is about; and what is said anew by itself."""


def in_3_0(document: Mapping[str, Any]) -> Json:
    """The same API, said in OpenAPI 3.0.3."""
    rest = {name: _walked(value, name) for name, value in document.items() if name not in ("openapi", "webhooks")}
    rest["info"] = {name: value for name, value in document["info"].items() if name != "summary"}
    schemas = {name: _schema(schema) for name, schema in rest["components"].pop("schemas").items()}
    schemas |= {name + _OR_NULL: _or_null(said) for name, said in schemas.items()}
    used = set(_REFERENCE.findall(json.dumps([rest, schemas])))
    rest["components"] = {
        **rest["components"],
        "schemas": {name: said for name, said in schemas.items() if name in used},
    }
    return {"openapi": "3.0.3", **rest}


def _walked(value: Any, name: str) -> Any:
    """What holds schemas, with each of them said anew."""
    if name in _KEPT:
        return value
    if name == "schema":
        return _schema(value)
    if isinstance(value, Mapping):
        return {key: _walked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_walked(inner, "") for inner in value]
    return value


def _schema(schema: Any) -> Any:
    if not isinstance(schema, Mapping):  # additionalProperties: false
        return schema
    said: Json = {name: value for name, value in schema.items() if name not in _UNSAYABLE}
    if "properties" in said:
        said["properties"] = {name: _schema(field) for name, field in said["properties"].items()}
    said |= {name: _schema(said[name]) for name in _ONE if name in said}
    said |= {name: [_schema(choice) for choice in said[name]] for name in _MANY if name in said}
    if "const" in said:
        said["enum"] = [said.pop("const")]
    if "examples" in said:
        said["example"] = said.pop("examples")[0]
    if "$ref" in said and len(said) > 1:
        said["allOf"] = [{"$ref": said.pop("$ref")}]
    return _nullable(said)


def _nullable(said: Json) -> Json:
    """Without the type `null`, which 3.0 does not have."""
    if said.get("type") == "null":
        return {**said, "type": "string", "nullable": True, "enum": [None]}
    if isinstance(kinds := said.get("type"), list):
        (kind,) = (each for each in kinds if each != "null")
        return {**said, "type": kind, "nullable": True}
    if _NULL in (choices := said.get("anyOf", [])):
        (other,) = (choice for choice in choices if choice != _NULL)
        rest = {name: value for name, value in said.items() if name != "anyOf"}
        return {**rest, "allOf": [{"$ref": other["$ref"] + _OR_NULL}]}
    return said


def _or_null(said: Json) -> Json:
    """`nullable` counts beside a type only, so not beside a reference: what may be null is a schema of its own."""
    return {**said, "nullable": True} | ({"enum": [*said["enum"], None]} if "enum" in said else {})


_NULL = _nullable({"type": "null"})
