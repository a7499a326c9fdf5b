from typing import Literal, cast

MessageInHeldBy = Literal["gateway", "provider"]


def check_message_in_held_by(value: str) -> MessageInHeldBy:
    """As it came: a newer gateway may know more than these."""
    return cast(MessageInHeldBy, value)
