"""What may be shown of a push that nobody knows: fields with known names, and of their values what cannot be a number,
a text or a code. Whatever is not known is not shown."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import NoReturn
from urllib.parse import parse_qsl
from xml.parsers import expat

from gateway.model.receipt import Push

FIELDS_AT_MOST = 100
_LEAVES_AT_MOST = 2000

_STATES = ("status", "statusId", "detailedStatusId", "carrierId", "separatedSuccessCount", "method")
"""At most five digits, shown as they are."""
_NAMES = ("smsid", "clientTag", "messageId", "activationId", "ruleId", "rule_id")
"""What a vendor or its customer calls something: shown where it looks like that, and long runs of digits starred."""
_NUMBERS = ("phoneNumber", "mobilenumber", "destination", "to")
_HIDDEN = ("code", "messageText", "smsText", "smstext", "text", "message", "dateTime", "clientId", "smsCode", "type")
"""`code` is an activation's, or another thing altogether: shown where it is the reference."""
_DOCUMENTS = ("xml", "json")
_KNOWN = {name.lower(): name for name in (*_STATES, *_NAMES, *_NUMBERS, *_HIDDEN)}

_STATE = re.compile(r"[0-9]{1,5}")
_NAME = re.compile(r"(?=.*[0-9])[0-9A-Za-z_.:-]{1,64}")
_LONG_RUN = re.compile(r"[0-9](?:[^0-9A-Za-z]*[0-9]){5,}")
"""Six digits or more, whatever signs stand between them."""
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{6,22}")
STARS = "***"

Leaf = tuple[str, str]


class _Unreadable(Exception):
    pass


def masked(push: Push, reference: str) -> tuple[list[Leaf], int]:
    """Name and value of its known fields, `FIELDS_AT_MOST` of them, and how many more there are. A push of which only
    a part is here shows what can be read of it. `reference` is shown anyway."""
    leaves = list(islice(_leaves(push), _LEAVES_AT_MOST))
    known = [(_KNOWN[name.lower()], value) for name, value in leaves if name.lower() in _KNOWN]
    shown = [(name, _value(name, value.strip(), reference)) for name, value in known[:FIELDS_AT_MOST]]
    return shown, len(leaves) - len(shown)


def _value(name: str, value: str, reference: str) -> str:
    if not value:
        return ""
    if name in _STATES:
        return value if _STATE.fullmatch(value) else STARS
    if name in _NUMBERS:
        plain = unicodedata.normalize("NFKC", value)
        return _starred(plain) if _NUMBER.fullmatch(plain) else STARS
    if (name in _NAMES or name == "code") and value.lower() == reference.lower():
        return value
    return _LONG_RUN.sub(lambda run: _starred(run[0]), value) if name in _NAMES and _NAME.fullmatch(value) else STARS


def _starred(number: str) -> str:
    """All digits but the last two."""
    hidden = len(re.findall("[0-9]", number)) - 2
    return re.sub("[0-9]", "*", number, count=hidden)


def _leaves(push: Push) -> Iterator[Leaf]:
    """What can be read, and nothing of a document that cannot."""
    for name, value in parse_qsl(push.query, keep_blank_values=True):
        yield from _field(name, value)
    body = push.body.decode("utf-8-sig", "replace").strip()
    if body[:1] in ("<", "{", "["):
        yield from _document(body)
    elif not push.content_type.lower().startswith("multipart/"):
        for name, value in parse_qsl(body, keep_blank_values=True):
            yield from _field(name, value)


def _field(name: str, value: str) -> Iterator[Leaf]:
    document = value.strip()
    if document[:1] in ("<", "{", "[") and name.lower() in _DOCUMENTS:
        yield from _document(document)
    else:
        yield name.strip(), value


def _document(document: str) -> Iterator[Leaf]:
    try:
        yield from _xml(document) if document.startswith("<") else list(_json(json.loads(document), ""))
    except (_Unreadable, expat.ExpatError, ValueError, RecursionError):
        return


def _json(value: object, name: str) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for inner, each in value.items():
            yield from _json(each, inner)
    elif isinstance(value, list):
        for each in value:
            yield from _json(each, name)
    else:
        yield name, str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _xml(document: str) -> list[Leaf]:
    """The elements that hold no others. Raises `ExpatError`, and `_Unreadable` on any declaration."""
    found: list[Leaf] = []
    words: list[str] = []
    inner = False

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal inner
        inner = True
        words.clear()

    def end(name: str) -> None:
        nonlocal inner
        if inner:
            found.append((name, "".join(words)))
        inner = False

    def refuse(*_: object) -> NoReturn:
        raise _Unreadable

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words.append
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = refuse
    parser.Parse(document, True)
    return found
