"""The Lua scripts: each atomic, each safe to repeat, none decodes JSON."""

from __future__ import annotations

import hashlib
from importlib import resources

import msgspec

from gateway.model.message import State


class Script(msgspec.Struct, frozen=True):
    """A script as Redis loads it."""

    source: str
    sha: str


def _load(name: str, *, lane: bool = True, shebang: str = "", before: str = "") -> Script:
    files = resources.files(__package__)
    source = (files / f"{name}.lua").read_text("utf-8")
    if lane:
        own, body = source.split("\n", 1)
        positions = "\n".join(
            f"local {field.upper()} = {index}"
            for index, field in enumerate(State.__struct_fields__, 1)
            if f"[{field.upper()}]" in body
        )
        preludes = [(files / f"{each}.lua").read_text("utf-8") for each in ("prelude", before) if each]
        source = "\n".join((shebang or own, positions, *preludes, body))
    return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


ACCEPT = _load("accept")
LOOKUP = _load("accept", shebang="#!lua flags=allow-oom")
TAKE = _load("take")
APPLY = _load("apply")
TICK = _load("tick")
GRANT = _load("grant", lane=False)
REPORT = _load("report", lane=False)
LOGIN = _load("login", lane=False)
PEEK = _load("peek")
BATCH = _load("batch")
TALLY = _load("tally")
ROSTER = _load("roster")
OPEN = _load("open", before="limit")
GLANCE = _load("open", before="limit", shebang="#!lua flags=allow-oom")
ALTER = _load("alter", before="limit")
RIPE = _load("ripe")
JOIN = _load("join", lane=False)
PULL = _load("pull")
TOLD = _load("told")
REWIND = _load("rewind")
HELLO = _load("hello", lane=False)
PLAIN = _load("plain", lane=False)
