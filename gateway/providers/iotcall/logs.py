"""What rules did (④): the same entries in lists, or by kind in tables of tables (E)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo

from gateway.provider import Log, LoggedCall, LoggedMessage
from gateway.providers.iotcall import wire

Kind = Literal["calls", "messages", "either"]

_KINDS: dict[str, Kind] = {"calllog": "calls", "callog": "calls", "smslog": "messages", "list": "either"}
"""Names of tables and lists, in small letters without `_` and a plural's `s`."""
_PLACE: dict[str, Any] = {}
"""Stands for a list itself, before what is in it."""


def listed(reply: wire.Reply, kind: Literal["calls", "messages"], zone: ZoneInfo) -> Log | None:
    """The log of one kind (A to D): `{"status": "ok", "list": [...]}`. None where there is no such list."""
    return _log(reply, kind, zone, needed=True)


def nested(reply: wire.Reply, zone: ZoneInfo) -> Log | None:
    """The log of an activation (E): `{"status": "ok", "0": {"sms_logs": [...]}, ...}`, and `call_logs` in the same
    table, another one, or another document. None where what is there cannot be read."""
    return _log(reply, "either", zone, needed=False)


def _log(reply: wire.Reply, kind: Kind, zone: ZoneInfo, *, needed: bool) -> Log | None:
    try:
        found = [each for document in reply.documents for each in _walk(document, None)]
    except (ValueError, RecursionError):
        return None
    if needed and not found:
        return None
    entries = [(_kind(each, kind if named == "either" else named), each) for named, each in found if each is not _PLACE]
    return Log(
        calls=tuple(_call(each, zone) for each_kind, each in entries if each_kind == "calls"),
        messages=tuple(_message(each, zone) for each_kind, each in entries if each_kind == "messages"),
    )


def _walk(value: Any, kind: Kind | None) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """The entries in lists, in tables of them, or alone, below a name of `_KINDS`. Raises ValueError where anything
    else stands there."""
    if isinstance(value, list):
        for inner in value:
            yield from _walk(inner, kind)
    elif not isinstance(value, dict):
        if kind and value is not None:
            raise ValueError("no entry")
    elif kind and {"to", "status", "code"} & value.keys():
        yield kind, value
    else:
        for name, inner in value.items():
            named = _KINDS.get(name.lower().replace("_", "").removesuffix("s"))
            if named:
                yield named, _PLACE
            yield from _walk(inner, kind if named in (None, "either") and kind else named)


def _kind(fields: dict[str, Any], kind: Kind) -> Kind:
    if kind != "either":
        return kind
    return "messages" if "created_at" in fields and "start_time" not in fields else "calls"


def _call(fields: dict[str, Any], zone: ZoneInfo) -> LoggedCall:
    return LoggedCall(
        to=wire.text(fields.get("to")),
        status=wire.text(fields.get("status")),
        pressed=wire.integer(fields.get("response_no")),
        duration=wire.integer(fields.get("duration")),
        started_at=wire.moment(fields.get("start_time"), zone),
        ended_at=wire.moment(fields.get("end_time"), zone),
        memo=wire.memo(fields.get("memo")),
        rule_id=wire.text(fields.get("rule_id")),
        activation_id=wire.text(fields.get("code")),
    )


def _message(fields: dict[str, Any], zone: ZoneInfo) -> LoggedMessage:
    return LoggedMessage(
        to=wire.text(fields.get("to")),
        status=wire.text(fields.get("status")),
        created_at=wire.moment(fields.get("created_at"), zone),
        memo=wire.memo(fields.get("memo")),
        rule_id=wire.text(fields.get("rule_id")),
        activation_id=wire.text(fields.get("code")),
    )
