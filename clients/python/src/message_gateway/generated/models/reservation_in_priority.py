from typing import Literal, cast

ReservationInPriority = Literal["high", "normal"]


def check_reservation_in_priority(value: str) -> ReservationInPriority:
    """As it came: a newer gateway may know more than these."""
    return cast(ReservationInPriority, value)
