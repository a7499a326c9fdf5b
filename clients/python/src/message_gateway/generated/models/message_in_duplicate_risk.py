from typing import Literal, cast

MessageInDuplicateRisk = Literal["accept", "avoid"]


def check_message_in_duplicate_risk(value: str) -> MessageInDuplicateRisk:
    """As it came: a newer gateway may know more than these."""
    return cast(MessageInDuplicateRisk, value)
