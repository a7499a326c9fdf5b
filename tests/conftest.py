"""Fixtures shared by all tests: real Redis servers, and a whole gateway in one process."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog

from gateway.store.engine import find_engine
from tests.harness import Harness, open_harness

# Redis writes its file at each step: in memory where there is room, for a busy disk's waits are not what is tested.
if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 1 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")

pytest_plugins = ["tests.engine_tools", "tests.store_tools", "tests.redis_tools"]
"""Fixtures for the embedded Redis, for a store, and for a Redis that a test may break."""


@pytest.fixture(autouse=True, scope="session")
def quiet() -> None:
    """Log lines go nowhere: pytest replaces the standard streams under threads that would write to them."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=False)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_redis(folder: Path, *, cluster: bool) -> tuple[subprocess.Popen[bytes], str]:
    """A Redis of the suite's own; in cluster mode one node holds every slot."""
    port = free_port()
    while cluster and port + 10_000 > 65_535:  # where its cluster bus listens
        port = free_port()
    arguments = [
        str(find_engine().path),
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--logfile", "redis.log"),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"),
        *("--repl-diskless-sync-delay", "0"),  # a replica's first copy need not wait for others
    ]
    if cluster:
        arguments += ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"]
    process = subprocess.Popen(arguments)
    client = redis.Redis(port=port)
    ends = time.monotonic() + 10
    while True:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.02)
    if cluster:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO", NEVER_DECODE=True):
            time.sleep(0.02)
    client.close()
    return process, f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="session", params=["single", "cluster"])
def redis_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL. Whatever uses it runs against one node, and against a node in cluster mode."""
    folder = tmp_path_factory.mktemp("redis")
    process, url = start_redis(folder, cluster=request.param == "cluster")
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@pytest.fixture
async def harness(redis_url: str, tmp_path: Path) -> AsyncIterator[Harness]:
    """A gateway, its dispatcher and a simulated vendor, on one event loop."""
    async with AsyncExitStack() as stack:
        yield await open_harness(redis_url, tmp_path, stack)


@pytest.fixture
async def reopen(redis_url: str, tmp_path: Path) -> AsyncIterator[Any]:
    """Opens a further gateway on the same Redis: a replica, or the same one with another configuration."""
    async with AsyncExitStack() as stack:

        async def open_(extra: str = "") -> Harness:
            return await open_harness(redis_url, tmp_path, stack, extra)

        yield open_
