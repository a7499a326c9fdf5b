from typing import Literal, cast

BatchInHeldBy = Literal["gateway", "provider"]


def check_batch_in_held_by(value: str) -> BatchInHeldBy:
    """As it came: a newer gateway may know more than these."""
    return cast(BatchInHeldBy, value)
