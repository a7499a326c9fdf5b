from typing import Literal, cast

Status = Literal[
    "canceled",
    "delivered",
    "expired",
    "failed",
    "queued",
    "scheduled",
    "submitted",
    "submitting",
    "uncertain",
    "undelivered",
]


def check_status(value: str) -> Status:
    """As it came: a newer gateway may know more than these."""
    return cast(Status, value)
