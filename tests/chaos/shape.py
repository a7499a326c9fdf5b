"""What a seed draws for a whole case: who is there, and the troubles that last."""

from __future__ import annotations

import random
from typing import NamedTuple

from tests.chaos.ledger import Kind
from tests.chaos.vendor import DOWN

DURATIONS = (1.5, 4.0, 12.0, 45.0)
"""Seconds that a vendor is down, or paused: less than what opens a breaker, and much more."""


KOREA = 0.3
"""Share of cases with KoreaSMS."""


RESERVES = 0.3
"""Share of cases with reservations."""


class Spell(NamedTuple):
    """A trouble that lasts for a while, at one vendor. Times in seconds from the beginning."""

    what: str
    name: str
    begins: float
    lasts: float
    for_good: bool = False


class Shape(NamedTuple):
    """The case."""

    lanes: int
    clients: tuple[str, ...]
    kinds: dict[str, Kind]
    concurrency: int
    messages: int
    spells: tuple[Spell, ...]
    forgets: bool
    """Redis is restored from a copy."""
    lasts: float
    """Seconds of trouble."""
    reserves: int = 0
    """Reservations made."""
    keepers: tuple[str, ...] = ()
    """Providers that keep them, where the caller does not say who is to."""
    exclusive: bool = False
    """What vendors keep is all of one client."""
    minute: float = 0.0
    """Seconds from the beginning until a minute is full; 0: whenever."""


def draw(seed: int) -> Shape:
    dice = random.Random(f"shape {seed}")

    def chance(share: float) -> bool:
        return dice.random() < share

    def kind() -> Kind:
        kinds: tuple[Kind, ...] = ("aicross", "blind", "mediasms")
        (drawn,) = dice.choices(kinds, (55, 15, 30))
        return drawn

    kinds = {"main": kind()} | ({"spare": kind()} if chance(0.8) else {})
    korea = random.Random(f"korea {seed}")
    least = 0
    if korea.random() < KOREA:
        kinds, least = _with_korea(kinds, korea), korea.randint(5, 16)
    names = list(kinds)
    spells: list[Spell] = []
    if chance(0.35):
        first = Spell(f"down {dice.choice(list(DOWN))}", dice.choice(names), dice.uniform(0.0, 3.0), 0.0)
        first = first._replace(lasts=dice.choice(DURATIONS))
        spells.append(first)
        if chance(0.4):  # everybody at once
            spells += [first._replace(name=name) for name in names if name != first.name]
        elif chance(0.3):
            spells.append(first._replace(name=dice.choice(names), begins=first.begins + first.lasts + 1.0))
    if chance(0.2):
        spells.append(Spell("paused", dice.choice(names), dice.uniform(0.0, 4.0), dice.choice((3.0, 20.0, 30.0))))
    for name in names:
        if kinds[name] == "mediasms" and chance(0.45):
            spells.append(Spell("password", name, dice.uniform(0.0, 4.0), dice.choice((1.0, 4.0, 15.0))))
    if chance(0.2):
        spells.append(
            Spell("removed", dice.choice(names), dice.uniform(0.1, 4.0), dice.choice((2.0, 8.0, 20.0)), chance(0.5))
        )
        if random.Random(f"removed {seed}").random() < 0.4:  # something waits there
            begins = max(spells[-1].begins - 1.0, 0.0)
            spells += [Spell("paused", name, begins, spells[-1].lasts) for name in names]
    if chance(0.1):
        spells.append(Spell("restart", "", dice.uniform(0.5, 5.0), 0.0))
    lasts = dice.choice([4.0, 8.0, 15.0])
    if spells:
        lasts = max(lasts, *(each.begins + each.lasts + dice.choice((0.0, 6.0)) for each in spells))
    crowd = any(each.what == "password" for each in spells) or chance(0.15)
    shape = Shape(
        lanes=2 if chance(0.25) else 1,
        clients=("shop", "mall") if chance(0.35) else ("shop",),
        kinds=kinds,
        concurrency=8 if chance(0.7) else 2,
        messages=max(dice.randint(9, 16) if crowd else dice.randint(2, 8), least),
        spells=tuple(spells),
        forgets=chance(0.15),
        lasts=lasts,
    )
    reserve = random.Random(f"reserve {seed}")
    return _with_reservations(shape, reserve) if reserve.random() < RESERVES else shape


def _with_reservations(shape: Shape, dice: random.Random) -> Shape:
    able = [name for name, kind in shape.kinds.items() if kind != "mediasms"]
    minute = dice.choice([3.0, 6.0, 12.0])
    lasts = max(shape.lasts, minute + dice.choice([2.0, 5.0]))
    spells = shape.spells
    if dice.random() < 0.5:
        spells += (Spell("haste", "", lasts, 0.0),)
        lasts += dice.choice([3.0, 6.0])
    if "aicross" in shape.kinds.values():
        for _ in range(dice.choice([0, 0, 1, 1, 3])):
            spells += (Spell("dropped", "", dice.uniform(1.0, lasts), 0.0),)
    clients = shape.clients if dice.random() < 0.7 else shape.clients[:1]
    return shape._replace(
        messages=min(shape.messages, dice.choice([1, 2, 4])),
        spells=spells,
        lasts=lasts,
        reserves=dice.randint(3, 9),
        keepers=tuple(name for name in able if dice.random() < 0.6),
        exclusive=len(clients) == 1 and dice.random() < 0.6,
        clients=clients,
        minute=minute,
    )


def _with_korea(kinds: dict[str, Kind], dice: random.Random) -> dict[str, Kind]:
    """KoreaSMS for one of them or for all; beside it one that sends to Korea too, or any."""
    if dice.random() < 0.45:
        return dict.fromkeys(kinds, "koreasms")
    replaced = dice.choice(list(kinds))
    beside: dict[str, Kind] = dict.fromkeys(kinds, "mediasms") if dice.random() < 0.5 else kinds
    return beside | {replaced: "koreasms"}
