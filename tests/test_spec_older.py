"""The document in OpenAPI 3.0 says the same, as far as 3.0 can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from gateway.spec.document import build
from gateway.spec.older import in_3_0

DOCUMENT = build()
OLDER = in_3_0(DOCUMENT)


def one(schema: dict[str, Any], **others: dict[str, Any]) -> Any:
    """What becomes of one schema; `others` are components."""
    components = {"schemas": {"One": schema, **others}}
    paths = {"/": {"get": {"schema": {"$ref": "#/components/schemas/One"}}}}
    return in_3_0({"openapi": "3.1.0", "info": {"summary": "x"}, "paths": paths, "components": components})[
        "components"
    ]["schemas"]["One"]


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every content object, with where it stands."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            places = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for place, answer in places.items():
                if "$ref" in answer:
                    answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
                for content in answer.get("content", {}).values():
                    yield f"{method} {path} {place}", content


def test_it_is_an_openapi_document() -> None:
    validate(OLDER)
    assert OLDER["openapi"] == "3.0.3"
    assert "webhooks" not in OLDER
    assert "summary" not in OLDER["info"]


def test_it_has_every_operation_with_its_links_and_headers() -> None:
    assert [(path, list(methods)) for path, methods in OLDER["paths"].items()] == [
        (path, list(methods)) for path, methods in DOCUMENT["paths"].items()
    ]
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            older = OLDER["paths"][path][method]
            assert older["operationId"] == operation["operationId"]
            assert older.get("security") == operation["security"]
            for status, answer in operation["responses"].items():
                assert older["responses"][status].get("links") == answer.get("links")
                assert older["responses"][status].get("headers") == answer.get("headers")


def test_its_examples_fit_its_schemas() -> None:
    seen = 0
    for where, content in bodies(OLDER):
        shown = [content["example"]] if "example" in content else []
        shown += [each["value"] for each in content.get("examples", {}).values()]
        for example in shown:
            seen += 1
            schema = {**content["schema"], "components": OLDER["components"]}
            errors = list(OAS30Validator(schema).iter_errors(example))
            assert not errors, (where, errors)
    assert seen > 200


@pytest.mark.parametrize(
    ("said", "older"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "null"], "enum": ["a", None]}, {"type": "string", "nullable": True, "enum": ["a", None]}),
        ({"type": "null"}, {"type": "string", "nullable": True, "enum": [None]}),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        ({"type": "object", "if": {}, "then": {}, "else": {}, "dependentRequired": {}}, {"type": "object"}),
        ({"type": "object", "propertyNames": {"maxLength": 1}}, {"type": "object"}),
        ({"type": "object", "additionalProperties": False}, {"type": "object", "additionalProperties": False}),
        ({"properties": {"examples": {"const": 1}}}, {"properties": {"examples": {"enum": [1]}}}),
        ({"items": {"anyOf": [{"const": 1}, {}]}}, {"items": {"anyOf": [{"enum": [1]}, {}]}}),
        (
            {"description": "x", "$ref": "#/components/schemas/One"},
            {"description": "x", "allOf": [{"$ref": "#/components/schemas/One"}]},
        ),
    ],
)
def test_what_3_0_says_otherwise(said: dict[str, Any], older: dict[str, Any]) -> None:
    assert one(said) == older


def test_what_may_be_null_is_a_schema_of_its_own() -> None:
    said = {
        "properties": {"why": {"description": "x", "anyOf": [{"$ref": "#/components/schemas/Why"}, {"type": "null"}]}}
    }
    document = in_3_0(
        {
            "openapi": "3.1.0",
            "info": {},
            "paths": {"/": {"get": {"schema": {"$ref": "#/components/schemas/One"}}}},
            "components": {"schemas": {"One": said, "Why": {"type": "string", "enum": ["a"]}}},
        }
    )
    assert document["components"]["schemas"] == {
        "One": {"properties": {"why": {"description": "x", "allOf": [{"$ref": "#/components/schemas/WhyOrNull"}]}}},
        "WhyOrNull": {"type": "string", "enum": ["a", None], "nullable": True},
    }
