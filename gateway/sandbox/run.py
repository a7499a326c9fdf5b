"""The configuration and the simulated vendors of `gateway sandbox`."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvloop

from gateway.providers import TYPES
from gateway.sandbox.aicross import ENDINGS, AICrossSimulator
from gateway.settings import Settings, key_digest, parse

TOKEN, CLIENT_ID, SMS_CODE = "sandboxtoken", "1234", "80013"

CONFIG = """
[gateway]
public_url = "{public_url}"
data_dir = "{data_dir}"

[clients.sandbox]
keys = [{{ sha256 = "{digest}", scopes = ["send", "read", "admin"] }}]

[providers.aicross]
type = "aicross"
base_url = "{vendor_url}"
token = "{token}"
client_id = "{client_id}"
sms_code = "{sms_code}"
callback_secret = "{secret}"
timeout = "3s"

[[routes]]
providers = ["aicross"]
"""


class Sandbox:
    """A ready configuration with a fresh key, and the processes that play the vendors."""

    def __init__(self, data_dir: Path, host: str, port: int, key: str | None = None) -> None:
        self.key = key or f"sandbox_{secrets.token_urlsafe(16)}"
        self.base_url = f"http://{host}:{port}"
        self._vendor_port = _free_port()
        secret = secrets.token_urlsafe(16)
        self._callback = f"{self.base_url}/callbacks/aicross/{secret}/dlr"
        self.settings: Settings = parse(
            CONFIG.format(
                public_url=self.base_url,
                data_dir=data_dir,
                digest=key_digest(self.key).hex(),
                vendor_url=f"http://127.0.0.1:{self._vendor_port}",
                token=TOKEN,
                client_id=CLIENT_ID,
                sms_code=SMS_CODE,
                secret=secret,
            ),
            TYPES,
            {},
            data_dir,
        )

    def processes(self) -> tuple[tuple[str, Callable[[int], None]], ...]:
        """The simulated vendors, for the supervisor."""
        return (("vendor-aicross", self._aicross),)

    def _aicross(self, alive: int) -> None:
        async def main() -> None:
            loop = asyncio.get_running_loop()
            loop.add_reader(alive, lambda: os._exit(1))
            stop = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop.set)
            simulator = AICrossSimulator(
                token=TOKEN, client_id=CLIENT_ID, sms_code=SMS_CODE, callback_url=self._callback
            )
            await simulator.start(port=self._vendor_port)
            await stop.wait()
            await simulator.stop()

        uvloop.run(main())

    def greeting(self) -> str:
        """What a newcomer is told."""
        return f"""\
The sandbox is running at {self.base_url} (nothing leaves this machine).

  Base URL       {self.base_url}
  Authorization: Bearer {self.key}

Send a first message and wait for the vendor's answer:

  curl -sS {self.base_url}/messages \\
    -H 'Authorization: Bearer {self.key}' -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\
    -d '{{"to": "+819012345678", "text": "Hello", "clientTag": "first"}}'

Its receipt arrives within a second; see it delivered:

  curl -sS '{self.base_url}/messages?clientTag=first' -H 'Authorization: Bearer {self.key}'

Numbers that end like these behave otherwise: {", ".join(sorted(ENDINGS))} (the README says how).
Ctrl-C ends the sandbox.
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
