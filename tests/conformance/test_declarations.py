"""What a type says of itself holds together, and keeps its secrets."""

from __future__ import annotations

import re

import pytest

from gateway.provider import Guarantee
from gateway.providers import TYPES
from gateway.settings import SettingsError
from tests.conformance.candidate import CARRIERS, Candidate


def test_it_is_on_the_list_under_its_name(anyone: Candidate) -> None:
    assert TYPES[anyone.kind.name] is anyone.kind
    assert re.fullmatch("[a-z][a-z0-9]{1,30}", anyone.kind.name)


def test_a_provider_is_what_its_type_promises(anyone: Candidate) -> None:
    provider = anyone.provider
    assert (provider.name, provider.type) == ("main", anyone.kind.name)
    assert provider.guarantee is anyone.kind.guarantee
    assert provider.capabilities == anyone.kind.capabilities
    assert isinstance(provider.settings, anyone.kind.settings)


def test_the_declarations_fit_together(anyone: Candidate) -> None:
    able = anyone.able
    assert able.status_query or anyone.kind.guarantee is not Guarantee.QUERYABLE
    assert able.charset or not able.octets, "octets are measured in a charset"
    assert able.receivers >= 1
    assert able.carriers <= set(CARRIERS)
    assert all(re.fullmatch("[A-Z]{2}", country) for country in able.countries)
    pushes = able.delivery_reports or able.rules or bool(able.verification & {"call_in", "call_out"})
    assert bool(anyone.provider.callback_kinds) == pushes
    assert bool(anyone.provider.rules) == able.rules
    assert all(re.fullmatch("[a-z]+", kind) for kind in anyone.provider.callback_kinds)


def test_the_simulator_plays_the_endings_that_prove_a_guarantee(anyone: Candidate) -> None:
    assert not anyone.able.messages or {"0005", "0010", "0011", "0012"} <= set(anyone.simulator.endings())
    assert all(re.fullmatch("[0-9]{4}", ending) and said for ending, said in anyone.simulator.endings().items())


def test_mistakes_in_its_settings_are_told(anyone: Candidate) -> None:
    with pytest.raises(SettingsError, match=r"providers\.main\.typo"):
        anyone.built("https://vendor.example", typo="1")
    for key in anyone.simulator.SETTINGS:
        with pytest.raises(SettingsError, match=rf"providers\.main\.{key}: "):
            anyone.built("https://vendor.example", **{key: ""})


def test_what_is_like_a_secret_is_one(anyone: Candidate) -> None:
    named = [name for name in anyone.simulator.SETTINGS if re.search("token|key|password|secret|auth", name)]
    assert set(named) <= set(anyone.secrets())
    assert len(anyone.secrets()) > 1, "a vendor that asks for no credential"


def test_secrets_are_never_shown(anyone: Candidate) -> None:
    provider = anyone.provider
    shown = [repr(provider), str(provider), repr(provider.settings), provider.account, provider.guarded_login]
    shown += [anyone.send().url] if anyone.able.messages else []
    assert not [name for name, secret in anyone.secrets().items() if any(secret in each for each in shown)]


def test_providers_of_one_vendor_account_say_so(anyone: Candidate) -> None:
    other = anyone.built("https://vendor.example", "other")
    assert other.name == "other"
    assert other.account == anyone.provider.account != ""
    assert other.guarded_login == anyone.provider.guarded_login
