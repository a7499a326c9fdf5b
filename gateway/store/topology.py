"""Which Redis node holds what: one node, or a cluster whose slots may move."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, ResponseError

from gateway.store.link import ANSWER_TIMEOUT, Link, LinkDown, LinkLost

CONNECT_TIMEOUT = 5.0
LOOK_ELSEWHERE = 1.0
"""Seconds without a node after which the others of its cluster are asked who took its place."""
Node = tuple[str, int]


class NotMet(Exception):
    """The command would have gone down another connection than the caller knows. It was not sent."""


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
        self._links: dict[Node | None, Link] = {}
        self._slots: list[tuple[int, int, Node]] = []
        self._nodes: set[Node] = set()
        self._known = False
        self.clustered = False

    def connection(self) -> AbstractConnection:
        """A connection of its own to the configured node (for subscriptions)."""
        return self._class(**self._options)

    async def open(self, seconds: float = 5.0) -> bool:
        """Connects; False where Redis cannot be reached now (it goes on trying)."""
        try:
            await self._find_out(seconds)
        except LinkLost:
            return False
        return True

    async def close(self) -> None:
        await asyncio.gather(*(link.close() for link in self._links.values()))

    @property
    def up(self) -> bool:
        """There is a connection."""
        return any(link.up for link in self._links.values())

    def _link(self, node: Node | None) -> Link:
        link = self._links.get(node)
        if link is None:
            options = dict(self._options)
            if node:
                options["host"], options["port"] = node
            link = self._links[node] = Link(lambda: self._class(**options))
            link.start()
        return link

    async def _find_out(self, seconds: float) -> None:
        """Whether this is a cluster, once somebody can tell."""
        if self._known:
            return
        link = self._link(None)
        if not await link.wait_up(seconds):
            raise LinkDown("Redis cannot be reached")
        self.clustered = b"cluster_enabled:1" in await link.call("INFO", "cluster")
        if self.clustered:
            await self._learn()
        self._known = True

    async def _learn(self) -> None:
        """Reads the cluster's map from whoever answers. A node without a name is the one we are connected to."""
        own = self._options.get("host", "localhost"), int(self._options.get("port", 6379))
        for node in (None, *self._nodes):
            link = self._link(node)
            if not await link.wait_up(1.0 if node else 0.0):
                continue
            with suppress(LinkLost, ResponseError):
                rows = await link.call("CLUSTER", "SLOTS")
                self._slots = []
                for first, last, *nodes in rows:
                    names = [((node_[0] or b"").decode() or own[0], int(node_[1])) for node_ in nodes]
                    self._slots.append((int(first), int(last), names[0]))
                    self._nodes.update(names)
                for line in (await link.call("CLUSTER", "NODES")).decode().splitlines():
                    host, _, port = line.split()[1].partition("@")[0].rpartition(":")
                    if host and int(port):
                        self._nodes.add((host, int(port)))
                return

    def _home(self, key: str) -> Link:
        if self.clustered:
            slot = key_slot(key.encode())
            for first, last, node in self._slots:
                if first <= slot <= last:
                    return self._link(node)
        return self._link(None)

    def is_met(self, key: str, met: tuple[Link, int] | None) -> bool:
        """Whether `met` names the connection that a command about `key` would go down now."""
        if met is None or not self._known:
            return False
        link, connects = met
        return link is self._home(key) and link.connects == connects

    async def reach(self, key: str, seconds: float) -> tuple[Link, int]:
        """The connection to the node that holds `key`, and which of its connections it is. Raises `LinkDown`."""
        ends = time.monotonic() + seconds
        await self._find_out(seconds)
        while True:
            link = self._home(key)
            left = max(ends - time.monotonic(), 0.0)
            if await link.wait_up(min(left, LOOK_ELSEWHERE) if self.clustered else left):
                return link, link.connects
            if time.monotonic() >= ends:
                raise LinkDown("Redis cannot be reached")
            await self._learn()

    def renew(self, key: str) -> None:
        """Connects anew to where `key` lies: who answers there has said that it is not the one to ask."""
        self._home(key).renew()

    async def call(
        self,
        key: str,
        *command: Any,
        seconds: float = 5.0,
        answer: float = ANSWER_TIMEOUT,
        met: tuple[Link, int] | None = None,
    ) -> Any:
        """Sends a command about `key`; waits up to `seconds` for a connection and `answer` for its answer. Raises
        `LinkLost`; `LinkDown` or `NotMet` where it was provably not sent. Follows a moved slot (a moved command was
        not executed)."""
        for _ in range(8):
            link, connects = await self.reach(key, seconds)
            if met is not None and met != (link, connects):
                raise NotMet
            try:
                return await link.call(*command, seconds=answer)
            except MovedError:
                await self._learn()
            except AskError as error:
                there = self._link((error.host, error.port))
                if not await there.wait_up(seconds):
                    raise LinkDown("Redis cannot be reached") from error
                asking = there.call("ASKING", seconds=answer)
                told = there.call(*command, seconds=answer)
                await asking
                return await told
        raise LinkDown("the cluster's slots keep moving")
