"""Waiting for a vendor's answer that another process records (`Prefer: wait`)."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import structlog
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from gateway.store.topology import Topology

log = structlog.get_logger()

CHANNEL = "answered"


class Answers:
    """One subscription per process, opened by the first who waits. An announcement can be missed (it is not
    stored), so whoever waits reads the message once more when its time is up."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._waiting: defaultdict[str, list[asyncio.Future[None]]] = defaultdict(list)
        self._listener: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    async def expect(self, id_: str) -> asyncio.Future[None]:
        """To be called before the message is written, or nothing tells that it was answered meanwhile."""
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(), name="answers")
        if not self._listening.is_set():
            try:
                await asyncio.wait_for(self._listening.wait(), 1.0)
            except TimeoutError:
                log.warning("not subscribed: callers wait their full time")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[id_].append(future)
        return future

    async def wait(self, id_: str, future: asyncio.Future[None], seconds: float) -> None:
        """Until announced, at most `seconds`."""
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            pass
        finally:
            self.forget(id_, future)

    def forget(self, id_: str, future: asyncio.Future[None]) -> None:
        futures = self._waiting.get(id_, [])
        if future in futures:
            futures.remove(future)
        if not futures:
            self._waiting.pop(id_, None)

    async def close(self) -> None:
        if self._listener:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            connection: AbstractConnection = self._topology.connection()
            try:
                await connection.connect()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
                await connection.send_command("SUBSCRIBE", CHANNEL)
                while True:
                    kind, _, payload = await connection.read_response()
                    if kind == b"subscribe":
                        self._listening.set()
                        continue
                    for future in self._waiting.get(payload.decode(), ()):
                        if not future.done():
                            future.set_result(None)
            except (RedisError, OSError):
                await asyncio.sleep(0.2)
            finally:
                self._listening.clear()
                await connection.disconnect(nowait=True)
