"""Which gateway, and whose key."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from .errors import UnexpectedAnswerError
from .version import __version__

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """An address and a key, which is shown nowhere."""

    url: str
    headers: dict[str, str] = field(repr=False)

    @property
    def path(self) -> str:
        """What comes before the API's own paths."""
        return urlsplit(self.url).path.rstrip("/")


def target(url: str | None, key: str | None) -> Target:
    """From what is given, else from GATEWAY_URL and GATEWAY_KEY. Raises ValueError where that will not do."""
    url = url or os.environ.get("GATEWAY_URL")
    key = key or os.environ.get("GATEWAY_KEY")
    if not url:
        raise ValueError("where is the gateway? give `url`, or set GATEWAY_URL")
    if not key:
        raise ValueError("whose messages are they? give `key`, or set GATEWAY_KEY")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the gateway's address is not like https://sms.example.com")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("the key has characters that no key has: a line end, perhaps")
    agent = f"message-gateway-python/{__version__}"
    return Target(url, {"Authorization": f"Bearer {key}", "User-Agent": agent, "Accept": "application/json"})


def only(kind: type[T], answer: object) -> T:
    """The answer, which is of that kind."""
    if not isinstance(answer, kind):
        raise UnexpectedAnswerError(f"the answer is {type(answer).__name__}, not {kind.__name__}")
    return answer
