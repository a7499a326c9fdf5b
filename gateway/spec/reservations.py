"""Reservations in the document: their operations, and the words for their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.api.messages import ClientQuery
from gateway.api.problems import problem
from gateway.api.reservation_schemas import (
    ReservationIn,
    ReservationPatchIn,
    ReservationsCanceledOut,
    ReservationsCancelIn,
)
from gateway.api.reservations import ReservationQuery
from gateway.api.schemas import MessageList, MessageOut
from gateway.errors import Code, GatewayError
from gateway.spec import examples, words
from gateway.spec.entry import ACCEPTING, CANCELING, Answer, Operation, Parameter, idempotency_key
from gateway.spec.words import E164_EXAMPLE, ID_PATTERN, Extra


def _field(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


FIELDS: Mapping[str, Mapping[str, Extra]] = {
    "ReservationIn": words.FIELDS["MessageIn"],
    "ReservationPatchIn": {
        "text": _field("Another text, in place of the text or the template it has."),
    },
    "ReservationQuery": {
        "clientTag": _field("The reservation with this tag."),
        "groupTag": _field("Reservations of this group."),
        "date": _field("Due on this day, `YYYY-MM-DD`, in the gateway's time zone.", examples=["2026-11-21"]),
        "from": _field("Due at or after this time (RFC 3339 with offset)."),
        "to": _field("Due before this time (RFC 3339 with offset)."),
        "cursor": _field("`nextCursor` of the page before."),
        "limit": _field("Reservations a page."),
        "client": words.FIELDS["ClientQuery"]["client"],
    },
    "ReservationsCancelIn": {
        "groupTag": _field("Those of this group."),
        "all": _field("`true`: every one that fits the other conditions; needed where there are none."),
    },
    "FailedCancelOut": {
        "id": _field("The reservation's id.", pattern=ID_PATTERN),
        "problem": _field("Why it was not canceled. It stands as it did."),
    },
    "ReservationsCanceledOut": {
        "canceled": _field("So many were canceled by this request."),
        "failed": _field("Those that fit and were not canceled, each with the reason."),
    },
}

_ID = Parameter(
    name="id",
    description="The reservation's id: it is the message's.",
    schema={"type": "string", "pattern": ID_PATTERN},
    example=examples.ID,
)
_KEY = idempotency_key(
    "Makes the request repeatable without a `clientTag`: the same key with the same body is the same "
    "reservation, with another body it is 422. It counts for this path only. Kept for 24 hours unless configured "
    "otherwise."
)
_CANCEL_KEY = idempotency_key(
    "Makes the cancel repeatable: the same key with the same body is answered as the first time, and "
    "cancels nothing that was made since. With another body it is 422. Kept for 24 hours unless configured otherwise."
)

_MAKE: Mapping[str, tuple[str, object]] = {
    "simple": (
        "Kept by the gateway, to be changed or canceled to the last moment",
        {
            "to": E164_EXAMPLE,
            "text": "We are open from ten today.",
            "sendAt": "2026-11-21T09:00:00+09:00",
            "clientTag": "opening-4711",
            "groupTag": "opening",
        },
    ),
    "provider": (
        "Handed to the vendor at once, which keeps it until then",
        {
            "to": E164_EXAMPLE,
            "text": "We are open from ten today.",
            "sendAt": "2026-11-21T09:00:00+09:00",
            "heldBy": "provider",
        },
    ),
}
_SCHEDULED: dict[str, Any] = {
    "id": examples.ID,
    "status": "scheduled",
    "final": False,
    "to": E164_EXAMPLE,
    "text": "We are open from ten today.",
    "clientTag": "opening-4711",
    "groupTag": "opening",
    "sendAt": "2026-11-21T00:00:00Z",
    "heldBy": "gateway",
    "cancelableUntil": "2026-11-21T00:00:00Z",
    "expiresAt": "2026-11-22T00:00:00Z",
    "priority": "normal",
    "provider": "main",
    "segments": {"encoding": "gsm7", "characters": 27, "count": 1},
    "reason": None,
    "createdAt": "2026-11-20T00:00:00Z",
    "updatedAt": "2026-11-20T00:00:00Z",
}
_READ = _SCHEDULED | {
    "heldBy": "provider",
    "events": [
        {"at": "2026-11-20T00:00:00Z", "status": "scheduled", "provider": "main"},
        {"at": "2026-11-20T00:00:00.210000Z", "status": "scheduled", "provider": "main", "providerCode": "0"},
    ],
}
_CHANGED = _SCHEDULED | {
    "sendAt": "2026-11-21T01:00:00Z",
    "cancelableUntil": "2026-11-21T01:00:00Z",
    "expiresAt": "2026-11-22T01:00:00Z",
    "updatedAt": "2026-11-20T03:12:45.067000Z",
}
_CANCELED = _SCHEDULED | {
    "status": "canceled",
    "final": True,
    "cancelableUntil": None,
    "updatedAt": "2026-11-20T03:12:45.067000Z",
}
_KEPT_FOR_GOOD = "The vendor that keeps this reservation does not cancel any."
_FAILED_CANCEL = {
    "id": "msg_01m7v41f000hj4erxpyf6g76zw",
    "problem": msgspec.to_builtins(
        problem(
            GatewayError(Code.NOT_CANCELABLE, _KEPT_FOR_GOOD, message_id="msg_01m7v41f000hj4erxpyf6g76zw"),
            examples.REQUEST_ID,
        )
    ),
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="post",
        path="/reservations",
        id="makeReservation",
        tag="Reservations",
        scope="send",
        summary="Send a message later",
        description="Accepts one message to be sent at `sendAt`, at most 90 days ahead. It is a message like others, "
        "under the same `id` at `/messages/{id}` too; `POST /messages` with `sendAt` makes the same one and answers "
        "the same. `Prefer` is ignored, for nobody can wait so long.\n\n`heldBy` says who keeps it until its time. "
        "The `gateway`, unless the operator configured otherwise: it is stored durably, can be changed and canceled "
        "to the last moment whatever vendor will send it, is never sent early, and its provider is chosen when it is "
        "due. Or a `provider`: the vendor is given the message at once, and sends it by its own clock even while the "
        'gateway is down. With `"heldBy": "provider"` the request is refused (422 `unsupported`) where no vendor '
        "that may carry the message keeps any until then; where only the configuration says so, the gateway keeps "
        "it.\n\nVendors differ; `GET /providers` tells how. One that knows whole minutes only drops the seconds: "
        "`sendAt` in the answer is the time that the vendor keeps. One that has to have the message 30 minutes ahead "
        "cannot keep an earlier one. One that lets go of nothing it has makes `cancelableUntil` null. Where a "
        "handover does not come about in time, the gateway keeps the message after all, and `heldBy` says so.\n\nWith "
        "a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, even after `sendAt` has "
        "passed or the reservation was changed: a repeat answers the same reservation as it stands now. A `clientTag` "
        "is the same one at `POST /messages`.",
        headers=(_KEY,),
        body=ReservationIn,
        examples=_MAKE,
        answers={
            201: Answer(
                description="It is durable, and will be sent at its time.",
                body=MessageOut,
                headers=("Location", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy"),
                example=_SCHEDULED,
            )
        },
        problems=ACCEPTING,
    ),
    Operation(
        method="get",
        path="/reservations",
        id="listReservations",
        tag="Reservations",
        scope="read",
        summary="List reservations",
        description="What still waits for its time, whoever keeps it, the next one first; what was sent or canceled "
        "is in `GET /messages`. Filters combine. A page may hold fewer than `limit` and still have a next one: go on "
        "while `nextCursor` is not null. Pages skip and repeat nothing that waits all the while, whatever comes and "
        "goes. No vendor is asked.",
        query=ReservationQuery,
        answers={
            200: Answer(description="One page.", body=MessageList, example={"items": [_SCHEDULED], "nextCursor": None})
        },
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="get",
        path="/reservations/{id}",
        id="getReservation",
        tag="Reservations",
        scope="read",
        summary="Read a reservation",
        description="A message that was given a `sendAt`, with its timeline, also after its time; any other message is "
        "404 here. A vendor that keeps it and can be asked is asked whether it still does: what is not there any more "
        "is then `submitted` if it was sent, else `canceled` with the reason `provider_error`. A vendor that does not "
        "answer changes nothing.",
        path_parameters=(_ID,),
        query=ClientQuery,
        answers={200: Answer(description="The reservation.", body=MessageOut, example=_READ)},
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="patch",
        path="/reservations/{id}",
        id="changeReservation",
        tag="Reservations",
        scope="send",
        summary="Change a reservation",
        description="Another time, another text, or both, for what the gateway keeps. Once this is answered 200, the "
        "message is sent as changed and not otherwise; the same change again changes nothing.\n\n`expiresAt` moves "
        "along with `sendAt`, unless you gave it: then `sendAt` has to lie before it. A text takes the place of a "
        "template too, and is measured anew; where no provider can carry it the reservation stays as it was (422).\n\n"
        "What is due or was canceled is not changed, nor what a vendor keeps: 409 `not_changeable`. Cancel the latter, "
        "and make another one. The `clientTag` goes on naming the content it was first used for.",
        path_parameters=(_ID,),
        body=ReservationPatchIn,
        examples={
            "later": ("An hour later", {"sendAt": "2026-11-21T10:00:00+09:00"}),
            "text": ("Another text", {"text": "We are open from eleven today."}),
        },
        answers={
            200: Answer(
                description="The reservation, changed.",
                body=MessageOut,
                example=_CHANGED,
            )
        },
        problems=(Code.NOT_CHANGEABLE, Code.NO_ROUTE, Code.UNSUPPORTED, Code.STORE_UNAVAILABLE),
    ),
    Operation(
        method="delete",
        path="/reservations/{id}",
        id="cancelReservation",
        tag="Reservations",
        scope="send",
        summary="Cancel a reservation",
        description="Cancels a message that was given a `sendAt`, as `POST /messages/{id}/cancel` does. Once this is "
        "answered 200 it is not sent. A repeat is 409 `not_cancelable`, and so is what left, and what is kept by a "
        "vendor that lets go of nothing (`cancelableUntil` null).\n\nA vendor that keeps it is told to drop it, and "
        "it counts as canceled only on the vendor's word: 502 where the vendor refuses, 503 where it cannot be told "
        "now; then nothing was done. 504 where its answer is lost, after it was asked again: whether it dropped the "
        "message is not known, the status is what it was, and the next read or cancel asks the vendor.",
        path_parameters=(_ID,),
        answers={
            200: Answer(
                description="The reservation, canceled.",
                body=MessageOut,
                example=_CANCELED,
            )
        },
        problems=CANCELING,
    ),
    Operation(
        method="post",
        path="/reservations/cancel",
        id="cancelReservations",
        tag="Reservations",
        scope="send",
        summary="Cancel many reservations",
        description="Cancels every reservation that still waits for its time and fits all the conditions given. With "
        'none of them `"all": true` has to say so: nobody cancels everything by accident. Each is canceled for '
        "itself, wherever it is kept, as `DELETE /reservations/{id}` does: what cannot be canceled is told with the "
        "reason, and keeps no other from it.\n\nWith an `Idempotency-Key` the request can be repeated, and answers "
        "the count of the first time.",
        headers=(_CANCEL_KEY,),
        body=ReservationsCancelIn,
        examples={
            "group": ("A group", {"groupTag": "opening"}),
            "day": (
                "What is due on one day in Japan",
                {"from": "2026-11-21T00:00:00+09:00", "to": "2026-11-22T00:00:00+09:00"},
            ),
            "all": ("Everything that waits", {"all": True}),
        },
        answers={
            200: Answer(
                description="What became of those that fit.",
                body=ReservationsCanceledOut,
                headers=("Idempotency-Replayed",),
                example={"canceled": 249, "failed": [_FAILED_CANCEL]},
            )
        },
        problems=(Code.IDEMPOTENCY_KEY_REUSED, Code.STORE_UNAVAILABLE),
    ),
)
