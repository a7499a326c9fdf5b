from typing import Literal, cast

CallInInLines = Literal["any", "landline", "mobile"]


def check_call_in_in_lines(value: str) -> CallInInLines:
    """As it came: a newer gateway may know more than these."""
    return cast(CallInInLines, value)
