"""Whether a number changed its owner: "number cleaning" (API document v1.47, 2.8), an option of the vendor's contract.

The answer repeats what was asked. One that speaks of another number or day says nothing: a stranger would be taken for
the owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gateway.provider import Owner, Unreadable
from gateway.providers.aicross import codes, wire

CLEANING = "/p5/api/numbercleaning.json"
"""2.8.1, GET."""


def question(number: str, since: date) -> dict[str, str]:
    """The parameters for a Japanese number (E.164) and a day of the vendor's clock (2.8.1)."""
    return {"phoneNumber": number, "referenceDate": _day(since)}


def owner(fields: Mapping[str, Any], number: str, since: date) -> Owner | Unreadable:
    """What a success says to that question (2.8.2)."""
    digits = number.removeprefix("+81")
    if not _repeats(fields.get("phoneNumber"), number, f"81{digits}", f"0{digits}", digits):
        return Unreadable("it is about another number")
    if not _repeats(fields.get("referenceDate"), _day(since)):
        return Unreadable("it is about another day")
    return codes.OWNERS.get(wire.text(fields.get("status"))) or Unreadable("a status in no document")


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _repeats(said: object, *asked: str) -> bool:
    """Whether a field of the answer says what was asked, in any of its spellings (as an integer it has lost its plus or
    its zero), or nothing at all."""
    return said in (None, "") or wire.text(said) in asked
