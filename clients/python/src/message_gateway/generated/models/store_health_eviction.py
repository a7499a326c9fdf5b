from typing import Literal, cast

StoreHealthEviction = Literal["off", "on", "unknown"]


def check_store_health_eviction(value: str) -> StoreHealthEviction:
    """As it came: a newer gateway may know more than these."""
    return cast(StoreHealthEviction, value)
