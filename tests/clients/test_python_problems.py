"""The Python client: answers that say no, and answers that cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from message_gateway import (
    ConflictError,
    DuplicateClientTagError,
    Gateway,
    GatewayError,
    NotFoundError,
    ProblemError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedAnswerError,
)
from message_gateway.generated.api.account import get_me
from message_gateway.problems import read_problem

from tests.clients.python_tools import MESSAGE, PROBLEM, Answer, Driven, Scripted, gateway, kind, problem, server

__all__ = ["gateway", "kind", "server"]

HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "invalid_request", ProblemError),
        (401, "unauthorized", UnauthorizedError),
        (403, "forbidden", ProblemError),
        (404, "not_found", NotFoundError),
        (409, "not_cancelable", ConflictError),
        (409, "duplicate_client_tag", DuplicateClientTagError),
        (422, "no_route", ProblemError),
        (429, "rate_limited", RateLimitedError),
        (503, "store_unavailable", UnavailableError),
        (418, "a_code_of_tomorrow", ProblemError),
        (599, "another", ProblemError),
    ],
)
def test_a_problem_is_raised_as_what_it_is(
    gateway: Driven, server: Scripted, status: int, code: str, expected: type[ProblemError]
) -> None:
    more = {"messageId": "msg_1", "provider": "main", "providerCode": "7", "providerMessage": "no"}
    places = [{"pointer": "/to", "detail": "no number"}]
    server.says(problem(status, code, {"Retry-After": "3"}, retryable=False, errors=places, **more))
    with pytest.raises(GatewayError) as raised:
        gateway.get("msg_1")
    error = raised.value
    assert type(error) is expected
    assert isinstance(error, ProblemError)
    assert (error.status, error.code, error.title, error.instance) == (status, code, "Overloaded", "req_1")
    assert (error.message_id, error.provider, error.provider_code, error.provider_message) == (
        *("msg_1", "main", "7", "no"),
    )
    assert [(place.pointer, place.detail) for place in error.errors] == [("/to", "no number")]
    assert (error.retryable, error.retry_after, error.tries) == (False, 3.0, 1)
    assert str(error) == f"{status} {code}: Too much at once.; /to: no number (request req_1)"


def test_generated_calls_raise_the_same(gateway: Driven, server: Scripted) -> None:
    server.says(problem(401, "unauthorized", retryable=False))
    with pytest.raises(UnauthorizedError):
        gateway.generated(get_me)


BODIES: dict[str, bytes] = {
    "empty": b"",
    "a page": b"<html>Forbidden</html>",
    "a list": b"[]",
    "null": b"null",
    "nothing in it": b"{}",
    "wrong types": json.dumps(dict.fromkeys(PROBLEM, 7) | {"errors": 7, "messageId": []}).encode(),
    "wrong places": json.dumps({"errors": [7, {}, None]}).encode(),
    "not UTF-8": b"\xff\xfe{",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("name", BODIES)
def test_a_problem_that_says_little_is_one_all_the_same(name: str) -> None:
    found = read_problem(403, {"x-request-id": "req_2"}, BODIES[name])
    assert (found.status, found.code, found.title, found.instance) == (403, "unknown", "Forbidden", "req_2")
    assert found.retryable is False
    assert read_problem(503, {}, BODIES[name]).retryable is True


def test_a_page_of_a_proxy_is_a_problem(gateway: Driven, server: Scripted) -> None:
    server.says(Answer(403, b"<html>Forbidden</html>", HTML))
    with pytest.raises(ProblemError, match="403 unknown"):
        gateway.get("msg_1")


UNREADABLE = {
    "a login page": Answer(200, b"<html>Log in</html>", HTML),
    "cut short": Answer(200, json.dumps(MESSAGE).encode()[:-5]),
    "not UTF-8": Answer(200, b'{"id": "\xff"}'),
    "a list": Answer(200, []),
    "null": Answer(200, None),
    "a number": Answer(200, 7),
    "nothing in it": Answer(200, {}),
    "a field missing": Answer(200, {name: value for name, value in MESSAGE.items() if name != "status"}),
    "no moment": Answer(200, {**MESSAGE, "createdAt": "yesterday"}),
    "no string": Answer(200, {**MESSAGE, "createdAt": 7}),
    "no timeline": Answer(200, {**MESSAGE, "events": 7}),
    "another 2xx": Answer(207, MESSAGE),
    "no content": Answer(204),
    "elsewhere": Answer(302, b"", {"Location": "https://login.example.com/"}),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_one_error(gateway: Driven, server: Scripted, name: str) -> None:
    server.says(UNREADABLE[name])
    with pytest.raises(UnexpectedAnswerError):
        gateway.get("msg_1")
    assert len(server.told) == 1


def test_generated_calls_raise_it_too(gateway: Driven, server: Scripted) -> None:
    server.says(Answer(200, {}))
    with pytest.raises(UnexpectedAnswerError):
        gateway.generated(get_me)


def test_a_huge_page_is_read(gateway: Driven, server: Scripted) -> None:
    items: list[dict[str, Any]] = [{**MESSAGE, "text": "あ" * 100_000} for _ in range(100)]
    server.says(Answer(200, {"items": items, "nextCursor": None}))
    assert len(gateway.messages(limit=100)) == 100


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        (None, "key", "GATEWAY_URL"),
        ("http://gateway", None, "GATEWAY_KEY"),
        ("gateway:8080", "key", "https://"),
        ("http://", "key", "https://"),
        ("http://secret:word@gateway", "key", "https://"),
        ("http://gateway/?key=secret", "key", "https://"),
        ("http://gateway\n", "key", "https://"),
        ("http://gateway", "secret-key\n", "key"),
        ("http://gateway", "secret-kéy", "key"),
        ("http://gateway", "secret key", "key"),
    ],
)
def test_what_is_needed_is_asked_for_at_once(
    monkeypatch: pytest.MonkeyPatch, url: str | None, key: str | None, said: str
) -> None:
    monkeypatch.delenv("GATEWAY_URL", raising=False)
    monkeypatch.delenv("GATEWAY_KEY", raising=False)
    with pytest.raises(ValueError, match=said) as raised:
        Gateway(url, key)
    assert "secret" not in str(raised.value)


def test_the_environment_says_which_gateway(monkeypatch: pytest.MonkeyPatch, server: Scripted) -> None:
    monkeypatch.setenv("GATEWAY_URL", server.url)
    monkeypatch.setenv("GATEWAY_KEY", "key-of-the-environment")
    server.says(Answer(200, MESSAGE))
    with Gateway() as gateway:
        gateway.get("msg_1")
    assert server.told[0].headers["authorization"] == "Bearer key-of-the-environment"


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, server: Scripted) -> None:
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "other.example.com")
    server.says(Answer(200, MESSAGE))
    with Gateway("http://gateway.example.com", "key") as gateway:
        gateway.get("msg_1")
    assert server.told[0].path == "http://gateway.example.com/messages/msg_1?refresh=false"
