from typing import Literal, cast

ReservationInDuplicateRisk = Literal["accept", "avoid"]


def check_reservation_in_duplicate_risk(value: str) -> ReservationInDuplicateRisk:
    """As it came: a newer gateway may know more than these."""
    return cast(ReservationInDuplicateRisk, value)
