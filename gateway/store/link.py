"""One multiplexed connection to one Redis node.

Every call of a process goes down the same connection; what is asked within one turn of the event loop leaves in
one write, and answers are matched by order. That costs about 5 us a call, a pooled client about 44 (measured).
Nothing is ever repeated here: only the caller knows whether a repeat is safe.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

MAX_IN_FLIGHT = 20_000
"""Calls waiting for an answer, at most: a Redis that hangs must not fill this process's memory."""
ANSWER_TIMEOUT = 5.0
"""Seconds without an answer after which the connection is given up, and all that waits on it is lost."""


class LinkLost(Exception):
    """The connection broke while the call was under way: done or not done, nobody knows."""


class LinkDown(LinkLost):
    """There is no connection: the call was not sent."""


class Link:
    """Connects by itself and again after a loss, pausing 20 ms, then up to 1 s."""

    def __init__(self, connect: Callable[[], AbstractConnection]) -> None:
        self._new = connect
        self._connection: AbstractConnection | None = None
        self._waiting: deque[tuple[asyncio.Future[Any], float, float]] = deque()
        self._outgoing: list[bytes] = []
        self._write = asyncio.Event()
        self._up = asyncio.Event()
        self._renew = asyncio.Event()
        self.connects = 0
        """Connections made so far: tells one from its successor."""
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep(), name="store-link")

    async def close(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._drop("closed")

    @property
    def up(self) -> bool:
        return self._up.is_set()

    async def wait_up(self, seconds: float) -> bool:
        """Waits for a connection; whether there is one."""
        if self._up.is_set():
            return True
        try:
            await asyncio.wait_for(self._up.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def renew(self) -> None:
        """Gives the connection up and makes another."""
        self._renew.set()

    def call(self, *command: Any, seconds: float = ANSWER_TIMEOUT) -> asyncio.Future[Any]:
        """Sends a command. The future brings its answer, `LinkLost` (also where none comes within `seconds`, to
        half a second), or the server's own `ResponseError`."""
        connection = self._connection
        if connection is None or len(self._waiting) >= MAX_IN_FLIGHT:
            raise LinkDown("no connection" if connection is None else "too many calls under way")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._outgoing.extend(connection.pack_command(*command))
        now = time.monotonic()
        self._waiting.append((future, now, now + seconds))
        self._write.set()
        return future

    async def _keep(self) -> None:
        pause = 0.02
        while True:
            connection = self._new()
            try:
                await connection.connect()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
                self._connection = connection
                self.connects += 1
                self._renew.clear()
                tasks = [asyncio.create_task(part(connection)) for part in (self._send, self._receive)]
                tasks += [asyncio.create_task(self._watch()), asyncio.create_task(self._renewal())]
                try:
                    self._up.set()
                    pause = 0.02
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            except (RedisError, OSError, LinkLost, TimeoutError):
                # Told to whoever calls, and by readiness; here there is only one thing to do: try again.
                pass
            finally:
                await self._drop("the connection to Redis broke")
                await connection.disconnect(nowait=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _drop(self, why: str) -> None:
        self._up.clear()
        self._connection = None
        self._outgoing.clear()
        waiting, self._waiting = self._waiting, deque()
        for future, *_ in waiting:
            if not future.done():
                future.set_exception(LinkLost(why))

    async def _send(self, connection: AbstractConnection) -> None:
        while True:
            await self._write.wait()
            self._write.clear()
            data, self._outgoing = b"".join(self._outgoing), []
            await connection.send_packed_command([data], check_health=False)

    async def _receive(self, connection: AbstractConnection) -> None:
        while True:
            answer: Any
            try:
                answer = await connection.read_response(timeout=math.inf, disconnect_on_error=False)
            except ResponseError as error:
                answer = error
            future, *_ = self._waiting.popleft()
            if future.done():
                continue
            if isinstance(answer, ResponseError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    async def _renewal(self) -> None:
        await self._renew.wait()

    async def _watch(self) -> None:
        """Tells callers whose time is up; ends, and with it the connection, when the oldest has waited too long."""
        while True:
            now = time.monotonic()
            for future, _, deadline in self._waiting:
                if deadline < now and not future.done():
                    future.set_exception(LinkLost("no answer in time"))
            if self._waiting and now - self._waiting[0][1] > ANSWER_TIMEOUT:
                return
            await asyncio.sleep(0.5)
