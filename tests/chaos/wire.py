"""The real Redis, and connections to it that break where a seed says so."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hiredis
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as Broken
from redis.exceptions import ResponseError

from gateway.store.engine import find_engine

if TYPE_CHECKING:
    from tests.chaos.process import Process
    from tests.chaos.world import World


ODD = "NOPERM this user has no permissions"
"""Words of Redis that nobody expects."""


class Server:
    """One Redis for a whole run, asked over one blocking socket."""

    def __init__(self, folder: Path) -> None:
        path = folder / "redis.sock"
        arguments = [str(find_engine().path), "--port", "0", "--unixsocket", str(path), "--dir", str(folder)]
        arguments += ["--save", "", "--appendonly", "no", "--logfile", "redis.log", "--maxmemory-policy", "noeviction"]
        self._process = subprocess.Popen(arguments)
        self._socket = socket.socket(socket.AF_UNIX)
        ends = time.monotonic() + 10
        while True:
            try:
                self._socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.01)
        self._reader = hiredis.Reader(replyError=BaseParser.parse_error)

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(10)

    def exchange(self, data: bytes, number: int) -> list[Any]:
        """The replies to `number` commands; errors of the server are among them."""
        self._socket.sendall(data)
        replies: list[Any] = []
        while len(replies) < number:
            reply = self._reader.gets()
            if reply is False:
                self._reader.feed(self._socket.recv(1 << 20))
            else:
                replies.append(reply)
        return replies

    def ask(self, *command: Any) -> Any:
        (reply,) = self.exchange(hiredis.pack_command(command), 1)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Wire:
    """What a `Link` takes for its connection. Answers wait in an inbox until they are due."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process
        self._inbox: asyncio.Queue[tuple[float, Any]] = asyncio.Queue()
        self._over = False

    async def connect(self) -> None:
        await self._process.gate()
        if self._process.dead or self._world.now < self._process.offline_until:
            raise Broken("refused")
        self._process.wires[self] = None

    async def disconnect(self, nowait: bool = False) -> None:
        self.cut()
        self._process.wires.pop(self, None)

    def cut(self) -> None:
        self._over = True
        self._inbox.put_nowait((0.0, None))

    def pack_command(self, *command: Any) -> list[bytes]:
        return [hiredis.pack_command(command)]

    async def send_packed_command(self, data: list[bytes], check_health: bool = True) -> None:
        await self._process.gate()
        if lag := self._world.lag():
            await asyncio.sleep(lag)
        for command in _commands(b"".join(data)):
            name = self._world.script_names.get(command[1]) if command[0] in (b"EVAL", b"EVALSHA") else None
            fault = self._world.at_wire(self._process, name or command[0].decode().lower())
            if self._over or self._process.dead or fault == "cut before":
                self.cut()
                raise Broken("cut")
            reply = BaseParser.parse_error(ODD) if fault == "error" else self._ask(command)
            self._world.moved(name or "", reply)
            if fault == "cut after":
                self.cut()
                raise Broken("cut")
            late = self._world.lateness() if fault == "answer late" else self._world.lag()
            self._inbox.put_nowait((self._world.now + late, reply))

    def _ask(self, command: list[bytes]) -> Any:
        if command[0] == b"TIME":
            return [b"%d" % self._world.base, b"0"]
        (reply,) = self._world.server.exchange(hiredis.pack_command(tuple(command)), 1)
        # Redis draws a set's order anew at every start.
        return sorted(reply) if command[0] == b"SMEMBERS" else reply

    async def read_response(self, timeout: float | None = None, disconnect_on_error: bool = True) -> Any:
        due, reply = await self._inbox.get()
        if due > self._world.now:
            await asyncio.sleep(due - self._world.now)
        await self._process.gate()
        if self._over:
            raise Broken("cut")
        if isinstance(reply, ResponseError):
            raise reply
        return reply


def _commands(data: bytes) -> list[list[bytes]]:
    reader = hiredis.Reader()
    reader.feed(data)
    commands = []
    while (command := reader.gets()) is not False:
        commands.append(command)
    return commands
