"""The characters that arrive everywhere: those of ISO-2022-JP, says the vendor's FAQ; its API document names none."""

from __future__ import annotations

NAMED_AT_MOST = 5
"""Characters in one warning."""


def warning(text: str) -> str:
    """A sentence that names the first characters of `text` that ISO-2022-JP has not (emoji, ①, 髙, half-width
    katakana); "" where there are none."""
    try:
        text.encode("iso2022_jp")
    except UnicodeEncodeError:
        outside = [each for each in dict.fromkeys(text) if not _safe(each)]
        more = f" and {len(outside) - NAMED_AT_MOST} more" if len(outside) > NAMED_AT_MOST else ""
        named = ", ".join(map(_named, outside[:NAMED_AT_MOST]))
        return f"Characters outside ISO-2022-JP may arrive garbled at some carriers: {named}{more}."
    return ""


def _safe(character: str) -> bool:
    try:
        character.encode("iso2022_jp")
    except UnicodeEncodeError:
        return False
    return True


def _named(character: str) -> str:
    code = f"U+{ord(character):04X}"
    return f"{character} ({code})" if character.isprintable() else code
