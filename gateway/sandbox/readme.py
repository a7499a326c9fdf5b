"""Tables for people, made of the one list of provider types: what each can do, and how numbers end in the sandbox."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import msgspec

from gateway.provider import Capabilities, Keeping, ProviderType, ProviderTypes
from gateway.sandbox.run import simulators

PLAIN = "as any number"
_CHARSETS = {"gsm7": "GSM-7", "ucs2": "UCS-2", "cp932": "Shift_JIS", "cp949": "CP949"}


def capabilities(types: ProviderTypes) -> str:
    """A Markdown table with a column for each type, without a newline at the end."""
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
    return _table(["", *types], [[name, *(row(kind) or "no" for kind in types.values())] for name, row in rows.items()])


def endings(types: ProviderTypes) -> str:
    """A Markdown table with a column for each simulated type, without a newline at the end. Of what is the same as in
    the column to the left it says so."""
    columns = {name: simulator.endings() for name, simulator in simulators(types).items()}
    rows = [
        [f"`{ending}`", *_without_repeats([column.get(ending, PLAIN) for column in columns.values()])]
        for ending in sorted({ending for column in columns.values() for ending in column})
    ]
    return _table(["number ends in", *(f"at {name}" for name in columns)], rows)


def renewed(document: str, tables: Mapping[str, str]) -> str:
    """The document with each table between `<!-- NAME -->` and `<!-- /NAME -->`. Raises ValueError where there is
    no such pair."""
    for name, table in tables.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        document, found = place.subn(lambda match, table=table: f"{match[1]}\n{table}\n\n{match[2]}", document)  # type: ignore[misc]
        if found != 1:
            raise ValueError(f"no lines <!-- {name} --> and <!-- /{name} --> to put the table between")
    return document


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("|  |", "| |")


def _without_repeats(cells: list[str]) -> list[str]:
    return [cells[0], *("the same" if here == left != PLAIN else here for left, here in pairwise(cells))]


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
