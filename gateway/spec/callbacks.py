"""What vendors push, in the document: its operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.errors import Code
from gateway.spec.entry import Answer, Operation, Parameter

_TEXT: Mapping[str, Any] = {"type": "string"}
_CALLBACK = (
    Parameter(name="provider", description="The provider's name in the configuration.", schema=_TEXT, example="main"),
    Parameter(name="secret", description="The provider's `callback_secret`.", schema=_TEXT, example="w7Jq2mZr0cXkT5vB"),
    Parameter(name="kind", description="What is pushed: a kind this type of vendor has.", schema=_TEXT, example="dlr"),
)
_RECEIPT = {"type": "DLR", "clientTag": "01m7v41f004fj4erxpyf6g76zx1", "statusId": "2"}
_XML = (
    '<?xml version="1.0" encoding="UTF-8"?><eventNotifications><eventNotification type="DLR">'
    f"<clientTag>{_RECEIPT['clientTag']}</clientTag><statusId>2</statusId></eventNotification></eventNotifications>"
)
_PUSHED: Mapping[int, Answer] = {
    200: Answer(description="It is durable.", media_type="text/plain", schema=_TEXT, example="OK"),
}
_PUSH_PROBLEMS = (Code.INVALID_REQUEST, Code.FORBIDDEN, Code.STORE_UNAVAILABLE)

OPERATIONS: tuple[Operation, ...] = (
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
            "application/json": {"schema": {}, "example": {"eventNotifications": [_RECEIPT]}},
            "application/xml": {"schema": _TEXT, "example": _XML},
        },
        answers=_PUSHED,
        negotiated=False,
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
        negotiated=False,
        problems=_PUSH_PROBLEMS,
    ),
)
