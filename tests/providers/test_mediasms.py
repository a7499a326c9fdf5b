"""The MediaSMS adapter: what it declares and reads from a configuration, whom it sends to, requests as built."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.model.ids import new_id, reference
from gateway.model.values import Secret
from gateway.provider import Guarantee, Provider, ProviderType, Unanswered, VendorAnswer
from gateway.providers import TYPES
from gateway.providers.mediasms import TYPE, MediaSMS
from gateway.settings.load import parse
from gateway.settings.reader import SettingsError
from tests.providers.bench import FORM
from tests.providers.mediasms_tools import REFERENCE, abroad, configured, content, form, long, mediasms, misfit, refused

ROOT = Path(__file__).resolve().parents[2]

# Declarations


def test_it_is_what_the_port_asks_for() -> None:
    kind: ProviderType = TYPE
    provider: Provider = mediasms
    assert TYPES["mediasms"] is kind
    assert kind.name == provider.type == "mediasms"
    assert provider.guarantee is Guarantee.BLIND
    assert "delivery" in provider.callback_kinds
    assert provider.default_sender == ""
    able = provider.capabilities
    assert (able.messages, able.delivery_reports, able.status_query, able.templates) == (True, True, False, True)
    assert able.carriers == {"docomo", "softbank", "au", "ymobile"}
    assert able.countries == {"JP"}
    assert not abroad.capabilities.countries
    assert (able.charset, able.octets, able.characters, able.receivers) == ("cp932", 140, None, 1)
    assert (long.capabilities.octets, long.capabilities.characters) == (1340, 670)
    assert provider.account == configured(base_url="https://other.example").account == "mediasms/shop"


def test_it_cannot_be_asked() -> None:
    assert mediasms.query_request(REFERENCE) is None
    assert isinstance(mediasms.query_outcome(VendorAnswer(200, b"200"), REFERENCE), Unanswered)
    assert mediasms.balance() is mediasms.usage("2026-11", 0) is mediasms.templates() is None


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
    section = re.search(r"^\[providers\.media\][^\[]*", "\n".join(lines), re.MULTILINE)
    assert section
    built = from_file(section[0])
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


# Whom it sends to


@pytest.mark.parametrize("prefix", ["60", "70", "80", "90", "20"])
def test_domestic_numbers(prefix: str) -> None:
    asked = content(to=f"+81{prefix}12345678")
    assert misfit(asked) is None
    assert form(asked)["mobilenumber"] == f"0{prefix}12345678"


@pytest.mark.parametrize("to", ["+81312345678", "+8120012345678", "+8190123456789", "+14155550123", "+821012345678"])
def test_other_numbers_do_not_fit(to: str) -> None:
    assert refused(content(to=to)) == ("invalid_number", "/to")
    found = mediasms.misfit(content(to=to))
    assert found
    assert found.code == "invalid_number", "also where the capabilities are not asked first"


@pytest.mark.parametrize("to", ["+14155550123", "+447400123456", "+821012345678", "+123456789012345"])
def test_numbers_abroad(to: str) -> None:
    """Digits without a plus, 11 or more; and c where a carrier's value would stand."""
    asked = content(to=to, carrier="au", sender="Shop1")
    assert misfit(asked, abroad) is None
    sending = form(asked, abroad)
    assert (sending["mobilenumber"], sending["mobilecareer"], sending["smstitle"]) == (to[1:], "c", "Shop1")


@pytest.mark.parametrize("to", ["+6591234567", "+3706011234", "+81312345678", "+8120012345678"])
def test_other_numbers_abroad_do_not_fit(to: str) -> None:
    assert refused(content(to=to), abroad) == ("invalid_number", "/to")


def test_japan_is_not_abroad() -> None:
    assert "mobilecareer" not in form(content(), abroad)
    assert form(content(carrier="au"), abroad)["mobilecareer"] == "3"


@pytest.mark.parametrize("sender", ["a", "123456", "abcdefghijkl", "a b", "a-b", "店舗", "ab\n"])
def test_other_senders_do_not_fit(sender: str) -> None:
    assert refused(content(sender=sender)) == ("sender_not_allowed", "/from")


def test_senders_and_subjects() -> None:
    assert [misfit(content(sender=sender)) for sender in ("ab", "7eleven", "ABCDEFGHIJ1")] == [None] * 3
    assert refused(content(subject="x")) == ("unsupported", "/subject")


# Requests


def test_a_send_is_a_form() -> None:
    asked = content(text="1+1 = 2&あ\n", carrier="rakuten")
    request = mediasms.send_request(asked, REFERENCE)
    assert (request.method, request.url) == ("POST", "https://www.sms-ope.com/sms/api/")
    headers = dict(request.headers)
    assert headers["Content-Type"] == FORM
    assert b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == "shop:pass:wörd"
    assert quote("1+1 = 2&あ\n", safe="").encode() in request.body
    assert b"%2B" in request.body
    assert b"+" not in request.body
    assert form(asked) == {
        "mobilenumber": "09012345678",
        "smstext": "1+1 = 2&あ\n",
        "status": "1",
        "smsid": REFERENCE,
        "method": "1",
    }
    assert "wörd" not in repr(mediasms.settings)


def test_every_reference_is_an_smsid() -> None:
    """1 to 50 letters and digits."""
    for generation in (1, 999_999_999):
        assert re.fullmatch("[A-Za-z0-9]{1,50}", reference(new_id("00", 1_800_000_000_000), generation))


@pytest.mark.parametrize(("carrier", "id_"), [("docomo", "1"), ("softbank", "2"), ("au", "3"), ("ymobile", "4")])
def test_carriers_and_senders_are_passed(carrier: str, id_: str) -> None:
    sending = form(content(carrier=carrier, sender="Shop1"))
    assert (sending["mobilecareer"], sending["smstitle"]) == (id_, "Shop1")


def test_a_carrier_without_a_value_is_dropped() -> None:
    assert "mobilecareer" not in form(content(carrier="rakuten"))


def test_the_endpoint_ends_with_a_slash() -> None:
    for url in ("http://x/sms/api", "http://x/sms/api/"):
        assert configured(base_url=url).send_request(content(), REFERENCE).url == "http://x/sms/api/"
