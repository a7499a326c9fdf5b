"""What came of reservations: the vendors' word, the callers' and the gateway's compared."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gateway.model.ids import reference
from gateway.model.message import State
from gateway.model.reasons import Reason
from tests.chaos.callers import Entry
from tests.chaos.keeping import KOREA_AHEAD, Kept
from tests.chaos.ledger import carries

if TYPE_CHECKING:
    from tests.chaos.world import World

MARGIN = 3.0
"""Seconds before the last moment for a handover in which a vendor counts as too near already."""


def too_near(world: World, entry: Entry, wall: float) -> bool:
    """Whether it was too late for every vendor that could keep it, or there is none."""
    body = entry.body
    at = datetime.fromisoformat(body["sendAt"]).timestamp()
    for name, kind in world.shape.kinds.items():
        if kind == "mediasms" or not carries(kind, body["to"]) or body.get("provider", name) != name:
            continue
        kept = at - KOREA_AHEAD if kind == "koreasms" else at - at % 60
        if kept - MARGIN > wall and name not in world.gone:
            return False
    return True


class Reserved:
    """`of`: what vendors kept of each message."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.of: dict[str, list[Kept]] = {}
        for kept in world.vendors.keeping.all:
            self.of.setdefault(kept.id, []).append(kept)

    def dropped(self, id_: str, state: State) -> bool:
        """The vendor that is said to have kept it does not, and has not sent it."""
        named = reference(id_, state.generation)
        return any(kept.dropped for kept in self.of.get(id_, []) if not kept.account.named or kept.reference == named)

    def canceled(self, id_: str, state: State, entry: Entry | None) -> str:
        """What is wrong with a message that is canceled."""
        if state.reason == Reason.PROVIDER_ERROR:
            return "" if self.dropped(id_, state) else "canceled at the vendor, as is said, which never dropped it"
        return "" if entry and entry.asked_to_cancel else "canceled by nobody"

    def checkable(self, state: State) -> bool:
        return self._world.vendors.accounts[state.provider].kind == "aicross"

    def submitted(self, id_: str, state: State) -> str:
        """Why it may be `submitted` though no vendor has it; "": nothing allows it."""
        if not self.dropped(id_, state):
            return ""
        unasked = state.provider in self._world.gone or not self.checkable(state)
        unheard = unasked or reference(id_, state.generation) in self._world.vendors.keeping.unheard
        if unheard and b"its time has come" in self._world.books.timeline(id_):
            return "dropped at a vendor that did not answer at its time"
        # Who was told that the vendor keeps it came to write that down when it was to be sent.
        return "dropped before it was known to be kept" if id_ in self._world.struck else ""
