from typing import Literal, cast

MessageEventOutType = Literal[
    "message.canceled",
    "message.delivered",
    "message.expired",
    "message.failed",
    "message.submitted",
    "message.uncertain",
    "message.undelivered",
]


def check_message_event_out_type(value: str) -> MessageEventOutType:
    """As it came: a newer gateway may know more than these."""
    return cast(MessageEventOutType, value)
