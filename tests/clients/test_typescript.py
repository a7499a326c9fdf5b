"""The TypeScript client: what is committed is what is generated; built, packed and installed, it does its work."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tests.clients.sandbox import sandbox
from tests.tools import ROOT, need

Environ = dict[str, str]
CLIENT = ROOT / "clients" / "typescript"
NODE_MODULES = CLIENT / "node_modules"
STRICT = {"target": "ES2022", "strict": True, "exactOptionalPropertyTypes": True, "noEmit": True}
"""A caller's settings, at their strictest; types of libraries are checked as well."""


def run(*command: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program with node in it, whose failure is shown."""
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={**os.environ, "NODE_NO_WARNINGS": "1", **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def node() -> str:
    """With what the client is built with installed, once for all processes of the suite."""
    path, npm = need("node"), need("npm")
    with open(Path(tempfile.gettempdir()) / f"message-gateway-npm-{os.getuid()}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (NODE_MODULES / ".package-lock.json").exists():
            install(npm)
    return path


def install(npm: str) -> None:
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund"], cwd=CLIENT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 and os.environ.get("GATEWAY_TEST_TOOLS") != "required":
        pytest.skip("npm cannot install what clients/typescript is built with")
    assert done.returncode == 0, done.stderr


def tsc(node: str, folder: Path, *arguments: str) -> None:
    run(node, NODE_MODULES / "typescript" / "bin" / "tsc", *arguments, cwd=folder)


@pytest.fixture(scope="session")
def built(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, built, with its tests and its smoke program."""
    folder = tmp_path_factory.mktemp("typescript") / "package"
    shutil.copytree(CLIENT, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "build"))
    (folder / "node_modules").symlink_to(NODE_MODULES)
    tsc(node, folder)
    tsc(node, folder, "-p", "tests")  # tests/types.ts is a test of its own: it has to compile, and not to
    return folder


@pytest.fixture(scope="session")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the packed package is installed, beside what it depends on and the types of node."""
    folder = tmp_path_factory.mktemp("installed")
    run(need("npm"), "pack", "--ignore-scripts", "--pack-destination", folder, cwd=built)
    modules = folder / "node_modules"
    modules.mkdir()
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(modules, filter="data")
    (modules / "package").rename(modules / "message-gateway-client")
    packages = json.loads((CLIENT / "package-lock.json").read_text())["packages"]
    for name in (*(name for name in packages if name and not packages[name].get("dev")), *TYPES_OF_NODE):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copytree(CLIENT / name, folder / name)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


TYPES_OF_NODE = ("node_modules/@types/node", "node_modules/undici-types")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environ]:
    """What the programs find in their environment."""
    with sandbox(tmp_path_factory.mktemp("sandbox")) as started:
        yield started


def snippets() -> dict[str, str]:
    """Those of the README that are whole programs."""
    return dict(re.findall(r"<!-- (\w+) -->\n\n```ts\n(.*?)```", (CLIENT / "README.md").read_text(), re.S))


def test_what_is_committed_is_what_is_generated(node: str, tmp_path: Path) -> None:
    run(CLIENT / "generate", tmp_path / "out", cwd=tmp_path)
    committed = CLIENT / "src" / "generated"
    names = sorted(path.name for path in committed.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "out").iterdir())
    for name in names:
        assert (committed / name).read_text() == (tmp_path / "out" / name).read_text(), "clients/generate was not run"


def test_the_client_s_own_tests(node: str, built: Path) -> None:
    tests = sorted((built / "build" / "tests").glob("*.test.js"))
    done = run(node, "--test", "--test-reporter=tap", *tests, cwd=built)
    assert int(re.findall(r"^# pass (\d+)$", done.stdout, re.M)[0]) >= 40
    assert "\n# skipped 0\n" in done.stdout


def test_the_smoke_program_does_what_everybody_does(node: str, built: Path, here: Environ) -> None:
    lines = run(node, "build/smoke.js", cwd=built, **here).stdout.splitlines()
    assert lines[-1] == "all went well"
    assert any(line.startswith("told of msg_") and "forged" in line for line in lines)
    assert len(lines) == 9


def test_without_an_endpoint_the_smoke_program_leaves_webhooks_out(node: str, built: Path, here: Environ) -> None:
    environ = {name: value for name, value in here.items() if "WEBHOOK" not in name}
    *_, told, last = run(node, "build/smoke.js", cwd=built, **environ).stdout.splitlines()
    assert told.endswith("webhooks left out")
    assert last == "all went well"


def test_the_smoke_program_fails_with_a_wrong_key_and_does_not_show_it(node: str, built: Path, here: Environ) -> None:
    environ = {**os.environ, "GATEWAY_URL": here["GATEWAY_URL"], "GATEWAY_KEY": "not-a-key-of-this-gateway"}
    done = subprocess.run([node, "build/smoke.js"], cwd=built, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Unauthorized: POST /messages: 401 unauthorized" in done.stderr
    assert "not-a-key-of-this-gateway" not in done.stdout + done.stderr


def test_only_what_is_of_use_is_packed(installed: Path) -> None:
    package = installed / "node_modules" / "message-gateway-client"
    assert sorted(path.name for path in package.iterdir()) == ["README.md", "dist", "package.json"]
    for script in package.rglob("*.js"):
        assert "node:" not in script.read_text(), f"a browser has no such module: {script.name}"


@pytest.mark.parametrize("resolution", ["nodenext", "bundler"])
def test_the_readme_s_programs_have_the_right_types(node: str, installed: Path, resolution: str) -> None:
    folder = installed / f"with_{resolution}"
    folder.mkdir()
    for name, program in snippets().items():
        (folder / f"{name}.ts").write_text(program)
    module = "nodenext" if resolution == "nodenext" else "esnext"
    options = {**STRICT, "module": module, "moduleResolution": resolution, "lib": ["ES2022"], "types": ["node"]}
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options}))
    tsc(node, folder)


def test_a_page_needs_no_types_of_node(node: str, installed: Path) -> None:
    folder = installed / "page"
    folder.mkdir()
    (folder / "page.ts").write_text(snippets()["first"])
    options = {**STRICT, "module": "esnext", "moduleResolution": "bundler", "lib": ["ES2022", "DOM"], "types": []}
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": options}))
    tsc(node, folder)


def test_the_readme_s_first_message_is_delivered(node: str, installed: Path, here: Environ) -> None:
    (installed / "first.js").write_text(snippets()["first"])
    done = run(node, "first.js", cwd=installed, **here)
    assert re.fullmatch(r"delivered \[.*'queued'.*'delivered'.*\]\n", done.stdout, re.S)


def test_the_readme_s_lists_are_read(node: str, installed: Path, here: Environ) -> None:
    send(here, wait=True)
    (installed / "lists.js").write_text(snippets()["lists"])
    done = run(node, "lists.js", cwd=installed, **here)
    assert re.search(r"^msg_\w+ \+819012345678$", done.stdout, re.M)
    assert re.search(r"^evt_\w+ message\.delivered delivered$", done.stdout, re.M)


def test_the_readme_s_endpoint_is_told(node: str, installed: Path, here: Environ) -> None:
    (installed / "webhooks.js").write_text(snippets()["webhooks"])
    port = int(here["GATEWAY_WEBHOOK_PORT"])
    with open(installed / "told", "wb") as told:
        endpoint = subprocess.Popen(
            [node, "webhooks.js"], cwd=installed, env={**os.environ, **here}, stdout=told, stderr=told
        )
    try:
        until(lambda: is_listening(port))
        forged = {"webhook-id": "evt_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
        assert httpx.post(f"http://127.0.0.1:{port}/hook", content=b"{}", headers=forged).status_code == 400
        sent = send(here)
        until(lambda: sent in (installed / "told").read_text().splitlines())
    finally:
        endpoint.kill()
        endpoint.wait()


PAGE = """
<!doctype html>
<script type="importmap">{"imports": {"message-gateway-client": "/installed/message-gateway-client/dist/index.js",
  "openapi-fetch": "/installed/openapi-fetch/dist/index.mjs"}}</script>
<script type="module">
  import { Gateway, NotFound } from "message-gateway-client";
  const gateway = new Gateway({ url: location.origin, key: KEY });
  const sent = await gateway.send({ to: "+819012345678", text: "Hello" });
  const message = await gateway.waitUntilDelivered(sent.id);
  const refused = await gateway.get("msg_1").catch((error) => error instanceof NotFound && error.code);
  document.title = [message.status, refused].join();
</script>
"""


def test_a_page_sends_a_message(installed: Path, here: Environ) -> None:
    """Without a bundler: the modules are taken as they are installed."""
    url, body = here["GATEWAY_URL"], PAGE.replace("KEY", json.dumps(here["GATEWAY_KEY"]))
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=need("chromium"), args=arguments)
        page = browser.new_page()
        asked: list[dict[str, str]] = []
        page.on("request", lambda request: asked.append(request.headers) if request.method == "POST" else None)
        page.route(f"{url}/page", lambda route: route.fulfill(content_type="text/html", body=body))
        page.route(f"{url}/installed/**", lambda route: route.fulfill(path=module(installed, route.request.url)))
        page.goto(f"{url}/page")
        page.wait_for_function("document.title !== ''")
        assert page.title() == "delivered,not_found"
        assert asked[0]["idempotency-key"]
        assert "message-gateway" not in asked[0]["user-agent"]
        browser.close()


def module(installed: Path, url: str) -> Path:
    return installed / "node_modules" / url.partition("/installed/")[2]


def send(here: Environ, *, wait: bool = False) -> str:
    """The id of a message that is delivered, with `wait` by now."""
    headers = {"Authorization": f"Bearer {here['GATEWAY_KEY']}"}
    with httpx.Client(base_url=here["GATEWAY_URL"], headers=headers) as api:
        sent = api.post("/messages", json={"to": "+819012345678", "text": "Hello"}).raise_for_status().json()["id"]
        if wait:
            until(lambda: api.get(f"/messages/{sent}").raise_for_status().json()["status"] == "delivered")
    return str(sent)


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
