"""The vendor's codes in the gateway's words. Numbers in comments are sections of the API document v1.47."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gateway.model.reasons import Reason
from gateway.provider import Owner, Refused

# responseCode of mt.json (2.1.3). Whatever is not 0 is by the document's closing note a request not accepted.
SUCCESS = 0
INVALID = 110
TOO_LONG = 120
DUPLICATE_TAG = 400
NAMING = {100: "misses", INVALID: "finds invalid", TOO_LONG: "finds too long"}
"""Codes whose responseMessage names the parameter they are about."""

# Further ones of checkreservation.json (2.2.3); the first of cancelreservation.json too (2.3.3).
ALREADY_SENT = 130
PAST = 140

Blame = Literal["message", "account", "vendor", "schedule"]
Outcome = Literal["delivered", "undelivered"]

REFUSALS: dict[int, tuple[Reason, Blame, str]] = {
    300: (Reason.QUOTA_EXCEEDED, "account", "the contract's number of messages is used up"),
    500: (Reason.PROVIDER_ERROR, "vendor", "the vendor reports an error of its own"),
}

# Parameters (2.1.1), in lower case as `wire.Reply.item` has them. A parameter that is not here is one the
# gateway fills in by itself, so the message is not to blame.
PARAMETERS: dict[str, tuple[Reason, Blame]] = {
    "token": (Reason.AUTHENTICATION_FAILED, "account"),
    "clientid": (Reason.AUTHENTICATION_FAILED, "account"),
    "smscode": (Reason.SENDER_NOT_ALLOWED, "account"),
    "phonenumber": (Reason.INVALID_NUMBER, "message"),
    "message": (Reason.CONTENT_REFUSED, "message"),
    "scheduletime": (Reason.PROVIDER_ERROR, "schedule"),
}

# carrierId in requests (2.1.1). There is no id for Y!mobile.
CARRIER_IDS = {"au": "101", "docomo": "103", "softbank": "105", "rakuten": "106"}

# carrierId in answers (2.4.2, 2.5.1; 102 only in 2.4.2, at rawdata).
CARRIERS = {"101": "au", "102": "ymobile", "103": "docomo", "105": "softbank", "106": "rakuten"}

# status of numbercleaning.json (2.8.2). ERROR: the number is not in the vendor's data.
OWNERS: dict[str, Owner] = {"N": "same_owner", "T": "changed_owner", "ERROR": "unknown"}

# statusId (3.2). 0 (state unknown) and 1 (on its way) say nothing about the outcome.
OUTCOMES: dict[str, Outcome] = {"2": "delivered", "3": "undelivered"}
STATES = {
    "0": "the vendor does not know the state",
    "1": "on its way",
    "2": "delivered",
    "3": "not delivered",
}

# First two digits of a five-digit detailedStatusId (3.4).
MODULES = {
    "11": "au",
    "12": "au",
    "13": "au",
    "14": "au",
    "31": "docomo",
    "32": "docomo",
    "51": "softbank",
    "52": "softbank",
    "61": "rakuten",
    "62": "rakuten",
}

# Last three digits of a five-digit detailedStatusId (3.4, which warns that others occur).
CLASSES: dict[str, tuple[Reason, str]] = {
    "721": (Reason.CARRIER_CONGESTED, "congestion at the carrier or the handset"),
    "732": (Reason.UNKNOWN_SUBSCRIBER, "the number is not in use, or its owner's contract does not allow it"),
    "821": (Reason.CARRIER_CONGESTED, "congestion at the handset"),
    "823": (Reason.HANDSET_UNREACHABLE, "out of reach or switched off, or a fault of the network"),
    "824": (Reason.HANDSET_UNREACHABLE, "out of reach or switched off"),
    "833": (Reason.HANDSET_UNREACHABLE, "out of reach, busy or switched off"),
    "834": (Reason.HANDSET_REFUSED, "the handset refused it, perhaps by a setting"),
}


def refusal(code: int, item: str) -> Refused:
    """What a responseCode other than 0 and 400 means; `item` is the parameter its message names, or ""."""
    shown = str(code)[:20]
    if code not in NAMING:
        reason, about, detail = REFUSALS.get(code, (Reason.PROVIDER_ERROR, "vendor", "a code in no document"))
        return Refused(reason, about, shown, detail)
    reason, about = PARAMETERS.get(item, (Reason.PROVIDER_ERROR, "vendor"))
    if item == "message" and code == TOO_LONG:
        reason = Reason.TOO_LONG
    named = item if item in PARAMETERS else "a parameter the gateway set"
    return Refused(reason, about, shown, f"the vendor {NAMING[code]} {named}")


class Verdict(NamedTuple):
    """What a receipt says."""

    outcome: Outcome | None
    reason: Reason | None
    code: str
    detail: str
    carrier: str | None


def verdict(status: str, detailed: str, carrier: str) -> Verdict:
    """The meaning of statusId, detailedStatusId and carrierId, each "" where unknown.

    While statusId is neither 2 nor 3 the other two are undefined (2.4.2, 2.5.1) and left aside.
    """
    detail = STATES.get(status, "a state in no document")
    if (outcome := OUTCOMES.get(status)) is None:
        return Verdict(None, None, status[:20], detail, None)
    module, category = (detailed[:2], detailed[2:]) if len(detailed) == 5 else ("", "")
    reason = None
    if outcome == "undelivered":
        reason, detail = CLASSES.get(category, (Reason.UNMAPPED, detail))
    return Verdict(outcome, reason, detailed[:20] or status, detail, CARRIERS.get(carrier) or MODULES.get(module))
