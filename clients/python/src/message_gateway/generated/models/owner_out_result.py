from typing import Literal, cast

OwnerOutResult = Literal["changed_owner", "same_owner", "unknown"]


def check_owner_out_result(value: str) -> OwnerOutResult:
    """As it came: a newer gateway may know more than these."""
    return cast(OwnerOutResult, value)
