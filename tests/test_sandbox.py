"""The sandbox is made of the one list of provider types."""

from __future__ import annotations

import asyncio
import socket
import tomllib
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from gateway.__main__ import main
from gateway.provider import Capabilities, ProviderType
from gateway.providers import TYPES
from gateway.sandbox import run
from gateway.sandbox.run import Sandbox, example_number, routes, section
from gateway.sandbox.server import resolve
from gateway.spec.examples import SEND


def kind(*countries: str, messages: bool = True) -> ProviderType:
    able = Capabilities(messages=messages, countries=frozenset(countries))
    return cast(ProviderType, SimpleNamespace(name="any", capabilities=able))


def test_the_first_of_a_country_serves_it_and_who_goes_everywhere_the_rest() -> None:
    found = routes(
        {
            "everywhere": kind(),
            "first": kind("JP", "KR"),
            "second": kind("JP", "FR"),
            "third": kind("JP"),
            "fourth": kind(),
            "voice": kind("US", messages=False),
        }
    )
    assert list(found.items()) == [
        ("first", '[[routes]]\ncountries = ["JP", "KR"]\nproviders = ["first"]\n'),
        ("second", '[[routes]]\ncountries = ["FR"]\nproviders = ["second"]\n'),
        ("everywhere", '[[routes]]\nproviders = ["everywhere"]\n'),
    ]


@pytest.mark.parametrize("country", ["JP", "KR", "FR", "US"])
def test_examples_are_numbers_of_the_country(country: str) -> None:
    assert example_number(kind(country)) == example_number(kind(country), "")
    assert example_number(kind(country), "0011").endswith("0011")
    assert len(example_number(kind(country), "0011")) == len(example_number(kind(country)))
    assert example_number(kind()) == "+819012345678"


def test_a_simulator_is_resolved_or_is_not_there() -> None:
    assert resolve("gateway.sandbox.server:VendorServer")
    assert resolve("gateway.sandbox.nobody:Simulator") is None
    with pytest.raises(AttributeError):
        resolve("gateway.sandbox.server:Nobody")


def test_a_simulator_whose_imports_are_broken_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken_simulator.py").write_text("import nobody_s_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="nobody_s_module"):
        resolve("broken_simulator:Simulator")


def test_a_type_without_a_simulator_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lonely: Any = SimpleNamespace(name="lonely", simulator="gateway.sandbox.nobody:Simulator")
    monkeypatch.setattr(run, "TYPES", {**TYPES, "lonely": lonely})
    sandbox = Sandbox(tmp_path, "127.0.0.1", 8080)
    assert set(sandbox.settings.providers) == set(TYPES)
    assert [name for name, _ in sandbox.processes()] == [f"vendor-{name}" for name in TYPES]


def test_its_configuration_stands_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b" \\n ünd \x7f'
    sandbox = Sandbox(folder, "127.0.0.1", 8080, "my-key")
    assert sandbox.settings.gateway.data_dir == folder
    assert "my-key" in sandbox.greeting()


def test_the_vendors_listen_where_the_providers_call(tmp_path: Path) -> None:
    """On ports of their own, free again until their processes start."""
    sandbox = Sandbox(tmp_path, "127.0.0.1", 8080)
    ports = [urlsplit(provider.settings.base_url).port for provider in sandbox.settings.providers.values()]
    assert len(set(ports)) == len(TYPES)
    for port in ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port or 0))


def test_a_section_plays_the_account_of_the_simulator() -> None:
    for name, each in TYPES.items():
        simulator = resolve(each.simulator)
        assert simulator
        vendor = simulator.play("http://gateway/callbacks", delay=0, late=0)
        asyncio.run(started(vendor))
        written = section("here", each, {"base_url": vendor.base_url})
        assert written.startswith(f'[providers.here]\ntype = "{name}"\n')
        assert all(f"{key} = " in written for key in simulator.SETTINGS)


def test_a_section_has_tables() -> None:
    """As a vendor whose account has names in it: they can be read again."""
    written = section("here", TYPES["iotcall"], {"rules": {"fire": {"key": "a", "min_numbers": 2}, "b c": "d"}})
    read = tomllib.loads(written)["providers"]["here"]
    assert read["rules"] == {"fire": {"key": "a", "min_numbers": 2}, "b c": "d"}


def test_the_greeting_names_who_sends_and_what_can_be_set_off(tmp_path: Path) -> None:
    greeting = Sandbox(tmp_path, "127.0.0.1", 8080).greeting()
    assert "By the other vendors (mediasms, koreasms):" in greeting
    assert "POST /activations): fire, " in greeting


def test_it_has_the_template_of_the_documents_examples(tmp_path: Path) -> None:
    template = SEND["template"][1]["template"]
    assert Sandbox(tmp_path, "127.0.0.1", 8080).settings.templates[template["id"]].parameters == ("name",)
    assert set(template["values"]) == {"name"}


def test_an_address_is_told_of_events(tmp_path: Path) -> None:
    secret = f"whsec_{b64encode(bytes(32)).decode()}"
    sandbox = Sandbox(tmp_path, "127.0.0.1", 8080, "key", "http://127.0.0.1:9/hook", secret)
    (hook,) = sandbox.settings.webhooks
    assert (hook.client, hook.events, hook.allow_private) == ("sandbox", ("*",), True)
    assert [each.reveal() for each in hook.secrets] == [secret]
    assert f"Events are told to http://127.0.0.1:9/hook, signed with {secret}" in sandbox.greeting()
    assert "whsec_" not in Sandbox(tmp_path, "127.0.0.1", 8080).greeting()


@pytest.mark.parametrize("wrong", [["--webhook", "nowhere"], ["--webhook", "http://x/", "--webhook-secret", "short"]])
def test_a_wrong_address_or_secret_is_told(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "--port", "0", *wrong]) == 2
    assert "webhooks" in capsys.readouterr().err


async def started(vendor: Any) -> None:
    await vendor.start()
    await vendor.stop()
