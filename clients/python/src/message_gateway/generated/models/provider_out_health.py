from typing import Literal, cast

ProviderOutHealth = Literal["closed", "half_open", "open", "paused"]


def check_provider_out_health(value: str) -> ProviderOutHealth:
    """As it came: a newer gateway may know more than these."""
    return cast(ProviderOutHealth, value)
