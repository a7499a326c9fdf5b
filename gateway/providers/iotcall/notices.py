"""What the vendor pushes when a rule went off (⑤).

The document promises an activation id, and prints neither method, form nor field names: whatever carries one is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from gateway.errors import UnreadableCallback
from gateway.model.voice import ACTIVATION_ID
from gateway.provider import Callback, Notice
from gateway.providers.iotcall import wire

_BYTES_AT_MOST = 64 << 10
_VALUES_AT_MOST = 1000

_OWN = frozenset(
    (
        *("activationid", "activationcode", "activationno", "activation", "activateid", "activatecode", "activateno"),
        *("fireid", "firecode", "triggerid", "launchid", "callid", "executionid", "executeid", "invocationid"),
        *("hatsudoid", "hatsudouid", "hatudoid", "hatudouid", "発動id", "ルール発動id", "発動コード"),
    )
)
"""Names of an activation id, in small letters and without signs. ④ calls it 発動ID (hatsudou ID), and `code`."""
_COMMON = frozenset(("code", "id"))
"""Names that other things have too: what has one of these and is too short is no activation id."""
_COMMON_AT_LEAST = 12
_RULE = frozenset(("ruleid", "ruleno", "rulecode", "ルールid", "patternid"))
_LOOKS_LIKE_IT = re.compile(r"[0-9]{16,30}")
"""An id is the rule's (10 digits, as printed) and 12 digits of a time; the printed ones have 22."""
_ENDS_IN_A_TIME = re.compile(r".*[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9]|2[0-3])([0-5][0-9]){2}")
"""Not all printed ones do: among values without a name it is preferred."""


def read(callback: Callback) -> tuple[Notice, ...]:
    """The activations that a push names, as a rule one. Raises UnreadableCallback where it names none."""
    try:
        found = [(_names(above, name), _word(value)) for above, name, value in _values(callback)]
    except RecursionError:
        raise UnreadableCallback("it is nested too deeply") from None
    ids = _ids(found)
    if not ids:
        raise UnreadableCallback("no activation id in it")
    rules = {word for names, word in found if names & _RULE and word and word not in ids}
    rule = rules.pop() if len(rules) == 1 else ""
    return tuple(Notice(id_, rule) for id_ in ids)


def _ids(found: list[tuple[frozenset[str], str]]) -> list[str]:
    """The surest ones, each once: of a name of its own, else of a common name, else of no known name at all."""
    digits = [(names, word) for names, word in found if _LOOKS_LIKE_IT.fullmatch(word) and not names & _RULE]
    for sure in (
        [word for names, word in digits if names & _OWN],
        [word for names, word in found if names & _OWN and word],
        [word for names, word in digits if names & _COMMON],
        [word for _, word in digits if _ENDS_IN_A_TIME.fullmatch(word)],
        [word for _, word in digits],
        [word for names, word in found if names & _COMMON and len(word) >= _COMMON_AT_LEAST],
    ):
        if sure:
            return list(dict.fromkeys(sure))
    return []


def _names(above: str, name: str) -> frozenset[str]:
    """What a value is called: `id` of a table `rule` is `ruleid` too, and that alone."""
    inner, outer = _plain(name), _plain(above)
    both = outer + inner
    return frozenset((both,)) if both in _RULE else frozenset((inner, both))


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _word(value: object) -> str:
    """What could be an id; "" for anything else."""
    word = wire.text(value)
    return word if ACTIVATION_ID.fullmatch(word) else ""


def _values(callback: Callback) -> list[tuple[str, str, Any]]:
    """Every value of a push with its own name and that of the table it stands in, as far as there are sanely many."""
    if len(callback.body) > _BYTES_AT_MOST:
        raise UnreadableCallback("its body is too long")
    pairs = [*callback.query, *_form(callback)]
    # A value without a name is parsed as a name without a value.
    named = [("", name) if not value else (name, value) for name, value in pairs]
    found = list(islice((leaf for name, value in named for leaf in _leaves(name, value)), _VALUES_AT_MOST + 1))
    if len(found) > _VALUES_AT_MOST:
        raise UnreadableCallback("too many values in it")
    return found


def _form(callback: Callback) -> list[tuple[str, str]]:
    """The body's pairs; a body that is no form is one value without a name."""
    written = callback.body.decode("utf-8-sig", "replace").strip()
    if callback.content_type.lower().startswith("multipart/form-data"):
        return _parts(callback)
    if not written or written.startswith(("{", "[", '"')) or "=" not in written:
        return [("", written)] if written else []
    return parse_qsl(written, keep_blank_values=True, max_num_fields=None)


def _parts(callback: Callback) -> list[tuple[str, str]]:
    head = "".join(filter(str.isprintable, callback.content_type)).encode("utf-8", "replace")
    message = message_from_bytes(b"Content-Type: " + head + b"\r\n\r\n" + callback.body)
    found = []
    for part in islice(message.walk(), _VALUES_AT_MOST):
        content = part.get_payload(decode=True)
        name = part.get_param("name", "", "content-disposition")
        if isinstance(content, bytes) and not part.is_multipart():
            found.append((str(name), content.decode("utf-8", "replace").strip()))
    return found


def _leaves(name: str, written: str) -> Iterator[tuple[str, str, Any]]:
    """JSON in a field is looked into."""
    parsed = wire.documents(written.encode("utf-8", "replace")) if written.startswith(("{", "[", '"')) else None
    yield from wire.leaves(list(parsed) if parsed else written, "", name)
