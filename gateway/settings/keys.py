"""API keys: the caller holds the key, the configuration only its SHA-256."""

from __future__ import annotations

import hashlib
import secrets

from gateway.settings import rules


def new_key(name: str) -> tuple[str, str]:
    """A fresh API key `gk_<name>_<43 URL-safe characters>` and its SHA-256 in hex, for `clients.NAME.keys`.

    The key carries 256 random bits, so its plain hash cannot be reversed by guessing. Raises ValueError where
    `name` is no client name.
    """
    key = f"gk_{rules.name(name)}_{secrets.token_urlsafe(32)}"
    return key, key_digest(key).hex()


def key_digest(key: str) -> bytes:
    """What `Key.sha256` holds for this key (32 bytes)."""
    return hashlib.sha256(key.encode()).digest()
