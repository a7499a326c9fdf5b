"""Only a vendor's own word is one: for everything else the answer is lost, and nothing is made of it."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import assume, given

from gateway.model.reasons import Reason
from gateway.provider import (
    Accepted,
    Declined,
    Finding,
    Known,
    Refused,
    SendOutcome,
    Unanswered,
    Unknown,
    Unreadable,
    VendorAnswer,
)
from tests.conformance import garbage
from tests.conformance.candidate import BESIDE, UNKNOWN, Candidate, question
from tests.conformance.garbage import ANSWERS, disturbed, few, halves, says, under

PAGES = [VendorAnswer(status, page, "text/html") for page in garbage.PAGES for status in (200, 500, 503)]
JUNK: tuple[object, ...] = (None, True, 7, -1, 10**30, "", "junk", "\ud800", [], {}, [{}], {"a": "b"}, 1e400)

# To a message


def test_what_the_vendor_took_is_accepted(candidate: Candidate) -> None:
    assert isinstance(candidate.provider.send_outcome(candidate.heard.accepted), Accepted)


def test_what_the_vendor_refused_is_refused_with_its_code(candidate: Candidate) -> None:
    outcome = candidate.provider.send_outcome(candidate.heard.refused)
    assert isinstance(outcome, Refused)
    assert outcome.reason in Reason
    assert outcome.provider_code
    assert outcome.detail
    assert outcome.divisible or candidate.able.receivers == 1, "one code for a whole request may be about one of it"


def test_a_word_under_a_failure_s_status_is_none(candidate: Candidate) -> None:
    """It may be of a proxy that repeats what it was told, or lost it."""
    for answer in under(range(500, 600), candidate.heard.accepted):
        assert isinstance(candidate.provider.send_outcome(answer), Unreadable)
    for answer in under(range(300, 500), candidate.heard.accepted):
        assert not isinstance(candidate.provider.send_outcome(answer), Accepted)


def test_half_an_answer_is_a_lost_one(candidate: Candidate) -> None:
    for answer in halves(candidate.heard.accepted):
        assert isinstance(candidate.provider.send_outcome(answer), Unreadable)


def test_a_page_is_a_lost_answer(candidate: Candidate) -> None:
    for answer in PAGES:
        assert isinstance(candidate.provider.send_outcome(answer), Unreadable)


@few
@given(answer=ANSWERS)
def test_garbage_is_never_accepted(candidate: Candidate, answer: VendorAnswer) -> None:
    assume(not says(candidate.heard.accepted, answer))
    outcome = candidate.provider.send_outcome(answer)
    assert isinstance(outcome, get_args(SendOutcome))
    assert not isinstance(outcome, Accepted)


def test_a_disturbed_answer_is_some_outcome(candidate: Candidate) -> None:
    for junk in JUNK:
        for said in (candidate.heard.accepted, candidate.heard.refused):
            for answer in disturbed(said, lambda _, junk=junk: junk):  # type: ignore[misc]
                assert isinstance(candidate.provider.send_outcome(answer), get_args(SendOutcome))


# To a question about a message


def test_it_can_be_asked_where_it_says_so(candidate: Candidate) -> None:
    asked = candidate.provider.query_request(UNKNOWN)
    assert (asked is not None) == candidate.able.status_query
    assert asked is None or UNKNOWN in asked.url + asked.body.decode()


def test_what_it_knows_and_what_it_does_not(candidate: Candidate) -> None:
    heard = candidate.heard
    if heard.known is None or heard.unknown is None:
        pytest.skip("this vendor cannot be asked")
    finding = candidate.provider.query_outcome(heard.known, heard.reference)
    assert isinstance(finding, Known)
    assert {word.reference.lower() for word in finding.receipts} == {heard.reference.lower()}
    assert [word.outcome for word in finding.receipts][-1] == "delivered"
    assert candidate.provider.query_outcome(heard.unknown, UNKNOWN) == Unknown()
    assert not isinstance(candidate.provider.query_outcome(heard.known, UNKNOWN), Known), "of another message"


def test_a_broken_answer_to_a_question_says_nothing(candidate: Candidate) -> None:
    heard, provider = candidate.heard, candidate.provider
    for said in filter(None, (heard.known, heard.unknown)):
        for answer in (*halves(said), *under(range(500, 600), said), *PAGES):
            assert isinstance(provider.query_outcome(answer, heard.reference), Unanswered)
        for junk in JUNK:
            for answer in disturbed(said, lambda _, junk=junk: junk):  # type: ignore[misc]
                assert isinstance(provider.query_outcome(answer, heard.reference), get_args(Finding))


@few
@given(answer=ANSWERS)
def test_garbage_is_no_finding(candidate: Candidate, answer: VendorAnswer) -> None:
    assert isinstance(candidate.provider.query_outcome(answer, UNKNOWN), Unanswered)


# Beside messages


def test_it_is_asked_beside_messages_where_it_says_so(candidate: Candidate) -> None:
    asked = {name for name in BESIDE if question(candidate.provider, name) is not None}
    declared = {name for name, able in BESIDE.items() if getattr(candidate.able, able)}
    keeps = {"templates"} if any(map(candidate.provider.keeps_template, ("1", "20", "welcome"))) else set()
    assert asked | keeps == declared


@pytest.mark.parametrize("name", BESIDE)
def test_what_it_is_told_beside_messages(candidate: Candidate, name: str) -> None:
    asked = question(candidate.provider, name)
    if asked is None:
        pytest.skip("this vendor has no such thing")
    said = asked.read(candidate.heard.beside[name])
    assert not isinstance(said, Declined | Unreadable), said
    if name == "balance":
        assert len(said.currency) == 3
        assert said.unit
    if name == "usage":
        assert all(billed.parts >= 0 for billed in said.billed)
    if name == "short_url":
        assert said.url.startswith("http")
    if name == "templates":
        assert said
        assert len({template.id for template in said}) == len(said)
        assert all(template.content for template in said)


@pytest.mark.parametrize("name", BESIDE)
def test_a_broken_answer_beside_messages_is_unreadable(candidate: Candidate, name: str) -> None:
    if (asked := question(candidate.provider, name)) is None:
        pytest.skip("this vendor has no such thing")
    real = candidate.heard.beside[name]
    for answer in (*halves(real), *under(range(500, 600), real), *PAGES):
        assert isinstance(asked.read(answer), Unreadable)
    for junk in JUNK:
        for answer in disturbed(real, lambda _, junk=junk: junk):  # type: ignore[misc]
            asked.read(answer)


@few
@given(answer=ANSWERS)
def test_garbage_beside_messages_is_unreadable(candidate: Candidate, answer: VendorAnswer) -> None:
    for name in BESIDE:
        if asked := question(candidate.provider, name):
            assert isinstance(asked.read(answer), Unreadable)
