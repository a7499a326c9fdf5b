from typing import Literal, cast

OrphanOutOutcome = Literal["delivered", "undelivered"]


def check_orphan_out_outcome(value: str) -> OrphanOutOutcome:
    """As it came: a newer gateway may know more than these."""
    return cast(OrphanOutOutcome, value)
