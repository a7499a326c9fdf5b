"""Real processes, killed while a vendor is asked for a call or to set a rule off: it is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.sandbox.iotcall import IoTCallSimulator
from gateway.sandbox.mediasms import MediaSMSSimulator
from tests.call_tools import IVR, IVR_NUMBER, NAMELESS, QUIET, TREES
from tests.processes import SECRET, Processes

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
VENDORS = """
[providers.media]
type = "mediasms"
base_url = "{media}"
username = "user"
password = "secret"
{ivr}
callback_secret = "{secret}"
timeout = "1s"

[providers.alarm]
type = "iotcall"
base_url = "{alarm}"
auth_code = "authcode"
callback_secret = "{secret}"
timeout = "1s"
rules = {rules}
"""
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "activation": ("/activations", {"rule": "fire"}),
    "call": ("/numbers/verify", {"method": "call_in", "number": QUIET, "validMinutes": 5}),
}


class WithCalls(Processes):
    """A gateway, and vendors of calls beside its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.media = MediaSMSSimulator(username="user", password="secret", ivr_number=IVR_NUMBER)
        self.alarm = IoTCallSimulator(auth_code="authcode", trees=TREES)

    async def open(self) -> None:
        await super().open()
        await self.media.start()
        await self.alarm.start()
        more = VENDORS.format(
            media=self.media.base_url, alarm=self.alarm.base_url, secret=SECRET, rules=NAMELESS, ivr=IVR
        )
        with (self.folder / "gateway.toml").open("a") as file:
            file.write(more)

    async def close(self) -> None:
        await super().close()
        await self.media.stop()
        await self.alarm.stop()

    async def ask(self, what: str) -> httpx.Response | None:
        """None where no answer came."""
        path, body = BODIES[what]
        try:
            return await self.api.post(path, json=body | {"clientTag": "t"})
        except httpx.TransportError:
            return None

    def asked(self, what: str) -> int:
        """How often the vendor took it."""
        return len(self.alarm.activations) if what == "activation" else self.media.taken(QUIET)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[WithCalls]:
    processes = WithCalls(tmp_path)
    await processes.open()
    try:
        yield processes
    finally:
        await processes.close()


@each("what", BODIES)
@each("point", ["direct.before", "direct.after"])
async def test_killed_with_a_request(gateway: WithCalls, what: str, point: str) -> None:
    """Whoever asks again is told of the first, and that nobody knows what became of it."""
    await gateway.start(faults=f"{point}=kill@1")
    while (answer := await gateway.ask(what)) is None or answer.status_code == 503:
        await asyncio.sleep(0.1)
    assert (answer.status_code, answer.headers["idempotency-replayed"]) == (202, "true"), answer.text
    known = answer.json()
    assert known["final"] is False
    assert known["status"] == ("uncertain" if what == "activation" else "pending")
    assert known.get("confirmed") is (None if what == "activation" else False)
    assert gateway.asked(what) == (0 if point == "direct.before" else 1)
    again = await gateway.ask(what)
    assert again is not None
    assert again.json()["id"] == known["id"]
    assert gateway.asked(what) <= 1
