from typing import Literal, cast

MessageInCarrier = Literal["au", "docomo", "rakuten", "softbank", "ymobile"]


def check_message_in_carrier(value: str) -> MessageInCarrier:
    """As it came: a newer gateway may know more than these."""
    return cast(MessageInCarrier, value)
