"""What a single value of the configuration must be.

Every rule takes one value and returns it, parsed where it has a better form, or raises ValueError. The text says
what to change and never quotes the value: it may have come from the environment.
"""

from __future__ import annotations

import base64
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import get_args
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS

from gateway.model.events import PATTERNS
from gateway.model.message import Carrier
from gateway.model.values import Duration, Secret

Network = IPv4Network | IPv6Network

SCOPES = ("read", "send", "admin")
CARRIERS: tuple[str, ...] = get_args(Carrier)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_HOST = re.compile(r"[A-Za-z0-9._-]+")
_HOLE = re.compile(r"\{([^{}]*)\}")


def name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name has 1 to 32 letters, digits, _ and -, and starts with a letter or digit")
    return value


def one_of(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"expected one of {', '.join(choices)}")
    return value


def scope(value: str) -> str:
    return one_of(value, SCOPES)


def carrier(value: str) -> str:
    return one_of(value, CARRIERS)


def event_pattern(value: str) -> str:
    """An event type, all of a kind (`message.*`), or all (`*`)."""
    return one_of(value, PATTERNS)


def region(value: str) -> str:
    if value not in SUPPORTED_REGIONS:
        raise ValueError('not an ISO 3166 country: write two capital letters, like "JP"')
    return value


def time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError('not in the time zone database: write a name like "Asia/Tokyo"') from None
    return value


def network(value: str) -> Network:
    """A CIDR network or a plain address."""
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError('not a network: write an address or a CIDR like "10.0.0.0/8"') from None
    raise ValueError("the address has bits set beyond its prefix length: clear them or lengthen the prefix")


def network_text(value: str) -> str:
    network(value)
    return value


def positive(value: Duration) -> Duration:
    if not value > 0:
        raise ValueError("must be longer than 0")
    return value


def path(value: str) -> Path:
    if not value or "\0" in value:
        raise ValueError("not a path")
    return Path(value)


def secret(value: str) -> Secret:
    if not value:
        raise ValueError("is empty")
    return Secret(value)


def sha256_digest(value: str) -> bytes:
    if not _SHA256.fullmatch(value):
        raise ValueError("not a SHA-256: write its 64 hex digits, as `gateway keys new` prints them")
    return bytes.fromhex(value)


def code_key(value: Secret) -> Secret:
    if len(value.reveal()) < 16:
        raise ValueError("is too short to be guessed by nobody: write 16 random characters or more")
    return value


def callback_secret(value: Secret) -> Secret:
    """Part of a path. How long is long enough is the operator's to judge: `gateway doctor` warns of short ones."""
    if not _URL_SAFE.fullmatch(value.reveal()):
        raise ValueError("is part of a URL: use only A-Z a-z 0-9 _ -")
    return value


def webhook_secret(value: Secret) -> Secret:
    """A signing secret as Standard Webhooks writes it."""
    prefix, _, encoded = value.reveal().partition("_")
    try:
        size = len(base64.b64decode(encoded, validate=True))
    except ValueError:
        size = 0
    if prefix != "whsec" or not 24 <= size <= 64:
        raise ValueError("not a signing secret: write whsec_ and the base64 of 24 to 64 random bytes")
    return value


def redis_url(value: Secret) -> Secret:
    parts = _split(value.reveal())
    if parts is None or not (
        (parts.scheme in ("redis", "rediss") and parts.netloc) or (parts.scheme == "unix" and parts.path)
    ):
        raise ValueError('not a Redis URL: write one like "redis://localhost:6379/0"')
    return value


def http_url(value: str) -> str:
    """An absolute http or https URL, without user and password: URLs are shown and logged, secrets are not."""
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError('not an http URL: write one like "https://sms.example.com"')
    if "@" in parts.netloc:
        raise ValueError("must not carry a user or password")
    if parts.fragment:
        raise ValueError("must not have a fragment (#...)")
    return value


def base_url(value: str) -> str:
    """An http URL that paths can be appended to."""
    if "?" in http_url(value):
        raise ValueError("must not have a query (?...)")
    return value


def public_url(value: str) -> str:
    """A base URL, without a slash at its end."""
    return base_url(value).rstrip("/")


def template_text(value: str) -> str:
    for hole in holes(value):
        if not hole.isidentifier():
            raise ValueError("a hole is a name in braces, like {name}: letters, digits and _, no digit first")
    if set("{}") & set(_HOLE.sub("", value)):
        raise ValueError("a brace stands alone: braces are only for holes like {name}")
    return value


def holes(text: str) -> tuple[str, ...]:
    """The names of a template's holes, each once, in the order of the text."""
    return tuple(dict.fromkeys(_HOLE.findall(text)))


def _split(url: str) -> SplitResult | None:
    """None for what is no URL: other than printable ASCII, a host or port that cannot be."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  (raises where it is out of range)
        if parts.hostname and not _HOST.fullmatch(parts.hostname):
            ip_network(parts.hostname)
    except ValueError:
        return None
    return parts
