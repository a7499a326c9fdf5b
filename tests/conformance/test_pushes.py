"""What a vendor pushes by itself becomes receipts, or is said to be no callback."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UnreadableCallback
from gateway.model.receipt import Receipt
from gateway.provider import Callback
from tests.conformance.candidate import Candidate
from tests.conformance.garbage import callbacks, few

NOTHING = Callback(kind="delivery")


def words(candidate: Candidate, pushes: tuple[Callback, ...]) -> list[Receipt]:
    return [word for push in pushes for word in candidate.provider.receipts(push)]


def test_a_push_says_what_became_of_a_message(candidate: Candidate) -> None:
    if not candidate.able.delivery_reports:
        with pytest.raises(UnreadableCallback):
            candidate.provider.receipts(NOTHING)
        return
    first, second = candidate.heard.pushes
    assert {push.kind for push in first} <= candidate.provider.callback_kinds
    said = words(candidate, first)
    assert {word.reference.lower() for word in said} == {candidate.heard.reference.lower()}
    assert [word.outcome for word in said][-1] == "delivered"
    assert all(word.outcome or not word.reason for word in said)
    assert words(candidate, first) == said, "a repeat is the same word"
    identities = [word.identity for word in (*said, *words(candidate, second))]
    assert len(set(identities)) == len(identities), "and nothing else is"
    assert all(identity and not identity.isspace() and " " not in identity for identity in identities)


@few
@given(data=st.data())
def test_garbage_is_no_callback(candidate: Candidate, data: st.DataObject) -> None:
    for kind in sorted(candidate.provider.callback_kinds or {"delivery"}):
        with pytest.raises(UnreadableCallback):
            candidate.provider.receipts(data.draw(callbacks(kind)))


def test_half_a_push_is_some_word_or_none(candidate: Candidate) -> None:
    for push in (each for pushes in candidate.heard.pushes for each in pushes[-1:]):
        for end in range(len(push.body)):
            half = Callback(kind=push.kind, query=push.query, content_type=push.content_type, body=push.body[:end])
            try:
                said = candidate.provider.receipts(half)
            except UnreadableCallback:
                continue
            assert all(word.reference and word.identity for word in said)
