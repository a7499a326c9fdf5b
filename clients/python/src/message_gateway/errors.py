"""What goes wrong between a program and the gateway. The answers that are problems are in problems.py."""

from __future__ import annotations


class GatewayError(Exception):
    """Whatever this package raises, but for wrong arguments."""


class ConnectionFailedError(GatewayError):
    """No answer came, however often it was tried. `may_have_been_accepted` says whether the request may have done its
    work all the same. With `repeatable`, the same call again does nothing twice: where it was made repeatable by
    `idempotency_key`, give that one again."""

    def __init__(
        self, why: str, *, tries: int, may_have_been_accepted: bool, repeatable: bool, idempotency_key: str | None
    ) -> None:
        accepted = "it may have been accepted" if may_have_been_accepted else "it was not accepted"
        advice = ""
        if idempotency_key is not None:
            advice = f"; safe to repeat with idempotency_key={idempotency_key!r}"
        elif repeatable:
            advice = "; safe to repeat as it is"
        super().__init__(f"no answer after {tries} {'try' if tries == 1 else 'tries'} ({why}): {accepted}{advice}")
        self.tries = tries
        self.may_have_been_accepted = may_have_been_accepted
        self.repeatable = repeatable
        self.idempotency_key = idempotency_key


class UnexpectedAnswerError(GatewayError):
    """An answer that is not the gateway's, or of a shape this version does not know. Its request may have been
    accepted."""


class WebhookRefusedError(GatewayError):
    """A webhook that is not from the gateway, is too old, or was changed on its way."""
