"""What holds at a vendor's door: looked at whenever a message is about to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.model.ids import parse_reference
from tests.chaos.ledger import Account, carries
from tests.chaos.letters import KOREA, Letter

if TYPE_CHECKING:
    from tests.chaos.process import Process
    from tests.chaos.world import World

GRANTED = 12.0
"""Seconds after a pause in which what had passed the gate before may still leave: Redis is asked for up to 5 s each
for the start time and for the message, which then is sent within 2 s."""
SMOOTH = 8.0
"""Seconds since the last fault, from which on requests in flight are counted to the letter: a clock that leaps, or an
answer of Redis that is late, ends what is believed of them."""


class Rules:
    def __init__(self, world: World) -> None:
        self._world = world
        self.paused: dict[str, float] = {}
        """Providers that an operator paused, and since when."""
        self.unproven: dict[str, float] = {name: float("-inf") for name in world.shape.kinds}
        """Providers whose login nobody has seen work, since a start or an operator made them try it again then."""
        self.mended: dict[str, float] = {}
        """When a start or an operator last let a login be tried again."""
        self._starts: set[tuple[str, str]] = set()

    def started(self, login: str, start: str) -> None:
        """A process of a start says that it uses these credentials."""
        if (login, start) not in self._starts:
            self._starts.add((login, start))
            for name in self._world.operators.users_of(login):
                self.to_prove(name)

    def to_prove(self, name: str) -> None:
        first = name not in self.mended
        self.mended[name] = self._world.now
        self.unproven[name] = float("-inf") if first else self._world.now

    def forget(self) -> None:
        """Redis was restored: what operators had told it may be gone."""
        self.paused.clear()
        self.unproven.clear()

    def answered(self, name: str) -> None:
        """The vendor let somebody in, or at least somebody believes so."""
        self.unproven.pop(name, None)

    def sharing(self, account: Account, letters: Sequence[Letter], references: Sequence[str]) -> None:
        """A request for these letters is about to be sent."""
        named = " and ".join(each[:26] for each in references)
        most = account.provider.capabilities.receivers
        if len(references) < len(letters):
            self._find("WRONG", named, f"{account.name} is given a text for somebody who was to get another or none")
        if len({letter.to for letter in letters}) < len(letters):
            self._find("PARTY", named, f"a receiver twice in one request to {account.name}")
        if len(letters) > most:
            self._find("PARTY", named, f"{len(letters)} receivers in a request to {account.name}, which takes {most}")

    def sending(self, process: Process, account: Account, references: Sequence[str]) -> None:
        """A request for these messages is about to be sent."""
        world = self._world
        ids = [named.id for named in map(parse_reference, references) if named]
        name = " and ".join(ids)
        since = self.paused.get(account.name)
        if since is not None and world.now - since > GRANTED and process.frozen_at < since:
            self._find("LIE", name, f"given to {account.name}, paused {world.now - since:.1f} s ago")
        for id_ in ids:
            untold = id_ in world.struck or world.restored_at is not None or len(world.letters.alike(id_)) > 1
            if id_ in account.turned_away and not untold:
                self._find("AGAIN", id_, f"given to {account.name}, which had refused it")
            if len(ids) > account.company.get(id_, len(ids)) and not untold and self._stays:
                self._find("AGAIN", id_, f"with {len(ids) - 1} others to {account.name}, which had refused as many")
        self._locked(process, account, name)
        if self._smooth:
            self._in_flight(account, name)

    @property
    def _stays(self) -> bool:
        """No message to Korea has anywhere else to go: another provider would be tried in any company, and this one
        then too."""
        return [carries(kind, KOREA) for kind in self._world.shape.kinds.values()].count(True) == 1

    def _locked(self, process: Process, account: Account, id_: str) -> None:
        """A failed login closes the provider, without probes, until a start or an operator."""
        if account.shut_out is None:
            return
        since, hearer = account.shut_out
        mended = self.mended.get(account.name, 0.0)
        same = hearer.providers.get(account.name) is process.providers.get(account.name)
        heard = same and not hearer.died and hearer.frozen_at < since and not self._world.restored_at
        if heard and mended <= since < self._world.now - GRANTED:
            self._find("LIE", id_, f"given to {account.name}, whose login failed {self._world.now - since:.1f} s ago")

    @property
    def _smooth(self) -> bool:
        """Nothing has gone wrong with processes, clocks and Redis for a while."""
        world = self._world
        return world.now - world.rough_at > SMOOTH and not any(each.frozen for each in world.processes())

    def _in_flight(self, account: Account, id_: str) -> None:
        if account.under_way > account.provider.settings.concurrency:
            self._find("LIE", id_, f"{account.under_way} requests in flight at {account.name}")
        if not account.guarded or account.under_way < 2:
            return
        since = self.unproven.get(account.name)
        if since is not None and self._world.now - since > SMOOTH:
            self._find("LIE", id_, f"{account.under_way} requests in flight at {account.name}, its login unproven")

    def _find(self, kind: str, id_: str, what: str) -> None:
        self._world.findings.append(f"{kind} {id_}: {what}")
