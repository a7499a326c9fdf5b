from typing import Literal, cast

ReservationPlanOutHeldBy = Literal["gateway", "provider"]


def check_reservation_plan_out_held_by(value: str) -> ReservationPlanOutHeldBy:
    """As it came: a newer gateway may know more than these."""
    return cast(ReservationPlanOutHeldBy, value)
