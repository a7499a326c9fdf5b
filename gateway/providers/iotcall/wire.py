"""What goes over the wire, the fields spelled as the vendor spells them. Marks like ③ and D are those of the
"API マニュアル".

Requests have an AuthCode in their header, answers are JSON with a `status`. Nothing here raises on what a vendor sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import msgspec

from gateway.provider import Declined, Unreadable, VendorAnswer
from gateway.providers.iotcall import codes

PATTERN = "/pattern"
CALL, TEL = "call", "tel"
"""①; ② and ③, behind the URL key."""
FORM = ("Content-Type", "application/x-www-form-urlencoded")
"""③, and as printed of every GET of ④ too."""

ANSWER_AT_MOST = 64 << 10
NUMBERS_AT_MOST = 1 << 20
LOG_AT_MOST = 16 << 20
"""Bytes of an answer that is read. What is longer is something else."""
_TEXT_AT_MOST = 200
_MEMO_AT_MOST = 2000
_LAST_SECOND = 253_402_214_400
"""9999-12-31: the last day whose seconds every zone can write."""

_BETWEEN = re.compile(r"[\s,]*")


class Reply(msgspec.Struct, frozen=True):
    """An answer that is no refusal."""

    documents: tuple[Any, ...]
    """JSON values, one as a rule: ④ E may be read as two objects, one after the other."""
    ok: bool
    """Its `status` says so; else it has none."""


def opened(answer: VendorAnswer, at_most: int) -> Reply | Declined | Unreadable:
    """What the vendor answered. Declined only where nothing was done: an HTTP status of `codes.REFUSALS`, or a word
    for a `status` that is not "ok" under HTTP 200 or 4xx."""
    if answer.status != 200 and not 400 <= answer.status < 500:
        return Unreadable(f"HTTP status {answer.status}")
    found = documents(answer.body) if len(answer.body) <= at_most else None
    objects = [each for each in found or () if isinstance(each, dict)]
    words = [each["status"] for each in objects if "status" in each]
    said = [word.strip().lower() for word in words if isinstance(word, str)]
    refusal = next((word for word in said if word and word != codes.OK), "")
    message = next((text(each["message"]) for each in objects if "message" in each), "")
    if answer.status != 200:
        if codes.OK in said or not (refusal or answer.status in codes.REFUSALS):
            return Unreadable(f"HTTP status {answer.status}")
        return Declined(str(answer.status), message)
    if found is None:
        return Unreadable("no JSON, or too much of it")
    if refusal:
        return Declined(text(refusal)[:40] or "?", message)
    if len(said) < len(words) or "" in said:
        return Unreadable("no usable status in the answer")
    return Reply(found, bool(said))


def documents(body: bytes) -> tuple[Any, ...] | None:
    """The JSON values in a body, one after the other; None where there is anything else, or nothing. A field that is
    there twice with different values is the list of them."""
    written = body.decode("utf-8-sig", "replace")
    found: list[Any] = []
    at = _after_white(written, 0)
    try:
        while at < len(written):
            value, at = _DECODER.raw_decode(written, at)
            found.append(value)
            at = _after_white(written, at)
    except (ValueError, RecursionError):
        return None
    return tuple(found) or None


def text(value: object, at_most: int = _TEXT_AT_MOST) -> str:
    """A string or an integer as text, on one line and as far as it can be shown; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    shown = "".join(each if each.isprintable() else " " for each in str(value)[: 4 * at_most])
    return shown.strip()[:at_most]


def memo(value: object) -> str:
    """As `text`, for the operator's own words."""
    return text(value, _MEMO_AT_MOST)


def integer(value: object) -> int | None:
    """A whole number from 0 on, or a string or a float of one; None for anything else."""
    if isinstance(value, float) and value.is_integer() and 0 <= value < 1e9:
        return int(value)
    digits = text(value)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 9 else None


def moment(written: object, zone: ZoneInfo) -> int | None:
    """ms since 1970 of `2022-07-15 04:07:40` on the vendor's clock; None for what is no time."""
    try:
        at = datetime.fromisoformat(text(written).replace("/", "-"))
        return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def written(at: int, zone: ZoneInfo) -> str:
    """`start_datetime` and `end_datetime` (D) of a second since 1970: `2023-11-30 00:00:00` on the vendor's clock."""
    shown = datetime.fromtimestamp(min(max(at, 0), _LAST_SECOND), zone)
    return shown.replace(tzinfo=None).isoformat(" ")


def query(since: int | None, until: int | None, zone: ZoneInfo) -> str:
    """The query of D for the time from `since` to before `until` (ms), "" for none; both ends are optional.

    The vendor's end is included: its example for a day ends at 23:59:59. Times stand in the query, a space as `%20`:
    the page calls them a body, which a GET has not.
    """
    given = {
        "start_datetime": None if since is None else -(-since // 1000),
        "end_datetime": None if until is None else -(-until // 1000) - 1,
    }
    fields = {name: written(at, zone) for name, at in given.items() if at is not None}
    return f"?{urlencode(fields, quote_via=quote, safe=':')}" if fields else ""


def leaves(value: Any, above: str = "", name: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every value that is no table and no list, with its own name and that of the table it stands in."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, name, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, above, name)
    else:
        yield above, name, value


def _after_white(written: str, at: int) -> int:
    match = _BETWEEN.match(written, at)
    return match.end() if match else at


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields[name] = value if name not in fields or fields[name] == value else [fields[name], value]
    return fields


_DECODER = json.JSONDecoder(object_pairs_hook=_fields, strict=False)
