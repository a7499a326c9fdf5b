"""A real gateway: the command line, its processes, the embedded Redis, a simulated vendor on a socket."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.sandbox.aicross import AICrossSimulator
from gateway.settings import key_digest
from tests.conftest import free_port

KEY, SECRET = "key-of-shop", "callback-secret-1234567890"

GATEWAY = [sys.executable, "-m", "gateway"]
ENVIRON = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
CONFIG = """
[gateway]
data_dir = "data"
{gateway}

[clients.shop]
keys = [{{ sha256 = "{digest}", scopes = ["send", "read", "admin"] }}]

[providers.main]
type = "aicross"
base_url = "{vendor_url}"
token = "vendortoken"
client_id = "1234"
sms_code = "80013"
callback_secret = "{secret}"
timeout = "1s"
"""


class Gateway:
    """One gateway and its folder: `start` and `kill` as often as you like, the data stays."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
        self.process: subprocess.Popen[bytes] | None = None
        self.environ: dict[str, str] = {}
        """More of it for its processes."""

    async def start(self, *arguments: str, faults: str = "") -> None:
        """Returns once it is ready."""
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*GATEWAY, "serve", "--config", "gateway.toml", "--port", str(self.port), *arguments],
                cwd=self.folder,
                stderr=log,
                env={**ENVIRON, **self.environ, "GATEWAY_FAULTS": faults},
                start_new_session=True,
            )
        ends = time.monotonic() + 20
        while True:
            assert self.process.poll() is None, self.log()
            try:
                if (await self.api.get("/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < ends, self.log()
            await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """SIGTERM, as an operator would; the exit code. The vendor goes on answering meanwhile."""
        assert self.process
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(process.wait, 40)

    def kill(self) -> None:
        """SIGKILL to the supervisor: its children see it die."""
        assert self.process
        process, self.process = self.process, None
        process.kill()
        process.wait()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command beside the running gateway."""
        return subprocess.run(
            [*GATEWAY, *arguments],
            cwd=self.folder,
            env=ENVIRON,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def children(self) -> list[int]:
        """Every process of the gateway, the embedded Redis among them."""
        assert self.process
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    def log(self) -> str:
        return (self.folder / "log").read_text()


class Processes(Gateway):
    """A gateway and its vendor."""

    def __init__(self, folder: Path, gateway: str = "") -> None:
        super().__init__(folder)
        self.vendor = AICrossSimulator(
            token="vendortoken",
            client_id="1234",
            sms_code="80013",
            delay=0.05,
            late=0.5,
            repeat_after=0.5,
            callback_url=f"{self.url}/callbacks/main/{SECRET}/dlr",
        )
        self._gateway = gateway

    async def open(self) -> None:
        await self.vendor.start()
        text = CONFIG.format(
            gateway=self._gateway, digest=key_digest(KEY).hex(), vendor_url=self.vendor.url, secret=SECRET
        )
        (self.folder / "gateway.toml").write_text(text)

    async def close(self) -> None:
        if self.process:
            await self.stop()
        await self.api.aclose()
        await self.vendor.stop()

    async def send(self, tag: str, to: str = "+819012345678") -> str | None:
        """The id of an accepted message; None where no answer came or it was refused for now."""
        body: dict[str, Any] = {"to": to, "text": "Hello", "clientTag": tag}
        try:
            answer = await self.api.post("/messages", json=body)
        except httpx.TransportError:
            return None
        assert answer.status_code in (202, 503), answer.text
        return str(answer.json()["id"]) if answer.status_code == 202 else None

    async def statuses(self, ids: list[str]) -> dict[str, str]:
        answers = await asyncio.gather(*(self.api.get(f"/messages/{id_}") for id_ in ids))
        return {answer.json()["id"]: answer.json()["status"] for answer in answers}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Processes]:
    """A gateway to start, with its vendor."""
    processes = Processes(tmp_path)
    await processes.open()
    try:
        yield processes
    finally:
        await processes.close()
