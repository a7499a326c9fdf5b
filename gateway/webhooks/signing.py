"""Signatures of Standard Webhooks (specification v1, symmetric). Pure."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256

from gateway.model.values import Secret


def headers(id_: str, at: int, body: bytes, secrets: Sequence[Secret]) -> dict[str, str]:
    """What goes with a body. `at`: seconds since 1970, of this try. One signature for each secret: while they are
    rotated, a receiver that knows one of them is content."""
    signed = f"{id_}.{at}.".encode() + body
    signatures = (b64encode(hmac.digest(_key(secret), signed, sha256)).decode() for secret in secrets)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(secret: Secret) -> bytes:
    return b64decode(secret.reveal().partition("_")[2])
