"""What a type says of itself holds together, and keeps its secrets."""

from __future__ import annotations

import re

import pytest

from gateway.provider import Guarantee
from gateway.providers import TYPES
from gateway.settings import SettingsError
from tests.conformance.candidate import CARRIERS, Candidate


def test_it_is_on_the_list_under_its_name(candidate: Candidate) -> None:
    assert TYPES[candidate.kind.name] is candidate.kind
    assert re.fullmatch("[a-z][a-z0-9]{1,30}", candidate.kind.name)


def test_a_provider_is_what_its_type_promises(candidate: Candidate) -> None:
    provider = candidate.provider
    assert (provider.name, provider.type) == ("main", candidate.kind.name)
    assert provider.guarantee is candidate.kind.guarantee
    assert provider.capabilities == candidate.kind.capabilities
    assert isinstance(provider.settings, candidate.kind.settings)


def test_the_declarations_fit_together(candidate: Candidate) -> None:
    able = candidate.able
    assert able.status_query or candidate.kind.guarantee is not Guarantee.QUERYABLE
    assert able.charset or not able.octets, "octets are measured in a charset"
    assert able.receivers >= 1
    assert able.carriers <= set(CARRIERS)
    assert all(re.fullmatch("[A-Z]{2}", country) for country in able.countries)
    assert bool(candidate.provider.callback_kinds) == able.delivery_reports
    assert all(re.fullmatch("[a-z]+", kind) for kind in candidate.provider.callback_kinds)


def test_the_simulator_plays_the_endings_that_prove_a_guarantee(candidate: Candidate) -> None:
    assert {"0005", "0010", "0011", "0012"} <= set(candidate.simulator.endings())
    assert all(re.fullmatch("[0-9]{4}", ending) and said for ending, said in candidate.simulator.endings().items())


def test_mistakes_in_its_settings_are_told(candidate: Candidate) -> None:
    with pytest.raises(SettingsError, match=r"providers\.main\.typo"):
        candidate.built("https://vendor.example", typo="1")
    for key in candidate.simulator.SETTINGS:
        with pytest.raises(SettingsError, match=rf"providers\.main\.{key}: "):
            candidate.built("https://vendor.example", **{key: ""})


def test_what_is_like_a_secret_is_one(candidate: Candidate) -> None:
    named = [name for name in candidate.simulator.SETTINGS if re.search("token|key|password|secret|auth", name)]
    assert set(named) <= set(candidate.secrets())
    assert len(candidate.secrets()) > 1, "a vendor that asks for no credential"


def test_secrets_are_never_shown(candidate: Candidate) -> None:
    provider = candidate.provider
    sent = candidate.send()
    shown = [repr(provider), str(provider), repr(provider.settings), provider.account, provider.guarded_login, sent.url]
    assert not [name for name, secret in candidate.secrets().items() if any(secret in each for each in shown)]


def test_providers_of_one_vendor_account_say_so(candidate: Candidate) -> None:
    other = candidate.built("https://vendor.example", "other")
    assert other.name == "other"
    assert other.account == candidate.provider.account != ""
    assert other.guarded_login == candidate.provider.guarded_login
