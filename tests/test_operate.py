"""What an operator does to a running gateway."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests import processes
from tests.processes import Processes

pytestmark = pytest.mark.anyio
gateway = processes.gateway


async def until(gateway: Processes, id_: str, *wanted: str) -> None:
    ends = time.monotonic() + 10
    while (status := (await gateway.statuses([id_]))[id_]) not in wanted:
        assert time.monotonic() < ends, status
        await asyncio.sleep(0.05)


async def test_a_provider_is_paused_resumed_and_reset(gateway: Processes) -> None:
    await gateway.start()

    async def run(*arguments: str) -> tuple[int, str]:
        done = await asyncio.to_thread(gateway.run, *arguments)
        return done.returncode, done.stdout + done.stderr

    assert await run("providers") == (0, "main: closed\n"), "gateway.toml is what it reads unless told"
    assert await run("providers", "pause", "main") == (0, "main: paused. An operator paused it.\n")
    id_ = await gateway.send("paused")
    assert id_
    await asyncio.sleep(0.5)
    assert (await gateway.statuses([id_]))[id_] == "queued"
    ready = (await gateway.api.get("/health/ready")).json()
    assert ready["providers"] == {"main": {"health": "paused", "detail": "An operator paused it."}}
    assert 'gateway_provider_up{provider="main"} 0' in (await gateway.api.get("/metrics")).text
    assert await run("providers", "reset", "main", "--config", "gateway.toml") == (
        0,
        "main: paused. An operator paused it.\n",
    )
    assert await run("providers", "resume", "main") == (0, "main: closed\n")
    await until(gateway, id_, "delivered")
    code, said = await run("providers", "reset", "mian")
    assert code == 2
    assert "'mian'; configured: main" in said


async def test_without_a_gateway_or_a_configuration_it_says_what_to_do(gateway: Processes) -> None:
    nothing = await asyncio.to_thread(gateway.run, "providers", "reset", "main")
    assert nothing.returncode == 1
    assert nothing.stderr.startswith("gateway: ")
    missing = await asyncio.to_thread(gateway.run, "providers", "--config", "elsewhere.toml")
    assert missing.returncode == 2
    assert "elsewhere.toml" in missing.stderr
