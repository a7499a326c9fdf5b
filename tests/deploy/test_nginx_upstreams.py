"""deploy/nginx before gateways that fail: what is asked again elsewhere, and what never is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import free_port
from tests.deploy.stage import Nginx, Upstream, problem
from tests.tools import need

FINE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
DEATHS = {
    "before a word": b"",
    "in its head": b"HTTP/1.1 202 Accepted\r\nContent-Type: appl",
    "in its body": b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{"id":',
}
CHANGING = ["POST", "PATCH", "PUT", "DELETE"]
BODY = b'{"to": "+819012345678", "text": "Hello"}'


class Pair:
    """nginx before two upstreams. `first` is the one that is asked first."""

    def __init__(self, folder: Path, first: Upstream, second: Upstream, *changes: tuple[str, str]) -> None:
        self.first, self.second = first, second
        self.nginx = Nginx(need("nginx"), folder, [first.port, second.port], changes)

    def ask(self, method: str = "POST", path: str = "/messages", **more: Any) -> httpx.Response:
        with self.nginx.client(key="any") as client:
            return client.request(method, path, content=None if method == "GET" else BODY, **more)

    def close(self) -> None:
        self.nginx.close()
        for upstream in (self.first, self.second):
            upstream.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Any]:
    opened: list[Pair] = []

    def open_(first: Upstream, *changes: tuple[str, str]) -> Pair:
        opened.append(Pair(tmp_path, first, Upstream(FINE, stays=True), *changes))
        return opened[-1]

    need("nginx")
    yield open_
    for each in opened:
        each.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/messages"),
        ("POST", "/messages/batch"),
        ("POST", "/callbacks/main/secret/dlr"),
        ("PATCH", "/reservations/x"),
        ("DELETE", "/reservations/x"),
        ("PUT", "/rules/fire/numbers"),
    ],
)
@pytest.mark.parametrize("death", DEATHS)
def test_what_was_sent_is_sent_to_nobody_else(pair: Any, method: str, path: str, death: str) -> None:
    both = pair(Upstream(DEATHS[death]))
    if death == "in its body":  # its status has gone to the caller already
        with pytest.raises(httpx.RemoteProtocolError):
            both.ask(method, path)
    else:
        told = problem(both.ask(method, path), 503, "store_unavailable")
        assert "may have been accepted" in told["detail"]
    assert [(line, body) for line, _, body in both.first.asked] == [(f"{method} {path} HTTP/1.1", BODY)]
    assert both.second.asked == []


def test_one_word_more_and_it_would_be_sent_twice(pair: Any) -> None:
    """What the counts above are worth."""
    both = pair(Upstream(), ("proxy_next_upstream error timeout;", "proxy_next_upstream error timeout non_idempotent;"))
    assert both.ask("POST").status_code == 200
    assert (len(both.first.asked), len(both.second.asked)) == (1, 1)


def test_what_only_reads_is_asked_elsewhere(pair: Any) -> None:
    both = pair(Upstream())
    assert both.ask("GET").status_code == 200
    assert (len(both.first.asked), len(both.second.asked)) == (1, 1)


@pytest.mark.parametrize("method", ["POST", "PATCH", "GET"])
def test_what_reached_nobody_goes_to_the_other(pair: Any, method: str) -> None:
    closed = Upstream()
    closed.close()
    both = pair(closed)
    assert both.ask(method).status_code == 200
    assert len(both.second.asked) == 1


@pytest.mark.parametrize("method", CHANGING)
def test_silence_may_mean_that_it_was_accepted(pair: Any, method: str) -> None:
    both = pair(Upstream(silent=True), ("proxy_read_timeout 75s", "proxy_read_timeout 1s"))
    answer = both.ask(method)
    assert "may have been accepted" in problem(answer, 503, "store_unavailable")["detail"]
    assert answer.headers["retry-after"] == "2"
    assert (len(both.first.asked), len(both.second.asked)) == (1, 0)


@pytest.mark.parametrize("status", ["503 Service Unavailable", "502 Bad Gateway", "504 Gateway Timeout", "429 Slow"])
def test_the_gateways_refusals_are_its_own_and_final(pair: Any, status: str) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/problem+json\r\nRetry-After: 7\r\n"
    for method in ("GET", "POST", "DELETE"):
        both = pair(Upstream(f"{head}Content-Length: 2\r\n\r\n{{}}".encode(), stays=True))
        answer = both.ask(method)
        assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (int(status[:3]), "{}", "7")
        assert both.second.asked == []


def test_connections_are_kept_and_heads_arrive_whole(pair: Any) -> None:
    both = pair(Upstream(FINE, stays=True))
    given = {
        "Idempotency-Key": "key 1",
        "Prefer": "wait=10, respond-async",
        "If-Match": '"etag"',
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "Accept": "application/problem+json;q=0.5, application/json",
        "Expect": "100-continue",
        "Upgrade": "h2c",
        "Connection": "Upgrade, HTTP2-Settings",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "elsewhere",
        "Forwarded": "for=10.0.0.1",
    }
    for _ in range(6):
        both.ask(headers=given)
    asked = both.first.asked + both.second.asked
    assert len(asked) == 6
    assert both.first.connections == both.second.connections == 1
    for _, headers, body in asked:
        assert body == BODY
        assert headers["authorization"] == "Bearer any"
        for name in ("Idempotency-Key", "Prefer", "If-Match", "traceparent", "Accept"):
            assert headers[name.lower()] == given[name]
        assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "https")
        assert headers["x-forwarded-host"] == headers["host"] == "127.0.0.1"
        assert not {"expect", "upgrade", "connection", "forwarded"} & headers.keys()


def test_half_a_request_reaches_nobody(pair: Any) -> None:
    """A caller that dies while it sends."""
    both = pair(Upstream(FINE, stays=True))
    with both.nginx.connect() as connection:
        connection.sendall(b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n" + BODY)
        connection.shutdown(socket.SHUT_WR)
        assert not connection.recv(100).startswith(b"HTTP/1.1 2")
    both.ask("GET")
    assert [line for line, _, _ in both.first.asked + both.second.asked] == ["GET /messages HTTP/1.1"]


def test_where_all_are_down_the_caller_hears_at_once(tmp_path: Path) -> None:
    nginx = Nginx(need("nginx"), tmp_path, [free_port(), free_port()])
    try:
        with nginx.client() as client:
            answer = client.post("/messages", content=BODY)
        problem(answer, 503, "store_unavailable")
        assert answer.elapsed.total_seconds() < 2
    finally:
        nginx.close()
