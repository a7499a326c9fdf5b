"""A good configuration file and a bare one, read with a provider type that has every kind of setting."""

from __future__ import annotations

import base64
import hashlib
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from gateway.model.values import Misplaced, Secret
from gateway.provider import ProviderSettings
from gateway.settings import Settings, SettingsError, parse

TOKEN = "vendor-token-4711-abcdef"
CALLBACK = "callback_secret-0123456789"
HOOK = "whsec_" + base64.b64encode(bytes(range(32))).decode()
REDIS = "redis://:redis-password@localhost:6379/0"
DIGEST = hashlib.sha256(b"shop").hexdigest()


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
        if self.client_id == "misplaced":
            raise Misplaced({("ids",): f"7 and 7 are {self.token.reveal()}", ("rules", "a b"): "is no rule"})


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
