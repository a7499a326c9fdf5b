"""The clocks of a case: the simulator's, Redis's, and the vendors'."""

from __future__ import annotations

import asyncio

from tests.chaos.clockwork import BASE, START


class Clocks:
    """`ahead`: seconds that have passed when the case begins."""

    def __init__(self, ahead: float) -> None:
        self._jumped = self._leapt = ahead
        self.stepped_back = False
        self.jumped_at = float("-inf")
        """On the simulator's."""
        self._peaks: list[tuple[float, float]] = []
        """What Redis's clock showed before it stepped back, and when."""

    @property
    def now(self) -> float:
        """The simulator's."""
        return asyncio.get_running_loop().time()

    @property
    def wall(self) -> float:
        """Redis's, in seconds since 1970. It may step back."""
        return BASE + (self.now - START) + self._jumped

    @property
    def passed(self) -> float:
        """The vendors', which does not, in seconds since the case began."""
        return self.now - START + self._leapt

    def jump(self, seconds: float) -> None:
        if seconds < 0:
            self._peaks.append((self.now, self.wall))
        self._jumped += seconds
        self.jumped_at = self.now
        self._leapt += max(seconds, 0.0)
        self.stepped_back |= seconds < 0

    def believed(self) -> float:
        """The latest that a process may take for the time that has heard nothing of Redis for long."""
        return max([self.wall, *(wall + self.now - at for at, wall in self._peaks)])

    def peak(self, since: float) -> float:
        """The latest that Redis's clock showed since a moment of the simulator's time."""
        return max([self.wall, *(wall for at, wall in self._peaks if at >= since)])
