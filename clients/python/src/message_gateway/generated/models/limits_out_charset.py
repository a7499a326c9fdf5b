from typing import Literal, cast

LimitsOutCharset = Literal["cp932", "cp949", "gsm7", "ucs2"]


def check_limits_out_charset(value: str) -> LimitsOutCharset:
    """As it came: a newer gateway may know more than these."""
    return cast(LimitsOutCharset, value)
