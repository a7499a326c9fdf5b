"""The files the pages load: a closed list. Nothing of a request ever becomes a path."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec

_PLACES: Mapping[str, tuple[str, str]] = {
    "page.css": ("page.css", "text/css"),
    "reference.js": ("reference.js", "text/javascript"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui-bundle.js.LICENSE.txt": ("swagger-ui/swagger-ui-bundle.js.LICENSE.txt", "text/plain"),
}
NAMES = tuple(_PLACES)


class File(msgspec.Struct, frozen=True):
    content: bytes
    media_type: str
    etag: str


@cache
def read(name: str) -> File:
    """One of `NAMES`. Raises KeyError for any other."""
    place, media_type = _PLACES[name]
    content = resources.files("gateway.spec").joinpath("assets", place).read_bytes()
    return File(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:24]}"')
