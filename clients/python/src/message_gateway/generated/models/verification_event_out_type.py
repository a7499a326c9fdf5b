from typing import Literal, cast

VerificationEventOutType = Literal["verification.expired", "verification.failed", "verification.verified"]


def check_verification_event_out_type(value: str) -> VerificationEventOutType:
    """As it came: a newer gateway may know more than these."""
    return cast(VerificationEventOutType, value)
