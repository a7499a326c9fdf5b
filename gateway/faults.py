"""Named points in the code path where a test may make the process die, stop or wait.

Outside tests nothing is installed and a point costs one attribute look-up. `GATEWAY_FAULTS="take.after=kill@3"`
makes a process kill itself with SIGKILL at the third passing of that point; several are separated by commas.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

POINTS = (
    "accept.before",
    "accept.after",
    "take.before",
    "take.after",
    "send.before",
    "send.after",
    "settle.after",
    "receipt.before",
    "receipt.after",
    "tick.after",
)
"""Every point there is, in the order a message passes them."""

Hook = Callable[[str], Awaitable[None]]

_hook: Hook | None = None


async def point(name: str) -> None:
    if _hook is not None:
        await _hook(name)


def install(hook: Hook | None) -> None:
    """Installs a hook for this process; None removes it."""
    global _hook
    _hook = hook


def install_from(plan: str, spent: Path) -> None:
    """Installs what `GATEWAY_FAULTS` says, unless `spent` exists: the process that replaces a killed one lives.
    Raises ValueError where the plan names no point."""
    countdown: dict[str, int] = {}
    for entry in filter(None, plan.split(",")):
        name, _, action = entry.partition("=")
        verb, _, count = action.partition("@")
        if name not in POINTS or verb != "kill":
            raise ValueError(f"no such fault: {entry}")
        countdown[name] = int(count or 1)

    async def kill(name: str) -> None:
        if name in countdown:
            countdown[name] -= 1
            if countdown[name] == 0:
                os.close(os.open(spent, os.O_CREAT))
                os.kill(os.getpid(), signal.SIGKILL)

    install(kill if countdown and not spent.exists() else None)
