from typing import Literal, cast

Guarantee = Literal["blind", "deduplicated", "queryable"]


def check_guarantee(value: str) -> Guarantee:
    """As it came: a newer gateway may know more than these."""
    return cast(Guarantee, value)
