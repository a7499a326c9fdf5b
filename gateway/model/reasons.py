"""Why a message did not arrive, in the gateway's own words."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Reason codes, as callers see them. `UNMAPPED`: the vendor's code is in no document."""

    INVALID_NUMBER = "invalid_number"
    UNKNOWN_SUBSCRIBER = "unknown_subscriber"
    HANDSET_UNREACHABLE = "handset_unreachable"
    HANDSET_REFUSED = "handset_refused"
    CARRIER_CONGESTED = "carrier_congested"
    CARRIER_FAULT = "carrier_fault"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    QUOTA_EXCEEDED = "quota_exceeded"
    AUTHENTICATION_FAILED = "authentication_failed"
    SENDER_NOT_ALLOWED = "sender_not_allowed"
    SOURCE_ADDRESS_REFUSED = "source_address_refused"
    ACCOUNT_SUSPENDED = "account_suspended"
    CONTENT_REFUSED = "content_refused"
    TOO_LONG = "too_long"
    TOO_MANY_RECIPIENTS = "too_many_recipients"
    EXPIRED = "expired"
    PROVIDER_ERROR = "provider_error"
    NO_ANSWER = "no_answer"
    UNMAPPED = "unmapped"
