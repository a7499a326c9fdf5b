"""The AI CROSS adapter makes something of whatever comes."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import UnreadableCallback
from gateway.provider import (
    Accepted,
    Busy,
    Callback,
    Duplicate,
    Known,
    Refused,
    Unanswered,
    Unknown,
    Unreadable,
    VendorAnswer,
)
from tests.providers.aicross_tools import REFERENCE, aicross, notification, xml
from tests.providers.bench import FORM

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["0", "2", "3", REFERENCE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*notification(), "responseCode", "responseMessage", "status", "eventNotifications"])
OBJECTS = st.dictionaries(NAMES, VALUES | st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=3))
BODIES = (
    st.binary()
    | OBJECTS.map(lambda fields: json.dumps(fields).encode())
    | OBJECTS.map(lambda fields: xml(fields).encode("utf-8", "surrogatepass"))
    | st.tuples(OBJECTS, st.integers(0, 400)).map(lambda pair: json.dumps(pair[0]).encode()[: pair[1]])
)


@settings(deadline=None)
@given(BODIES, st.sampled_from([200, 429, 503]))
def test_no_answer_raises(body: bytes, status: int) -> None:
    outcome = aicross.send_outcome(VendorAnswer(status, body))
    assert isinstance(outcome, Accepted | Refused | Duplicate | Busy | Unreadable)
    finding = aicross.query_outcome(VendorAnswer(status, body), REFERENCE)
    assert isinstance(finding, Known | Unknown | Unanswered)
    msgspec.msgpack.encode((outcome, finding))


@settings(deadline=None)
@given(
    BODIES | st.binary().map(lambda raw: b"xml=" + raw) | st.binary().map(lambda raw: b"json=" + raw),
    st.sampled_from(["", FORM, "text/xml"]),
    st.lists(st.tuples(st.sampled_from(["xml", "json", "a"]), st.text()), max_size=2),
)
def test_no_callback_raises_anything_else(body: bytes, content_type: str, query: list[tuple[str, str]]) -> None:
    try:
        receipts = aicross.receipts(Callback(kind="dlr", body=body, content_type=content_type, query=tuple(query)))
    except UnreadableCallback:
        return
    assert receipts
    msgspec.msgpack.encode(receipts)
    for receipt in receipts:
        assert (receipt.reason is None) == (receipt.outcome != "undelivered")
