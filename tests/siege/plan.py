"""What a seed draws: what is besieged, the load, the faults. Nothing happens here."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from gateway import faults

CLIENTS = {"ordered": ["deduped", "blind"], "turned": ["blind", "deduped"], "single": ["deduped"]}
"""Callers, and the providers of their route in order of failover."""
ENDINGS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0010", "0011", "0012", "0013", "0020", "0021",
           "0022", "0023", "0024", "0025")  # fmt: skip
"""Of numbers that provoke something at one of the vendors or both."""
REFUSED = ("0005", "0006", "0007")
"""Those that a vendor refuses."""
STRIKES = {
    "kill child": 5,
    "stop child": 4,
    "kill supervisor": 4,
    "kill redis": 4,
    "stop redis": 2,
    "restart": 3,
    "close port": 4,
}
"""What is done from outside, with its weight. "restart": SIGTERM, and started anew."""
REACH = {"tick.after": 25, "accept.before": 12, "accept.after": 12, "receipt.before": 12, "receipt.after": 12}
"""Up to which passing of a point a process may be struck; elsewhere `NEAR`."""
NEAR = 8


@dataclass(frozen=True)
class Strike:
    at: float
    """Seconds from the start of the load."""
    kind: str
    target: int
    """Which instance, which vendor."""
    seconds: float
    """How long it stays so, where that is not for the gateway to end."""
    points: str
    """`GATEWAY_FAULTS` of what is started afterwards."""


@dataclass(frozen=True)
class Order:
    """A message to be sent by a caller."""

    client: str
    at: float
    """Seconds from the start of the load."""
    body: dict[str, Any]
    """Without `sendAt` and `expiresAt`."""
    send_after: float | None
    expires_after: float | None
    """Seconds from `at`."""
    wait: int
    """For `Prefer: wait`."""
    cancel_after: float | None
    """Seconds from its acceptance."""
    again: bool
    """Repeated though it was answered: the answer was lost on its way to the caller."""


@dataclass(frozen=True)
class Plan:
    seed: int
    replicas: int
    """1: one gateway with the embedded Redis. 2: two of them on one Redis of its own."""
    workers: int
    timeout: float
    """Of both vendors, in seconds."""
    length: float
    """Seconds of load."""
    points: tuple[str, ...]
    """`GATEWAY_FAULTS` of each instance at first."""
    strikes: tuple[Strike, ...]
    orders: tuple[Order, ...]
    reconcile_after: float
    """Seconds without a receipt after which the vendor is asked: early in the storm, or rather afterwards."""

    @property
    def lease(self) -> float:
        """Seconds after which what a stopped process holds is anybody's."""
        return 2 * self.timeout + 5

    def kinds(self) -> set[str]:
        """What it may do, for whoever looks for a seed."""
        plans = [*self.points, *(strike.points for strike in self.strikes)]
        verbs = {entry.partition("=")[2].partition("@")[0] for plan in plans for entry in plan.split(",") if entry}
        found = {f"{verb} at a point" for verb in verbs} | {strike.kind for strike in self.strikes}
        return found | ({"replicas"} if self.replicas > 1 else set())


def draw(seed: int) -> Plan:
    dice = random.Random(f"plan {seed}")
    replicas = dice.choice([1, 2])
    length = dice.uniform(4.0, 6.5)
    return Plan(
        seed=seed,
        replicas=replicas,
        workers=1 if replicas > 1 else dice.choice([1, 2]),
        timeout=dice.choice([0.5, 0.8]),
        length=length,
        points=tuple(_points(dice, dice.choice([0, 1, 1, 2])) for _ in range(replicas)),
        strikes=tuple(sorted(_strikes(dice, replicas, length), key=lambda strike: strike.at)),
        orders=tuple(_order(dice, number, length) for number in range(dice.randint(100, 220))),
        reconcile_after=dice.choice([1.0, 4.0]),
    )


def _points(dice: random.Random, number: int) -> str:
    entries = []
    for _ in range(number):
        # A message under the agenda's eyes when its process dies rests for half a minute: it is drawn less often.
        (name,) = dice.choices(faults.POINTS, [1 if each == "tick.after" else 2 for each in faults.POINTS])
        entries.append(f"{name}={dice.choice(['kill', 'kill', 'stop'])}@{dice.randint(1, REACH.get(name, NEAR))}")
    return ",".join(entries)


def _strikes(dice: random.Random, replicas: int, length: float) -> list[Strike]:
    return [
        Strike(
            at=dice.uniform(0.3, length),
            kind=dice.choices(list(STRIKES), list(STRIKES.values()))[0],
            target=dice.randrange(max(replicas, 2)),
            seconds=dice.choice([0.0, 0.3, 1.0, 2.5, 6.0]),
            points=_points(dice, dice.choice([0, 0, 1])),
        )
        for _ in range(dice.randint(1, 5))
    ]


def _order(dice: random.Random, number: int, length: float) -> Order:
    client = dice.choice(list(CLIENTS))
    ending = dice.choice(ENDINGS) if dice.random() < 0.45 else f"1{dice.randrange(1000):03}"
    body: dict[str, Any] = {
        "to": f"+8190{dice.randrange(1000, 10_000)}{ending}",
        "text": f"Hello {number}",
        "clientTag": f"tag-{number}",
    }
    if dice.random() < 0.3:
        body["provider"] = dice.choice(["deduped", "blind"])
    if dice.random() < 0.25:
        body["duplicateRisk"] = "accept"
    if dice.random() < 0.15:
        body["priority"] = "high"
    send_after = dice.uniform(1.0, 5.0) if dice.random() < 0.1 else None
    expires_after = (send_after or 0.0) + dice.choice([0.7, 1.5, 4.0]) if dice.random() < 0.12 else None
    return Order(
        client=client,
        at=dice.uniform(0.0, length),
        body=body,
        send_after=send_after,
        expires_after=expires_after,
        wait=dice.choice([0, 0, 0, 0, 1, 2]),
        cancel_after=dice.choice([0.0, 0.02, 0.3, 1.5]) if dice.random() < 0.12 else None,
        again=dice.random() < 0.15,
    )
