"""The vendor's words in the gateway's. Numbers in comments are sections of the "Loft Keeper's Handbook"."""

from __future__ import annotations

from typing import Literal

from gateway.model.reasons import Reason
from gateway.provider import Refused

# `error` of an answer to a flight that was not taken (4.2), HTTP 400 to 499.
REFUSALS = {
    "no-such-roof": Refused(Reason.INVALID_NUMBER, "message", "no-such-roof", "the vendor knows no such number"),
    "not-your-loft": Refused(Reason.AUTHENTICATION_FAILED, "account", "not-your-loft", "the vendor refuses the token"),
}
# `state` of a flight that is over (5.1). Any other says nothing of the outcome.
STATES: dict[str, tuple[Literal["delivered", "undelivered"] | None, Reason | None]] = {
    "home": ("delivered", None),
    "closed-window": ("undelivered", Reason.HANDSET_UNREACHABLE),
}
