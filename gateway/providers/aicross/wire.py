"""What goes over the wire, the fields spelled as the vendor spells them (API document v1.47).

Requests are forms, answers JSON, delivery reports (DLR) XML or JSON. Reading is lenient: strings and integers
stand for each other, values that say nothing become "", and slips that the document itself makes are repaired
once. Nothing here raises on what a vendor sent, but for `notifications`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, NoReturn
from urllib.parse import parse_qsl, quote, urlencode
from xml.parsers import expat

import msgspec

from gateway.errors import UnreadableCallback
from gateway.provider import Callback, Unreadable, VendorAnswer
from gateway.providers.aicross import codes

SEND = "/p5/api/mt.json"
"""2.1.1, POST."""
STATUS = "/p5/api/status.json"
"""2.4.1, GET."""

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)

_NOTHING = frozenset({"", "null", "999"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_ITEM = re.compile(r"(?:required|invalid)?(.*?)(?:toolong)?")
_TIME = re.compile(r"(2\d{3})[/-]?(\d\d)[/-]?(\d\d)[ T]?(\d\d):?(\d\d):?(\d\d)(?:\.?(\d{3}))?", re.ASCII)
DAY_AT_MOST = 32 << 20
"""Bytes of a day's status list, texts included: some 50,000 messages."""
_FIELDS_AT_MOST = 100
_BLANK = b"\xef\xbb\xbf \t\r\n"
"""White space and the bytes of a byte order mark, before a document."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """The fields the gateway reads of a DLR (2.5.1) or of an entry of status.json (2.4.2); "" where unknown."""

    messageId: str = ""
    clientTag: str = ""
    dateTime: str = ""
    carrierId: str = ""
    statusId: str = ""
    detailedStatusId: str = ""
    separatedSuccessCount: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, object]) -> Notification:
        return cls(**{name: text(fields.get(name)) for name in cls.__struct_fields__})


class Reply(msgspec.Struct, frozen=True):
    """An answer that can be read: its responseCode, the parameter its responseMessage names, all its fields."""

    code: int
    item: str
    fields: dict[str, Any]

    @property
    def unknown_tag(self) -> bool:
        """It says that no message is under the clientTag asked for."""
        return self.code == codes.INVALID and self.item == "clienttag"


def encode(fields: Mapping[str, str]) -> str:
    """A form or a query in UTF-8; `+` becomes `%2B` (3.1), a space `%20`."""
    return urlencode(fields, quote_via=quote, safe="")


def reply(body: bytes, *, repair: bool = False) -> Reply | None:
    """The answer in `body`; None where it is no JSON object with an integer responseCode."""
    fields = _json(body.decode("utf-8-sig", "replace"), repair=repair)
    if not isinstance(fields, dict) or (code := integer(fields.get("responseCode"))) is None:
        return None
    return Reply(code, _item(fields.get("responseMessage")), fields)


def opened(answer: VendorAnswer) -> Reply | Unreadable:
    """The answer to a call that sends nothing; the document gives it no HTTP status but 200."""
    if answer.status != 200:
        return Unreadable(f"HTTP status {answer.status}")
    return reply(answer.body, repair=True) or Unreadable("no JSON object with a responseCode")


def listed(answer: Reply) -> list[Notification] | None:
    """The entries of a status.json answer (2.4.2); None where it has no list of them, not even an empty one."""
    entries = answer.fields.get("status", "")
    if not isinstance(entries, list | dict | None):
        return None
    return [Notification.of(entry) for entry in _objects(entries)]


def notifications(callback: Callback) -> list[Notification]:
    """Every notification of a DLR push (2.5.1), in the order they stand.

    Raises UnreadableCallback where a document cannot be parsed, declares a DTD or an entity, or nothing in the
    request is a notification.
    """
    found: list[Notification] = []
    for document in _documents(callback):
        fields = _from_xml(document) if document.startswith("<") else _from_json(document)
        found += (Notification.of(each) for each in fields)
    found = [each for each in found if each.clientTag or each.statusId]
    if not found:
        raise UnreadableCallback("no notification in it")
    return found


def text(value: object) -> str:
    """A field as text. Absent, null, empty, 999, structured, unprintable or over 200 characters: ""."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    words = str(value).strip()
    return words if len(words) <= 200 and words.isprintable() and words.lower() not in _NOTHING else ""


def integer(value: object) -> int | None:
    """An integer, or a string of one; None for anything else."""
    if isinstance(value, str):
        return int(value) if _INTEGER.fullmatch(value := value.strip()) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def count(written: str) -> int | None:
    """A separatedSuccessCount; None where it is no plausible one."""
    return int(written) if re.fullmatch("[0-9]{1,4}", written) else None


def moment(written: str, zone: tzinfo) -> int | None:
    """ms since 1970 of either dateTime, `YYYYMMDD HHMMSSsss` (2.4.2) or `YYYY/mm/dd HH:MM:SS` (2.5.1)."""
    if (match := _TIME.fullmatch(written)) is None:
        return None
    *whole, thousandths = (int(part or 0) for part in match.groups())
    year, month, day, hour, minute, second = whole
    try:
        seconds = datetime(year, month, day, hour, minute, second, tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None
    return int(seconds) * 1000 + thousandths


def _item(message: object) -> str:
    """What a responseMessage like "Invalid phoneNumber." names (2.1.3), in lower-case letters and digits."""
    if not isinstance(message, str) or len(message) > 200:
        return ""
    match = _ITEM.fullmatch("".join(filter(str.isalnum, message)).lower())
    return match[1] if match else ""


def _objects(value: object) -> list[dict[str, Any]]:
    """What the document calls a list and may be a single object."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _say(fields: dict[str, Any], name: str, value: object) -> None:
    """A field said twice with different values says nothing."""
    fields[name] = value if name not in fields or fields[name] == value else None


# JSON


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        _say(fields, name, value)
    return fields


_DECODER = json.JSONDecoder(object_pairs_hook=_fields, strict=False)
# The sample of 2.4.2 has a comma before a closing brace; those of 2.5.1 close the notification before its last
# two fields, which the table puts inside.
_SPARE_COMMA = re.compile(r",(\s*[}\]])")
_EARLY_BRACE = re.compile(r'\}(\s*,\s*"(?:detailedStatusId|separatedSuccessCount)"\s*:[^\[\]{}]*)(?=\])')


def _json(document: str, *, repair: bool) -> object:
    """What `document` says; None where it is no JSON, even after one repair where that is allowed."""
    try:
        return _DECODER.decode(document)
    except (ValueError, RecursionError):
        if not repair:
            return None
    return _json(_EARLY_BRACE.sub(r"\1}", _SPARE_COMMA.sub(r"\1", document)), repair=False)


def _from_json(document: str) -> list[dict[str, Any]]:
    fields = _json(document, repair=True)
    return _objects(fields.get("eventNotifications") if isinstance(fields, dict) else fields)


# XML

_DECLARED = re.compile(rb"""<\?xml[^>]{1,100}?encoding\s*=\s*["']([\w.:-]+)["']""")
_CP932 = frozenset({b"shift_jis", b"shift-jis", b"sjis", b"x-sjis", b"windows-31j", b"ms932", b"cp932"})
_SPLIT_END = re.compile(r"</\s+")


def _characters(document: bytes) -> str:
    """UTF-8, or CP932 where the XML prolog says so. What cannot be decoded matters in texts only, unread here."""
    declared = _DECLARED.match(document)
    codec = "cp932" if declared and declared[1].lower() in _CP932 else "utf-8-sig"
    return document.decode(codec, "replace")


def _from_xml(document: str) -> list[dict[str, Any]]:
    """The fields of every eventNotification. Raises UnreadableCallback."""
    try:
        return _parse(document)
    except expat.ExpatError:
        pass
    try:
        return _parse(_without_texts(_SPLIT_END.sub("</", document)))  # "</ separatedSuccessCount>" in 2.5.1
    except expat.ExpatError as error:
        raise UnreadableCallback(f"not well-formed XML ({expat.ErrorString(error.code)})") from None


def _without_texts(document: str) -> str:
    """Leaves out each messageText: it may hold what XML cannot ("]]>", control characters), and nobody reads it."""
    head, *rest = document.split("<messageText>")
    return head + "".join(part.partition("</messageText>")[2] for part in rest)


def _parse(document: str) -> list[dict[str, Any]]:
    """Raises ExpatError, and UnreadableCallback on any declaration: no DTD, no entity, nothing external."""
    found: list[dict[str, Any]] = []
    path: list[str] = []
    words: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        path.append(name)
        words.clear()
        if name == "eventNotification" and len(path) <= 2:
            found.append({})

    def end(name: str) -> None:
        path.pop()
        if path and path[-1] == "eventNotification" and len(path) <= 2:
            _say(found[-1], name, "".join(words))
        words.clear()

    def refuse(*_: object) -> NoReturn:
        raise UnreadableCallback("a document type or entity declaration")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words.append
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = refuse
    parser.Parse(document, True)
    return found


# The request around it


def _documents(callback: Callback) -> Iterator[str]:
    """The documents in a push: the raw body where it looks like one, whatever its content type says, else the
    `xml` and `json` fields of the form; then those of the query."""
    body = callback.body.lstrip(_BLANK)
    if body[:1] in (b"<", b"{", b"["):
        yield _characters(body)
    else:
        try:
            form = parse_qsl(body.decode("latin-1"), encoding="latin-1", max_num_fields=_FIELDS_AT_MOST)
        except ValueError:
            raise UnreadableCallback("a form of too many fields") from None
        yield from _named(form, "latin-1")
    yield from _named(callback.query, "utf-8")


def _named(fields: Iterable[tuple[str, str]], encoding: str) -> Iterator[str]:
    for name, value in fields:
        if name.lower() in ("xml", "json") and (document := value.encode(encoding, "replace").lstrip(_BLANK)):
            yield _characters(document)
