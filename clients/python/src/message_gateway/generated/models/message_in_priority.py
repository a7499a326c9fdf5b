from typing import Literal, cast

MessageInPriority = Literal["high", "normal"]


def check_message_in_priority(value: str) -> MessageInPriority:
    """As it came: a newer gateway may know more than these."""
    return cast(MessageInPriority, value)
