"""The Python client: what is committed is what is generated, it is typed, and it does its work against a gateway."""

from __future__ import annotations

import filecmp
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from message_gateway import AsyncGateway, Gateway, __version__
from message_gateway.generated.keyed import KEYED_PATHS
from standardwebhooks import Webhook

from tests.clients.python_tools import CLIENT, MESSAGE, event
from tests.clients.sandbox import SECRET, sandbox

SOURCE = CLIENT / "src"
README = (CLIENT / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def run(*command: str | Path, folder: Path = CLIENT, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(SOURCE),
            "MYPYPATH": str(SOURCE),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def tool(*arguments: str | Path) -> None:
    done = run(sys.executable, "-m", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_committed_is_what_is_generated(tmp_path: Path) -> None:
    committed, made = SOURCE / "message_gateway" / "generated", tmp_path / "generated"
    done = run(CLIENT / "generate", made, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    names = sorted(str(path.relative_to(made)) for path in made.rglob("*.py"))
    assert names == sorted(str(path.relative_to(committed)) for path in committed.rglob("*.py"))
    _, other, lost = filecmp.cmpfiles(committed, made, names, shallow=False)
    assert (other, lost) == ([], []), "clients/python/generate has not been run"


def test_every_path_that_takes_a_key_is_known() -> None:
    assert {"/messages", "/messages/batch", "/reservations", "/numbers/verify", "/activations"} <= set(KEYED_PATHS)
    assert "/messages/explain" not in KEYED_PATHS


def test_everything_is_typed_and_tidy(tmp_path: Path) -> None:
    settings = ("--config-file", CLIENT / "pyproject.toml", "--cache-dir", tmp_path)
    (tmp_path / "readme.py").write_text("\n".join(SNIPPETS))
    tool("mypy", *settings, "-p", "message_gateway")
    tool("mypy", *settings, "--allow-redefinition", CLIENT / "smoke.py", tmp_path / "readme.py")
    tool("mypy", *settings, CLIENT / "generate")
    for command in (("check",), ("format", "--check")):
        tool("ruff", *command, "--config", CLIENT / "pyproject.toml", "--no-cache", ".", "generate")


def test_both_gateways_can_do_the_same() -> None:
    def calls(kind: type) -> dict[str, list[str]]:
        return {
            {"aclose": "close"}.get(name, name): list(inspect.signature(member).parameters)
            for name, member in vars(kind).items()
            if inspect.isfunction(member) and not name.startswith("__")
        }

    assert calls(Gateway) == calls(AsyncGateway)
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def test_the_smoke_program_goes_through(environ: dict[str, str]) -> None:
    done = run(sys.executable, "smoke.py", **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "all went well"
    assert done.stdout.count("a forgery is refused") == 2
    assert "left out" not in done.stdout


def test_the_smoke_program_says_what_it_leaves_out(environ: dict[str, str]) -> None:
    done = run(sys.executable, "smoke.py", **{**environ, "GATEWAY_WEBHOOK_PORT": ""})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "webhook: left out" in done.stdout


def test_the_smoke_program_fails_where_it_must(environ: dict[str, str]) -> None:
    done = run(sys.executable, "smoke.py", **{**environ, "GATEWAY_KEY": "not-a-key"})
    assert done.returncode == 1
    assert "401 unauthorized" in done.stderr
    assert "not-a-key" not in done.stdout + done.stderr


def test_the_first_message_is_delivered_in_ten_lines(environ: dict[str, str], tmp_path: Path) -> None:
    assert len(SNIPPETS[0].splitlines()) <= 10
    (tmp_path / "first.py").write_text(SNIPPETS[0])
    done = run(sys.executable, "first.py", folder=tmp_path, **environ)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"msg_\w{26} \w+\ndelivered 20\d\d-.*\n", done.stdout)


def test_the_readme_does_what_it_says(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {}
    for snippet in SNIPPETS:
        exec(compile(snippet, "README.md", "exec"), names)
    said = capsys.readouterr().out
    assert "400 invalid_request" in said
    assert "wrong_code" in said
    assert "message.submitted evt_" in said

    body, now = json.dumps(event("message.delivered", MESSAGE)).encode(), datetime.now(UTC)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("evt_1", now, body.decode()),
    }
    assert names["received"](body, headers) == 204
    assert names["received"](body + b" ", headers) == 400
    assert capsys.readouterr().out == f"evt_1 message.delivered {MESSAGE['id']} queued\n"
