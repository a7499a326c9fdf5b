"""The embedded Redis against real servers: what it keeps, takes over, refuses and cleans up."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.store.engine import EmbeddedRedis, EngineError, running_url
from tests.engine_tools import FORKING, eventually, held, mode, running, tell


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
