"""What a provider cannot carry is refused before anything is written, and says why and where; the rest can be sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.message import Content
from gateway.model.phone import country
from gateway.model.reasons import Reason
from gateway.model.segments import GSM_EXTENSION, Encoding, measure
from gateway.provider import Misfit
from gateway.routing import misfit
from tests.conformance.candidate import CARRIERS, SENDERS, TEMPLATES, Candidate

NUMBERS = ("+819012345678", "+821020000000", "+33612345678", "+12015550123")
PIECES = ("plain, and 100% + & =", "日本語", "ひらがな", "한국어", "Ça va?", "a\nb")
"""Of the scripts people write, with a character each that a form must escape."""


def refusal(candidate: Candidate, text: str = "hello", **fields: object) -> Misfit:
    found = misfit(candidate.provider, candidate.content(text, **fields))
    assert found, "nothing was refused"
    assert found.detail
    return found


def carried(text: str, charset: Encoding | None) -> bool:
    """Whether a vendor that measures in this charset has all the characters."""
    if charset in (None, "ucs2"):
        return True
    if charset == "gsm7":
        return measure(text).encoding == "gsm7"
    return text.encode(charset, "ignore").decode(charset) == text


def width(character: str, charset: Encoding | None) -> int:
    if charset == "gsm7":
        return 1 + (character in GSM_EXTENSION)
    return len(character.encode({"ucs2": "utf-16-be"}.get(charset or "", charset or "utf-8")))


def test_a_plain_message_is_carried(candidate: Candidate) -> None:
    assert all(candidate.carries(to=number) for number, _ in zip(candidate.numbers(), range(200), strict=False))


def test_subjects(candidate: Candidate) -> None:
    if candidate.able.subject:
        assert candidate.carries(subject="News")
    else:
        assert refusal(candidate, subject="News").pointer == "/subject"


def test_senders(candidate: Candidate) -> None:
    if candidate.able.sender:
        assert any(candidate.carries(sender=sender) for sender in SENDERS), "none of the suite's senders"
        default = candidate.provider.default_sender
        assert not default or candidate.carries(sender=default)
    for sender in SENDERS:
        found = misfit(candidate.provider, candidate.content(sender=sender))
        assert found is None or found.pointer == "/from"
        assert candidate.able.sender or found is not None


def test_templates(candidate: Candidate) -> None:
    kept = [id_ for id_ in TEMPLATES if candidate.able.templates and candidate.provider.keeps_template(id_)]
    for id_ in TEMPLATES:
        found = misfit(candidate.provider, candidate.content("", template=id_))
        assert found is None if id_ in kept else found is not None and found.pointer == "/template/id"


def test_countries(candidate: Candidate) -> None:
    for number in NUMBERS:
        if candidate.able.countries and country(number) not in candidate.able.countries:
            found = refusal(candidate, to=number)
            assert (found.code, found.pointer) == (Reason.INVALID_NUMBER, "/to")
            assert number[1:] not in found.detail


def test_carrier_hints_it_has_no_id_for_are_dropped(candidate: Candidate) -> None:
    plain = candidate.send()
    for carrier in CARRIERS:
        assert candidate.carries(carrier=carrier)
        assert (candidate.send(carrier=carrier) != plain) == (carrier in candidate.able.carriers)


@pytest.mark.parametrize("character", ["a", "あ", "€"])
def test_the_longest_text_is_carried_and_no_longer_one(candidate: Candidate, character: str) -> None:
    able = candidate.able
    if not carried(character, able.charset) or not candidate.carries(text=character):
        pytest.skip("not a character of this vendor's")
    each = width(character, able.charset)
    within = [able.characters if able.charset != "gsm7" else (able.characters or 0) // each or None]
    within.append(able.octets // each if able.octets else None)
    most = min((bound for bound in within if bound), default=None)
    if most is None:
        assert candidate.carries(text=character * 2000)
        return
    assert candidate.carries(text=character * most)
    found = refusal(candidate, character * (most + 1))
    assert (found.code, found.pointer) == (Reason.TOO_LONG, "/text")
    assert any(str(bound) in found.detail for bound in (able.characters, able.octets, most) if bound)


@pytest.mark.parametrize("text", PIECES)
def test_characters(candidate: Candidate, text: str) -> None:
    if carried(text, candidate.able.charset):
        assert candidate.carries(text=text)
    else:
        found = refusal(candidate, text)
        assert (found.code, found.pointer) == (Reason.CONTENT_REFUSED, "/text")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=200) | st.sampled_from(PIECES),
    subject_=st.none() | st.text(st.characters(codec="utf-8"), max_size=64),
    sender=st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=20) | st.sampled_from(SENDERS),
    carrier=st.none() | st.sampled_from(CARRIERS),
)
def test_a_message_is_refused_with_a_reason_or_can_be_sent(
    candidate: Candidate, text: str, subject_: str | None, sender: str | None, carrier: str | None
) -> None:
    content: Content = candidate.content(text, subject=subject_, sender=sender, carrier=carrier)
    found = misfit(candidate.provider, content)
    assert candidate.provider.measure(text).count >= 1
    if found is None:
        assert candidate.provider.send_request(content, "reference1").url
        assert all(candidate.provider.warnings(content))
        return
    assert found.code in {*Reason, "unsupported"}
    assert found.pointer in ("/text", "/subject", "/from")
    assert len(text) < 8 or text not in found.detail
