"""Named points in the code path where a test may make the process die, stop or wait.

Outside tests nothing is installed and a point costs one attribute look-up. `GATEWAY_FAULTS="take.after=kill@3"`
makes a process kill itself with SIGKILL at the third passing of that point, `take.after=stop@3` stop until somebody
sends it SIGCONT; several are separated by commas.
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
"""Those that a message passes, in their order."""
BESIDE = ("direct.before", "direct.after")
"""Those of a request that its caller waits for."""

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

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
    """Installs what `GATEWAY_FAULTS` says. An entry that `spent` has a line of does not happen (any more): each is
    noted there when it does, so that the process that replaces a killed one lives. Raises ValueError where the plan
    names no point."""
    left: dict[str, int] = {}
    for entry in filter(None, plan.split(",")):
        name, _, action = entry.partition("=")
        verb, _, count = action.partition("@")
        if name not in (*POINTS, *BESIDE) or verb not in SIGNALS:
            raise ValueError(f"no such fault: {entry}")
        left[entry] = int(count or 1)

    async def strike(name: str) -> None:
        for entry in left:
            if entry.startswith(f"{name}="):
                left[entry] -= 1
                if left[entry] == 0 and _spend(entry, spent):
                    os.kill(os.getpid(), SIGNALS[entry.partition("=")[2].partition("@")[0]])

    install(strike if left else None)


def _spend(entry: str, spent: Path) -> bool:
    """Notes it; whether it was not there yet."""
    if spent.exists() and entry in spent.read_text().split():
        return False
    with spent.open("a") as file:
        file.write(f"{entry}\n")
    return True
