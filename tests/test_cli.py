"""The command line, as a process."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import msgspec
import pytest

from gateway.provider import Capabilities
from gateway.providers import TYPES
from gateway.sandbox.readme import capabilities, endings, renewed
from tests.conftest import free_port

ROOT = Path(__file__).parent.parent
GATEWAY = [sys.executable, "-m", "gateway"]


def gateway(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*GATEWAY, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=30, **options)  # type: ignore[call-overload,no-any-return]


def test_help_teaches() -> None:
    answer = gateway("--help")
    assert answer.returncode == 0
    commands = ("sandbox", "serve", "check", "keys", "doctor", "store", "send", "status", "openapi")
    for command in (*commands, "capabilities", "endings"):
        assert command in answer.stdout


def test_a_wrong_configuration_is_told_whole_and_exits_2(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("[gateway]\nretention_days = 0\ntypo = 1\n[providers.main]\ntype = 'nobody'\nbase_url = 'x'\n")
    for command in (("check", str(config)), ("serve", "--config", str(config)), ("doctor", str(config))):
        answer = gateway(*command)
        assert answer.returncode == 2
        assert "Traceback" not in answer.stderr
        for path in ("gateway.retention_days", "gateway.typo", "providers.main.type", "clients"):
            assert path in answer.stderr


def test_a_new_key_fits_the_configuration(tmp_path: Path) -> None:
    answer = gateway("keys", "new", "shop", "--scopes", "read,admin")
    assert answer.returncode == 0
    assert re.search(r"^key\s+gk_shop_\S{43}$", answer.stdout, re.MULTILINE)
    example = (ROOT / "gateway.example.toml").read_text()
    section = answer.stdout[answer.stdout.index("[clients.shop]") :]
    config = tmp_path / "gateway.toml"
    config.write_text(re.sub(r"\[clients\.shop\]\nkeys = .*", lambda _: section.strip(), example))
    environ = {
        "OPERATOR_KEY_SHA256": "0" * 64,
        "AICROSS_TOKEN": "token",
        "AICROSS_CALLBACK_SECRET": "callback-secret-12345",
        "SHOP_HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    checked = gateway("check", str(config), env={"PATH": "/usr/bin:/bin", **environ})
    assert checked.returncode == 0, checked.stderr
    assert gateway("keys", "new", "shop", "--scopes", "everything").returncode == 2


def test_the_readme_s_tables_are_those_of_the_providers() -> None:
    readme = (ROOT / "README.md").read_text()
    tables = {"capabilities": capabilities(TYPES), "endings": endings(TYPES)}
    assert renewed(readme, tables) == readme, "stale: make readme"


@pytest.mark.parametrize(
    ("able", "verifies", "rules", "longest", "receivers"),
    [
        (Capabilities(messages=True), "no", "no", "any", "1"),
        (Capabilities(messages=True, verification=frozenset({"owner"})), "`owner`", "no", "any", "1"),
        (Capabilities(verification=frozenset({"call_out", "call_in"})), "`call_in`, `call_out`", "no", "no", "no"),
        (Capabilities(rules=True), "no", "yes", "no", "no"),
    ],
)
def test_the_table_tells_who_verifies_numbers_and_has_rules(
    able: Capabilities, verifies: str, rules: str, longest: str, receivers: str
) -> None:
    kind = msgspec.structs.replace(next(iter(TYPES.values())), capabilities=able)
    lines = capabilities({"one": kind}).splitlines()
    assert f"| verifies numbers | {verifies} |" in lines
    assert f"| rules (call trees) | {rules} |" in lines
    assert f"| longest text | {longest} |" in lines
    assert f"| receivers in a request | {receivers} |" in lines


def test_a_table_is_printed_or_put_into_a_file(tmp_path: Path) -> None:
    printed = gateway("capabilities")
    assert (printed.returncode, printed.stdout) == (0, capabilities(TYPES) + "\n")
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n<!-- endings -->\nold\n<!-- /endings -->\n\nThe end.\n")
    assert gateway("endings", "--into", str(page)).returncode == 0
    assert page.read_text() == f"# Page\n\n<!-- endings -->\n\n{endings(TYPES)}\n\n<!-- /endings -->\n\nThe end.\n"
    for arguments in (("capabilities", "--into", str(page)), ("endings", "--into", str(tmp_path / "none.md"))):
        answer = gateway(*arguments)
        assert answer.returncode == 1
        assert "Traceback" not in answer.stderr
    assert "<!-- capabilities -->" in gateway("capabilities", "--into", str(page)).stderr


@pytest.fixture
def sandbox(tmp_path: Path):  # type: ignore[no-untyped-def]
    process = subprocess.Popen(
        [*GATEWAY, "sandbox", "--port", str(free_port())], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout
    greeting = ""
    while "Ctrl-C" not in greeting:
        line = process.stdout.readline()
        assert line, "the sandbox ended"
        greeting += line
    yield process, greeting
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    process.stdout.close()


def url_and_key(greeting: str) -> tuple[str, str]:
    [url] = re.findall(r"Base URL\s+(\S+)", greeting)
    return url, re.findall(r"Authorization: Bearer ([\w-]+)", greeting)[0]


def until(url: str, headers: dict[str, str], message_id: str, status: str) -> None:
    ends = time.monotonic() + 15
    while httpx.get(f"{url}/messages/{message_id}", headers=headers).json()["status"] != status:
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_the_sandbox_delivers_what_is_pasted(sandbox: tuple[subprocess.Popen[str], str]) -> None:
    process, greeting = sandbox
    url, key = url_and_key(greeting)
    command = greeting[greeting.index("curl") : greeting.index("Its receipt")]
    ends = time.monotonic() + 15
    while not (pasted := subprocess.run(["bash", "-c", command], capture_output=True, text=True)).stdout:
        assert time.monotonic() < ends, pasted.stderr
        time.sleep(0.2)
    message = json.loads(pasted.stdout)
    assert message["status"] == "submitted"
    until(url, {"Authorization": f"Bearer {key}"}, message["id"], "delivered")
    sent = gateway("send", "+819012340011", "Hello", "--wait", "10", "--url", url, "--key", key)
    assert sent.returncode == 0, sent.stderr
    shown = gateway("status", json.loads(sent.stdout)["id"], "--url", url, "--key", key)
    assert json.loads(shown.stdout)["status"] in ("submitted", "delivered")
    refused = gateway("status", "msg_nothing", "--url", url, "--key", key)
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["code"] == "not_found"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_the_sandbox_delivers_by_each_provider(sandbox: tuple[subprocess.Popen[str], str]) -> None:
    _, greeting = sandbox
    url, key = url_and_key(greeting)
    headers = {"Authorization": f"Bearer {key}"}
    reached = {}
    with httpx.Client(base_url=url, headers=headers, transport=httpx.HTTPTransport(retries=8), timeout=10) as api:
        for body in re.findall(r"-d '(.+)'", greeting):
            sent = api.post("/messages", json=json.loads(body))
            assert sent.status_code == 202, sent.text
            reached[sent.json()["provider"]] = sent.json()["id"]
    assert set(reached) == {name for name, kind in TYPES.items() if kind.capabilities.messages}
    for name, id_ in reached.items():
        until(url, headers, id_, "delivered" if TYPES[name].capabilities.delivery_reports else "submitted")


def test_a_taken_port_is_said_and_not_traced() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = gateway("sandbox", "--port", str(taken.getsockname()[1]))
    assert answer.returncode == 1
    assert "--port" in answer.stderr
    assert "Traceback" not in answer.stderr
