"""The published document: true to the routes, complete, valid, and the same wherever it is found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union
from urllib.parse import urlencode

import jsonschema_rs
import msgspec
import pytest
import yaml
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from schemathesis.specs.openapi.definitions import OPENAPI_31

from gateway.api import application
from gateway.model.events import TEST, TYPES
from gateway.model.ids import PREFIX, new_id
from gateway.provider import Callback
from gateway.sandbox.run import Sandbox
from gateway.spec import reservations, routes, words
from gateway.spec.document import as_json, as_json_3_0, as_yaml, build
from gateway.spec.entry import OneOf
from gateway.spec.links import LINKS
from gateway.spec.operations import OPERATIONS
from gateway.spec.yaml import emit
from tests.harness import ADMIN_KEY, Harness

once = pytest.mark.parametrize("redis_server", ["single"], indirect=True)
COMMITTED = Path(__file__).parent.parent / "openapi"
DOCUMENT = build()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
DESCRIBED = [
    (f"{method.upper()} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
ENDS = frozenset({"getActivation"})
"""After these there is nothing to do."""
each_operation = pytest.mark.parametrize(
    "operation", [one for _, one in DESCRIBED], ids=[name for name, _ in DESCRIBED]
)


def handlers() -> dict[tuple[str, str], HTTPRouteHandler]:
    """Every route by method and by path with its parameters' names left out, but for the automatic OPTIONS."""
    app = Litestar(route_handlers=[*application.HANDLERS, *routes.HANDLERS], openapi_config=None, logging_config=None)
    return {
        (method.lower(), nameless(route.path_format)): handler
        for route in app.routes
        for handler in route.route_handlers
        if isinstance(handler, HTTPRouteHandler)
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def valid(value: object, schema: dict[str, Any]) -> None:
    """Raises where the value does not fit; references are into the document."""
    whole = schema | {"components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def resolved(answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in answer:
        return answer
    found: dict[str, Any] = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return found


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(target := value.get("$ref"), str):
            yield target
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_route_is_declared_and_every_declaration_has_a_route() -> None:
    declared = {(operation.method, nameless(operation.path)) for operation in OPERATIONS}
    routed = set(handlers())
    heads = {(method, path) for method, path in routed if method == "head"}
    assert declared == routed - heads
    assert {("get", path) for _, path in heads} <= declared


def test_declarations_agree_with_the_guard() -> None:
    found = handlers()
    for operation in OPERATIONS:
        opt = found[operation.method, nameless(operation.path)].opt
        assert operation.scope == opt["scope"], operation.id
        produced = opt.get("produces", "application/json")
        media_types = {answer.media_type for answer in operation.answers.values()}
        assert operation.negotiated == (produced is not None), operation.id
        assert produced is None or media_types == {produced}, operation.id


def test_committed_files_are_current() -> None:
    remedy = "the API changed: write openapi/ anew (make openapi)"
    assert (COMMITTED / "openapi.json").read_text() == as_json(), remedy
    assert (COMMITTED / "openapi.yaml").read_text() == as_yaml(), remedy
    assert (COMMITTED / "openapi-3.0.json").read_text() == as_json_3_0(), remedy


def test_yaml_says_what_json_says() -> None:
    assert yaml.safe_load(as_yaml()) == msgspec.json.decode(as_json()) == DOCUMENT


def test_yaml_keeps_what_readers_mistake() -> None:
    tricky = {
        "no": "yes",
        "200": ["1", 1, 1.5, True, None, ""],
        "text": "a: b\n\n  # c\n",
        "edge": " a\nb",
        "empty": [{}, [], {"a": []}, [[1], "x"]],
        "x": {"on": "\u2028\x85\\ \"'"},
        "long": ["y" * 60, "z" * 60],
    }
    assert yaml.safe_load(emit(tricky)) == tricky


def test_it_is_an_openapi_document() -> None:
    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(DOCUMENT)
    for name, schema in SCHEMAS.items():
        jsonschema_rs.meta.validate(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})
        assert "title" not in schema, name


def test_references_and_links_lead_somewhere_and_nothing_lies_about() -> None:
    used = set(references(DOCUMENT))
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses", "headers")
        for name in DOCUMENT["components"][kind]
    }
    assert used == there
    ids = [operation["operationId"] for _, operation in DESCRIBED]
    assert len(set(ids)) == len(ids)


def test_links_fill_parameters_that_are_there() -> None:
    described = {operation["operationId"]: operation for _, operation in DESCRIBED}
    found = 0
    for operation in described.values():
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                found += 1
                target = described[link["operationId"]]
                needed = {each["name"] for each in target.get("parameters", ()) if each["required"]}
                known = {each["name"] for each in target.get("parameters", ())}
                assert needed <= set(link.get("parameters", ())) <= known
    assert found == sum(len(links) for links in LINKS.values())


def test_what_can_be_done_next_is_linked() -> None:
    """Whatever answers an id, a tag or a page leads on."""
    for _, operation in DESCRIBED:
        for answer in operation["responses"].values():
            for content in resolved(answer).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                if name in ("MessageOut", "MessageList", "BatchAcceptedOut", "VerificationOut", "ActivationOut"):
                    assert "links" in answer or operation["operationId"] in ENDS, operation["operationId"]


@each_operation
def test_every_operation_is_complete(operation: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z][A-Za-z]+", operation["operationId"])
    assert operation["summary"]
    assert operation["description"]
    assert [tag["name"] for tag in DOCUMENT["tags"]].count(operation["tags"][0]) == 1
    assert operation["security"] == ([{"bearer": []}] if "x-scope" in operation else [])
    for parameter in operation.get("parameters", ()):
        assert parameter["description"], parameter["name"]
        schema = parameter["schema"]
        shown = [parameter["example"]] if "example" in parameter else schema.get("examples", ())
        assert shown, parameter["name"]
        for example in shown:
            valid(example, schema)
        assert "null" not in str(parameter["schema"]), parameter["name"]
    json_body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "$ref" in json_body.get("schema", {}):
        assert json_body["examples"]
    for example in json_body.get("examples", {}).values():
        valid(example["value"], json_body["schema"])


@each_operation
def test_every_answer_is_complete(operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        answer = resolved(answer)
        assert answer["description"]
        assert "X-Request-Id" in answer["headers"]
        if int(status) >= 400:
            content = answer["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for name, example in content["examples"].items():
                valid(example["value"], content["schema"])
                assert (example["value"]["code"], example["value"]["status"]) == (name, int(status))
            assert ("Retry-After" in answer["headers"]) == (status in ("429", "503"))
            assert ("WWW-Authenticate" in answer["headers"]) == (status == "401")
        else:
            for content in answer["content"].values():
                assert content["schema"]
                valid(content["example"], content["schema"])


def test_examples_are_bodies_the_api_decodes() -> None:
    for operation in OPERATIONS:
        for _, value in operation.examples.values():
            body = operation.body
            assert body is not None
            shape: Any = Union[body.kinds] if isinstance(body, OneOf) else body  # noqa: UP007  (of a tuple)
            msgspec.json.decode(msgspec.json.encode(value), type=shape)


def test_examples_of_pushes_are_some_vendor_s(tmp_path: Path) -> None:
    """Each can be read by a provider of a type that pushes so, and names what the document's messages are called."""
    providers = Sandbox(tmp_path, "127.0.0.1", 8080).settings.providers
    content = DOCUMENT["paths"]["/callbacks/{provider}/{secret}/{kind}"]["post"]["requestBody"]["content"]
    form = urlencode(content["application/x-www-form-urlencoded"]["example"])
    pushes = [
        ("mediasms", "delivery", "application/x-www-form-urlencoded", form),
        ("aicross", "dlr", "application/json", json.dumps(content["application/json"]["example"])),
        ("aicross", "dlr", "application/xml", content["application/xml"]["example"]),
    ]
    for name, kind, media_type, body in pushes:
        callback = Callback(kind=kind, content_type=media_type, body=body.encode())
        (receipt,) = providers[name].receipts(callback)
        assert receipt.reference.startswith("01m7v41f004fj4erxpyf6g76zx"), name


def test_what_endpoints_are_told_is_shown() -> None:
    assert set(DOCUMENT["webhooks"]) == {*TYPES, TEST}
    for kind, methods in DOCUMENT["webhooks"].items():
        content = methods["post"]["requestBody"]["content"]["application/json"]
        assert content["example"]["type"] == kind
        valid(content["example"], content["schema"])
        valid(content["example"], {"$ref": "#/components/schemas/FeedEventOut"})


def test_every_field_is_explained_and_no_words_are_left_over() -> None:
    for name, schema in SCHEMAS.items():
        assert schema["description"], name
        for field, inner in schema.get("properties", {}).items():
            assert inner.get("description"), f"{name}.{field} needs words in gateway/spec/words.py"
            assert "anyOf" not in inner or {"$ref"} in [choice.keys() for choice in inner["anyOf"]]
    queries = {operation.query.__name__: operation.query for operation in OPERATIONS if operation.query}
    for name, fields in (*words.FIELDS.items(), *reservations.FIELDS.items()):
        there = (
            {field.encode_name for field in msgspec.structs.fields(queries[name])}
            if name in queries
            else set(SCHEMAS[name]["properties"])
        )
        assert set(fields) <= there, name
    assert set(words.SCHEMAS) <= set(SCHEMAS)


def test_the_rules_a_struct_cannot_say() -> None:
    body = {"$ref": "#/components/schemas/MessageIn"}
    template = {"id": "welcome", "values": {}}
    valid({"to": "1", "text": "x"}, body)
    valid({"to": "1", "template": template}, body)
    for wrong in (
        {"to": "1"},
        {"to": "1", "text": "x", "template": template},
        {"to": "1", "text": "x", "heldBy": "gateway"},
        {"to": "1", "text": "x", "txet": "x"},
        {"to": "1", "text": "x", "sendAt": "tomorrow"},
    ):
        with pytest.raises(jsonschema_rs.ValidationError):
            valid(wrong, body)


def test_the_rules_of_reservations_too() -> None:
    moment = "2026-11-21T09:00:00+09:00"
    rules: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
        "ReservationIn": (
            [{"to": "1", "text": "x", "sendAt": moment}, {"to": "1", "template": {"id": "a"}, "sendAt": moment}],
            [{"to": "1", "text": "x"}, {"to": "1", "sendAt": moment}],
        ),
        "ReservationPatchIn": ([{"text": "x"}, {"sendAt": moment}], [{}, {"text": None}, {"to": "1"}]),
        "ReservationsCancelIn": (
            [{"all": True}, {"groupTag": "g"}, {"from": moment}, {"to": moment}, {"all": False, "groupTag": "g"}],
            [{}, {"all": False}, {"groupTag": ""}, {"clientTag": "a"}],
        ),
    }
    for name, (right, wrong) in rules.items():
        for body in right:
            valid(body, {"$ref": f"#/components/schemas/{name}"})
        for body in wrong:
            with pytest.raises(jsonschema_rs.ValidationError):
                valid(body, {"$ref": f"#/components/schemas/{name}"})


def test_ids_match_their_pattern() -> None:
    for moment in (0, 1_795_132_800_000, 2**50 - 1):
        assert re.search(words.ID_PATTERN, PREFIX + new_id("zz", moment))
    assert not re.search(words.ID_PATTERN, f"{PREFIX}{'i' * 26}")


@once
@pytest.mark.anyio
async def test_it_is_served_as_committed(harness: Harness) -> None:
    for path, media_type in (("/openapi.json", "application/json"), ("/openapi.yaml", "application/yaml")):
        answer = await harness.api.get(path, headers={"Authorization": ""})
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == media_type
        assert answer.content == (COMMITTED / path[1:]).read_bytes()


@once
@pytest.mark.anyio
async def test_head_accompanies_every_get(harness: Harness) -> None:
    for method, path in handlers():
        if method == "head" and "{}" not in path:
            key = {"Authorization": f"Bearer {ADMIN_KEY}"}
            head = await harness.api.head(path, headers=key)
            get = await harness.api.get(path, headers=key)
            assert (head.status_code, head.content) == (get.status_code, b"")
            assert head.headers["content-type"] == get.headers["content-type"]
