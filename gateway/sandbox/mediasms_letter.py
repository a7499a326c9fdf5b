"""What the API document of MediaSMS (an excerpt) says of a request, for the simulator.

The document has no code for most of what can be wrong with one: that is 550 here.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

PARAMETERS = (
    "mobilecareer",
    "mobilenumber",
    "smstitle",
    "smstextid",
    "smstext",
    "smstext2",
    "status",
    "smsid",
    "method",
    "iphone",
    "holdingtime",
    "repeatcall",
)
"""Of a request, and of a push."""
CALLS = ("iphone", "holdingtime", "repeatcall")
"""Those that are for calls only."""
AU, OVERSEAS = "3", "c"
_VALID = {
    "smstitle": "(?![0-9]+$)[A-Za-z0-9]{2,11}",
    "status": "[01]",
    "smsid": "[A-Za-z0-9]{1,50}",
    "iphone": "050[0-9]{8}",
}
_DOMESTIC = "0(?:[6-9]0|20)[0-9]{8}"
_ABROAD = "[1-9][0-9]{10,14}"


class Account(NamedTuple):
    """What was agreed on with the vendor."""

    long_text: bool
    overseas: bool
    titles: bool
    templates: Collection[str]
    """The ids that are registered."""


def refusal(fields: Mapping[str, str], account: Account) -> str:
    """The code of what is wrong with a request, "" for nothing. `fields`: none of them empty."""
    career, method = fields.get("mobilecareer", ""), fields.get("method", "1")
    if career not in ("", "1", "2", "3", "4", "a", "b", "c"):
        return "560"
    # Of a and b the document says what they mean for calls only, of c that it is to be agreed on; not what is
    # answered where they are out of place.
    if (career in ("a", "b") and method == "1") or (career == OVERSEAS and not account.overseas):
        return "560"
    if method not in ("1", "2", "4", "5", "6", "7"):
        return "561"
    if not re.fullmatch("[0-9]{1,3}", fields.get("holdingtime", "0")):
        return "567"
    if not re.fullmatch("[0-9]{1,2}", fields.get("repeatcall", "0")):
        return "568"
    if "smstitle" in fields and not account.titles:
        return "617"
    valid = (
        method == "1",  # calls are not simulated
        re.fullmatch(_ABROAD if career == OVERSEAS else _DOMESTIC, fields.get("mobilenumber", "")),
        all(re.fullmatch(pattern, fields[name]) for name, pattern in _VALID.items() if name in fields),
        "smsid" in fields or fields.get("status") != "1",
        _has_one_text(fields, account),
    )
    return "" if all(valid) else "550"


def _has_one_text(fields: Mapping[str, str], account: Account) -> bool:
    if "smstextid" in fields:
        return fields["smstextid"] in account.templates and not fields.keys() & {"smstext", "smstext2"}
    text, text_au = fields.get("smstext", ""), fields.get("smstext2", "")
    # That what is over is cut off is said of smstext only.
    return bool(text) and all(map(_common, text + text_au)) and not _cut(text_au, long=account.long_text, au=True)


def oddities(pairs: Collection[tuple[str, str]], account: Account) -> Iterator[str]:
    """What is not as the document says about a request that is answered 200 all the same. Names parameters, quotes
    no value. `pairs`: as they came."""
    fields = dict(pairs)
    for name in fields:
        if name not in PARAMETERS:
            yield f"{name[:40]!r} is not in the document"
    if len(fields) < len(pairs):
        yield "a parameter twice"
    for name in PARAMETERS:
        if fields.get(name) == "":
            yield f"{name} is empty"
        elif name in CALLS and name in fields:
            yield f"{name} is for calls"
    au = fields.get("mobilecareer") == AU
    if _cut(fields.get("smstext", ""), long=account.long_text, au=au):
        yield "smstext is cut off"


def shown(fields: Mapping[str, str], account: Account) -> str:
    """What a handset shows of the request's text; "" for a template's, which only the vendor knows. With the option
    for long texts au has smstext2 where there is one."""
    au = fields.get("mobilecareer") == AU
    if au and account.long_text and "smstext2" in fields:
        return shortened(fields["smstext2"], long=True, au=True)
    return shortened(fields.get("smstext", ""), long=account.long_text, au=au)


def shortened(text: str, *, long: bool, au: bool) -> str:
    """What the vendor sends of a text: 140 bytes in Shift_JIS, and 70 characters where one is of two bytes (not so at
    au); with the option for long texts 1340 bytes and 670 characters. A line break is two bytes."""
    text = _written(text)
    octets, characters = (1340, 670) if long else (140, 70)
    if long or (not au and any(_width(each) == 2 for each in text)):
        text = text[:characters]
    return text[: bisect(list(accumulate(map(_width, text))), octets)]


def _cut(text: str, *, long: bool, au: bool) -> bool:
    return shortened(text, long=long, au=au) != _written(text)


def _written(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


def _width(character: str) -> int:
    return len(character.encode("cp932", "replace"))


def _common(character: str) -> bool:
    """Not 環境依存文字: in CP932, but neither in its rows of NEC and IBM nor in private use."""
    try:
        encoded = character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return not (encoded[0] in (0x80, 0x87, 0xA0, 0xED, 0xEE) or encoded[0] >= 0xF0)
