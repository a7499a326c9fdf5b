from typing import Literal, cast

VerificationOutMethod = Literal["call_in", "call_out", "sms_code"]


def check_verification_out_method(value: str) -> VerificationOutMethod:
    """As it came: a newer gateway may know more than these."""
    return cast(VerificationOutMethod, value)
