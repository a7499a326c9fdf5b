"""What frameworks get wrong, held shut on every route there is: HEAD, OPTIONS, wrong methods, no key, a bug anywhere;
and what of a request may stand in a log."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
import structlog

from gateway import log
from gateway.api.application import HANDLERS
from gateway.api.edge import Edge
from gateway.metrics import Metrics
from gateway.spec.operations import OPERATIONS
from gateway.spec.routes import HANDLERS as DOCUMENTATION
from tests.harness import ADMIN_KEY, SECRET, Harness
from tests.test_api_errors import problem

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)

ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}
CALLBACK = "/callbacks/{provider}/{secret}/{kind}"
METHODS: dict[str, set[str]] = {}
for operation in OPERATIONS:
    METHODS.setdefault(operation.path, {"OPTIONS"}).add(operation.method.upper())
for template, allowed in METHODS.items():
    # A vendor's push by GET changes something: it has no HEAD.
    if "GET" in allowed and template != CALLBACK:
        allowed.add("HEAD")
EXAMPLES = {
    operation.path: operation.path.format(**{each.name: each.example for each in operation.path_parameters})
    for operation in OPERATIONS
}
READ = [path for path, allowed in METHODS.items() if "HEAD" in allowed]


def told(answer: httpx.Response) -> set[str]:
    return {name.strip() for name in answer.headers["allow"].split(",")}


@once
@each("template", READ)
async def test_head_is_get_without_its_body(harness: Harness, template: str) -> None:
    headers = {**ADMIN, "X-Request-Id": "the-same"}
    path = EXAMPLES[template]
    got, head = [await harness.api.request(method, path, headers=headers) for method in ("GET", "HEAD")]
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert got.content
    varying = {"content-length"} if template in ("/metrics", "/health/ready") else set()
    assert [pair for pair in head.headers.items() if pair[0] not in varying] == [
        pair for pair in got.headers.items() if pair[0] not in varying
    ]


@once
@each("template", METHODS)
async def test_every_path_says_what_it_answers(harness: Harness, template: str) -> None:
    path, allowed = EXAMPLES[template], METHODS[template]
    for at in (path, path + "/"):
        answer = await harness.api.options(at)
        assert (answer.status_code, told(answer)) == (204, allowed)
    for method in ({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - allowed) | {"TRACE", "CONNECT", "OTHER", "get"}:
        request = harness.api.build_request("GET", path, headers=ADMIN)
        request.method = method
        answer = await harness.api.send(request)
        assert (answer.status_code, told(answer)) == (405, allowed), method
        if method != "HEAD":
            problem(answer, 405, "method_not_allowed")


@once
@each("operation", OPERATIONS, ids=[operation.id for operation in OPERATIONS])
async def test_without_a_key_nothing_is_told(harness: Harness, operation: Any) -> None:
    harness.api.headers.pop("authorization")
    answer = await harness.api.request(operation.method.upper(), EXAMPLES[operation.path])
    if operation.scope is None:
        assert answer.status_code != 401
    else:
        problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == 'Bearer realm="gateway"'


BODIES = [operation for operation in OPERATIONS if operation.body is not None]


@once
@each("operation", BODIES, ids=[operation.id for operation in BODIES])
async def test_no_body_and_text_are_told_apart(harness: Harness, operation: Any, monkeypatch: Any) -> None:
    """Where something else is told first (a record that is not there), that is told."""
    path, method = EXAMPLES[operation.path], operation.method.upper()
    json, text = ({**ADMIN, "Content-Type": kind} for kind in ("application/json", "text/plain"))
    first = await harness.api.request(method, path, headers=json, content=b"")
    if first.status_code != 404:
        assert "empty" in problem(first, 400, "invalid_request")["detail"]
        problem(await harness.api.request(method, path, headers=text, content=b"{}"), 415, "unsupported_media_type")


async def test_a_bug_beside_every_handler_is_a_problem_too() -> None:
    """In a middleware, in an exception handler: whatever is wrapped by the edge."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("inside-7411")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(Edge(broken, Metrics())), base_url="http://x") as api:
        answer = await api.get("/me")
    problem(answer, 500, "internal_error")
    assert "7411" not in answer.text + str(answer.headers)


@once
async def test_no_log_line_quotes_a_request(harness: Harness) -> None:
    secrets = {"text": "text-4711", "tag": "tag-4711", "query": "query-4711", "key": "key-4711", "trace": "trace-4711"}
    body = {"to": "+819012345678", "text": secrets["text"], "clientTag": secrets["tag"], "to_": "+819087654321"}
    with structlog.testing.capture_logs() as lines:
        await harness.api.post("/messages", json=body)
        await harness.api.post("/messages", json=body | {"to": "4711"})
        await harness.api.get(f"/messages?clientTag={secrets['query']}&to=+819012345678")
        await harness.api.get("/me", headers={"Authorization": f"Bearer {secrets['key']}", "X-Request-Id": "a 4711"})
        await harness.api.get("/me", headers={"traceparent": secrets["trace"], "Prefer": "4711"})
        await harness.api.request("M4711", "/nowhere/4711")
        await harness.api.post(f"/callbacks/main/{SECRET}/dlr", content=b"4711")
        await harness.api.post("/callbacks/main/4711/dlr", content=b"4711")
    assert len([line for line in lines if line["event"] == "request"]) == 8
    kept = [{name: value for name, value in line.items() if name not in ("request_id", "method")} for line in lines]
    assert "4711" not in repr(kept)
    assert SECRET not in repr(lines)
    assert "8190" not in repr(lines)


def test_what_libraries_log_is_no_url() -> None:
    """httpx logs whole URLs at INFO: a vendor's token may be in the query."""
    root = logging.getLogger()
    before = root.handlers, root.level, structlog.get_config()
    try:
        log.configure()
        for library in ("httpx", "httpcore", "uvicorn.access"):
            assert not logging.getLogger(library).isEnabledFor(logging.WARNING)
        assert not logging.getLogger("uvicorn.error").isEnabledFor(logging.INFO)
    finally:
        root.handlers, root.level = before[:2]
        structlog.configure(**before[2])


def test_every_route_is_looked_at() -> None:
    there = {path for handler in (*HANDLERS, *DOCUMENTATION) for path in handler.paths}
    assert len(there) == len(METHODS)
