"""What is besieged: gateways with their processes, and a Redis of its own where they share one."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import redis

from gateway.store.engine import find_engine
from tests.processes import Gateway
from tests.siege.plan import Plan

DRAIN = 30.0
"""Seconds a gateway has to end after SIGTERM."""
LOOK_EVERY = 0.03


class Notes:
    """What happened in a case, and what was found wrong on the way."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.began = time.time()
        self.lines: list[tuple[float, str]] = []
        self.injected: Counter[tuple[str, str]] = Counter()
        """Faults that happened, by site (a point, or "anywhere") and kind."""
        self.findings: list[str] = []
        self._tell = tell

    def say(self, what: str) -> None:
        now = time.time()
        self.lines.append((now, what))
        if self._tell:
            self._tell(f"{now - self.began:8.3f}  {what}")

    def count(self, site: str, kind: str, detail: str = "") -> None:
        self.injected[site, kind] += 1
        self.say(f"{kind} {site} {detail}")

    def find(self, what: str) -> None:
        self.findings.append(what)
        self.say(f"FOUND {what}")


def state_of(pid: int) -> str:
    """The letter `ps` shows ("T": stopped), "" where there is no such process or it has ended."""
    try:
        letter = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
    return "" if letter in "ZX" else letter


def is_redis(pid: int) -> bool:
    try:
        return b"-server" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return False


class Instance(Gateway):
    """A gateway under siege. Its stopped processes are woken after a while that the seed draws."""

    def __init__(self, plan: Plan, number: int, folder: Path, port: int, notes: Notes) -> None:
        super().__init__(folder, port)
        self.number = number
        self.calm = False
        self._plan = plan
        self._notes = notes
        self._dice = random.Random(f"instance {plan.seed} {number}")
        self._turn = asyncio.Lock()
        """Held by whoever ends or starts it."""
        self._supervisor = 0
        self._pids: set[int] = set()
        """Its processes, those of a supervisor that was killed among them; Redis is not."""
        self._frozen: dict[int, float] = {}
        """Stopped processes, and when they are woken."""
        self._spent: Counter[Path] = Counter()
        (folder / "tmp").mkdir()
        self.environ = {"TMPDIR": str(folder / "tmp")}

    async def rise(self, points: str) -> None:
        """Starts it, once nothing of its predecessor is left."""
        ends = time.monotonic() + 20
        soon = time.monotonic() + self._dice.choice([0.2, 2.3])
        while self._alive():
            # One that is stopped keeps the port.
            self._frozen = {pid: min(at, soon) for pid, at in self._frozen.items()}
            assert time.monotonic() < ends, f"processes of a killed gateway are still there: {self._pids}"
            await asyncio.sleep(LOOK_EVERY)
        self._notes.say(f"instance {self.number} starts {points}")
        starting = asyncio.create_task(self.start("--workers", str(self._plan.workers), faults=points))
        while not starting.done():
            if self.process:
                self._supervisor = self.process.pid
            await asyncio.wait({starting}, timeout=LOOK_EVERY)
        try:
            await starting
        except AssertionError as error:
            self._notes.find(f"DOWN instance {self.number} does not start: {str(error)[-1500:]}")

    async def fall(self, pause: float, points: str) -> None:
        """SIGKILL to the supervisor; another is started after the pause."""
        async with self._turn:
            if self._runs():
                self._notes.count("anywhere", "kill supervisor", f"{self.number}")
                self.look()
                self.kill()
            await asyncio.sleep(pause)
            await self.rise(points)

    async def drain(self, points: str | None) -> None:
        """SIGTERM, which must end it in good order and in time; started again but where `points` is None."""
        async with self._turn:
            if self._runs():
                if points is None:
                    self._notes.say(f"instance {self.number} is ended")
                else:
                    self._notes.count("anywhere", "restart", f"{self.number}")
                began = time.monotonic()
                try:
                    code = await self.stop()
                except subprocess.TimeoutExpired:
                    code = -1
                took = time.monotonic() - began
                if code or took > DRAIN + 1:
                    self._notes.find(f"DRAIN instance {self.number} ended with {code} after {took:.1f} s")
            if points is not None:
                await self.rise(points)

    async def up(self) -> None:
        """It runs when this returns, whatever was done to it before."""
        async with self._turn:
            if not self._runs():
                await self.rise("")

    def _runs(self) -> bool:
        if self.process and (code := self.process.poll()) is not None:
            self._notes.find(f"DOWN instance {self.number} ended by itself with {code}: {self.log()[-1500:]}")
            self.process = None
        return self.process is not None

    def strike(self, number: signal.Signals) -> None:
        """A signal to one of its processes, whichever."""
        pids = sorted(self._alive() - self._frozen.keys())
        if pids and self._supervisor:
            pid = self._dice.choice(pids)
            kind = {signal.SIGKILL: "kill child", signal.SIGSTOP: "stop child"}[number]
            self._notes.count("anywhere", kind, f"{self.number}: {pid}")
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def redis(self) -> int:
        """The number of the embedded one, 0 where none is there."""
        with suppress(OSError, ValueError):
            pid = int((self.folder / "data" / "redis.lock").read_text())
            return pid if is_redis(pid) else 0
        return 0

    # Watching

    async def watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY)

    def look(self) -> None:
        with suppress(OSError):
            children = Path(f"/proc/{self._supervisor}/task/{self._supervisor}/children").read_text().split()
            self._pids |= set(map(int, children))
        now = time.monotonic()
        for pid in self._alive():
            if state_of(pid) not in "Tt":
                self._frozen.pop(pid, None)
            elif self.calm or now >= self._frozen.setdefault(pid, now + self._asleep()):
                self._notes.say(f"process {pid} of instance {self.number} is woken")
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        if not self.calm:
            self._read_spent()

    def _alive(self) -> set[int]:
        # Redis is a copy of its supervisor before it is Redis: it is looked at each time.
        self._pids = {pid for pid in self._pids if state_of(pid) and not is_redis(pid)}
        return self._pids

    def _asleep(self) -> float:
        """Seconds a process stays stopped: a moment, too long to send what it took, or beyond its lease."""
        short, stale, late = self._dice.uniform(0.1, 1.5), self._dice.uniform(2.1, 3.5), self._dice.uniform(0.2, 1.5)
        return self._dice.choice([short, short, stale, self._plan.lease + late])

    def _read_spent(self) -> None:
        for path in (self.folder / "tmp").glob("gateway-*/*.spent"):
            with suppress(OSError):
                entries = path.read_text().split()
                for entry in entries[self._spent[path] :]:
                    point, _, verb = entry.partition("=")
                    self._notes.count(point, verb.partition("@")[0], f"{self.number}: {path.stem}")
                self._spent[path] = len(entries)

    def disarm(self, plans: Iterable[str]) -> None:
        """From now on nothing happens at points any more."""
        self.look()
        self.calm = True
        entries = "\n".join(",".join(plans).split(","))
        for folder in (self.folder / "tmp").glob("gateway-*"):
            for role in ("api", "dispatch"):
                for number in range(self._plan.workers):
                    with suppress(OSError), (folder / f"{role}-{number}.spent").open("a") as file:
                        file.write(f"{entries}\n")

    async def end(self) -> None:
        """Nothing of it is left, however it fares."""
        self.look()
        if self.process:
            self.kill()
        for pid in self._alive():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if pid := self.redis():
            os.kill(pid, signal.SIGKILL)
        await self.api.aclose()


class OutsideRedis:
    """A server that the gateways are given the address of. It keeps everything, and can be killed."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        folder.mkdir()
        self._command = [
            str(find_engine().path),
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--logfile", "redis.log"),
            *("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns once it has loaded its data."""
        self._process = subprocess.Popen(self._command, start_new_session=True)
        ends = time.monotonic() + 20
        with redis.Redis.from_url(self.url, socket_timeout=1, retry=None) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    assert time.monotonic() < ends
                    await asyncio.sleep(0.02)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
