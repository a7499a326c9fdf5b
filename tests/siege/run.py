"""One case: load and faults, then calm, then the verdict."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.settings import key_digest
from tests.processes import SECRET
from tests.siege.besieged import Instance, Notes, OutsideRedis, is_redis
from tests.siege.callers import Callers, key_of
from tests.siege.plan import CLIENTS, Plan, Strike, draw
from tests.siege.vendors import Blind, Deduped, Line, Vendor
from tests.siege.verdict import ID_LENGTH, Finding, Ledgers, judge, settled, timeline

HEARD_WITHIN = 40.0
"""Seconds of calm in which every caller must have its answer."""
SETTLED_WITHIN = 90.0
"""Seconds of calm in which every message must be settled: what the agenda held when it died waits for 30 s."""
SLOW = 15.0
"""Seconds of calm after which it is told what was waited for."""
READS = 16
"""Messages read at once."""

CONFIG = """
[gateway]
data_dir = "data"
{redis}

[providers.deduped]
type = "aicross"
base_url = "{deduped}"
token = "vendortoken"
client_id = "1234"
sms_code = "80013"
callback_secret = "{secret}"
timeout = "{timeout}s"
settle_after = "3s"
reconcile_after = "{reconcile_after}s"

[providers.blind]
type = "mediasms"
base_url = "{blind}"
username = "shop"
password = "vendorpassword"
callback_secret = "{secret}"
timeout = "{timeout}s"
"""
CLIENT = """
[clients.{name}]
keys = [{{ sha256 = "{digest}", scopes = ["send", "read"] }}]

[[routes]]
clients = ["{name}"]
providers = {providers}
"""


@dataclass
class Case:
    """What came of a seed."""

    plan: Plan
    findings: list[str]
    statuses: Counter[str]
    injected: Counter[tuple[str, str]]
    story: str
    """What was done to it."""
    slow: str
    """What took long to settle, if anything: no finding, but worth a look."""
    seconds: float

    @property
    def replay(self) -> str:
        return f".venv/bin/python -m tests.siege --seed {self.plan.seed}"

    @property
    def report(self) -> str:
        """The findings and what explains them."""
        return "\n  ".join(filter(None, [self.replay, *self.findings, self.slow, self.story]))


def free_ports(number: int) -> list[int]:
    """Below those that outgoing connections are given: a port that is closed for a while is still free then."""
    found: list[int] = []
    while len(found) < number:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            if port not in found:
                found.append(port)
    return found


class Siege:
    def __init__(self, plan: Plan, folder: Path, notes: Notes) -> None:
        ports = free_ports(5)
        urls = [f"http://127.0.0.1:{port}" for port in ports[: plan.replicas]]
        self._plan = plan
        self._folder = folder
        self._notes = notes
        self._line = Line(plan.seed, plan.timeout, urls)
        back, times = f"{urls[0]}/callbacks", {"delay": 0.1, "late": 1.5, "repeat_after": 0.5}
        self._deduped = Deduped(
            self._line, token="vendortoken", client_id="1234", sms_code="80013",
            callback_url=f"{back}/deduped/{SECRET}/dlr", **times,
        )  # fmt: skip
        self._blind = Blind(
            self._line, username="shop", password="vendorpassword",
            callback_url=f"{back}/blind/{SECRET}/delivery", **times,
        )  # fmt: skip
        self._vendors: list[tuple[Vendor, int]] = [(self._deduped, ports[2]), (self._blind, ports[3])]
        self._redis = OutsideRedis(folder / "redis", ports[4]) if plan.replicas > 1 else None
        self._callers = Callers(plan, urls, notes)
        self._instances = []
        for number in range(plan.replicas):
            (folder / str(number)).mkdir()
            self._instances.append(Instance(plan, number, folder / str(number), ports[number], notes))
        self._redis_turn, self._vendor_turns = asyncio.Lock(), [asyncio.Lock() for _ in self._vendors]
        self._messages: dict[str, dict[str, Any]] = {}
        self.slow = ""
        self._listed: dict[str, tuple[str, str]] = {}

    async def play(self) -> Ledgers:
        async with AsyncExitStack() as stack:
            for closing in (self._callers.close, self._line.close, *(each.stop for each, _ in self._vendors)):
                stack.push_async_callback(closing)
            if self._redis:
                stack.callback(self._redis.kill)
            for instance in self._instances:
                stack.push_async_callback(instance.end)
                watching = asyncio.create_task(instance.watch())
                stack.callback(watching.cancel)
            await self._begin()
            callers = asyncio.create_task(self._callers.run())
            stack.callback(callers.cancel)
            began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for strike in self._plan.strikes:
                    group.create_task(self._strike(strike))
                group.create_task(asyncio.sleep(self._plan.length))
            self._notes.say(f"calm after {time.monotonic() - began:.1f} s")
            await self._calm()
            done, _ = await asyncio.wait({callers}, timeout=HEARD_WITHIN)
            if done:
                callers.result()
            ledgers = await self._settle()
            for instance in self._instances:
                await instance.drain(None)
        return ledgers

    async def _begin(self) -> None:
        for vendor, port in self._vendors:
            await vendor.start(port=port)
        if self._redis:
            await self._redis.start()
        redis = f'redis_url = "{self._redis.url}"' if self._redis else ""
        config = CONFIG.format(
            redis=redis,
            deduped=self._deduped.url,
            blind=self._blind.base_url,
            secret=SECRET,
            timeout=self._plan.timeout,
            reconcile_after=self._plan.reconcile_after,
        ) + "".join(
            CLIENT.format(name=name, digest=key_digest(key_of(name)).hex(), providers=providers)
            for name, providers in CLIENTS.items()
        )
        for instance in self._instances:
            (instance.folder / "gateway.toml").write_text(config)
        async with asyncio.TaskGroup() as group:
            for instance, points in zip(self._instances, self._plan.points, strict=True):
                group.create_task(instance.rise(points))

    # Faults

    async def _strike(self, strike: Strike) -> None:
        await asyncio.sleep(strike.at)
        instance = self._instances[strike.target % len(self._instances)]
        match strike.kind:
            case "kill child":
                instance.strike(signal.SIGKILL)
            case "stop child":
                instance.strike(signal.SIGSTOP)
            case "kill supervisor":
                await instance.fall(strike.seconds, strike.points)
            case "restart":
                await instance.drain(strike.points)
            case "kill redis":
                await self._kill_redis(instance, strike.seconds)
            case "stop redis":
                await self._stop_redis(instance, strike.seconds)
            case "close port":
                await self._close_port(strike.target, strike.seconds)

    async def _kill_redis(self, instance: Instance, seconds: float) -> None:
        """The embedded one is for its gateway to start again."""
        if self._redis is None:
            if pid := instance.redis():
                self._notes.count("anywhere", "kill redis")
                os.kill(pid, signal.SIGKILL)
            return
        async with self._redis_turn:
            self._notes.count("anywhere", "kill redis", f"for {seconds} s")
            self._redis.kill()
            await asyncio.sleep(seconds)
            await self._redis.start()

    async def _stop_redis(self, instance: Instance, seconds: float) -> None:
        if pid := self._redis.pid if self._redis else instance.redis():
            self._notes.count("anywhere", "stop redis", f"for {seconds} s")
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            if is_redis(pid):
                os.kill(pid, signal.SIGCONT)

    async def _close_port(self, number: int, seconds: float) -> None:
        vendor, port = self._vendors[number]
        async with self._vendor_turns[number]:
            self._notes.count("anywhere", "close port", f"of {vendor.name} for {seconds} s")
            await vendor.shut()
            await asyncio.sleep(seconds)
            await vendor.start(port=port)

    # Afterwards

    async def _calm(self) -> None:
        self._line.calm = True
        plans = [*self._plan.points, *(strike.points for strike in self._plan.strikes)]
        for instance in self._instances:
            instance.disarm(plans)
        async with asyncio.TaskGroup() as group:
            for instance in self._instances:
                group.create_task(instance.up())

    async def _settle(self) -> Ledgers:
        """Waits until nothing more is to be expected; what the ledgers say then."""
        began, ends = time.monotonic(), time.monotonic() + SETTLED_WITHIN
        client_of = {id_: entry.order.client for entry in self._callers.entries for id_ in entry.ids}
        last = ""
        while True:
            quiet = not self._line.busy and not any(vendor.busy for vendor, _ in self._vendors)
            ledgers = self._ledgers()
            waiting = {
                id_: client
                for id_, client in client_of.items()
                if not settled(self._messages.get(id_, {"status": ""}), ledgers.by_id.get(id_, []))
            }
            last = next(iter(waiting), last)
            # What was quiet before it was read is read as it stays.
            if quiet and not waiting:
                break
            if time.monotonic() > ends:
                break
            await self._read(waiting)
            await asyncio.sleep(0.2)
        await self._read(client_of)
        self._listed = {
            id_: (client, tag) for client in CLIENTS for id_, tag in (await self._callers.listed(client)).items()
        }
        await self._read({id_: client for id_, (client, _) in self._listed.items() if id_ not in client_of})
        took = time.monotonic() - began
        self._notes.say(f"settled after {took:.1f} s")
        if took > SLOW:
            self.slow = self.explain(Finding("SLOW", last, f"settled after {took:.1f} s"))
        return self._ledgers()

    def _ledgers(self) -> Ledgers:
        takes = [*self._deduped.takes(), *self._blind.takes()]
        return Ledgers(self._callers.entries, takes, self._line.confirmed, self._messages, self._listed)

    async def _read(self, wanted: dict[str, str]) -> None:
        limit = asyncio.Semaphore(READS)

        async def read(id_: str, client: str) -> None:
            async with limit:
                found = await self._callers.read(client, id_)
            if found is not None:
                self._messages[id_] = found

        await asyncio.gather(*(read(id_, client) for id_, client in wanted.items()))

    def explain(self, finding: Finding) -> str:
        """The finding, and the history of its message."""
        id_ = finding.subject
        told = [(at, f"gateway  {what}") for at, what in timeline(self._messages.get(id_, {}))]
        (_, tag) = self._listed.get(id_, ("", id_))
        entries = [entry for entry in self._callers.entries if entry.tag == tag]
        told += [(at, f"caller   {what}") for entry in entries for at, what in entry.heard]
        told += [
            (seen.at, f"vendor   {seen.reference[ID_LENGTH:]} {seen.what}")
            for seen in self._line.journal
            if seen.reference.startswith(id_)
        ]
        lines = [f"{at - self._notes.began:8.3f}  {what}" for at, what in sorted(told)]
        return "\n    ".join([str(finding), *(str(entry.body) for entry in entries), *lines])


def play(seed: int, tell: Callable[[str], None] | None = None, keep: Path | None = None) -> Case:
    """Plays a seed. `keep`: where the gateways' logs of a case with findings, or a slow one, are copied."""
    return asyncio.run(_play(draw(seed), tell, keep))


async def _play(plan: Plan, tell: Callable[[str], None] | None, keep: Path | None) -> Case:
    began = time.monotonic()
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="siege-", dir=place, ignore_cleanup_errors=True) as folder:
        notes = Notes(tell)
        siege = Siege(plan, Path(folder), notes)
        ledgers = await siege.play()
        findings = [*notes.findings, *(siege.explain(finding) for finding in judge(ledgers))]
        if keep and (findings or siege.slow):
            keep.mkdir(parents=True, exist_ok=True)
            for number in range(plan.replicas):
                log = (Path(folder) / str(number) / "log").read_bytes()
                (keep / f"{plan.seed}-{number}.log").write_bytes(log)
    statuses = Counter(message.get("status", "unknown") for message in ledgers.messages.values())
    story = "\n    ".join(["faults:", *(f"{at - notes.began:8.3f}  {what}" for at, what in notes.lines)])
    return Case(plan, findings, statuses, notes.injected, story, siege.slow, time.monotonic() - began)
