"""What callers were promised of reservations: what is sent when, and that it is kept where it is said to be."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from gateway.model.ids import parse_reference
from gateway.model.message import Phase, State, Status
from tests.chaos.keeping import HANGING, KOREA_AHEAD
from tests.chaos.ledger import Account, Span

if TYPE_CHECKING:
    from tests.chaos.books import Entry as Found
    from tests.chaos.callers import Entry
    from tests.chaos.process import Process
    from tests.chaos.words import Asked
    from tests.chaos.world import World

LATE = 5.0
"""Seconds after the last moment for a handover in which a request may still leave."""
_states = msgspec.msgpack.Decoder(State)


@dataclass
class Wish:
    """A change that a caller asked for. `send_at` in ms since 1970; None: as it is."""

    began: float
    send_at: int | None
    text: str | None
    ended: float = math.inf
    told: str = "nothing"
    """"done", or "refused"."""


class Wanted(NamedTuple):
    """What a caller may have to expect."""

    send_at: int
    text: str
    since: float
    """When it was asked for."""


class Promises:
    def __init__(self, world: World) -> None:
        self._world = world
        self.made: dict[str, State] = {}
        """Reservations as they were accepted, by id."""
        self._entries: dict[str, Entry] = {}

    def accepted(self, id_: str, raw: bytes, content: bytes) -> None:
        """Redis took a message."""
        state = _states.decode(raw)
        if state.send_at and id_ not in self.made:
            self.made[id_] = state
            self._entries[id_] = self._world.tags[json.loads(content)["metadata"]["tag"]]

    def entry(self, id_: str) -> Entry | None:
        return self._entries.get(id_)

    def wanted(self, id_: str) -> list[Wanted]:
        """What it may be at this moment: as it was confirmed last, or as anything that may have been done since."""
        made, entry = self.made[id_], self._entries[id_]
        found = [Wanted(made.send_at, entry.body["text"], self._world.accepted[id_])]
        for wish in entry.wishes:
            if wish.told == "refused" or wish.began > self._world.now:
                continue
            also = [self._changed(each, wish) for each in found]
            sure = wish.told == "done" and not self._world.within(Span(wish.began, wish.ended))
            found = also if sure else [*found, *also]
        return found

    def _changed(self, before: Wanted, wish: Wish) -> Wanted:
        return Wanted(
            before.send_at if wish.send_at is None else wish.send_at,
            before.text if wish.text is None else wish.text,
            before.since if wish.send_at is None else wish.began,
        )

    # At the vendor's door

    def leaving(self, process: Process, account: Account, asked: Asked) -> None:
        """A request is about to be sent."""
        if asked.letters:
            named = [(self._world.letters.reference(letter), letter.text) for letter in asked.letters]
        else:
            named = [(asked.references[0], asked.text)]
        for reference, text in named:
            known = parse_reference(reference or "")
            if known and known.id in self.made and len(self._world.letters.alike(known.id)) < 2:
                self._leaving(known.id, text, process, account, asked)

    def _leaving(self, id_: str, text: str, process: Process, account: Account, asked: Asked) -> None:
        wanted = [each for each in self.wanted(id_) if each.text == text]
        if not wanted:
            self._find("WRONG", id_, f"{text!r} given to {account.name}, and it was to be another text")
            return
        if not asked.keep:
            if all(self._world.clocks.peak(each.since - HANGING) * 1000 < each.send_at - 2 for each in wanted):
                ahead = min(each.send_at for each in wanted) / 1000 - self._world.wall
                self._find("EARLY", id_, f"given to {account.name} {ahead:.1f} s before its time")
            return
        whole = 1000 if account.kind == "koreasms" else 60_000
        if all(int(asked.keep * 1000) != each.send_at - each.send_at % whole for each in wanted):
            self._find("EARLY", id_, f"to be kept by {account.name} until {asked.keep}, and meant for another time")
        ends = asked.keep - (KOREA_AHEAD if account.kind == "koreasms" else 0)
        late = self._world.wall - ends
        world = self._world
        if late > LATE and world.now - max(world.rough_at + HANGING - LATE, process.frozen_at) > HANGING:
            self._find("LATE", id_, f"to be kept by {account.name}, {late:.1f} s after the last moment for that")

    # At every moment

    def look(self, entries: dict[str, Found]) -> None:
        """What holds at every moment: what is not final never goes by itself, what is held counts as maybe sent, and a
        reservation is kept where the gateway says."""
        for id_, (state, ttl) in entries.items():
            if state.phase is Phase.HELD and str(state.fence) not in state.open.split():
                self._find("LIE", id_, "in a dispatcher's hands without an open try")
            if not state.final_at and ttl != -1:
                self._find("LOST", id_, f"expires while {state.status}")
        if self._world.shape.reserves:
            records = {id_: found.state for id_, found in entries.items()}
            self._world.findings += [each for each in odd_places(self._world, records)[:1] if not self._world.findings]
        keeping = self._world.vendors.keeping
        live = keeping.live()
        if self._world.restored_at is not None:
            return  # what was handed over or canceled since the copy may be forgotten
        for kept in live:
            found = entries.get(kept.id)
            if found is None:
                continue
            if found.state.status is Status.CANCELED:
                self._find("LIE", kept.id, f"canceled, and {kept.account.name} keeps it")
            elif found.state.reserved and not found.state.handover and not found.state.open:
                self._find("LIE", kept.id, f"kept by the gateway, as it says, and {kept.account.name} keeps it")
        for kept in keeping.all:
            if kept.sent and kept.id in entries and entries[kept.id].state.status is Status.CANCELED:
                self._find("LIE", kept.id, f"canceled, and {kept.account.name} has sent it")
        known = {kept.id for kept in keeping.all}
        for id_, (state, _) in entries.items():
            if state.phase is Phase.RESTING and state.status is Status.SCHEDULED and id_ not in known:
                self._find("LIE", id_, f"kept by {state.provider}, as the gateway says, which never had it")

    def _find(self, kind: str, id_: str, what: str) -> None:
        finding = f"{kind} {id_}: {what}"
        self._world.findings += [finding] * (finding not in self._world.findings)


def odd_places(world: World, records: dict[str, State]) -> list[str]:
    """The list of what waits for its time holds that, and nothing else."""
    found = []
    for client in world.shape.clients:
        listed: dict[str, float] = {}
        for lane in world.books.lanes():
            flat: list[Any] = world.books.ask("ZRANGE", f"{{{lane}}}r:{client}", 0, -1, "WITHSCORES")
            listed |= {id_.decode(): float(at) for id_, at in zip(flat[::2], flat[1::2], strict=True)}
        waits = {id_: state for id_, state in records.items() if state.client == client and state.reserved}
        found += [f"TORN {id_}: in the list of reservations, and it is none" for id_ in listed if id_ not in waits]
        found += [
            f"TORN {id_}: a reservation, and at {listed.get(id_)} in the list of them"
            for id_, state in waits.items()
            if listed.get(id_) != state.send_at
        ]
    return found
