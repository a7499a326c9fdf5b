from typing import Literal, cast

MessageOutPriority = Literal["high", "normal"]


def check_message_out_priority(value: str) -> MessageOutPriority:
    """As it came: a newer gateway may know more than these."""
    return cast(MessageOutPriority, value)
