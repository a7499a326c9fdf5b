"""The vendor's codes in the gateway's words. Numbers in comments are sections of the "SMS API Manual"."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gateway.model.reasons import Reason
from gateway.provider import Refused

Blame = Literal["message", "account", "vendor"]

SUCCESS = 0


class Refusal(NamedTuple):
    """What a code says of a request."""

    reason: Reason
    about: Blame
    detail: str
    divisible: bool = False


# errorCode of an answer to a send (2.3). One code answers for all receivers of a call: where one of them, or how many
# they are, may be the cause, it is divisible.
REFUSALS: dict[int, Refusal] = {
    1: Refusal(Reason.PROVIDER_ERROR, "vendor", "the vendor finds another method than POST"),
    2: Refusal(Reason.PROVIDER_ERROR, "vendor", "the vendor misses a parameter the gateway set", divisible=True),
    3: Refusal(Reason.AUTHENTICATION_FAILED, "account", "the vendor does not accept the key and id"),
    4: Refusal(Reason.SOURCE_ADDRESS_REFUSED, "account", "our address is not registered at the vendor"),
    5: Refusal(Reason.ACCOUNT_SUSPENDED, "account", "the vendor has suspended the account"),
    6: Refusal(Reason.SENDER_NOT_ALLOWED, "account", "the sender is not registered at the vendor"),
    7: Refusal(Reason.TOO_LONG, "message", "the vendor finds the text longer than 2000 bytes"),
    8: Refusal(Reason.TOO_MANY_RECIPIENTS, "vendor", "the vendor finds too many receivers in a call", divisible=True),
    9: Refusal(Reason.INSUFFICIENT_BALANCE, "account", "the balance does not cover the call"),
    10: Refusal(Reason.PROVIDER_ERROR, "vendor", "the vendor reports an error of its own", divisible=True),
}
UNLISTED = Refusal(Reason.PROVIDER_ERROR, "vendor", "a code in no document", divisible=True)


def refused(code: int, balance: int | None) -> Refused:
    """What an errorCode other than 0 means."""
    said = REFUSALS.get(code, UNLISTED)
    return Refused(said.reason, said.about, str(code), said.detail, balance, said.divisible)
