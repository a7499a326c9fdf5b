"""The AI CROSS adapter without a socket: what it declares, what fits it, sending."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway import routing
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.provider import (
    Accepted,
    Busy,
    Duplicate,
    Guarantee,
    Provider,
    ProviderType,
    Refused,
    SendOutcome,
    Unreadable,
    VendorAnswer,
)
from gateway.providers.aicross import TYPE, AICross, AICrossSettings
from gateway.settings.load import parse
from gateway.settings.reader import SettingsError
from tests.providers.aicross_tools import REFERENCE, aicross, configured
from tests.providers.bench import FORM


def content(**fields: Any) -> Content:
    basics = {"to": "+819012345678", "text": "hello", "encoding": "gsm7", "characters": 5, "segments": 1}
    return Content(**basics | fields)


def sent(body: object, status: int = 200) -> SendOutcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return aicross.send_outcome(VendorAnswer(status, raw, "application/json"))


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
    assert provider.capabilities.countries == {"JP"}
    assert (provider.capabilities.characters, provider.capabilities.octets, provider.capabilities.receivers) == (
        660,
        None,
        1,
    )
    assert provider.capabilities.sender
    assert not provider.capabilities.subject
    assert not provider.capabilities.balance
    assert not provider.guarded_login


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
    assert settings.reconcile_after > 20 * 60, "KDDI's failures take so long (2.1)"
    assert settings.prefixes == ("070", "080", "090")
    assert (settings.exclusive, settings.usage_client_id) == (False, None)
    assert settings.timezone == "Asia/Tokyo"
    assert [from_file(usage_client_id=f'"{each}"').settings.usage_client_id for each in ("all", "77")] == ["all", "77"]


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
        ("usage_client_id", '"every"'),
        ("usage_client_id", '"12a"'),
        ("usage_client_id", '""'),
        ("usage_client_id", '"ALL"'),
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
    assert routing.misfit(aicross, content(text=character * 660)) is None
    misfit = routing.misfit(aicross, content(text=character * 661))
    assert misfit is not None
    assert (misfit.code, misfit.pointer) == ("too_long", "/text")


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"subject": "s"}, "unsupported", "/subject"),
        ({"to": "+821012345678"}, "invalid_number", "/to"),
        ({"text": "", "template": "demo_sample_01"}, "unsupported", "/template/id"),
    ],
)
def test_what_the_vendor_has_not_does_not_fit(fields: dict[str, Any], code: str, pointer: str) -> None:
    misfit = routing.misfit(aicross, content(**fields))
    assert misfit is not None
    assert (misfit.code, misfit.pointer) == (code, pointer)


@pytest.mark.parametrize("sender", ["8001", "8001300", "ACME1", "８００１３", ""])
def test_a_sender_has_five_or_six_digits(sender: str) -> None:
    assert aicross.misfit(content(sender="80013")) is None
    assert aicross.misfit(content(sender="800131")) is None
    misfit = aicross.misfit(content(sender=sender))
    assert misfit is not None
    assert (misfit.code, misfit.pointer) == ("sender_not_allowed", "/from")


# warnings, measure


@pytest.mark.parametrize("text", ["", "hello\r\n~\\", "こんにちは、世界。漢字ガギグ…〜−¥", "ＡＢＣ１２３", "αβγ Жж"])
def test_texts_that_arrive_everywhere(text: str) -> None:
    assert aicross.warnings(content(text=text)) == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("やあ😀", "😀 (U+1F600)."),
        ("①", "① (U+2460)."),
        ("ｶﾅ", "ｶ (U+FF76), ﾅ (U+FF85)."),
        ("髙㈱髙", "髙 (U+9AD9), ㈱ (U+3231)."),
        ("10～20", "～ (U+FF5E)."),
        ("a\u200bb", ": U+200B."),
        ("①②③④⑤", "⑤ (U+2464)."),
        ("①②③④⑤⑥⑦①", "⑤ (U+2464) and 2 more."),
    ],
)
def test_what_may_arrive_garbled_is_named(text: str, named: str) -> None:
    (warning,) = aicross.warnings(content(text=text))
    assert warning.endswith(named)
    assert "ISO-2022-JP" in warning
    assert warning.count("(") <= 5


def test_parts_are_estimated_as_on_the_air() -> None:
    assert [aicross.measure(text).count for text in ("a" * 160, "a" * 161, "あ" * 70, "あ" * 71)] == [1, 2, 1, 2]


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


ITEMS = {
    "token": (Reason.AUTHENTICATION_FAILED, "account"),
    "clientId": (Reason.AUTHENTICATION_FAILED, "account"),
    "smsCode": (Reason.SENDER_NOT_ALLOWED, "account"),
    "message": (Reason.CONTENT_REFUSED, "message"),
    "phoneNumber": (Reason.INVALID_NUMBER, "message"),
    "carrierId": (Reason.PROVIDER_ERROR, "vendor"),
    "clientTag": (Reason.PROVIDER_ERROR, "vendor"),
    "scheduleTime": (Reason.PROVIDER_ERROR, "schedule"),
    "groupTag": (Reason.PROVIDER_ERROR, "vendor"),
}
"""Every parameter of mt.json (2.1.1): what it means that the vendor complains of it."""


@pytest.mark.parametrize(("code", "message"), [(100, "Required {}."), (110, "Invalid {}."), (120, "{} too long.")])
@pytest.mark.parametrize("item", ITEMS)
def test_refused_over_a_parameter(code: int, message: str, item: str) -> None:
    reason, about = ITEMS[item]
    if (code, item) == (120, "message"):
        reason = Reason.TOO_LONG
    for spelled in (message.format(item), message.format(item)[:-1].upper()):
        outcome = sent({"responseCode": code, "responseMessage": spelled, "smsMessage": "very private"})
        assert isinstance(outcome, Refused)
        assert (outcome.reason, outcome.about, outcome.provider_code) == (reason, about, str(code))
        assert "private" not in outcome.detail


@pytest.mark.parametrize(
    ("code", "message", "reason", "about"),
    [
        (110, "Invalid phone number", Reason.INVALID_NUMBER, "message"),
        (110, "", Reason.PROVIDER_ERROR, "vendor"),
        (110, None, Reason.PROVIDER_ERROR, "vendor"),
        (110, "Invalid {item}.", Reason.PROVIDER_ERROR, "vendor"),
        (300, "Exceed sending count.", Reason.QUOTA_EXCEEDED, "account"),
        (500, "System error.", Reason.PROVIDER_ERROR, "vendor"),
        (1, "Invalid phoneNumber.", Reason.PROVIDER_ERROR, "vendor"),
        (130, "Already send.", Reason.PROVIDER_ERROR, "vendor"),
        (140, "Past scheduleTime.", Reason.PROVIDER_ERROR, "vendor"),
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
