"""JSON-like values as YAML: strings in double quotes or as blocks, so that no reader takes one for something else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

WIDTH = 110
_PLAIN_KEY = re.compile(r"[A-Za-z_$/][A-Za-z0-9_$./{}+-]*")
_UNUSUAL = re.compile(r"[^ -~]")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that some reader takes for a truth value or for nothing."""


def emit(value: Any) -> str:
    """The value as one YAML 1.2 document, readable as 1.1 too."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _entry(f"{_key(name)}:", item)
    elif isinstance(value, list) and value:
        for item in value:
            if isinstance(item, dict) and item:
                first, *rest = _lines(item)
                yield f"- {first}"
                yield from _indented(rest)
            else:
                yield from _entry("-", item)
    else:
        yield _flow(value)


def _entry(head: str, value: Any) -> Iterator[str]:
    if isinstance(value, str) and "\n" in value and _can_be_block(value):
        yield f"{head} {'|' if value.endswith(chr(10)) else '|-'}"
        yield from _indented(value.removesuffix("\n").split("\n"))
    elif not value or not isinstance(value, dict | list) or _short(value, len(head)):
        yield f"{head} {_flow(value)}"
    else:
        yield head
        yield from _indented(_lines(value))


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" if line else "" for line in lines)


def _can_be_block(text: str) -> bool:
    lines = text.removesuffix("\n").split("\n")
    return all(line.isprintable() and line == line.rstrip() for line in lines) and lines[0][:1] not in ("", " ")


def _short(value: Any, used: int) -> bool:
    """Whether a list is written on one line: scalars only, and not too many."""
    plain = isinstance(value, list) and not any(isinstance(item, dict | list) for item in value)
    return plain and used + len(_flow(value)) < WIDTH


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) and name.lower() not in _WORDS else _flow(name)


def _flow(value: Any) -> str:
    return _UNUSUAL.sub(_escaped, json.dumps(value, ensure_ascii=False))


def _escaped(character: re.Match[str]) -> str:
    """What does not print is written by its number: some of it YAML takes for the end of a line."""
    return character[0] if character[0].isprintable() else f"\\U{ord(character[0]):08x}"
