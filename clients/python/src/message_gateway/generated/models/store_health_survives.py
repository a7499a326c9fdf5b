from typing import Literal, cast

StoreHealthSurvives = Literal["nothing", "power_loss", "process_death", "unknown"]


def check_store_health_survives(value: str) -> StoreHealthSurvives:
    """As it came: a newer gateway may know more than these."""
    return cast(StoreHealthSurvives, value)
