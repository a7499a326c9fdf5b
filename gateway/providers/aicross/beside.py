"""What the vendor has beside messages: templates, short URLs, counts of a month (API document v1.47, 2.6, 2.7, 2.9).

Every answer is a JSON object under HTTP 200, `responseCode` 0 where it succeeded; any other code is the vendor's no,
whatever it is. Nothing here raises on what a vendor sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import MINYEAR, datetime, tzinfo
from typing import Any, TypeVar

from gateway.model.segments import encodable
from gateway.provider import Billed, Declined, ShortUrl, Unreadable, Usage, VendorAnswer, VendorTemplate
from gateway.providers.aicross import codes, wire

T = TypeVar("T")

TEMPLATES = "/p5/api/template.json"
"""2.7.1, GET."""
SHORT_URL = "/p1/api/shortenurl.json"
"""2.6.1, POST. The only call below `p1`."""
USAGE = "/p5/api/separatedsuccesscount.json"
"""2.9.1, GET."""

_HOLE = re.compile(r"\{\{([^{}]+)%\}\}")
_URL = re.compile(r"https?://[^\s/?#]\S{0,2047}")
_CARRIER = re.compile(r"[0-9]{1,9}")
_COUNT = re.compile(r"[0-9]{1,12}")
_SAID_AT_MOST = 200
_NAME_AT_MOST = 256


def read(answer: VendorAnswer, meaning: Callable[[Mapping[str, Any]], T | Unreadable]) -> T | Declined | Unreadable:
    """What the fields of a success mean; Declined with the vendor's code and words for any other responseCode."""
    if isinstance(reply := wire.opened(answer), Unreadable):
        return reply
    return meaning(reply.fields) if reply.code == codes.SUCCESS else declined(reply)


def declined(reply: wire.Reply) -> Declined:
    """The vendor's no, in its own words as far as they can be shown."""
    return Declined(str(reply.code)[:20], _said(reply.fields.get("responseMessage")))


def templates(fields: Mapping[str, Any]) -> tuple[VendorTemplate, ...] | Unreadable:
    """2.7.2. A template is known by its title: of several with one title the first counts. One without a title, without
    a text, or with a text that came garbled cannot be sent and is left out.

    Its holes are the parameters the vendor lists, in that order, then whatever else stands in the text like one: no
    handset is ever shown `{{name%}}`. A listed one that the text has not stays a hole, so that a caller may go by the
    vendor's list: its value changes nothing. White space inside the braces is taken out of the text.
    """
    listed = entries(fields.get("templates", ""))
    if listed is None:
        return Unreadable("no list of templates in the answer")
    found: dict[str, VendorTemplate] = {}
    for entry in listed:
        title, text = _word(entry.get("title")), entry.get("default_content")
        if title and isinstance(text, str) and text and encodable(text) and "\ufffd" not in text:
            found.setdefault(title, _template(title, text, entries(entry.get("parameters")) or []))
    return tuple(found.values())


def short_url(fields: Mapping[str, Any], name: str | None) -> ShortUrl | Unreadable:
    """2.6.2. `name` is what was asked for, and stands where the answer has none."""
    url = fields.get("shortUrl")
    if not isinstance(url, str) or not _URL.fullmatch(url := url.strip()) or not url.isprintable():
        return Unreadable("a success without a short URL")
    given = _word(fields.get("name"))
    return ShortUrl(url, given if 0 < len(given) <= _NAME_AT_MOST else name or "")


def usage(fields: Mapping[str, Any], as_of: int) -> Usage | Unreadable:
    """2.9.2: the counts of all clients in the answer, added up by carrier. Ids in no document count for no carrier."""
    listed = entries(fields.get("separatedSuccessCount", ""))
    if listed is None:
        return Unreadable("no list of counts in the answer")
    parts: dict[str | None, int] = {}
    for entry in listed:
        for id_, value in entry.items():
            if not _CARRIER.fullmatch(id_) or value is None:
                continue
            if not _COUNT.fullmatch(written := str(value).strip()):
                return Unreadable("a count that is no number")
            carrier = codes.CARRIERS.get(id_)
            parts[carrier] = parts.get(carrier, 0) + int(written)
    order = [*codes.CARRIERS.values(), None]
    return Usage(tuple(Billed(parts[each], each) for each in order if parts.get(each)), as_of)


def counted_until(month: str, now: int, zone: tzinfo) -> int:
    """When the count of a month (YYYY-MM) ends, in ms since 1970: with the month, or at the start of today, since the
    current month is counted up to yesterday (2.9.1)."""
    today = datetime.fromtimestamp(now / 1000, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    year, number = (int(part) for part in month.split("-"))
    if (year, number) >= (today.year, today.month):
        return int(today.timestamp()) * 1000
    end = datetime(max(year + number // 12, MINYEAR), number % 12 + 1, 1, tzinfo=zone)
    return int(end.timestamp()) * 1000


def entries(value: object) -> list[dict[str, Any]] | None:
    """What the document calls a list, and may be null or a single object; None where it is anything else."""
    found: list[Any] = [] if value is None else value if isinstance(value, list) else [value]
    return found if all(isinstance(each, dict) for each in found) else None


def _template(title: str, text: str, listed: list[dict[str, Any]]) -> VendorTemplate:
    text = _HOLE.sub(lambda hole: _spelled(hole[1].strip()) if hole[1].strip() else hole[0], text)
    names = [_word(each.get("parameter_name")) for each in listed] + [name.strip() for name in _HOLE.findall(text)]
    return VendorTemplate(title, text, tuple((name, _spelled(name)) for name in dict.fromkeys(names) if name))


def _spelled(name: str) -> str:
    return f"{{{{{name}%}}}}"


def _word(value: object) -> str:
    """A string or a number as text, without white space around it; "" for anything else, and for half characters."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    words = str(value).strip()
    return words if encodable(words) else ""


def _said(message: object) -> str:
    """A responseMessage, as far as it can be shown."""
    return "".join(filter(str.isprintable, _word(message)))[:_SAID_AT_MOST].strip()
