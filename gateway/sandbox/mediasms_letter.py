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
"""Of a request, and of a pushed result."""
IVR_PARAMETERS = tuple(name for name in PARAMETERS if name not in ("status", "smsid"))
"""Of the push that a call was made."""
CALLS = ("iphone", "holdingtime", "repeatcall")
"""Those that are for calls only."""
TEXT, TEXT_AND_CALL_IN, CALL_IN, CALL_OUT = "1", "2", "4", "5"
"""Values of `method`. 6 and 7 are listed without a meaning."""
AU, OVERSEAS = "3", "c"
_VALID = {
    "smstitle": "(?![0-9]+$)[A-Za-z0-9]{2,11}",
    "status": "[01]",
    "smsid": "[A-Za-z0-9]{1,50}",
    "iphone": "050[0-9]{8}",
}
_DOMESTIC = "0(?:[6-9]0|20)[0-9]{8}"
_ABROAD = "[1-9][0-9]{10,14}"
_LANDLINE = f"(?!{_DOMESTIC}$)0[1-9][0-9]{{8,9}}"
"""The document: 10 digits, and those from 03; here all that are no mobiles."""


class Account(NamedTuple):
    """What was agreed on with the vendor."""

    long_text: bool
    overseas: bool
    titles: bool
    templates: Collection[str]
    """The ids that are registered."""
    ivr_number: str = ""
    """For calls; "" where they were not agreed on."""


def refusal(fields: Mapping[str, str], account: Account) -> str:
    """The code of what is wrong with a request, "" for nothing. `fields`: none of them empty."""
    career, method = fields.get("mobilecareer", ""), fields.get("method", TEXT)
    if career not in ("", "1", "2", "3", "4", "a", "b", "c"):
        return "560"
    # Of a and b the document says what they mean for calls only, of c that it is to be agreed on; not what is
    # answered where they are out of place.
    if (career in ("a", "b") and method == TEXT) or (career == OVERSEAS and not account.overseas):
        return "560"
    # Not said either: what is answered for methods without a meaning, and where calls were not agreed on.
    if method not in (TEXT, TEXT_AND_CALL_IN, CALL_IN, CALL_OUT) or (method != TEXT and not account.ivr_number):
        return "561"
    if method != TEXT and _career_misfits(career, method, fields.get("mobilenumber", "")):
        return "560"
    optional = "" if method == CALL_OUT else "0"
    if not re.fullmatch("[0-9]{1,3}", fields.get("holdingtime", optional)):
        return "567"
    if not re.fullmatch("[0-9]{1,2}", fields.get("repeatcall", optional)):
        return "568"
    if "smstitle" in fields and not account.titles:
        return "617"
    valid = (
        # The document prints no code for an iphone that is missing or not the account's.
        method == TEXT or fields.get("iphone") == account.ivr_number,
        re.fullmatch(_numbers(career, method), fields.get("mobilenumber", "")),
        all(re.fullmatch(pattern, fields[name]) for name, pattern in _VALID.items() if name in fields),
        "smsid" in fields or fields.get("status") != "1",
        # A text is called required without regard to the method: where none is sent, none is asked for here.
        (method in (CALL_IN, CALL_OUT) and not fields.keys() & {"smstext", "smstext2", "smstextid"})
        or _has_one_text(fields, account),
    )
    return "" if all(valid) else "550"


def _career_misfits(career: str, method: str, number: str) -> bool:
    """c is excluded for calls out. A mobile number is none of a's, and a text (method 2) goes to no landline: which
    code is answered is not said, 560 is the one that names the parameter."""
    if career == OVERSEAS:
        return method == CALL_OUT
    return career == "a" and (method == TEXT_AND_CALL_IN or re.fullmatch(_DOMESTIC, number) is not None)


def _numbers(career: str, method: str) -> str:
    """A pattern of the numbers that may be had with this mobilecareer: mobiles only, where it says nothing of lines."""
    if career == OVERSEAS:
        return _ABROAD
    if career == "a":
        return _LANDLINE
    return f"{_DOMESTIC}|{_LANDLINE}" if career == "b" and method != TEXT_AND_CALL_IN else _DOMESTIC


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
    method = fields.get("method") or TEXT
    for name in fields:
        if name not in PARAMETERS:
            yield f"{name[:40]!r} is not in the document"
    if len(fields) < len(pairs):
        yield "a parameter twice"
    for name in PARAMETERS:
        if fields.get(name) == "":
            yield f"{name} is empty"
        elif name in CALLS and name in fields and method == TEXT:
            yield f"{name} is for calls"
        elif name == "repeatcall" and name in fields and method != CALL_OUT:
            yield f"{name} is for calls out"
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
