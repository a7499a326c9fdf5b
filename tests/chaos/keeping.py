"""What vendors keep until its time: taken, asked about, dropped (also behind our back), and sent."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx

from gateway.model.ids import parse_reference
from tests.chaos.clockwork import BASE
from tests.chaos.ledger import Account
from tests.chaos.words import AICROSS, Asked

if TYPE_CHECKING:
    from tests.chaos.vendor import Vendors
    from tests.chaos.world import World

ZONE = ZoneInfo("Asia/Tokyo")
KOREA_AHEAD = 30 * 60
"""Seconds that KoreaSMS must be given a reservation before its time, at least."""
HANGING = 25.0
"""Seconds that a process may hang, at most, or go on with the clock of before."""
TARDY = 25.0
"""Seconds after its minute in which a vendor sends, at most."""


@dataclass
class Kept:
    """A reservation at a vendor. Times on the vendor's clock, in seconds since the case began."""

    account: Account
    reference: str
    at: float
    """As it was asked for."""
    leaves: float
    """When it is sent: a vendor's minute has its length."""
    shown: float
    """From when it finds it itself."""
    group: str
    sent: bool = False
    dropped: str = ""
    """Who had it dropped: "caller" (one, or a day of them) or "operator" (the vendor's, behind our back)."""

    @property
    def lives(self) -> bool:
        return not self.sent and not self.dropped

    @property
    def id(self) -> str:
        named = parse_reference(self.reference)
        assert named is not None
        return named.id


class Keeping:
    """Of all vendors."""

    def __init__(self, world: World, vendors: Vendors) -> None:
        self._world = world
        self._vendors = vendors
        self._dice = random.Random(f"keeping {world.seed}")
        self.all: list[Kept] = []
        self.unheard: set[str] = set()
        """References that it was asked about, and did not answer."""

    def too_late(self, account: Account, asked: Asked) -> str:
        """The code of its refusal to keep it; "": it does."""
        ahead = asked.keep - BASE - self._world.passed_time
        if account.kind == "koreasms":
            return "10" if ahead < KOREA_AHEAD else ""
        return "past" if ahead <= 0 else ""

    def put(self, account: Account, reference: str, asked: Asked) -> None:
        at = asked.keep - BASE
        calm = self._vendors.calm
        leaves = at + self._dice.choice([0.0, 0.0, 0.5, 4.0, TARDY - 5.0])
        # Where a clock has just leapt nobody could tell how long the vendor has had it.
        sure = calm or self._world.now - self._world.clocks.jumped_at < HANGING
        shown = self._world.passed_time + (0.0 if sure else self._dice.choice([0.0, 1.0, 1.0]))
        self.all.append(Kept(account, reference, at, leaves, shown, asked.group))
        account.known.add(reference)
        self._world.count("vendor: keeps a reservation", reference)

    def release(self, *, leapt: bool = False) -> None:
        """Sends what is due. `leapt`: the clock has just gone past it."""
        for kept in self.all:
            if kept.lives and kept.leaves <= self._world.passed_time:
                kept.sent = True
                self._world.count("vendor: sends what it kept", kept.reference)
                unlisted = max(kept.leaves + self._dice.choice([0.0, 3.0, 12.0, 30.0]) - self._world.passed_time, 0.0)
                # With a clock that is behind nobody could tell that this is about its time.
                behind = leapt or self._world.clocks.stepped_back
                self._vendors.take(kept.account, kept.reference, 0.0 if behind else unlisted)

    def live(self) -> list[Kept]:
        """What vendors keep now."""
        self.release()
        return [kept for kept in self.all if kept.lives]

    def drop_one(self) -> None:
        """The vendor's operator does, and tells nobody. Where a vendor cannot be asked, nobody could ever know."""
        kept = [each for each in self.live() if each.account.kind == "aicross"]
        if kept:
            one = self._dice.choice(kept)
            one.dropped = "operator"
            self._world.count("vendor: drops a reservation by itself", one.reference)

    # Asked and told

    def answer(self, account: Account, asked: Asked, how: str) -> httpx.Response | None:
        """None: it closes the connection."""
        verb, _, when = how.partition(" ")
        if verb == "error":
            return AICROSS.error()
        done = None
        if verb in ("answer", "late") or when == "after":
            self.release()
            done = {"check": self._check, "cancel": self._cancel, "days": self._days}[asked.what](account, asked)
        return done if verb in ("answer", "late") else self._vendors.broken(account, verb)

    def _find(self, account: Account, asked: Asked) -> Kept | None:
        named = [each for each in self.all if each.account is account and each.reference == asked.references[0]]
        return named[-1] if named else None

    def _was_sent(self, account: Account, asked: Asked) -> bool:
        """As far as it finds it already."""
        taken = account.by_reference.get(asked.references[0])
        return taken is not None and taken.listed <= self._world.passed_time

    def _check(self, account: Account, asked: Asked) -> httpx.Response:
        kept = self._find(account, asked)
        if kept is not None and kept.lives and kept.shown <= self._world.passed_time:
            return AICROSS.reserved(kept.reference)
        if self._was_sent(account, asked):
            return AICROSS.said(130)
        return AICROSS.said(110) if self._dice.random() < 0.6 else AICROSS.reserved()

    def _cancel(self, account: Account, asked: Asked) -> httpx.Response:
        kept = self._find(account, asked)
        if kept is not None and kept.lives and kept.shown <= self._world.passed_time:
            kept.dropped = "caller"
            self._world.count("vendor: cancels a reservation", kept.reference)
            return AICROSS.said(0)
        return AICROSS.said(130 if self._was_sent(account, asked) else 110)

    def _days(self, account: Account, asked: Asked) -> httpx.Response:
        first, last, group = asked.days
        for kept in self.all:
            day = datetime.fromtimestamp(kept.at + BASE, ZONE).strftime("%Y%m%d")
            fits = kept.account is account and first <= day <= last and group in ("", kept.group)
            if fits and kept.lives:
                kept.dropped = "caller"
                self._world.count("vendor: cancels a reservation", f"{kept.reference}, with its day")
        return AICROSS.said(0)
