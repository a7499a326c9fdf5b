"""Tables for people, made of the one list of provider types: what each can do, and how numbers end in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from gateway.provider import ProviderTypes
from gateway.providers.abilities import abilities
from gateway.sandbox.run import simulators

PLAIN = "as any number"


def capabilities(types: ProviderTypes) -> str:
    """A Markdown table with a column for each type, without a newline at the end."""
    return _table(["", *types], [[name, *cells] for name, cells in abilities(types).items()])


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
