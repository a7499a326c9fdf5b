"""What is asked of vendors beside messages, in the document: its operations, and the words for its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.api.vendor_schemas import (
    BalanceList,
    ProviderList,
    ProviderOut,
    ShortUrlIn,
    ShortUrlOut,
    TemplateList,
    UsageList,
    UsageQuery,
    VendorQuery,
)
from gateway.asking import TEMPLATES_FRESH_FOR
from gateway.errors import Code
from gateway.spec.entry import Answer, Operation, Parameter, idempotency_key
from gateway.spec.words import Extra


def _field(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


_PROVIDER = _field("The provider's name in the configuration.")
_PROBLEM = _field("Why it could not be asked.")
_ITSELF = _field("Only this provider; one that cannot do it is then refused.")

FIELDS: Mapping[str, Mapping[str, Extra]] = {
    "VendorQuery": {"provider": _ITSELF},
    "UsageQuery": {
        "month": _field("`YYYY-MM`, in the gateway's time zone; default: the current one.", examples=["2026-11"]),
        "provider": _field("Only this provider."),
        "client": _field("Another client's messages instead of your own. Needs a key with the scope `admin`."),
    },
    "ShortUrlIn": {
        "longUrl": _field("Where the short URL leads: http or https, and whatever is not ASCII percent-encoded."),
        "name": _field("What the vendor's console calls it; default: the vendor makes a name up."),
        "domain": _field("A domain of your own, where the vendor account has one; default: the vendor's."),
        "provider": _field("Pins one provider; default: the first that you may use and that makes short URLs."),
    },
    "ShortUrlOut": {
        "shortUrl": _field("The short URL."),
        "name": _field("What the vendor's console calls it."),
        "provider": _field("The provider that made it."),
    },
    "ProviderList": {
        "items": _field("The providers."),
        "nextCursor": _field("Always null: there is one page."),
    },
    "ProviderOut": {
        "name": _PROVIDER,
        "type": _field("The kind of vendor."),
        "capabilities": _field("What it can be asked to do."),
        "guarantee": _field(
            "What a lost answer means. `deduplicated`: the vendor refuses a second message under the same reference, "
            "so it is sent again. `queryable`: the vendor is asked whether it has it. `blind`: nobody can know, and "
            "the message is `uncertain`."
        ),
        "limits": _field("How much it takes."),
        "health": _field(
            "`closed`: it takes requests. `open`: not now, it failed too often. `half_open`: one, to see. `paused`: an "
            "operator stopped it."
        ),
        "detail": _field("For people: why, and what to do; left out where it takes requests."),
        "queueDepth": _field("Messages that wait for it."),
        "callbackUrls": _field(
            "Where the vendor is to push; register them there. Only with the scope `admin`; paths, where the "
            "configuration has no `public_url`; none, where the provider has no `callback_secret`."
        ),
    },
    "CapabilitiesOut": {
        "messages": _field("It sends text messages."),
        "deliveryReports": _field("It pushes what became of a message."),
        "statusQuery": _field("It can be asked what became of a message."),
        "carriers": _field("Carriers it has an id for; another `carrier` hint is dropped."),
        "subject": _field("Messages may have a `subject`."),
        "sender": _field("Messages may name their sender in `from`."),
        "countries": _field("Countries it delivers to (ISO 3166); empty: everywhere."),
        "templates": _field("It can send texts that are kept at the vendor."),
        "shortUrls": _field("It makes short URLs."),
        "balance": _field("It tells what is left on the account."),
        "usage": _field("It tells what it bills for a month."),
        "reservations": _field(
            'It can keep a message until its `sendAt` (`"heldBy": "provider"`), and how; left out where only the '
            "gateway keeps its messages."
        ),
        "verification": _field(
            "How it verifies numbers. `owner`: it knows whether a number changed its owner. `call_in`: it takes a call "
            "from the number. `call_out`: it calls the number and reads out a code. A code sent as a text message "
            "(`sms_code`) needs `messages` and nothing else, and is not listed."
        ),
        "rules": _field("It has rules: call trees that are kept at the vendor and set off from here."),
    },
    "KeepingOut": {
        "secondsAhead": _field("It has to have a message so many seconds before its time, at least."),
        "wholeSeconds": _field("Its times are multiples of so many seconds: 60 where it knows minutes only."),
        "cancelable": _field("What it keeps can be canceled, and it can be asked whether it still does."),
    },
    "LimitsOut": {
        "ratePerSecond": _field("Requests a second that it is sent at most, by all replicas of the gateway together."),
        "concurrency": _field("Requests under way at once, at most, of all replicas together."),
        "receiversPerRequest": _field("Messages of equal content that leave in one request, at most."),
        "characters": _field("Characters of a text, at most; left out where only bytes count, or nothing does."),
        "bytes": _field("Bytes of a text in `charset`, at most."),
        "charset": _field("In what the vendor measures texts; left out: in GSM-7 and UCS-2."),
    },
    "QueueDepthOut": {
        "normal": _field("Those of normal priority."),
        "high": _field("Those of high priority, which go first."),
    },
    "CallbackUrlOut": {
        "kind": _field("What is pushed there."),
        "url": _field("The whole URL; a path where the gateway does not know its own."),
    },
    "BalanceList": {"balances": _field("In the order of the configuration.")},
    "BalanceOut": {
        "provider": _PROVIDER,
        "amount": _field("What is left."),
        "currency": _field("ISO 4217; left out until the vendor was asked once."),
        "unit": _field("What one of `amount` is; left out until the vendor was asked once."),
        "checkedAt": _field("When the vendor said so: now, or earlier where it cannot be asked now."),
        "problem": _field("Why nobody can say; in place of everything else."),
    },
    "ProviderProblemOut": {"provider": _PROVIDER, "problem": _PROBLEM},
    "UsageList": {
        "items": _field("By provider, then by carrier."),
        "problems": _field("Vendors that could not be asked: their `billed` is missing."),
    },
    "UsageOut": {
        "provider": _field("The provider the messages are with, or were last."),
        "carrier": _field("The carrier, as the vendor named it; null: unknown."),
        "counts": _field("Your messages accepted in this month, by the status they have now; none is left out."),
        "billed": _field(
            "Parts the vendor bills for this carrier, for the whole vendor account; left out where it says nothing."
        ),
        "billedAsOf": _field("What was sent before is in `billed`."),
    },
    "TemplateList": {
        "items": _field("The templates."),
        "problems": _field("Vendors that could not be asked: their templates are missing."),
    },
    "ListedTemplateOut": {
        "provider": _field("The provider whose vendor keeps it; null: it is in the gateway's configuration."),
        "id": _field("For `template.id` of a message."),
        "content": _field("The text, its holes spelled as it is kept."),
        "parameters": _field("The names of its holes: what `template.values` has to give."),
    },
}

NAME = Parameter(
    name="name",
    description="The provider's name in the configuration.",
    schema={"type": "string"},
    example="spare",
)
IDEMPOTENCY_KEY = idempotency_key(
    "Makes the request repeatable: the same key with the same body is answered as the first time, with "
    "another body it is 422. A failure is not kept. Kept for 24 hours unless configured otherwise."
)

_FAILURES = (Code.PROVIDER_ERROR, Code.PROVIDER_UNAVAILABLE, Code.PROVIDER_TIMEOUT, Code.STORE_UNAVAILABLE)
_STANDING: dict[str, Any] = {
    "name": "main",
    "type": "example",
    "capabilities": {
        "messages": True,
        "deliveryReports": True,
        "statusQuery": True,
        "carriers": ["au", "docomo", "rakuten", "softbank"],
        "subject": False,
        "sender": True,
        "countries": ["JP"],
        "templates": True,
        "shortUrls": True,
        "balance": False,
        "usage": True,
        "reservations": {"secondsAhead": 0, "wholeSeconds": 60, "cancelable": True},
        "verification": ["owner"],
        "rules": False,
    },
    "guarantee": "deduplicated",
    "limits": {"ratePerSecond": 600.0, "concurrency": 256, "receiversPerRequest": 1, "characters": 660},
    "health": "closed",
    "queueDepth": {"normal": 0, "high": 0},
    "callbackUrls": [{"kind": "dlr", "url": "https://sms.example.com/callbacks/main/w7Jq2mZr0cXk/dlr"}],
}
_PAUSED = _STANDING | {"health": "paused", "detail": "An operator paused it."}
_UNSUPPORTED: dict[str, Any] = {
    "type": "/problems/unsupported",
    "title": "Unsupported",
    "status": 422,
    "detail": "This provider lacks the capability balance; GET /providers tells which one has it.",
    "instance": "req_5f0c1d9be2a7446c8d3a9e01",
    "code": "unsupported",
    "retryable": False,
    "provider": "main",
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="get",
        path="/providers",
        id="listProviders",
        tag="Vendors",
        scope="read",
        summary="List providers",
        description="The configured vendor accounts that your client may use (all of them with the scope `admin`): "
        "what each can do, how much it takes, and how it stands now.",
        answers={
            200: Answer(
                description="All of them.",
                body=ProviderList,
                example={"items": [_STANDING], "nextCursor": None},
            )
        },
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="post",
        path="/providers/{name}/pause",
        id="pauseProvider",
        tag="Vendors",
        scope="admin",
        summary="Pause a provider",
        description="No message, call or activation is handed to it, by any replica, until it is resumed; what is "
        "under way ends. Messages take the next provider of their route, or wait. It is still asked for what only it "
        "knows: balance, usage, templates, owners, short URLs. Pausing it again changes nothing.",
        path_parameters=(NAME,),
        answers={200: Answer(description="The provider, paused.", body=ProviderOut, example=_PAUSED)},
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="post",
        path="/providers/{name}/resume",
        id="resumeProvider",
        tag="Vendors",
        scope="admin",
        summary="Resume a provider",
        description="Ends a pause, and nothing else: a provider that failed too often stays as it is. Resuming it "
        "again changes nothing.",
        path_parameters=(NAME,),
        answers={200: Answer(description="The provider as it stands.", body=ProviderOut, example=_STANDING)},
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="get",
        path="/balance",
        id="getBalance",
        tag="Vendors",
        scope="read",
        summary="What is left on the vendor accounts",
        description="Asks every vendor that tells a balance, at once. Where one may not be asked now (it is paused, or "
        "asked as often as it may be), what it said last is answered, with its time. A provider that fails has a "
        "`problem` in the list; one that is pinned by `provider` fails the request.",
        query=VendorQuery,
        answers={
            200: Answer(
                description="The balances.",
                body=BalanceList,
                example={
                    "balances": [
                        {"provider": "main", "problem": _UNSUPPORTED},
                        {
                            "provider": "korea",
                            "amount": 482_150,
                            "currency": "KRW",
                            "unit": "won",
                            "checkedAt": "2026-11-20T00:00:00Z",
                        },
                    ]
                },
            )
        },
        problems=(Code.UNSUPPORTED, *_FAILURES),
    ),
    Operation(
        method="get",
        path="/usage",
        id="getUsage",
        tag="Vendors",
        scope="read",
        summary="A month's messages",
        description="Your client's messages accepted in a month, by provider, carrier and status, beside the parts "
        "the vendors bill. The two need not agree: the vendor counts the whole account, parts of messages and only "
        "what was delivered, up to `billedAsOf`; its invoice prevails. Your own counts are kept for 400 days. A "
        "vendor that cannot be asked is among the `problems`; one that is pinned by `provider` fails the request.",
        query=UsageQuery,
        answers={
            200: Answer(
                description="The month.",
                body=UsageList,
                example={
                    "items": [
                        {
                            "provider": "main",
                            "carrier": "docomo",
                            "counts": {"delivered": 117, "undelivered": 3},
                            "billed": 131,
                            "billedAsOf": "2026-11-19T15:00:00Z",
                        },
                        {"provider": "main", "carrier": None, "counts": {"submitted": 2}},
                    ],
                    "problems": [],
                },
            )
        },
        problems=_FAILURES,
    ),
    Operation(
        method="get",
        path="/templates",
        id="listTemplates",
        tag="Vendors",
        scope="read",
        summary="List templates",
        description="The texts with holes that a message may name in `template`: those of the gateway's configuration, "
        "then those that vendors keep. Of two with one id the configuration's counts. With `provider`, only that "
        f"vendor's own. What a vendor keeps is known for {TEMPLATES_FRESH_FOR:g} seconds: so long may a new one take.",
        query=VendorQuery,
        answers={
            200: Answer(
                description="The templates.",
                body=TemplateList,
                example={
                    "items": [
                        {"provider": None, "id": "welcome", "content": "Hello {name}", "parameters": ["name"]},
                        {
                            "provider": "main",
                            "id": "reminder",
                            "content": "See you on {{date%}}",
                            "parameters": ["date"],
                        },
                    ],
                    "problems": [],
                },
            )
        },
        problems=(Code.UNSUPPORTED, *_FAILURES),
    ),
    Operation(
        method="post",
        path="/short-urls",
        id="createShortUrl",
        tag="Vendors",
        scope="send",
        summary="Make a short URL",
        description="Has a vendor make a short URL, for texts. What the vendor refuses is 502, with its own words. "
        "Where its answer is lost (504) there may be one or not: a second one does no harm.",
        headers=(IDEMPOTENCY_KEY,),
        body=ShortUrlIn,
        examples={
            "simple": ("A short URL", {"longUrl": "https://shop.example.com/autumn?from=sms"}),
            "named": (
                "One to find again, by a certain provider",
                {"longUrl": "https://shop.example.com/autumn?from=sms", "name": "autumn sale", "provider": "main"},
            ),
        },
        answers={
            201: Answer(
                description="It leads there from now on.",
                body=ShortUrlOut,
                headers=("Idempotency-Replayed",),
                example={"shortUrl": "https://go.example/4f1c2a", "name": "autumn sale", "provider": "main"},
            )
        },
        problems=(Code.IDEMPOTENCY_KEY_REUSED, Code.NO_ROUTE, Code.UNSUPPORTED, *_FAILURES),
    ),
)
