"""docs/vendors: a row for everything a vendor's document prints, each with the test that proves it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from gateway.providers import TYPES

ROOT = Path(__file__).parent.parent
UNPROVED = ("not yet: ", "not built")


def rows(kind: str) -> list[list[str]]:
    """The cells of each row of the first table: what, where, what it is, what the gateway does, proof."""
    text = (ROOT / "docs" / "vendors" / f"{kind}.md").read_text(encoding="utf-8")
    table = next(part for part in text.split("\n\n") if part.startswith("| what |"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


@cache
def proofs_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("kind", TYPES)
def test_every_row_is_proved_by_tests_that_exist(kind: str) -> None:
    found = rows(kind)
    assert len(found) > 20
    for what, _, _, does, proof in found:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", proof)
        assert named or (does.startswith(UNPROVED) and proof == "–"), what
        missing = [f"{path}::{name}" for path, name in named if name not in proofs_in(path)]
        assert not missing, what


@pytest.mark.parametrize("kind", TYPES)
def test_nothing_has_two_rows(kind: str) -> None:
    named = [(what, where) for what, where, *_ in rows(kind)]
    assert len(set(named)) == len(named)
