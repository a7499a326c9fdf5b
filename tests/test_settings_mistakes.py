"""The configuration file: what is wrong is named, all of it at once."""

from __future__ import annotations

import pytest

from tests.settings_tools import CALLBACK, DIGEST, HOOK, MINIMAL, TOKEN, problems, with_gateway

MISTAKES = {
    "gateway.time_zone": ('[gateway]\ntime_zone = "Mars/Olympus"', "Asia/Tokyo"),
    "gateway.default_region": ('default_region = "Japan"', "ISO 3166"),
    "gateway.public_url": ('public_url = "sms.example.com"', "https://"),
    "gateway.retension_days": ("retension_days = 3", "did you mean retention_days?"),
    "clients.shop.keys[0].sha256": ('[clients.shop]\nkeys = [{ sha256 = "abc", scopes = ["send"] },', "64 hex digits"),
    "clients.shop.keys[1].scopes[1]": (
        f'{{ sha256 = "{DIGEST}", scopes = ["send", "write"] }}]',
        "one of read, send, admin",
    ),
    "clients.shop.allow[0]": ('allow = ["10.0.0.0/33"]', "CIDR"),
    "clients._shop": ("[clients._shop]\nkeys = []", "letters, digits"),
    "providers.main.token": ('[providers.main]\ntype = "fake"', "is missing"),
    "providers.main.rate": ('rate = "fast"', "expected a number, got a string"),
    "providers.main.callback_secret": ('callback_secret = "not/safe"', "A-Z a-z"),
    "providers.main.base_url": ('base_url = "ftp://vendor.example"', "http"),
    "providers.other.type": ('[providers.other]\ntype = "fakes"', "known: fake"),
    "providers.third.token": (
        '[providers.third]\ntype = "fake"\ntoken = "${NOWHERE}"',
        "the environment variable NOWHERE is not set",
    ),
    "routes[0].providers[1]": ('[[routes]]\nproviders = ["main", "mian"]', "did you mean main?"),
    "routes[1].providers": ('[[routes]]\ncountries = ["JP"]', "is missing"),
    "templates.hello.text": ('[templates.hello]\ntext = "Hello {name"', "brace"),
    "webhooks[0].client": ('[[webhooks]]\nclient = "ship"', "did you mean shop?"),
    "webhooks[0].url": ('url = "https://"', "http"),
    "webhooks[0].secret": ('secret = "whsec_tooshort"', "whsec_"),
}


def test_every_mistake_is_told_at_once() -> None:
    found = problems("\n".join(text for text, _ in MISTAKES.values()))
    assert found.keys() == MISTAKES.keys()
    for path, (_, hint) in MISTAKES.items():
        assert hint in found[path], path


class TestMistakes:
    """Each alone: key path and a hint of what to change."""

    @pytest.mark.parametrize(
        ("line", "path", "hint"),
        [
            ("max_queue = true", "max_queue", '"24h"'),
            ('max_queue = "1 day"', "max_queue", '"24h"'),
            ("max_queue = 0", "max_queue", "longer than 0"),
            (f"max_queue = 1{'0' * 400}", "max_queue", ""),
            ("max_queue = nan", "max_queue", "finite"),
            ("retention_days = 0", "retention_days", ">= 1"),
            ("retention_days = 1.5", "retention_days", "expected a whole number, got a number"),
            ("retention_days = 1\nidempotency_hours = 25", "idempotency_hours", "retention_days"),
            ("idempotency_hours = 721", "idempotency_hours", "retention_days"),
            ("max_body = 10", "max_body", ">= 1024"),
            ("lanes = 1025", "lanes", "<= 1024"),
            ("lanes = 0", "lanes", ">= 1"),
            ("metrics_port = 65536", "metrics_port", "<= 65535"),
            ("metrics = 1", "metrics", "expected true or false, got a whole number"),
            ('redis_url = "localhost:6379"', "redis_url", "redis://"),
            ('redis_url = "redis://localhost:99999"', "redis_url", "redis://"),
            ('data_dir = ""', "data_dir", "not a path"),
            ('data_dir = "a\\u0000b"', "data_dir", "not a path"),
            ('default_region = "jp"', "default_region", "ISO 3166"),
            ('time_zone = "Asia"', "time_zone", "time zone database"),
            ('time_zone = ""', "time_zone", "time zone database"),
            ('time_zone = "../etc/passwd"', "time_zone", "time zone database"),
            (f'time_zone = "{"a" * 5000}"', "time_zone", "time zone database"),
            ("time_zone = 2020-01-01", "time_zone", "expected a string, got a date"),
            ('trusted_proxies = ["10.0.0.1/8"]', "trusted_proxies[0]", "prefix"),
            ("trusted_proxies = [1]", "trusted_proxies[0]", "expected a string"),
            ('trusted_proxies = "10.0.0.0/8"', "trusted_proxies", "expected a list, got a string"),
            ('public_url = "https://user:pw@example.com"', "public_url", "user or password"),
            ('public_url = "https://example.com/?a=b"', "public_url", "query"),
            ('public_url = "https://example.com/#a"', "public_url", "fragment"),
            ('public_url = "https://exa mple.com/"', "public_url", "not an http URL"),
            ('public_url = "https://example.com:99999"', "public_url", "not an http URL"),
            ('public_url = "https://[::1"', "public_url", "not an http URL"),
            ('public_url = "https://exam\\nple.com"', "public_url", "not an http URL"),
        ],
    )
    def test_gateway(self, line: str, path: str, hint: str) -> None:
        found = problems(with_gateway(line))
        assert list(found) == [f"gateway.{path}"]
        assert hint in found[f"gateway.{path}"]

    @pytest.mark.parametrize(
        ("line", "path", "hint"),
        [
            ("tokn = 1", "tokn", "unknown key; did you mean token?"),
            ("name = 1", "name", "unknown key"),
            ('"a.b\\n" = 1', '"a.b\\n"', "known: allow_callbacks_from, base_url"),
            ("client_id = 1234", "client_id", "expected a string, got a whole number"),
            ('sms_code = "x"', "sms_code", "matching regex"),
            ("rate = 601", "rate", "<= 600"),
            ("rate = inf", "rate", "finite"),
            (f"rate = 1{'0' * 400}", "rate", "out of range"),
            ("timeout = 0", "timeout", "longer than 0"),
            ('timezone = "JST+9"', "timezone", "Asia/Tokyo"),
            ('mode = "slow"', "mode", 'expected one of "quick", "careful"'),
            ("level = 3", "level", "expected one of 1, 2"),
            ("ids = [1, 2, 3]", "ids", "more than 2"),
            ("ids = [1, []]", "ids[1]", "got a list"),
            ("ids = [1.5]", "ids[0]", "got a number"),
            ('reservations = "vendor"', "reservations", 'expected one of "gateway", "provider"'),
            ("callback_secret = []", "callback_secret", "at least 1"),
            ("callback_secret = {}", "callback_secret", "expected a single value or a list, got a table"),
            ('callback_secret = "0123456789abcdef/"', "callback_secret", "A-Z a-z 0-9 _ -"),
            (f'callback_secret = ["{CALLBACK}", "not/safe"]', "callback_secret[1]", "A-Z a-z"),
            ("callback_secret = [1]", "callback_secret[0]", "expected a string"),
            ('allow_callbacks_from = ["here"]', "allow_callbacks_from[0]", "CIDR"),
            ("rules = 1", "rules", "expected a table, got a whole number"),
            ("rules = { fire = 1 }", "rules.fire", "expected a string"),
            ("rules = { fire = [] }", "rules.fire", "expected a single value or a table, got a list"),
            ("rules = { fire = { id = 'x' } }", "rules.fire.key", "is missing"),
            ("rules = { fire = { key = 'x', minimum = 10 } }", "rules.fire.minimum", "<= 9"),
            ("rules = { fire = { key = 'x', maximum = 10 } }", "rules.fire.maximum", "did you mean minimum?"),
        ],
    )
    @pytest.mark.parametrize("enabled", ["true", "false"])
    def test_provider(self, line: str, path: str, hint: str, enabled: str) -> None:
        found = problems(f"{MINIMAL}\nenabled = {enabled}\n{line}")
        assert list(found) == [f"providers.main.{path}"]
        assert hint in found[f"providers.main.{path}"]

    @pytest.mark.parametrize(
        ("addition", "path", "hint"),
        [
            ("[client.shop]", "client", "did you mean clients?"),
            ("[templates._bad]\ntext = 'x'", "templates._bad", "letters, digits"),
            ("[templates.t]\ntext = ''", "templates.t.text", "length >= 1"),
            (f"[templates.t]\ntext = '{'x' * 2001}'", "templates.t.text", "length <= 2000"),
            ("[templates.t]\ntext = '{1st}'", "templates.t.text", "no digit first"),
            ("[templates.t]\ntext = '{}'", "templates.t.text", "no digit first"),
            ("[templates.t]\ntext = '{{name}}'", "templates.t.text", "brace"),
            ("[templates.t]\ntext = 'x}'", "templates.t.text", "brace"),
            ("[templates]\nt = 'x'", "templates.t", "expected a table, got a string"),
            ("[routes]\nproviders = ['main']", "routes", "expected a list, got a table"),
            ("[[routes]]\nproviders = []", "routes[0].providers", "at least 1"),
            ("[[routes]]\nproviders = {}", "routes[0].providers", "at least 1"),
            ("[[routes]]\nproviders = 'main'", "routes[0].providers", "expected a list or a table, got a string"),
            ("[[routes]]\nproviders = ['main', 'main']", "routes[0].providers", "twice"),
            ("[[routes]]\nproviders = { main = 0 }", "routes[0].providers.main", "> 0"),
            ("[[routes]]\nproviders = { man = 1 }", "routes[0].providers.man", "did you mean main?"),
            ("[[routes]]\nweights = { man = 1 }", "routes[0].weights.man", "did you mean main?"),
            ("[[routes]]\nproviders = ['main']\nweights = { main = 1 }", "routes[0].weights", "either"),
            ("[[routes]]\nproviders = ['main']\ncountries = ['XX']", "routes[0].countries[0]", "ISO 3166"),
            ("[[routes]]\nproviders = ['main']\ncarriers = ['kddi']", "routes[0].carriers[0]", "docomo"),
            ("[[routes]]\nproviders = ['main']\nclients = ['x']", "routes[0].clients[0]", "known: shop"),
            ("[clients.a]\nkeys = []\nproviders = ['x']", "clients.a.providers[0]", "known: main"),
            ("[clients.a]\nkeys = []\nrules = ['x']", "clients.a.rules[0]", "none is known"),
            ("[clients.a]\nkeys = []\nrate = 0", "clients.a.rate", "> 0"),
            ("[clients.a]\n", "clients.a.keys", "is missing"),
            ("[clients.a]\nkeys = ['x']", "clients.a.keys[0]", "expected a table, got a string"),
            (f"[clients.a]\nkeys = [{{sha256 = '{DIGEST}', scopes = []}}]", "clients.a.keys[0].scopes", "at least 1"),
            ("[providers.p]\ntoken = 'x'", "providers.p.type", "is missing; known: fake"),
            ("[providers.p]\ntype = 1", "providers.p.type", "expected a string"),
        ],
    )
    def test_elsewhere(self, addition: str, path: str, hint: str) -> None:
        found = problems(f"{MINIMAL}\n{addition}")
        assert list(found) == [path]
        assert hint in found[path]

    @pytest.mark.parametrize(
        ("line", "path", "hint"),
        [
            ("events = []", "events", "at least 1"),
            ("events = ['mesage.*']", "events[0]", "message.*"),
            ("events = ['message.queued']", "events[0]", "message.delivered"),
            ("name = 'Bad Name'", "name", "letters, digits"),
            ("secret = []", "secret", "at least 1"),
            (f"secret = '{HOOK[:-1]}'", "secret", "whsec_"),
            (f"secret = 'whsec_{'A' * 28}'", "secret", "24 to 64"),
            (f"secret = ['{HOOK}', '{HOOK[6:]}']", "secret[1]", "whsec_"),
            ("allow_private = 1", "allow_private", "true or false"),
            ("event = ['*']", "event", "did you mean events?"),
        ],
    )
    def test_webhook(self, line: str, path: str, hint: str) -> None:
        secret = "" if line.startswith("secret") else f"secret = '{HOOK}'"
        found = problems(f"{MINIMAL}\n[[webhooks]]\nclient = 'shop'\nurl = 'https://example.com'\n{secret}\n{line}")
        assert list(found) == [f"webhooks[0].{path}"]
        assert hint in found[f"webhooks[0].{path}"]

    def test_webhook_names_are_unique(self) -> None:
        hook = f"[[webhooks]]\nclient = 'shop'\nurl = 'https://example.com'\nsecret = '{HOOK}'\n"
        found = problems(f"{MINIMAL}\n{hook}name = 'webhook-2'\n{hook}")
        assert list(found) == ["webhooks[1].name"]
        assert "webhooks[0]" in found["webhooks[1].name"]

    def test_one_key_of_two_clients(self) -> None:
        keys = "keys = [{{ sha256 = '{}', scopes = ['read'] }}]"
        found = problems(f"{MINIMAL}\n[clients.a]\n{keys.format(DIGEST)}\n[clients.b]\n{keys.format(DIGEST.upper())}")
        assert list(found) == ["clients.b.keys[0].sha256"]
        assert "clients.a.keys[0].sha256" in found["clients.b.keys[0].sha256"]

    def test_a_client_s_rules_are_those_of_some_provider(self) -> None:
        rules = f"rules = {{ fire = '{TOKEN}', flood = {{}} }}"
        narrowed = "[clients.a]\nkeys = []\nrules = ['fire', 'flod', 'flood']"
        found = problems(f"{MINIMAL}\nenabled = false\n{rules}\n{narrowed}")
        assert list(found) == ["clients.a.rules[1]", "providers.main.rules.flood.key"], "a rule may be wrong, or idle"
        assert "did you mean flood?" in found["clients.a.rules[1]"]

    @pytest.mark.parametrize("wrong", ["", "timeout = 'long'"])
    def test_a_rule_of_two_providers(self, wrong: str) -> None:
        rules = "rules = {{ fire = 'x1', {} = 'x2' }}"
        other = "[providers.{}]\ntype = 'fake'\ntoken = 't'\nenabled = {}\n{}\n{}"
        idle, second = (
            other.format("idle", "false", rules.format("b"), ""),
            other.format("second", "true", rules.format("c"), wrong),
        )
        found = problems(f"{MINIMAL}\n{rules.format('b')}\n{idle}\n{second}")
        assert list(found) == ["providers.second.rules.fire", *(["providers.second.timeout"] if wrong else [])]
        assert "providers.main" in found["providers.second.rules.fire"]

    def test_settings_that_do_not_go_together_are_told_where_they_are(self) -> None:
        found = problems(f"{MINIMAL}\nids = [7, 7]\nclient_id = 'misplaced'")
        assert found == {"providers.main.ids": "7 and 7 are ***", 'providers.main.rules."a b"': "is no rule"}

    def test_clients_and_providers_are_needed(self) -> None:
        found = problems("")
        assert list(found) == ["clients", "providers"]
        assert "[clients.NAME]" in found["clients"]
        assert list(problems("clients = 1\nproviders = []")) == ["clients", "providers"]

    def test_a_provider_of_unknown_type_is_checked_for_what_all_have(self) -> None:
        found = problems(f"{MINIMAL}\n[providers.p]\ntype = 'x'\nanything = 1\ntimeout = 'long'\nbase_url = 'x'")
        assert list(found) == ["providers.p.base_url", "providers.p.timeout", "providers.p.type"]

    def test_names_of_broken_sections_are_still_known(self) -> None:
        text = f"""
            [clients.shop]
            [providers.main]
            [[routes]]
            clients = ["shop"]
            providers = ["main"]
            [[webhooks]]
            client = "shop"
            url = "https://example.com"
            secret = "{HOOK}"
        """
        assert list(problems(text)) == ["clients.shop.keys", "providers.main.type"]

    @pytest.mark.parametrize("client_id", ["refused", "unbuildable"])
    def test_what_an_adapter_refuses(self, client_id: str) -> None:
        found = problems(f"{MINIMAL}\nclient_id = '{client_id}'")
        assert list(found) == ["providers.main"]
        assert "***" in found["providers.main"]
        assert TOKEN not in found["providers.main"]
        assert "\n" not in found["providers.main"]

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("[gateway]\nlanes = ", "line 2"),
            ("[clients.a]\n[clients.a]", "line 2"),
            (f"a = {'9' * 5000}", "not TOML"),
            ("a = " + "[" * 5000 + "]" * 5000, "nested"),
            ("a." * 5000 + "a = 1", "nested"),
            ("a = 2024-02-31", "line 1"),
        ],
    )
    def test_not_toml(self, text: str, hint: str) -> None:
        found = problems(text)
        assert list(found) == [""]
        assert hint in found[""]
