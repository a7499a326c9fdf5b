"""Until a message has arrived, or a number is verified."""

from __future__ import annotations

from collections.abc import Callable

from .errors import GatewayError
from .generated.models import MessageOut, VerificationOut


class WaitTimeoutError(GatewayError, TimeoutError):
    """It took longer than was waited; `last` is how it stood then."""

    def __init__(self, last: MessageOut | VerificationOut, timeout: float) -> None:
        super().__init__(f"{last.id} is still {last.status} after {timeout:g} s")
        self.last = last


class Waiting:
    """When to look again: soon at first, then less and less often, up to every 5 s."""

    def __init__(self, timeout: float, clock: Callable[[], float]) -> None:
        self._timeout = timeout
        self._clock = clock
        self._ends = clock() + timeout
        self._next = 0.2

    def pause(self, last: MessageOut | VerificationOut) -> float:
        """Seconds until the next look. Raises WaitTimeoutError once time is up; the last look is then."""
        left = self._ends - self._clock()
        if left <= 0:
            raise WaitTimeoutError(last, self._timeout)
        pause, self._next = min(self._next, left), min(self._next * 1.5, 5.0)
        return pause


OUTCOMES = frozenset({"delivered", "undelivered", "failed", "expired", "canceled", "verified"})
"""All but `delivered` and `verified` may still be lifted by a vendor's late word, for which nobody waits days."""


def settled(resource: MessageOut | VerificationOut) -> bool:
    """Whether there is an outcome."""
    return resource.final or resource.status in OUTCOMES
