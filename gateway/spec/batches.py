"""Batches in the document: their operations, and the words for their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.api.batch_schemas import MOST, BatchAcceptedOut, BatchIn, BatchOut
from gateway.api.messages import ClientQuery
from gateway.api.problems import problem
from gateway.errors import Code, GatewayError, Pointer
from gateway.model.ids import BATCH_PREFIX
from gateway.spec import examples, words
from gateway.spec.entry import CANCELING, Answer, Operation, Parameter, idempotency_key
from gateway.spec.words import BATCH_ID_PATTERN, E164_EXAMPLE, Extra

ID = f"{BATCH_PREFIX}01m7v41f000hj4erxpyf6g76zw"


def _field(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


_BATCH_ID = _field("Names the batch.", pattern=BATCH_ID_PATTERN)

FIELDS: Mapping[str, Mapping[str, Extra]] = {
    "BatchIn": {
        **{name: words.FIELDS["MessageIn"][name] for name in words.FIELDS["MessageIn"] if name != "to"},
        "messages": _field(
            f"1 to {MOST} bodies as for one message. One that is none, or that cannot be sent, is answered with its "
            "problem and keeps no other from being sent."
        ),
        "to": _field(
            f"1 to {MOST} numbers, in place of `messages`: each gets a message of its own, made of the other fields. "
            "One that cannot be used, or was given before, is answered with its problem."
        ),
    },
    "BatchAcceptedOut": {
        "batchId": _BATCH_ID,
        "items": _field("One for each item of the request, in its order."),
    },
    "BatchItemOut": {
        "index": _field("The item's place in the request, from 0."),
        "message": _field("It was accepted, now or before: the message as it stands."),
        "problem": _field(
            "It was not accepted. `errors` point into the item, or, where the request has one body for many numbers, "
            "into that."
        ),
    },
    "BatchOut": {
        "batchId": _BATCH_ID,
        "total": _field("Messages that were accepted with it."),
        "counts": _field(
            "How many of them are in which status; statuses of none are left out, and so are messages past their "
            "retention."
        ),
        "createdAt": _field("When the batch was first asked for."),
    },
}

_PATH_ID = Parameter(
    name="id",
    description="The batch's id.",
    schema={"type": "string", "pattern": BATCH_ID_PATTERN},
    example=ID,
)
_BATCH_KEY = idempotency_key(
    "Makes the batch repeatable: the same key with the same body is the same batch. What was accepted is "
    "answered as it stands, what was not is tried again. With another body it is 422. Kept for 24 hours unless "
    "configured otherwise."
)
_CANCEL_KEY = idempotency_key(
    "Makes the cancel repeatable: the same key is the same cancel, and not 409 because nothing is left to cancel."
)

_EACH = (
    "Messages of their own",
    {
        "messages": [
            {"to": E164_EXAMPLE, "text": "Your parcel 4711 arrives today.", "clientTag": "parcel-4711"},
            {"to": "090-1234-5679", "text": "Your parcel 4712 arrives tomorrow.", "clientTag": "parcel-4712"},
        ]
    },
)
_ONE = (
    "One text to many",
    {"to": [E164_EXAMPLE, "+819012345679"], "text": "We are open from ten today.", "groupTag": "opening"},
)
_WRONG = "the number is too short for its country"
_ACCEPTED = {
    "batchId": ID,
    "items": [
        {"index": 0, "message": examples.QUEUED | {"batchId": ID}},
        {
            "index": 1,
            "problem": msgspec.to_builtins(
                problem(
                    GatewayError(Code.INVALID_REQUEST, _WRONG, errors=(Pointer("/to", _WRONG),)), examples.REQUEST_ID
                )
            ),
        },
    ],
}
_STANDS = {
    "batchId": ID,
    "total": 1000,
    "counts": {"queued": 120, "submitted": 300, "delivered": 573, "undelivered": 7},
    "createdAt": "2026-11-20T00:00:00Z",
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="post",
        path="/messages/batch",
        id="sendBatch",
        tag="Messages",
        scope="send",
        summary="Send many messages",
        description=f"Accepts up to {MOST} messages in one request of at most 4 MiB. Each is accepted or refused for "
        "itself, as it would be alone: look at every item of the answer. The whole is refused only where the request "
        "itself is broken, or what all its messages have in common cannot be sent; then nothing was accepted.\n\nWith "
        "an `Idempotency-Key` the request can be repeated until every item that can be accepted is: nothing is sent "
        "twice, and the batch keeps its id. Items whose problem is `retryable` are worth it. A `clientTag` guards a "
        "single message in the same way, and goes with `messages` only; a message that was accepted before under its "
        "tag is answered, and stays outside this batch.\n\nA client's rate counts messages: those beyond it are "
        "refused as `rate_limited`. If the store stops answering in the middle, what is known is answered, and the "
        "rest as `store_unavailable`.",
        headers=(_BATCH_KEY,),
        body=BatchIn,
        examples={"messages": _EACH, "to": _ONE},
        answers={
            202: Answer(
                description="Every item with its message or its problem. Messages are durable and will be sent.",
                body=BatchAcceptedOut,
                headers=("Idempotency-Replayed", "RateLimit", "RateLimit-Policy", "Retry-After"),
                example=_ACCEPTED,
            )
        },
        problems=(
            Code.IDEMPOTENCY_KEY_REUSED,
            Code.UNSUPPORTED,
            Code.OVERLOADED,
            Code.STORE_UNAVAILABLE,
            Code.PROVIDER_ERROR,
            Code.PROVIDER_UNAVAILABLE,
            Code.PROVIDER_TIMEOUT,
        ),
    ),
    Operation(
        method="get",
        path="/batches/{id}",
        id="getBatch",
        tag="Messages",
        scope="read",
        summary="Read a batch",
        description="How many messages a batch has, and how many of them stand where. `GET /messages?batchId=` lists "
        "them.",
        path_parameters=(_PATH_ID,),
        query=ClientQuery,
        answers={200: Answer(description="The batch.", body=BatchOut, example=_STANDS)},
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="post",
        path="/batches/{id}/cancel",
        id="cancelBatch",
        tag="Messages",
        scope="send",
        summary="Cancel a batch",
        description="Cancels every message of a batch that is still scheduled or queued. What may have left is not "
        "canceled; 409 where that is true of all of them. A vendor that keeps a reservation is told to drop it: where "
        "no message was canceled and a vendor failed at one, its problem is the answer.",
        path_parameters=(_PATH_ID,),
        headers=(_CANCEL_KEY,),
        answers={
            200: Answer(
                description="The batch, as it stands after the cancel.",
                body=BatchOut,
                headers=("Idempotency-Replayed",),
                example=_STANDS | {"counts": {"delivered": 880, "canceled": 120}},
            )
        },
        problems=CANCELING,
    ),
)
