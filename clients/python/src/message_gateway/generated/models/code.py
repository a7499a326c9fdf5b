from typing import Literal, cast

Code = Literal[
    "duplicate_client_tag",
    "forbidden",
    "gone",
    "idempotency_key_reused",
    "internal_error",
    "invalid_request",
    "method_not_allowed",
    "no_route",
    "not_acceptable",
    "not_cancelable",
    "not_changeable",
    "not_found",
    "overloaded",
    "payload_too_large",
    "precondition_failed",
    "provider_error",
    "provider_timeout",
    "provider_unavailable",
    "rate_limited",
    "store_unavailable",
    "unauthorized",
    "unsupported",
    "unsupported_media_type",
    "verification_not_ready",
    "verification_pending",
]


def check_code(value: str) -> Code:
    """As it came: a newer gateway may know more than these."""
    return cast(Code, value)
