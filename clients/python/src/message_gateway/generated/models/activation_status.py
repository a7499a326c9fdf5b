from typing import Literal, cast

ActivationStatus = Literal["failed", "started", "uncertain"]


def check_activation_status(value: str) -> ActivationStatus:
    """As it came: a newer gateway may know more than these."""
    return cast(ActivationStatus, value)
