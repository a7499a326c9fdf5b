from typing import Literal, cast

VerificationStatus = Literal["expired", "failed", "pending", "verified"]


def check_verification_status(value: str) -> VerificationStatus:
    """As it came: a newer gateway may know more than these."""
    return cast(VerificationStatus, value)
