"""The iotcall adapter without a socket: what it declares, its settings, and requests as built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.errors import UnreadableCallback
from gateway.model.message import Content
from gateway.model.values import Secret
from gateway.provider import Callback, Entry, Guarantee, Misfit, Provider, ProviderType, Rule, VendorRequest
from gateway.providers import TYPES
from gateway.providers.iotcall import TYPE, IoTCall
from gateway.routing import misfit
from gateway.settings.load import parse as read
from gateway.settings.reader import SettingsError
from tests.providers.iotcall_tools import AUTH, ID, KEY, OTHER_KEY, configured, iotcall, ms

BASE = "https://sys.iotcall.jp/pattern"
CONTENT = Content(to="+819012345678", text="hello", encoding="gsm7", characters=5, segments=1)


def from_file(**settings: object) -> IoTCall:
    given = {"auth_code": AUTH, "rules": {"fire": KEY}} | settings
    lines = [f"{name} = {toml(value)}" for name, value in given.items() if value != "-"]
    text = f'[clients.shop]\nkeys = []\n[providers.alarm]\ntype = "iotcall"\n{chr(10).join(lines)}\n'
    built = read(text, TYPES, {}, Path("/")).providers["alarm"]
    assert isinstance(built, IoTCall)
    return built


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {toml(inner)}' for key, inner in value.items())} }}"
    return json.dumps(value)


def headers(request: VendorRequest) -> dict[str, str]:
    return dict(request.headers)


# Declarations


def test_it_is_what_the_port_asks_for() -> None:
    kind: ProviderType = TYPE
    provider: Provider = iotcall
    assert TYPES["iotcall"] is kind
    assert kind.name == provider.type == "iotcall"
    assert kind.guarantee is provider.guarantee is Guarantee.BLIND
    assert kind.capabilities is provider.capabilities
    assert (provider.capabilities.rules, provider.capabilities.messages) == (True, False)
    assert not provider.capabilities.delivery_reports
    assert provider.callback_kinds == {"activation"}
    assert not provider.guarded_login


def test_it_carries_no_messages() -> None:
    found = Misfit("unsupported", "it cannot send text messages")
    assert iotcall.misfit(CONTENT) == misfit(iotcall, CONTENT) == found
    with pytest.raises(NotImplementedError, match="cannot send text messages"):
        iotcall.send_request(CONTENT, "a1")


def test_what_it_pushes_are_no_receipts() -> None:
    assert iotcall.receipts(Callback(kind="activation", query=(("code", ID),))) == ()
    with pytest.raises(UnreadableCallback):
        iotcall.receipts(Callback(kind="activation", query=(("code", "1"),)))


def test_the_account_is_the_site_and_a_digest_of_the_code() -> None:
    assert iotcall.account.startswith("iotcall/sys.iotcall.jp/")
    assert AUTH not in iotcall.account
    same = configured(base_url="https://SYS.iotcall.jp/", rules={})
    assert same.account == iotcall.account
    assert configured(auth_code=Secret("other")).account != iotcall.account
    assert configured(base_url="https://stg-user.iotcall.jp").account != iotcall.account


def test_neither_code_nor_keys_are_shown() -> None:
    shown = repr(iotcall.settings) + repr(iotcall.rules) + repr(iotcall) + iotcall.account
    assert not [secret for secret in (AUTH, KEY, OTHER_KEY) if secret in shown]


# Settings


def test_settings_have_defaults() -> None:
    settings = from_file(rules="-").settings
    assert (settings.base_url, settings.timezone, settings.timeout) == ("https://sys.iotcall.jp", "Asia/Tokyo", 30)
    assert (settings.auth_code, settings.rules) == (Secret(AUTH), {})


def test_a_rule_is_a_key_or_a_table() -> None:
    rules = {"fire": KEY, "Flood-2": {"key": OTHER_KEY, "id": "0008200123", "min_numbers": 2}, "x": {"key": "k_-1.~"}}
    assert from_file(rules=rules).rules == {
        "fire": Rule(name="fire"),
        "Flood-2": Rule(name="Flood-2", id="0008200123", min_numbers=2),
        "x": Rule(name="x"),
    }


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        ({"auth_code": "-"}, ["auth_code"]),
        ({"auth_code": ""}, ["auth_code"]),
        ({"auth_code": "a b"}, ["auth_code"]),
        ({"auth_code": "a\nb"}, ["auth_code"]),
        ({"base_url": "ftp://x"}, ["base_url"]),
        ({"key": "x"}, ["key"]),
        ({"rules": ["fire"]}, ["rules"]),
        ({"rules": {"fire": 1}}, ["rules.fire"]),
        *(
            ({"rules": {"fire": key}}, ["rules.fire"])
            for key in ("", "a/b", "a b", ".", "..", "a%2Fb", "ä", "https://x/ar/15")
        ),
        *(({"rules": {"fire": {"key": key}}}, ["rules.fire.key"]) for key in ("", "a/b", "..")),
        ({"rules": {"fire": {}}}, ["rules.fire.key"]),
        ({"rules": {"fire": {"key": "a", "id": "00 08"}}}, ["rules.fire.id"]),
        ({"rules": {"fire": {"key": "a", "min_numbers": 0}}}, ["rules.fire.min_numbers"]),
        ({"rules": {"fire": {"key": "a", "minimum": 2}}}, ["rules.fire.minimum"]),
        ({"rules": {"_fire": "a"}}, ["rules._fire"]),
        ({"rules": {"a b": "a"}}, ['rules."a b"']),
        ({"rules": {"fire": "same", "flood": "same"}}, ["rules.flood"]),
        ({"rules": {"fire": "same", "flood": {"key": "same"}}}, ["rules.flood.key"]),
        ({"rules": {"a": {"key": "1", "id": "7"}, "b": {"key": "2", "id": "7"}}}, ["rules.b.id"]),
        (
            {"rules": {"a": "k", "b": "k", "c": {"key": "k", "id": "7"}, "d": {"key": "1", "id": "7"}}},
            ["rules.b", "rules.c.key", "rules.d.id"],
        ),
        (
            {"auth_code": "", "rules": {"_f": "a/b", "g": {"key": "/"}}},
            ["auth_code", "rules._f", "rules._f", "rules.g.key"],
        ),
    ],
)
def test_settings_refuse(settings: dict[str, Any], places: list[str]) -> None:
    """All mistakes at once, each with its key path and without its value. A value of "-" leaves the key out."""
    with pytest.raises(SettingsError) as caught:
        from_file(**settings)
    assert [problem.path for problem in caught.value.problems] == [f"providers.alarm.{place}" for place in places]
    assert "same" not in str(caught.value).replace("rules", "")


# Requests


def test_an_activation_is_a_post_without_a_body() -> None:
    request = iotcall.activation_request("fire")
    assert (request.method, request.url, request.body) == ("POST", f"{BASE}/{KEY}/call", b"")
    assert headers(request) == {"Authorization": AUTH}


def test_numbers_are_asked_for() -> None:
    request = iotcall.numbers("flood").request
    assert (request.method, request.url, request.body) == ("GET", f"{BASE}/{OTHER_KEY}/tel", b"")
    assert headers(request) == {"Authorization": AUTH}


def test_numbers_are_replaced_by_a_form() -> None:
    listed = (
        Entry(number="+818043391234", country="JP"),
        Entry(number="+818043391235", country="JP", group=2, enabled=False),
        Entry(number="+12015550123", country="US", group=3),
        Entry(number="0212345678", country="id:21"),
    )
    request = iotcall.replace_numbers("fire", listed).request
    assert (request.method, request.url) == ("PUT", f"{BASE}/{KEY}/tel")
    assert headers(request) == {"Authorization": AUTH, "Content-Type": "application/x-www-form-urlencoded"}
    assert request.body.startswith(b"call_to_tels%5B0%5D%5Btel%5D=08043391234&call_to_tels%5B0%5D%5Bgroup%5D=1&")
    assert b"+" not in request.body
    assert parse_qsl(request.body.decode(), strict_parsing=True) == [
        ("call_to_tels[0][tel]", "08043391234"),
        ("call_to_tels[0][group]", "1"),
        ("call_to_tels[0][check]", "1"),
        ("call_to_tels[0][international_prefix_id]", "1"),
        ("call_to_tels[1][tel]", "08043391235"),
        ("call_to_tels[1][group]", "2"),
        ("call_to_tels[1][check]", "0"),
        ("call_to_tels[1][international_prefix_id]", "1"),
        ("call_to_tels[2][tel]", "2015550123"),
        ("call_to_tels[2][group]", "3"),
        ("call_to_tels[2][check]", "1"),
        ("call_to_tels[2][international_prefix_id]", "2"),
        ("call_to_tels[3][tel]", "0212345678"),
        ("call_to_tels[3][group]", "1"),
        ("call_to_tels[3][check]", "1"),
        ("call_to_tels[3][international_prefix_id]", "21"),
    ]


def test_the_history_of_all_rules() -> None:
    calls, messages = iotcall.log(None)
    assert calls.request.url == f"{BASE}/callog"
    assert calls.otherwise
    assert calls.otherwise.url == f"{BASE}/calllog"
    assert (messages.request.url, messages.otherwise) == (f"{BASE}/smslog", None)
    for request in (calls.request, calls.otherwise, messages.request):
        assert (request.method, request.body) == ("GET", b"")
        assert headers(request) == {"Authorization": AUTH, "Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(("latest", "tail"), [(False, ""), (True, "/latest")])
def test_the_history_of_a_rule(latest: bool, tail: str) -> None:
    calls, messages = iotcall.log("fire", latest=latest)
    assert calls.request.url == f"{BASE}/{KEY}/calllog{tail}"
    assert calls.otherwise
    assert calls.otherwise.url == f"{BASE}/{KEY}/callog{tail}"
    assert (messages.request.url, messages.otherwise) == (f"{BASE}/{KEY}/smslog{tail}", None)


@pytest.mark.parametrize(
    ("since", "until", "query"),
    [
        (
            ms("2023-11-30 00:00:00"),
            ms("2023-12-01 00:00:00"),
            "?start_datetime=2023-11-30%2000:00:00&end_datetime=2023-11-30%2023:59:59",
        ),
        (ms("2023-11-30 00:00:00"), None, "?start_datetime=2023-11-30%2000:00:00"),
        (None, ms("2023-12-01 00:00:00"), "?end_datetime=2023-11-30%2023:59:59"),
        (
            ms("2023-11-30 00:00:00") + 1,
            ms("2023-11-30 00:00:10") + 1,
            "?start_datetime=2023-11-30%2000:00:01&end_datetime=2023-11-30%2000:00:10",
        ),
        (None, None, ""),
        (-1, 10**18, "?start_datetime=1970-01-01%2009:00:00&end_datetime=9999-12-31%2009:00:00"),
    ],
)
def test_a_range_on_the_vendor_s_clock(since: int | None, until: int | None, query: str) -> None:
    """From `since` to before `until`: the vendor's end is included."""
    for rule, key in ((None, ""), ("fire", f"/{KEY}")):
        calls, messages = iotcall.log(rule, since=since, until=until)
        assert messages.request.url == f"{BASE}{key}/smslog{query}"
        assert calls.request.url.endswith(f"log{query}")
        assert calls.otherwise
        assert calls.otherwise.url.endswith(f"log{query}")


def test_the_vendor_s_clock_is_a_setting() -> None:
    _, messages = configured(timezone="UTC").log(None, since=ms("2023-11-30 00:00:00"))
    assert messages.request.url.endswith("?start_datetime=2023-11-29%2015:00:00")


def test_the_latest_has_no_range_and_is_of_a_rule() -> None:
    for wrong in ({"rule": None}, {"rule": "fire", "since": 0}, {"rule": "fire", "until": 0}):
        with pytest.raises(AssertionError):
            iotcall.log(latest=True, **wrong)


def test_the_history_of_an_activation() -> None:
    asked = iotcall.log_of("fire", ID)
    assert (asked.request.method, asked.request.url, asked.otherwise) == ("GET", f"{BASE}/{KEY}/{ID}", None)
    assert headers(asked.request) == {"Authorization": AUTH, "Content-Type": "application/x-www-form-urlencoded"}


def test_a_base_url_may_end_with_a_slash_and_have_a_path() -> None:
    for url in ("http://x/y", "http://x/y/"):
        assert configured(base_url=url).activation_request("fire").url == f"http://x/y/pattern/{KEY}/call"
