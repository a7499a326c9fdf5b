"""A gateway that plays everything, for the clients to be tried against."""

from __future__ import annotations

import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.conftest import free_port
from tests.processes import ENVIRON, GATEWAY

SECRET = f"whsec_{b64encode(bytes(range(32))).decode()}"


@contextmanager
def sandbox(folder: Path) -> Iterator[dict[str, str]]:
    """`gateway sandbox`, telling its events to a port where nobody listens yet; answers the environment that a smoke
    program reads."""
    port, hook, key = free_port(), free_port(), "key-of-the-smoke-program"
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [
                *(*GATEWAY, "sandbox", "--port", str(port), "--key", key, "--data-dir", str(folder / "data")),
                *("--webhook", f"http://127.0.0.1:{hook}/hook", "--webhook-secret", SECRET),
            ],
            env=ENVIRON,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        ends = time.monotonic() + 30
        while not _ready(url):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < ends, (folder / "log").read_text()
            time.sleep(0.05)
        yield {
            "GATEWAY_URL": url,
            "GATEWAY_KEY": key,
            "GATEWAY_WEBHOOK_PORT": str(hook),
            "GATEWAY_WEBHOOK_SECRET": SECRET,
        }
    finally:
        process.terminate()
        process.wait(40)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=2).status_code == 200
    except httpx.TransportError:
        return False
