"""The three ledgers compared: what callers were told, what vendors took, what the gateway says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tests.siege.callers import Entry
from tests.siege.plan import REFUSED
from tests.siege.vendors import Blind, Take

ENDS = {"submitted", "delivered", "undelivered", "failed", "expired", "canceled", "uncertain"}
NEVER_THERE = {"failed", "expired", "canceled"}
ARRIVED = {"submitted", "delivered", "undelivered"}
ID_LENGTH = 26
"""A vendor reference begins with the message's id."""
AT_MOST_BLIND = 3
"""With `duplicateRisk: accept`: once, and twice more."""


class Finding(NamedTuple):
    """`kind`: LOST, TWICE, LIE or STUCK. `subject`: a message's id, or a caller's tag."""

    kind: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.what}"


@dataclass
class Ledgers:
    entries: list[Entry]
    """The callers'."""
    takes: list[Take]
    """The vendors'."""
    confirmed: dict[str, list[str]]
    """The receipts that the gateway answered 200, by reference."""
    messages: dict[str, dict[str, Any]]
    """The gateway's: what GET /messages/{id} says, by id without its prefix; {} where it knows none."""
    listed: dict[str, tuple[str, str]]
    """The gateway's too: every id it lists, with client and tag."""
    by_id: dict[str, list[Take]] = field(init=False)
    said: dict[str, list[str]] = field(init=False)
    """Words the gateway confirmed about a message."""

    def __post_init__(self) -> None:
        self.by_id, self.said = {}, {}
        for take in self.takes:
            self.by_id.setdefault(take.reference[:ID_LENGTH], []).append(take)
        for reference, words in self.confirmed.items():
            self.said.setdefault(reference[:ID_LENGTH], []).extend(words)


def judge(ledgers: Ledgers) -> list[Finding]:
    found = [*_accepted(ledgers), *_listed(ledgers)]
    entries = {id_: entry for entry in ledgers.entries for id_ in entry.ids}
    for id_, message in ledgers.messages.items():
        if message:
            entry, takes = entries.get(id_), ledgers.by_id.get(id_, [])
            found += _taken(id_, entry, takes)
            found += _told(id_, message, entry, takes)
            found += _heard(id_, message, takes, ledgers.said.get(id_, []))
    return found


def settled(message: dict[str, Any], takes: list[Take]) -> bool:
    """Nothing more is to be expected. Where the vendor can be asked, its word has arrived."""
    if message.get("status") not in ENDS:
        return not message
    return not any(take.fate and take.fate != message["status"] for take in takes)


def _accepted(ledgers: Ledgers) -> Iterator[Finding]:
    """What a caller was told is there, and once."""
    for entry in ledgers.entries:
        if len(entry.ids) > 1:
            yield Finding("TWICE", entry.tag, f"one tag was accepted as {sorted(entry.ids)}")
        for id_ in entry.ids:
            if not ledgers.messages.get(id_):
                yield Finding("LOST", id_, f"accepted as {entry.tag}, and the gateway does not know it")
        if entry.refused:
            yield from _refused(entry)
        elif not entry.ids:
            yield Finding("STUCK", entry.tag, "no caller ever heard of it")


def _refused(entry: Entry) -> Iterator[Finding]:
    """Refused only where it was too late already; and then it is nowhere. A repeat may be late, not forgotten."""
    deadlines = [datetime.fromisoformat(entry.body[name]) for name in ("sendAt", "expiresAt") if name in entry.body]
    if entry.ids:
        yield Finding("LIE", entry.tag, f"accepted as {sorted(entry.ids)}, and then refused with {entry.refused}")
    if not entry.refused.startswith("400") or not any(each.timestamp() <= entry.refused_at + 0.1 for each in deadlines):
        yield Finding("LIE", entry.tag, f"refused with {entry.refused}")


def _listed(ledgers: Ledgers) -> Iterator[Finding]:
    """The gateway lists what it accepted, one message a tag, and nothing that was refused."""
    entries = {entry.tag: entry for entry in ledgers.entries}
    for tag, number in Counter(tag for _, tag in ledgers.listed.values()).items():
        if number > 1:
            yield Finding("TWICE", tag, f"{number} messages have this tag")
    for id_, (_, tag) in ledgers.listed.items():
        if tag not in entries or id_ not in entries[tag].ids:
            told = entries[tag].refused if tag in entries else ""
            yield Finding("LIE", id_, f"listed as {tag}, and its caller was told {told or 'nothing'}")
    for entry in ledgers.entries:
        for id_ in entry.ids - ledgers.listed.keys():
            yield Finding("LOST", id_, "not listed")
    for id_ in ledgers.by_id.keys() - ledgers.messages.keys():
        yield Finding("LOST", id_, "a vendor has it, and the gateway does not know it")


def _taken(id_: str, entry: Entry | None, takes: list[Take]) -> Iterator[Finding]:
    """At one vendor, once; but where the caller accepts the risk, at a blind one."""
    risky = entry is not None and entry.body.get("duplicateRisk") == "accept"
    blind = all(take.vendor == Blind.name for take in takes)
    if len(takes) > (AT_MOST_BLIND if risky and blind else 1):
        yield Finding("TWICE", id_, f"taken as {[f'{take.reference} at {take.vendor}' for take in takes]}")


def _told(id_: str, message: dict[str, Any], entry: Entry | None, takes: list[Take]) -> Iterator[Finding]:
    """The status at the end against what vendors have."""
    status = message["status"]
    blind = message["provider"] == Blind.name
    # One answer lost and another a refusal: the refusal is no proof of what became of the first.
    refusable = message["to"].endswith(REFUSED)
    if status not in ENDS:
        yield Finding("STUCK", id_, f"still {status}")
    elif status in NEVER_THERE and takes:
        yield Finding("LIE", id_, f"{status}, and {takes[0].vendor} has it")
    elif status in ARRIVED and not takes:
        yield Finding("LIE", id_, f"{status}, and no vendor has it")
    elif status in ARRIVED and not any(take.vendor == message["provider"] for take in takes):
        yield Finding("LIE", id_, f"{status} at {message['provider']}, and {takes[0].vendor} has it")
    elif status == "uncertain" and not blind and (takes or not (refusable or _too_late(message))):
        where = "the vendor has it" if takes else "it could be sent again"
        yield Finding("LIE", id_, f"uncertain where the vendor can be asked, and {where}")
    elif not settled(message, takes):
        yield Finding("LIE", id_, f"{status}, and at the vendor it is {takes[0].fate}")
    if status == "failed" and not refusable and not _doubted(message):
        yield Finding("LOST", id_, "failed, and no vendor refuses this number")
    if status == "expired" and _time(message["updatedAt"]) < _time(message["expiresAt"]):
        yield Finding("LOST", id_, "expired before its time")
    if status == "canceled" and entry is not None and not entry.asked_to_cancel:
        yield Finding("LOST", id_, "canceled, and nobody asked for it")
    if status != "canceled" and entry is not None and entry.canceled:
        yield Finding("LIE", id_, f"the caller was told it is canceled, and it is {status}")


def _heard(id_: str, message: dict[str, Any], takes: list[Take], words: list[str]) -> Iterator[Finding]:
    """A receipt that was answered 200 is durable, and counts."""
    status = message["status"]
    if "delivered" in words and status != "delivered":
        yield Finding("LIE", id_, f"{status}, and a receipt said delivered")
    elif "undelivered" in words and len(takes) == 1 and status not in ("undelivered", "delivered"):
        yield Finding("LIE", id_, f"{status}, and a receipt said undelivered")
    elif any(words) and status == "uncertain":
        yield Finding("LIE", id_, f"uncertain, and a receipt said {words}")


def _too_late(message: dict[str, Any]) -> bool:
    """Past `expiresAt` a lost answer is only asked about: what the vendor does not have then stays uncertain."""
    doubted = _doubted(message)
    return bool(doubted) and _time(doubted[0]["at"]) >= _time(message["expiresAt"])


def _doubted(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Events that say it was uncertain. It may fail then without a refusal: when it is heard that it never left."""
    return [event for event in message["events"] if event["status"] == "uncertain"]


def _time(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def timeline(message: dict[str, Any]) -> Iterator[tuple[float, str]]:
    """What the gateway says happened, in seconds since 1970 and words."""
    for event in message.get("events", ()):
        more = " ".join(str(event[name]) for name in ("provider", "providerCode", "detail") if name in event)
        yield _time(event["at"]), f"{event['status']} {more}"
