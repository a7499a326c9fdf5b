from typing import Literal, cast

SegmentsOutEncoding = Literal["cp932", "cp949", "gsm7", "ucs2"]


def check_segments_out_encoding(value: str) -> SegmentsOutEncoding:
    """As it came: a newer gateway may know more than these."""
    return cast(SegmentsOutEncoding, value)
