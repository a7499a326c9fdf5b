"""What the README shows works as it is printed, against a sandbox."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.sandbox import sandbox
from tests.tools import ROOT, need

README = (ROOT / "README.md").read_text()
KINDS = {"messages": "msg_", "reservations": "msg_", "verify": "ver_", "activations": "act_", "events": "evt_"}
"""How ids begin, by the path that `<id>` stands in."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """Each curl command with what is set before it."""
    for block in blocks("sh"):
        if "curl" in block:
            before, *each = re.split(r"^(?=curl)", block, flags=re.MULTILINE)
            yield from (before + command for command in each)


COMMANDS = tuple(commands())


def ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (inner for name, inner in value.items() if name == "id" and isinstance(inner, str))
        yield from (found for name in ("items", "message") for found in ids(value.get(name)))
    elif isinstance(value, list):
        yield from (found for each in value for found in ids(each))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as environ:
        yield environ


def filled(text: str, here: dict[str, str]) -> str:
    return text.replace("http://127.0.0.1:8080", here["GATEWAY_URL"]).replace("<key>", here["GATEWAY_KEY"])


def test_the_commands_work_one_after_another(here: dict[str, str]) -> None:
    need("curl")
    known: dict[str, str] = {}
    for command in COMMANDS:
        said = filled(command, here)
        if "<id>" in said:
            path = re.search(r"/(\w+)(?:/|\?after=)<id>", said)
            assert path, command
            said = said.replace("<id>", known[KINDS[path[1]]])
        done = subprocess.run(["bash", "-euc", said], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, (command, done.stderr)
        answer = json.loads(done.stdout)
        assert "code" not in answer, (command, answer)
        known |= {each[:4]: each for each in reversed(list(ids(answer)))}
    assert len(COMMANDS) >= 10


def test_the_program_prints_that_it_was_delivered(here: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = (block for block in blocks("python") if "message_gateway" in block)
    exec(compile(filled(program, here), "README.md", "exec"), {})
    assert capsys.readouterr().out == "delivered\n"


def test_every_file_it_names_is_there() -> None:
    named = set(re.findall(r"\b(?:docs|clients|deploy|openapi)/[\w./-]*\w", README)) | {"CONTRIBUTING.md"}
    assert [name for name in sorted(named) if not Path(ROOT / name).exists()] == []
