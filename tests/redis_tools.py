"""A Redis that a test may break, and a connection to one that can be cut."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from tests import conftest
from tests.conftest import start_redis

ON_ONE_NODE = pytest.mark.parametrize("redis_server", ["single"], indirect=True)
"""For whole-gateway tests whose steps in Redis are tried on a cluster elsewhere."""
Servers = Callable[..., tuple[subprocess.Popen[bytes], str]]


class Proxy:
    """Stands between a store and Redis. `plan` says how the next exchanges are cut: "before" they reach Redis, or
    "after" it has acted and before its answer comes back."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.url = ""
        self.plan: list[str] = []
        self.on_cut: Callable[[], Any] = lambda: None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", port_of(self.upstream))
        pair = {writer, redis_writer}
        self._writers |= pair
        answers = asyncio.create_task(self._answer(redis_reader, writer))
        with suppress(OSError):
            while data := await reader.read(1 << 20):
                cut = self.plan.pop(0) if self.plan else ""
                if cut == "after":
                    answers.cancel()
                    await asyncio.wait([answers])
                if cut != "before":
                    redis_writer.write(data)
                if cut == "after":
                    await redis_reader.read(1 << 20)
                if cut:
                    self.on_cut()
                    break
        answers.cancel()
        self._writers -= pair
        for end in pair:
            end.close()
        await asyncio.gather(answers, *(end.wait_closed() for end in pair), return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 20):
            writer.write(data)
        writer.close()


def port_of(url: str) -> int:
    return int(url.split(":")[2].split("/")[0])


@pytest.fixture
async def proxy(redis_url: str, raw: redis.Redis) -> AsyncIterator[Proxy]:
    async with Proxy(redis_url) as proxy:
        with suppress(redis.ResponseError):  # a node of a cluster sends callers to the port it announces
            raw.config_set("cluster-announce-port", port_of(proxy.url))
        yield proxy
        with suppress(redis.ResponseError):
            raw.config_set("cluster-announce-port", 0)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """Starts a Redis that a test may break: in a folder of `tmp_path`, in cluster mode."""
    started: list[subprocess.Popen[bytes]] = []
    any_port = conftest.free_port

    def free_port() -> int:
        while (port := any_port()) > 55_535:  # the cluster's own port lies 10,000 above
            pass
        return port

    def start(folder: str = "one", *, cluster: bool = False) -> tuple[subprocess.Popen[bytes], str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        process, url = start_redis(tmp_path / folder, cluster=cluster)
        started.append(process)
        return process, url

    monkeypatch.setattr(conftest, "free_port", free_port)
    yield start
    for process in started:
        process.kill()
        process.wait()
