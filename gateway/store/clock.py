"""One time for all processes: Redis's own, carried forward between answers by this machine's monotonic clock.

A host whose wall clock steps cannot expire, release or lease anything: its wall clock is never asked.
"""

from __future__ import annotations

import time

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady_ms() -> float:
    """Milliseconds that also pass while the machine or the process is suspended."""
    return time.clock_gettime_ns(_STEADY) / 1e6


class StoreClock:
    """`offset_ms` moves time in tests; scripts are given the same offset."""

    def __init__(self) -> None:
        self.offset_ms = 0
        self._ahead: float | None = None

    @property
    def known(self) -> bool:
        """The store has told the time."""
        return self._ahead is not None

    def now(self) -> int:
        """ms since 1970. To be asked only once the time is known."""
        assert self._ahead is not None
        return int(steady_ms() + self._ahead)

    def learn(self, now_ms: int) -> None:
        """An answer of the store said that it is `now_ms` (offset included)."""
        self._ahead = now_ms - steady_ms()
