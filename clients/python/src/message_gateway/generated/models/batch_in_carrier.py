from typing import Literal, cast

BatchInCarrier = Literal["au", "docomo", "rakuten", "softbank", "ymobile"]


def check_batch_in_carrier(value: str) -> BatchInCarrier:
    """As it came: a newer gateway may know more than these."""
    return cast(BatchInCarrier, value)
