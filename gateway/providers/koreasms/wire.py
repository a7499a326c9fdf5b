"""What goes over the wire, the fields spelled as the vendor spells them. Numbers in comments are sections of the
"SMS API Manual".

Requests are forms in UTF-8, answers JSON. Texts travel in UTF-8 and are measured in CP949. Nothing here raises on what
a vendor sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import msgspec

from gateway.model import segments
from gateway.model.phone import national

SEND = "/messages/api"
"""2.1.2, POST."""
BALANCE = "/messages/balance"
"""3.1.2, POST."""
FORM = (("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),)
"""With its charset: the document names none, and some servers take a form without one for Latin-1."""

SUBJECT_CHARACTERS = 64
SMS_BYTES, TEXT_BYTES = 80, 2000
"""In CP949. Above the first a text becomes an LMS (2.1.1)."""
RECEIVERS_AT_MOST = 100
RESERVED_AHEAD = 30 * 60
"""Seconds that a `send_datetime` is to come, at least (2.1.1)."""
_MESSAGE_AT_MOST = 200

_MOBILE = re.compile(r"\+82(?:10[0-9]{8}|1[16-9][0-9]{7,8})")
_SENDER = re.compile(r"[0-9]{1,20}")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def encode(fields: Mapping[str, str]) -> bytes:
    """A form in UTF-8; `+` becomes `%2B`, a space `%20`."""
    return urlencode(fields, quote_via=quote, safe="").encode()


def mobile(number: str) -> bool:
    """Whether the E.164 number is a Korean mobile: 010, 011, or 016 to 019."""
    return _MOBILE.fullmatch(number) is not None


def receivers(numbers: Iterable[str], separator: str) -> str:
    """The field `receiver` of a call to E.164 numbers, at most 100, none of them twice."""
    dialled = [national(number) for number in numbers]
    assert len(set(dialled)) == len(dialled) <= RECEIVERS_AT_MOST
    return separator.join(dialled)


def sender(written: str) -> str:
    """`send_number` for a sender as people write it, in digits and hyphens; "" where it cannot be one."""
    digits = written.replace("-", "")
    return digits if _SENDER.fullmatch(digits) else ""


def moment(at: int, zone: ZoneInfo) -> str:
    """`send_datetime` (2.1.1) for ms since 1970, on the clock of the zone; milliseconds are dropped."""
    return datetime.fromtimestamp(at // 1000, zone).replace(tzinfo=None).isoformat(" ")


def octets(text: str) -> int:
    """Bytes in CP949 of a text without strangers. It is sent as it is: a newline is one."""
    return len(text.encode("cp949", "replace"))


def strangers(text: str) -> str:
    """Names the characters that are not in CP949; "" for none."""
    return segments.strangers(text, partial(segments.within, "cp949"))


class Reply(msgspec.Struct, frozen=True):
    """The fields of an answer (2.2.1, 3.2.1), each None where it is missing or says nothing certain."""

    result: bool | None
    code: int | None
    coded: bool
    """Whether there is an errorCode at all, readable or not."""
    balance: int | None
    message: str
    """The vendor's own words, for people only."""


def reply(body: bytes) -> Reply | None:
    """The answer in a body; None where it is no JSON object. Strings and numbers stand for what they spell; a field
    that is there twice with different values says nothing."""
    try:
        fields = _DECODER.decode(_characters(body))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    return Reply(
        result=_boolean(fields.get("result")),
        code=_integer(fields.get("errorCode")),
        coded="errorCode" in fields,
        balance=_integer(fields.get("balance")),
        message=_words(fields.get("msg")),
    )


def _characters(body: bytes) -> str:
    """UTF-8, else CP949: only `msg` has more than ASCII, and whatever a bad byte becomes stays inside of it."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp949", "replace")


def _boolean(value: object) -> bool | None:
    return _BOOLEANS.get(str(value).strip().lower()) if isinstance(value, bool | int | str) else None


def _integer(value: object) -> int | None:
    if not isinstance(value, int | str):
        return None
    digits = str(value).strip()
    return int(digits) if _INTEGER.fullmatch(digits) else None


def _words(value: object) -> str:
    if not isinstance(value, str):
        return ""
    printable = "".join(each if each.isprintable() else " " for each in value[: 4 * _MESSAGE_AT_MOST])
    return " ".join(printable.split())[:_MESSAGE_AT_MOST].strip()


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields[name] = value if name not in fields or fields[name] == value else None
    return fields


_DECODER = json.JSONDecoder(object_pairs_hook=_fields, strict=False)
