"""Virtual time: an event loop that never waits, and a gateway that asks it, not the machine, what time it is.

Redis is asked over a blocking socket (`wire`), so the loop has nothing to wait for but timers: it jumps from one to the
next. The scripts run on the real server with one line changed, the one that reads its clock: time is all offset.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import selectors
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from unittest import mock

from gateway import availability, recording, reservations, withdrawing
from gateway import gate as process_gates
from gateway.dispatch import dispatcher
from gateway.dispatch.parties import Gathering
from gateway.model import ids
from gateway.store import clock, gates, link, messages, roster, session, topology
from gateway.store.scripts import Script

BASE = 2_000_000_000
"""Seconds since 1970 when every case begins: in the future, so that Redis itself lets nothing expire meanwhile."""
START = 1000.0
"""The loop's time when a case begins."""


MOST_TURNS = 500_000
"""Of the loop in one case; 5,000 are usual."""
A_TURN = 1e-7
"""Seconds each turn takes: who waits for the rest that a subtraction of floats leaves must not wait forever."""


class Stuck(Exception):
    """A case that cannot go on, or never ends."""


class _Jump(selectors.SelectSelector):
    now = START
    turns = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck("everything waits, and for nothing")
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise Stuck("the case does not end")
        self.now += max(timeout, 0.0) + A_TURN
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time passes in jumps, from timer to timer."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now

    def clear(self) -> None:
        """Ends what is left of a case, and the loop."""
        self._jump.turns = 0

        async def end() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        with suppress(Stuck):
            self.run_until_complete(end())
        self.close()


class VirtualTime:
    """Stands in for the module `time`."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def clock_gettime_ns(self, _clock: int) -> int:
        return int(self.monotonic() * 1e9)


class Dice:
    """Stands in for the module `secrets`."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"ids {seed}")

    def randbits(self, number: int) -> int:
        return self._random.getrandbits(number)

    def token_urlsafe(self, number: int) -> str:
        return self.token_hex(number)

    def token_hex(self, number: int) -> str:
        return self._random.randbytes(number).hex()


def scripts() -> Iterator[tuple[Any, str, Script]]:
    """Every script the gateway runs, with the module and the name it runs it by."""
    for module in (messages, session, gates, roster):
        for name, value in list(vars(module).items()):
            if isinstance(value, Script):
                yield module, name, value


def timeless(script: Script, *changes: tuple[str, str]) -> Script:
    """The script with the clock taken out, and `changes` (planted bugs) made."""
    source = script.source.replace("redis.call('TIME')", f"{{{BASE}, 0}}")
    source = source.replace("real - keep", "0")  # entries of the feed are numbered by the server's own clock
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


@contextmanager
def patched() -> Iterator[None]:
    """The gateway in virtual time, for as many cases as wanted."""
    timed = (dispatcher, process_gates, clock, link, messages, session, topology)
    with ExitStack() as stack:
        for module in (*timed, availability, reservations, withdrawing):
            stack.enter_context(mock.patch.object(module, "time", VirtualTime()))
        stack.enter_context(mock.patch.object(Gathering.__init__, "__defaults__", (VirtualTime().monotonic,)))
        for module, name, script in scripts():
            stack.enter_context(mock.patch.object(module, name, timeless(script)))
        yield


@contextmanager
def dice(seed: int) -> Iterator[None]:
    """The same ids in every run of a seed."""
    with ExitStack() as stack:
        for module in (ids, dispatcher, recording):
            stack.enter_context(mock.patch.object(module, "secrets", Dice(seed)))
        yield


def script_names() -> dict[bytes, str]:
    """What EVAL or EVALSHA runs, by digest and by source."""
    known = [(script, name.lower()) for _, name, script in scripts()]
    return {digest: name for script, name in known for digest in (script.sha.encode(), script.source.encode())}
