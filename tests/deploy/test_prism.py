"""Prism, a validating proxy, between callers and a sandbox: it knows only openapi/openapi.json."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import free_port
from tests.deploy.stage import Upstream, until
from tests.deploy.traffic import Traffic, everything, mistakes, operations
from tests.processes import ENVIRON, GATEWAY
from tests.tools import ROOT, need

KEY = "key-of-the-sandbox"
PUBLISHED = ROOT / "openapi" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(PUBLISHED.read_text())
TAKEN = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"

ELSEWHERE = {
    # Prism reads no YAML: it holds the text itself against the schema, which says `object`.
    "getOpenapiYaml",
}


def violations(answer: httpx.Response) -> list[str]:
    """What Prism says is wrong with the request or the answer. It does so in a header where it passes the answer on,
    and in a problem of its own where it does not."""
    said = [answer.headers["sl-violations"]] if "sl-violations" in answer.headers else []
    if "stoplight.io/prism/errors" in answer.text:
        said.append(answer.text[:2000])
    return said


class Proxies:
    """Starts Prism before an upstream; `strict` ones validate requests too."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._program = need("prism")

    def start(self, upstream: int, *, strict: bool = True) -> str:
        port = free_port()
        command = [self._program, "proxy", str(PUBLISHED), f"http://127.0.0.1:{upstream}", "--errors", "-p", str(port)]
        command += ["-v", "warn", f"--validate-request={str(strict).lower()}"]
        with open(self._folder / "prism.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self._stack.callback(end, process)
        until(lambda: listens(port, process), 60)
        return f"http://127.0.0.1:{port}"


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)


def listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "it ended"
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=20)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture(scope="module")
def proxies(stack: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Proxies:
    return Proxies(tmp_path_factory.mktemp("prism"), stack)


@pytest.fixture(scope="module")
def sandbox(proxies: Proxies, stack: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The port of one, which tells a webhook."""
    hook = Upstream(TAKEN, stays=True)
    stack.callback(hook.close)
    port, folder = free_port(), tmp_path_factory.mktemp("sandbox")
    told = ["--data-dir", str(folder / "data"), "--key", KEY, "--webhook", f"http://127.0.0.1:{hook.port}/"]
    command = [*GATEWAY, "sandbox", "--port", str(port), *told]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=ENVIRON, stdout=log, stderr=log, start_new_session=True)
    stack.callback(end, process)
    until(lambda: listens(port, process), 60)
    until(lambda: httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200, 30)
    return port


def run(url: str, walk: Callable[[Traffic], None]) -> Traffic:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60) as client:
        traffic = Traffic(client, DOCUMENT, violations)
        walk(traffic)
    return traffic


def test_prism_finds_nothing_in_every_operation(sandbox: int, proxies: Proxies) -> None:
    traffic = run(proxies.start(sandbox), everything)
    assert not traffic.found, "\n".join(traffic.found)
    assert {operation["operationId"] for _, _, operation in operations(DOCUMENT)} - traffic.met.keys() == ELSEWHERE


def test_prism_finds_nothing_in_how_mistakes_are_refused(sandbox: int, proxies: Proxies) -> None:
    traffic = run(proxies.start(sandbox, strict=False), mistakes)
    assert not traffic.found, "\n".join(traffic.found)


def test_what_prism_is_excepted_from_is_still_so(sandbox: int, proxies: Proxies) -> None:
    """Where this fails Prism has learned it: take it out of `ELSEWHERE`, and into the traffic."""
    url = proxies.start(sandbox)
    answer = httpx.get(f"{url}/openapi.yaml")
    assert [json.loads(each) for each in violations(answer)[:1]] == [
        [{"location": ["response", "body"], "severity": "Error", "code": "type",
          "message": "Response body must be object"}]
    ]  # fmt: skip
    assert httpx.get(f"http://127.0.0.1:{sandbox}/openapi.yaml").text.startswith("openapi: ")


def answering(body: Any, status: str = "200 OK", media_type: str = "application/json") -> bytes:
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nX-Request-Id: a\r\nContent-Length: {len(text)}"
    return f"{head}\r\n\r\n".encode() + text


def test_prism_would_find_what_is_wrong(proxies: Proxies, stack: ExitStack) -> None:
    me = {"client": "shop", "scopes": ["read"]}
    behind = Upstream(stays=True)
    stack.callback(behind.close)
    url = proxies.start(behind.port)
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer x"}, timeout=30) as client:
        behind.answer = answering(me)
        assert violations(client.get("/me")) == []
        assert violations(client.get("/me?a=b")) == []  # it lets surplus parameters pass
        for wrong in (me | {"client": 17}, {"client": "shop"}, me | {"scopes": ["read", 5]}, [], None):
            behind.answer = answering(wrong)
            assert violations(client.get("/me")), wrong
        behind.answer = answering({"code": "forbidden"}, "403 Forbidden", "application/problem+json")
        assert violations(client.get("/me"))
        behind.answer = answering(me, "418 Teapot")
        assert violations(client.get("/me"))
        behind.answer = answering(me)
        for body in ({"to": 17, "text": "Hello"}, {"to": "+819012345678", "txet": "Hello"}):
            assert violations(client.post("/messages", json=body)), body
        assert violations(client.get("/me", headers={"Authorization": ""}))
        assert all(line.startswith(("GET /me ", "GET /me?")) for line, _, _ in behind.asked)
