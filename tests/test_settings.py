"""The configuration file: what is right is typed, what is wrong is named, all of it at once."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import string
import tomllib
from datetime import date, datetime, time
from enum import Enum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model.values import Duration, Secret
from gateway.provider import ProviderSettings
from gateway.settings import (
    Problem,
    Settings,
    SettingsError,
    describe,
    key_digest,
    load,
    new_key,
    parse,
)

ROOT = Path(__file__).parent.parent
TOKEN = "vendor-token-4711-abcdef"
CALLBACK = "callback_secret-0123456789"
HOOK = "whsec_" + base64.b64encode(bytes(range(32))).decode()
REDIS = "redis://:redis-password@localhost:6379/0"
DIGEST = hashlib.sha256(b"shop").hexdigest()
EXAMPLE_ENVIRONMENT = {
    "SHOP_KEY_SHA256": DIGEST,
    "OPERATOR_KEY_SHA256": hashlib.sha256(b"operator").hexdigest(),
    "AICROSS_TOKEN": TOKEN,
    "AICROSS_CALLBACK_SECRET": CALLBACK,
    "SHOP_HOOK_SECRET": HOOK,
    "REDIS_URL": REDIS,
}


class Level(Enum):
    LOW = 1
    HIGH = 2


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: Secret
    id: str | None = None
    minimum: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1


class FakeSettings(ProviderSettings, frozen=True, kw_only=True):
    base_url: str = "https://vendor.example"
    token: Secret
    client_id: str = ""
    sms_code: Annotated[str, msgspec.Meta(pattern="^[0-9]*$")] = ""
    rate: Annotated[float, msgspec.Meta(gt=0, le=600)] = 600.0
    prefixes: tuple[str, ...] = ("070", "080", "090")
    mode: Literal["quick", "careful"] = "quick"
    rules: dict[str, Secret | Rule] = msgspec.field(default_factory=dict)
    level: Level = Level.LOW
    ids: Annotated[tuple[int | str, ...], msgspec.Meta(max_length=2)] = ()
    exclusive: bool = False
    usage_client_id: str | None = None

    def __post_init__(self) -> None:
        if self.client_id == "refused":
            raise ValueError(f"the token {self.token.reveal()} is not for this client_id")


class FakeProvider:
    def __init__(self, name: str, settings: FakeSettings) -> None:
        self.name = name
        self.settings = settings


class FakeType:
    name = "fake"
    settings = FakeSettings

    def build(self, name: str, settings: FakeSettings) -> Any:
        if settings.client_id == "unbuildable":
            raise ValueError(f"no client unbuildable\nfor {settings.token.reveal()}")
        return FakeProvider(name, settings)


TYPES: Any = {"fake": FakeType()}

GOOD = f"""
[gateway]
public_url = "https://sms.example.com/api/"
redis_url = "{REDIS}"
data_dir = "./store"
default_region = "KR"
time_zone = "Asia/Seoul"
retention_days = 10
idempotency_hours = 240
max_queue = "90m"
max_body = 4096
trusted_proxies = ["10.0.0.0/8", "::1"]
metrics = false
metrics_port = 9090
lanes = 16

[clients.shop]
keys = [{{ sha256 = "{DIGEST.upper()}", scopes = ["send", "read"] }}]
allow = ["10.0.0.0/8", "192.0.2.1"]
rate = 100
providers = ["main", "spare"]
senders = ["80013"]
rules = ["fire"]

[clients.operator]
keys = []

[providers.main]
type = "fake"
token = "{TOKEN}"
callback_secret = ["{CALLBACK}", "another_secret-012345"]
rate = 5
timeout = "90s"
level = 2
ids = [1, "two"]
allow_callbacks_from = ["192.0.2.0/24"]
rules = {{ fire = "{TOKEN}", flood = {{ key = "{TOKEN}", id = "0008" }} }}

[providers.spare]
type = "fake"
token = "${{TOKEN}}"
callback_secret = "{CALLBACK}"

[providers.idle]
type = "fake"
token = "{TOKEN}"
enabled = false

[[routes]]
countries = ["JP"]
carriers = ["docomo"]
senders = ["80013"]
clients = ["shop"]
providers = ["spare", "idle", "main"]

[[routes]]
countries = ["KR"]
providers = {{ main = 3, idle = 1, spare = 0.5 }}

[[routes]]
weights = {{ main = 1 }}

[templates.welcome]
text = "{{greeting}} {{name}}, {{greeting}}!"

[[webhooks]]
client = "shop"
url = "https://shop.example.com/hooks?x=1"
secret = ["{HOOK}", "{HOOK}"]
events = ["message.*", "verification.verified"]
allow_private = true

[[webhooks]]
name = "second"
client = "operator"
url = "http://127.0.0.1:9000"
secret = "{HOOK}"
"""


def read(text: str, **environ: str) -> Settings:
    return parse(text, TYPES, {"TOKEN": TOKEN, **environ}, Path("/etc/gateway"))


def problems(text: str, **environ: str) -> dict[str, str]:
    """The mistakes in a text, by key path."""
    with pytest.raises(SettingsError) as caught:
        read(text, **environ)
    found = dict(caught.value.problems)
    assert len(found) == len(caught.value.problems), "one mistake at one key is told once"
    return found


def with_gateway(line: str) -> str:
    return f"[gateway]\n{line}\n{MINIMAL}"


MINIMAL = f"""
[clients.shop]
keys = []

[providers.main]
type = "fake"
token = "{TOKEN}"
"""


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


# Whatever is written: Settings or SettingsError, and no value in what is told.

SCALARS = (
    st.integers()
    | st.floats()
    | st.booleans()
    | st.text(max_size=20)
    | st.sampled_from(["${TOKEN}", "${NO}", "main", "shop", "fake", "whsec_x", "https://[", "10.0.0.0/8", "{a}"])
    | st.datetimes(min_value=datetime(1000, 1, 1))
    | st.dates(min_value=date(1000, 1, 1))
    | st.times()
)
KEYS = st.text(max_size=8) | st.sampled_from(
    ["gateway", "clients", "providers", "routes", "templates", "webhooks", "type", "token", "keys", "sha256", "name"]
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def to_toml(value: Any) -> str:
    """One value as TOML writes it in a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else repr(value).replace("infinity", "inf")
    if isinstance(value, str):
        escaped = (c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value)
        return f'"{"".join(escaped)}"'
    if isinstance(value, list):
        return f"[{', '.join(map(to_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{to_toml(key)} = {to_toml(item)}' for key, item in value.items())}}}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def document(tree: dict[str, Any]) -> str:
    return "\n".join(f"{to_toml(key)} = {to_toml(value)}" for key, value in tree.items())


def refusal(text: str) -> SettingsError | None:
    try:
        read(text)
    except SettingsError as error:
        return error
    return None


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container in the tree with each of its keys or indices."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in items for place in [(tree, key), *places(value)]]


def test_the_writer_of_toml_for_these_tests() -> None:
    tree = tomllib.loads(GOOD)
    assert tomllib.loads(document(tree)) == tree


@given(st.dictionaries(KEYS, JUNK, max_size=5))
@settings(deadline=None)
def test_junk_is_told(tree: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        read(document(tree))


@given(st.text())
@settings(deadline=None)
def test_text_is_told(text: str) -> None:
    with pytest.raises(SettingsError):
        read(text)


@given(st.data())
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_a_good_file_with_junk_in_it(data: st.DataObject) -> None:
    tree = tomllib.loads(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(places(tree)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            key = data.draw(KEYS)
        container[key] = data.draw(JUNK)
    error = refusal(document(tree))
    if error is not None:
        assert error.problems
        assert all(problem.detail for problem in error.problems)
        assert len(str(error).splitlines()) == len(error.problems)


@given(
    st.data(),
    st.sampled_from(["", "https://", "https://u:", "redis://", "unix:", "whsec_", "${TOKEN}", "10.0.0.0/", "{a}"]),
    st.text(string.ascii_letters + string.digits + "-_/+=:@ {}", max_size=70),
)
@settings(deadline=None, max_examples=300)
def test_no_value_is_ever_quoted(data: st.DataObject, before: str, after: str) -> None:
    tree = tomllib.loads(GOOD)
    container, key = data.draw(st.sampled_from(places(tree)))
    container[key] = f"{before}Xq7Zk9{after}"
    error = refusal(document(tree))
    assert error is None or "xq7zk9" not in str(error).lower()
