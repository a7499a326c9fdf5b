"""What is kept of a push that nobody knows, and what is shown of it: garbage, numbers, texts and codes."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.masking import FIELDS_AT_MOST, masked
from gateway.api.schemas import orphan_out
from gateway.model.receipt import Push, Receipt
from gateway.provider import Callback
from gateway.receipts import PUSH_AT_MOST, _callback, kept
from gateway.store.orphans import Orphan

each = pytest.mark.parametrize
DIGITS = st.text("0123456789", min_size=9, max_size=15)
WRITTEN = st.tuples(DIGITS, st.sampled_from(["{}", "+{}", "tel:{}", "x{}", "2026{}", " {} "]), st.sampled_from("- .(/"))
"""Numbers, and how they are written; the sign stands after each third digit where the number is split."""
TEXTS = st.text("QZWJ あいう漢&<>\"'=%+;:{}[]\n🙂", min_size=4, max_size=40)
NAMES = st.sampled_from(
    [
        *("phoneNumber", "mobilenumber", "to", "messageText", "smstext", "code", "smsid", "clientTag", "messageId"),
        *("status", "statusId", "carrierId", "ruleId", "TYPE", "other", "memo", ""),
    ]
)
FORM = "application/x-www-form-urlencoded"


def pushed(shape: str, fields: list[tuple[str, str]]) -> Push:
    table = dict(fields)
    written = json.dumps({"eventNotifications": [table, {"nested": [table]}]}, ensure_ascii=False)
    rows = "".join(f"<{name or 'x'}>{escape(value)}</{name or 'x'}>" for name, value in fields)
    xml = f'<?xml version="1.0" encoding="UTF-8"?><a><b>{rows}</b></a>'
    query: tuple[tuple[str, str], ...] = ()
    body, content_type = b"", FORM
    if shape == "form":
        body = urlencode(fields).encode()
    elif shape == "careless form":
        body = "&".join(f"{name}={value}" for name, value in fields).encode()
    elif shape == "query":
        query = tuple(fields)
    elif shape == "json":
        body, content_type = written.encode(), "application/json"
    elif shape == "json in a form":
        body = b"json=" + quote(written).encode()
    elif shape == "xml":
        body, content_type = xml.encode(), "text/xml"
    elif shape == "xml in a query":
        query = (("xml", xml),)
    else:
        body, content_type = "\n".join(value for _, value in fields).encode(), "text/plain"
    return kept(Callback(kind="dlr", query=query, content_type=content_type, body=body))


SHAPES = ("form", "careless form", "query", "json", "json in a form", "xml", "xml in a query", "plain")


def shown(push: Push, reference: str = "") -> list[str]:
    """Every word of what is shown; and that all that is answered holds nothing else."""
    fields, _ = masked(push, reference)
    out = orphan_out(Orphan("account", 0, Receipt(reference=reference, identity="i"), "type", "message", push))
    assert [(each.name, each.value) for each in out.push.fields] == fields  # type: ignore[union-attr]
    return [word for field in fields for word in field]


def written(number: tuple[str, str, str]) -> list[str]:
    digits, how, sign = number
    parts = sign.join(digits[at : at + 3] for at in range(0, len(digits), 3))
    return [how.format(digits), how.format(parts)]


@given(
    shape=st.sampled_from(SHAPES), numbers=st.lists(WRITTEN, min_size=1, max_size=3),
    names=st.lists(NAMES, min_size=6, max_size=6),
)  # fmt: skip
def test_six_digits_of_a_number_are_nowhere(shape: str, numbers: list[tuple[str, str, str]], names: list[str]) -> None:
    values = [value for number in numbers for value in written(number)]
    words = shown(pushed(shape, [*zip(names, values, strict=False), (values[0], "x"), ("x", values[0])]))
    for word in words:
        assert not re.search("[0-9]{6}", re.sub("[^0-9A-Za-z*]", "", word)), (word, values)


@given(shape=st.sampled_from(SHAPES), texts=st.lists(TEXTS, min_size=1, max_size=4), names=st.lists(NAMES, min_size=4))
def test_no_piece_of_a_text_is_anywhere(shape: str, texts: list[str], names: list[str]) -> None:
    words = " ".join(shown(pushed(shape, [*zip(names, texts, strict=False), (texts[0], "x"), ("x", texts[0])])))
    for text in texts:
        for one, two in pairwise(text):
            assert not (one + two).strip() or one not in "QZWJあいう漢🙂" or one not in words


@given(
    query=st.lists(st.tuples(st.text(), st.text())), content_type=st.text(st.characters(max_codepoint=255)),
    body=st.one_of(st.binary(max_size=9000), st.text().map(str.encode)),
)  # fmt: skip
def test_garbage_is_kept_and_shown(query: list[tuple[str, str]], content_type: str, body: bytes) -> None:
    push = kept(Callback(kind="dlr", query=tuple(query), content_type=content_type, body=body))
    assert len(push.query) + len(push.content_type) + len(push.body) <= PUSH_AT_MOST
    assert len(shown(push)) <= 2 * FIELDS_AT_MOST
    if push.whole:
        again = _callback(push)
        assert (again.query, again.content_type, again.body) == (tuple(query), content_type, body)


def test_bytes_that_are_no_characters_come_through() -> None:
    query = (("a", "\udcff\udc81"), ("日", "é"))
    assert _callback(kept(Callback(kind="ivr", query=query))).query == query
    assert _callback(kept(Callback(kind="ivr", query=(("a", "\ud800"),)))).query == (("a", "?"),)


CODES = st.text("0123456789", min_size=5, max_size=12)


@given(
    code=CODES,
    name=st.sampled_from(["authcode", "AUTHCODE", " authcode", "auth_code", "Ａuthcode", "x[authcode]", "secret"]),
    shape=st.sampled_from(SHAPES[:-1]),
    before=st.booleans(),
    further=st.lists(st.tuples(NAMES, TEXTS), max_size=3),
)
def test_no_code_is_kept(code: str, name: str, shape: str, before: bool, further: list[tuple[str, str]]) -> None:
    plain = pushed(shape, [(name, code), *further] if before else [*further, (name, code)])
    if name != "secret" and not shape.startswith("xml"):
        assert plain.code_dropped
        assert code not in everything(plain)
    callback = Callback(kind="ivr", query=((name, code),), content_type=FORM, body=f"a={code}&b=1".encode())
    push = kept(callback, [code])
    assert push.code_dropped
    assert code not in everything(push)


def everything(push: Push) -> str:
    return f"{push.query} {push.body.decode('utf-8', 'replace')} {push.content_type}"


@each(
    ("body", "dropped"),
    [
        (b"smsid=1&authcode=", False),
        (b"smsid=1&authcode=1", True),
        (b'{"authcode": "12345"}', True),
        (b"<a><authcode>12345</authcode></a>", True),
        (b"xml=%3Ca%3E%3Cauthcode%3E12345%3C/authcode%3E%3C/a%3E&smsid=1", True),
        (b"xml=%253Cauthcode%253E12345&smsid=1", True),
        (b"smsid=1&status=2", False),
    ],
)
def test_whether_a_code_was_dropped(body: bytes, dropped: bool) -> None:
    push = kept(Callback(kind="ivr", content_type=FORM, body=body))
    assert push.code_dropped is dropped
    assert b"12345" not in push.body
    assert b"authcode" not in push.body


@each(
    ("name", "value", "seen"),
    [
        ("phoneNumber", "+819012345678", "+**********78"),
        ("mobilenumber", "090-1234-5678", "***-****-**78"),
        ("mobilenumber", "０９０１２３４５６７８", "*********78"),
        ("to", "call me", "***"),
        ("status", "14", "14"),
        ("status", "090123", "***"),
        ("clientTag", "order-17", "order-17"),
        ("clientTag", "09012345678", "*********78"),
        ("clientTag", "order-090.1234.5678", "order-***.****.**78"),
        ("clientTag", "Hello", "***"),
        ("clientTag", "Hello 17", "***"),
        ("code", "123456", "***"),
        ("code", "0008200123261120093015", "0008200123261120093015"),
        ("messageText", "17", "***"),
    ],
)
def test_a_field(name: str, value: str, seen: str) -> None:
    push = kept(Callback(kind="dlr", body=urlencode({name.upper(): value, "own": "1"}).encode()))
    assert masked(push, "0008200123261120093015") == ([(name, seen)], 1)


@each(
    "body",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><a><status>1</status></a>',
        "<a><status>1</status>",
        '{"status": "1"',
        "[" * 50_000,
        '{"a":' * 1500,
        "<a>" * 2500,
    ],
)
def test_what_cannot_be_read_is_not_shown(body: str) -> None:
    assert masked(kept(Callback(kind="dlr", body=body.encode())), "") == ([], 0)
    assert masked(kept(Callback(kind="dlr", query=(("xml", body), ("json", body)))), "") == ([], 0)
