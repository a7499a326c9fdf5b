"""What leads where: the natural next calls after an answer, each with what of the answer goes into it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

ID, BATCH, FIRST, NAME = "id", "batchId", "items/0/id", "items/0/name"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One next call. Its name in the document is the operation's, or `name`."""

    operation: str
    parameters: Mapping[str, str] = {}
    """Runtime expressions by parameter."""
    body: str | None = None
    name: str = ""


def _to(*operations: str, source: str = ID, parameter: str = "id") -> tuple[Link, ...]:
    """Operations on what the answer's field `source` names."""
    return tuple(Link(operation=each, parameters={parameter: f"$response.body#/{source}"}) for each in operations)


def _pages(operation: str, parameter: str = "cursor") -> tuple[Link, ...]:
    """From one page of a list to the next."""
    return (Link(operation=operation, parameters={parameter: "$response.body#/nextCursor"}, name="nextPage"),)


_NUMBERS = (
    Link(operation="putRuleNumbers", parameters={"rule": "$request.path.rule", "If-Match": "$response.header.ETag"}),
)
_VERIFICATION = _to("getVerification", "checkVerification", "resendVerification")
_BATCH = (*_to("getBatch", "cancelBatch", source=BATCH), *_to("listMessages", source=BATCH, parameter="batchId"))

LINKS: Mapping[tuple[str, int], tuple[Link, ...]] = {
    ("sendMessage", 201): _to("getMessage", "cancelMessage"),
    ("sendMessage", 202): _to("getMessage", "cancelMessage"),
    ("explainMessage", 200): (Link(operation="sendMessage", body="$request.body"),),
    ("listMessages", 200): (*_pages("listMessages"), *_to("getMessage", source=FIRST)),
    ("getMessage", 200): _to("cancelMessage", "eraseMessageContent"),
    ("cancelMessage", 200): _to("getMessage", "eraseMessageContent"),
    ("eraseMessageContent", 200): _to("getMessage"),
    ("sendBatch", 202): _BATCH,
    ("getBatch", 200): _BATCH[1:],
    ("makeReservation", 201): _to("getReservation", "changeReservation", "cancelReservation", "getMessage"),
    ("listReservations", 200): (*_pages("listReservations"), *_to("getReservation", source=FIRST)),
    ("getReservation", 200): _to("changeReservation", "cancelReservation", "getMessage"),
    ("changeReservation", 200): _to("getReservation", "cancelReservation"),
    ("cancelReservation", 200): _to("getReservation", "eraseMessageContent"),
    ("verifyNumber", 202): _VERIFICATION,
    ("getVerification", 200): _VERIFICATION[1:],
    ("resendVerification", 202): _VERIFICATION,
    ("listRules", 200): _to("getRuleNumbers", "getActivations", source="items/0/rule", parameter="rule"),
    ("getRuleNumbers", 200): _NUMBERS,
    ("putRuleNumbers", 200): _NUMBERS,
    ("activateRule", 202): _to("getActivation"),
    ("listEvents", 200): (*_pages("listEvents", "after"), *_to("redeliverEvent", source=FIRST)),
    ("listWebhooks", 200): _to("testWebhook", "enableWebhook", "redeliverSince", source=NAME, parameter="name"),
    ("listProviders", 200): _to("pauseProvider", "resumeProvider", source=NAME, parameter="name"),
    ("pauseProvider", 200): _to("resumeProvider", source="name", parameter="name"),
    ("listOrphans", 200): _pages("listOrphans"),
}
"""By operation and status of its answer."""
