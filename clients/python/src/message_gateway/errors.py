"""What goes wrong between a program and the gateway. The answers that are problems are in problems.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class GatewayError(Exception):
    """Whatever this package raises, but for wrong arguments."""

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, for other processes: `__init__` takes something else than `args`."""
        return _copied, (type(self), self.args), self.__dict__


def _copied(kind: type[GatewayError], args: tuple[Any, ...]) -> GatewayError:
    return kind.__new__(kind, *args)


@dataclass(frozen=True)
class Course:
    """How a request went that failed; unless told, one that only reads."""

    tries: int = 1
    may_have_been_accepted: bool = False
    repeatable: bool = True
    idempotency_key: str | None = None

    @property
    def advice(self) -> str:
        """What to say of it, after why it failed."""
        if not self.may_have_been_accepted:
            return ""
        if self.idempotency_key is not None:
            return f"; it may have been accepted; safe to repeat with idempotency_key={self.idempotency_key!r}"
        return f"; it may have been accepted{'; safe to repeat as it is' if self.repeatable else ''}"


class RequestFailedError(GatewayError):
    """A request that failed, after so many `tries`. `may_have_been_accepted`: it was to change something, and nobody
    knows whether it did. With `repeatable`, the same call again does nothing twice: where it was made repeatable by
    `idempotency_key`, give that one again."""

    def __init__(self, why: str, course: Course | None = None) -> None:
        course = course or Course()
        super().__init__(why + course.advice)
        self.tries = course.tries
        self.may_have_been_accepted = course.may_have_been_accepted
        self.repeatable = course.repeatable
        self.idempotency_key = course.idempotency_key


class ConnectionFailedError(RequestFailedError):
    """No answer came, at the last try either."""


class UnexpectedAnswerError(RequestFailedError):
    """An answer that is not the gateway's, or of a shape this version does not know."""


class WebhookRefusedError(GatewayError):
    """A webhook that is not from the gateway, is too old, or was changed on its way."""
