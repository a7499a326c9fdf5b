"""The MediaSMS adapter without a socket: requests as built, answers and pushed results as read."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
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
    Guarantee,
    Misfit,
    Provider,
    ProviderType,
    Refused,
    SendOutcome,
    Unanswered,
    Unreadable,
    VendorAnswer,
)
from gateway.providers import TYPES
from gateway.providers.mediasms import TYPE, MediaSMS, MediaSMSSettings, codes
from gateway.settings.load import parse
from gateway.settings.reader import SettingsError

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = "01jd0a1b2c3d4e5f6g7h8j9k0mg1"
FORM = "application/x-www-form-urlencoded"
HEAD, FOOT = "<html><head><title>x</title></head>", "</html>"


def configured(**settings: Any) -> MediaSMS:
    return TYPE.build("media", MediaSMSSettings(**{"username": "shop", "password": Secret("pass:wörd")} | settings))


def content(**fields: Any) -> Content:
    basics = {"to": "+819012345678", "text": "hello", "encoding": "gsm7", "characters": 5, "segments": 1}
    return Content(**basics | fields)


mediasms = configured()
long = configured(long_text=True)
abroad = configured(overseas=True)


def sent(body: bytes | str, status: int = 200) -> SendOutcome:
    return mediasms.send_outcome(VendorAnswer(status, body.encode() if isinstance(body, str) else body, "text/html"))


def form(provider: MediaSMS = mediasms, **fields: Any) -> dict[str, str]:
    return dict(parse_qsl(provider.send_request(content(**fields), REFERENCE).body.decode(), strict_parsing=True))


def pushed(status: str, smsid: str = REFERENCE, encoding: str = "utf-8", **fields: str) -> Receipt:
    body = urlencode({"smsid": smsid, "status": status} | fields, encoding=encoding).encode()
    (receipt,) = mediasms.receipts(Callback(kind="delivery", body=body, content_type=FORM))
    return receipt


def refused(misfit: Misfit | None) -> tuple[str, str]:
    assert misfit
    return misfit.code, misfit.pointer


# Declarations


def test_it_is_what_the_port_asks_for() -> None:
    kind: ProviderType = TYPE
    provider: Provider = mediasms
    assert TYPES["mediasms"] is kind
    assert kind.name == provider.type == "mediasms"
    assert provider.guarantee is Guarantee.BLIND
    assert provider.callback_kinds == {"delivery"}
    assert provider.default_sender == ""
    able = provider.capabilities
    assert (able.messages, able.delivery_reports, able.status_query) == (True, True, False)
    assert able.carriers == {"docomo", "softbank", "au", "ymobile"}
    assert able.countries == {"JP"}
    assert not abroad.capabilities.countries
    assert provider.account == configured(base_url="https://other.example").account == "mediasms/shop"


def test_it_cannot_be_asked() -> None:
    assert mediasms.query_request(REFERENCE) is None
    assert isinstance(mediasms.query_outcome(VendorAnswer(200, b"200"), REFERENCE), Unanswered)


def from_file(text: str) -> MediaSMS:
    client = f'[clients.shop]\nkeys = [{{ sha256 = "{"ab" * 32}", scopes = ["send"] }}]\n'
    provider = parse(f"{client}{text}", TYPES, {"MEDIASMS_PASSWORD": "p", "MEDIASMS_CALLBACK_SECRET": "s" * 16}, ROOT)
    built = provider.providers["media"]
    assert isinstance(built, MediaSMS)
    return built


BARE = '[providers.media]\ntype = "mediasms"\nusername = "shop"\npassword = "p"\n'


def test_settings_have_the_documents_defaults() -> None:
    settings = from_file(BARE).settings
    assert settings.base_url == "https://www.sms-ope.com/sms/api/"
    assert (settings.rate, settings.timeout, settings.concurrency) == (80, 30, 8)
    assert (settings.long_text, settings.overseas, settings.ivr_number) == (False, False, None)


def test_the_commented_example_is_a_configuration() -> None:
    lines = re.findall(r"^#([\[\w].*)$", (ROOT / "gateway.example.toml").read_text(encoding="utf-8"), re.MULTILINE)
    built = from_file("\n".join(lines))
    assert built.settings.ivr_number == "05012345678"
    assert built.settings.callback_secret == Secret("s" * 16)


@pytest.mark.parametrize(
    "line",
    ['username = "a:b"', 'username = ""', 'ivr_number = "0312345678"', "rate = 0", "concurrency = 0", "token = 1"],
)
def test_settings_refuse(line: str) -> None:
    key = line.split()[0]
    others = "".join(each + "\n" for each in BARE.splitlines() if not each.startswith(f"{key} "))
    with pytest.raises(SettingsError) as caught:
        from_file(others + line)
    assert [problem.path for problem in caught.value.problems] == [f"providers.media.{key}"]


# What fits


@pytest.mark.parametrize("prefix", ["60", "70", "80", "90", "20"])
def test_domestic_numbers(prefix: str) -> None:
    assert mediasms.misfit(content(to=f"+81{prefix}12345678")) is None
    assert form(to=f"+81{prefix}12345678")["mobilenumber"] == f"0{prefix}12345678"


@pytest.mark.parametrize("to", ["+81312345678", "+8120012345678", "+8190123456789", "+14155550123", "+821012345678"])
def test_other_numbers_do_not_fit(to: str) -> None:
    assert refused(mediasms.misfit(content(to=to))) == ("invalid_number", "/to")


def test_numbers_abroad() -> None:
    assert abroad.misfit(content(to="+14155550123")) is None
    sending = form(abroad, to="+821012345678", carrier="au")
    assert (sending["mobilenumber"], sending["mobilecareer"]) == ("821012345678", "c")
    assert refused(abroad.misfit(content(to="+6591234567"))) == ("invalid_number", "/to")
    assert refused(abroad.misfit(content(to="+81312345678"))) == ("invalid_number", "/to")


FITS = [("a" * 140, None), ("ｱ" * 140, None), ("あ" * 70, "docomo"), ("あ" + "a" * 69, None), ("あ" + "a" * 138, "au")]
FITS += [("あ" + "a" * 67 + "\n", None), ("a" * 138 + "\r\n", None)]
OVER = [("a" * 141, None), ("あ" * 71, None), ("あ" + "a" * 70, "docomo"), ("あ" + "a" * 139, "au")]
OVER += [("あ" + "a" * 68 + "\n", None), ("あ" + "a" * 68 + "\r\n", None), ("a" * 139 + "\n", None)]
FITS_LONG = [("あ" * 670, None), ("a" * 670, "au"), ("あ" * 668 + "\n", None)]
OVER_LONG = [("あ" * 671, None), ("a" * 671, "au"), ("あ" * 669 + "\n", None)]


@pytest.mark.parametrize(
    ("provider", "fits", "text", "carrier"),
    [
        *((mediasms, True, *each) for each in FITS),
        *((mediasms, False, *each) for each in OVER),
        *((long, True, *each) for each in FITS_LONG),
        *((long, False, *each) for each in OVER_LONG),
    ],
)
def test_lengths(provider: MediaSMS, fits: bool, text: str, carrier: str | None) -> None:
    misfit = provider.misfit(content(text=text, carrier=carrier))
    assert (misfit is None) == fits
    if misfit:
        assert (misfit.code, misfit.pointer) == ("too_long", "/text")
        most, has = (int(number) for number in re.findall(r"\d+", misfit.detail))
        assert (most in (70, 140, 670), most < has) == (True, True)


@pytest.mark.parametrize("character", "①№㈱ⅰ髙﨑＂😀€—¥\u3099\ue000\uf8f0\x80\ud800")
def test_strangers_are_named(character: str) -> None:
    misfit = mediasms.misfit(content(text=f"あ{character}い{character}"))
    assert refused(misfit) == ("content_refused", "/text")
    assert misfit
    assert misfit.detail.count(f"U+{ord(character):04X}") == 1
    misfit.detail.encode()


def test_many_strangers_are_not_all_named() -> None:
    misfit = mediasms.misfit(content(text="①②③④⑤⑥⑦"))
    assert re.search(r": ① \(U\+2460\), .* and 2 more$", misfit.detail if misfit else "")


def test_common_characters_fit() -> None:
    assert mediasms.misfit(content(text="ｱﾞ、。・～〜−－∥‖￥≒≡∫√⊥∠∩∪∵￢¬аЯαΩ─┃々〆ヶ熙\n")) is None


@pytest.mark.parametrize("sender", ["a", "123456", "abcdefghijkl", "a b", "a-b", "店舗", "ab\n"])
def test_other_senders_do_not_fit(sender: str) -> None:
    assert refused(mediasms.misfit(content(sender=sender))) == ("sender_not_allowed", "/from")


def test_senders_and_subjects() -> None:
    assert [mediasms.misfit(content(sender=sender)) for sender in ("ab", "7eleven", "ABCDEFGHIJ1")] == [None] * 3
    assert refused(mediasms.misfit(content(subject="x"))) == ("unsupported", "/subject")


# Requests


def test_a_send_is_a_form() -> None:
    request = mediasms.send_request(content(text="1+1 = 2&あ\n", carrier="rakuten"), REFERENCE)
    assert (request.method, request.url) == ("POST", "https://www.sms-ope.com/sms/api/")
    headers = dict(request.headers)
    assert headers["Content-Type"] == FORM
    assert b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == "shop:pass:wörd"
    assert quote("1+1 = 2&あ\n", safe="").encode() in request.body
    assert b"%2B" in request.body
    assert b"+" not in request.body
    assert form(text="1+1 = 2&あ\n", carrier="rakuten") == {
        "mobilenumber": "09012345678",
        "smstext": "1+1 = 2&あ\n",
        "status": "1",
        "smsid": REFERENCE,
        "method": "1",
    }
    assert "wörd" not in repr(mediasms.settings)


@pytest.mark.parametrize(("carrier", "id_"), [("docomo", "1"), ("softbank", "2"), ("au", "3"), ("ymobile", "4")])
def test_carriers_and_senders_are_passed(carrier: str, id_: str) -> None:
    sending = form(carrier=carrier, sender="Shop1")
    assert (sending["mobilecareer"], sending["smstitle"]) == (id_, "Shop1")


def test_the_endpoint_ends_with_a_slash() -> None:
    for url in ("http://x/sms/api", "http://x/sms/api/"):
        assert configured(base_url=url).send_request(content(), REFERENCE).url == "http://x/sms/api/"


# Answers

WRAPPED = [
    "{}",
    " {}\r\n",
    "\ufeff{}",
    f"{HEAD}<body>{{}}</body>{FOOT}",
    "<!DOCTYPE html>\n<p class='a'>\n{}</p><!-- b -->",
]


def answers(code: str) -> list[str]:
    jsons = [f'{{"result":"{code}"}}', f'{{ "result" : {code}, "more": [] }}']
    return [wrapping.replace("{}", code) for wrapping in WRAPPED] + jsons


def test_accepted() -> None:
    assert {sent(body) for body in answers("200")} == {Accepted("200")}


@pytest.mark.parametrize(
    ("code", "reason", "about"),
    [
        ("401", Reason.AUTHENTICATION_FAILED, "account"),
        ("402", Reason.QUOTA_EXCEEDED, "account"),
        ("414", Reason.TOO_LONG, "message"),
        ("550", Reason.PROVIDER_ERROR, "vendor"),
        ("555", Reason.SOURCE_ADDRESS_REFUSED, "account"),
        ("557", Reason.SOURCE_ADDRESS_REFUSED, "account"),
        *((code, Reason.PROVIDER_ERROR, "vendor") for code in ("556", "560", "561", "567", "568")),
        *((code, Reason.SENDER_NOT_ALLOWED, "account") for code in ("615", "616", "617")),
    ],
)
def test_refused(code: str, reason: Reason, about: str) -> None:
    for outcome in [*map(sent, answers(code)), *(sent(body, int(code)) for body in ["", " \n", *answers(code)])]:
        assert isinstance(outcome, Refused)
        assert (outcome.reason, outcome.about, outcome.provider_code) == (reason, about, code)


def test_over_the_rate_nothing_was_taken() -> None:
    bodies = answers("503")
    assert {sent(body) for body in bodies} == {sent(body, 503) for body in ["", *bodies]} == {Busy("503")}


WORDS = ["", " ", "200 OK", "0200", "２００", "999", '["200"]', '{"result":"200"', '{"result":""}', '{"result":null}']
TWICE = ['{"result":"200","result":"550"}', "<p>200</p><p>200</p>", "<p>" * 2000 + "200"]
PAGES = ["<html></html>", "<form>200</form>", "<script>200</script>", "<title>200</title>", '{"code":"200"}']
ELSE = [*((200, body) for body in [*WORDS, *TWICE, *PAGES]), *((500, body) for body in ("", "200", "500"))]
ELSE += [(201, "200"), (201, ""), (302, ""), (401, "200"), (401, "550"), (401, "<h1>401 Unauthorized</h1>")]
ELSE += [(503, "200"), (503, "<html></html>"), (503, "<html><body><h1>503 Service Unavailable</h1></body></html>")]


@pytest.mark.parametrize(("status", "body"), ELSE)
def test_anything_else_is_a_lost_answer(status: int, body: str) -> None:
    assert isinstance(sent(body, status), Unreadable)


# Pushed results

OUTCOMES = {
    "1": ("delivered", None, None),
    "0": ("undelivered", Reason.CARRIER_FAULT, None),
    "10": ("undelivered", Reason.HANDSET_UNREACHABLE, "au"),
    "11": ("undelivered", Reason.CARRIER_FAULT, "au"),
    "18": ("undelivered", Reason.HANDSET_UNREACHABLE, "docomo"),
    "19": ("undelivered", Reason.CARRIER_FAULT, "docomo"),
    "20": ("undelivered", Reason.HANDSET_REFUSED, None),
    **dict.fromkeys(("2", "6", "14", "30", "33"), (None, None, None)),
}


def test_every_listed_status_by_number_and_word() -> None:
    assert OUTCOMES.keys() == codes.RESULTS.keys()
    for number, expected in OUTCOMES.items():
        word = codes.RESULTS[number].word
        receipt = pushed(number)
        assert (receipt.outcome, receipt.reason, receipt.carrier) == expected
        assert (receipt.reference, receipt.provider_code) == (REFERENCE, number)
        spaced = word.replace("圏外", " 圏外 ").replace("・", "･")
        for other in (pushed(word), pushed(word, encoding="cp932"), pushed(spaced), pushed(f" {number}")):
            assert other == receipt


@pytest.mark.parametrize(
    ("status", "code"), [("99", "99"), ("配信待ち", "配信待ち"), ("x" * 60, "x" * 40), ("-1", "-1")]
)
def test_an_unlisted_status_says_nothing(status: str, code: str) -> None:
    receipt = pushed(status)
    assert (receipt.outcome, receipt.reason, receipt.provider_code) == (None, None, code)
    assert "no document" in receipt.detail


def test_identity_is_of_message_and_status() -> None:
    assert pushed("18", smstext="a").identity == pushed("18", REFERENCE.upper(), smstext="b").identity
    assert len({pushed(s, i).identity for s in ("18", "10", "1", "99", "新") for i in ("a1", "a2")}) == 10


def test_a_push_in_the_query() -> None:
    query = (("smsid", REFERENCE), ("status", "送信済"), ("smstext", "あ"))
    kept = "送信済".encode("cp932").decode("utf-8", "surrogateescape")
    for pairs in (query, (("smsid", REFERENCE), ("status", kept))):
        assert mediasms.receipts(Callback(kind="delivery", query=pairs)) == (pushed("1"),)


def test_undecodable_texts_do_not_matter() -> None:
    body = f"smstext=%FF%81&smsid={REFERENCE}&status=1&authcode=1234".encode()
    assert mediasms.receipts(Callback(kind="delivery", body=body)) == (pushed("1"),)


GARBAGE = [b"", b"{}", b"status=1", b"smsid=a", b"smsid=&status=1", b"smsid=a&status=+", b"smsid=a&smsid=b&status=1"]
GARBAGE += [b"smsid=a&status=1&status=18", b"smsid=%00&status=1", b"smsid=a&status=" + b"1" * 300, b"&a=1" * 200]


@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableCallback):
        mediasms.receipts(Callback(kind="delivery", body=body, content_type=FORM))


# Whatever comes

SAID = st.sampled_from([b"200", b"503", b"<html>", b"</p>", b'{"result":', b"}", b'"', b"<!--", b"-->", b"[", b"\xff"])
PAIRS = st.sampled_from([b"smsid=", b"status=", b"a1", b"18", b"&", b"%", b"%91%97", b"=", b";", b"+", b"\xef\xbb\xbf"])


@given(st.binary(max_size=60) | st.lists(SAID, max_size=12).map(b"".join), st.integers(100, 599))
def test_no_answer_raises(body: bytes, status: int) -> None:
    outcome = sent(body, status)
    assert isinstance(outcome, Accepted | Busy | Refused | Unreadable)
    if isinstance(outcome, Accepted):
        assert status == 200
        assert b"200" in body


@given(st.binary(max_size=60) | st.lists(PAIRS, max_size=12).map(b"".join), st.lists(st.tuples(st.text(), st.text())))
def test_no_callback_raises_anything_else(body: bytes, query: list[tuple[str, str]]) -> None:
    named = (*query, ("smsid", "a1"), ("status", query[0][1])) if query else ()
    try:
        (receipt,) = mediasms.receipts(Callback(kind="delivery", body=body, query=named))
    except UnreadableCallback:
        return
    assert len(receipt.provider_code) <= 40


@given(st.text(max_size=200), st.sampled_from([None, "au", "docomo"]))
def test_no_text_raises(text: str, carrier: str | None) -> None:
    asked = content(text=text, carrier=carrier)
    misfit = mediasms.misfit(asked)
    if misfit is None:
        assert form(text=text, carrier=carrier).get("smstext", "") == text
        assert len(text.encode("cp932")) <= 140
