"""What vendors answer and push that means nothing: noise, JSON of something else, pages, and halves of real words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from gateway.provider import Callback, VendorAnswer
from gateway.sandbox.server import LOST

PAGES = tuple(answer.body for answer in LOST.values() if answer.body)
STATUSES = (200, 201, 204, 301, 302, 400, 401, 403, 404, 422, 500, 502, 503, 504)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
DEEP = b"[" * 100_000
BODIES = (
    st.binary(max_size=300)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.text().map(lambda text: f"<html><body>{text}</body></html>".encode("utf-8", "surrogatepass"))
    | st.text().map(lambda text: f"<?xml version='1.0'?><a><b>{text}</b></a>".encode("utf-8", "surrogatepass"))
    | st.sampled_from((b"", DEEP, b"\xef\xbb\xbf", b"NaN", b"1e999", b'{"a":' * 50_000, *PAGES))
)
ANSWERS = st.builds(
    VendorAnswer,
    st.sampled_from(STATUSES) | st.integers(100, 599),
    BODIES,
    st.sampled_from(("application/json", "text/html; charset=UTF-8", "application/xml", "")),
)
PAIRS = st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=4).map(tuple)
KINDS = ("application/x-www-form-urlencoded", "application/json", "text/xml", "")

few = settings(max_examples=60, deadline=None, derandomize=True)
"""The same ones each time: what a vendor's adapter makes of garbage is drawn at large in its own tests."""


def callbacks(kind: str) -> st.SearchStrategy[Callback]:
    return st.builds(
        lambda query, content_type, body: Callback(kind=kind, query=query, content_type=content_type, body=body),
        PAIRS,
        st.sampled_from(KINDS),
        BODIES,
    )


def says(real: VendorAnswer, garbage: VendorAnswer) -> bool:
    """Whether the garbage happens to say what the vendor really says: some say very little."""
    return real.body.strip() in garbage.body


def halves(answer: VendorAnswer) -> list[VendorAnswer]:
    """An answer that breaks off, at every byte before its last one that is not white."""
    whole = len(answer.body.rstrip())
    return [VendorAnswer(answer.status, answer.body[:end], answer.content_type) for end in range(whole)]


def under(statuses: range, answer: VendorAnswer) -> list[VendorAnswer]:
    """An answer's words under other HTTP statuses."""
    return [VendorAnswer(status, answer.body, answer.content_type) for status in statuses]


def disturbed(answer: VendorAnswer, change: Callable[[Any], Any]) -> list[VendorAnswer]:
    """A JSON answer with each of its fields in turn changed; none of another one."""
    try:
        fields = json.loads(answer.body)
    except ValueError:
        return []
    names = fields if isinstance(fields, dict) else ()
    bodies = [json.dumps(fields | {name: change(fields[name])}).encode() for name in names]
    return [VendorAnswer(answer.status, body, answer.content_type) for body in bodies]
