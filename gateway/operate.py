"""What an operator does to a running gateway from the command line, through the store it shares."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Literal

from gateway.app import open_services, redis_address
from gateway.availability import Standing
from gateway.metrics import Metrics
from gateway.settings import Settings
from gateway.store.gates import Gates, pass_for


async def adopt(settings: Settings) -> int:
    """Takes what Redis holds for the truth; the new epoch. Raises `StoreUnavailable`, `EngineError`, OSError."""
    async with AsyncExitStack() as stack:
        here = await open_services(settings, redis_address(settings), stack, Metrics())
        return await here.store.adopt()


async def steer(
    settings: Settings, verb: Literal["list", "pause", "resume", "reset"], name: str
) -> dict[str, Standing]:
    """Does it to the provider `name`; how all providers stand afterwards. Raises as `adopt` does."""
    async with AsyncExitStack() as stack:
        here = await open_services(settings, redis_address(settings), stack, Metrics())
        gates = Gates(here.store)
        if verb != "list":
            await getattr(gates, verb)(pass_for(settings.providers[name]))
        await here.availability.refresh()
        return here.availability.standings()
