"""Asking Redis: scripts that are safe to repeat, the lanes, the time, and a watch over a Redis that forgets."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from gateway.errors import StoreForgot, StoreFull, StoreUnavailable
from gateway.model.ids import lane_name
from gateway.store.clock import StoreClock
from gateway.store.link import ANSWER_TIMEOUT, Link, LinkDown, LinkLost
from gateway.store.scripts import HELLO, PLAIN, Script
from gateway.store.topology import NotMet, Topology
from gateway.store.witness import Position, Witness

DEFAULT_LANES = {False: 1, True: 16}
"""One node gains nothing from lanes; a cluster spreads clients over them."""
TESTIMONY = 5_000
"""ms: processes write down what they saw each second, and are given time to."""
PATIENCE = 5.0
"""Seconds an unanswered script is asked again under the same id before the caller is told."""

# The server refuses for now and did nothing: it fails over, moves slots, or cannot write to its disk.
_PASSING = (ClusterDownError, MasterDownError, ReadOnlyError, TryAgainError)
_PASSING_WORDS = ("MISCONF", "NOREPLICAS", "BUSY")
_SLOT_ON_ITS_WAY = "attempted to access a non local key"


def _passes(error: ResponseError) -> bool:
    return str(error).startswith(_PASSING_WORDS) or _SLOT_ON_ITS_WAY in str(error).lower()


class _Request:
    """What is being asked: until when, and whether an earlier try may have been carried out."""

    __slots__ = ("began", "ends", "perhaps_done")

    def __init__(self, ends: float) -> None:
        self.began = time.monotonic()
        self.ends = ends
        self.perhaps_done = False


class Session:
    """One process's dealings with Redis. Every method raises `StoreUnavailable` after `PATIENCE`, and `StoreForgot`
    from the moment Redis was seen to have lost what it confirmed until an operator adopts what it holds."""

    def __init__(self, topology: Topology, lanes: int | None = None, witness: Witness | None = None) -> None:
        self._topology = topology
        self._wanted_lanes = lanes
        self._lanes: tuple[str, ...] = ()
        self._lane_by_client: dict[str, str] = {}
        self._witness = witness or Witness(None, "")
        self._positions = self._witness.remembered()
        self._met: dict[str, tuple[Link, int]] = {}
        self.clock = StoreClock()
        self.forgot = ""
        """Why nothing is sent, where Redis was seen to have lost what it confirmed."""

    # Lanes and time

    async def lanes(self) -> tuple[str, ...]:
        """Every lane's name. Their number is fixed when the store is first used."""
        if not self._lanes:
            await self.know_time()
            wanted = self._wanted_lanes or DEFAULT_LANES[self._topology.clustered]
            await self.must("{g}", "HSETNX", "{g}", "lanes", wanted)
            number = int(await self.command("{g}", "HGET", "{g}", "lanes"))
            self._lanes = tuple(lane_name(n) for n in range(number))
        return self._lanes

    async def known_lane(self, client: str) -> str | None:
        """The lane of a client, None where it never sent anything."""
        given: bytes | None = await self.command("{g}", "HGET", "{g}", f"c:{client}")
        return given.decode() if given else None

    async def lane(self, client: str) -> str:
        """The lane of a client: given once, in turn, and kept."""
        if lane := self._lane_by_client.get(client):
            return lane
        lanes = await self.lanes()
        given = await self.known_lane(client)
        if given is None:
            number = int(await self.must("{g}", "HINCRBY", "{g}", "clients", 1))
            await self.must("{g}", "HSETNX", "{g}", f"c:{client}", lanes[(number - 1) % len(lanes)])
            given = await self.known_lane(client)
        assert given is not None
        return self._lane_by_client.setdefault(client, given)

    async def know_time(self) -> None:
        """Asks the store for its time, once; whatever else is asked of it does so first."""
        if not self.clock.known:
            seconds, micros = await self._ask("{g}", None, ("TIME",), _Request(time.monotonic() + PATIENCE))
            self.clock.learn(int(seconds) * 1000 + int(micros) // 1000 + self.clock.offset_ms)

    # A Redis that forgot

    def epoch(self, lane: str) -> int:
        """When what Redis holds in the lane was last adopted, ms since 1970; 0: never."""
        position = self._positions.get(lane)
        return position.epoch if position else 0

    def testify(self) -> None:
        """Writes down how far Redis has come."""
        if not self.forgot:
            self._witness.remember(self._positions, self.clock.now() if self.clock.known else 0)

    async def recheck(self) -> None:
        """Opens the store again once an operator has adopted what Redis holds now."""
        if not self.forgot:
            return
        for lane, position in list(self._positions.items()):  # others meet lanes meanwhile
            try:
                epoch = await self._topology.call(f"{{{lane}}}", "GET", f"{{{lane}}}j", seconds=1.0)
            except (LinkLost, ResponseError):
                return
            if int(epoch or 0) <= position.epoch:
                return
        self._positions.clear()
        self._met.clear()
        self._lanes, self._lane_by_client = (), {}
        self.forgot = ""

    async def adopt(self) -> int:
        """Takes what Redis holds now for the truth: every lane enters a new epoch, and what was not final before it
        counts as possibly sent. The epoch: the time of the adoption, ms since 1970."""
        self.forgot = ""
        self._positions.clear()
        self._met.clear()
        lanes = await self.lanes()
        await self.know_time()
        epochs = [int(await self.command(f"{{{lane}}}", "GET", f"{{{lane}}}j") or 0) for lane in lanes]
        # Not before a time told already, should the clock have stepped back: what was due by then may have been sent.
        told = self._witness.latest()
        epoch = max(self.clock.now(), told + TESTIMONY if told else 0, *(known + 1 for known in epochs))
        for lane in lanes:
            await self.must(f"{{{lane}}}", "SET", f"{{{lane}}}j", epoch)
        return epoch

    async def _meet(self, lane: str, seconds: float) -> None:
        """Before anything is asked of a lane on a new connection: does Redis still know what it confirmed?"""
        key = f"{{{lane}}}h"
        link, connects = await self._topology.reach(key, seconds)
        if self._met.get(lane) == (link, connects):
            return
        info: bytes = await link.call("INFO", "server", seconds=seconds)
        boot = next(line[7:].decode().strip() for line in info.splitlines() if line.startswith(b"run_id:"))
        keys = (key, f"{{{lane}}}j", f"{{{lane}}}b")
        # What was known before it is asked can only be counted higher; and by any process of this machine, for who was
        # cut off before the others is the last to have seen much.
        seen = [each.get(lane) for each in (self._positions, self._witness.remembered())]
        known = max((position for position in seen if position is not None), default=None)
        seq, epoch, woke = await self._topology.call(
            key, "EVAL", HELLO.source, 3, *keys, boot, seconds=seconds, answer=seconds, met=(link, connects)
        )
        if known is not None and epoch <= known.epoch:
            stands = seq if known.boot == boot else woke
            if epoch < known.epoch or stands < known.seq:
                await self._forget(lane, Position(epoch, stands, boot), known)
        if epoch < 0:
            await self._forget(lane, Position(epoch, seq, boot), Position(0, seq, boot))
        if known is not None and epoch > known.epoch:
            self._lane_by_client.clear()
        self._positions[lane] = Position(epoch, seq, boot)
        self._met[lane] = (link, connects)

    async def meet(self, lane: str) -> None:
        """The lane's epoch is known afterwards."""
        if not self._topology.is_met(f"{{{lane}}}h", self._met.get(lane)):
            await self._greet(lane, time.monotonic() + PATIENCE)

    async def _forget(self, lane: str, now: Position, before: Position) -> None:
        """Closes the store for this process, and for all others too: those who saw less would send again."""
        self.forgot = f"lane {lane} stands at {now.epoch}/{now.seq} and stood at {before.epoch}/{before.seq}"
        if now.epoch >= 0:
            for each in list(self._positions):
                closing = ("EVAL", PLAIN.source, 1, f"{{{each}}}", "SET", f"{{{each}}}j", -1)
                with suppress(LinkLost, ResponseError):
                    await self._topology.call(f"{{{each}}}", *closing, seconds=1.0)
        raise StoreForgot(self.forgot)

    async def _noted(self, lane: str, before: Position, seq: int, epoch: int) -> None:
        """What was asked after we saw `before` can only be counted higher, unless what was counted is gone."""
        now = Position(epoch, seq, before.boot)
        if epoch < before.epoch or (epoch == before.epoch and seq <= before.seq):
            await self._forget(lane, now, before)
        if epoch > before.epoch:
            self._lane_by_client.clear()  # adopted: who was given which lane may be forgotten too
        self._positions[lane] = max(now, self._positions.get(lane, now))

    # Asking

    async def script(self, script: Script, lane: str, *arguments: Any, patience: float = PATIENCE) -> Any:
        """Runs a lane script; what it answers after its counter, the time and the epoch. `patience` 0: asked once."""
        key = f"{{{lane}}}h"
        command = ("EVALSHA", script.sha, 1, key, f"{{{lane}}}", self.clock.offset_ms, *arguments)
        reply, before = await self._ask_lane(lane, key, script, command, patience)
        await self._noted(lane, before, reply[0], reply[2])
        self.clock.learn(reply[1])
        return reply[3:]

    async def in_lane(self, lane: str, *command: Any) -> Any:
        """A plain command about keys of a lane."""
        reply, _ = await self._ask_lane(lane, f"{{{lane}}}", None, command, PATIENCE)
        return reply

    async def command(self, key: str, *command: Any) -> Any:
        """A plain command about keys outside the lanes."""
        return await self._ask(key, None, command, _Request(time.monotonic() + PATIENCE))

    async def must(self, key: str, *command: Any) -> Any:
        """As `command`, and a Redis that is full does it too."""
        return await self.shared((key,), PLAIN, *command)

    async def briefly(self, key: str, *command: Any) -> Any:
        """As `command`, for a second only: a probe that waits says less than one that answers no."""
        return await self._ask(key, None, command, _Request(time.monotonic() + 1.0))

    async def optional(self, key: str, *command: Any) -> Any | None:
        """A command the server may refuse or not know; None then."""
        try:
            return await self.command(key, *command)
        except ResponseError:
            return None

    async def shared(self, keys: tuple[str, ...], script: Script, *arguments: Any) -> Any:
        """Runs a script that belongs to no lane."""
        command = ("EVALSHA", script.sha, len(keys), *keys, *arguments)
        return await self._ask(keys[0], script, command, _Request(time.monotonic() + PATIENCE))

    async def _ask_lane(
        self, lane: str, key: str, script: Script | None, command: tuple[Any, ...], patience: float
    ) -> tuple[Any, Position]:
        request = _Request(time.monotonic() + patience)
        greeting = max(patience, 1.0)
        while True:
            if not self._topology.is_met(key, self._met.get(lane)):
                await self._greet(lane, request.began + greeting)
            before = self._positions[lane]
            try:
                return await self._ask(key, script, command, request, met=self._met[lane]), before
            except NotMet:
                if time.monotonic() >= request.began + greeting:
                    raise StoreUnavailable("the connection to Redis keeps breaking") from None

    async def _greet(self, lane: str, ends: float) -> None:
        while True:
            if self.forgot:
                raise StoreForgot(self.forgot)
            try:
                await self._meet(lane, max(ends - time.monotonic(), 0.05))
                return
            except (LinkLost, NotMet, ResponseError) as error:
                if time.monotonic() >= ends:
                    raise StoreUnavailable(str(error)) from error
                await asyncio.sleep(0.02)

    async def _ask(
        self,
        key: str,
        script: Script | None,
        command: tuple[Any, ...],
        request: _Request,
        met: tuple[Link, int] | None = None,
    ) -> Any:
        """Asks until there is an answer, or the request's time is up."""
        if not self.clock.known and command != ("TIME",):
            await self.know_time()
        pause = 0.01
        while True:
            if self.forgot:
                raise StoreForgot(self.forgot)
            left = max(request.ends - time.monotonic(), 0.0)
            try:
                return await self._topology.call(key, *command, seconds=left, answer=left or ANSWER_TIMEOUT, met=met)
            except NoScriptError:
                # Sent whole it is loaded too, and whichever node answers has it.
                assert script is not None
                command = ("EVAL", script.source, *command[2:])
                continue
            except OutOfMemoryError as error:
                if not request.perhaps_done:
                    raise StoreFull("Redis has no memory left") from error
                lost: Exception = error
            except LinkLost as error:
                request.perhaps_done |= not isinstance(error, LinkDown)
                lost = error
            except ResponseError as error:
                if not isinstance(error, _PASSING) and not _passes(error):
                    raise
                if isinstance(error, ReadOnlyError):
                    # A primary that was demoted: its name may lead to another by now.
                    self._topology.renew(key)
                lost = error
            if time.monotonic() + pause >= request.ends:
                raise StoreUnavailable(str(lost)) from lost
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.25)
