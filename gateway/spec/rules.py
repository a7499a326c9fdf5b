"""Rules and their activations in the document: their operations, and the words for their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.activating import PREFIX
from gateway.api.rule_schemas import (
    ActivationIn,
    ActivationLogOut,
    ActivationOut,
    ActivationQuery,
    HistoryOut,
    HistoryQuery,
    RuleList,
    RuleNumbersIn,
    RuleNumbersOut,
)
from gateway.errors import Code
from gateway.spec import words
from gateway.spec.entry import Answer, Operation, Parameter, idempotency_key
from gateway.spec.words import E164_EXAMPLE, ID_PATTERN, Extra

ID = f"{PREFIX}01m7v41f00wfj4erxpyf6g76zx"
ACTIVATION_PATTERN = ID_PATTERN.replace("msg_", PREFIX)
_VENDORS_ID = "0008200123261120090000"


def _field(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


_RULE = _field("The rule's name in the configuration.", examples=["fire"])
_LINE = {
    "to": _field("The number, as the vendor has it."),
    "status": _field("The vendor's word: `completed` (a call), `delivered` (a message), or another."),
    "memo": _field("The vendor's note on it."),
    "rule": _field("The rule's name; the vendor's id of it, where that is not configured."),
    "activationId": _field("The vendor's name for the activation that it belongs to."),
}
_NUMBER = {
    "number": _field("E.164, or as the vendor has it, where that is no number of its country."),
    "group": _field("The group it is called in, from 1."),
    "enabled": _field("Whether it is called."),
    "country": _field("ISO 3166; `id:N` for one whose number at the vendor, N, is not known by a name."),
}
_ACTIVATION = {
    "id": _field("Names the activation.", pattern=ACTIVATION_PATTERN),
    "rule": _RULE,
    "provider": _field("The provider that has the rule."),
    "status": _field(
        "`started`: the vendor said so. `failed`: it refused (`reason`). `uncertain`: its answer is out, or lost: the "
        "rule may have gone off or not, and is not set off again; the vendor's notification still makes it `started`."
    ),
    "final": _field("It stays as it is."),
    "activationId": _field("The vendor's name for it; null until its notification brings it."),
    "requestedAt": _field("When it was asked for."),
    "clientTag": _field("As it was asked for."),
    "reason": _field("Why it failed."),
}
_AS_OF = _field("The vendor's log lags: what happened later may not be in it yet.")

FIELDS: Mapping[str, Mapping[str, Extra]] = {
    "RuleOut": {
        "rule": _RULE,
        "provider": _field("The provider that has it."),
        "minNumbers": _field("How many numbers its list has at least."),
    },
    "RuleList": {"items": _field("The rules."), "nextCursor": _field("Always null: there is one page.")},
    "RuleNumberIn": {
        "number": _field("E.164, or national in `country`.", examples=[E164_EXAMPLE]),
        "group": _NUMBER["group"],
        "enabled": _NUMBER["enabled"],
        "country": _field(
            "ISO 3166; default: that of an E.164 `number`, else the gateway's region. `id:N` for a country that the "
            "vendor knows by its number N, and its document does not name.",
            examples=["JP"],
        ),
    },
    "RuleNumbersIn": {"numbers": _field("All of them: who is not in it is not called any more.")},
    "RuleNumberOut": _NUMBER,
    "RuleNumbersOut": {"numbers": _field("All of them, in the vendor's order.")},
    "ActivationIn": {
        "rule": _RULE,
        "clientTag": _field("Unique among the client's activations: the same tag sets nothing off again."),
    },
    "CallOut": _LINE
    | {
        "pressed": _field("The key that was pressed (the vendor's `response_no`); null where none was."),
        "durationSeconds": _field("How long it lasted."),
        "startedAt": _field("When it began."),
        "endedAt": _field("When it ended."),
    },
    "CallMessageOut": _LINE | {"createdAt": _field("When it was sent.")},
    "ActivationOut": _ACTIVATION,
    "ActivationLogOut": _ACTIVATION
    | {
        "id": _field("Left out of what was not set off through this API.", pattern=ACTIVATION_PATTERN),
        "calls": _field("The calls it made, as far as the vendor's log has them."),
        "messages": _field("The messages it sent, as far as the vendor's log has them."),
        "asOf": _AS_OF,
        "problem": _field("Why the vendor's log could not be read; then there are no `calls`, `messages` and `asOf`."),
    },
    "HistoryOut": {
        "calls": _field("The calls, in the vendor's order."),
        "messages": _field("The messages, in the vendor's order."),
        "asOf": _AS_OF,
    },
    "HistoryQuery": {
        "rule": _field("Only this rule's; default: all of the vendor account."),
        "from": _field("What happened at or after this time (RFC 3339 with offset); whole seconds count."),
        "to": _field("What happened before this time (RFC 3339 with offset)."),
        "latest": _field("`true`: only what the latest activation of `rule` did; not with `from` and `to`."),
    },
    "ActivationQuery": {
        "rule": _field("Whose activation it is: needed where the id is the vendor's."),
        "client": words.FIELDS["ClientQuery"]["client"],
    },
}

RULE = Parameter(
    name="rule",
    description="The rule's name in the configuration.",
    schema={"type": "string", "minLength": 1, "maxLength": 32},
    example="fire",
)
_KEY = idempotency_key(
    "Makes the request repeatable without a `clientTag`: the same key with the same body sets nothing off "
    "again, with another body it is 422."
)
_LIST = {
    "numbers": [
        {"number": E164_EXAMPLE, "group": 1, "enabled": True, "country": "JP"},
        {"number": "+12125550123", "group": 2, "enabled": False, "country": "US"},
    ]
}
STARTED: dict[str, Any] = {
    "id": ID,
    "rule": "fire",
    "provider": "alarm",
    "status": "started",
    "final": True,
    "activationId": None,
    "requestedAt": "2026-11-20T00:00:00Z",
    "clientTag": "alarm-4711",
}
_CALL = {
    "to": E164_EXAMPLE,
    "status": "completed",
    "pressed": 1,
    "durationSeconds": 31,
    "startedAt": "2026-11-20T00:00:05Z",
    "endedAt": "2026-11-20T00:00:36Z",
    "memo": "",
    "rule": "fire",
    "activationId": _VENDORS_ID,
}
_MESSAGE = {
    "to": E164_EXAMPLE,
    "status": "delivered",
    "createdAt": "2026-11-20T00:00:03Z",
    "memo": "",
    "rule": "fire",
    "activationId": _VENDORS_ID,
}
_LOG = {"calls": [_CALL], "messages": [_MESSAGE], "asOf": "2026-11-20T00:20:00Z"}
_FAILURES = (Code.PROVIDER_ERROR, Code.PROVIDER_UNAVAILABLE, Code.PROVIDER_TIMEOUT, Code.STORE_UNAVAILABLE)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="get",
        path="/rules",
        id="listRules",
        tag="Rules",
        scope="read",
        summary="List rules",
        description="The rules (call trees) that your client may use. They are set up at the vendor; the configuration "
        "gives them their names.",
        answers={
            200: Answer(
                description="All of them.",
                body=RuleList,
                example={"items": [{"rule": "fire", "provider": "alarm", "minNumbers": 1}], "nextCursor": None},
            )
        },
    ),
    Operation(
        method="get",
        path="/rules/{rule}/numbers",
        id="getRuleNumbers",
        tag="Rules",
        scope="read",
        summary="Whom a rule calls",
        description="The rule's list as the vendor has it now. `ETag` names this list: sent back in `If-Match`, it "
        "keeps a change from undoing another one.",
        path_parameters=(RULE,),
        answers={200: Answer(description="The list.", body=RuleNumbersOut, headers=("ETag",), example=_LIST)},
        problems=_FAILURES,
    ),
    Operation(
        method="put",
        path="/rules/{rule}/numbers",
        id="putRuleNumbers",
        tag="Rules",
        scope="admin",
        summary="Replace whom a rule calls",
        description="Has the rule call these numbers and nobody else: the whole list is replaced. To change one entry, "
        "read the list, change it, and send it back with `If-Match`: where somebody else changed it meanwhile, it is "
        "412 `precondition_failed`, and nothing is replaced. Changes of one rule are made one after the other, by all "
        "replicas.\n\nAn empty list is 400, and so is a shorter one than the rule needs. Where the vendor's answer is "
        "lost (504), read the list to see which one it has.",
        path_parameters=(RULE,),
        headers=(
            Parameter(
                name="If-Match",
                description="The `ETag` of the list that is to be replaced; left out: any.",
                schema={"type": "string"},
                example='"5e8f0d2a9c7b41d6a3f0e1b2"',
            ),
        ),
        body=RuleNumbersIn,
        examples={"simple": ("Two numbers, one of them not called for now", _LIST)},
        answers={
            200: Answer(description="The list as it is now.", body=RuleNumbersOut, headers=("ETag",), example=_LIST)
        },
        problems=(Code.PRECONDITION_FAILED, *_FAILURES),
    ),
    Operation(
        method="post",
        path="/activations",
        id="activateRule",
        tag="Rules",
        scope="send",
        summary="Set a rule off",
        description="Sets the rule off, once. The answer comes when the vendor answered, or its time to do so has "
        "passed: `started`, `failed` (it refused), or `uncertain` (its answer is lost). It is never set off again by "
        "itself; an `uncertain` one becomes `started` when the vendor's notification names it within two minutes.\n\n"
        "With a `clientTag` or an `Idempotency-Key` the request can be repeated, and the rule goes off once: a repeat "
        "answers the same activation as it stands now. A rule is set off once in a second, at most: more is 429. A "
        "vendor that cannot be reached is 503, and nothing was set off.",
        headers=(_KEY,),
        body=ActivationIn,
        examples={"simple": ("Fire!", {"rule": "fire", "clientTag": "alarm-4711"})},
        answers={
            202: Answer(
                description="The activation.",
                body=ActivationOut,
                headers=("Location", "Idempotency-Replayed"),
                example=STARTED,
            )
        },
        problems=(
            Code.DUPLICATE_CLIENT_TAG,
            Code.IDEMPOTENCY_KEY_REUSED,
            Code.RATE_LIMITED,
            Code.PROVIDER_UNAVAILABLE,
            Code.STORE_UNAVAILABLE,
        ),
    ),
    Operation(
        method="get",
        path="/activations",
        id="getActivations",
        tag="Rules",
        scope="read",
        summary="What rules did",
        description="The calls and messages of all rules, of one, of its latest activation, or of a time, from the "
        "vendor's log; also of what was not set off through this API. A client that is narrowed to some rules sees "
        "those. The log lags about ten minutes: `asOf` says until when it can be relied on.",
        query=HistoryQuery,
        answers={200: Answer(description="What the log has.", body=HistoryOut, example=_LOG)},
        problems=_FAILURES,
    ),
    Operation(
        method="get",
        path="/activations/{id}",
        id="getActivation",
        tag="Rules",
        scope="read",
        summary="Read an activation",
        description="An activation with what the vendor's log has of it. By its `id`; or by the vendor's own name for "
        "it together with `rule`, also where it was not set off through this API. Where the log cannot be read, "
        "`problem` says why, and the rest is answered all the same.",
        path_parameters=(
            Parameter(
                name="id",
                description="The activation's id, or the vendor's name for it (then with `rule`).",
                schema={"type": "string", "minLength": 1, "maxLength": 64},
                example=ID,
            ),
        ),
        query=ActivationQuery,
        answers={
            200: Answer(
                description="The activation.",
                body=ActivationLogOut,
                example=STARTED | {"activationId": _VENDORS_ID} | _LOG,
            )
        },
        problems=_FAILURES,
    ),
)
