"""The vendor's codes in the gateway's words. Source: the MediaSMS API document (for authentication), an excerpt.

It says itself that there are more codes than it lists; and those of the vendor's other products mean other things.
"""

from __future__ import annotations

import unicodedata
from typing import Literal, NamedTuple

from gateway.model.reasons import Reason
from gateway.provider import Accepted, Busy, Refused

Blame = Literal["message", "account", "vendor"]
Outcome = Literal["delivered", "undelivered"]

# Response codes of the sending API.
SUCCESS = "200"
OVER_RATE = "503"
"""More requests in this second than one address may make; this one was not taken."""
REFUSALS: dict[str, tuple[Reason, Blame, str]] = {
    "401": (Reason.AUTHENTICATION_FAILED, "account", "the vendor does not accept the user name and password"),
    "402": (Reason.QUOTA_EXCEEDED, "account", "the contract's number of messages is used up"),
    "414": (Reason.TOO_LONG, "message", "the request is longer than the vendor reads"),
    "550": (Reason.PROVIDER_ERROR, "vendor", "the vendor reports a failure and no cause"),
    "555": (Reason.SOURCE_ADDRESS_REFUSED, "account", "the vendor has blocked our address after failed logins"),
    "556": (Reason.PROVIDER_ERROR, "vendor", "the vendor finds no usable audio file"),
    "557": (Reason.SOURCE_ADDRESS_REFUSED, "account", "our address is not registered at the vendor"),
    # Parameters that the gateway fills in by itself, within the document's limits: neither message nor number is to
    # blame.
    "560": (Reason.PROVIDER_ERROR, "vendor", "the vendor finds invalid the carrier the gateway set"),
    "561": (Reason.PROVIDER_ERROR, "vendor", "the vendor finds invalid the method the gateway set"),
    "567": (Reason.PROVIDER_ERROR, "vendor", "the vendor finds invalid the holding time the gateway set"),
    "568": (Reason.PROVIDER_ERROR, "vendor", "the vendor finds invalid the number of rings the gateway set"),
    "615": (Reason.SENDER_NOT_ALLOWED, "account", "the vendor finds invalid the sender for au"),
    "616": (Reason.SENDER_NOT_ALLOWED, "account", "the vendor finds invalid the sender for SoftBank"),
    "617": (Reason.SENDER_NOT_ALLOWED, "account", "senders are switched off for this account"),
}

# mobilecareer of a request. There is no value for Rakuten.
CARRIERS = {"docomo": "1", "softbank": "2", "au": "3", "ymobile": "4"}
OVERSEAS = "c"


class Result(NamedTuple):
    """What a value of the pushed `status` says."""

    word: str
    outcome: Outcome | None
    reason: Reason | None
    detail: str
    carrier: str | None = None
    """The carrier the handset is said to belong to."""


_UNREACHABLE = "the handset is out of reach or switched off, or could not be rung"
_FAULT = "a fault, congestion or restriction in the carrier's own network"

# The results, by number. 2, 6, 30 and 33 are by the document never pushed; whether a failure stays one is up to
# the vendor, which tries again by itself.
RESULTS = {
    "0": Result("失敗", "undelivered", Reason.CARRIER_FAULT, "not brought to the handset from a network abroad"),
    "1": Result("送信済", "delivered", None, "delivered"),
    "2": Result("送信中", None, None, "the vendor is sending it"),
    "6": Result("未処理", None, None, "the vendor has not begun with it"),
    "10": Result("au 圏外・OFF", "undelivered", Reason.HANDSET_UNREACHABLE, _UNREACHABLE, "au"),
    # 11 and 19 carry "fault in the carrier's own network" as their name and congestion as one of the causes: the
    # name is what is certain.
    "11": Result("au 自 NW 障害", "undelivered", Reason.CARRIER_FAULT, _FAULT, "au"),
    "14": Result("処理中", None, None, "on its way at the carrier"),
    "18": Result("ドコモ圏外・OFF", "undelivered", Reason.HANDSET_UNREACHABLE, _UNREACHABLE, "docomo"),
    "19": Result("ドコモ自 NW 障害", "undelivered", Reason.CARRIER_FAULT, _FAULT, "docomo"),
    # Three causes under one value. Two of them are the handset not taking it, so that is said; the detail tells all.
    # The handset may be of another carrier, so none is named.
    "20": Result(
        "ドコモ他 NW 障害",
        "undelivered",
        Reason.HANDSET_REFUSED,
        "the handset refuses messages or failed to process this one, or it is not at docomo",
    ),
    "30": Result("送信前", None, None, "waiting for its time"),
    "33": Result("無効", None, None, "the vendor finds no such number"),
}
UNLISTED = Result("", None, None, "a status in no document")


def spelling(word: str) -> str:
    """A status word without its accidents: spaces, width and case."""
    return "".join(unicodedata.normalize("NFKC", word).split()).casefold()


_NUMBERS = {spelling(result.word): number for number, result in RESULTS.items()}


def number(status: str) -> str:
    """A pushed `status` as its number, whichever way it was written; an unlisted one as it came."""
    plain = spelling(status)
    if plain.isascii() and plain.isdigit():
        return plain.lstrip("0") or "0"
    return _NUMBERS.get(plain, status)


def outcome(code: str) -> Accepted | Busy | Refused | None:
    """What a response code says; None where it is in no document."""
    if code == SUCCESS:
        return Accepted(code)
    if code == OVER_RATE:
        return Busy(code)
    if code not in REFUSALS:
        return None
    reason, about, detail = REFUSALS[code]
    return Refused(reason, about, code, detail)
