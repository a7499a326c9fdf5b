"""What a request to IoTコール must be like, by the letter of its "API マニュアル"; marks like ③ and D are its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec
import phonenumbers

from gateway.sandbox.server import FORM, Request, fields

COUNTRIES = {
    1: ("+81", "JP"),
    2: ("+1", "US"),
    3: ("+54", "AR"),
    4: ("+44", "GB"),
    5: ("+39", "IT"),
    6: ("+91", "IN"),
    7: ("+62", "ID"),
    8: ("+20", "EG"),
    9: ("+61", "AU"),
    10: ("+31", "NL"),
    11: ("+1", "CA"),
    12: ("+82", "KR"),
    13: ("+30", "GR"),
    14: ("+1", "GU"),
    15: ("+57", "CO"),
    16: ("+966", "SA"),
    17: ("+65", "SG"),
    18: ("+41", "CH"),
    19: ("+46", "SE"),
    20: ("+34", "ES"),
}
"""The list of countries as printed (③); it goes on."""
FIELDS = ("tel", "group", "check", "international_prefix_id")
RANGE = ("start_datetime", "end_datetime")

_FIELD = re.compile(r"call_to_tels\[(0|[1-9][0-9]{0,3})\]\[(\w+)\]")
_VALUES = {
    "tel": re.compile(r"[0-9]{3,20}"),
    "group": re.compile(r"[1-9][0-9]{0,2}"),
    "check": re.compile(r"[01]"),
    "international_prefix_id": re.compile(r"[1-9][0-9]{0,2}"),
}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?")


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a rule's list, as it came."""

    tel: str
    group: int = 1
    check: int = 1
    international_prefix_id: int = 1

    @property
    def called(self) -> str:
        """As the log has it: in E.164 where the country is printed."""
        code, region = COUNTRIES.get(self.international_prefix_id, ("", ""))
        if not code:
            return self.tel
        try:
            number = phonenumbers.parse(self.tel, region)
        except phonenumbers.NumberParseException:
            return code + self.tel.removeprefix("0")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def listed(request: Request) -> list[Number] | str:
    """The list of ③, or what is wrong with it."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        return "the body is no form"
    entries: dict[int, dict[str, str]] = {}
    for name, value in fields(request.body.decode("utf-8", "replace")).items():
        match = _FIELD.fullmatch(name)
        if not match or match[2] not in FIELDS:
            return f"unknown parameter {name}"
        if not _VALUES[match[2]].fullmatch(value):
            return f"an impossible {match[2]}"
        entries.setdefault(int(match[1]), {})[match[2]] = value
    if not entries:
        return "no number"
    if missing := [name for name in FIELDS for entry in entries.values() if name not in entry]:
        return f"{missing[0]} is missing"
    return [_number(entry) for _, entry in sorted(entries.items())]


def gaps(request: Request) -> bool:
    """Whether the places in a list of ③ are others than 0, 1, 2 and so on, as they are printed."""
    named = [_FIELD.fullmatch(name) for name in fields(request.body.decode("utf-8", "replace"))]
    places = sorted({int(match[1]) for match in named if match})
    return places != list(range(len(places)))


def span(query: Mapping[str, str], zone: tzinfo) -> tuple[datetime, datetime] | str:
    """The first and the last moment of D, or what is wrong with it. Of an end without a time it is not said whether
    that day belongs to it: here it does."""
    if surplus := query.keys() - set(RANGE):
        return f"unknown parameter {min(surplus)}"
    start, end = (_moment(query[name]) if name in query else None for name in RANGE)
    if any(name in query and value is None for name, value in zip(RANGE, (start, end), strict=True)):
        return "an impossible time"
    if end is not None and ":" not in query[RANGE[1]]:
        end += timedelta(days=1, microseconds=-1)
    bounds = (start or datetime(2000, 1, 1), end or datetime(2999, 12, 31))
    return bounds[0].replace(tzinfo=zone), bounds[1].replace(tzinfo=zone)


def oddities(request: Request) -> list[str]:
    """What is not as printed about a request that is answered all the same."""
    log = request.path.rpartition("/")[2] not in ("call", "tel")
    kind = request.headers.get("content-type", "")
    found = {
        "a history without Content-Type": log and not kind.startswith(FORM),
        "a Content-Type where none is printed": bool(kind) and not log and request.method != "PUT",
        "an activation with a body": bool(request.body) and request.method == "POST",
        "a query where none is printed": bool(request.query) and not log,
        "places that do not count from 0": request.method == "PUT" and gaps(request),
    }
    return [what for what, is_so in found.items() if is_so]


def said(number: Number) -> dict[str, Any]:
    """One of ②: the document has no example, the names are those of ③."""
    return msgspec.to_builtins(number)  # type: ignore[no-any-return]


def _number(entry: Mapping[str, str]) -> Number:
    return Number(tel=entry["tel"], **{name: int(entry[name]) for name in FIELDS[1:]})


def _moment(written: str) -> datetime | None:
    if not _TIME.fullmatch(written):
        return None
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None
