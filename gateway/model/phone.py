"""Phone numbers: what callers write becomes E.164, or a reason why it cannot.

Sources: libphonenumber's numbering plans (`phonenumbers`); for Japan the plan of 2026-07, which adds 060 to the
mobile ranges and has M2M numbers in 020 (11 digits) and 0200 (14 digits): libphonenumber calls the former pagers
and does not know the latter.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult

MAX_LENGTH = 64
"""Characters a number may have, separators included: the digits are 15 at most, 18 or so with a dialling prefix."""

_SEPARATORS = str.maketrans("", "", " ()-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc")
"""Spaces, parentheses and what keyboards have for a hyphen (the long vowel mark is the Japanese one)."""
_BARE = re.compile(r"\+?[0-9]+")

_JP_MOBILE = r"(?:(?:[6-9]0[1-9]|20[1-35-9])[0-9]{7}|200[0-9]{10})"
_KR_MOBILE = r"(?:10(?:[0-46-9][0-9]|5[0-8])[0-9]{6}|1[16-9][0-9]{7,8})"
_JP_RULE = re.compile(_JP_MOBILE)
_KR_RULE = re.compile(r"1[016-9][0-9]+")
_INTERNATIONAL = re.compile(rf"\+8(?:1{_JP_MOBILE}|2{_KR_MOBILE})")
_NATIONAL = {"JP": ("+81", re.compile(f"0{_JP_MOBILE}")), "KR": ("+82", re.compile(f"0{_KR_MOBILE}"))}


class InvalidNumber(ValueError):
    """Not a number that can be used. Its text says why, without the number."""


_UNREADABLE = {
    NumberParseException.INVALID_COUNTRY_CODE: "the country code is missing or unknown",
    NumberParseException.TOO_SHORT_AFTER_IDD: "the number is too short",
    NumberParseException.TOO_SHORT_NSN: "the number is too short",
    NumberParseException.TOO_LONG: "the number is too long",
}
_IMPOSSIBLE = {
    ValidationResult.TOO_SHORT: "the number is too short for its country",
    ValidationResult.TOO_LONG: "the number is too long for its country",
    ValidationResult.INVALID_LENGTH: "no number of its country has this many digits",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
}


def parse(text: str, default_region: str) -> str:
    """The E.164 form of a number that can receive SMS. Raises InvalidNumber.

    `text` is E.164, or national (or with an international dialling prefix) as dialled in `default_region`
    (ISO 3166); spaces, hyphens, parentheses and full-width characters are understood, letters and extensions
    are not. In Japan and Korea nothing but mobile numbers receives SMS, and a number there starts with `+` or `0`:
    libphonenumber would take one without as either, and a wrong guess texts a stranger.

    Japanese and Korean mobile numbers are recognised by pattern, in 0.4 µs as they are and 2 µs with separators or
    full-width; the rest goes through libphonenumber in 12 to 60 µs. `tests/test_phone.py` proves both equal.
    """
    if known := _recognise(text, default_region):
        return known
    bare = _bare(text, default_region)
    return _recognise(bare, default_region) or _look_up(bare, default_region)


def parse_any(text: str, default_region: str) -> str:
    """Like `parse`, for calls: the E.164 form of any valid number, landlines and toll-free ones included."""
    bare = _bare(text, default_region)
    number = _read(bare, default_region)
    if not (number.country_code == 81 and _JP_RULE.fullmatch(phonenumbers.national_significant_number(number))):
        _require_valid(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country(e164: str) -> str | None:
    """The ISO 3166 code of the country a parsed number belongs to; None for international services (`+800`).

    0.1 µs for Japan and Korea; others are remembered.
    """
    if e164.startswith("+81"):
        return "JP"
    if e164.startswith("+82"):
        return "KR"
    return _country(e164)


def national(e164: str) -> str:
    """A parsed Japanese or Korean number as dialled at home: `+819012345678` is `09012345678`.

    Raises ValueError for other countries: not everywhere is it the digits behind a zero.
    """
    if not e164.startswith(("+81", "+82")):
        raise ValueError("the national form is known for Japan and Korea only")
    return "0" + e164[3:]


def kind(e164: str) -> Literal["mobile", "landline", "voip", "other"]:
    """What a parsed number belongs to. "other": numbers that are no person's line (toll-free, premium rate and the
    like), and what nobody knows."""
    if _INTERNATIONAL.fullmatch(e164):
        return "mobile"
    found = phonenumbers.number_type(phonenumbers.parse(e164, None))
    if found in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE):
        return "mobile"
    if found == PhoneNumberType.VOIP:
        return "voip"
    return "landline" if found == PhoneNumberType.FIXED_LINE else "other"


def dialled(e164: str) -> str:
    """A parsed number as dialled within its country, in digits: `+81312345678` is `0312345678`."""
    number = phonenumbers.parse(e164, None)
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(each for each in shown if each in "0123456789")


def mask(e164: str) -> str:
    """A number for logs: country code and last two digits, `+81********78`. Anything else is starred as a whole."""
    if not (e164.startswith("+") and _BARE.fullmatch(e164)):
        return "*" * len(e164)
    shown = 1 + len(_calling_code(e164))
    hidden = len(e164) - shown - 2
    return e164[:shown] + "*" * hidden + e164[-2:] if hidden > 2 else "*" * len(e164)


def _recognise(text: str, default_region: str) -> str | None:
    """The hot path: Japanese and Korean mobile numbers without separators. None says nothing about the number."""
    if _INTERNATIONAL.fullmatch(text):
        return text
    if (home := _NATIONAL.get(default_region)) and home[1].fullmatch(text):
        return home[0] + text[1:]
    return None


def _bare(text: str, default_region: str) -> str:
    """Digits, perhaps a plus before them, and nothing else."""
    if len(text) > MAX_LENGTH:
        raise InvalidNumber(f"a phone number has at most {MAX_LENGTH} characters")
    bare = (text if text.isascii() else unicodedata.normalize("NFKC", text)).translate(_SEPARATORS)
    if not bare:
        raise InvalidNumber("the number is empty")
    if not _BARE.fullmatch(bare):
        raise InvalidNumber("a phone number is digits, spaces, hyphens and parentheses, with a plus only in front")
    if default_region in _NATIONAL and bare[0] not in "+0":
        raise InvalidNumber("a number starts with + and the country code, or with 0 when it is a national one")
    return bare


def _look_up(bare: str, default_region: str) -> str:
    """What `parse` promises, by libphonenumber alone."""
    number = _read(bare, default_region)
    digits = phonenumbers.national_significant_number(number)
    if number.country_code == 81:
        if not _JP_RULE.fullmatch(digits):
            _require_valid(number)
            raise InvalidNumber("in Japan only mobile (060, 070, 080, 090) and M2M (020) numbers receive SMS")
    else:
        _require_valid(number)
        if number.country_code == 82 and not (
            _KR_RULE.fullmatch(digits) and phonenumbers.number_type(number) == PhoneNumberType.MOBILE
        ):
            raise InvalidNumber("in Korea only mobile numbers (010, 011, 016 to 019) receive SMS")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _read(bare: str, default_region: str) -> PhoneNumber:
    try:
        return phonenumbers.parse(bare, default_region)
    except NumberParseException as error:
        detail = _UNREADABLE.get(error.error_type, "this is not a phone number")
        raise InvalidNumber(detail) from None  # the library's own message may quote the number


def _require_valid(number: PhoneNumber) -> None:
    if not phonenumbers.is_valid_number(number):
        reason = phonenumbers.is_possible_number_with_reason(number)
        raise InvalidNumber(_IMPOSSIBLE.get(reason, "no such number exists in its country's numbering plan"))


def _calling_code(e164: str) -> str:
    """The digits of the country code, empty where there is none such."""
    for end in (2, 3, 4):
        if int(e164[1:end]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return e164[1:end]
    return ""


@lru_cache(maxsize=4096)
def _country(e164: str) -> str | None:
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(e164, None))
    except NumberParseException:
        return None
    return None if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else region
