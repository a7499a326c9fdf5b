"""The AI CROSS adapter without a socket: requests as built, answers and delivery reports as read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import UnreadableCallback
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.model.values import Secret
from gateway.provider import (
    Accepted,
    Busy,
    Callback,
    Duplicate,
    Finding,
    Guarantee,
    Known,
    Provider,
    ProviderType,
    Refused,
    SendOutcome,
    Unanswered,
    Unknown,
    Unreadable,
    VendorAnswer,
)
from gateway.providers.aicross import TYPE, AICross, AICrossSettings
from gateway.settings.load import parse
from gateway.settings.reader import SettingsError

REFERENCE = "01jd0a1b2c3d4e5f6g7h8j9k0mg1"
FORM = "application/x-www-form-urlencoded"


def configured(**settings: Any) -> AICross:
    basics = {"token": Secret("tok-tok-tok"), "client_id": "1234", "sms_code": "80013"}
    return TYPE.build("main", AICrossSettings(**basics | settings))


def content(**fields: Any) -> Content:
    basics = {"to": "+819012345678", "text": "hello", "encoding": "gsm7", "characters": 5, "segments": 1}
    return Content(**basics | fields)


aicross = configured()


def sent(body: object, status: int = 200) -> SendOutcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return aicross.send_outcome(VendorAnswer(status, raw, "application/json"))


def asked(body: object, status: int = 200, reference: str = REFERENCE) -> Finding:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return aicross.query_outcome(VendorAnswer(status, raw, "application/json"), reference)


def pushed(body: bytes | str, content_type: str = "", query: tuple[tuple[str, str], ...] = ()) -> tuple[Receipt, ...]:
    raw = body.encode() if isinstance(body, str) else body
    return aicross.receipts(Callback(kind="dlr", body=raw, content_type=content_type, query=query))


def ms(*moment: int) -> int:
    return int(datetime(*moment[:6], tzinfo=UTC).timestamp()) * 1000 + (moment[6] if len(moment) > 6 else 0)


# Declarations


def test_it_is_what_the_port_asks_for() -> None:
    kind: ProviderType = TYPE
    provider: Provider = aicross
    assert kind.name == provider.type == "aicross"
    assert kind.settings is AICrossSettings
    assert provider.name == "main"
    assert provider.guarantee is Guarantee.DEDUPLICATED
    assert provider.callback_kinds == {"dlr"}
    assert provider.capabilities.carriers == {"docomo", "au", "softbank", "rakuten"}
    assert provider.capabilities.status_query
    assert provider.capabilities.delivery_reports
    assert not provider.capabilities.subject


def test_the_account_is_the_vendors_not_the_providers_name() -> None:
    assert configured(client_id="7").account == configured(client_id="7", sms_code="123456").account
    assert configured(client_id="7").account != configured(client_id="8").account
    assert "tok" not in aicross.account


def from_file(**changes: str) -> AICross:
    keys = {"type": '"aicross"', "token": '"tok-tok-tok"', "client_id": '"1234"', "sms_code": '"80013"'} | changes
    lines = "\n".join(f"{key} = {value}" for key, value in keys.items() if value)
    client = f'[clients.shop]\nkeys = [{{ sha256 = "{"ab" * 32}", scopes = ["send"] }}]\n'
    settings = parse(f"{client}[providers.main]\n{lines}\n", {"aicross": TYPE}, {}, Path("/"))
    provider = settings.providers["main"]
    assert isinstance(provider, AICross)
    return provider


def test_settings_have_the_documents_defaults() -> None:
    settings = from_file().settings
    assert settings.base_url == "https://sms-api.aossms.com"
    assert (settings.rate, settings.timeout) == (600, 10)
    assert settings.prefixes == ("070", "080", "090")
    assert (settings.exclusive, settings.usage_client_id) == (False, None)
    assert settings.timezone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token", ""),
        ("client_id", '"12a"'),
        ("client_id", '""'),
        ("client_id", '"１２"'),
        ("sms_code", '"8001"'),
        ("sms_code", '"8001300"'),
        ("sms_code", '"80013\\n"'),
        ("prefixes", '["90"]'),
        ("tokn", '"x"'),
    ],
)
def test_settings_refuse(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        from_file(**{key: value})
    (problem,) = refused.value.problems
    assert problem.path.startswith(f"providers.main.{key}")


def test_the_token_is_in_no_text_about_the_provider() -> None:
    assert "tok-tok-tok" not in repr(aicross.settings) + str(aicross.settings) + repr(aicross)


# misfit


@pytest.mark.parametrize(
    ("to", "prefixes"),
    [
        ("+819012345678", ()),
        ("+818012345678", ()),
        ("+817012345678", ()),
        ("+816012345678", ("060", "090")),
        ("+812012345678", ("020",)),
    ],
)
def test_fitting_numbers(to: str, prefixes: tuple[str, ...]) -> None:
    provider = configured(prefixes=prefixes) if prefixes else aicross
    assert provider.misfit(content(to=to)) is None


@pytest.mark.parametrize(
    "to", ["+816012345678", "+812012345678", "+81312345678", "+81901234567", "+8190123456789", "+821012345678", "+81"]
)
def test_other_numbers_do_not_fit(to: str) -> None:
    misfit = aicross.misfit(content(to=to))
    assert misfit is not None
    assert (misfit.code, misfit.pointer) == ("invalid_number", "/to")


def test_fourteen_digits_never_fit() -> None:
    assert configured(prefixes=("020",)).misfit(content(to="+812001234567890")) is not None


@pytest.mark.parametrize("character", ["a", "あ", "😀"])
def test_text_is_counted_in_characters(character: str) -> None:
    assert aicross.misfit(content(text=character * 660)) is None
    misfit = aicross.misfit(content(text=character * 661))
    assert misfit is not None
    assert (misfit.code, misfit.pointer) == ("too_long", "/text")


def test_a_subject_does_not_fit() -> None:
    misfit = aicross.misfit(content(subject="s"))
    assert misfit is not None
    assert (misfit.code, misfit.pointer) == ("unsupported", "/subject")


@pytest.mark.parametrize("sender", ["8001", "8001300", "ACME1", "８００１３", ""])
def test_a_sender_has_five_or_six_digits(sender: str) -> None:
    assert aicross.misfit(content(sender="80013")) is None
    assert aicross.misfit(content(sender="800131")) is None
    misfit = aicross.misfit(content(sender=sender))
    assert misfit is not None
    assert (misfit.code, misfit.pointer) == ("sender_not_allowed", "/from")


# send_request


def test_a_send_is_a_form() -> None:
    request = configured(base_url="https://vendor.test/").send_request(content(text="1+1=2 & あ\n%😀"), REFERENCE)
    assert request.method == "POST"
    assert request.url == "https://vendor.test/p5/api/mt.json"
    assert dict(request.headers) == {"Content-Type": FORM}
    assert b"phoneNumber=%2B819012345678" in request.body
    assert b"+" not in request.body
    assert dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True)) == {
        "token": "tok-tok-tok",
        "clientId": "1234",
        "smsCode": "80013",
        "message": "1+1=2 & あ\n%😀",
        "phoneNumber": "+819012345678",
        "clientTag": REFERENCE,
    }


@pytest.mark.parametrize(
    ("carrier", "id_"),
    [("au", "101"), ("docomo", "103"), ("softbank", "105"), ("rakuten", "106"), ("ymobile", None), (None, None)],
)
def test_a_carrier_hint_is_passed_where_there_is_an_id(carrier: str | None, id_: str | None) -> None:
    request = aicross.send_request(content(carrier=carrier), REFERENCE)
    assert dict(parse_qsl(request.body.decode())).get("carrierId") == id_


def test_sender_and_group_are_passed() -> None:
    request = aicross.send_request(content(sender="123456", group_tag="spring sale"), REFERENCE)
    fields = dict(parse_qsl(request.body.decode()))
    assert fields["smsCode"] == "123456"
    assert fields["groupTag"] == "spring sale"


# send_outcome


def test_accepted() -> None:
    body = {"responseCode": 0, "responseMessage": "Success.", "phoneNumber": "+818000000000", "smsMessage": "hi"}
    assert sent(body) == Accepted("0")


@pytest.mark.parametrize("code", [0, "0", " 0 "])
@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", b"\n  "])
def test_accepted_in_other_spellings(code: object, prefix: bytes) -> None:
    assert sent(prefix + json.dumps({"responseCode": code}).encode()) == Accepted("0")


def test_duplicate() -> None:
    assert sent({"responseCode": 400, "responseMessage": "Duplicate client tag."}) == Duplicate("400")
    assert sent({"responseCode": "400", "responseMessage": None}) == Duplicate("400")


@pytest.mark.parametrize(
    ("code", "message", "reason", "about"),
    [
        (100, "Required token.", Reason.AUTHENTICATION_FAILED, "account"),
        (110, "Invalid token.", Reason.AUTHENTICATION_FAILED, "account"),
        (110, "Invalid clientId.", Reason.AUTHENTICATION_FAILED, "account"),
        (110, "invalid CLIENTID", Reason.AUTHENTICATION_FAILED, "account"),
        (120, "clientId too long.", Reason.AUTHENTICATION_FAILED, "account"),
        (110, "Invalid smsCode.", Reason.SENDER_NOT_ALLOWED, "account"),
        (120, "smsCode too long.", Reason.SENDER_NOT_ALLOWED, "account"),
        (100, "Required phoneNumber.", Reason.INVALID_NUMBER, "message"),
        (110, "Invalid phoneNumber.", Reason.INVALID_NUMBER, "message"),
        (110, "Invalid phone number", Reason.INVALID_NUMBER, "message"),
        (120, "phoneNumber too long.", Reason.INVALID_NUMBER, "message"),
        (110, "Invalid message.", Reason.CONTENT_REFUSED, "message"),
        (120, "message too long.", Reason.TOO_LONG, "message"),
        (110, "Invalid carrierId.", Reason.PROVIDER_ERROR, "vendor"),
        (120, "clientTag too long.", Reason.PROVIDER_ERROR, "vendor"),
        (120, "groupTag too long.", Reason.PROVIDER_ERROR, "vendor"),
        (110, "Invalid scheduleTime.", Reason.PROVIDER_ERROR, "vendor"),
        (110, "", Reason.PROVIDER_ERROR, "vendor"),
        (110, None, Reason.PROVIDER_ERROR, "vendor"),
        (110, "Invalid {item}.", Reason.PROVIDER_ERROR, "vendor"),
        (300, "Exceed sending count.", Reason.QUOTA_EXCEEDED, "account"),
        (500, "System error.", Reason.PROVIDER_ERROR, "vendor"),
        (1, "Invalid phoneNumber.", Reason.PROVIDER_ERROR, "vendor"),
        (-1, "?", Reason.PROVIDER_ERROR, "vendor"),
        (599, "?", Reason.PROVIDER_ERROR, "vendor"),
        (10**60, "?", Reason.PROVIDER_ERROR, "vendor"),
    ],
)
def test_refused(code: int, message: str | None, reason: Reason, about: str) -> None:
    outcome = sent({"responseCode": code, "responseMessage": message, "smsMessage": "very private"})
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.about) == (reason, about)
    assert outcome.provider_code == str(code)[:20]
    assert "private" not in outcome.detail


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 401, 403, 404, 500, 502, 503, 504])
def test_any_other_status_is_a_lost_answer(status: int) -> None:
    assert isinstance(sent({"responseCode": 0, "responseMessage": "Success."}, status), Unreadable)
    assert isinstance(sent({"responseCode": 110, "responseMessage": "Invalid token."}, status), Unreadable)


def test_429_took_nothing() -> None:
    assert sent(b"slow down", 429) == Busy("429")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Please log in</body></html>",
        b"null",
        b"0",
        b'"0"',
        b"[]",
        b'[{"responseCode": 0}]',
        b"{}",
        b'{"responseMessage": "Success."}',
        b'{"responseCode": null}',
        b'{"responseCode": true}',
        b'{"responseCode": false}',
        b'{"responseCode": 0.0}',
        b'{"responseCode": ""}',
        b'{"responseCode": "zero"}',
        '{"responseCode": "０"}'.encode(),
        b'{"responseCode": [0]}',
        b'{"responseCode": NaN}',
        b'{"responseCode": 1e999}',
        b'{"responseCode": 0',
        b'{"responseCode": 0,}',
        b'{"responseCode": 0} trailing',
        b'{"responseCode": 0, "responseCode": 500}',
        b'{"responseCode": 500, "responseCode": 0}',
        b'{"responseCode": ' + b"9" * 5000 + b"}",
        b'{"responseCode": "' + b"0" * 5000 + b'"}',
        b'{"responseCode": ' + b"[" * 100_000,
        '{"responseCode": 0}'.encode("utf-16"),
    ],
)
def test_an_unreadable_answer_is_a_lost_one(body: bytes) -> None:
    assert isinstance(sent(body), Unreadable)


def test_a_field_repeated_alike_is_no_contradiction() -> None:
    assert sent(b'{"responseCode": 0, "responseCode": 0}') == Accepted("0")


# query


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
        ({"responseCode": 500, "responseMessage": "System error.", "status": []}, 200),
        (listing(), 500),
        (listing(), 429),
        (b"<html>", 200),
        (b"", 200),
    ],
)
def test_nothing_is_learned(body: object, status: int) -> None:
    assert isinstance(asked(body, status), Unanswered)


# Receipts: what they mean


def notification(**fields: Any) -> dict[str, Any]:
    basics: dict[str, Any] = {
        "type": "DLR",
        "dateTime": "2024/01/05 09:30:01",
        "messageId": "0001234240105093000100a1B2c3D4e",
        "phoneNumber": "+818012345678",
        "smsCode": "80013",
        "carrierId": "103",
        "carrierName": "NTT Docomo",
        "messageText": "very private",
        "clientId": "1234",
        "clientTag": REFERENCE,
        "statusId": "2",
        "statusDescription": "Message delivered",
        "rawdata": {"carrier": "103", "type": "", "data": {"code": "", "ntwkErr": ""}},
        "detailedStatusId": 2,
        "separatedSuccessCount": 1,
    }
    return basics | fields


def dlr(**fields: Any) -> Receipt:
    (receipt,) = pushed(json.dumps({"eventNotifications": [notification(**fields)]}))
    return receipt


def test_delivered() -> None:
    receipt = dlr()
    assert receipt == Receipt(
        reference=REFERENCE,
        identity=receipt.identity,
        outcome="delivered",
        provider_code="2",
        detail="delivered",
        billed=1,
        carrier="docomo",
        reported_at=ms(2024, 1, 5, 0, 30, 1),
    )


@pytest.mark.parametrize(
    ("category", "reason"),
    [
        ("721", Reason.CARRIER_CONGESTED),
        ("732", Reason.UNKNOWN_SUBSCRIBER),
        ("821", Reason.CARRIER_CONGESTED),
        ("823", Reason.HANDSET_UNREACHABLE),
        ("824", Reason.HANDSET_UNREACHABLE),
        ("833", Reason.HANDSET_UNREACHABLE),
        ("834", Reason.HANDSET_REFUSED),
        ("832", Reason.UNMAPPED),
    ],
)
@pytest.mark.parametrize("module", ["11", "32", "99"])
def test_undelivered(module: str, category: str, reason: Reason) -> None:
    receipt = dlr(statusId="3", detailedStatusId=module + category, separatedSuccessCount=0)
    assert (receipt.outcome, receipt.reason, receipt.provider_code) == ("undelivered", reason, module + category)
    assert receipt.billed is None
    assert "private" not in receipt.detail
    assert receipt == dlr(statusId=3, detailedStatusId=int(module + category), separatedSuccessCount="0")


@pytest.mark.parametrize("detailed", [None, "", "null", 3, "824", "118244", "1182４", ["x", "y"]])
def test_undelivered_for_no_known_reason(detailed: object) -> None:
    receipt = dlr(statusId="3", detailedStatusId=detailed)
    assert (receipt.outcome, receipt.reason) == ("undelivered", Reason.UNMAPPED)
    assert receipt.provider_code


@pytest.mark.parametrize(
    ("state", "code"),
    [("0", "0"), ("1", "1"), (0, "0"), (1, "1"), ("4", "4"), ("sent", "sent"), ("", ""), (None, ""), (True, "")],
)
def test_other_states_say_nothing(state: object, code: str) -> None:
    receipt = dlr(statusId=state, detailedStatusId="11824", separatedSuccessCount=9)
    assert (receipt.outcome, receipt.reason, receipt.billed, receipt.carrier) == (None, None, None, None)
    assert receipt.reference == REFERENCE
    assert receipt.provider_code == code


@pytest.mark.parametrize(
    ("id_", "detailed", "carrier"),
    [
        ("101", "", "au"),
        (102, "", "ymobile"),
        ("103", "", "docomo"),
        ("105", "12832", "softbank"),
        ("106", "", "rakuten"),
        ("999", "14824", "au"),
        (None, "31824", "docomo"),
        ("null", "52824", "softbank"),
        ("", "61824", "rakuten"),
        ("107", "99824", None),
        (None, "", None),
    ],
)
def test_carriers(id_: object, detailed: str, carrier: str | None) -> None:
    assert dlr(statusId="3", carrierId=id_, detailedStatusId=detailed).carrier == carrier


@pytest.mark.parametrize(("count", "billed"), [("4", 4), (0, 0), (None, None), ("null", None), ("", None), (-1, None)])
def test_billed(count: object, billed: int | None) -> None:
    assert dlr(separatedSuccessCount=count).billed == billed


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2024/02/29 00:00:00", ms(2024, 2, 28, 15, 0, 0)),
        ("2024-02-29T00:00:00", ms(2024, 2, 28, 15, 0, 0)),
        ("20240229 000000", ms(2024, 2, 28, 15, 0, 0)),
        ("20240229 000000007", ms(2024, 2, 28, 15, 0, 0, 7)),
        ("2023/02/29 00:00:00", None),
        ("0000/00/00 00:00:00", None),
        ("2024/02/29 24:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_moments(written: str | None, moment: int | None) -> None:
    assert dlr(dateTime=written).reported_at == moment


def test_moments_are_on_the_configured_clock() -> None:
    body = json.dumps({"eventNotifications": notification()}).encode()
    (receipt,) = configured(timezone="UTC").receipts(Callback(kind="dlr", body=body))
    assert receipt.reported_at == ms(2024, 1, 5, 9, 30, 1)


def test_identity_is_of_message_and_state() -> None:
    assert dlr().identity == dlr(dateTime="2024/01/05 09:31:00").identity
    different = {
        dlr().identity,
        dlr(statusId="3").identity,
        dlr(messageId="other").identity,
        dlr(messageId="").identity,
        dlr(messageId="", clientTag="other").identity,
    }
    assert len(different) == 5
    assert all(identity.isalnum() and len(identity) == 12 for identity in different)


@pytest.mark.parametrize("tag", [None, "", "null", 7.5, {}, [], ["a", "b"], "x" * 201, "a\x00b", "\ud800"])
def test_without_a_usable_tag_it_is_an_orphan(tag: object) -> None:
    assert dlr(clientTag=tag).reference == ""


# Receipts: how they are wrapped


def xml(fields: dict[str, Any], prolog: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    def elements(fields: dict[str, Any]) -> str:
        return "".join(
            f"<{name}>{elements(value) if isinstance(value, dict) else f'<![CDATA[{value}]]>'}</{name}>\n"
            for name, value in fields.items()
        )

    each = f'<eventNotification type="DLR">{elements(fields)}</eventNotification>'
    return f"{prolog}<eventNotifications>\n {each}\n</eventNotifications>"


FAILED = {
    "statusId": "3",
    "carrierId": "105",
    "detailedStatusId": "12832",
    "separatedSuccessCount": "0",
    "rawdata": {"carrier": "105", "type": "2", "data": {"code": "null", "status": "2", "msgState": "EXPIRED"}},
}


def wrapped(document: str, name: str) -> list[tuple[bytes, str, tuple[tuple[str, str], ...]]]:
    """One document in every wrapping that occurs."""
    raw = document.encode()
    form = urlencode({name: document}).encode()
    return [
        (form, FORM, ()),
        (form, f"{FORM}; charset=UTF-8", ()),
        (form, "", ()),
        (urlencode({"kind": "x", name.upper(): document}, quote_via=quote).encode(), FORM, ()),
        (raw, f"application/{name}", ()),
        (raw, FORM, ()),
        (b"\xef\xbb\xbf\r\n" + raw, "text/plain", ()),
        (b"", "", ((name, document),)),
    ]


@pytest.mark.parametrize(("body", "content_type", "query"), wrapped(xml(notification()), "xml"))
def test_xml_in_every_wrapping(body: bytes, content_type: str, query: tuple[tuple[str, str], ...]) -> None:
    assert pushed(body, content_type, query) == (dlr(),)


@pytest.mark.parametrize(
    ("body", "content_type", "query"), wrapped(json.dumps({"eventNotifications": [notification()]}), "json")
)
def test_json_in_every_wrapping(body: bytes, content_type: str, query: tuple[tuple[str, str], ...]) -> None:
    assert pushed(body, content_type, query) == (dlr(),)


def test_the_malformed_end_tag_of_the_printed_failure_is_read() -> None:
    document = xml(notification(**FAILED)).replace("</separatedSuccessCount>", "</ separatedSuccessCount>")
    (receipt,) = pushed(urlencode({"xml": document}), FORM)
    assert (receipt.outcome, receipt.reason) == ("undelivered", Reason.UNMAPPED)
    assert (receipt.carrier, receipt.provider_code) == ("softbank", "12832")


def test_the_early_brace_of_the_printed_json_is_read() -> None:
    fields = notification(**FAILED)
    late = {name: fields.pop(name) for name in ("detailedStatusId", "separatedSuccessCount")}
    body = f'{{"eventNotifications": [{json.dumps(fields)},\n {json.dumps(late)[1:-1]}\n]}}'
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(body)
    assert pushed(body) == (dlr(**FAILED),)


@pytest.mark.parametrize("text", ["a]]>b", "\x0b\x1b", "a </ b", "<messageText>"])
def test_no_text_hides_a_receipt(text: str) -> None:
    assert pushed(xml(notification(messageText=text))) == (dlr(),)


def test_a_text_cannot_name_another_message() -> None:
    text = "]]></messageText><clientTag>other</clientTag><messageText><![CDATA["
    (receipt,) = pushed(xml(notification(messageText=text)))
    assert receipt.reference == ""


@pytest.mark.parametrize("name", ["Shift_JIS", "windows-31J", "CP932"])
def test_shift_jis_is_read(name: str) -> None:
    document = xml(notification(messageText="表示ソ①"), f'<?xml version="1.0" encoding="{name}"?>').encode("cp932")
    assert pushed(document) == (dlr(),)
    assert pushed(f"xml={quote(document)}", FORM) == (dlr(),)


def test_undecodable_texts_do_not_matter() -> None:
    document = xml(notification(messageText="@")).encode().replace(b"@", "表示ソ①".encode("cp932"))
    assert pushed(document) == (dlr(),)


def test_several_notifications_are_several_receipts() -> None:
    both = [notification(), notification(statusId="1", clientTag="other")]
    expected = (dlr(), dlr(statusId="1", clientTag="other"))
    assert pushed(json.dumps({"eventNotifications": both})) == expected
    assert pushed(json.dumps(both)) == expected
    one, two = (xml(each).partition(" <event")[2].rpartition("</eventNotifications>")[0] for each in both)
    assert pushed(f"<eventNotifications><event{one}<event{two}</eventNotifications>") == expected


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"eventNotifications": notification()}),
        xml(notification()).replace("<eventNotifications>", "").replace("</eventNotifications>", ""),
        xml({name: value for name, value in notification().items() if name != "rawdata"}),
        json.dumps({"eventNotifications": [notification(rawdata=None)]}),
        json.dumps({"eventNotifications": [notification(rawdata=[{"carrier": "103", "data": [{}]}])]}),
    ],
)
def test_other_shapes(body: str) -> None:
    assert pushed(body) == (dlr(),)


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>'
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "garbage",
        "xml=",
        "xml=garbage",
        "json=",
        "json=null",
        "json={",
        "a=b&c=d",
        "&" * 1000,
        "%",
        "<",
        "<a/>",
        "<a><b></a>",
        "<eventNotifications/>",
        "<eventNotifications><eventNotification/></eventNotifications>",
        "<html><body>503</body></html>",
        "{}",
        "[]",
        "[1]",
        '{"eventNotifications": []}',
        '{"eventNotifications": [{}]}',
        '{"eventNotifications": [{"statusId": {"a": 1}}]}',
        '{"eventNotifications": "none"}',
        "[" * 100_000,
        "<a>" * 50_000,
        BOMB + xml(notification(clientTag="]]>&c;<![CDATA["), ""),
        EXTERNAL + xml(notification(clientTag="]]>&b;<![CDATA["), ""),
        '<!DOCTYPE eventNotifications SYSTEM "http://vendor.test/a.dtd">' + xml(notification(), ""),
        "<!DOCTYPE eventNotifications>" + xml(notification(), ""),
        xml(notification(clientTag="]]>&undeclared;<![CDATA[")),
    ],
)
def test_garbage_is_unreadable(body: str) -> None:
    with pytest.raises(UnreadableCallback):
        pushed(body)


# Whatever comes

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
