"""Events and webhooks in the document: their operations, and the words for their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.api.event_schemas import (
    EventList,
    EventQuery,
    RedeliveredOut,
    RedeliverIn,
    WebhookList,
    WebhookOut,
    WebhookTestOut,
)
from gateway.errors import Code
from gateway.model.events import PREFIX, TEST, TYPES
from gateway.spec import examples, rules, verifications, words
from gateway.spec.entry import Answer, Operation, Parameter
from gateway.spec.words import REF, Extra
from gateway.webhooks.sending import TIMEOUT
from gateway.webhooks.telling import SCHEDULE

ID = f"{PREFIX}01m7v41f0000004j5k6m7n8p"
EVENT_PATTERN = f"^{PREFIX}[0-9a-hjkmnp-tv-z]{{24}}$"


def _field(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


_NAME = _field("The endpoint's name in the configuration.")
FIELDS: Mapping[str, Mapping[str, Extra]] = {
    "FeedEventOut": {
        "id": _field("Names the event: the same at every try to tell it.", pattern=EVENT_PATTERN),
        "type": _field("What happened."),
        "timestamp": _field("When it was recorded."),
        "data": _field(
            "What it is about, as it was then, as far as that is kept; `final` is false where it went on since. Past "
            "its retention there are `id`, `status` and `final` only."
        ),
    },
    "ForgottenOut": {
        "id": _field("Its id."),
        "status": _field("Its status after the event."),
        "final": _field("No further change is expected."),
    },
    "EventList": {
        "items": _field("The events, oldest first."),
        "nextCursor": _field("For `after`, where there are more; null: these are all there are now."),
    },
    "EventQuery": {
        "after": _field("The `id` of an event: those after it; default: from the oldest that is kept."),
        "type": _field("Only events of this type, or of a kind (`message.*`).", examples=["message.*"]),
        "limit": _field("Events a page."),
        "client": words.FIELDS["ClientQuery"]["client"],
    },
    "RedeliverIn": {"since": _field("Since when; what is not kept any more is not told.")},
    "RedeliveredOut": {"endpoints": _field("The names of the endpoints that are told again.")},
    "LastResultOut": {
        "at": _field("When it was."),
        "status": _field("The HTTP status it answered, where it did."),
        "error": _field("Why there was no answer, where there was none."),
    },
    "WebhookOut": {
        "name": _NAME,
        "client": _field("Whose events it is told of."),
        "endpoint": _field("Its URL."),
        "events": _field("Of which types."),
        "enabled": _field("False after it answered 410: it is left alone until somebody enables it."),
        "disabledAt": _field("Since when it is left alone."),
        "backlog": _field("Events that it was not told of yet, those of other types among them."),
        "oldestAgeSeconds": _field("How long ago the oldest of them happened."),
        "lastResult": _field("What came of the last try."),
    },
    "WebhookList": {"items": _field("The endpoints."), "nextCursor": _field("Always null: there is one page.")},
    "WebhookTestOut": {
        "delivered": _field("It answered with 2xx."),
        "id": _field("The `webhook-id` of the test event."),
        "status": _field("The HTTP status it answered, where it did."),
        "error": _field("Why there was no answer, where there was none."),
    },
}

_EVENT: dict[str, Any] = {
    "id": ID,
    "type": "message.submitted",
    "timestamp": "2026-11-20T00:00:00.210000Z",
    "data": examples.SUBMITTED,
}
_HOOK: dict[str, Any] = {
    "name": "shop-hook",
    "client": "shop",
    "endpoint": "https://shop.example.com/hooks/sms",
    "events": ["message.*"],
    "enabled": True,
    "backlog": 2,
    "oldestAgeSeconds": 4,
    "lastResult": {"at": "2026-11-20T00:00:00Z", "status": 503},
}
HOOK = Parameter(
    name="name",
    description="The endpoint's name in the configuration.",
    schema={"type": "string", "minLength": 1, "maxLength": 32},
    example="shop-hook",
)


def _pause(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"


_PAUSES = ", ".join(_pause(seconds) for seconds in SCHEDULE)
_STORE = (Code.STORE_UNAVAILABLE,)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="get",
        path="/events",
        id="listEvents",
        tag="Events",
        scope="read",
        summary="Read what happened",
        description="Your client's events in the order they were recorded: the same that webhooks tell, to be read "
        "instead of being called. Keep the `id` of the last one, and go on `after` it; there is no gap and no repeat. "
        "They are kept for days (a setting, four at least): a place before that is 410 `gone`. With a `type` a page "
        "may be short, and still have a `nextCursor`.",
        query=EventQuery,
        answers={200: Answer(description="One page.", body=EventList, example={"items": [_EVENT], "nextCursor": None})},
        problems=(Code.GONE, *_STORE),
    ),
    Operation(
        method="post",
        path="/events/{id}/redeliver",
        id="redeliverEvent",
        tag="Events",
        scope="admin",
        summary="Tell an event again",
        description="The endpoints of the event's client are told of it once more, at once, under the same id, "
        "whatever became of it before.",
        path_parameters=(
            Parameter(
                name="id",
                description="The event's id.",
                schema={"type": "string", "pattern": EVENT_PATTERN},
                example=ID,
            ),
        ),
        answers={202: Answer(description="They are told.", body=RedeliveredOut, example={"endpoints": ["shop-hook"]})},
        problems=_STORE,
    ),
    Operation(
        method="get",
        path="/webhooks",
        id="listWebhooks",
        tag="Events",
        scope="admin",
        summary="List webhooks",
        description="The configured endpoints and how far they were told. An endpoint is told by POST, per Standard "
        "Webhooks: `webhook-id` (the event's id, the same at every try), `webhook-timestamp` and `webhook-signature`. "
        f"2xx within {TIMEOUT:g} s is success; what fails is tried again after {_PAUSES}, a little later at random, "
        "and no sooner than a `Retry-After` says (six hours at most). 410 disables the endpoint. Events of one "
        "endpoint come in order as a rule, and not for certain: several are under way at once, and what failed comes "
        "later. Private addresses are "
        "refused unless the configuration allows them, redirects are not followed.",
        answers={
            200: Answer(description="All of them.", body=WebhookList, example={"items": [_HOOK], "nextCursor": None})
        },
        problems=_STORE,
    ),
    Operation(
        method="post",
        path="/webhooks/{name}/redeliver",
        id="redeliverSince",
        tag="Events",
        scope="admin",
        summary="Tell an endpoint all since a time again",
        description="The endpoint is told of everything that happened since then once more, under the same ids.",
        path_parameters=(HOOK,),
        body=RedeliverIn,
        examples={"simple": ("All since a time", {"since": "2026-11-20T09:00:00+09:00"})},
        answers={202: Answer(description="The endpoint as it stands.", body=WebhookOut, example=_HOOK)},
        problems=_STORE,
    ),
    Operation(
        method="post",
        path="/webhooks/{name}/test",
        id="testWebhook",
        tag="Events",
        scope="admin",
        summary="Send a test event",
        description="One try with an event of the type `webhook.test`, signed like others and in no feed; answers what "
        "came of it.",
        path_parameters=(HOOK,),
        answers={
            200: Answer(
                description="What came of it.",
                body=WebhookTestOut,
                example={"delivered": True, "id": ID, "status": 204},
            )
        },
        problems=_STORE,
    ),
    Operation(
        method="post",
        path="/webhooks/{name}/enable",
        id="enableWebhook",
        tag="Events",
        scope="admin",
        summary="Enable an endpoint",
        description="An endpoint that answered 410 is told again, from where it was left. Enabling it again changes "
        "nothing.",
        path_parameters=(HOOK,),
        answers={200: Answer(description="The endpoint as it stands.", body=WebhookOut, example=_HOOK)},
        problems=_STORE,
    ),
)

_ABOUT = {"message": "MessageOut", "verification": "VerificationOut", "activation": "ActivationOut"}
_DATA: Mapping[str, Any] = {
    "message": examples.SUBMITTED,
    "verification": verifications.VERIFIED,
    "activation": rules.STARTED,
}


def kinds(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event's schema as one of several, told apart by `type`: a struct cannot say which `data` comes with which."""
    schemas = {_kind(about): _about(about, event) for about in _ABOUT} | {_kind("webhook"): _test(event)}
    union = {
        "description": event["description"],
        "oneOf": [{"$ref": REF.format(name=name)} for name in schemas],
        "discriminator": {"propertyName": "type", "mapping": {kind: _ref(kind) for kind in (*TYPES, TEST)}},
    }
    return {"FeedEventOut": union, **schemas}


def _kind(about: str) -> str:
    return f"{about.capitalize()}EventOut"


def _ref(kind: str) -> str:
    return REF.format(name=_kind(kind.partition(".")[0]))


def _about(about: str, event: Mapping[str, Any]) -> dict[str, Any]:
    fields = event["properties"]
    types = [kind for kind in TYPES if kind.startswith(f"{about}.")]
    forms = [{"$ref": REF.format(name=name)} for name in (_ABOUT[about], "ForgottenOut")]
    more = {
        "type": {**fields["type"], "enum": types},
        "data": {"description": fields["data"]["description"], "anyOf": forms},
    }
    return {**event, "description": f"An event of the kind `{about}.*`.", "properties": {**fields, **more}}


def _test(event: Mapping[str, Any]) -> dict[str, Any]:
    fields = event["properties"]
    more = {
        "type": {"description": fields["type"]["description"], "type": "string", "const": TEST},
        "data": {
            "description": "Nothing: it is about nothing.",
            "type": "object",
            "properties": {},
            "maxProperties": 0,
        },
    }
    return {
        **event,
        "description": "A test event (`POST /webhooks/{name}/test`): only endpoints are told of it, no feed has it.",
        "properties": {**fields, **more},
    }


def webhooks() -> dict[str, Any]:
    """The document's `webhooks`: what an endpoint is told, by event type."""
    told: dict[str, Any] = {}
    for kind in TYPES:
        about, _, status = kind.partition(".")
        data = {**_DATA[about], "status": status}
        wanted = f"Sent to endpoints that want `{kind}`, `{about}.*` or `*`."
        told[kind] = {"post": _told(kind, f"The {about} is {status}", wanted, data)}
    wanted = "Sent by `POST /webhooks/{name}/test`, whatever types the endpoint wants."
    return told | {TEST: {"post": _told(TEST, "A test", wanted, {})}}


def _told(kind: str, summary: str, wanted: str, data: Mapping[str, Any]) -> dict[str, Any]:
    headers = {
        "webhook-id": ("The event's id, the same at every try: what came before is a repeat.", ID),
        "webhook-timestamp": ("When this try was made, seconds since 1970.", "1795132800"),
        "webhook-signature": (
            "`v1,` and the base64 of an HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`, for each of the "
            "endpoint's secrets, with blanks between.",
            "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
        ),
    }
    only = {"type": "object", "properties": {"type": {"const": kind}}}
    return {
        "operationId": "on" + "".join(word.capitalize() for word in kind.split(".")),
        "tags": ["Events"],
        "summary": summary,
        "description": wanted,
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
                "example": example,
            }
            for name, (text, example) in headers.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"allOf": [{"$ref": _ref(kind)}, only]},
                    "example": {**_EVENT, "type": kind, "data": data},
                }
            },
        },
        "responses": {"2XX": {"description": "Heard."}, "410": {"description": "Not any more: tell no more events."}},
    }
