"""What the document says in words: of the whole, of tags, headers, and of every field the structs leave unexplained.

A field's entry may carry more than its description (a pattern, an example); what a struct says itself is not repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.model.ids import BATCH_PREFIX, LENGTH, PREFIX
from gateway.model.reasons import Reason

Extra = Mapping[str, Any]

REF = "#/components/schemas/{name}"
_BARE_ID = f"[0-9a-hjkmnp-tv-z]{{{LENGTH}}}"
ID_PATTERN = f"^{PREFIX}{_BARE_ID}$"
BATCH_ID_PATTERN = f"^{BATCH_PREFIX}{_BARE_ID}$"
E164_EXAMPLE = "+819012345678"

TITLE = "Message gateway"
SUMMARY = "One durable REST API in front of SMS and voice vendors"
INTRODUCTION = """\
Send a message with one request; the gateway keeps it, hands it to a vendor, and tells you what became of it.

JSON in UTF-8, names in camelCase, times per RFC 3339 with an offset (answers are in UTC). A field that is not set is \
absent. Unknown fields and query parameters are refused, so that a typo never becomes a silent default. Of a member \
that is given twice in an object the last counts.

Every request but those for health, documentation and problem pages carries `Authorization: Bearer <key>`. A key \
belongs to one client, and a client sees only its own records. Its scopes (`read`, `send`, `admin`) say what it may do.

Repeats are safe. Give each message a `clientTag` of your own, or the request an `Idempotency-Key`: whatever fails on \
the way, send the same request again, and there will be one message.

Every error is a problem (RFC 9457): `code` is for programs, `detail` for people, and `type` leads to a page that says \
what to do. Where `retryable` is true the same request may succeed later; `Retry-After` says when to try. A method \
that a path does not know answers 405 with `Allow`.

Every answer carries `X-Request-Id`, yours if you sent one. Quote it to the operator."""

TAGS: Mapping[str, str] = {
    "Messages": "Send, follow, cancel, erase.",
    "Reservations": "Messages for later: kept, listed, changed and canceled until their time.",
    "Numbers": "Whose a number is: by a vendor's word, by a call, by a code in a message.",
    "Rules": "Call trees that are set up at a vendor: whom they call, setting them off, what they did.",
    "Events": "What happened: read as a feed, or told to endpoints (webhooks).",
    "Vendors": "The configured vendor accounts: how they stand, and what they offer beside messages.",
    "Account": "The key you use.",
    "Operations": "For those who run the gateway: health, metrics, receipts nobody waited for.",
    "Callbacks": "For vendors: what they push to the gateway. Callers never need it.",
    "Documentation": "What you are reading, in its several forms.",
}

BEARER = "An API key, made by the operator with `gateway keys new`."


def _string(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **more}}


_SECONDS: Extra = {"type": "integer", "minimum": 1, "format": "int64"}

HEADERS: Mapping[str, Extra] = {
    "X-Request-Id": _string("Names this request: the caller's own id where it sent one, else a new one.")
    | {"required": True},
    "Location": _string(
        "Where what was made is to be read.", examples=[f"/messages/{PREFIX}01m7v41f004fj4erxpyf6g76zx"]
    )
    | {"required": True},
    "Idempotency-Replayed": _string(
        "Present where the request repeats an earlier one: this is what that one made, as it stands now.",
        const="true",
    ),
    "ETag": _string(
        "Names the answer's content, for `If-Match` and `If-None-Match`.", examples=['"5e8f0d2a9c7b41d6a3f0e1b2"']
    )
    | {"required": True},
    "RateLimit": _string(
        "What is left of the client's configured rate; absent where it has none.", examples=['"messages";r=99;t=1']
    ),
    "RateLimit-Policy": _string(
        "The client's configured rate; absent where it has none.", examples=['"messages";q=100;w=1']
    ),
    "Retry-After": {
        "description": "Seconds to wait before the same request is worth repeating.",
        "required": True,
        "schema": _SECONDS,
    },
    "Retry-After-Some": {
        "description": "Where items were refused because of the client's rate: seconds to wait before those are worth "
        "repeating.",
        "schema": _SECONDS,
    },
    "WWW-Authenticate": _string("The scheme to authenticate with.", examples=['Bearer realm="gateway"'])
    | {"required": True},
}


# if/then/else and not oneOf, which generators of clients take for a choice of types.
_ONE_WORDING: Extra = {
    "if": {"required": ["template"]},
    "then": {"not": {"required": ["text"]}},
    "else": {"required": ["text"]},
    "dependentRequired": {"heldBy": ["sendAt"]},
}

SCHEMAS: Mapping[str, Extra] = {
    "MessageIn": {
        "description": "A message to send. It has either `text` or `template`; `heldBy` only together with `sendAt`.",
        **_ONE_WORDING,
    },
    "ReservationIn": {
        "description": "A message to send later. It has either `text` or `template`.",
        **{name: rule for name, rule in _ONE_WORDING.items() if name != "dependentRequired"},
    },
    "ReservationPatchIn": {"description": "What is to change: at least one of the two.", "minProperties": 1},
    "ReservationsCancelIn": {
        "description": "Which reservations: all that fit every condition given, of which `from` includes its moment, "
        "and `to` does not. Without any condition, `all` has to be `true`.",
        "minProperties": 1,
        "if": {"required": ["all"], "maxProperties": 1},
        "then": {"properties": {"all": {"const": True}}},
    },
    "MessageList": {"description": "One page. It may be short and still have a `nextCursor`."},
    "TemplateIn": {
        "description": "A text with holes, and what goes into each of them. The operator's configuration is looked "
        "through first, then the templates kept at the vendors this message may go to."
    },
    "OptionsIn": {
        "description": "Options that only one type of vendor knows. Those of other types than the message's provider "
        "are ignored."
    },
    "BatchIn": {
        "description": "Messages to send together: `messages` alone, or `to` and the other fields, which are those of "
        "one message, but for `clientTag`, which names a single one.",
        "if": {"required": ["messages"]},
        "then": {"maxProperties": 1},
        "else": {"required": ["to"], **_ONE_WORDING},
    },
    "BatchItemOut": {
        "description": "What became of one item: it has either `message` or `problem`.",
        "if": {"required": ["message"]},
        "then": {"not": {"required": ["problem"]}},
        "else": {"required": ["problem"]},
    },
    "ExplainOut": {"description": "What would become of a message sent now, and why. Nothing was sent."},
    "PassedOverOut": {"description": "A provider that would not be used, and why."},
    "ReservationPlanOut": {"description": "How a message with `sendAt` would be kept."},
    "TemplateOut": {"description": "A text that is kept, and filled in, at the vendor."},
    "Status": {
        "description": "`scheduled`, `queued`, `submitting`: not with a vendor yet. `submitted`: a vendor has it. "
        "`delivered`, `undelivered`: what the vendor says became of it. `failed`: refused before or by the vendor. "
        "`expired`: not handed over in time. `canceled`: by you. `uncertain`: the vendor's answer was lost, it may "
        "or may not have it. `final` tells whether further change is expected."
    },
    "VerificationStatus": {"description": "Where a verification stands."},
    "ActivationStatus": {"description": "Whether the rule went off."},
    "Code": {"description": "What went wrong, for programs."},
    "Problem": {"description": "An error (RFC 9457)."},
    "OrphanOut": {
        "description": "What a vendor pushed about no message, verification or activation that is known here. It is "
        "applied when what it names turns up: within a minute as a rule, and at once where it is listed, and then it "
        "is not listed any more. What names nothing but a number, and what told a code, is never applied later."
    },
    "OrphanList": {"description": "One page. It may be short and still have a `nextCursor`."},
    "PushOut": {"description": "The push it stood in, without numbers, texts and codes."},
    "PushedFieldOut": {"description": "A field of a push whose name is a known one."},
    "StoreHealth": {"description": "What the gateway found at its Redis."},
}

_REASONS = ", ".join(f"`{reason}`" for reason in Reason)
_VENDOR_CODE = "The vendor's own code, as it sent it."
_CLIENT = "Another client's records instead of your own. Needs a key with the scope `admin`."


def _field(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


FIELDS: Mapping[str, Mapping[str, Extra]] = {
    "MessageIn": {
        "text": _field("What the handset shows."),
        "template": _field("A text of the operator's configuration or kept at a vendor, in place of `text`."),
        "from": _field("The sender the handset shows; default: the configured one."),
        "groupTag": _field("Whatever you want to find messages by, together."),
        "heldBy": _field(
            "Who keeps a reservation until its time. `gateway`: it can be changed and canceled to the last moment. "
            "`provider`: it is handed to the vendor at once, or refused where none can keep it. Default: as the "
            "provider is configured, else `gateway`."
        ),
        "priority": _field("`high` for one-time codes: these go first. Default `normal`."),
        "provider": _field("Pins one configured provider. Default: the gateway chooses by its routes."),
        "carrier": _field("A hint: the recipient's carrier, for vendors that want to know."),
        "duplicateRisk": _field(
            "What to do when a vendor's answer is lost and nobody can be asked. `avoid` (default): leave the message "
            "`uncertain`. `accept`: send it again, at the risk that it arrives twice."
        ),
        "metadata": _field("Up to 20 pairs of your own, returned as given."),
        "options": _field("Options of single vendors."),
    },
    "TemplateIn": {
        "id": _field("The template's name in the configuration, or its id at the vendor; see `GET /templates`."),
        "values": _field("A text for every hole, and for nothing else."),
    },
    "TemplateOut": {"id": _field("Its id at the vendor.")},
    "ExplainOut": {
        "chosen": _field("The provider it would go to; null: none can carry it."),
        "passedOver": _field("The providers it would not go to, each with the reason."),
        "segments": _field("How long the text is for each provider that can carry it, by the provider's name."),
        "guarantee": _field(
            "What the chosen provider promises about a lost answer. `deduplicated`: it is sent again, and the vendor "
            "refuses a second one. `queryable`: the vendor is asked. `blind`: the message is `uncertain`."
        ),
        "reservation": _field("How it would be kept until `sendAt`; null without one."),
        "warnings": _field("What you should know; each for people."),
    },
    "PassedOverOut": {
        "provider": _field("Its name."),
        "code": _field(
            "For programs: `not_routed`, `unsupported`, `forbidden`, `unavailable`, or a reason code like `too_long`."
        ),
        "detail": _field("For people."),
    },
    "ReservationPlanOut": {
        "heldBy": _field("Who would keep it."),
        "cancelableUntil": _field("The last moment to cancel it; null: its holder lets go of none."),
    },
    "SegmentsOut": {
        "encoding": _field("How the text is encoded on the air."),
        "characters": _field("Characters in that encoding."),
        "count": _field("Parts."),
    },
    "ReasonOut": {
        "code": _field(f"One of {_REASONS}; more may come."),
        "detail": _field("For people."),
        "providerCode": _field(f"{_VENDOR_CODE} Empty where the gateway decided."),
    },
    "EventOut": {
        "at": _field("When it happened."),
        "status": _field("The message's status after it."),
        "provider": _field("The provider it is about."),
        "providerCode": _field(_VENDOR_CODE),
        "detail": _field("For people."),
    },
    "MessageOut": {
        "id": _field("Names the message everywhere. Ids sort by creation.", pattern=ID_PATTERN),
        "status": _field("Where the message stands."),
        "final": _field("No further change is expected. A vendor's late word may still correct it."),
        "to": _field("The recipient in E.164; empty once erased."),
        "text": _field("The text as sent; empty once erased, and where the vendor fills in a template of its own."),
        "template": _field("The vendor's template that is sent in place of a text."),
        "subject": _field("The subject."),
        "from": _field("The sender asked for."),
        "clientTag": _field("Your tag."),
        "groupTag": _field("Your group."),
        "batchId": _field("The batch it came with.", pattern=BATCH_ID_PATTERN),
        "metadata": _field("Your pairs."),
        "sendAt": _field("When the reservation is due; of what a vendor keeps, by the vendor's clock."),
        "expiresAt": _field("After this it is handed to no vendor any more."),
        "priority": _field("How urgent it is."),
        "provider": _field("The provider it is with, or was last."),
        "carrier": _field("The recipient's carrier: the vendor's word, or your hint before it."),
        "segments": _field("The estimated parts; absent where the text is not known here."),
        "billedSegments": _field("The parts the vendor says it bills."),
        "reason": _field("Why it did not arrive; null where nothing went wrong."),
        "createdAt": _field("When it was accepted."),
        "updatedAt": _field("When it last changed."),
        "events": _field("The timeline, oldest first; only where one message is read."),
        "heldBy": _field("Who keeps the reservation, or kept it: `gateway`, or `provider` for the vendor."),
        "cancelableUntil": _field(
            "Until then the reservation can be canceled; null: its holder lets go of none, or it waits no more."
        ),
    },
    "MessageList": {
        "items": _field("The messages, without their timelines."),
        "nextCursor": _field("`cursor` of the next page; null: this was the last."),
    },
    "MeOut": {
        "client": _field("The client the key belongs to."),
        "scopes": _field("What the key may do: `read`, `send`, `admin`."),
    },
    "Problem": {
        "type": _field("The page that explains it, relative to the gateway."),
        "title": _field("The kind of problem, in words."),
        "status": _field("The HTTP status."),
        "detail": _field("What to change, for people."),
        "instance": _field("The request id; also in `X-Request-Id`."),
        "code": _field("The kind of problem, for programs."),
        "retryable": _field("The same request may succeed later."),
        "errors": _field("Each place in the request that is wrong."),
        "messageId": _field(
            "The message, verification or activation it is about.",
            pattern=ID_PATTERN.replace(PREFIX, f"({PREFIX}|ver_|act_)"),
        ),
        "provider": _field("The provider it is about."),
        "providerCode": _field(_VENDOR_CODE),
        "providerMessage": _field("The vendor's own words."),
        "store": _field("What the gateway found at its Redis; told by `GET /health/ready` alone."),
    },
    "Pointer": {
        "pointer": _field("A JSON pointer into the body, or `/` and the name of a query parameter; empty: all of it."),
        "detail": _field("What is wrong there."),
    },
    "ListQuery": {
        "clientTag": _field("The message with this tag."),
        "groupTag": _field("Messages of this group."),
        "batchId": _field("Messages of this batch.", examples=["bat_01m7v41f000hj4erxpyf6g76zw"]),
        "status": _field("Messages that are in this status now."),
        "to": _field("Messages to this number: E.164, or national in the configured default region."),
        "provider": _field("Messages that are with this provider."),
        "createdFrom": _field("Accepted at or after this time (RFC 3339 with offset)."),
        "createdTo": _field("Accepted before this time (RFC 3339 with offset)."),
        "cursor": _field("`nextCursor` of the page before."),
        "limit": _field("Messages a page."),
        "client": _field(_CLIENT),
    },
    "ReadQuery": {
        "refresh": _field("Ask the vendor first, where it can be asked; slower."),
        "client": _field(_CLIENT),
    },
    "OrphanQuery": {
        "limit": _field("Receipts a page."),
        "cursor": _field("`nextCursor` of the page before."),
    },
    "OrphanList": {
        "items": _field("The receipts."),
        "nextCursor": _field("`cursor` of the next page; null: this was the last."),
    },
    "ClientQuery": {
        "client": _field(_CLIENT),
    },
    "OrphanOut": {
        "account": _field("The vendor account it came for."),
        "providerType": _field("The type of the provider it came by."),
        "kind": _field("What was pushed: the last part of the callback's path."),
        "receivedAt": _field("When it came last."),
        "reference": _field("What the vendor calls the message; empty where it says nothing usable."),
        "outcome": _field("Left out where the vendor's word says nothing about the outcome."),
        "reason": _field("Why the message did not arrive."),
        "providerCode": _field(_VENDOR_CODE),
        "detail": _field("For people."),
        "carrier": _field("The recipient's carrier, where the vendor says so."),
        "billedSegments": _field("The parts the vendor bills, where it says so."),
        "reportedAt": _field("When the vendor learned it, where it says so."),
        "push": _field("Left out where it was kept by a version that did not keep pushes."),
    },
    "PushOut": {
        "size": _field("Its length in bytes when it came: query, content type and body."),
        "fields": _field("Those with known names, 100 at most, in their order; none where it cannot be read."),
        "others": _field("How many more there are, whose names could be anything and are not shown."),
        "cut": _field("It was longer than the 8 KiB that are kept."),
        "codeDropped": _field("It told a code, which was not kept: it is matched by nothing later."),
    },
    "PushedFieldOut": {
        "name": _field("As vendors spell it."),
        "value": _field("Stars where it may be about a person, but for the last two digits of a number."),
    },
    "Liveness": {"status": _field("Always `ok`.")},
    "Readiness": {
        "status": _field("Always `ok`; where messages cannot be accepted, the answer is a problem."),
        "store": _field("What was found at Redis."),
        "providers": _field("How the vendors stand, by the provider's name."),
    },
    "Standing": {
        "health": _field("`closed`: it takes requests. `open`: not now. `half_open`: one, to see. Or `paused`."),
        "detail": _field("For people: why, and what to do; left out where it takes requests."),
    },
    "StoreHealth": {
        "reachable": _field("Redis answers and has forgotten nothing."),
        "detail": _field("For people: what was found and what to do."),
        "survives": _field("What an accepted message outlives. `unknown` is never meant as safe."),
        "eviction": _field("Whether Redis may drop records when memory is short."),
        "version": _field("The server's version; empty where unknown."),
        "usedMemory": _field("Bytes in use."),
        "maxMemory": _field("Bytes allowed; 0: no bound."),
    },
}
