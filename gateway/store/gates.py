"""The gate before each provider, shared by all processes: its rate, requests in flight, breaker, pause, and login.

Keys, in one slot:
    {p:<group>}                   next free time of the rate
    {p:<group>}:gate:<name>       hash: `state` (absent: closed), `failures` in a row (their weight), `till` when open,
                                  how often in a row it `opened`, `probe` (till when one is out), `prober`; `paused`
    {p:<group>}:desk:<account>    hash: `o:<asker>`, requests in its hands and till when that is believed; where failed
                                  logins are counted: `h:<asker>` let through and not heard of
                                  since, `refusals` in a row, `no:<login>` refused, the `proven` one,
                                  the `round` of tries
    {p:<group>}:starts:<account>  set: the gateways' starts

Numbers in flight are told whole, not counted up and down: a lost answer or a dead process heals by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec

from gateway.provider import Provider
from gateway.store.scripts import GRANT, LOGIN, REPORT
from gateway.store.session import Session

LATE = 0.02
"""Seconds after which a granted start time is void: used late it would meet those of others."""
MARGIN = 0.04
"""Share of the rate left unused, so that no second at the vendor holds more than a second's worth: starts may be
`LATE`, and requests take their time from here to there, not all the same."""
WEIGHTS: Mapping[str, int] = {"down": 20, "lost": 5}
"""Of failures in a row: 100 open the gate. Five connections that did not come about are no chance; an answer may be
lost for the message's own sake, so it takes twenty of these, whether each was about one message or one about twenty."""


def weight(verdict: Verdict, messages: int) -> int:
    """What a failure about so many messages weighs. What never left did no harm to any."""
    return min(WEIGHTS.get(verdict, 0) * (messages if verdict == "lost" else 1), 100)


SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS = 1_000, 15_000
"""How long an open gate lets nothing through before one request probes: doubled each time the probe fails."""
REFUSALS_LEFT = 9
"""Failed logins in a row after which only an operator's `reset` lets another request through: at the one vendor that
counts them, the tenth blocks our address. What was let through and never heard of (its process died) counts too."""

STALE_AFTER = 2.0
"""Seconds from a take to its request, at most: a later one is not made."""

Verdict = Literal["good", "down", "lost", "busy", "login", ""]


class GateState(StrEnum):
    """Whether requests pass."""

    CLOSED = "closed"
    """They do. (The word is of electric circuits: current flows.)"""
    OPEN = "open"
    """The vendor failed several times in a row: none, for a while."""
    HALF_OPEN = "half_open"
    """One may, to see whether the vendor works again."""
    PROBING = "probing"
    """That one is out."""
    PAUSED = "paused"
    """An operator stopped them."""
    LOCKED = "locked"
    """The vendor refused our login: none until an operator mends it."""

    @property
    def serves(self) -> bool:
        return self in (GateState.CLOSED, GateState.HALF_OPEN)

    @property
    def health(self) -> str:
        """As callers are told: closed, open, half_open or paused."""
        return {"probing": "half_open", "locked": "open"}.get(self, str(self))


class Grant(NamedTuple):
    """What the gate answered. `starts`: seconds from now; `failures`: their weight, in a row, of all processes; `round`
    of tries at the login, which a refusal, a reset and a start end."""

    state: GateState
    failures: int
    round: int
    starts: list[float]


class Pass(msgspec.Struct, frozen=True):
    """What a gate needs to know of its provider."""

    name: str
    group: str
    desk: str
    rate: float
    concurrency: int
    lasts_ms: int
    login: str

    @property
    def keys(self) -> tuple[str, str, str]:
        group = f"{{p:{self.group}}}"
        return group, f"{group}:gate:{self.name}", f"{group}:desk:{self.desk}"


def pass_for(provider: Provider) -> Pass:
    """Where failed logins are counted, all providers of one vendor account have one desk, and one rate unless the
    configuration says otherwise."""
    settings = provider.settings
    lasts = settings.timeout + STALE_AFTER + 1.0
    desk = provider.account if provider.guarded_login else provider.name
    return Pass(
        name=provider.name,
        group=settings.rate_group or desk,
        desk=desk,
        rate=settings.rate,
        concurrency=settings.concurrency,
        lasts_ms=int(lasts * 1000),
        login=provider.guarded_login,
    )


class Gates:
    """Every method raises `StoreUnavailable`."""

    def __init__(self, store: Session) -> None:
        self._store = store

    async def ask(self, gate: Pass, asker: str, number: int, in_flight: int) -> Grant:
        """Start times for up to `number` requests, `in_flight` being in the asker's hands already."""
        return await self._grant(gate, asker, number, in_flight)

    async def look(self, gate: Pass) -> Grant:
        """The gate as it stands; changes nothing."""
        return await self._grant(gate, "", 0, 0)

    async def another(self, gate: Pass) -> list[float]:
        """Another start time for what has passed the gate already, or is only a question."""
        return (await self._grant(gate, "", 1, 0)).starts

    async def _grant(self, gate: Pass, asker: str, number: int, in_flight: int) -> Grant:
        state, failures, round_, *starts = await self._store.shared(
            gate.keys,
            GRANT,
            self._store.clock.offset_ms,
            math.ceil(1_000_000 * (1 + MARGIN) / gate.rate),
            number,
            asker,
            in_flight,
            gate.concurrency,
            gate.lasts_ms,
            gate.login,
            REFUSALS_LEFT,
        )
        return Grant(GateState(state.decode()), failures, round_, [start / 1e6 for start in starts])

    async def tell(
        self, gate: Pass, asker: str, verdict: Verdict, in_flight: int, *, probe: bool = False, proves: bool = False,
        round_: int = 0, messages: int = 1,
    ) -> None:  # fmt: skip
        """What became of a request; "": nothing new but the number in flight. `probe`: it was the one that a half-open
        gate let through; `proves`: the vendor accepted our login, in that round."""
        await self._store.shared(
            gate.keys,
            REPORT,
            self._store.clock.offset_ms,
            verdict,
            asker,
            in_flight,
            gate.lasts_ms,
            weight(verdict, messages),
            SHORTEST_PAUSE_MS,
            LONGEST_PAUSE_MS,
            int(probe),
            gate.login,
            int(proves),
            round_,
        )

    async def started(self, gate: Pass, start: str) -> None:
        """A gateway started, named `start`, that uses the provider; its credentials may be others than before."""
        group, _, desk = gate.keys
        await self._store.shared((desk, f"{group}:starts:{gate.desk}"), LOGIN, gate.login, start)

    async def pause(self, gate: Pass) -> None:
        """Nothing is sent until `resume`; what is in flight ends."""
        _, key, _ = gate.keys
        await self._store.must(key, "HSET", key, "paused", 1)

    async def resume(self, gate: Pass) -> None:
        _, key, _ = gate.keys
        await self._store.must(key, "HDEL", key, "paused")

    async def reset(self, gate: Pass) -> None:
        """The operator mended it: closed, and its login to be proven again, however often it was refused."""
        _, key, desk = gate.keys
        await self._store.must(key, "HDEL", key, "state", "failures", "opened", "till", "probe", "prober")
        if gate.login:
            await self._store.must(desk, "HDEL", desk, "proven", f"no:{gate.login}")
            await self._store.must(desk, "HINCRBY", desk, "round", 1)
            flat = await self._store.command(desk, "HGETALL", desk)
            fields = {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
            unheard = [name for name in fields if name.startswith("h:")]
            refusals = int(fields.get("refusals", 0)) + len(unheard)
            await self._store.must(desk, "HSET", desk, "refusals", min(refusals, REFUSALS_LEFT - 1))
            if unheard:
                await self._store.must(desk, "HDEL", desk, *unheard)
