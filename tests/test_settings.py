"""The configuration file: what is right is typed, wherever it is read from."""

from __future__ import annotations

import hashlib
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from gateway.model.values import Duration, Secret
from gateway.providers import TYPES as REAL_TYPES
from gateway.settings import Problem, SettingsError, describe, key_digest, load, new_key, parse
from tests.settings_tools import (
    CALLBACK,
    DIGEST,
    GOOD,
    HOOK,
    MINIMAL,
    REDIS,
    TOKEN,
    TYPES,
    Level,
    Rule,
    problems,
    read,
    with_gateway,
)

ROOT = Path(__file__).parent.parent
EXAMPLE_ENVIRONMENT = {
    "SHOP_KEY_SHA256": DIGEST,
    "OPERATOR_KEY_SHA256": hashlib.sha256(b"operator").hexdigest(),
    "AICROSS_TOKEN": TOKEN,
    "AICROSS_CALLBACK_SECRET": CALLBACK,
    "SHOP_HOOK_SECRET": HOOK,
    "REDIS_URL": REDIS,
    "CODE_KEY": "0123456789abcdef0123456789abcdef",
}


class TestGoodFile:
    def test_gateway(self) -> None:
        gateway = read(GOOD).gateway
        assert gateway.public_url == "https://sms.example.com/api"
        assert gateway.redis_url == Secret(REDIS)
        assert gateway.data_dir == Path("/etc/gateway/store")
        assert (gateway.default_region, gateway.time_zone) == ("KR", "Asia/Seoul")
        assert (gateway.retention_days, gateway.idempotency_hours, gateway.max_body) == (10, 240, 4096)
        assert gateway.max_queue == 5400
        assert isinstance(gateway.max_queue, Duration)
        assert gateway.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
        assert (gateway.metrics, gateway.metrics_port, gateway.lanes) == (False, 9090, 16)

    def test_defaults(self) -> None:
        everything = read(MINIMAL)
        gateway = everything.gateway
        assert (gateway.public_url, gateway.redis_url, gateway.lanes, gateway.metrics_port) == (None,) * 4
        assert gateway.data_dir == Path("/etc/gateway/data")
        assert (gateway.default_region, gateway.time_zone) == ("JP", "Asia/Tokyo")
        assert (gateway.retention_days, gateway.idempotency_hours, gateway.max_body) == (30, 24, 262_144)
        assert gateway.max_queue == 24 * 3600
        assert gateway.metrics is True
        assert (everything.routes, everything.templates, everything.webhooks) == ((), {}, ())

    def test_clients(self) -> None:
        shop, operator = read(GOOD).clients.values()
        assert (shop.name, operator.name) == ("shop", "operator")
        assert shop.keys[0].sha256 == key_digest("shop")
        assert shop.keys[0].scopes == {"send", "read"}
        assert shop.allow == (ip_network("10.0.0.0/8"), ip_network("192.0.2.1/32"))
        assert shop.rate == 100.0
        assert (shop.providers, shop.senders, shop.rules) == ({"main", "spare"}, {"80013"}, {"fire"})
        assert (operator.keys, operator.allow, operator.rate) == ((), (), None)
        assert (operator.providers, operator.senders, operator.rules) == (None, None, None)

    def test_providers_are_built_unless_disabled(self) -> None:
        providers = read(GOOD).providers
        assert list(providers) == ["main", "spare"]
        main: Any = providers["main"].settings
        assert providers["main"].name == "main"
        assert main.token == Secret(TOKEN)
        assert main.callback_secret == (Secret(CALLBACK), Secret("another_secret-012345"))
        assert (main.rate, main.timeout, main.no_news_after) == (5.0, 90.0, 72 * 3600.0)
        assert (main.level, main.ids) == (Level.HIGH, (1, "two"))
        assert main.allow_callbacks_from == ("192.0.2.0/24",)
        assert main.rules == {"fire": Secret(TOKEN), "flood": Rule(key=Secret(TOKEN), id="0008")}
        spare: Any = providers["spare"].settings
        assert (spare.token, spare.callback_secret) == (Secret(TOKEN), Secret(CALLBACK))

    def test_routes_name_enabled_providers_only(self) -> None:
        ordered, shared, weighted = read(GOOD).routes
        assert (ordered.countries, ordered.carriers) == (("JP",), ("docomo",))
        assert (ordered.senders, ordered.clients) == (("80013",), ("shop",))
        assert (ordered.providers, ordered.weights) == (("spare", "main"), {})
        assert (shared.providers, shared.weights) == (("main", "spare"), {"main": 3.0, "spare": 0.5})
        assert (weighted.providers, weighted.weights) == (("main",), {"main": 1.0})

    def test_templates_and_webhooks(self) -> None:
        everything = read(GOOD)
        assert everything.templates["welcome"].text == "{greeting} {name}, {greeting}!"
        assert everything.templates["welcome"].parameters == ("greeting", "name")
        first, second = everything.webhooks
        assert (first.name, first.client, first.allow_private) == ("webhook-1", "shop", True)
        assert first.events == ("message.*", "verification.verified")
        assert first.secrets == (Secret(HOOK), Secret(HOOK))
        assert (second.name, second.events, second.allow_private) == ("second", ("*",), False)
        assert second.secrets == (Secret(HOOK),)

    def test_secrets_do_not_print(self) -> None:
        everything = read(GOOD)
        shown = repr(everything) + repr([provider.settings for provider in everything.providers.values()])
        assert shown.count("***") >= 9
        for secret in (TOKEN, CALLBACK, HOOK, "redis-password"):
            assert secret not in shown


class TestEnvironment:
    def test_anywhere_in_a_string_and_escaped(self) -> None:
        text = MINIMAL + '[templates.t]\ntext = "a${A}b${B_2}c$${A}d$e$$${A}"'
        assert read(text, A="1", B_2="22").templates["t"].text == "a1b22c${A}d$e$${A}"

    def test_values_are_not_substituted_again(self) -> None:
        everything = read(with_gateway('public_url = "https://${HOST}/"'), HOST="sms.example.com")
        assert everything.gateway.public_url == "https://sms.example.com"
        found = problems(with_gateway('public_url = "https://${HOST}/"'), HOST="${OTHER}")
        assert "not an http URL" in found["gateway.public_url"]

    @pytest.mark.parametrize(
        ("line", "value", "expected"),
        [
            ("retention_days", "31", 31),
            ("metrics", "false", False),
            ("metrics_port", "8081", 8081),
            ("max_queue", "15m", 900.0),
        ],
    )
    def test_numbers_and_booleans(self, line: str, value: str, expected: object) -> None:
        everything = read(with_gateway(f'{line} = "${{VALUE}}"'), VALUE=value)
        assert getattr(everything.gateway, line) == expected

    def test_literal_strings_are_no_numbers(self) -> None:
        assert problems(with_gateway('retention_days = "31"')) == {
            "gateway.retention_days": "expected a whole number, got a string"
        }

    def test_an_undefined_variable_is_one_problem_and_no_more(self) -> None:
        text = f"""
            [gateway]
            public_url = "${{MISSING}}"
            trusted_proxies = ["${{MISSING}}"]
            [clients.shop]
            keys = [{{ sha256 = "${{MISSING}}", scopes = ["read"] }}]
            [providers.main]
            type = "fake"
            token = "${{MISSING}}"
            callback_secret = ["${{MISSING}}", "{CALLBACK}"]
            rules = {{ fire = "${{MISSING}}", flood = {{ key = "${{MISSING}}" }} }}
            [providers.other]
            type = "${{MISSING}}"
            [[routes]]
            providers = ["${{MISSING}}", "main"]
            [[webhooks]]
            client = "${{MISSING}}"
            url = "https://example.com"
            secret = "${{MISSING}}"
        """
        found = problems(text)
        assert set(found.values()) == {"the environment variable MISSING is not set"}
        assert set(found) == {
            "gateway.public_url",
            "gateway.trusted_proxies[0]",
            "clients.shop.keys[0].sha256",
            "providers.main.token",
            "providers.main.callback_secret[0]",
            "providers.main.rules.fire",
            "providers.main.rules.flood.key",
            "providers.other.type",
            "routes[0].providers[0]",
            "webhooks[0].client",
            "webhooks[0].secret",
        }

    @pytest.mark.parametrize("written", ["${", "${}", "${A", "${1A}", "${A B}", "${A-B}"])
    def test_malformed(self, written: str) -> None:
        assert "$${" in problems(with_gateway(f'public_url = "{written}"'), A="x")["gateway.public_url"]

    def test_an_empty_secret_is_named(self) -> None:
        text = MINIMAL.replace(TOKEN, "${EMPTY}")
        assert problems(text, EMPTY="") == {"providers.main.token": "is empty"}

    def test_not_unicode(self) -> None:
        found = problems(MINIMAL.replace(TOKEN, "${ODD}"), ODD="caf\udce9")
        assert found == {"providers.main.token": "the environment variable ODD is not UTF-8"}


class TestLoad:
    def test_relative_paths_start_at_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc" / "gateway.toml").write_text(with_gateway('data_dir = "../data"'), encoding="utf-8-sig")
        monkeypatch.chdir(tmp_path)
        assert load(Path("etc/gateway.toml"), TYPES).gateway.data_dir == tmp_path / "data"

    def test_the_environment_is_the_processs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SETTINGS_TEST_TOKEN", TOKEN)
        file = tmp_path / "gateway.toml"
        file.write_text(MINIMAL.replace(TOKEN, "${SETTINGS_TEST_TOKEN}"))
        built: Any = load(file, TYPES).providers["main"]
        assert built.settings.token == Secret(TOKEN)

    def test_files_that_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "latin.toml").write_bytes("[gateway]\n# caf\xe9\n".encode("latin-1"))
        for name, hint in {
            "nowhere.toml": "no such file",
            "latin.toml": "line 2 is not UTF-8",
            ".": "cannot be read",
        }.items():
            with pytest.raises(SettingsError) as caught:
                load(tmp_path / name, TYPES)
            (problem,) = caught.value.problems
            assert problem.path == ""
            assert hint in problem.detail

    def test_the_example(self) -> None:
        everything = load(ROOT / "gateway.example.toml", {"aicross": TYPES["fake"]}, EXAMPLE_ENVIRONMENT)
        assert list(everything.providers) == ["main"]
        assert everything.routes[0].providers == ("main",)

    def test_the_example_with_all_its_options(self) -> None:
        text = (ROOT / "gateway.example.toml").read_text(encoding="utf-8")
        text = re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)
        text = re.sub(r"^providers = \[\"main\", \"spare\"\].*\n", "", text, flags=re.MULTILINE)
        everything = parse(text, {"aicross": TYPES["fake"]}, EXAMPLE_ENVIRONMENT, ROOT)
        defaults = read(MINIMAL).gateway
        assert everything.gateway.metrics_port == 9090
        assert everything.gateway.max_queue == defaults.max_queue
        assert everything.clients["shop"].senders == {"80013"}

    def test_the_example_with_a_vendor_of_every_type(self) -> None:
        text = (ROOT / "gateway.example.toml").read_text(encoding="utf-8")
        whole = re.sub(r"^#(?=[\[\w])", "", text, flags=re.MULTILINE)
        environment = {name: name for name in re.findall(r"\$\{(\w+)\}", whole)} | EXAMPLE_ENVIRONMENT
        providers = parse(whole, REAL_TYPES, environment, ROOT).providers
        assert {provider.type for provider in providers.values()} == set(REAL_TYPES)
        assert [rule.min_numbers for rule in providers["alarm"].rules.values()] == [1, 2]


def test_describe_writes_one_line_for_each() -> None:
    told = (Problem("", "is not TOML"), Problem("providers.main.token", "is missing"))
    assert describe(told) == "gateway.toml: is not TOML\ngateway.toml: providers.main.token: is missing"
    assert describe(told[1:], "/etc/g.toml") == "/etc/g.toml: providers.main.token: is missing"
    assert str(SettingsError(told)) == describe(told)


def test_new_key() -> None:
    key, digest = new_key("shop-1")
    assert re.fullmatch(r"gk_shop-1_[A-Za-z0-9_-]{43}", key)
    assert bytes.fromhex(digest) == key_digest(key) == hashlib.sha256(key.encode()).digest()
    assert new_key("shop-1") != (key, digest)
    with pytest.raises(ValueError, match="letters, digits"):
        new_key("_shop")
