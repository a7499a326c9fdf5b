from typing import Literal, cast

BatchInPriority = Literal["high", "normal"]


def check_batch_in_priority(value: str) -> BatchInPriority:
    """As it came: a newer gateway may know more than these."""
    return cast(BatchInPriority, value)
