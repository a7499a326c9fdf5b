"""What goes over the wire, the fields spelled as the vendor spells them.

Requests are forms in UTF-8, answers a bare code in one of several wrappings, results pushed as a query or a form in
UTF-8 or CP932. Texts travel in UTF-8 and are measured in CP932. Nothing here raises on what a vendor sent, but for
`fields` and `result`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from gateway.errors import UnreadableCallback
from gateway.model import segments
from gateway.provider import Callback
from gateway.providers.mediasms import codes

ANSWER_AT_MOST = 4096
"""Bytes. The vendor answers with three digits; a page is something else."""
SHORT_BYTES, SHORT_CHARACTERS = 140, 70
LONG_BYTES, LONG_CHARACTERS = 1340, 670
PART_CHARACTERS = 67
"""In each part of a long text (3GPP TS 23.040: 140 octets less a header of 6). The document does not say
how long texts are billed, but its 670 are ten of these."""
_VALUE_AT_MOST = 200
_FIELDS_AT_MOST = 100

_DOMESTIC = re.compile(r"\+81([6-9]0[0-9]{8}|20[0-9]{8})")
"""090, 080, 070, 060 or 020 and eight digits more, written nationally."""
_ABROAD = re.compile(r"\+(?!81)([0-9]{11,15})")
_TEMPLATE = re.compile(r"[0-9]{1,20}")
"""Digits by the document, which gives no length: more than these are a typo."""
_CODE = re.compile(r"[0-9]{3}")
_TITLE = re.compile(r"<title>[^<]*</title>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--[^<>]*-->")
_WRAPPING = re.compile(r"</?(?:html|head|body|meta|p|div|span|pre|center|br|h1|!doctype)\b[^<>]*>", re.IGNORECASE)
"""Tags that only wrap. Anything else (a form, a link, a script) makes it a page, whatever else it says."""
_NEWLINE = re.compile(r"\r\n|\r|\n")


def encode(fields: Mapping[str, str]) -> bytes:
    """A form in UTF-8; `+` becomes `%2B`, a space `%20`."""
    return urlencode(fields, quote_via=quote, safe="").encode()


def receiver(number: str, carrier: str | None, *, abroad: bool) -> dict[str, str]:
    """The fields that say whom it goes to: a Japanese mobile as dialled at home, with its carrier where it is known;
    other countries' numbers only with `abroad`. Empty where the vendor does not send to the E.164 `number`."""
    if match := _DOMESTIC.fullmatch(number):
        career = codes.CARRIERS.get(carrier or "")
        return {"mobilenumber": f"0{match[1]}"} | ({"mobilecareer": career} if career else {})
    if abroad and (match := _ABROAD.fullmatch(number)):
        return {"mobilenumber": match[1], "mobilecareer": codes.OVERSEAS}
    return {}


def names_template(id: str) -> bool:
    """Whether the vendor could have a text under this id (`smstextid`). Which ones it has, it does not tell."""
    return _TEMPLATE.fullmatch(id) is not None


def code(body: bytes) -> str | None:
    """The code in an answer: bare, as a JSON object's `result`, or alone in a page. "" where there is nothing at
    all in the body, None where there is anything else."""
    if len(body) > ANSWER_AT_MOST:
        return None
    said = body.decode("utf-8-sig", "replace").strip()
    if said.startswith("{"):
        said = _result(said)
    elif said.startswith("<"):
        said = _WRAPPING.sub(" ", _TITLE.sub(" ", _COMMENT.sub(" ", said))).strip() or "a page without a word"
    return said if not said or _CODE.fullmatch(said) else None


def _result(document: str) -> str:
    """`result` of a JSON object; what is no code where there is none, or two that differ."""
    try:
        values = {
            str(value).strip() for name, value in json.loads(document, object_pairs_hook=list) if name == "result"
        }
    except (ValueError, RecursionError):
        return "no JSON"
    return values.pop() or "nothing" if len(values) == 1 else "no single result"


class _Measure(NamedTuple):
    """How long a text is for the vendor. A line break is two characters of a byte each."""

    characters: int
    octets: int
    wide: bool
    """Some character is of two bytes."""


def _measure(text: str) -> _Measure:
    written = _NEWLINE.sub("\r\n", text)
    octets = len(written.encode("cp932", "replace"))
    return _Measure(len(written), octets, octets > len(written))


def excess(text: str, *, long: bool, narrow: bool) -> str:
    """What is too much about a text without strangers, with the numbers; "" where it fits. `long`: as a long text.
    `narrow`: full-width characters make it no shorter (au). Half-width katakana are a byte each.

    A character that is no stranger is one unit of UTF-16, so 670 characters are 1340 bytes there.
    """
    size = _measure(text)
    octets, characters = (LONG_BYTES, LONG_CHARACTERS) if long else (SHORT_BYTES, SHORT_CHARACTERS)
    if size.characters > characters and (long or (size.wide and not narrow)):
        where = "" if long else " where one is full-width"
        return f"it takes at most {characters} characters{where}, this text has {size.characters}"
    if size.octets > octets:
        return f"it takes at most {octets} bytes in Shift_JIS, this text has {size.octets}"
    return ""


def parts(text: str, *, long: bool) -> int:
    """An estimate of the parts the vendor sends. Without `long` it is one: the rest would be cut off."""
    if not long or not excess(text, long=False, narrow=False):
        return 1
    return -(-_measure(text).characters // PART_CHARACTERS)


def strangers(text: str) -> str:
    """Names the characters the vendor does not take, outside CP932 or dependent on the environment; "" for none."""
    return segments.strangers(text, _common)


def _common(character: str) -> bool:
    """In JIS X 0201 or JIS X 0208: not row 13 of NEC (lead byte 87), not the IBM extensions (FA and above) nor NEC's
    selection of them (ED, EE), no private use (F0 to F9), and none of the single bytes that mean nothing."""
    try:
        encoded = character.encode("cp932")
    except UnicodeEncodeError:
        return False
    lead = encoded[0]
    if len(encoded) == 1:
        return lead < 0x80 or 0xA1 <= lead <= 0xDF
    return lead not in (0x87, 0xED, 0xEE) and lead < 0xF0


def fields(callback: Callback) -> dict[str, str]:
    """What a push says, by names in lower case; "" is what it says twice with different values. What it leaves empty
    is not in it. Raises UnreadableCallback where it says far too much."""
    said: dict[str, str] = {}
    for name, value in _pairs(callback):
        if value:
            said[name] = value if said.get(name, value) == value else ""
    return said


def result(said: Mapping[str, str]) -> tuple[str, str]:
    """`smsid` and `status` of a push (`fields`).

    Raises UnreadableCallback where one of these is missing, empty, overlong or said twice with different values.
    """
    for name in ("smsid", "status"):
        value = said.get(name, "")
        if not value or len(value) > _VALUE_AT_MOST or not value.isprintable():
            raise UnreadableCallback(f"no usable {name} in it")
    return said["smsid"], said["status"]


def _pairs(callback: Callback) -> Iterator[tuple[str, str]]:
    try:
        form = parse_qsl(callback.body.decode("latin-1"), encoding="latin-1", max_num_fields=_FIELDS_AT_MOST)
    except ValueError:
        raise UnreadableCallback("a form of too many fields") from None
    yield from _read(form, "latin-1")
    yield from _read(callback.query, "utf-8")


def _read(pairs: Iterable[tuple[str, str]], encoding: str) -> Iterator[tuple[str, str]]:
    """Names in lower case, values as the vendor wrote them: in UTF-8, else in CP932.

    What is no UTF-8 in a query is read where whoever decoded it has kept the bytes (as `surrogateescape` does).
    """
    for name, value in pairs:
        try:
            raw = value.encode(encoding, "surrogateescape")
        except UnicodeEncodeError:
            raw = value.encode(encoding, "replace")
        yield name.strip().lower(), " ".join(_text(raw).split())


def _text(raw: bytes) -> str:
    for codec in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            pass
    return raw.decode("utf-8", "replace")
