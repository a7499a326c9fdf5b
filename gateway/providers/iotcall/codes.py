"""The vendor's countries and refusals in the gateway's words. Marks like ③ and D are those of the "API マニュアル"."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gateway.model.reasons import Reason
from gateway.provider import Refused

OK = "ok"
"""`status` of every answer that is printed. No other word is."""

# international_prefix_id: the place in the list of countries (③, and the table behind it). The list goes on unprinted.
COUNTRIES: dict[int, str] = {
    1: "JP",
    2: "US",
    3: "AR",
    4: "GB",
    5: "IT",
    6: "IN",
    7: "ID",
    8: "EG",
    9: "AU",
    10: "NL",
    11: "CA",
    12: "KR",
    13: "GR",
    14: "GU",
    15: "CO",
    16: "SA",
    17: "SG",
    18: "CH",
    19: "SE",
    20: "ES",
}
IDS = {country: id_ for id_, country in COUNTRIES.items()}
SHARED = {"CC": "AU", "CX": "AU"}
"""The list has the Cocos Islands and Christmas Island under Australia."""
ID_AT_MOST = 999


class Refusal(NamedTuple):
    """What an answer says of an activation."""

    reason: Reason
    about: Literal["account", "vendor"]
    detail: str


# HTTP statuses. The document has none: these are RFC 9110's, and each says that the request was not acted on.
# Others of 4xx do not (408, 409, 425): they count only together with a `status` that is not "ok".
REFUSALS: dict[int, Refusal] = {
    400: Refusal(Reason.PROVIDER_ERROR, "vendor", "the vendor does not understand the request"),
    401: Refusal(Reason.AUTHENTICATION_FAILED, "account", "the vendor does not accept the AuthCode"),
    403: Refusal(Reason.AUTHENTICATION_FAILED, "account", "the vendor does not let this AuthCode do so"),
    404: Refusal(Reason.PROVIDER_ERROR, "account", "the vendor has no rule under this URL key"),
    405: Refusal(Reason.PROVIDER_ERROR, "vendor", "the vendor does not take this method"),
    410: Refusal(Reason.PROVIDER_ERROR, "account", "the vendor has no rule under this URL key any more"),
    415: Refusal(Reason.PROVIDER_ERROR, "vendor", "the vendor does not take this media type"),
    422: Refusal(Reason.PROVIDER_ERROR, "vendor", "the vendor does not accept the request"),
    429: Refusal(Reason.QUOTA_EXCEEDED, "account", "the vendor takes no more requests now"),
}
UNLISTED = Refusal(Reason.PROVIDER_ERROR, "vendor", "the vendor refuses, by a word in no document")


def refused(code: str) -> Refused:
    """What the code of a `Declined` means for an activation: an HTTP status, or a `status` other than "ok"."""
    said = REFUSALS.get(int(code), UNLISTED) if code.isdecimal() and len(code) == 3 else UNLISTED
    return Refused(said.reason, said.about, code, said.detail)
