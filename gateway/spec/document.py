"""The OpenAPI 3.1 document, built from the declared operations. Pure: the same version, the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gateway import __version__
from gateway.api.event_schemas import ForgottenOut
from gateway.api.problems import KINDS, MEDIA_TYPE, Problem, problem
from gateway.errors import Code, GatewayError, Pointer
from gateway.spec import events, words, yaml
from gateway.spec.components import parameters, schemas
from gateway.spec.entry import Answer, OneOf, Operation, Parameter
from gateway.spec.examples import ID, REQUEST_ID
from gateway.spec.links import LINKS, Link
from gateway.spec.older import in_3_0
from gateway.spec.operations import OPERATIONS
from gateway.spec.words import REF

Json = dict[str, Any]

PROBLEM_HEADERS = {
    Code.UNAUTHORIZED: ("WWW-Authenticate",),
    Code.RATE_LIMITED: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    Code.OVERLOADED: ("Retry-After",),
    Code.STORE_UNAVAILABLE: ("Retry-After",),
    Code.PROVIDER_UNAVAILABLE: ("Retry-After",),
}
NAMES_MESSAGE = frozenset(
    {Code.DUPLICATE_CLIENT_TAG, Code.IDEMPOTENCY_KEY_REUSED, Code.NOT_CANCELABLE, Code.NOT_CHANGEABLE}
)

_TOLD: Mapping[Code, Mapping[str, Any]] = {
    Code.INVALID_REQUEST: {"errors": (Pointer("/to", "This is no telephone number."),)},
    Code.NO_ROUTE: {"errors": (Pointer("/to", "korea: no route leads this message to it"),)},
    Code.PROVIDER_ERROR: {"provider": "main", "provider_code": "510", "provider_message": "longUrl is wrong"},
    Code.PROVIDER_TIMEOUT: {"provider": "main"},
}
"""What an example has beside its detail."""


def build(operations: Sequence[Operation] = OPERATIONS) -> Json:
    """The document as plain values."""
    named = schemas(_structs(operations))
    named |= events.kinds(named["FeedEventOut"])
    unions = {
        operation.body.name: operation.body.schema for operation in operations if isinstance(operation.body, OneOf)
    }
    refusals: dict[str, Json] = {}
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, named, refusals)
    queries = {operation.query.__name__ for operation in operations if operation.query}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": words.TITLE,
            "summary": words.SUMMARY,
            "description": words.INTRODUCTION,
            "version": __version__,
        },
        "servers": [{"url": "/", "description": "This gateway."}],
        "tags": [{"name": name, "description": text} for name, text in words.TAGS.items()],
        "paths": paths,
        "webhooks": events.webhooks(),
        "components": {
            "schemas": {name: schema for name, schema in named.items() if name not in queries} | unions,
            "responses": refusals,
            "headers": dict(words.HEADERS),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": words.BEARER}},
        },
    }


def as_json() -> str:
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def as_json_3_0() -> str:
    return json.dumps(in_3_0(build()), indent=2, ensure_ascii=False) + "\n"


def as_yaml() -> str:
    return yaml.emit(build())


def _structs(operations: Iterable[Operation]) -> Iterable[type]:
    for operation in operations:
        body = operation.body
        yield from body.kinds if isinstance(body, OneOf) else (body,) if body else ()
        yield from (operation.query,) if operation.query else ()
        yield from (answer.body for answer in operation.answers.values() if answer.body)
    yield from (ForgottenOut, Problem)


def _operation(operation: Operation, named: dict[str, Json], refusals: dict[str, Json]) -> Json:
    described: Json = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": [],
    }
    if operation.scope:
        described["description"] += f"\n\nNeeds a key with the scope `{operation.scope}`."
        described["security"] = [{"bearer": []}]
        described["x-scope"] = operation.scope
    if given := [
        *(_parameter(parameter, "path") for parameter in operation.path_parameters),
        *(parameters(operation.query, named) if operation.query else ()),
        *(_parameter(parameter, "header") for parameter in operation.headers),
    ]:
        described["parameters"] = given
    if operation.body:
        content: Json = {"schema": _ref(operation.body)}
        if operation.examples:
            content["examples"] = {
                name: {"summary": summary, "value": value} for name, (summary, value) in operation.examples.items()
            }
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    elif operation.raw_bodies:
        described["requestBody"] = {
            "content": {media_type: dict(content) for media_type, content in operation.raw_bodies.items()}
        }
    answers = {
        status: _answer(answer, LINKS.get((operation.id, status), ())) for status, answer in operation.answers.items()
    }
    described["responses"] = {
        str(status): answer for status, answer in sorted((answers | _refused(operation, refusals)).items())
    }
    return described


def _parameter(parameter: Parameter, place: str) -> Json:
    described: Json = {
        "name": parameter.name,
        "in": place,
        "description": parameter.description,
        "required": place == "path",
        "schema": dict(parameter.schema),
    }
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _answer(answer: Answer, links: Sequence[Link]) -> Json:
    content: Json = {"schema": _ref(answer.body) if answer.body else dict(answer.schema or {})}
    if answer.example is not None:
        content["example"] = answer.example
    described: Json = {
        "description": answer.description,
        # In a success it is about some of what was asked for.
        "headers": _headers(answer.headers, {"Retry-After": "Retry-After-Some"}),
        "content": {answer.media_type: content},
    }
    if links:
        described["links"] = {link.name or link.operation: _link(link) for link in links}
    return described


def _link(link: Link) -> Json:
    described: Json = {"operationId": link.operation}
    if link.parameters:
        described["parameters"] = dict(link.parameters)
    if link.body:
        described["requestBody"] = link.body
    return described


def _headers(names: Iterable[str], components: Mapping[str, str] = {}) -> Json:
    """`components`: of headers that are not called like their component."""
    return {name: {"$ref": f"#/components/headers/{components.get(name, name)}"} for name in (*names, "X-Request-Id")}


def _ref(struct: type | OneOf) -> Json:
    return {"$ref": REF.format(name=struct.name if isinstance(struct, OneOf) else struct.__name__)}


def _refused(operation: Operation, refusals: dict[str, Json]) -> dict[int, Json]:
    """The operation's problems by status; each set of codes is described once, in `refusals`."""
    by_status: dict[int, list[Code]] = {}
    for code in operation.codes:
        by_status.setdefault(KINDS[code].status, []).append(code)
    answers: dict[int, Json] = {}
    for status, codes in by_status.items():
        name = "Or".join(code.title().replace("_", "") for code in codes)
        refusals.setdefault(name, _refusal(codes))
        answers[status] = {"$ref": f"#/components/responses/{name}"}
    return answers


def _refusal(codes: Sequence[Code]) -> Json:
    examples = {
        code.value: {"summary": KINDS[code].title, "value": msgspec.to_builtins(_example(code))} for code in codes
    }
    return {
        "description": "\n\n".join(f"`{code}`: {KINDS[code].happened} {KINDS[code].do}" for code in codes),
        "headers": _headers(dict.fromkeys(header for code in codes for header in PROBLEM_HEADERS.get(code, ()))),
        "content": {MEDIA_TYPE: {"schema": _ref(Problem), "examples": examples}},
    }


def _example(code: Code) -> Problem:
    about = ID if code in NAMES_MESSAGE else None
    return problem(GatewayError(code, KINDS[code].happened, message_id=about, **_TOLD.get(code, {})), REQUEST_ID)
