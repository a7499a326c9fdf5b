"""deploy/kong/kong.yaml: made from the document as it is now, in Kong's format, and leading everything to its place."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.traffic import operations
from tests.tools import ROOT, need

KONG = ROOT / "deploy" / "kong"
DOCUMENT: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi-3.0.json").read_text())
SERVICE: dict[str, Any] = yaml.safe_load((KONG / "kong.yaml").read_text())["services"][0]
NOT_PUBLIC = {"/metrics"}

MILLISECONDS = {"type": "integer", "minimum": 1, "maximum": 2**31 - 2}
NAME = {"type": "string", "pattern": "^[0-9A-Za-z.\\-_~]+$"}
TAGS = {"type": "array", "uniqueItems": True, "items": {"type": "string", "pattern": "^[^,/]+$"}}
FORMAT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["_format_version", "services"],
    "properties": {
        "_format_version": {"enum": ["3.0"]},
        "services": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "url", "routes"],
                "properties": {
                    "name": NAME,
                    "url": {"type": "string", "pattern": "^https?://[^/]+$"},
                    "retries": {"type": "integer", "minimum": 0, "maximum": 32767},
                    "connect_timeout": MILLISECONDS,
                    "write_timeout": MILLISECONDS,
                    "read_timeout": MILLISECONDS,
                    "routes": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["name", "paths"],
                            "properties": {
                                "name": NAME,
                                "tags": TAGS,
                                "protocols": {"type": "array", "items": {"enum": ["http", "https"]}},
                                "methods": {"type": "array", "items": {"pattern": "^[A-Z]+$"}},
                                "paths": {"type": "array", "items": {"type": "string", "pattern": "^(/|~/)"}},
                                "regex_priority": {"type": "integer"},
                                "strip_path": {"type": "boolean"},
                                "preserve_host": {"type": "boolean"},
                                "request_buffering": {"type": "boolean"},
                                "response_buffering": {"type": "boolean"},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What this file uses of Kong's declarative format 3.0."""


def examples() -> list[tuple[str, str, str]]:
    """Method, a path as callers write it, and the operation it means."""
    found = []
    for method, path, operation in operations(DOCUMENT):
        if path in NOT_PUBLIC:
            continue
        written = path
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                value = parameter.get("example") or parameter["schema"].get("example")
                value = value or next(iter(parameter.get("examples", {}).values()), {}).get("value")
                written = written.replace(f"{{{parameter['name']}}}", value or parameter["schema"]["enum"][0])
        assert "{" not in written, f"{path} has no example"
        found.append((method, written, operation["operationId"]))
        if method == "GET":
            found.append(("HEAD", written, operation["operationId"]))
    return found


EXAMPLES = examples()


def matching(method: str, path: str) -> list[dict[str, Any]]:
    """The routes that fit, as Kong orders regexes: the highest priority first."""
    fits = [
        route
        for route in SERVICE["routes"]
        if method in route["methods"] and any(re.match(form.removeprefix("~"), path) for form in route["paths"])
    ]
    return sorted(fits, key=lambda route: -route["regex_priority"])


def test_it_is_what_the_document_makes_of_it() -> None:
    made = subprocess.run([sys.executable, KONG / "generate.py"], capture_output=True, text=True, check=True)
    again = ".venv/bin/python deploy/kong/generate.py > deploy/kong/kong.yaml"
    assert made.stdout == (KONG / "kong.yaml").read_text(), f"the document has changed: {again}"


def test_it_is_in_kongs_format() -> None:
    configuration = yaml.safe_load((KONG / "kong.yaml").read_text())
    jsonschema.validate(configuration, FORMAT)
    names = [route["name"] for route in SERVICE["routes"]]
    assert len(names) == len(set(names))
    for route in SERVICE["routes"]:
        for form in route["paths"]:
            # Kong's router takes regexes without look-around and back references.
            assert re.fullmatch(r"~(/|[A-Za-z0-9_-]|\\\.|\[\^/\]\+)+/\?\$", form), form
            re.compile(form.removeprefix("~"))


def test_every_operation_is_routed_and_nothing_else() -> None:
    routed = {route["name"] for route in SERVICE["routes"]}
    assert routed == {name["operationId"] for _, path, name in operations(DOCUMENT) if path not in NOT_PUBLIC}
    assert matching("GET", "/metrics") == []
    assert matching("GET", "/metrics/") == []


@pytest.mark.parametrize(("method", "path", "operation"), EXAMPLES, ids=[f"{each[0]} {each[2]}" for each in EXAMPLES])
def test_an_example_comes_to_its_operation(method: str, path: str, operation: str) -> None:
    """And to no other of the same priority: no route is in another's shadow."""
    for written in (path, f"{path}/"):
        first, *others = matching(method, written)
        assert first["name"] == operation
        assert all(other["regex_priority"] < first["regex_priority"] for other in others)
    assert len(matching("OPTIONS", path)) >= 1


def test_nothing_is_repeated_waited_for_too_shortly_or_sent_in_clear() -> None:
    assert SERVICE["retries"] == 0
    assert SERVICE["read_timeout"] >= 60_000
    for route in SERVICE["routes"]:
        assert route["protocols"] == ["https"]
        assert (route["strip_path"], route["preserve_host"]) == (False, True)


OTHERS = """
const { generateFromSpec } = require(process.argv[1]);
const spec = JSON.parse(require("fs").readFileSync(process.argv[2]));
// It knows no bearer keys, and ends where it meets them.
delete spec.components.securitySchemes;
for (const item of Object.values(spec.paths)) for (const operation of Object.values(item)) delete operation.security;
generateFromSpec(spec, "kong-declarative-config", []).then((made) => console.log(JSON.stringify(made.documents[0])));
"""


def test_another_generator_routes_the_same() -> None:
    """Of openapi-2-kong only the routes are taken: it writes regexes as Kong 2 had them, and knows no priorities."""
    module = ROOT / "openapi" / "tools" / "node_modules" / "openapi-2-kong"
    if not module.exists():
        need("openapi-2-kong")
    source = ROOT / "openapi" / "openapi-3.0.json"
    command = [need("node"), "-e", OTHERS, str(module), str(source)]
    other = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    theirs = {
        (route["methods"][0], re.sub(r"\(\?<\w+>\[\^\\?/\]\+\)", "[^/]+", route["paths"][0]))
        for route in other["services"][0]["routes"]
    }
    ours = {
        (method, form.removeprefix("~").replace("/?$", "$").replace("\\.", "."))
        for route in SERVICE["routes"]
        for method in route["methods"]
        for form in route["paths"]
        if method not in ("HEAD", "OPTIONS")
    }
    assert ours == {(method, form.replace("\\.", ".")) for method, form in theirs if form != "/metrics$"}
