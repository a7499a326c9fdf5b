from typing import Literal, cast

ReservationInCarrier = Literal["au", "docomo", "rakuten", "softbank", "ymobile"]


def check_reservation_in_carrier(value: str) -> ReservationInCarrier:
    """As it came: a newer gateway may know more than these."""
    return cast(ReservationInCarrier, value)
