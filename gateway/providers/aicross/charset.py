"""The characters that arrive everywhere: those of ISO-2022-JP, says the vendor's FAQ; its API document names none."""

from __future__ import annotations

from functools import partial

from gateway.model import segments


def warning(text: str) -> str:
    """A sentence that names the first characters of `text` that ISO-2022-JP has not (emoji, ①, 髙, half-width
    katakana); "" where there are none."""
    outside = segments.strangers(text, partial(segments.within, "iso2022_jp"))
    return f"Characters outside ISO-2022-JP may arrive garbled at some carriers: {outside}." if outside else ""
