"""Which Redis node holds what: one node, or a cluster whose slots may move."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, ResponseError

from gateway.store.link import Link, LinkDown, LinkLost

CONNECT_TIMEOUT = 5.0


class Topology:
    """Carries commands to the node that holds their key. On a single node that is always the same one."""

    def __init__(self, url: str) -> None:
        pool = ConnectionPool.from_url(
            url,
            protocol=2,
            socket_timeout=None,
            socket_connect_timeout=CONNECT_TIMEOUT,
            retry=None,
            driver_info=None,
            health_check_interval=0,
        )
        self._class: type[AbstractConnection] = pool.connection_class
        self._options: dict[str, Any] = pool.connection_kwargs
        self._links: dict[tuple[str, int] | None, Link] = {}
        self._slots: list[tuple[int, int, tuple[str, int]]] = []
        self.clustered = False

    def connection(self) -> AbstractConnection:
        """A connection of its own to the configured node (for subscriptions)."""
        return self._class(**self._options)

    async def open(self, seconds: float = 5.0) -> bool:
        """Connects; False where Redis cannot be reached now (it goes on trying)."""
        link = self._link(None)
        if not await link.wait_up(seconds):
            return False
        try:
            info = await link.call("INFO", "cluster")
        except (LinkLost, ResponseError):
            return False
        self.clustered = b"cluster_enabled:1" in info
        if self.clustered:
            await self._learn()
        return True

    async def close(self) -> None:
        await asyncio.gather(*(link.close() for link in self._links.values()))

    @property
    def up(self) -> bool:
        """Every node that is in use has a connection."""
        return bool(self._links) and all(link.up for link in self._links.values())

    def _link(self, node: tuple[str, int] | None) -> Link:
        link = self._links.get(node)
        if link is None:
            options = dict(self._options)
            if node:
                options["host"], options["port"] = node
            link = self._links[node] = Link(lambda: self._class(**options))
            link.start()
        return link

    async def _learn(self) -> None:
        """Reads the cluster's map. A node without a host name is the one we are connected to."""
        for link in self._links.values():
            if not link.up:
                continue
            try:
                rows = await link.call("CLUSTER", "SLOTS")
            except (LinkLost, ResponseError):
                continue
            own = self._options.get("host", "localhost"), int(self._options.get("port", 6379))
            self._slots = [
                (int(first), int(last), (node[0].decode() or own[0], int(node[1]))) for first, last, node, *_ in rows
            ]
            return

    def _home(self, key: str) -> Link:
        if not self.clustered:
            return self._link(None)
        slot = key_slot(key.encode())
        for first, last, node in self._slots:
            if first <= slot <= last:
                return self._link(node)
        return self._link(None)

    async def call(self, key: str, *command: Any, seconds: float = 5.0) -> Any:
        """Sends a command about `key`; waits up to `seconds` for a connection. Raises `LinkLost`, or `LinkDown`
        where it was provably not sent; follows a moved slot (a moved command was not executed)."""
        ends = time.monotonic() + seconds
        link = self._home(key)
        for _ in range(8):
            if not link.up and not await link.wait_up(max(ends - time.monotonic(), 0)):
                raise LinkDown("Redis cannot be reached")
            try:
                return await link.call(*command)
            except AskError as error:
                link = self._link((error.host, error.port))
                if not await link.wait_up(max(ends - time.monotonic(), 0)):
                    raise LinkDown("Redis cannot be reached") from error
                asking = link.call("ASKING")
                answer = link.call(*command)
                await asking
                return await answer
            except MovedError:
                await self._learn()
                link = self._home(key)
        raise LinkDown("the cluster's slots keep moving")
