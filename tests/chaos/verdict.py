"""The three ledgers compared: what callers were told, what vendors took, what the gateway says."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.model.ids import parse_reference
from gateway.model.message import EVENTFUL, State, Status
from gateway.store.messages import claim_name
from tests.chaos.process import RETENTION
from tests.chaos.vendor import Account, Taken

if TYPE_CHECKING:
    from tests.chaos.world import World

NEVER_THERE = (Status.FAILED, Status.EXPIRED, Status.CANCELED)


class Judge:
    """`findings` begin with LOST, TWICE, LIE, TORN (the gateway's own books disagree) or STUCK."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ask = world.server.ask
        self.findings: list[str] = []
        self.remarks: Counter[str] = Counter()
        """What is odd and breaks no promise."""
        self.records = world.records()
        self.contents: dict[str, dict[str, Any]] = {}
        self.taken: dict[str, list[tuple[Account, Taken]]] = {}
        for account in world.vendors.accounts.values():
            for taken in account.taken:
                named = parse_reference(taken.reference)
                assert named is not None
                self.taken.setdefault(named.id, []).append((account, taken))

    def judge(self) -> list[str]:
        for id_ in self.taken:
            if id_ not in self.records:
                self._find("LOST", id_, "the vendor has it, the gateway does not know it")
        for id_, state in self.records.items():
            self.contents[id_] = json.loads(self._ask("HGET", f"{{00}}m:{id_}", "c"))
            self._status(id_, state)
            self._books(id_, state)
        self._callers()
        self._leftovers()
        return self.findings

    def _find(self, kind: str, id_: str, what: str) -> None:
        self.findings.append(f"{kind} {id_}: {what}")

    # Against the vendors

    def _asked(self, id_: str, which: str) -> int:
        """How often vendors refused the message or lost an answer about it."""
        return sum(
            number
            for account in self._world.vendors.accounts.values()
            for reference, number in getattr(account, which).items()
            if reference.startswith(id_)
        )

    def _status(self, id_: str, state: State) -> None:
        taken = self.taken.get(id_, [])
        risk = self.contents[id_].get("resend_blind", False)
        if len(taken) > (3 if risk and any(account.blind for account, _ in taken) else 1):
            places = [f"{taken.reference} at {account.provider.name}" for account, taken in taken]
            self._find("TWICE", id_, f"taken as {places}")
        if not state.final_at:
            self._find("STUCK", id_, f"still {state.status}, phase {state.phase}, open {state.open!r}")
            return
        if state.status in (Status.SCHEDULED, Status.QUEUED, Status.SUBMITTING):
            self._find("LIE", id_, f"final, and {state.status}")
        elif state.status in NEVER_THERE and taken:
            self._find("LIE", id_, f"{state.status}, and the vendor has it")
        elif state.status in (Status.SUBMITTED, Status.DELIVERED, Status.UNDELIVERED) and not taken:
            self._find("LIE", id_, f"{state.status}, and no vendor has it")
        if state.status is Status.FAILED and not self._asked(id_, "refused"):
            self._find("LOST", id_, "failed, and no vendor refused it")
        if state.status is Status.EXPIRED and state.final_at < state.expires_at:
            self._find("LOST", id_, "expired before its time")
        if state.status is Status.UNCERTAIN and not taken and not self._excused(id_, state):
            self._find("LOST", id_, "uncertain, and every answer was heard")
        if len(taken) == 1:
            self._fate(id_, state, *taken[0])

    def _excused(self, id_: str, state: State) -> bool:
        """An answer to it was lost, or whoever held it may have been stopped."""
        takes = any(number for (site, _), number in self._world.injected.items() if site == "take")
        return self._asked(id_, "lost") > 0 or bool(self._world.stopped) or takes or state.stalls > 0

    def _fate(self, id_: str, state: State, account: Account, taken: Taken) -> None:
        """What became of it is known at the vendor: the gateway must know it too, where it was told or could ask."""
        end = "undelivered" if taken.fate == "undelivered" else "delivered"
        told = {"1": "", "2": "delivered", "3": "undelivered"}
        heard = {told[word] for word in taken.told}
        if not account.blind or end in heard:
            if state.status != end and state.status not in NEVER_THERE:
                self._find("LIE", id_, f"{state.status}, and at the vendor it is {end}")
        elif state.status is Status.UNCERTAIN and heard:
            self._find("LIE", id_, f"uncertain, and a receipt said {heard}")

    # The gateway's own books

    def _books(self, id_: str, state: State) -> None:
        timeline = json.loads(b"[" + self._ask("HGET", f"{{00}}m:{id_}", "t")[:-1] + b"]")
        if len(timeline) != state.steps or timeline[-1][1] != state.status:
            self._find("TORN", id_, f"{state.status} after {state.steps} steps, its timeline says {timeline}")
        entered = [now[1] for before, now in pairwise(timeline) if before[1] != now[1]]
        events = [fields[b"k"].decode() for fields in self._events() if fields[b"i"].decode() == id_]
        if [each for each in entered if each in EVENTFUL] != events:
            self._find("TORN", id_, f"events {events}, timeline {entered}")
        times = [step[0] for step in timeline]
        if times != sorted(times):
            self.remarks["a timeline goes back in time"] += 1
        key = f"{{00}}m:{id_}"
        ends = max(state.final_at, state.send_at) + RETENTION.record if state.final_at else -1
        if self._ask("PEXPIRETIME", key) != ends:
            self._find("TORN", id_, f"expires at {self._ask('PEXPIRETIME', key)}, not {ends}")
        day = state.created_at // 86_400_000
        if id_.encode() not in self._ask("LRANGE", f"{{00}}x:shop:d:{day}", 0, -1):
            self._find("LOST", id_, "not in the index")
        for name in state.claims.split():
            if not (self._ask("GET", f"{{00}}k:{name}") or b"").startswith(id_.encode()):
                self._find("TORN", id_, f"its claim {name} is gone")

    def _events(self) -> list[dict[bytes, bytes]]:
        rows = self._ask("XRANGE", "{00}e:shop", "-", "+")
        return [dict(zip(fields[::2], fields[1::2], strict=True)) for _, fields in rows]

    def _leftovers(self) -> None:
        """Once all is settled nothing waits anywhere."""
        if any(not state.final_at for state in self.records.values()):
            return
        for key in self._ask("KEYS", "{00}o:*"):
            if ids := self._ask("SMEMBERS", key):
                self._find("TORN", ids[0].decode(), f"final, and still in the hands of {key.decode()}")
        for id_ in self._ask("ZRANGE", "{00}a", 0, -1):
            self._find("TORN", id_.decode(), "final, and on the agenda")
        for name, depth in zip(*[iter(self._ask("HGETALL", "{00}n"))] * 2, strict=True):
            lists = sum(self._ask("LLEN", key) for key in self._ask("KEYS", f"{{00}}q:{name.decode()}:*"))
            if int(depth) != lists:
                self._find("TORN", name.decode(), f"depth {int(depth)}, and {lists} entries wait")

    # Against the callers

    def _callers(self) -> None:
        named: dict[str, set[str]] = {}
        for id_, content in self.contents.items():
            text = content["text"].removeprefix("Hello ")
            named.setdefault(f"tag-{text}", set()).add(id_)
        for tag, entry in self._world.tags.items():
            there = named.get(tag, set())
            if len(there | entry.ids) > 1:
                self.findings.append(f"TWICE {tag}: accepted as {sorted(there | entry.ids)}")
            for id_ in entry.ids - there:
                self._find("LOST", id_, f"accepted as {tag}, and not there")
            claim = (
                claim_name("shop", "tag", tag)
                if entry.key is None
                else "!" + claim_name("shop", "key", "/messages", tag)
            )
            for id_ in there & entry.ids:
                state = self.records[id_]
                if f"{claim} " not in state.claims:
                    self._find("TORN", id_, f"the claim of {tag} is missing")
                if entry.canceled and state.status is not Status.CANCELED:
                    self._find("LIE", id_, f"the caller was told it is canceled, and it is {state.status}")
                if state.status is Status.CANCELED and not entry.asked_to_cancel:
                    self._find("LIE", id_, "canceled by nobody")
            odd = [code for code in entry.refused if not (code == "invalid_request" and "expiresAt" in str(entry.body))]
            if odd and "sendAt" not in entry.body:
                self.findings.append(f"LIE {tag}: refused with {odd}")


def explain(world: World, id_: str) -> str:
    """What is known of a message, for whoever reads a failing case."""
    state = world.records().get(id_)
    steps = world.server.ask("HGET", f"{{00}}m:{id_}", "t")
    return f"{msgspec.to_builtins(state)}\n{(steps or b'').decode()}"
