"""The configuration file: whatever is written gives Settings or SettingsError, and no value in what is told."""

from __future__ import annotations

import math
import string
import tomllib
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.settings import SettingsError
from tests.settings_tools import GOOD, read

SCALARS = (
    st.integers()
    | st.floats()
    | st.booleans()
    | st.text(max_size=20)
    | st.sampled_from(["${TOKEN}", "${NO}", "main", "shop", "fake", "whsec_x", "https://[", "10.0.0.0/8", "{a}"])
    | st.datetimes(min_value=datetime(1000, 1, 1))
    | st.dates(min_value=date(1000, 1, 1))
    | st.times()
)
KEYS = st.text(max_size=8) | st.sampled_from(
    ["gateway", "clients", "providers", "routes", "templates", "webhooks", "type", "token", "keys", "sha256", "name"]
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def to_toml(value: Any) -> str:
    """One value as TOML writes it in a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else repr(value).replace("infinity", "inf")
    if isinstance(value, str):
        escaped = (c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value)
        return f'"{"".join(escaped)}"'
    if isinstance(value, list):
        return f"[{', '.join(map(to_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{to_toml(key)} = {to_toml(item)}' for key, item in value.items())}}}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def document(tree: dict[str, Any]) -> str:
    return "\n".join(f"{to_toml(key)} = {to_toml(value)}" for key, value in tree.items())


def refusal(text: str) -> SettingsError | None:
    try:
        read(text)
    except SettingsError as error:
        return error
    return None


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container in the tree with each of its keys or indices."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in items for place in [(tree, key), *places(value)]]


def test_the_writer_of_toml_for_these_tests() -> None:
    tree = tomllib.loads(GOOD)
    assert tomllib.loads(document(tree)) == tree


@given(st.dictionaries(KEYS, JUNK, max_size=5))
@settings(deadline=None)
def test_junk_is_told(tree: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        read(document(tree))


@given(st.text())
@settings(deadline=None)
def test_text_is_told(text: str) -> None:
    with pytest.raises(SettingsError):
        read(text)


@given(st.data())
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_a_good_file_with_junk_in_it(data: st.DataObject) -> None:
    tree = tomllib.loads(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(places(tree)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            key = data.draw(KEYS)
        container[key] = data.draw(JUNK)
    error = refusal(document(tree))
    if error is not None:
        assert error.problems
        assert all(problem.detail for problem in error.problems)
        assert len(str(error).splitlines()) == len(error.problems)


@given(
    st.data(),
    st.sampled_from(["", "https://", "https://u:", "redis://", "unix:", "whsec_", "${TOKEN}", "10.0.0.0/", "{a}"]),
    st.text(string.ascii_letters + string.digits + "-_/+=:@ {}", max_size=70),
)
@settings(deadline=None, max_examples=300)
def test_no_value_is_ever_quoted(data: st.DataObject, before: str, after: str) -> None:
    tree = tomllib.loads(GOOD)
    container, key = data.draw(st.sampled_from(places(tree)))
    container[key] = f"{before}Xq7Zk9{after}"
    error = refusal(document(tree))
    assert error is None or "xq7zk9" not in str(error).lower()
