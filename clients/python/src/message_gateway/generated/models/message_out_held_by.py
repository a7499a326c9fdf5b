from typing import Literal, cast

MessageOutHeldBy = Literal["gateway", "provider"]


def check_message_out_held_by(value: str) -> MessageOutHeldBy:
    """As it came: a newer gateway may know more than these."""
    return cast(MessageOutHeldBy, value)
