"""What frameworks get wrong, held shut on a whole gateway: bodies, queries and headers that are odd, each taken or
refused as it was decided. Byte by byte: tests/test_http_edges.py."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx
import pytest

from gateway.api.auth import Access
from gateway.app import web
from gateway.settings import key_digest
from tests.harness import KEY, Harness
from tests.test_api_errors import problem

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("redis_server", ["single"], indirect=True)]
each = pytest.mark.parametrize

JSON = {"Content-Type": "application/json"}
GOOD: dict[str, Any] = {"to": "+819012345678", "text": "Hello"}
BODY = json.dumps(GOOD).encode()
VERIFY = '{"method": "call_in", "number": "+819012345678", "validMinutes": %s}'


async def send(harness: Harness, body: bytes = BODY, path: str = "/messages", **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await harness.api.post(path, content=body, headers=JSON | given)


# Bodies

NOT_A_NUMBER = {
    "beyond a double": "1e400",
    "beyond all": "1e999999999",
    "five thousand digits": "9" * 5000,
    "a fraction": "5.5",
    "written as a float": "5.0",
    "minus nothing": "-0",
    "hexadecimal": "0x5",
    "leading zero": "05",
}


@each("value", NOT_A_NUMBER.values(), ids=NOT_A_NUMBER)
async def test_a_number_is_a_number_of_json_within_its_bounds(harness: Harness, value: str) -> None:
    problem(await send(harness, (VERIFY % value).encode(), "/numbers/verify"), 400, "invalid_request")


NESTED = {
    "arrays": b"[" * 10_000 + b"]" * 10_000,
    "objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "in a field": b'{"to": "+819012345678", "text": "a", "metadata": {"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}}",
}


@each("body", NESTED.values(), ids=NESTED)
async def test_depth_is_no_way_in(harness: Harness, body: bytes) -> None:
    problem(await send(harness, body), 400, "invalid_request")
    item = await send(harness, b'{"messages": [' + body + b"]}", "/messages/batch")
    assert item.status_code in (202, 400), item.text  # the item's own problem, or too deep for the whole


@each("body", [b"null", b"true", b"1", b'"a"', BODY + b"x", BODY + BODY, b"/**/" + BODY, BODY.replace(b'"', b"'")])
async def test_what_is_json_for_some_only_is_none(harness: Harness, body: bytes) -> None:
    problem(await send(harness, body), 400, "invalid_request")


async def test_of_a_member_given_twice_the_last_counts(harness: Harness) -> None:
    """As in Python, JavaScript and Go; RFC 8259 leaves it open. Each of them has to be right all the same."""
    answer = await send(harness, b'{"to": "+819012345678", "text": "first", "text": "last"}')
    assert (answer.status_code, answer.json()["text"]) == (202, "last")
    problem(await send(harness, b'{"to": 5, "to": "+819012345678", "text": "a"}'), 400, "invalid_request", "/to")


async def test_every_character_arrives(harness: Harness) -> None:
    """NUL too: what a vendor's encoding has no place for is that vendor's adapter's to refuse."""
    answer = await send(harness, rb'{"to": "+819012345678", "text": "a\u0000\u001f\ud83d\ude00b"}')
    assert (answer.status_code, answer.json()["text"]) == (202, "a\0\x1f\U0001f600b")


@each("coding", ["gzip", "br", "x-gzip", "deflate, gzip", "nonsense"])
async def test_a_compressed_body_is_told_from_a_broken_one(harness: Harness, coding: str) -> None:
    for body in (gzip.compress(BODY), BODY):
        answer = await send(harness, body, Content_Encoding=coding)
        problem(answer, 415, "unsupported_media_type")
        assert answer.headers["accept-encoding"] == "identity"
    assert (await send(harness, Content_Encoding="Identity")).status_code == 202


DECLARED = {
    "application/json;": 202,
    "application/json; charset": 202,
    "application/json; charset=UTF8": 202,
    "application/json; version=2": 202,
    "application/json; xcharset=latin1": 202,
    'application/json; a="charset=latin1"': 202,
    "application/vnd.api+json": 202,
    "application/json; charset=": 415,
    "application/json; charset=us-ascii": 415,
    "application/json; charset=utf-8; charset=latin1": 415,
    "application/json, text/plain": 415,
    "application/json\xe9": 415,
    "*/*": 415,
}


@each(("declared", "status"), DECLARED.items(), ids=[repr(declared) for declared in DECLARED])
async def test_a_declaration_is_read_by_its_parts(harness: Harness, declared: str, status: int) -> None:
    content_type = (b"content-type", declared.encode("latin-1"))
    answer = await harness.api.post("/messages", content=BODY, headers=[content_type])
    assert answer.status_code == status, answer.text


async def test_half_a_character_opens_no_way_around_the_envelope(harness: Harness) -> None:
    body = rb'{"messages": [{"to": "+819012345678", "text": "a\ud800"}]}'
    answer = await send(harness, body, "/messages/batch", Content_Type="text/plain")
    problem(answer, 415, "unsupported_media_type")


@each("bound", [{"from": "0001-01-01T00:00:00+09:26"}, {"to": "9999-12-31T23:59:59-09:00"}])
async def test_a_bound_may_lie_beyond_all_years(harness: Harness, bound: dict[str, str]) -> None:
    answer = await harness.api.post("/reservations/cancel", json=bound)
    assert (answer.status_code, answer.json()) == (200, {"canceled": 0, "failed": []})


# Queries and paths

BROKEN_QUERIES = ["clientTag=%", "clientTag=100%", "clientTag=%zz", "clientTag=%FF", "%FF=1", "clientTag=%ED%A0%80"]
ODD_QUERIES = [
    "=1",
    "limit",
    "limit=5;x=1",
    "limit=5&amp;x=1",
    "limit=+5",
    "limit=5%00",
    "limit=%EF%BC%95",
    "limit=5.0",
]


@each("query", [*BROKEN_QUERIES, *ODD_QUERIES, "clientTag=a&clientTag=a", "ClientTag=a"])
async def test_a_query_that_would_be_read_as_another_is_refused(harness: Harness, query: str) -> None:
    problem(await harness.api.get(f"/messages?{query}"), 400, "invalid_request")


@each("query", ["", "&", "limit=%35", "clientTag=100%25", "clientTag=%E3%81%82", "clientTag=a%00", "clientTag=a+b"])
async def test_a_query_may_be_written_in_many_ways(harness: Harness, query: str) -> None:
    assert (await harness.api.get(f"/messages?{query}")).status_code == 200


PATHS = {
    "/messages/": 200,
    "//messages": 200,
    "/m%65ssages": 200,
    "/%2e%2e/messages": 404,
    "/messages;a=b": 404,
    "/messages%00": 404,
    "/MESSAGES": 404,
    "/messages/%": 404,
    "/messages/%FF": 404,
    "/messages/a%2Fcancel": 405,
}


@each(("path", "status"), PATHS.items(), ids=PATHS)
async def test_a_path_is_what_it_says(harness: Harness, path: str, status: int) -> None:
    request = harness.api.build_request("GET", "http://gateway/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = await harness.api.send(request)
    assert answer.status_code == status, answer.text
    if status >= 400:
        problem(answer, status, "not_found" if status == 404 else "method_not_allowed")


# Headers

ACCEPT = {
    **dict.fromkeys(
        ["", "*/*", "application/*", "APPLICATION/JSON", ",,application/json", "text/html, */*;q=0.1"], 200
    ),
    **dict.fromkeys(["application/json;q=0.001", "application/*;q=0, application/json", "application/json; q=1"], 200),
    **dict.fromkeys(["text/html", "application/problem+json", "application/xml", "*/json", "a", ";", "/"], 406),
    **dict.fromkeys(["application/json;q=0", "application/json;Q=0.000", "*/*;q=0", "*/*, application/json;q=0"], 406),
    **dict.fromkeys([f"application/json;q={quality}" for quality in ("abc", "nan", "-1", "")], 406),
}


@each(("accept", "status"), ACCEPT.items(), ids=[repr(accept) for accept in ACCEPT])
async def test_what_is_accepted(harness: Harness, accept: str, status: int) -> None:
    assert (await harness.api.get("/me", headers={"Accept": accept})).status_code == status


async def test_a_list_may_stand_on_several_lines(harness: Harness) -> None:
    for values in (("text/html", "application/json"), ("application/json", "text/html")):
        answer = await harness.api.get("/me", headers=[("Accept", value) for value in values])
        assert answer.status_code == 200
    harness.dispatch()
    headers = [("Prefer", "respond-async"), ("Prefer", "wait=5"), *JSON.items()]
    assert (await harness.api.post("/messages", content=BODY, headers=headers)).status_code == 201


IGNORED = ["Accept-Charset: utf-16", "Accept-Encoding: identity;q=0", "Accept-Language: xx", "Range: bytes=0-3"]
IGNORED += ["If-None-Match: *", "X-HTTP-Method-Override: DELETE", "Cookie: a=b", "Origin: https://elsewhere.example"]


@each("header", IGNORED)
async def test_what_is_not_offered_is_not_half_done(harness: Harness, header: str) -> None:
    name, _, value = header.partition(": ")
    answer = await harness.api.get("/me", headers={name: value})
    assert (answer.status_code, answer.json()["client"]) == (200, "shop")
    assert not {"access-control-allow-origin", "content-encoding", "set-cookie"} & answer.headers.keys()


WAITS = {
    **dict.fromkeys(["wait=5", "WAIT=5", 'wait="5"', " wait = 5 ", "respond-async, wait=5", "wait=5; foo"], 201),
    **dict.fromkeys(["wait=5, wait=0", "wait=005", "wait=99999999999999999999"], 201),
    **dict.fromkeys(["wait=0", "wait=0, wait=5", "wait=-1", "wait=1.5", "wait=1e9", "wait=", "wait", "wait=abc"], 202),
    **dict.fromkeys(
        ['wait="5', "wait=\xe9", "wait=\u0665", 'foo="wait=5"', "x-wait=5", "handling=lenient;wait=5"], 202
    ),
    "wait=" + "9" * 5000: 201,
}


@each(("prefer", "status"), WAITS.items(), ids=[repr(prefer)[:30] for prefer in WAITS])
async def test_only_a_whole_number_is_a_wait(harness: Harness, prefer: str, status: int) -> None:
    harness.dispatch()
    headers = [(b"prefer", prefer.encode()), (b"content-type", b"application/json")]
    assert (await harness.api.post("/messages", content=BODY, headers=headers)).status_code == status


AUTHORIZED = {f"bearer {KEY}": 200, f"BEARER {KEY}": 200, f"Bearer  {KEY}": 200, f"Bearer {KEY} ": 200}
UNAUTHORIZED = [f"Bearer\t{KEY}", f'Bearer "{KEY}"', f"Bearer token={KEY}", f"Bearer {KEY}, Bearer x", f"Bearer{KEY}"]
UNAUTHORIZED += [
    f"Token {KEY}",
    f"Bearer {KEY.upper()}",
    "Bearer \xe9",
    "\xe9 a",
    "Bearer 日本",
    "Bearer " + "a" * 20_000,
]


@each(("given", "status"), [*AUTHORIZED.items(), *((given, 401) for given in UNAUTHORIZED)])
async def test_a_key_is_given_as_a_bearer(harness: Harness, given: str, status: int) -> None:
    harness.api.headers.pop("authorization")
    answer = await harness.api.get("/me", headers=[(b"authorization", given.encode())])
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) is (status == 401)


@each("name", ["Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key", "Host"])
async def test_what_is_said_once_is_not_said_twice(harness: Harness, name: str) -> None:
    value = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Host": "gateway"}.get(
        name, "identity"
    )
    request = harness.api.build_request("POST", "/messages", content=BODY, headers={**JSON, name: value})
    request.headers = httpx.Headers([*request.headers.raw, (name.encode(), value.encode())])
    problem(await harness.api.send(request), 400, "invalid_request", f"/headers/{name}")


KEYS = {"a": 202, "a b": 202, '"a"': 202, "a,b": 202, "%00": 202, "a" * 255: 202}
NO_KEYS = dict.fromkeys(["", "a" * 256, "a\tb", "\xe9", "日本"], 400)


@each(("key", "status"), [*KEYS.items(), *NO_KEYS.items()], ids=[repr(key)[:12] for key in [*KEYS, *NO_KEYS]])
async def test_an_idempotency_key_is_printable(harness: Harness, key: str, status: int) -> None:
    headers = [(b"content-type", b"application/json"), (b"idempotency-key", key.encode())]
    answers = [await harness.api.post("/messages", content=BODY, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status] * 2
    assert ("idempotency-replayed" in answers[1].headers) is (status == 202)


BEHIND = f"""
[clients.inside]
keys = [{{ sha256 = "{key_digest("inside").hex()}", scopes = ["read"] }}]
allow = ["10.0.0.0/8"]
"""


@each(
    ("lines", "status"), [(["10.0.0.1"], 200), (["10.0.0.1", "203.0.113.9"], 403), (["203.0.113.9", "10.0.0.1"], 200)]
)
async def test_the_last_line_of_forwarded_for_is_the_proxys(reopen: Any, lines: list[str], status: int) -> None:
    """Some proxies add a line of their own; what stands before it is what the caller likes."""
    here = (await reopen(BEHIND)).here
    here = replace(here, access=Access(here.settings.clients.values(), (ip_network("127.0.0.0/8"),)))
    headers = [("Authorization", "Bearer inside"), *(("X-Forwarded-For", line) for line in lines)]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web(here)), base_url="http://gateway") as api:
        assert (await api.get("/me", headers=headers)).status_code == status
