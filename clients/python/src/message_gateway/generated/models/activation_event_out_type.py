from typing import Literal, cast

ActivationEventOutType = Literal["activation.failed", "activation.started", "activation.uncertain"]


def check_activation_event_out_type(value: str) -> ActivationEventOutType:
    """As it came: a newer gateway may know more than these."""
    return cast(ActivationEventOutType, value)
