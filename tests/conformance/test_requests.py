"""A request to a vendor says all of a message, and says it as it is: to send it, and to keep it until its time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway.model.ids import parse_reference
from gateway.provider import Guarantee, VendorRequest
from tests.conformance.candidate import SENDERS, UNKNOWN, Candidate
from tests.conformance.test_misfits import PIECES


def said(request: VendorRequest) -> list[str]:
    """Every value of a request's query and of its form or JSON."""
    values = [value for _, value in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)]
    if not request.body:
        return values
    kind = {name.lower(): value for name, value in request.headers}["content-type"]
    if kind.startswith("application/x-www-form-urlencoded"):
        return values + [value for _, value in parse_qsl(request.body.decode(), True, errors="strict")]
    assert kind.startswith("application/json"), f"a body the suite cannot read: teach it {kind}"
    return values + list(_leaves(json.loads(request.body)))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield str(value)


def times(request: VendorRequest, number: str) -> int:
    """How often a number is a receiver, however it is written."""
    words = [word.lstrip("+") for value in said(request) for word in re.split(r"[\s,|;]+", value)]
    return sum(word.isdigit() and 9 <= len(word) <= 15 and word.endswith(number[-8:]) for word in words)


def test_a_request_is_complete(candidate: Candidate) -> None:
    for request in candidate.sends():
        assert request.url.startswith("https://vendor.example")
        assert bool(request.body) == (request.method != "GET")
        assert request.url.isascii()
        assert request.url.isprintable()
        for name, value in request.headers:
            assert re.fullmatch("[A-Za-z-]+", name)
            assert value.isascii()
            assert value.isprintable()


@pytest.mark.parametrize("text", PIECES)
def test_the_text_arrives_as_it_is(candidate: Candidate, text: str) -> None:
    if candidate.carries(text=text):
        assert {said(request).count(text) for request in candidate.sends(text)} == {1}


def test_the_receiver_is_named_once(candidate: Candidate) -> None:
    for number in islice(candidate.numbers(), 5):
        assert {times(request, number) for request in candidate.sends(to=number)} == {1}


def test_the_vendor_is_told_our_reference(candidate: Candidate) -> None:
    """Where anything is ever to be asked or refused by it."""
    if candidate.kind.guarantee is not Guarantee.BLIND or candidate.able.delivery_reports:
        assert {said(request).count(UNKNOWN) for request in candidate.sends()} == {1}
        assert parse_reference(UNKNOWN)


def test_further_receivers_are_named_once_each(candidate: Candidate) -> None:
    numbers = list(islice(candidate.numbers(), candidate.able.receivers))
    for request in candidate.sends("hello", *numbers[1:], to=numbers[0]):
        assert [times(request, number) for number in numbers] == [1] * len(numbers)


def test_equal_messages_make_equal_requests(candidate: Candidate) -> None:
    assert candidate.sends() == candidate.sends()
    assert not set(candidate.sends()) & set(candidate.sends("other"))


def test_a_subject_and_a_sender_are_sent(candidate: Candidate) -> None:
    if candidate.able.subject:
        assert all("News" in said(request) for request in candidate.sends(subject="News"))
    if candidate.able.sender:
        sender = next(each for each in SENDERS if candidate.carries(sender=each))
        assert all(sender in said(request) for request in candidate.sends(sender=sender))


def test_options_of_its_own_are_heeded_and_others_are_not(candidate: Candidate) -> None:
    plain = candidate.sends()
    assert candidate.sends(options={"another": {"x": 1}}) == plain
    if candidate.kind.options:
        assert candidate.carries(options=candidate.option())
        assert not set(candidate.sends(options=candidate.option())) & set(plain)
