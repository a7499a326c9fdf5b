from typing import Literal, cast

BatchInDuplicateRisk = Literal["accept", "avoid"]


def check_batch_in_duplicate_risk(value: str) -> BatchInDuplicateRisk:
    """As it came: a newer gateway may know more than these."""
    return cast(BatchInDuplicateRisk, value)
