"""Errors as callers meet them: RFC 9457 on every path, the framework's own errors included."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from gateway.errors import Code, GatewayError, Pointer, StoreForgot, StoreUnavailable
from gateway.store.health import StoreHealth

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class Kind(msgspec.Struct, frozen=True):
    """One code: its HTTP status, and the words of its page under /problems/."""

    status: int
    title: str
    happened: str
    do: str


KINDS: Mapping[Code, Kind] = {
    Code.INVALID_REQUEST: Kind(
        400,
        "Invalid request",
        "The request is malformed, breaks the schema, or names something that does not exist.",
        "Read `errors`: each entry points at one place and says what to change. A repeat unchanged fails again.",
    ),
    Code.UNAUTHORIZED: Kind(
        401,
        "Unauthorized",
        "The request carries no API key, or one that is not configured.",
        "Send `Authorization: Bearer <key>`. The operator makes keys with `gateway keys new`.",
    ),
    Code.FORBIDDEN: Kind(
        403,
        "Forbidden",
        "The key lacks the scope, or the client may not come from this address, or use this provider or sender.",
        "Ask the operator to widen the client's scopes or limits; `GET /me` shows the scopes.",
    ),
    Code.NOT_FOUND: Kind(
        404,
        "Not found",
        "Nothing is at this address, or it belongs to another client, or it is older than its retention.",
        "Check the id and the path.",
    ),
    Code.METHOD_NOT_ALLOWED: Kind(
        405, "Method not allowed", "This path does not answer this method.", "The `Allow` header lists those it does."
    ),
    Code.NOT_ACCEPTABLE: Kind(
        406,
        "Not acceptable",
        "The `Accept` header excludes every form the answer has.",
        "Leave `Accept` out, or add application/json.",
    ),
    Code.UNSUPPORTED_MEDIA_TYPE: Kind(
        415,
        "Unsupported media type",
        "The body is not declared to be JSON in UTF-8, or it is compressed.",
        "Send `Content-Type: application/json`, and no `Content-Encoding`.",
    ),
    Code.DUPLICATE_CLIENT_TAG: Kind(
        409,
        "Client tag used for other content",
        "A message with this clientTag exists, and its content differs. `messageId` names it. Nothing was sent.",
        "To send something new use a new tag; to repeat the first request send exactly the same content.",
    ),
    Code.NOT_CANCELABLE: Kind(
        409,
        "Not cancelable",
        "The message may have left, or is final; or a vendor keeps it until its time that lets go of none.",
        "Read the message: its status says where it stands.",
    ),
    Code.NOT_CHANGEABLE: Kind(
        409,
        "Not changeable",
        "The message left already, was canceled, is still needed as it is, or a vendor keeps it until its time.",
        "Read the message: its status says where it stands.",
    ),
    Code.VERIFICATION_PENDING: Kind(
        409,
        "Verification pending",
        "Another call-in verification of this number has not ended: two could not be told apart.",
        "Wait until that one is verified or expired, and begin again then.",
    ),
    Code.VERIFICATION_NOT_READY: Kind(
        409,
        "Verification not ready",
        "The vendor that calls the number has not told its code yet. No try was used.",
        "Repeat the same request in a moment.",
    ),
    Code.GONE: Kind(
        410,
        "Gone",
        "What was asked for is not kept any more: the feed of events goes back only so far.",
        "Begin without `after`, and take what the records themselves say for what lies between.",
    ),
    Code.PRECONDITION_FAILED: Kind(
        412,
        "Precondition failed",
        "The resource is not any more what `If-Match` says: somebody else changed it since it was read.",
        "Read it again, make the change on what it is now, and send that with its new `ETag`.",
    ),
    Code.PAYLOAD_TOO_LARGE: Kind(
        413, "Payload too large", "The body exceeds the configured limit.", "Send less, or in several requests."
    ),
    Code.IDEMPOTENCY_KEY_REUSED: Kind(
        422,
        "Idempotency key reused",
        "This Idempotency-Key was used on this path with other content.",
        "Use a new key for a new request; repeat a request only with the same content.",
    ),
    Code.NO_ROUTE: Kind(
        422,
        "No route",
        "No configured provider can carry this message, or do what is asked; `errors` gives each provider's reason.",
        "Change the request accordingly, or have the operator add a route or a provider.",
    ),
    Code.UNSUPPORTED: Kind(
        422,
        "Unsupported",
        "The pinned provider cannot do this; `detail` says which capability is missing.",
        "Pin another provider, or none.",
    ),
    Code.RATE_LIMITED: Kind(
        429,
        "Rate limited",
        "The client sends more than it may. Nothing was accepted.",
        "Wait as long as `Retry-After` says, then repeat the request.",
    ),
    Code.INTERNAL_ERROR: Kind(
        500,
        "Internal error",
        "The gateway has a bug. What became of the request is not known.",
        "Repeat with the same clientTag or Idempotency-Key, and give the operator the request id in `instance`.",
    ),
    Code.PROVIDER_ERROR: Kind(
        502,
        "Provider error",
        "The vendor was asked, and refused; `providerCode` and `providerMessage` are its own words. Nothing was done.",
        "Change what the vendor objects to, or have the operator see to the vendor account.",
    ),
    Code.OVERLOADED: Kind(
        503,
        "Overloaded",
        "The gateway holds as much as it may. Nothing was accepted.",
        "Repeat after `Retry-After` seconds.",
    ),
    Code.STORE_UNAVAILABLE: Kind(
        503,
        "Store unavailable",
        "Redis did not answer. The request may or may not have been accepted.",
        "Repeat with the same clientTag or Idempotency-Key: it is accepted once, however often it is repeated.",
    ),
    Code.PROVIDER_UNAVAILABLE: Kind(
        503,
        "Provider unavailable",
        "The vendor cannot be asked now: it is not reached, paused, or asked as often as it may be. Nothing was asked.",
        "Repeat after `Retry-After` seconds.",
    ),
    Code.PROVIDER_TIMEOUT: Kind(
        504,
        "Provider timeout",
        "The vendor did not answer in time; `detail` says what that means for the request.",
        "Follow `detail`.",
    ),
}

BY_STATUS: Mapping[int, Code] = {
    400: Code.INVALID_REQUEST,
    401: Code.UNAUTHORIZED,
    403: Code.FORBIDDEN,
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    406: Code.NOT_ACCEPTABLE,
    413: Code.PAYLOAD_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
}
RETRYABLE = frozenset(
    {
        Code.VERIFICATION_NOT_READY,
        Code.RATE_LIMITED,
        Code.OVERLOADED,
        Code.STORE_UNAVAILABLE,
        Code.PROVIDER_UNAVAILABLE,
        Code.INTERNAL_ERROR,
    }
)


class Problem(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """An error (RFC 9457). `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: Code
    retryable: bool
    errors: list[Pointer] = []
    message_id: str | None = None
    provider: str | None = None
    provider_code: str | None = None
    provider_message: str | None = None
    store: StoreHealth | None = None
    """Of `/health/ready` alone."""


def slug(code: Code) -> str:
    return code.replace("_", "-")


def problem(error: GatewayError, request_id: str) -> Problem:
    kind = KINDS[error.code]
    return Problem(
        type=f"/problems/{slug(error.code)}",
        title=kind.title,
        status=kind.status,
        detail=error.detail,
        instance=request_id,
        code=error.code,
        retryable=error.code in RETRYABLE,
        errors=list(error.errors),
        message_id=error.message_id,
        provider=error.provider,
        provider_code=error.provider_code,
        provider_message=error.provider_message,
    )


def problem_headers(error: GatewayError) -> dict[str, str]:
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    if error.code is Code.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="gateway"'
    return headers


def translate(error: Exception) -> GatewayError:
    """Any exception as one a caller may be told. What is inside a bug stays inside."""
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, StoreUnavailable):
        detail = (
            "The store lost confirmed data and waits for the operator."
            if isinstance(error, StoreForgot)
            else "The store did not answer."
        )
        return GatewayError(
            Code.STORE_UNAVAILABLE,
            f"{detail} The request may have been accepted: repeat it with the same clientTag or Idempotency-Key.",
            retry_after=2,
        )
    if isinstance(error, HTTPException) and (code := BY_STATUS.get(error.status_code)):
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        return GatewayError(code, _FRAMEWORK.get(code, KINDS[code].happened), headers=headers)
    return GatewayError(Code.INTERNAL_ERROR, "The gateway failed; the request id in `instance` names its log line.")


_FRAMEWORK: Mapping[Code, str] = {
    Code.NOT_FOUND: "There is nothing at this path.",
    Code.METHOD_NOT_ALLOWED: "This path does not answer this method; see the Allow header.",
    Code.PAYLOAD_TOO_LARGE: "The body is larger than this gateway takes.",
}


def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's exception handler for everything."""
    told = translate(error)
    if told.code is Code.INTERNAL_ERROR:
        log.error("internal error", exc_info=error)
    request_id = request.scope.get("request_id", "")
    body = msgspec.json.encode(problem(told, str(request_id)))
    headers = problem_headers(told)
    return Response(body, status_code=KINDS[told.code].status, media_type=MEDIA_TYPE, headers=headers)
