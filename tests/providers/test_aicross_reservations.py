"""The AI CROSS adapter and what the vendor keeps until its time, without a socket."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.message import Content
from gateway.provider import (
    Declined,
    Finding,
    Keeping,
    Kept,
    Known,
    Unanswered,
    Unknown,
    Unreadable,
    VendorAnswer,
    VendorRequest,
    Withdrawal,
)
from tests.providers.aicross_tools import REFERENCE, aicross, configured, ms
from tests.providers.bench import DELIVERED, FORM
from tests.providers.test_aicross_fuzz import BODIES, VALUES

LOGIN = {"token": "tok-tok-tok", "clientId": "1234"}
AT = ms(2024, 1, 30, 23, 0, 0)
"""31 January, 8 o'clock, in Japan."""
FIRST, LAST = date(2024, 1, 31), date(2024, 2, 29)
exclusive = configured(exclusive=True)


def content(**fields: Any) -> Content:
    return Content(to=DELIVERED, text="1+1 あ", encoding="ucs2", characters=5, segments=1, **fields)


def answer(body: object, status: int = 200) -> VendorAnswer:
    return VendorAnswer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), "application/json")


def said(code: object, message: object = "", **fields: object) -> dict[str, object]:
    return {"responseCode": code, "responseMessage": message} | fields


def query(request: VendorRequest | None, path: str) -> dict[str, str]:
    """The query of a GET of this path, which has nothing else."""
    assert request
    url = urlsplit(request.url)
    assert (request.method, request.headers, request.body) == ("GET", (), b"")
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"https://sms-api.aossms.com/p5/api/{path}"
    return dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=True))


# Making one


def test_the_vendor_keeps_whole_minutes_and_can_be_told_to_drop() -> None:
    assert aicross.capabilities.reservations == Keeping(ahead=0, whole=60, cancelable=True)
    assert aicross.keeps(AT + 59_999) == aicross.keeps(AT) == AT
    assert aicross.settings.reservations == "gateway"


def test_a_reservation_is_a_send_with_a_time() -> None:
    full = content(sender="123456", group_tag="spring sale", carrier="au")
    request = configured(base_url="https://vendor.test/").reserve_request(full, REFERENCE, AT)
    assert (request.method, request.url) == ("POST", "https://vendor.test/p5/api/mt.json")
    assert dict(request.headers) == {"Content-Type": FORM}
    assert b"scheduleTime=2024-01-31%2008%3A00" in request.body
    assert b"+" not in request.body
    assert dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True)) == LOGIN | {
        "smsCode": "123456",
        "message": "1+1 あ",
        "phoneNumber": DELIVERED,
        "clientTag": REFERENCE,
        "carrierId": "101",
        "groupTag": "spring sale",
        "scheduleTime": "2024-01-31 08:00",
    }


@pytest.mark.parametrize(
    ("timezone", "send_at", "written"),
    [
        ("Asia/Tokyo", AT, "2024-01-31 08:00"),
        ("Asia/Tokyo", AT + 59_999, "2024-01-31 08:00"),
        ("Asia/Tokyo", ms(2023, 12, 31, 15, 0, 0), "2024-01-01 00:00"),
        ("Asia/Tokyo", ms(2024, 2, 29, 14, 59, 0), "2024-02-29 23:59"),
        ("UTC", AT, "2024-01-30 23:00"),
    ],
)
def test_its_time_is_on_the_configured_clock(timezone: str, send_at: int, written: str) -> None:
    request = configured(timezone=timezone).reserve_request(content(), REFERENCE, send_at)
    assert dict(parse_qsl(request.body.decode()))["scheduleTime"] == written


# Asking for it


@pytest.mark.parametrize(("sender", "code"), [(None, "80013"), ("123456", "123456")])
def test_it_is_asked_for_by_sender_and_tag(sender: str | None, code: str) -> None:
    asked = query(aicross.reservation_request(content(sender=sender), REFERENCE), "checkreservation.json")
    assert asked == LOGIN | {"smsCode": code, "clientTag": REFERENCE}


def found(body: object, status: int = 200) -> Finding:
    return aicross.reservation_outcome(answer(body, status), REFERENCE)


def entry(**fields: object) -> dict[str, object]:
    basics = {"scheduleTime": "2024-01-31 08:00", "phoneNumber": DELIVERED, "message": "very private"}
    return basics | {"smsCode": 80013, "clientTag": REFERENCE} | fields


def listing(*entries: object, **fields: object) -> dict[str, object]:
    return said(0, "Success.") | {"count": len(entries), "status": list(entries)} | fields


@pytest.mark.parametrize(
    "body",
    [
        listing(entry()),
        listing(entry(), count="1"),
        listing(entry(), count="0"),
        listing(entry(), count=None),
        listing(entry(), responseCode="0"),
        listing(status=entry(), count="1"),
        listing(entry(clientTag=REFERENCE.upper())),
        listing(entry(clientTag=[REFERENCE])),
        listing(entry(clientTag=f" {REFERENCE} ")),
        listing(entry(clientTag="other"), entry(clientTag=None), entry()),
        json.dumps(listing(entry())).replace("]", ",\n]").encode(),
    ],
)
def test_what_is_listed_is_kept(body: object) -> None:
    assert found(body) == Kept()
    assert aicross.reservation_outcome(answer(body), REFERENCE.upper()) == Kept()


@pytest.mark.parametrize(
    "body",
    [
        listing(),
        listing(count="0"),
        listing(count=None),
        listing(count="0", status=None),
        listing(count=0, status={}),
        said(0, "Success.", count="0"),
        listing(entry(clientTag="other")),
        listing(status=entry(clientTag="other"), count=1),
        listing(entry(clientTag=f"{REFERENCE}x"), entry(clientTag="1")),
        said(110, "Invalid clientTag.", count="0", status=[]),
        said("110", "INVALID CLIENTTAG"),
        said(110, "Invalid client tag."),
    ],
)
def test_what_is_not_listed_is_unknown(body: object) -> None:
    assert found(body) == Unknown()


@pytest.mark.parametrize("body", [said(130, "Already send.", count="0", status=[]), said("130", None)])
def test_what_was_sent_is_known(body: object) -> None:
    assert found(body) == Known()


@pytest.mark.parametrize("message", ["Past clientTag.", "Past scheduleTime.", "", None])
def test_past_its_time_nothing_is_known(message: object) -> None:
    finding = found(said(140, message, count="0", status=[]))
    assert isinstance(finding, Unanswered)
    assert (finding.provider_code, finding.detail.startswith("its time has passed")) == ("140", True)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (100, "Required token."),
        (100, "Required clientId."),
        (100, "Required smsCode."),
        (100, "Required clientTag."),
        (110, "Invalid token."),
        (110, "Invalid clientId."),
        (110, "Invalid smsCode."),
        (110, "Invalid scheduleTime."),
        (110, None),
        (120, "clientTag too long."),
        (500, "System error."),
        (1, "Invalid clientTag."),
        (200, "No reservation."),
        (400, "Duplicate client tag."),
        (777, "Already send."),
    ],
)
def test_another_code_answers_nothing(code: int, message: object) -> None:
    finding = found(said(code, message, count=1, status=[entry()]))
    assert isinstance(finding, Unanswered)
    assert finding.provider_code == str(code)


@pytest.mark.parametrize(
    "body",
    [
        said(0, "Success."),
        said(0, "Success.", count=1),
        said(0, "Success.", count="many"),
        listing(count=1),
        listing(count="2"),
        listing(status=None, count=None),
        listing(status={}, count=1),
        listing(status="none", count="0"),
        listing(status=0, count="0"),
        listing("garbage"),
        listing(None),
        listing([entry()]),
        listing({}),
        listing({}, count="0"),
        listing(entry(clientTag=None)),
        listing(entry(clientTag="other"), entry(clientTag="")),
        listing(entry(clientTag=[REFERENCE, "other"])),
    ],
)
def test_a_success_that_says_nothing_of_the_tag_answers_nothing(body: object) -> None:
    finding = found(body)
    assert isinstance(finding, Unanswered)
    assert finding.provider_code == "0"
    assert "private" not in finding.detail


UNREADABLE: list[tuple[object, int]] = [
    (b"", 200),
    (b"<html>", 200),
    ([], 200),
    ({}, 200),
    (said(None), 200),
    (said(True), 200),
    (said(0.0), 200),
    *((body, status) for body in (listing(entry()), said(130)) for status in (201, 204, 302, 401, 404, 429, 500, 503)),
]


@pytest.mark.parametrize(("body", "status"), UNREADABLE)
def test_what_cannot_be_read_answers_nothing(body: object, status: int) -> None:
    assert isinstance(found(body, status), Unanswered)


# Dropping it


def test_it_is_canceled_by_its_tag() -> None:
    asked = query(aicross.withdrawal(REFERENCE).request, "cancelreservation.json")
    assert asked == LOGIN | {"clientTag": REFERENCE}


def canceled(body: object, status: int = 200) -> Withdrawal | Declined | Unreadable:
    return aicross.withdrawal(REFERENCE).read(answer(body, status))


@pytest.mark.parametrize("tag", [REFERENCE, REFERENCE.upper(), [REFERENCE], [], None, ""])
@pytest.mark.parametrize(
    ("code", "message", "word"),
    [
        (0, "Success.", "withdrawn"),
        ("0", None, "withdrawn"),
        (130, "Already send.", "sent"),
        ("130", None, "sent"),
        (110, "Invalid clientTag.", "unknown"),
        ("110", "invalid client tag", "unknown"),
    ],
)
def test_what_becomes_of_a_canceled_one(code: object, message: object, word: str, tag: object) -> None:
    assert canceled(said(code, message, clientTag=tag)) == word
    assert canceled(said(code, message)) == word


@pytest.mark.parametrize(("code", "message"), [(0, "Success."), (130, "Already send."), (110, "Invalid clientTag.")])
def test_a_word_about_another_tag_says_nothing(code: int, message: str) -> None:
    assert isinstance(canceled(said(code, message, clientTag="other")), Unreadable)


NO: list[tuple[object, object]] = [
    (100, "Required token."),
    (100, "Required clientId."),
    (100, "Required clientTag."),
    ("100", "Required clientTag."),
    (110, "Invalid token."),
    (110, "Invalid clientId."),
    (110, "Invalid startDate."),
    (120, "clientTag too long."),
    (140, "Past clientTag."),
    (200, "No reservation."),
    (500, "System error."),
    (777, "Success."),
    (-1, ""),
]


@pytest.mark.parametrize(("code", "message"), [*NO, (1, "Invalid clientTag.")])
def test_another_code_is_the_vendors_no(code: object, message: str) -> None:
    assert canceled(said(code, message, clientTag="other")) == Declined(str(code), message)


@pytest.mark.parametrize(("body", "status"), UNREADABLE)
def test_what_cannot_be_read_cancels_nothing(body: object, status: int) -> None:
    assert isinstance(canceled(body, status), Unreadable)


# Dropping all of some days


def test_days_are_canceled_only_on_an_account_of_ones_own() -> None:
    assert aicross.withdrawal_of_days(FIRST, LAST, None) is None
    assert aicross.withdrawal_of_days(FIRST, LAST, "spring sale") is None
    assert exclusive.withdrawal_of_days(FIRST, LAST, None)


@pytest.mark.parametrize(
    ("first", "group", "fields"),
    [
        (FIRST, None, {"startDate": "20240131", "endDate": "20240229"}),
        (LAST, None, {"startDate": "20240229", "endDate": "20240229"}),
        (FIRST, "a b+", {"startDate": "20240131", "endDate": "20240229", "groupTag": "a b+"}),
    ],
)
def test_days_are_always_bounded_on_both_sides(first: date, group: str | None, fields: dict[str, str]) -> None:
    question = exclusive.withdrawal_of_days(first, LAST, group)
    assert question
    assert query(question.request, "cancelreservationall.json") == LOGIN | fields


def cleared(body: object, status: int = 200) -> Declined | Unreadable | None:
    question = exclusive.withdrawal_of_days(FIRST, LAST, None)
    assert question
    return question.read(answer(body, status))


def test_canceled_days() -> None:
    assert cleared(said(0, "Success.")) is None
    assert cleared(said("0", None, count=0)) is None


@pytest.mark.parametrize(("code", "message"), [*NO, (110, "Invalid clientTag."), (130, "Already send.")])
def test_days_that_the_vendor_did_not_cancel(code: object, message: str) -> None:
    assert cleared(said(code, message)) == Declined(str(code), message)


@pytest.mark.parametrize(("body", "status"), UNREADABLE)
def test_days_of_which_nothing_can_be_read(body: object, status: int) -> None:
    assert isinstance(cleared(body, status), Unreadable)


# Whatever comes

NAMES = ("responseMessage", "count", "status", "clientTag")
CODES = st.sampled_from([0, "0", 100, 110, 120, 130, 140, 200, 500]) | VALUES
SHAPED = st.tuples(CODES, st.dictionaries(st.sampled_from(NAMES), VALUES | st.just([entry(clientTag="other")]))).map(
    lambda pair: json.dumps({"responseCode": pair[0]} | pair[1]).encode()
)


@settings(deadline=None)
@given(BODIES | SHAPED, st.sampled_from([200, 429, 503]))
def test_no_answer_raises_or_makes_something_up(body: bytes, status: int) -> None:
    came = VendorAnswer(status, body)
    finding = aicross.reservation_outcome(came, "tag-of-nobody")
    word = aicross.withdrawal("tag-of-nobody").read(came)
    question = exclusive.withdrawal_of_days(FIRST, LAST, None)
    assert question
    days = question.read(came)
    msgspec.json.encode((finding, word, days))
    assert not isinstance(finding, Kept), "nothing in it names this tag"
    try:
        code = json.loads(body)["responseCode"] if status == 200 else None
    except (ValueError, KeyError, TypeError, RecursionError):
        code = None
    if not isinstance(code, int | str) or isinstance(code, bool):  # no code: nothing was said
        assert isinstance(finding, Unanswered)
        assert isinstance(word, Unreadable)
        assert isinstance(days, Unreadable)
        return
    assert (word == "withdrawn") <= (str(code).strip().lstrip("+-0") == "")
    assert (days is None) <= (str(code).strip().lstrip("+-0") == "")
    assert isinstance(finding, Known) <= (str(code).strip().lstrip("+0") == "130")
