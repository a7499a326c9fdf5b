"""The configuration and the simulated vendors of `gateway sandbox`."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import uvloop

from gateway.providers import TYPES
from gateway.sandbox import aicross, mediasms
from gateway.settings import Settings, key_digest, parse

TOKEN, CLIENT_ID, SMS_CODE = "sandboxtoken", "1234", "80013"
USERNAME, PASSWORD = "sandbox", "sandboxpassword"

CONFIG = """
[gateway]
public_url = "{public_url}"
data_dir = "{data_dir}"

[clients.sandbox]
keys = [{{ sha256 = "{digest}", scopes = ["send", "read", "admin"] }}]

[providers.aicross]
type = "aicross"
base_url = "http://127.0.0.1:{aicross_port}"
token = "{token}"
client_id = "{client_id}"
sms_code = "{sms_code}"
callback_secret = "{secret}"
timeout = "3s"

[providers.mediasms]
type = "mediasms"
base_url = "http://127.0.0.1:{mediasms_port}{mediasms_path}"
username = "{username}"
password = "{password}"
callback_secret = "{secret}"
timeout = "3s"

# mediasms serves by name only: with failover, some endings at aicross would turn into those at mediasms.
[[routes]]
providers = ["aicross"]
"""


class Sandbox:
    """A ready configuration with a fresh key, and the processes that play the vendors."""

    def __init__(self, data_dir: Path, host: str, port: int, key: str | None = None) -> None:
        self.key = key or f"sandbox_{secrets.token_urlsafe(16)}"
        self.base_url = f"http://{host}:{port}"
        self._aicross_port, self._mediasms_port = _free_ports()
        self._secret = secrets.token_urlsafe(16)
        self.settings: Settings = parse(
            CONFIG.format(
                public_url=self.base_url,
                data_dir=data_dir,
                digest=key_digest(self.key).hex(),
                aicross_port=self._aicross_port,
                mediasms_port=self._mediasms_port,
                mediasms_path=mediasms.PATH,
                token=TOKEN,
                client_id=CLIENT_ID,
                sms_code=SMS_CODE,
                username=USERNAME,
                password=PASSWORD,
                secret=self._secret,
            ),
            TYPES,
            {},
            data_dir,
        )

    def processes(self) -> tuple[tuple[str, Callable[[int], None]], ...]:
        """The simulated vendors, for the supervisor."""
        callbacks = f"{self.base_url}/callbacks"
        first = aicross.AICrossSimulator(
            token=TOKEN, client_id=CLIENT_ID, sms_code=SMS_CODE, callback_url=f"{callbacks}/aicross/{self._secret}/dlr"
        )
        second = mediasms.MediaSMSSimulator(
            username=USERNAME, password=PASSWORD, callback_url=f"{callbacks}/mediasms/{self._secret}/delivery"
        )
        return (
            ("vendor-aicross", partial(_play, first, self._aicross_port)),
            ("vendor-mediasms", partial(_play, second, self._mediasms_port)),
        )

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

By the other vendor: the first command with -d '{{"to": "+819012345678", "text": "Hello", "provider": "mediasms"}}'

Numbers that end like these behave otherwise (see README): {", ".join(sorted(aicross.ENDINGS | mediasms.ENDINGS))}.
Ctrl-C ends the sandbox.
"""


def _play(vendor: aicross.AICrossSimulator | mediasms.MediaSMSSimulator, port: int, alive: int) -> None:
    """One vendor's process: until SIGTERM or SIGINT, or until `alive` tells that the supervisor died."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(alive, lambda: os._exit(1))
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await vendor.start(port=port)
        await stop.wait()
        await vendor.stop()

    uvloop.run(main())


def _free_ports() -> tuple[int, int]:
    """Two that differ."""
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
