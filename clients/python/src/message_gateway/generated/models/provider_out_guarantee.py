from typing import Literal, cast

ProviderOutGuarantee = Literal["blind", "deduplicated", "queryable"]


def check_provider_out_guarantee(value: str) -> ProviderOutGuarantee:
    """As it came: a newer gateway may know more than these."""
    return cast(ProviderOutGuarantee, value)
