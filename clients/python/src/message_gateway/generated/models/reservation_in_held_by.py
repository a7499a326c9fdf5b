from typing import Literal, cast

ReservationInHeldBy = Literal["gateway", "provider"]


def check_reservation_in_held_by(value: str) -> ReservationInHeldBy:
    """As it came: a newer gateway may know more than these."""
    return cast(ReservationInHeldBy, value)
