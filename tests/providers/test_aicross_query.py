"""The AI CROSS adapter asks what became of a message."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway.model.receipt import Receipt
from gateway.provider import Declined, Finding, Known, Unanswered, Unknown, Unreadable, VendorAnswer
from tests.providers.aicross_tools import REFERENCE, aicross, ms


def asked(body: object, status: int = 200, reference: str = REFERENCE) -> Finding:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return aicross.query_outcome(VendorAnswer(status, raw, "application/json"), reference)


def test_a_query_names_the_tag() -> None:
    request = aicross.query_request(REFERENCE)
    url = urlsplit(request.url)
    assert (request.method, request.body) == ("GET", b"")
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://sms-api.aossms.com/p5/api/status.json"
    assert dict(parse_qsl(url.query)) == {"token": "tok-tok-tok", "clientId": "1234", "clientTag": REFERENCE}


def entry(**fields: Any) -> dict[str, Any]:
    basics: dict[str, Any] = {
        "dateTime": "20240105 093001250",
        "phoneNumber": "+818012345678",
        "message": "very private",
        "smsCode": 80013,
        "carrierId": "101",
        "carrierName": "AU",
        "statusId": 2,
        "clientTag": REFERENCE,
        "detailedStatusId": "2",
        "separatedSuccessCount": 3,
        "rawdata": [{"carrier": "101", "type": None, "data": None}],
    }
    return basics | fields


def listing(*entries: object) -> dict[str, Any]:
    return {"responseCode": 0, "responseMessage": "Success.", "status": list(entries)}


def test_a_listed_message_is_known() -> None:
    finding = asked(listing(entry()))
    assert isinstance(finding, Known)
    (receipt,) = finding.receipts
    assert receipt == Receipt(
        reference=REFERENCE,
        identity=receipt.identity,
        outcome="delivered",
        provider_code="2",
        detail="delivered",
        billed=3,
        carrier="au",
        reported_at=ms(2024, 1, 5, 0, 30, 1, 250),
    )
    assert asked(listing(entry())) == finding, "the same word has the same identity"


def test_the_printed_sample_with_its_spare_comma_is_read() -> None:
    body = json.dumps(listing(entry())).replace('"data": null}', '"data": null, \n}')
    assert isinstance(asked(body.encode()), Known)


@pytest.mark.parametrize("tag", [REFERENCE.upper(), [REFERENCE], f" {REFERENCE} "])
def test_the_tag_may_be_spelled_otherwise(tag: object) -> None:
    assert isinstance(asked(listing(entry(clientTag=tag))), Known)


def test_only_our_entries_count_oldest_first() -> None:
    finding = asked(
        listing(
            entry(statusId=3, detailedStatusId="11824", dateTime="20240105 100000000"),
            "garbage",
            entry(clientTag="other"),
            entry(statusId=1, dateTime="20240105 090000000"),
            entry(clientTag=None),
        )
    )
    assert isinstance(finding, Known)
    assert [each.provider_code for each in finding.receipts] == ["1", "11824"]
    assert len({each.identity for each in finding.receipts}) == 2


def test_a_single_object_stands_for_a_list() -> None:
    assert isinstance(asked(listing() | {"status": entry()}), Known)


@pytest.mark.parametrize(
    "body",
    [
        listing(),
        listing(entry(clientTag="other")),
        {"responseCode": "0", "status": None},
        {"responseCode": 110, "responseMessage": "Invalid clientTag.", "status": []},
    ],
)
def test_an_unlisted_message_is_unknown(body: object) -> None:
    assert asked(body) == Unknown()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"responseCode": 0}, 200),
        ({"responseCode": 0, "status": "none"}, 200),
        ({"responseCode": 110, "responseMessage": "Invalid token.", "status": []}, 200),
        ({"responseCode": 100, "responseMessage": "Required clientTag.", "status": []}, 200),
        ({"responseCode": 120, "responseMessage": "clientTag too long.", "status": []}, 200),
        ({"responseCode": 500, "responseMessage": "System error.", "status": []}, 200),
        (listing(), 500),
        (listing(), 429),
        (b"<html>", 200),
        (b"", 200),
    ],
)
def test_nothing_is_learned(body: object, status: int) -> None:
    assert isinstance(asked(body, status), Unanswered)


def day(body: object, status: int = 200) -> object:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return aicross.sent_on(date(2024, 1, 5)).read(VendorAnswer(status, raw, "application/json"))


def test_a_day_is_asked_for_by_its_date() -> None:
    request = aicross.sent_on(date(2024, 1, 5)).request
    url = urlsplit(request.url)
    assert dict(parse_qsl(url.query)) == {"token": "tok-tok-tok", "clientId": "1234", "date": "20240105"}
    assert request.answer_at_most > 1 << 20, "a day has more messages than one question"


def test_a_day_is_read_by_tag() -> None:
    later = {"dateTime": "20240105 093105000"}
    found = day(listing(entry(**later), entry(statusId=1), entry(clientTag="OTHER"), entry(clientTag=None)))
    assert isinstance(found, dict)
    assert set(found) == {REFERENCE, "other", ""}
    asked_for_one = asked(listing(entry(**later), entry(statusId=1)))
    assert isinstance(asked_for_one, Known)
    assert found[REFERENCE] == asked_for_one.receipts, "in their order"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"responseCode": 500, "responseMessage": "System error.", "status": []}, 200, Declined),
        ({"responseCode": 0, "status": "none"}, 200, Unreadable),
        (listing(), 500, Unreadable),
        (b"<html>", 200, Unreadable),
    ],
)
def test_a_day_that_is_not_told(body: object, status: int, kind: type) -> None:
    assert isinstance(day(body, status), kind)
