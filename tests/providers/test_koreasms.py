"""The koreasms adapter without a socket: requests as built, answers as read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UnreadableCallback
from gateway.model.phone import InvalidNumber, parse
from gateway.model.segments import Segments
from gateway.model.values import Secret
from gateway.provider import (
    Callback,
    Guarantee,
    Misfit,
    Provider,
    ProviderType,
    Unanswered,
    VendorAnswer,
)
from gateway.providers import TYPES
from gateway.providers.koreasms import TYPE, KoreaSMS
from gateway.routing import misfit
from gateway.settings.load import parse as read
from gateway.settings.reader import SettingsError
from tests.providers.koreasms_tools import BARE, TO, configured, content, koreasms, said


def form(provider: KoreaSMS = koreasms, further: tuple[str, ...] = (), **fields: Any) -> dict[str, str]:
    request = provider.send_request(content(**fields), "a1", further)
    return dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True, keep_blank_values=True))


def refused(found: Misfit | None) -> tuple[str, str]:
    assert found
    return found.code, found.pointer


# Declarations


def test_it_is_what_the_port_asks_for() -> None:
    kind: ProviderType = TYPE
    provider: Provider = koreasms
    assert TYPES["koreasms"] is kind
    assert kind.name == provider.type == "koreasms"
    assert kind.guarantee is provider.guarantee is Guarantee.BLIND
    able = provider.capabilities
    assert kind.capabilities is able
    assert (able.messages, able.subject, able.sender, able.balance) == (True, True, True, True)
    assert (able.countries, able.octets, able.charset, able.receivers) == ({"KR"}, 2000, "cp949", 100)
    assert (able.delivery_reports, able.status_query, able.usage, able.short_urls) == (False, False, False, False)
    assert provider.default_sender == BARE["sender"]
    assert not provider.guarded_login


def test_there_is_nothing_to_ask_about_a_message_and_nothing_is_pushed() -> None:
    assert koreasms.query_request("a1") is None
    assert isinstance(koreasms.query_outcome(VendorAnswer(200, said().encode()), "a1"), Unanswered)
    assert not koreasms.callback_kinds
    with pytest.raises(UnreadableCallback):
        koreasms.receipts(Callback(kind="delivery", body=b"status=1"))


def test_the_account_is_the_site_and_the_id() -> None:
    account = configured(base_url="http://Site.example.kr:8080/a").account
    assert account == "koreasms/site.example.kr:8080/shop"
    assert koreasms.account == configured(key=Secret("other"), base_url="http://site.example.kr/").account
    assert "abc+def/" not in repr(koreasms.settings)


# Settings


def from_file(**settings: str) -> KoreaSMS:
    lines = [f"{name} = {json.dumps(value)}" for name, value in (BARE | settings).items() if value != "-"]
    clients = f'[clients.shop]\nkeys = [{{ sha256 = "{"ab" * 32}", scopes = ["send"] }}]\n'
    text = clients + '[providers.korea]\ntype = "koreasms"\n' + "\n".join(lines)
    built = read(text, TYPES, {}, Path("/")).providers["korea"]
    assert isinstance(built, KoreaSMS)
    return built


def test_settings_have_defaults() -> None:
    settings = from_file().settings
    assert (settings.rate, settings.timeout, settings.concurrency) == (100, 30, 8)
    assert (settings.separator, settings.timezone) == (" ", "Asia/Seoul")
    assert settings.key == Secret("abc+def/")


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "http://site.example.kr"},
        {"key": "k" * 20, "id": "i" * 20, "sender": "1" * 20},
        {"sender": "1544-1234"},
        *({"separator": separator} for separator in " |,"),
    ],
)
def test_settings_take(settings: dict[str, str]) -> None:
    for name, value in settings.items():
        kept = getattr(from_file(**settings).settings, name)
        assert (kept.reveal() if isinstance(kept, Secret) else kept) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("key", "id", "sender") for value in ("-", "", "1" * 21, "12 34")),
        ("base_url", "-"),
        ("base_url", "ftp://site.example.kr"),
        ("sender", "+82212345678"),
        ("sender", "---"),
        ("separator", ";"),
        ("separator", ""),
        ("token", "x"),
    ],
)
def test_settings_refuse(name: str, value: str) -> None:
    """A value of "-" leaves the key out."""
    with pytest.raises(SettingsError) as caught:
        from_file(**{name: value})
    assert [problem.path for problem in caught.value.problems] == [f"providers.korea.{name}"]


# What fits


@pytest.mark.parametrize(
    "number",
    ["01012345678", "01098765432", *(f"01{digit}{rest}" for digit in "16789" for rest in ("2345678", "23456789"))],
)
def test_mobile_numbers(number: str) -> None:
    to = "+82" + number[1:]
    assert misfit(koreasms, content(to=to)) is None
    assert form(to=to)["receiver"] == number


@pytest.mark.parametrize(
    "to",
    ["+82212345678", "+8215441234", "+827012345678", "+82101234567", "+8210123456789", "+82151234567", "+819012345678"],
)
def test_other_numbers_do_not_fit(to: str) -> None:
    assert refused(misfit(koreasms, content(to=to))) == ("invalid_number", "/to")
    assert refused(koreasms.misfit(content(to=to))) == ("invalid_number", "/to")


@given(st.from_regex(r"0(1[0-9]|2|70|15)[0-9]{6,9}", fullmatch=True))
def test_every_korean_mobile_the_gateway_takes_fits(number: str) -> None:
    try:
        to = parse(number, "KR")
    except InvalidNumber:
        return
    # libphonenumber also takes 010 with seven digits behind it, of which there are none.
    assert (koreasms.misfit(content(to=to)) is None) == (to[3:5] != "10" or len(to) == 13)


@pytest.mark.parametrize(
    "text",
    ["a" * 2000, "가" * 1000, "뷁" * 1000, "a\n" * 1000, "\r\n" * 1000, "가" * 999 + "a\n"],
)
def test_2000_bytes_in_cp949_fit_and_one_more_does_not(text: str) -> None:
    assert koreasms.misfit(content(text=text)) is None
    found = koreasms.misfit(content(text=text + "a"))
    assert found == Misfit("too_long", "it takes at most 2000 bytes in CP949, this text has 2001", "/text")


def test_64_characters_of_a_subject_fit_and_one_more_does_not() -> None:
    for subject in ("", "a" * 64, "가" * 64):
        assert koreasms.misfit(content(subject=subject)) is None
    found = koreasms.misfit(content(subject="가" * 65))
    assert found == Misfit("too_long", "it takes at most 64 characters of a subject", "/subject")
    (cut,) = koreasms.warnings(content(text="long " * 20, subject="가" * 33))
    assert cut == "a site that counts bytes may cut this subject off after 64 of them"


@pytest.mark.parametrize("character", "😀₩髙ᄀé\x80\xa0\ud800")
@pytest.mark.parametrize("field", ["text", "subject"])
def test_strangers_are_named(field: str, character: str) -> None:
    found = koreasms.misfit(content(**{field: f"가{character}나{character}"}))
    assert refused(found) == ("content_refused", f"/{field}")
    assert found
    assert found.detail.count(f"U+{ord(character):04X}") == 1
    assert (character in found.detail) == character.isprintable()
    found.detail.encode()


def test_many_strangers_are_not_all_named() -> None:
    found = koreasms.misfit(content(text="가😀😁😂😃😄😅😆"))
    assert found
    assert found.detail.endswith(": 😀 (U+1F600), 😁 (U+1F601), 😂 (U+1F602), 😃 (U+1F603), 😄 (U+1F604) and 2 more")


def test_what_cp949_has_fits() -> None:
    assert koreasms.misfit(content(text="똠방각하 뷁ㅋ~ €￦® 漢字 あ①ⓐ\t\n")) is None


@pytest.mark.parametrize(
    ("written", "number"),
    [("15441234", "15441234"), ("1544-1234", "15441234"), ("010-1234-5678", "01012345678"), ("1" * 20, "1" * 20)],
)
def test_senders(written: str, number: str) -> None:
    assert koreasms.misfit(content(sender=written)) is None
    assert form(sender=written)["send_number"] == number


@pytest.mark.parametrize("sender", ["", "-", "Shop", "02 123 4567", "+82212345678", "1" * 21, "０２", "12\n"])
def test_other_senders_do_not_fit(sender: str) -> None:
    assert refused(koreasms.misfit(content(sender=sender))) == ("sender_not_allowed", "/from")


def test_one_part_whatever_the_length() -> None:
    assert koreasms.measure("가" * 40) == Segments("cp949", 40, 1)
    assert koreasms.measure("가" * 1000) == Segments("cp949", 1000, 1)


def test_warnings_about_subjects() -> None:
    short, long = "가" * 40, "가" * 40 + "a"
    for fine in (content(text=short), content(text=short, subject=""), content(text=long, subject="x")):
        assert koreasms.warnings(fine) == ()
    (shown_only,) = koreasms.warnings(content(text=short, subject="x"))
    assert shown_only == "the subject is shown only with texts over 80 bytes"
    for none in (None, ""):
        (default,) = koreasms.warnings(content(text=long, subject=none))
        assert "제목없음" in default


# Requests


def test_a_send_is_a_form() -> None:
    request = koreasms.send_request(content(text="1+1 = 2&가\n"), "a1")
    assert (request.method, request.url) == ("POST", "https://site.example.kr/messages/api")
    assert dict(request.headers) == {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    assert quote("1+1 = 2&가\n", safe="").encode() in request.body
    assert b"%2B" in request.body
    assert b"%20" in request.body
    assert b"+" not in request.body
    assert form(text="1+1 = 2&가\n") == {
        "key": "abc+def/",
        "id": "shop",
        "send_number": "0212345678",
        "message": "1+1 = 2&가\n",
        "receiver": "01012345678",
    }


def test_a_subject_is_sent_where_there_is_one() -> None:
    assert form(subject="제목")["subject"] == "제목"
    assert "subject" not in form(subject="")


def test_no_send_datetime_is_sent() -> None:
    assert "send_datetime" not in form()


def test_a_base_url_may_end_with_a_slash_and_have_a_path() -> None:
    for url in ("http://x/site", "http://x/site/"):
        provider = configured(base_url=url)
        assert provider.send_request(content(), "a1").url == "http://x/site/messages/api"
        assert provider.balance().request.url == "http://x/site/messages/balance"


@pytest.mark.parametrize("separator", [" ", "|", ","])
def test_several_receivers(separator: str) -> None:
    provider = configured(separator=separator)
    sending = form(provider, further=("+821112345678", "+82161234567"))
    assert sending["receiver"] == separator.join(["01012345678", "01112345678", "0161234567"])


def test_at_most_100_receivers_none_of_them_twice() -> None:
    others = tuple(f"+8210{n:08}" for n in range(100))
    assert len(form(further=others[:99])["receiver"].split(" ")) == 100
    for further in (others, (TO,), others[:2] + others[:1]):
        with pytest.raises(AssertionError):
            koreasms.send_request(content(), "a1", further)


# Whatever comes


@given(st.text(max_size=2100) | st.text(st.characters(codec="cp949"), max_size=1100), st.text(max_size=64))
def test_no_text_raises_and_what_fits_arrives(text: str, subject: str) -> None:
    asked = content(text=text, subject=subject)
    koreasms.warnings(asked)
    if koreasms.misfit(asked) is None:
        sending = form(text=text, subject=subject)
        assert sending["message"].encode("cp949").decode("cp949") == text
        assert len(text.encode("cp949")) <= 2000
        assert sending.get("subject", "") == subject
