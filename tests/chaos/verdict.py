"""The three ledgers compared: what callers were told, what vendors took, what the gateway says."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.model.ids import lane_of, parse_reference, reference
from gateway.model.message import EVENTFUL, State, Status
from gateway.store.messages import claim_name
from tests.chaos.alike import share_out
from tests.chaos.callers import Entry
from tests.chaos.excuses import EXPIRED, UNCERTAIN, excuse, facts
from tests.chaos.ledger import Account, Span, Taken, carries
from tests.chaos.process import RETENTION
from tests.chaos.promises import odd_places
from tests.chaos.verdict_reserved import Reserved, too_near

if TYPE_CHECKING:
    from tests.chaos.world import World

NEVER_THERE = (Status.FAILED, Status.EXPIRED, Status.CANCELED)
AT_MOST = 3
"""Times that a message is given to blind vendors where its caller accepts the risk, each under a new reference."""


class Judge:
    """`findings` begin with LOST, TWICE, LIE, AGAIN (given to who had refused it), WRONG (a text for somebody else),
    PARTY (a request for several that the vendor does not take), EARLY, LATE (a reservation, before its time, or when
    its vendor takes none any more), BLOCKED (by a vendor that counts failed logins), TORN
    (the gateway's own books disagree), STUCK or CRASH."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ask = world.server.ask
        self.findings: list[str] = []
        self.remarks: Counter[str] = Counter()
        """What is odd and breaks no promise."""
        self.excused: Counter[str] = Counter()
        """Why messages ended as they should not, by rule."""
        self.records = world.books.records()
        contents = world.books.many(*(("HGET", f"{{{lane_of(id_)}}}m:{id_}", "c") for id_ in self.records))
        self.contents: dict[str, dict[str, Any]] = dict(zip(self.records, map(json.loads, contents), strict=True))
        self._events = {lane: self._read_events(lane) for lane in world.books.lanes()}
        self._reserved = Reserved(world)
        self.taken: dict[str, list[tuple[Account, Taken]]] = {}
        for account in world.vendors.accounts.values():
            for taken in account.taken:
                named = parse_reference(taken.reference)
                assert named is not None
                self.taken.setdefault(named.id, []).append((account, taken))
        share_out(self.taken, self.records, self.contents, world.letters, AT_MOST)

    def judge(self) -> list[str]:
        for id_ in self.taken:
            if id_ not in self.records and not self._forgotten(id_):
                self._find("LOST", id_, "the vendor has it, the gateway does not know it")
        for id_, state in self.records.items():
            key = f"{{{lane_of(id_)}}}m:{id_}"
            timeline, ends = self._world.books.many(("HGET", key, "t"), ("PEXPIRETIME", key))
            self._status(id_, state)
            self._books(id_, state, timeline, ends)
        for account in self._world.vendors.accounts.values():
            if account.blocked:
                self.findings.append(f"BLOCKED {account.name}: too many failed logins in a row")
        for lane in self._world.books.lanes():
            if int(self._ask("GET", f"{{{lane}}}j") or 0) < 0:
                self.findings.append(f"STUCK lane {lane} is closed, and nothing was lost since it was adopted")
        self._callers()
        self._leftovers()
        self.findings += odd_places(self._world, self.records)
        return self.findings

    def _find(self, kind: str, id_: str, what: str) -> None:
        self.findings.append(f"{kind} {id_}: {what}")

    # A Redis that forgot

    def _forgotten(self, id_: str) -> bool:
        """Only what was accepted after the copy may be lost with it."""
        moment = self._world.accepted.get(id_, 0.0)
        return self._world.within(Span(moment, moment)) and id_ not in self.records

    # Against the vendors

    def _asked(self, id_: str, which: str) -> int:
        """How often vendors refused the message, or were not reached with it."""
        return sum(
            number
            for account in self._world.vendors.accounts.values()
            for reference, number in getattr(account, which).items()
            if reference.startswith(id_ if account.named else self._world.letters.head(id_))
        )

    def _status(self, id_: str, state: State) -> None:
        taken = self.taken.get(id_, [])
        self._once(id_, taken)
        if not state.final_at:
            self._find("STUCK", id_, f"still {state.status}, phase {state.phase}, open {state.open!r}")
            return
        if state.status in (Status.SCHEDULED, Status.QUEUED, Status.SUBMITTING):
            self._find("LIE", id_, f"final, and {state.status}")
        elif state.status in NEVER_THERE and taken:
            self._find("LIE", id_, f"{state.status}, and the vendor has it")
        elif state.status in (Status.SUBMITTED, Status.DELIVERED, Status.UNDELIVERED) and not taken:
            why = self._reserved.submitted(id_, state) if state.status is Status.SUBMITTED else ""
            self.excused[f"submitted: {why}"] += bool(why)
            if not why:
                self._find("LIE", id_, f"{state.status}, and no vendor has it")
        elif state.status is Status.CANCELED:
            entry = self._world.tags[self.contents[id_]["metadata"]["tag"]]
            if wrong := self._reserved.canceled(id_, state, entry):
                self._find("LIE", id_, wrong)
        if state.status is Status.FAILED and not self._failed_rightly(id_, state):
            self._find("LOST", id_, "failed, and no vendor refused it")
        if state.status is Status.EXPIRED and state.final_at < state.expires_at:
            self._find("LOST", id_, "expired before its time")
        rules = {Status.UNCERTAIN: UNCERTAIN, Status.EXPIRED: EXPIRED}.get(state.status)
        if rules is not None:
            why = excuse(rules, facts(self._world, id_, state, self.contents[id_]))
            self.excused[f"{state.status}: {why}"] += bool(why)
            if not why:
                self._find("LOST", id_, f"{state.status} at {state.provider}, and nothing allows it")
        if len(taken) == 1:
            self._fate(id_, state, *taken[0])

    def _once(self, id_: str, taken: list[tuple[Account, Taken]]) -> None:
        risk = self.contents[id_].get("resend_blind", False) and any(account.blind for account, _ in taken)
        places = [f"{taken.reference} at {account.name}" for account, taken in taken]
        named = [place for place, (account, _) in zip(places, taken, strict=True) if account.named]
        most = AT_MOST if risk else 1
        again = len(set(named)) < len(named)
        if risk and self._world.restored_at is not None:
            # How often it was sent, and by what name, may be forgotten: then it is counted anew.
            most, again = 2 * AT_MOST, False
        if len(taken) > most or again:
            self._find("TWICE", id_, f"taken as {places}")
        lost = [
            reference
            for account in self._world.vendors.accounts.values()
            for reference in account.lost
            if account.blind and reference.startswith(id_)
        ]
        if len(lost) > AT_MOST and self._world.restored_at is None:
            self._find("TWICE", id_, f"sent blindly as {lost}")
        self._unnamed(id_)

    def _unnamed(self, id_: str) -> None:
        """Where a second try has no name of its own, they are counted. (To a bad receiver any number may be made.)"""
        ids = self._world.letters.alike(id_)
        if id_ not in ids[:1] or self._world.restored_at is not None or self._world.letters.to(id_) in self._world.bad:
            return
        lost = sum(
            number
            for account in self._world.vendors.accounts.values()
            for reference, number in account.lost.items()
            if not account.named and reference.startswith(id_)
        )
        if lost > sum(AT_MOST if self.contents.get(each, {}).get("resend_blind") else 1 for each in ids):
            self._find("TWICE", id_, f"sent blindly {lost} times, of {len(ids)} messages")

    def _failed_rightly(self, id_: str, state: State) -> bool:
        """Refused, and not only in company; or told `uncertain` first, and then that the try had never left."""
        named = self._world.vendors.accounts[state.provider].named
        if self._asked(id_, "refused" if named else "denied") > 0:
            return True
        if not state.reason_detail.endswith("heard of too late"):
            return False
        never_left = state.reason_detail.startswith("never left")
        self.remarks["uncertain, and then found to have been refused in company, or put off"] += not never_left
        return self._asked(id_, "unreached" if never_left else "refused") > 0

    def _fate(self, id_: str, state: State, account: Account, taken: Taken) -> None:
        """What became of it is known at the vendor: the gateway must know it too, where it was told or could ask."""
        if not account.named:
            if state.status in (Status.DELIVERED, Status.UNDELIVERED):
                self._find("LIE", id_, f"{state.status}, and {account.name} tells nobody what becomes of a message")
            return
        end = "undelivered" if taken.fate == "undelivered" else "delivered"
        heard = {word for word, span in taken.told.items() if not self._world.within(span)}
        if state.status is Status.UNDELIVERED and taken.fate == "corrected" and end not in heard:
            self.remarks["the correction of an undelivered message never arrived"] += 1
        elif state.status is Status.SUBMITTED and state.resends and end == "undelivered":
            self.remarks["one of several blind tries came to nothing, another may have arrived"] += 1
        elif self._askable(id_, state, account, taken) or end in heard:
            if state.status != end and state.status not in NEVER_THERE:
                self._find("LIE", id_, f"{state.status}, and at the vendor it is {end}")
        elif state.status is Status.UNCERTAIN and heard:
            self._find("LIE", id_, f"uncertain, and a receipt said {sorted(heard)}")

    def _askable(self, id_: str, state: State, account: Account, taken: Taken) -> bool:
        """The gateway can ask there all the time, and knows by what name: the last move may be forgotten."""
        world = self._world
        same = (account.name, taken.reference) == (state.provider, reference(id_, state.generation))
        known = same or world.restored_at is None
        return known and not account.blind and account.name not in world.gone

    # The gateway's own books

    def _books(self, id_: str, state: State, told: bytes, expires: int) -> None:
        lane, timeline = lane_of(id_), json.loads(b"[" + told[:-1] + b"]")
        if len(timeline) != state.steps or timeline[-1][1] != state.status:
            self._find("TORN", id_, f"{state.status} after {state.steps} steps, its timeline says {timeline}")
        entered = [now[1] for before, now in pairwise(timeline) if before[1] != now[1]]
        events = [kind for client, of, kind in self._events[lane] if (client, of) == (state.client, id_)]
        if [each for each in entered if each in EVENTFUL] != events:
            self._find("TORN", id_, f"events {events}, timeline {entered}")
        times = [step[0] for step in timeline]
        if times != sorted(times):
            self._find("TORN", id_, f"its timeline goes back in time: {times}")
        self._over(id_, state, times)
        ends = max(state.final_at, state.send_at) + RETENTION.record if state.final_at else -1
        if expires != ends:
            self._find("TORN", id_, f"expires at {expires}, not {ends}")
        day = state.created_at // 86_400_000
        claims = [name for name in state.claims.split() if name[0] != "~"]  # that of a cancel names no key
        listed, *holders = self._world.books.many(
            ("LRANGE", f"{{{lane}}}x:{state.client}:d:{day}", 0, -1),
            *(("GET", f"{{{lane}}}k:{name}") for name in claims),
        )
        if id_.encode() not in listed:
            self._find("LOST", id_, "not in the index")
        for name, holder in zip(claims, holders, strict=True):
            if not (holder or b"").startswith(id_.encode()):
                self._find("TORN", id_, f"its claim {name} is gone")

    def _over(self, id_: str, state: State, times: list[int]) -> None:
        """Where no more news can come, `submitted` is final at once."""
        silent = not self._world.vendors.accounts[state.provider].named and state.provider not in self._world.gone
        if silent and state.status is Status.SUBMITTED and state.final_at > times[-1]:
            self._find("LIE", id_, f"submitted at {times[-1]}, and not final before {state.final_at}")

    def _read_events(self, lane: str) -> list[tuple[str, str, str]]:
        """Client, message and kind."""
        told = []
        for client in self._world.shape.clients:
            for _, flat in self._ask("XRANGE", f"{{{lane}}}e:{client}", "-", "+"):
                fields = dict(zip(flat[::2], flat[1::2], strict=True))
                told.append((client, fields[b"i"].decode(), fields[b"k"].decode()))
        return told

    def _leftovers(self) -> None:
        """Once all is settled nothing waits anywhere."""
        if any(not state.final_at for state in self.records.values()):
            return
        for id_ in sorted(self._world.books.held()):
            self._find("TORN", id_, "final, and still in somebody's hands")
        for lane in self._world.books.lanes():
            for id_ in self._ask("ZRANGE", f"{{{lane}}}a", 0, -1):
                self._find("TORN", id_.decode(), "final, and on the agenda")
            for name, depth in zip(*[iter(self._ask("HGETALL", f"{{{lane}}}n"))] * 2, strict=True):
                lists = sum(self._ask("LLEN", key) for key in self._ask("KEYS", f"{{{lane}}}q:{name.decode()}:*"))
                if int(depth) != lists:
                    self._find("TORN", name.decode(), f"depth {int(depth)}, and {lists} entries wait")

    # Against the callers

    def _callers(self) -> None:
        named: dict[str, set[str]] = {}
        for id_, content in self.contents.items():
            named.setdefault(content["metadata"]["tag"], set()).add(id_)
        for tag, entry in self._world.tags.items():
            there = named.get(tag, set())
            told = {id_ for id_ in entry.ids if not self._forgotten(id_)}
            if len(there | told) > 1:
                self.findings.append(f"TWICE {tag}: accepted as {sorted(there | told)}")
            for id_ in told - there:
                self._find("LOST", id_, f"accepted as {tag}, and not there")
            for id_ in there & told:
                self._told(tag, entry, id_)
            odd = [(str(code), wall) for code, wall in entry.refused if not self._refusable(code, entry, wall)]
            if odd:
                self.findings.append(f"LIE {tag}: refused with {odd}: {entry.body}")

    def _told(self, tag: str, entry: Entry, id_: str) -> None:
        state, client = self.records[id_], entry.client.name
        if entry.key is None:
            claim = claim_name(client, "tag", tag)
        else:
            claim = "!" + claim_name(client, "key", "/messages", tag)
        if f"{claim} " not in state.claims:
            self._find("TORN", id_, f"the claim of {tag} is missing")
        if entry.canceled and state.status is not Status.CANCELED and not self._world.within(entry.canceled):
            self._find("LIE", id_, f"the caller was told it is canceled, and it is {state.status}")

    def _refusable(self, code: str, entry: Entry, wall: float) -> bool:
        """Times that have passed; a provider that is not configured just now; a vendor that cannot keep it."""
        body = entry.body
        timed = "expiresAt" in body or "sendAt" in body
        able = [name for name, kind in self._world.shape.kinds.items() if carries(kind, body["to"])]
        gone = bool(self._world.gone) and ("provider" in body or len(able) == 1)
        late = ("unsupported", "overloaded") if body.get("heldBy") == "provider" else ("overloaded",)
        return (
            (code == "invalid_request" and (timed or gone))
            or (code == "no_route" and gone)
            or (code in late and "sendAt" in body and too_near(self._world, entry, wall))
        )


def explain(world: World, id_: str) -> str:
    """What is known of a message, for whoever reads a failing case."""
    state, timeline = world.books.many(*(("HGET", f"{{{lane_of(id_)}}}m:{id_}", field) for field in "st"))
    known = zip(State.__struct_fields__, msgspec.msgpack.decode(state), strict=True)
    told = ", ".join(f"{name} {value}" for name, value in known if value not in (0, "", -1))
    vendors = [
        f"{account.name} {what} {dict(found)}"
        for account in world.vendors.accounts.values()
        for what in ("requests", "refused", "lost", "unreached")
        if (found := {name: n for name, n in getattr(account, what).items() if name.startswith(id_)})
    ]
    return f"\n{id_}: {told}\n  {timeline.decode()}\n  {', '.join(vendors)}"
