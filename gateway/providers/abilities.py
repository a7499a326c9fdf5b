"""What each type of provider can do, in words for people: the rows of a table that the documentation shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec

from gateway.provider import Capabilities, Keeping, ProviderType, ProviderTypes

_CHARSETS = {"gsm7": "GSM-7", "ucs2": "UCS-2", "cp932": "Shift_JIS", "cp949": "CP949"}


def abilities(types: ProviderTypes) -> Mapping[str, list[str]]:
    """Each ability with a cell for each type, in their order. `Backquotes` are around what is code."""
    rows: dict[str, Callable[[ProviderType], str]] = {
        "texts": lambda kind: _yes(kind.capabilities.messages),
        "countries": lambda kind: _listed(kind.capabilities.countries) or "all",
        "guarantee": lambda kind: kind.guarantee,
        "delivery reports": lambda kind: _yes(kind.capabilities.delivery_reports),
        "status query": lambda kind: _yes(kind.capabilities.status_query),
        "sender (`from`)": lambda kind: _yes(kind.capabilities.sender),
        "`subject`": lambda kind: _yes(kind.capabilities.subject),
        "`carrier` hints": lambda kind: _listed(kind.capabilities.carriers),
        "longest text": lambda kind: _longest(kind.capabilities),
        "receivers in a request": lambda kind: str(kind.capabilities.receivers) if kind.capabilities.messages else "",
        "its own templates": lambda kind: _yes(kind.capabilities.templates),
        "short URLs": lambda kind: _yes(kind.capabilities.short_urls),
        "balance": lambda kind: _yes(kind.capabilities.balance),
        "usage": lambda kind: _yes(kind.capabilities.usage),
        "keeps reservations": lambda kind: _keeping(kind.capabilities.reservations),
        "verifies numbers": lambda kind: ", ".join(f"`{each}`" for each in sorted(kind.capabilities.verification)),
        "rules (call trees)": lambda kind: _yes(kind.capabilities.rules),
        "`options`": _options,
    }
    return {name: [row(kind) or "no" for kind in types.values()] for name, row in rows.items()}


def _yes(able: bool) -> str:
    return "yes" if able else "no"


def _listed(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))


def _longest(able: Capabilities) -> str:
    if not able.messages:
        return ""
    characters = f"{able.characters} characters" if able.characters else ""
    octets = f"{able.octets} bytes" if able.octets else ""
    said = " and ".join(filter(None, (characters, octets)))
    return f"{said} ({_CHARSETS[able.charset]})" if said and able.charset else said or "any"


def _keeping(keeping: Keeping | None) -> str:
    if keeping is None:
        return ""
    ahead = f"{math.ceil(keeping.ahead / 60)} minutes ahead" if keeping.ahead else ""
    whole = {1: "", 60: "to the minute"}.get(keeping.whole, f"to {keeping.whole} seconds")
    firm = "" if keeping.cancelable else "not cancelable"
    return ", ".join(filter(None, ("yes", ahead, whole, firm)))


def _options(kind: ProviderType) -> str:
    fields = msgspec.structs.fields(kind.options) if kind.options else ()
    return ", ".join(f"`{field.encode_name}`" for field in fields)
