"""What can go wrong, by what is known of it. No HTTP here: `api.problems` maps codes to statuses."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Code(StrEnum):
    """Every error code a caller can meet."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    DUPLICATE_CLIENT_TAG = "duplicate_client_tag"
    NOT_CANCELABLE = "not_cancelable"
    NOT_CHANGEABLE = "not_changeable"
    VERIFICATION_PENDING = "verification_pending"
    VERIFICATION_NOT_READY = "verification_not_ready"
    PRECONDITION_FAILED = "precondition_failed"
    GONE = "gone"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    NO_ROUTE = "no_route"
    UNSUPPORTED = "unsupported"
    RATE_LIMITED = "rate_limited"
    INTERNAL_ERROR = "internal_error"
    PROVIDER_ERROR = "provider_error"
    OVERLOADED = "overloaded"
    STORE_UNAVAILABLE = "store_unavailable"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_TIMEOUT = "provider_timeout"


class Pointer(msgspec.Struct, frozen=True):
    """One place in a request that is wrong: a JSON pointer (or a query parameter) and why."""

    pointer: str
    detail: str


class GatewayError(Exception):
    """A refusal a caller is told about. `detail` says what to change, never what is inside. `provider_message`: a
    vendor's own words, fit to be shown."""

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        errors: tuple[Pointer, ...] = (),
        message_id: str | None = None,
        retry_after: float | None = None,
        provider: str | None = None,
        provider_code: str | None = None,
        provider_message: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = errors
        self.message_id = message_id
        self.retry_after = retry_after
        self.provider = provider
        self.provider_code = provider_code
        self.provider_message = provider_message
        self.headers = headers or {}


def invalid(pointer: str, detail: str) -> GatewayError:
    """A request that is wrong at one place; `pointer` as in `Pointer`."""
    return GatewayError(Code.INVALID_REQUEST, detail, errors=(Pointer(pointer, detail),))


class NeverLeft(Exception):
    """No byte of the request can have been acted on: no connection came about. Safe to try elsewhere."""


class LostAnswer(Exception):
    """The request may have left and no readable answer came: the vendor may or may not have it."""


class StoreUnavailable(Exception):
    """Redis did not answer in time; what was asked may or may not have been done."""


class StoreForgot(StoreUnavailable):
    """Redis answers, but has lost writes it once confirmed. Nothing is sent until an operator adopts it."""


class StoreFull(StoreUnavailable):
    """Redis has no memory left for new records. Nothing was written."""


class UnreadableCallback(Exception):
    """A callback body that is no receipt of this vendor."""
