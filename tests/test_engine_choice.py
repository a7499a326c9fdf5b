"""Which server becomes the embedded Redis: what is found, and what the data in the directory allows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.store.engine import EmbeddedRedis, Engine, EngineError, find_engine
from tests.engine_tools import REDIS, WHEEL, tell


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
