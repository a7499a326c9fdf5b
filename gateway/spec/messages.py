"""Messages in the document: their operations."""

from __future__ import annotations

from gateway.api.listing import ListQuery
from gateway.api.messages import ReadQuery
from gateway.api.requests import MAX_WAIT
from gateway.api.schemas import ExplainOut, MessageIn, MessageList, MessageOut
from gateway.errors import Code
from gateway.spec import examples
from gateway.spec.entry import ACCEPTING, CANCELING, Answer, Operation, Parameter, idempotency_key
from gateway.spec.words import ID_PATTERN

MESSAGE_ID = Parameter(
    name="id",
    description="The message's id.",
    schema={"type": "string", "pattern": ID_PATTERN},
    example=examples.ID,
)
IDEMPOTENCY_KEY = idempotency_key(
    "Makes the request repeatable without a `clientTag`: the same key with the same body is the same "
    "message, with another body it is 422. Kept for 24 hours unless configured otherwise."
)
PREFER = Parameter(
    name="Prefer",
    description=f"`wait=N`: hold the answer until the vendor has answered, at most N seconds ({MAX_WAIT} at most). "
    "Anything else is ignored (RFC 7240).",
    schema={"type": "string"},
    example="wait=10",
)
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="post",
        path="/messages",
        id="sendMessage",
        tag="Messages",
        scope="send",
        summary="Send a message",
        description="Accepts one message. Once it is answered it is stored durably and will be sent; follow it by its "
        "`id`.\n\nWith a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, and there "
        "is one message all the same: a repeat answers the same message as it stands now. The same tag with other "
        "content is 409, the same key with other content 422. A refused request claims neither.\n\nWith `Prefer: "
        "wait=10` the answer says what the vendor said, if it says it in time. With `sendAt` the message is a "
        "reservation: it is kept until then, and the answer is exactly that of `POST /reservations`, which tells more."
        "\n\nA `template` that the configuration does not have "
        "is asked for at the vendors; where one does not tell, nothing is accepted: 502, 503 or 504.",
        headers=(IDEMPOTENCY_KEY, PREFER),
        body=MessageIn,
        examples=examples.SEND,
        answers={
            201: Answer(
                description="The vendor has answered while you waited (it may have refused: then `status` is `failed` "
                "and `reason` says why), or the message is a reservation.",
                body=MessageOut,
                headers=("Location", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy"),
                example=examples.SUBMITTED,
            ),
            202: Answer(
                description="Accepted: the message is durable and will be sent.",
                body=MessageOut,
                headers=("Location", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy"),
                example=examples.QUEUED,
            ),
        },
        problems=ACCEPTING,
    ),
    Operation(
        method="post",
        path="/messages/explain",
        id="explainMessage",
        tag="Messages",
        scope="send",
        summary="What would become of a message",
        description="Takes the body of a message and sends nothing: says which provider would carry it and why the "
        "others would not, how long the text is for each, and what you should know before you send it.",
        body=MessageIn,
        examples=examples.SEND,
        answers={200: Answer(description="The decision.", body=ExplainOut, example=examples.EXPLAINED)},
        problems=(Code.PROVIDER_ERROR, Code.PROVIDER_TIMEOUT, Code.PROVIDER_UNAVAILABLE, Code.STORE_UNAVAILABLE),
    ),
    Operation(
        method="get",
        path="/messages",
        id="listMessages",
        tag="Messages",
        scope="read",
        summary="List messages",
        description="The client's messages, newest first. Filters combine. A page may hold fewer messages than `limit` "
        "and still have a next one: go on while `nextCursor` is not null.",
        query=ListQuery,
        answers={200: Answer(description="One page.", body=MessageList, example=examples.LISTED)},
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="get",
        path="/messages/{id}",
        id="getMessage",
        tag="Messages",
        scope="read",
        summary="Read a message",
        description="One message with its timeline. The gateway learns what became of it from the vendor's receipts; "
        "`refresh=true` asks the vendor now.",
        path_parameters=(MESSAGE_ID,),
        query=ReadQuery,
        answers={200: Answer(description="The message.", body=MessageOut, example=examples.DELIVERED)},
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="post",
        path="/messages/{id}/cancel",
        id="cancelMessage",
        tag="Messages",
        scope="send",
        summary="Cancel a message",
        description="Cancels a message that is still scheduled or queued. What may have left is not canceled: 409. A "
        "vendor that keeps a reservation is told to drop it: see `DELETE /reservations/{id}`.",
        path_parameters=(MESSAGE_ID,),
        headers=(IDEMPOTENCY_KEY,),
        answers={
            200: Answer(
                description="The message, canceled.",
                body=MessageOut,
                headers=("Idempotency-Replayed",),
                example=examples.CANCELED,
            )
        },
        problems=CANCELING,
    ),
    Operation(
        method="delete",
        path="/messages/{id}/content",
        id="eraseMessageContent",
        tag="Messages",
        scope="send",
        summary="Erase a message's content",
        description="Erases what a final message says of people: text, subject, number and metadata. The record stays, "
        "with its status and its tags.",
        path_parameters=(MESSAGE_ID,),
        answers={
            200: Answer(
                description="The message, without its content.",
                body=MessageOut,
                example=examples.ERASED,
            )
        },
        problems=(Code.NOT_CHANGEABLE, Code.STORE_UNAVAILABLE),
    ),
)
