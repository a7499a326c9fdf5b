"""How many parts a text takes on the air: an estimate before sending, the vendor's count prevails after.

Sources: 3GPP TS 23.038 (the GSM 7-bit default alphabet and its extension table, UCS-2), 3GPP TS 23.040 (a part of
a longer text carries 140 octets less a header of 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import msgspec

Encoding = Literal["gsm7", "ucs2", "cp932", "cp949"]
"""`cp932` and `cp949` are for vendors that measure in bytes; `measure` answers one of the others."""

GSM_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each. The alphabet's 128th code, escape, is no character of its own."""
GSM_EXTENSION = "\f^{}\\[~]|€"
"""An escape and a septet each."""

_ESCAPE = "\x1b"
_PLAIN = re.compile(f"[{re.escape(GSM_ALPHABET)}]*")
_GSM = re.compile(f"[{re.escape(GSM_ALPHABET + GSM_EXTENSION)}]*")
_EXTENDED = re.compile(f"[{re.escape(GSM_EXTENSION)}]")


class Segments(msgspec.Struct, frozen=True):
    """What a text measures."""

    encoding: Encoding
    characters: int
    """Unicode code points, what people call characters: `€` and an emoji are one each, though they cost two units."""
    count: int
    """Parts: 160 septets or 70 UTF-16 units when there is one, 153 or 67 in each when there are more."""


def measure(text: str) -> Segments:
    """Encoding and parts of `text`; an empty one is one part. GSM-7 where every character is in it, else UCS-2.

    Nothing of two units (an extension character, an emoji) is split over parts. Never raises: a lone surrogate
    counts as the unit it is. 0.4 µs for 160 plain characters, 0.6 µs for 70 of Japanese, 12 µs for 160 with 20 `€`.
    """
    characters = len(text)
    if _PLAIN.fullmatch(text):
        return Segments("gsm7", characters, 1 if characters <= 160 else -(-characters // 153))
    if _GSM.fullmatch(text):
        return Segments("gsm7", characters, _septet_parts(_EXTENDED.sub(_ESCAPE + r"\g<0>", text)))
    return Segments("ucs2", characters, _utf16_parts(text, characters))


def encodable(text: str) -> bool:
    """Whether `text` can be put on a wire: false where it has a surrogate without its other half, which JSON
    escapes can smuggle in."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def strangers(text: str, carried: Callable[[str], bool]) -> str:
    """Names the characters of `text` that `carried` says no to, each once and five at most, like "① (U+2460), U+0007
    and 2 more"; "" for none."""
    found = [character for character in dict.fromkeys(text) if not carried(character)]
    shown = [f"{each} (U+{ord(each):04X})" if each.isprintable() else f"U+{ord(each):04X}" for each in found[:5]]
    return ", ".join(shown) + (f" and {len(found) - len(shown)} more" if len(found) > len(shown) else "")


def within(codec: str, character: str) -> bool:
    """Whether Python's `codec` has the character."""
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _septet_parts(septets: str) -> int:
    if len(septets) <= 160:
        return 1
    parts, start = 1, 0
    while len(septets) - start > 153:
        start += 152 if septets[start + 152] == _ESCAPE else 153
        parts += 1
    return parts


def _utf16_parts(text: str, characters: int) -> int:
    units = text.encode("utf-16-le", "surrogatepass")
    length = len(units) // 2
    if length <= 70:
        return 1
    if length == characters:
        return -(-length // 67)
    parts, start = 1, 0
    while length - start > 67:
        last = units[2 * (start + 66) + 1]
        start += 66 if 0xD8 <= last <= 0xDB else 67
        parts += 1
    return parts
