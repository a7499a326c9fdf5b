"""Every operation of the API, one entry each. A test holds the list against the routes that exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.api.listing import ListQuery
from gateway.api.messages import ReadQuery
from gateway.api.problems import KINDS, slug
from gateway.api.requests import MAX_WAIT
from gateway.api.schemas import ExplainOut, MeOut, MessageIn, MessageList, MessageOut, OrphanList
from gateway.api.system import OrphanQuery
from gateway.errors import Code
from gateway.spec import batches, events, examples, files, reservations, rules, vendors, verifications
from gateway.spec.bodies import Liveness, Readiness
from gateway.spec.entry import ACCEPTING, CANCELING, Answer, Operation, Parameter
from gateway.spec.words import ID_PATTERN

MESSAGE_ID = Parameter(
    name="id",
    description="The message's id.",
    schema={"type": "string", "pattern": ID_PATTERN},
    example=examples.ID,
)
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    description="Makes the request repeatable without a `clientTag`: the same key with the same body is the same "
    "message, with another body it is 422. Kept for 24 hours unless configured otherwise.",
    schema={"type": "string", "pattern": "^[!-~]{1,255}$"},
    example="8f14e45f-ceea-467f-a0e6-f2b1c1a8b3d7",
)
PREFER = Parameter(
    name="Prefer",
    description=f"`wait=N`: hold the answer until the vendor has answered, at most N seconds ({MAX_WAIT} at most). "
    "Anything else is ignored (RFC 7240).",
    schema={"type": "string"},
    example="wait=10",
)
_TEXT: Mapping[str, Any] = {"type": "string"}

MESSAGES = (
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

ACCOUNT = (
    Operation(
        method="get",
        path="/me",
        id="getMe",
        tag="Account",
        scope="read",
        summary="Whose key this is",
        description="The client a key belongs to, and what the key may do.",
        answers={200: Answer(description="The client and the scopes.", body=MeOut, example=examples.ME)},
    ),
)

RUNNING = (
    Operation(
        method="get",
        path="/health/live",
        id="getLiveness",
        tag="Operations",
        scope=None,
        summary="Is the process alive?",
        description="Answers as long as the process does. For a supervisor that restarts what hangs.",
        answers={200: Answer(description="It is.", body=Liveness, example=examples.ALIVE)},
    ),
    Operation(
        method="get",
        path="/health/ready",
        id="getReadiness",
        tag="Operations",
        scope=None,
        summary="Can messages be accepted?",
        description="Whether Redis is reachable, keeps what it is told and evicts nothing; and what an accepted "
        "message survives. Where they cannot be accepted the problem carries the same `store`. `providers` tells which "
        "vendors take requests now; one that is down makes nothing unready. For a load balancer.",
        answers={
            200: Answer(description="Messages are accepted.", body=Readiness, example=examples.READY),
        },
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="get",
        path="/metrics",
        id="getMetrics",
        tag="Operations",
        scope=None,
        summary="Metrics for Prometheus",
        description="Counters and gauges of all processes of this gateway, in Prometheus' text format. The operator "
        "can switch them off: then this is 404.",
        answers={
            200: Answer(
                description="The metrics.",
                media_type="text/plain",
                schema=_TEXT,
                example="# TYPE gateway_store_up gauge\ngateway_store_up 1\n",
            )
        },
        problems=(Code.NOT_FOUND,),
    ),
    Operation(
        method="get",
        path="/receipts/orphans",
        id="listOrphans",
        tag="Operations",
        scope="admin",
        summary="Receipts that match nothing",
        description="What vendors reported about messages, calls and activations this gateway does not know, newest "
        "first: usually another system uses the same vendor account. Each is kept as it came, and shown without what "
        "it says of people. When what it is about turns up it is applied, and is no orphan any more.",
        query=OrphanQuery,
        answers={200: Answer(description="One page.", body=OrphanList, example=examples.ORPHANS)},
        problems=(Code.STORE_UNAVAILABLE,),
    ),
)

_CALLBACK = (
    Parameter(name="provider", description="The provider's name in the configuration.", schema=_TEXT, example="main"),
    Parameter(name="secret", description="The provider's `callback_secret`.", schema=_TEXT, example="w7Jq2mZr0cXk"),
    Parameter(name="kind", description="What is pushed: a kind this type of vendor has.", schema=_TEXT, example="dlr"),
)
_PUSHED: Mapping[int, Answer] = {
    200: Answer(description="It is durable.", media_type="text/plain", schema=_TEXT, example="OK"),
}
_PUSH_PROBLEMS = (Code.INVALID_REQUEST, Code.FORBIDDEN, Code.STORE_UNAVAILABLE)

CALLBACKS = (
    Operation(
        method="post",
        path="/callbacks/{provider}/{secret}/{kind}",
        id="receiveCallback",
        tag="Callbacks",
        scope=None,
        summary="Take a vendor's push",
        description="A delivery receipt or another push, in the vendor's own format. 200 only once it is durable; "
        "after anything else the vendor should repeat it. Repeats change nothing. A wrong secret is 404.",
        path_parameters=_CALLBACK,
        raw_bodies={
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                "example": {"smsid": "01m7v41f004fj4erxpyf6g76zx", "status": "2"},
            },
            "application/json": {"schema": {}, "example": {"dlrReport": {"clientTag": "01m7v41f004fj4erxpyf6g76zx"}}},
            "application/xml": {"schema": _TEXT, "example": "<dlrReport>...</dlrReport>"},
        },
        answers=_PUSHED,
        problems=_PUSH_PROBLEMS,
    ),
    Operation(
        method="get",
        path="/callbacks/{provider}/{secret}/{kind}",
        id="receiveCallbackByQuery",
        tag="Callbacks",
        scope=None,
        summary="Take a vendor's push, from its query",
        description="As by POST, for vendors that push in the query; its parameters are the vendor's.",
        path_parameters=_CALLBACK,
        answers=_PUSHED,
        problems=_PUSH_PROBLEMS,
    ),
)

_DOCUMENT: Mapping[str, Any] = {
    "type": "object",
    "properties": {"openapi": {"type": "string"}, "info": {"type": "object"}, "paths": {"type": "object"}},
    "required": ["openapi", "info", "paths"],
}

_BRIEFLY = {"openapi": "3.1.0", "info": {"title": "Message gateway", "version": "0.1.0"}, "paths": {}}
_PAGE = "<!doctype html><html lang=en>...</html>"

DOCUMENTATION = (
    Operation(
        method="get",
        path="/openapi.json",
        id="getOpenapiJson",
        tag="Documentation",
        scope=None,
        summary="This document as JSON",
        description="The OpenAPI 3.1 document of this gateway's version.",
        answers={200: Answer(description="The document.", schema=_DOCUMENT, example=_BRIEFLY)},
    ),
    Operation(
        method="get",
        path="/openapi.yaml",
        id="getOpenapiYaml",
        tag="Documentation",
        scope=None,
        summary="This document as YAML",
        description="The same document, for people.",
        answers={
            200: Answer(description="The document.", media_type="application/yaml", schema=_DOCUMENT, example=_BRIEFLY)
        },
    ),
    Operation(
        method="get",
        path="/docs",
        id="getDocs",
        tag="Documentation",
        scope=None,
        summary="This document as a page",
        description="A quick start and the reference, in one page that needs nothing from elsewhere, and where "
        "everything can be tried.",
        answers={200: Answer(description="The page.", media_type="text/html", schema=_TEXT, example=_PAGE)},
    ),
    Operation(
        method="get",
        path="/docs/{file}",
        id="getDocsFile",
        tag="Documentation",
        scope=None,
        summary="A file of that page",
        description="The styles and scripts of the pages under `/docs` and `/problems`. With `If-None-Match` a file "
        "that is known already is 304.",
        path_parameters=(
            Parameter(
                name="file",
                description="Its name.",
                schema={"type": "string", "enum": list(files.NAMES)},
                example="page.css",
            ),
        ),
        answers={
            200: Answer(
                description="The file.",
                media_type="text/*",
                schema=_TEXT,
                headers=("ETag",),
                example="body { font: 1rem sans-serif }",
            )
        },
    ),
    Operation(
        method="get",
        path="/problems/{code}",
        id="getProblem",
        tag="Documentation",
        scope=None,
        summary="What a problem means",
        description="The page a problem's `type` leads to: what happened, and what to do about it.",
        path_parameters=(
            Parameter(
                name="code",
                description="The problem's code, with dashes.",
                schema={"type": "string", "enum": [slug(code) for code in KINDS]},
                example="no-route",
            ),
        ),
        answers={200: Answer(description="The page.", media_type="text/html", schema=_TEXT, example=_PAGE)},
    ),
)

OPERATIONS: tuple[Operation, ...] = (
    *MESSAGES,
    *batches.OPERATIONS,
    *reservations.OPERATIONS,
    *verifications.OPERATIONS,
    *rules.OPERATIONS,
    *events.OPERATIONS,
    *vendors.OPERATIONS,
    *ACCOUNT,
    *RUNNING,
    *CALLBACKS,
    *DOCUMENTATION,
)
