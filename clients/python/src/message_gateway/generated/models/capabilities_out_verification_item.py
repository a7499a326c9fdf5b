from typing import Literal, cast

CapabilitiesOutVerificationItem = Literal["call_in", "call_out", "owner"]


def check_capabilities_out_verification_item(value: str) -> CapabilitiesOutVerificationItem:
    """As it came: a newer gateway may know more than these."""
    return cast(CapabilitiesOutVerificationItem, value)
