"""Which gateway, and whose key."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from .errors import Course, UnexpectedAnswerError
from .version import __version__

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """An address and a key, which is shown nowhere."""

    url: str
    headers: dict[str, str] = field(repr=False)

    @property
    def path(self) -> str:
        """What comes before the API's own paths, as it is sent."""
        return httpx.URL(self.url).raw_path.decode().rstrip("/")


def target(url: str | None, key: str | None) -> Target:
    """From what is given, else from GATEWAY_URL and GATEWAY_KEY. Raises ValueError where that will not do."""
    url = url or os.environ.get("GATEWAY_URL")
    key = key or os.environ.get("GATEWAY_KEY")
    if not url:
        raise ValueError("where is the gateway? give `url`, or set GATEWAY_URL")
    if not key:
        raise ValueError("whose messages are they? give `key`, or set GATEWAY_KEY")
    if not _is_address(url):
        raise ValueError("the gateway's address is not like https://sms.example.com")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("the key has characters that no key has: a line end, perhaps")
    agent = f"message-gateway-python/{__version__}"
    return Target(url, {"Authorization": f"Bearer {key}", "User-Agent": agent, "Accept": "application/json"})


def _is_address(url: str) -> bool:
    """And nothing more than an address: a password in it would be sent in place of the key."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    more = parts.userinfo or parts.query or parts.fragment
    return parts.scheme in ("http", "https") and bool(parts.host) and not more


def only(kind: type[T], answer: object) -> T:
    """The answer to a POST, which is of that kind."""
    if not isinstance(answer, kind):
        why = f"the answer is {type(answer).__name__}, not {kind.__name__}"
        raise UnexpectedAnswerError(why, Course(may_have_been_accepted=True, repeatable=False))
    return answer
