"""The AI CROSS adapter on whether a number changed its owner (2.8), without a socket."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.provider import Declined, Misfit, Owner, Question, Unreadable, VendorAnswer
from gateway.providers.aicross import TYPE, AICross
from tests.providers.aicross_tools import aicross, configured
from tests.providers.test_aicross_fuzz import BODIES, VALUES

NUMBER, DAY = "+819012345678", date(2017, 5, 31)
SAMPLE = {
    "responseCode": 0,
    "responseMessage": "Success.",
    "phoneNumber": NUMBER,
    "referenceDate": "20170531",
    "status": "N",
}
"""As it is printed in 2.8.2."""


def asked(provider: AICross = aicross, number: str = NUMBER, day: date = DAY) -> Question[Owner]:
    question = provider.owner(number, day)
    assert isinstance(question, Question)
    return question


def answered(body: object, status: int = 200) -> Owner | Declined | Unreadable:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return asked().read(VendorAnswer(status, raw, "application/json"))


def test_the_capabilities_say_so() -> None:
    assert TYPE.capabilities.verification == {"owner"}
    assert not TYPE.capabilities.rules


# The question


@pytest.mark.parametrize(
    ("day", "written"), [(DAY, "20170531"), (date(2026, 1, 2), "20260102"), (date.min, "00010101")]
)
def test_it_is_asked_by_number_and_day(day: date, written: str) -> None:
    question = asked(configured(base_url="https://vendor.test/"), day=day)
    url = urlsplit(question.request.url)
    assert (question.request.method, question.request.body, question.otherwise) == ("GET", b"", None)
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://vendor.test/p5/api/numbercleaning.json"
    assert "phoneNumber=%2B819012345678" in url.query
    assert parse_qsl(url.query, strict_parsing=True) == [
        ("token", "tok-tok-tok"),
        ("clientId", "1234"),
        ("phoneNumber", NUMBER),
        ("referenceDate", written),
    ]


@pytest.mark.parametrize(
    ("number", "prefixes"),
    [
        ("+819012345678", ()),
        ("+818012345678", ()),
        ("+817012345678", ()),
        ("+816012345678", ("060", "090")),
        ("+812012345678", ("020",)),
    ],
)
def test_numbers_it_is_asked_about(number: str, prefixes: tuple[str, ...]) -> None:
    asked(configured(prefixes=prefixes) if prefixes else aicross, number)


@pytest.mark.parametrize(
    "number",
    ["+816012345678", "+812012345678", "+81312345678", "+81901234567", "+8190123456789", "+821012345678", "+81"],
)
def test_numbers_it_is_not_asked_about(number: str) -> None:
    misfit = aicross.owner(number, DAY)
    assert isinstance(misfit, Misfit)
    assert (misfit.code, misfit.pointer) == ("invalid_number", "/number")
    assert "(070, 080, 090)" in misfit.detail
    assert number not in misfit.detail


def test_prefixes_are_those_that_may_be_sent_to() -> None:
    misfit = configured(prefixes=("060",)).owner(NUMBER, DAY)
    assert isinstance(misfit, Misfit)
    assert "(060)" in misfit.detail
    assert isinstance(configured(prefixes=("020",)).owner("+812001234567890", DAY), Misfit)


# The answer


@pytest.mark.parametrize(
    ("status", "owner"),
    [
        ("N", "same_owner"),
        ("T", "changed_owner"),
        ("ERROR", "unknown"),
        (" N ", "same_owner"),
        (["T"], "changed_owner"),
    ],
)
def test_what_the_status_says(status: object, owner: Owner) -> None:
    assert answered(SAMPLE | {"status": status}) == owner


@pytest.mark.parametrize(
    "status", [None, "", "n", "t", "error", "OK", "NT", "TRUE", True, 0, 1, 999, {}, [], ["N", "T"]]
)
def test_another_status_is_unreadable(status: object) -> None:
    assert answered(SAMPLE | {"status": status}) == Unreadable("a status in no document")


def test_without_a_status_it_is_unreadable() -> None:
    assert isinstance(answered({name: value for name, value in SAMPLE.items() if name != "status"}), Unreadable)
    assert isinstance(answered(b'{"responseCode": 0, "status": "N", "status": "T"}'), Unreadable)


@pytest.mark.parametrize(
    "fields",
    [
        {"responseCode": "0"},
        {"phoneNumber": 819012345678},
        {"phoneNumber": "819012345678"},
        {"phoneNumber": " 819012345678"},
        {"phoneNumber": "09012345678"},
        {"phoneNumber": 9012345678},
        {"referenceDate": 20170531},
        {"referenceDate": " 20170531 "},
        {"phoneNumber": None, "referenceDate": None},
        {"phoneNumber": "", "referenceDate": ""},
    ],
)
def test_other_spellings(fields: dict[str, Any]) -> None:
    assert answered(SAMPLE | fields) == "same_owner"


@pytest.mark.parametrize(
    "number",
    ["+819012345679", "+818012345678", "+821012345678", "9012345679", 81901234567, 0, "x", True, {}, ["+8190", NUMBER]],
)
def test_an_answer_about_another_number_says_nothing(number: object) -> None:
    assert answered(SAMPLE | {"phoneNumber": number}) == Unreadable("it is about another number")


@pytest.mark.parametrize(
    "day", ["20170530", "20180531", "2017053", "201705311", 20170601, 0, "today", False, {}, ["x"]]
)
def test_an_answer_about_another_day_says_nothing(day: object) -> None:
    assert answered(SAMPLE | {"referenceDate": day}) == Unreadable("it is about another day")


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (1, "Required clientId.", "Required clientId."),
        (100, "Required referenceDate.", "Required referenceDate."),
        ("110", "Invalid phoneNumber.", "Invalid phoneNumber."),
        (500, "System error.", "System error."),
        (300, None, ""),
        (-1, ["x"], ""),
    ],
)
def test_another_code_is_the_vendors_no(code: int | str, message: object, said: str) -> None:
    empty = {"phoneNumber": None, "referenceDate": None, "status": None}
    for fields in (empty, {"status": "N"}):
        assert answered(SAMPLE | {"responseCode": code, "responseMessage": message} | fields) == Declined(
            str(code), said
        )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"<html>", 200),
        (b"[]", 200),
        (b'"N"', 200),
        (b"{}", 200),
        (b'{"status": "N"}', 200),
        (b'{"responseCode": null, "status": "N"}', 200),
        (SAMPLE, 500),
        (SAMPLE, 503),
        (SAMPLE, 404),
        (SAMPLE | {"responseCode": 110}, 401),
    ],
)
def test_what_cannot_be_read(body: object, status: int) -> None:
    assert isinstance(answered(body, status), Unreadable)


@settings(deadline=None)
@given(
    BODIES | st.dictionaries(st.sampled_from([*SAMPLE]), VALUES | st.sampled_from(["N", "T", "ERROR"])),
    st.sampled_from([200, 503]),
)
def test_no_answer_raises_or_makes_something_up(body: bytes | dict[str, Any], status: int) -> None:
    raw = body if isinstance(body, bytes) else json.dumps({"responseCode": 0} | body).encode()
    read = answered(raw, status)
    assert isinstance(read, Declined | Unreadable) or read in ("same_owner", "changed_owner", "unknown")
    msgspec.json.encode(read)
    if status != 200:
        assert isinstance(read, Unreadable)
