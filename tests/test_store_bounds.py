"""Room running out, in memory and on the disk: new messages are refused, what was accepted is brought to its end."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from gateway.errors import StoreForgot, StoreFull
from gateway.model.receipt import Receipt
from gateway.settings import SettingsError
from gateway.store import engine as engine_module
from gateway.store.engine import EmbeddedRedis, EngineError
from gateway.store.gates import Gates
from gateway.store.messages import Store
from gateway.store.orphans import Orphans
from gateway.store.room import RESERVE, REWRITE_FROM, Room, default_memory, needed_on_disk
from tests.engine_tools import STARTER, eventually, tell
from tests.harness import Harness
from tests.settings_tools import read, with_gateway
from tests.store_tools import LANE, Open, a_pass, accept, put

each = pytest.mark.parametrize
MIB, GIB = 1 << 20, 1 << 30


@pytest.fixture
def full(raw: redis.Redis) -> Iterator[Callable[[float], Any]]:
    """Calling it leaves Redis full to that share of its memory."""
    yield lambda share: raw.config_set("maxmemory", int(raw.info()["used_memory"] / share))
    raw.config_set("maxmemory", 0)


class FakeDisk:
    """A disk with as much room as a test gives it."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.looks = 0

    def __call__(self, _: Path) -> int:
        self.looks += 1
        if self.free < 0:
            raise OSError("not there")
        return self.free


async def refused(harness: Harness) -> httpx.Response:
    """The answer to a new message once it is refused: the room is looked at once a second."""
    for number in range(200):
        answer = await harness.send(clientTag=f"probe-{number}")
        if answer.status_code != 202:
            break
        await asyncio.sleep(0.02)
    assert answer.json()["code"] == "overloaded"
    assert (answer.status_code, answer.json()["retryable"]) == (503, True)
    assert int(answer.headers["retry-after"]) > 0
    listed = await harness.api.get("/messages", params={"clientTag": f"probe-{number}"})
    assert listed.json()["items"] == [], "nothing was accepted"
    return answer


async def accepted_again(harness: Harness, tag: str) -> None:
    for _ in range(150):
        answer = await harness.send(clientTag=tag)
        if answer.status_code == 202:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(answer.text)


async def detail(harness: Harness) -> str:
    """What readiness says, which is 200: receipts come in by the same door."""
    answer = await harness.api.get("/health/ready")
    assert answer.status_code == 200
    return str(answer.json()["store"]["detail"])


@pytest.mark.anyio
@each("share", [0.9, 1.0, 2.0])
async def test_a_full_redis_brings_what_it_accepted_to_its_end(
    harness: Harness, raw: redis.Redis, full: Callable[[float], Any], share: float
) -> None:
    old = [await harness.sent(clientTag=f"old-{number}") for number in range(20)]
    full(share)
    raw.script_flush()
    assert "Nothing was accepted" in (await refused(harness)).json()["detail"]
    repeat = await harness.send(clientTag="old-0")
    assert (repeat.status_code, repeat.json()["id"]) == (202, old[0])
    assert repeat.headers["idempotency-replayed"] == "true"
    assert "refused as overloaded" in await detail(harness)

    harness.dispatch()
    for id_ in old:
        await harness.until(id_, "delivered")
    await refused(harness)
    raw.config_set("maxmemory", 0)
    await accepted_again(harness, "later")


@pytest.mark.anyio
async def test_what_is_canceled_or_runs_out_of_time_ends_in_a_full_redis(
    harness: Harness, full: Callable[[float], Any]
) -> None:
    canceled, expired = await harness.sent(clientTag="canceled"), await harness.sent(to="+819012340010")
    full(2.0)
    assert (await harness.api.post(f"/messages/{canceled}/cancel")).json()["status"] == "canceled"
    harness.here.store.clock.offset_ms += 25 * 3_600_000
    harness.dispatch()
    await harness.until(expired, "expired")


@pytest.mark.anyio
async def test_a_gateway_started_on_a_full_redis_does_all_but_accept(
    redis_url: str, open_store: Open, raw: redis.Redis, full: Callable[[float], Any]
) -> None:
    """The number of lanes is not known yet, a receipt matches nothing, an operator acts."""
    full(2.0)
    store = await open_store(redis_url)
    assert await store.lanes()
    await Orphans(store).keep("account", Receipt(reference="r", identity="i", outcome=None))
    gates = Gates(store)
    for act in (gates.pause, gates.resume, gates.reset):
        await act(a_pass())
    assert await store.adopt()
    with pytest.raises(StoreFull):
        await accept(store)


@pytest.mark.anyio
async def test_a_redis_that_forgot_is_closed_for_all_even_when_full(
    redis_url: str, open_store: Open, raw: redis.Redis, full: Callable[[float], Any]
) -> None:
    store = await open_store(redis_url)
    for _ in range(5):
        await store.tick(LANE, 0, 0)
    raw.flushall()
    full(2.0)
    with pytest.raises(StoreForgot):
        await store.tick(LANE, 0, 0)
    with pytest.raises(StoreForgot):
        await (await open_store(redis_url)).tick(LANE, 0, 0)


@pytest.mark.anyio
async def test_new_keys_for_one_message_are_noted_to_a_bound(store: Store, raw: redis.Redis) -> None:
    await put(store, tag="T", key="!0")
    for number in range(300):
        await accept(store, tag="T", key=f"!{number:022}")
    assert raw.dbsize() < 130


@pytest.mark.anyio
async def test_a_redis_without_a_bound_is_told_of(harness: Harness, full: Callable[[float], Any]) -> None:
    assert "no maxmemory" in await detail(harness)
    full(0.5)
    assert await detail(harness) == "With appendfsync everysec a power loss may cost the last second: accepted " + (
        "messages are gone, and what was sent then may be sent again."
    )


@pytest.mark.anyio
async def test_a_rewrite_that_failed_is_told_of(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    store = harness.here.store
    ask = store.briefly

    async def briefly(*command: Any) -> Any:
        return (await ask(*command)).replace(b"aof_last_bgrewrite_status:ok", b"aof_last_bgrewrite_status:err")

    monkeypatch.setattr(store, "briefly", briefly)
    assert "failed to rewrite" in await detail(harness)


# The disk


@pytest.mark.anyio
async def test_a_disk_that_fills_refuses_what_is_new_only(harness: Harness, tmp_path: Path) -> None:
    disk = FakeDisk(100 * GIB)
    harness.here.store.room = Room(tmp_path, disk)
    old = [await harness.sent(clientTag=f"old-{number}") for number in range(5)]
    assert "disk" not in await detail(harness)

    disk.free = 50 * MIB
    await refused(harness)
    assert (await harness.send(clientTag="old-0")).json()["id"] == old[0]
    said = await detail(harness)
    assert f"The disk of {tmp_path} has 50 MiB left" in said
    assert "refused as overloaded" in said
    harness.dispatch()
    for id_ in old:
        await harness.until(id_, "delivered")

    disk.free = 100 * GIB
    await accepted_again(harness, "later")
    assert "disk" not in await detail(harness)


@pytest.mark.anyio
async def test_the_disk_is_looked_at_once_a_second_at_most(harness: Harness, tmp_path: Path) -> None:
    disk = FakeDisk(100 * GIB)
    harness.here.store.room = Room(tmp_path, disk)
    loop = asyncio.get_running_loop()
    ends = loop.time() + 2.5
    while loop.time() < ends:
        await asyncio.gather(*(harness.sent() for _ in range(20)), *(detail(harness) for _ in range(5)))
    assert 2 <= disk.looks <= 3


@pytest.mark.anyio
async def test_a_disk_that_cannot_be_seen_refuses_nothing(harness: Harness, tmp_path: Path) -> None:
    harness.here.store.room = Room(tmp_path, FakeDisk(-1))
    await harness.sent()
    assert "disk" not in await detail(harness)


@each(
    ("size", "base", "used", "grows"),
    [
        (0, 0, MIB, REWRITE_FROM),
        (10 * MIB, 0, 5 * MIB, REWRITE_FROM - 10 * MIB),
        (1500 * MIB, 1000 * MIB, 2000 * MIB, 500 * MIB),
        (2100 * MIB, 1000 * MIB, 2000 * MIB, 0),
    ],
)
def test_a_disk_needs_room_until_the_next_rewrite_is_over(size: int, base: int, used: int, grows: int) -> None:
    info = {"aof_current_size": str(size), "aof_base_size": str(base), "used_memory": str(used)}
    assert needed_on_disk(info) == grows + used + RESERVE


def test_a_rewrite_fits_into_what_it_is_said_to_need(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    """From the write before the one that starts it, to the moment the old file is gone."""
    url = start().url
    with redis.Redis.from_url(url) as client:
        client.config_set("auto-aof-rewrite-percentage", 0)
        for begin in range(0, 40_000, 1000):
            pipeline = client.pipeline(transaction=False)
            for number in range(begin, begin + 1000):
                pipeline.hset(f"m:{number}", mapping={"s": os.urandom(150), "c": os.urandom(400), "t": os.urandom(100)})
            pipeline.execute()
        info = {name: str(value) for name, value in client.info().items()}
        files = lambda: sum(path.stat().st_size for path in data_dir.rglob("*.*") if path.is_file())  # noqa: E731
        before = files()
        client.bgrewriteaof()
        highest = before
        while client.info("persistence")["aof_rewrite_in_progress"] or not client.info("persistence")["aof_base_size"]:
            highest = max(highest, files())
    growth = max(REWRITE_FROM - before, 0)
    assert highest - before < needed_on_disk(info) - growth - RESERVE


FILLING = """
import os, subprocess, sys, time
from pathlib import Path
import redis
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", sys.argv[4]], check=True)
ballast = Path(sys.argv[4], "ballast")
sys.argv[4] += "/data"
"""
FILLED = """
client = redis.Redis.from_url(embedded.url, retry=None)
ballast.write_bytes(bytes(16 << 20))
written = 0
try:
    while True:
        client.rpush("a", written.to_bytes(4, "big") + bytes(10000))
        written += 1
except redis.ConnectionError:
    pass
while embedded.alive():
    time.sleep(0.01)
ballast.unlink()
assert embedded.ensure()
kept = client.lrange("a", 0, -1)
assert [int.from_bytes(each[:4], "big") for each in kept[:written]] == list(range(written))
assert written > 100 and len(kept) - written in (0, 1)
client.rpush("a", "more")
embedded.stop()
print("well")
"""


def test_a_server_ended_by_a_full_disk_comes_back_with_what_it_acknowledged(tmp_path: Path, engine: Any) -> None:
    """On a small disk of its own, where the system lets a test have one. Whatever is started ends with the script."""
    own = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]
    try:
        subprocess.run([*own, "mount", "-t", "tmpfs", "none", str(tmp_path)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no mounting here")
    script = FILLING + STARTER.replace("sys.stdin.read()", FILLED)
    version = ".".join(map(str, engine.version))
    command = [*own, sys.executable, "-c", script, engine.name, version, str(engine.path), str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.endswith("well\n"), ran.stderr


def test_a_full_disk_is_tried_again_once_a_second(
    start: Callable[..., EmbeddedRedis], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = start()
    tell(embedded.url, "SET", "a", "1")
    tries: list[Any] = []

    def fail(*stamp: Any) -> None:
        tries.append(stamp)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full_disk:
        full_disk.setattr(engine_module, "_write_stamp", fail)
        os.kill(embedded.pid, signal.SIGKILL)
        eventually(lambda: not embedded.alive())
        with pytest.raises(EngineError, match="No space left on device"):
            embedded.ensure()
        assert [embedded.ensure() for _ in range(100)] == [False] * 100
        assert len(tries) == 1
    eventually(embedded.ensure)
    assert tell(embedded.url, "GET", "a") == "1"


def test_what_rewrites_cut_short_left_behind_is_removed(start: Callable[..., EmbeddedRedis], data_dir: Path) -> None:
    start().stop()
    left = [data_dir / name for name in ("temp-rewriteaof-bg-7.aof", "temp-rewriteaof-7.aof", "temp-7.rdb")]
    for path in left:
        path.write_bytes(b"x" * 100)
    start()
    assert not any(path.exists() for path in left)


# The memory's bound


def test_the_embedded_redis_has_a_bound(start: Callable[..., EmbeddedRedis]) -> None:
    bound = lambda embedded: tell(embedded.url, "CONFIG", "GET", "maxmemory")["maxmemory"]  # noqa: E731
    embedded = start()
    assert bound(embedded) == str(default_memory())
    embedded.stop()
    assert bound(start(memory=64 * MIB)) == str(64 * MIB)


def test_a_server_that_is_taken_over_gets_the_bound_that_is_asked_for(
    start: Callable[..., EmbeddedRedis], killed_gateway: Callable[..., tuple[int, str]]
) -> None:
    pid, url = killed_gateway()
    assert start(memory=64 * MIB).pid == pid
    assert tell(url, "CONFIG", "GET", "maxmemory")["maxmemory"] == str(64 * MIB)


@each(
    ("groups", "files", "limit"),
    [
        ("", {}, None),
        ("0::/\n", {"sys/fs/cgroup/memory.max": "max\n"}, None),
        ("0::/\n", {"sys/fs/cgroup/memory.max": "536870912\n"}, 512 * MIB),
        ("0::/a/b\n", {"sys/fs/cgroup/a/b/memory.max": "max", "sys/fs/cgroup/a/memory.max": "1048576"}, MIB),
        ("0::/not/here\n", {"sys/fs/cgroup/memory.max": "1048576"}, MIB),
        (
            "5:cpu:/x\n4:memory:/a\n0::/\n",
            {
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "2097152",
            },
            2 * MIB,
        ),
    ],
)
def test_half_of_what_the_machine_or_the_control_group_allows(
    tmp_path: Path, groups: str, files: dict[str, str], limit: int | None
) -> None:
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert default_memory(tmp_path) == (limit or physical) // 2
    assert default_memory(tmp_path / "no" / "proc") == physical // 2


@each(
    ("written", "meant"),
    [("", None), ('"64MiB"', 64 * MIB), ('"2GiB"', 2 * GIB), ("33554432", 32 * MIB), ('"33554432"', 32 * MIB)],
)
def test_the_bound_as_it_is_configured(written: str, meant: int | None) -> None:
    assert read(with_gateway(f"max_memory = {written}" if written else "")).gateway.max_memory_bytes == meant


@each("written", ['"2 GB"', '"lots"', '"15MiB"', "0", "-1", "1000", "9223372036854775807", "true", "1.5"])
def test_a_bound_that_is_none(written: str) -> None:
    with pytest.raises(SettingsError, match="max_memory"):
        read(with_gateway(f"max_memory = {written}"))
