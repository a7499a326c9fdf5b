"""The sections of the configuration, typed. Fields are the file's keys unless their docstring says otherwise.

A function in an `Annotated` is the rule (`rules.py`) each single value in the field must pass.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.model.values import Duration, Secret
from gateway.provider import Provider
from gateway.settings import rules
from gateway.settings.rules import Network

LEAST_MEMORY = 16 << 20
"""Bytes: an empty Redis takes 1 MiB, a message about 1 KiB."""
MOST_MEMORY = 1 << 50
_SIZE = re.compile(r"([0-9]{1,15})(KiB|MiB|GiB)?")

Weight = Annotated[float, Meta(gt=0, le=1_000_000)]


class GatewaySection(msgspec.Struct, frozen=True, kw_only=True):
    """`[gateway]`. Everything has a default."""

    public_url: Annotated[str, rules.public_url] | None = None
    """Where callers and vendors reach the gateway, without a slash at its end; None: not known."""
    redis_url: Annotated[Secret, rules.redis_url] | None = None
    """None: the embedded Redis, in `data_dir`."""
    data_dir: Path = Path("data")
    """Absolute once loaded: relative ones are taken from the configuration file's folder."""
    max_memory: int | str | None = None
    """Of the embedded Redis: bytes, or like "512MiB", "2GiB"; see `max_memory_bytes`. None: half of the machine's."""
    default_region: Annotated[str, rules.region] = "JP"
    """ISO 3166: where national numbers belong."""
    time_zone: Annotated[str, rules.time_zone] = "Asia/Tokyo"
    """The zone of bare dates and months, and of "today"."""
    retention_days: Annotated[int, Meta(ge=1, le=3650)] = 30
    idempotency_hours: Annotated[int, Meta(ge=1)] = 24
    """At most `retention_days`."""
    event_days: Annotated[int, Meta(ge=4, le=365)] = 7
    """How long events are kept, to be read or told again."""
    max_queue: Annotated[Duration, rules.positive] = Duration(24 * 3600)
    """How long a message may wait when it names no `expiresAt`."""
    max_body: Annotated[int, Meta(ge=1024, le=2**24)] = 262_144
    """Bytes of a request body."""
    verifications_per_number: Annotated[int, Meta(ge=1, le=1_000_000)] = 10
    """Verifications of one number, resends among them, that one client may begin in an hour."""
    code_key: Annotated[Secret, rules.code_key] | None = None
    """What one-time codes are made with; None: a key that is drawn once, and kept in Redis."""
    trusted_proxies: tuple[Network, ...] = ()
    """Whose `X-Forwarded-For` is believed."""
    metrics: bool = True
    metrics_port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    """Serves `/metrics` on a port of its own; None: on the main one."""
    lanes: Annotated[int, Meta(ge=1, le=1024)] | None = None
    """Shards of the store; None: the store chooses."""

    def __post_init__(self) -> None:
        memory = self.max_memory_bytes
        if memory is not None and not LEAST_MEMORY <= memory <= MOST_MEMORY:
            raise ValueError(f"max_memory must be {LEAST_MEMORY >> 20}MiB to {MOST_MEMORY >> 30}GiB")

    @property
    def max_memory_bytes(self) -> int | None:
        """Raises ValueError."""
        if not isinstance(self.max_memory, str):
            return self.max_memory
        if size := _SIZE.fullmatch(self.max_memory):
            return int(size[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[(size[2] or "")[:1]]
        raise ValueError('max_memory is a number of bytes, or a string like "512MiB", "2GiB"')


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One API key of a client."""

    sha256: Annotated[bytes, rules.sha256_digest]
    """32 bytes; 64 hex digits in the file."""
    scopes: Annotated[frozenset[Annotated[str, rules.scope]], Meta(min_length=1)]


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """`[clients.NAME]`: one tenant."""

    name: str
    keys: tuple[Key, ...]
    """Empty: the client is locked out, its records stay."""
    allow: tuple[Network, ...] = ()
    """Source addresses its requests may come from; empty: any."""
    rate: Annotated[float, Meta(gt=0, le=1_000_000)] | None = None
    """Messages a second; None: unlimited."""
    providers: frozenset[str] | None = None
    """What the client may use; None: all. May name disabled providers."""
    senders: frozenset[str] | None = None
    rules: frozenset[str] | None = None

    def may_use(self, provider: str) -> bool:
        return self.providers is None or provider in self.providers

    def may_set_off(self, rule: str) -> bool:
        return self.rules is None or rule in self.rules


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """`[[routes]]`: the first that matches wins. An empty criterion matches everything."""

    countries: tuple[Annotated[str, rules.region], ...] = ()
    carriers: tuple[Annotated[str, rules.carrier], ...] = ()
    senders: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    """In order of failover, enabled ones only: none are left where the route names only disabled ones."""
    weights: dict[str, Weight] = {}
    """Provider to share, for exactly the `providers`; empty: strictly in order. A table under `providers`
    in the file is this too."""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """`[templates.NAME]`: a text with holes like `{name}`."""

    text: Annotated[str, rules.template_text, Meta(min_length=1, max_length=2000)]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the holes, each once, in the order of the text."""
        return rules.holes(self.text)


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """`[[webhooks]]`: an endpoint that is told of one client's events."""

    name: Annotated[str, rules.name]
    """Default `webhook-N`, the N-th in the file."""
    client: str
    url: Annotated[str, rules.http_url]
    secret: Annotated[Secret | tuple[Secret, ...], rules.webhook_secret, Meta(min_length=1)]
    """`whsec_` and base64; a list while it is being rotated."""
    events: Annotated[tuple[Annotated[str, rules.event_pattern], ...], Meta(min_length=1)] = ("*",)
    """Event types, `message.*` and the like, or `*`."""
    allow_private: bool = False
    """Lets the endpoint be on a private or loopback address."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.secret,) if isinstance(self.secret, Secret) else self.secret


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file, with every name in it known and every enabled provider built."""

    gateway: GatewaySection
    clients: dict[str, Client]
    providers: dict[str, Provider]
    """The enabled ones, in the order of the file."""
    routes: tuple[Route, ...]
    templates: dict[str, Template]
    webhooks: tuple[Webhook, ...]
