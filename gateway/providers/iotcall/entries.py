"""The numbers of a rule (② and ③): the caller's become the vendor's, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import phonenumbers

from gateway.model import phone
from gateway.model.reasons import Reason
from gateway.provider import Entry, Misfit
from gateway.providers.iotcall import codes, wire

_OTHER = re.compile(r"id:([1-9][0-9]{0,2})")
_SEPARATORS = str.maketrans("", "", " -()")
_DIGITS = re.compile(r"[0-9]{3,20}")
_NO_DIGIT = re.compile(r"[^0-9]")
_LISTED = ", ".join(codes.IDS)
_NAMES = {"tel", "group", "check", "international_prefix_id"}
_OR_ID = f"name one of {_LISTED}, or the number the vendor's own list has for it, like id:21"


def entry(number: str, country: str | None, region: str) -> Entry | Misfit:
    """See `Provider.entry`. A number of a country that is not printed is kept as it is dialled there, since nobody but
    the vendor knows which country an id is."""
    place = _place(country) if country is not None else None
    if isinstance(place, Misfit):
        return place
    bare = number.translate(_SEPARATORS)
    if place is not None and place not in codes.COUNTRIES and not bare.startswith("+") and _DIGITS.fullmatch(bare):
        return Entry(number=bare, country=f"id:{place}")
    home = codes.COUNTRIES.get(place or 0)
    try:
        e164 = phone.parse_any(number, home or region)
    except phone.InvalidNumber as error:
        return Misfit(Reason.INVALID_NUMBER, str(error), "/number")
    if home is not None:
        # By the country code alone: of +1 nobody can tell whether a toll-free number is American or Canadian.
        return Entry(number=e164, country=home) if _dials(e164, home) else _contradicts()
    found = _country(e164)
    if place is not None:
        return _contradicts() if found in codes.IDS else Entry(number=e164, country=f"id:{place}")
    if found not in codes.IDS:
        return Misfit("unsupported", f"the vendor's document does not have this number's country: {_OR_ID}", "/country")
    return Entry(number=e164, country=found)


def form(entries: Iterable[Entry]) -> bytes:
    """The body of ③, all four fields of each number: `call_to_tels[0][tel]=08043391234&...`, the brackets as `%5B` and
    `%5D`, which is how browsers send them."""
    fields = {
        f"call_to_tels[{place}][{name}]": value
        for place, each in enumerate(entries)
        for name, value in _fields(each).items()
    }
    return urlencode(fields, quote_via=quote, safe="").encode()


def read(reply: wire.Reply) -> tuple[Entry, ...] | None:
    """The numbers in an answer to ②, for which the document has no example: objects with the fields of ③, wherever
    they stand; without a status, only with all of them. None where there are none, nor an empty list of them, or one
    cannot be read."""
    try:
        listed = [each for document in reply.documents for each in _listed(document)]
        if not reply.ok and not all(each.keys() >= _NAMES for each in listed):
            return None
        if listed:
            return tuple(_entry(each) for each in listed if wire.text(each["tel"]))
        empty = reply.ok and any(_has_empty(document) for document in reply.documents)
    except (ValueError, RecursionError):
        return None
    return () if empty else None


def _place(country: str) -> int | Misfit:
    """The place in the vendor's list of an ISO 3166 country or an `id:N`."""
    if match := _OTHER.fullmatch(country):
        return int(match[1])
    if place := codes.IDS.get(codes.SHARED.get(country, country)):
        return place
    return Misfit("unsupported", f"the vendor's document does not have this country: {_OR_ID}", "/country")


def _contradicts() -> Misfit:
    return Misfit(Reason.INVALID_NUMBER, "the number begins with the code of another country", "/country")


def _country(e164: str) -> str:
    found = phone.country(e164) or ""
    return codes.SHARED.get(found, found)


def _dials(e164: str, country: str) -> bool:
    """Whether the number begins with the country's code."""
    return phonenumbers.parse(e164, None).country_code == phonenumbers.country_code_for_region(country)


def _fields(each: Entry) -> dict[str, str]:
    place = codes.IDS.get(each.country) or int(each.country.removeprefix("id:"))
    return {
        "tel": _national(each.number),
        "group": str(each.group),
        "check": "1" if each.enabled else "0",
        "international_prefix_id": str(place),
    }


def _national(number: str) -> str:
    """As dialled at home, in digits: `+818043391234` is `08043391234`. A number that is none of its country is as it
    came."""
    if not number.startswith("+"):
        return number
    if number.startswith(("+81", "+82")):
        return phone.national(number)
    shown = phonenumbers.format_number(phonenumbers.parse(number, None), phonenumbers.PhoneNumberFormat.NATIONAL)
    return _NO_DIGIT.sub("", shown)


def _listed(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "tel" in value and not isinstance(value["tel"], dict | list):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _listed(inner)


def _has_empty(value: Any) -> bool:
    if not isinstance(value, dict | list):
        return False
    return not value or any(map(_has_empty, value.values() if isinstance(value, dict) else value))


def _entry(fields: dict[str, Any]) -> Entry:
    """One of ②. A field that is missing is as in a new entry. Raises ValueError where one says nothing certain."""
    place = _certain(wire.integer(fields.get("international_prefix_id", 1)))
    country = codes.COUNTRIES.get(place, f"id:{place}")
    number = wire.text(fields["tel"])
    return Entry(
        number=_e164(number, country) if country in codes.IDS else number,
        country=country,
        group=_certain(_group(fields.get("group", 1))),
        enabled=_check(fields.get("check", 1)),
    )


def _e164(tel: str, country: str) -> str:
    try:
        found = phone.parse_any(tel, country)
    except phone.InvalidNumber:
        return tel
    return found if _dials(found, country) else tel


def _group(value: object) -> int | None:
    """From 1 in the examples of ③, from A in its words."""
    letter = wire.text(value).upper()
    return ord(letter) - ord("A") + 1 if re.fullmatch("[A-Z]", letter) else wire.integer(value)


def _check(value: object) -> bool:
    if value in (1, "1"):
        return True
    if value in (0, "0", "", None):
        return False
    raise ValueError("check is neither 1 nor 0")


def _certain(value: int | None) -> int:
    if not value:
        raise ValueError("no number from 1 on")
    return value
