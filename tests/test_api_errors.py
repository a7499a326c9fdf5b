"""Errors as callers meet them: every row of the error table, in one form on every path."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest

from gateway.errors import Code
from gateway.settings import key_digest
from tests.harness import ADMIN_KEY, KEY, OTHER_KEY, READ_KEY, SECRET, Harness, open_harness
from tests.redis_tools import Servers

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
"""For what has nothing to do with the store."""

JSON = {"Content-Type": "application/json"}
GOOD: dict[str, Any] = {"to": "+819012345678", "text": "Hello"}
ABSENT = "msg_" + "0" * 26
ONE = f"/messages/{ABSENT}"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def ahead(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def problem(answer: httpx.Response, status: int, code: str, pointer: str | None = None) -> dict[str, Any]:
    """The answer's body, once it is seen to be a whole problem document of this code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["code"], body["status"], body["type"]) == (code, status, f"/problems/{code.replace('_', '-')}")
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.headers["x-request-id"] != ""
    assert body["retryable"] is (status in (429, 500, 503) or code == "verification_not_ready")
    if pointer is not None:
        assert any(error["pointer"].startswith(pointer) for error in body["errors"])
        assert all(error["detail"] for error in body["errors"])
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    return body


UNREADABLE = {
    "cut short": b'{"to": "+819012345678", "text": ',
    "broken UTF-8": b'{"to": "+819012345678", "text": "\xff\xfe"}',
    "surrogate in UTF-8": b'{"to": "+819012345678", "text": "\xed\xa0\x80"}',
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "empty": b"",
    "NaN": b'{"to": "+819012345678", "text": NaN}',
    "array": b'[{"to": "+819012345678", "text": "Hello"}]',
    "deep array": b'{"to": ' + b"[" * 100_000,
    "deep unknown field": b'{"a": ' * 40_000,
    "lone surrogate in text": rb'{"to": "+819012345678", "text": "a\ud800b"}',
    "lone surrogate in tag": rb'{"to": "+819012345678", "text": "a", "clientTag": "\udc00"}',
    "lone surrogate in metadata": rb'{"to": "+819012345678", "text": "a", "metadata": {"\ud83d": "\ud83d"}}',
}


@once
@each("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_a_body_that_is_no_message_is_refused(harness: Harness, body: bytes) -> None:
    problem(await harness.api.post("/messages", content=body, headers=JSON), 400, "invalid_request")


MISSING = object()
BAD_VALUES: dict[str, list[object]] = {
    "to": [None, MISSING, 819012345678, "", "hello", "+81312345678", "+81901234", "9012345678", "+819012345678" * 3],
    "text": [None, MISSING, 5, "", "a" * 2001],
    "subject": ["a" * 65],
    "from": ["", ["80013"], "1" * 21],
    "clientTag": ["", "a" * 201],
    "groupTag": ["", "a" * 201],
    "sendAt": ["2099-01-01T00:00:00", "tomorrow", 1_900_000_000, "2020-01-01T00:00:00Z", ahead(days=91)],
    "expiresAt": ["2099-01-01 00:00", "2020-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00"],
    "heldBy": ["vendor", "gateway", "provider"],  # the last two need a sendAt
    "priority": ["urgent"],
    "provider": ["nobody"],
    "carrier": ["verizon"],
    "duplicateRisk": [True],
    "metadata": [["a"], {str(n): "a" for n in range(21)}, {"a": 1}, {"a" * 41: ""}, {"": "b"}, {"a": "b" * 501}],
    "txet": ["a"],
    "client_tag": ["a"],
    "sender": ["80013"],
}
BROKEN_RULES: list[tuple[str, dict[str, Any]]] = [
    *(("/" + name, {name: value}) for name, values in BAD_VALUES.items() for value in values),
    ("/a~1b~0c", {"a/b~c": 1}),
    ("/text", {"template": {"id": "welcome"}}),
    ("/template/id", {"text": MISSING, "template": {}}),
    ("/template/id", {"text": MISSING, "template": {"id": "nothing"}}),
    ("/template/vlaues", {"text": MISSING, "template": {"id": "welcome", "vlaues": {}}}),
    ("/expiresAt", {"sendAt": ahead(hours=2), "expiresAt": ahead(hours=1)}),
    ("/options/aicros", {"options": {"aicros": {}}}),
]


@once
@each(("pointer", "change"), BROKEN_RULES)
async def test_a_broken_rule_is_pointed_at(harness: Harness, pointer: str, change: dict[str, Any]) -> None:
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not MISSING}
    problem(await harness.api.post("/messages", json=body), 400, "invalid_request", pointer)
    assert (await harness.api.get("/messages")).json()["items"] == []


LIMITS = [f"limit={limit}" for limit in ("0", "101", "-1", "abc", "1.5", "", "5&limit=5")]
CURSORS = [f"cursor={cursor}" for cursor in ("%21%21", "abc", "e30", "%E3%81%82")]
MOMENTS = ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+09:00"]  # a bare + is a space
BAD_QUERIES = [
    *(f"/messages?{query}" for query in (*LIMITS, *CURSORS, "cursor=W10", "status=sent", "to=hello", "statsu=queued")),
    *(f"/messages?{name}={moment}" for name in ("createdFrom", "createdTo", "created_to") for moment in MOMENTS),
    *(f"{ONE}?{query}" for query in ("refresh=maybe", "refresh=true&refresh=true", "events=true")),
    *(f"/receipts/orphans?{query}" for query in (*LIMITS, *CURSORS, "state=new")),
]


@once
@each("url", BAD_QUERIES)
async def test_a_bad_query_is_pointed_at(harness: Harness, url: str) -> None:
    name = url.partition("?")[2].partition("=")[0]
    problem(await harness.api.get(url, headers=bearer(ADMIN_KEY)), 400, "invalid_request", f"/{name}")


@once
async def test_a_query_where_none_is_known_is_no_silent_default(harness: Harness) -> None:
    problem(await harness.api.post("/messages?priority=high", json=GOOD), 400, "invalid_request")


@once
@each("given", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY} x"])
async def test_a_key_is_needed(harness: Harness, given: str | None) -> None:
    harness.api.headers.pop("authorization")
    headers = {} if given is None else {"Authorization": given}
    for method, path in (("POST", "/messages"), ("GET", "/messages"), ("GET", ONE), ("GET", "/receipts/orphans")):
        answer = await harness.api.request(method, path, headers=headers)
        problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")


FORBIDDEN = [
    *((READ_KEY, *place) for place in (("POST", "/messages"), ("POST", f"{ONE}/cancel"), ("DELETE", f"{ONE}/content"))),
    *((KEY, "GET", path) for path in ("/receipts/orphans", "/messages?client=other", f"{ONE}?client=other")),
    *(("elsewhere", "GET", path) for path in ("/messages", "/me")),
]


@once
@each(("key", "method", "path"), FORBIDDEN)
async def test_scope_client_and_address_are_checked(harness: Harness, key: str, method: str, path: str) -> None:
    problem(await harness.api.request(method, path, headers=bearer(key)), 403, "forbidden")


NARROW = f"""
[clients.narrow]
keys = [{{ sha256 = "{key_digest("narrow").hex()}", scopes = ["send"] }}]
providers = ["main"]
senders = ["99999"]
"""


@once
@each("change", [{"provider": "second"}, {"from": "80013"}, {}])  # nothing given is the default sender, 80013
async def test_a_narrowed_client_uses_nothing_else(redis_url: str, tmp_path: Path, change: dict[str, str]) -> None:
    second = '[providers.second]\ntype = "aicross"\ntoken = "a"\nclient_id = "1"\nsms_code = "80013"'
    async with AsyncExitStack() as stack:
        harness = await open_harness(redis_url, tmp_path, stack, second + NARROW)
        answer = await harness.api.post("/messages", json=GOOD | change, headers=bearer("narrow"))
        problem(answer, 403, "forbidden")


BAD_IDS = ("msg_", "msg_1", "1", ABSENT[4:], ABSENT + "0", ABSENT.upper(), "msg_" + "u" * 26, "%00", "%FF", "%E3%81%82")
ON_ONE = (("GET", ""), ("POST", "/cancel"), ("DELETE", "/content"))


@once
@each("public_id", [ABSENT, *BAD_IDS])
async def test_an_id_that_names_nothing_is_not_found(harness: Harness, public_id: str) -> None:
    for method, path in ON_ONE:
        problem(await harness.api.request(method, f"/messages/{public_id}{path}"), 404, "not_found")


async def test_another_clients_message_is_as_absent_as_none(harness: Harness) -> None:
    id_ = await harness.sent()
    for method, path in ON_ONE:
        answer = await harness.api.request(method, f"/messages/{id_}{path}", headers=bearer(OTHER_KEY))
        problem(answer, 404, "not_found")
    assert (await harness.read(id_))["status"] == "queued"


@once
@each("path", ["/", "/nothing", "/messages/a/b/c", "/v1/messages", "/problems/nothing", "/%00"])
async def test_an_unknown_path_is_not_found(harness: Harness, path: str) -> None:
    problem(await harness.api.get(path), 404, "not_found")


@once
@each("method", ["PUT", "PATCH", "DELETE", "BREW"])
async def test_a_method_that_is_not_answered_is_told_which_are(harness: Harness, method: str) -> None:
    for path, allowed in {
        "/messages": {"GET", "POST"},
        ONE: {"GET"},
        f"{ONE}/cancel": {"POST"},
        "/me": {"GET"},
        f"/callbacks/main/{SECRET}/dlr": {"GET", "POST"},
    }.items():
        answer = await harness.api.request(method, path)
        problem(answer, 405, "method_not_allowed")
        told = {name.strip() for name in answer.headers["allow"].split(",")}
        assert allowed <= told
        assert method not in told


@once
@each("accept", ["text/html", "application/json;q=0", "image/*, text/*", "application/json;q=0, */*"])
async def test_an_accept_that_excludes_json_is_refused(harness: Harness, accept: str) -> None:
    problem(await harness.api.get("/messages", headers={"Accept": accept}), 406, "not_acceptable")


WELCOME = [
    *(("Accept", accept) for accept in ("*/*", "application/*", "APPLICATION/JSON", "text/html, */*;q=0.1")),
    *(("Content-Type", kind) for kind in ("application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"')),
]


@once
@each(("name", "value"), WELCOME)
async def test_json_may_be_named_in_any_spelling(harness: Harness, name: str, value: str) -> None:
    answer = await harness.api.post("/messages", content=json.dumps(GOOD), headers={**JSON, name: value})
    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/json")


@once
async def test_a_body_over_the_limit_is_refused(harness: Harness) -> None:
    async def pieces(body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    at_the_limit = b'{"to":"+819012345678","text":"'.ljust(262_144 - 2, b"a") + b'"}'
    for body, status, code in ((at_the_limit, 400, "invalid_request"), (at_the_limit + b" ", 413, "payload_too_large")):
        problem(await harness.api.post("/messages", content=body, headers=JSON), status, code)
        problem(await harness.api.post("/messages", content=pieces(body), headers=JSON), status, code)


CHARSETS = [f"application/json; charset={charset}" for charset in ("shift_jis", "utf-16", '"iso-8859-1"')]


@once
@each("declared", [None, "", "text/plain", "multipart/form-data", "application/jsonx", "text/json", *CHARSETS])
async def test_a_body_that_is_not_declared_json_in_utf8_is_refused(harness: Harness, declared: str | None) -> None:
    headers = {} if declared is None else {"Content-Type": declared}
    answer = await harness.api.post("/messages", content=json.dumps(GOOD), headers=headers)
    problem(answer, 415, "unsupported_media_type")


UNFIT = {"to": "+12025550143", "text": "a" * 661, "subject": "a", "from": "ACME"}


@once
@each("field", UNFIT)
async def test_what_no_provider_carries_is_refused_with_each_ones_reason(harness: Harness, field: str) -> None:
    unfit = {field: UNFIT[field]}
    body = problem(await harness.send(**unfit), 422, "no_route", f"/{field}")
    assert [error["detail"].partition(":")[0] for error in body["errors"]] == ["main"]
    body = problem(await harness.send(provider="main", **unfit), 422, "unsupported", f"/{field}")
    assert body["provider"] == "main"


async def test_a_client_over_its_rate_is_told_when_to_come_back(harness: Harness) -> None:
    requests = (harness.api.post("/messages", json=GOOD, headers=bearer("slow")) for _ in range(3))
    answers = sorted(await asyncio.gather(*requests), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert len((await harness.api.get("/messages", headers=bearer("slow"))).json()["items"]) == 2
    problem(answers[2], 429, "rate_limited")
    assert answers[2].headers["retry-after"] == "1"
    for answer in answers:
        assert "r=" in answer.headers.get("ratelimit", "no header"), answer.status_code
        assert "q=2" in answer.headers["ratelimit-policy"]


@once
async def test_a_bug_tells_nothing_of_its_inside(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("inside-7411")

    monkeypatch.setattr(harness.here.acceptor, "accept", broken)
    monkeypatch.setattr(harness.here.store, "read", broken)
    for answer in (await harness.send(), await harness.api.get(ONE)):
        problem(answer, 500, "internal_error")
        assert "7411" not in answer.text + str(answer.headers)
        assert "RuntimeError" not in answer.text


async def test_a_full_queue_takes_nothing(harness: Harness) -> None:
    lane = await harness.here.store.lane("shop")
    await harness.here.store.command(f"{{{lane}}}", "HSET", f"{{{lane}}}n", "main:0", 1_000_000)
    problem(await harness.send(clientTag="a"), 503, "overloaded")
    assert (await harness.api.get("/messages")).json()["items"] == []


@pytest.fixture
async def frail(server: Servers, tmp_path: Path) -> AsyncIterator[tuple[Harness, Popen[bytes]]]:
    """A gateway, and the process of its Redis, which may be left stopped or dead."""
    process, url = server()
    async with AsyncExitStack() as stack:
        yield await open_harness(url, tmp_path, stack), process


async def test_a_store_that_is_gone_is_told_on_every_path(frail: tuple[Harness, Popen[bytes]]) -> None:
    harness, process = frail
    id_ = await harness.sent()
    process.kill()
    process.wait(10)
    api = harness.api
    dlr = b'{"eventNotifications":[{"type":"DLR","messageId":"1","clientTag":"x","statusId":"2"}]}'
    for answer in await asyncio.gather(
        harness.send(clientTag="a"),
        api.post("/messages", json=GOOD, headers={"Prefer": "wait=5"}),
        *(api.get(path) for path in ("/messages", "/messages?clientTag=a", f"/messages/{id_}?refresh=true")),
        api.get("/receipts/orphans", headers=bearer(ADMIN_KEY)),
        api.post(f"/messages/{id_}/cancel"),
        api.delete(f"/messages/{id_}/content"),
        api.post(f"/callbacks/main/{SECRET}/dlr", content=dlr, headers=JSON),
    ):
        problem(answer, 503, "store_unavailable")
    assert [(await api.get(path)).status_code for path in ("/me", "/health/live")] == [200, 200]


async def test_a_request_the_store_did_not_answer_may_be_repeated(frail: tuple[Harness, Popen[bytes]]) -> None:
    harness, process = frail
    await harness.sent()
    process.send_signal(signal.SIGSTOP)
    try:
        problem(await harness.send(clientTag="once"), 503, "store_unavailable")
    finally:
        process.send_signal(signal.SIGCONT)
    assert (await harness.send(clientTag="once")).status_code == 202
    listed = (await harness.api.get("/messages")).json()["items"]
    assert [item.get("clientTag") for item in listed] == ["once", None]


SANE = (b"a", b"order-17:retry.2", b"3f0d8a9e-4c1b-4a53-9a3e-1f7f0d0c9b11")


@once
@each("given", [*SANE, b"", b"a b", b"a\nb", b"a\r\nset-cookie: x", b"a" * 200, "日本".encode(), b"<a>"])
async def test_a_sane_request_id_is_echoed_and_another_replaced(harness: Harness, given: bytes) -> None:
    for path in ("/me", "/nothing", "/health/live"):
        answer = await harness.api.get(path, headers=[(b"X-Request-Id", given)])
        told = answer.headers["x-request-id"].encode()
        assert (told == given) is (given in SANE)
        assert given in SANE or 8 <= len(told) <= 128


@once
@each("path", ["/messages", "/me", "/health/live", "/health/ready", "/problems/no-route", "/nothing", ONE])
async def test_head_is_answered_as_get(harness: Harness, path: str) -> None:
    got, head = await harness.api.get(path), await harness.api.head(path)
    assert head.status_code == got.status_code
    assert head.headers["content-type"] == got.headers["content-type"]


@once
@each(("path", "allowed"), [("/messages", {"GET", "POST"}), (f"{ONE}/cancel", {"POST"}), ("/messages/", {"GET"})])
async def test_options_lists_every_method(harness: Harness, path: str, allowed: set[str]) -> None:
    answer = await harness.api.options(path)
    assert answer.status_code in (200, 204), answer.text
    assert allowed <= {name.strip() for name in answer.headers["allow"].split(",")}


@once
@each("code", Code)
async def test_every_problem_type_has_its_page(harness: Harness, code: Code) -> None:
    harness.api.headers.pop("authorization")
    answer = await harness.api.get(f"/problems/{code.replace('_', '-')}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert code in answer.text
    assert "What to do" in answer.text
