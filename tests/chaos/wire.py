"""The real Redis, and connections to it that break where a seed says so."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import time
from collections.abc import Sequence
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
READS = frozenset({b"HGETALL", b"SMEMBERS", b"HMGET", b"HGET", b"GET", b"LRANGE"})
TIMED = {"accept": 5, "lookup": 5, "take": 5, "apply": 5, "tick": 5, "peek": 5, "roster": 5, "grant": 0, "report": 0}
"""Where scripts are given the clock's offset: at this place, or (0) right after the keys."""
LEAVE_LANES = frozenset({"tick", "grant", "report", "login", "hello", "roster"})
"""Scripts that change nothing of what a read above answers."""


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

    def many(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Replies in order. Raises the first error of the server."""
        replies = self.exchange(b"".join(hiredis.pack_command(each) for each in commands), len(commands))
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies

    def ask(self, *command: Any) -> Any:
        return self.many([command])[0]


class Memory:
    """What Redis answers again because nothing was changed since: most of what is asked is whether there is work."""

    def __init__(self) -> None:
        self._read: dict[tuple[bytes, ...], Any] = {}
        self._closed: dict[tuple[bytes, ...], Any] = {}
        """Looks at gates that let requests through: that alone does not end by time."""

    def clear(self) -> None:
        self._read.clear()
        self._closed.clear()

    def recall(self, name: str, command: tuple[bytes, ...]) -> Any:
        """None: to be asked."""
        if name == "grant":
            return self._closed.get(_look(command)) if _is_look(command) else None
        return self._read.get(command)

    def learn(self, name: str, command: tuple[bytes, ...], reply: Any) -> None:
        if command[0] in READS or command[0] == b"INFO":
            self._read[command] = reply
            return
        if name == "grant" and _is_look(command):
            if isinstance(reply, list) and reply[0] == b"closed":
                self._closed[_look(command)] = reply
            return
        if name not in ("tick", "hello"):
            self._closed.clear()
        if name not in LEAVE_LANES:
            self._read.clear()


def _is_look(command: tuple[bytes, ...]) -> bool:
    """EVAL(SHA) script <number of keys> <keys> offset interval n asker ...: nobody asks for nothing."""
    first = 3 + int(command[2])
    return command[first + 2 : first + 4] == (b"0", b"")


def _look(command: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """What the answer depends on: all but the time."""
    first = 3 + int(command[2])
    return command[3:first] + command[first + 1 :]


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
            name = self._world.script_names.get(command[1], "") if command[0] in (b"EVAL", b"EVALSHA") else ""
            over = self._over or self._process.dead
            fault = self._world.trouble.at_wire(self._process, name or command[0].decode().lower())
            if over or fault == "cut before":
                self._world.strike(self._process)
                self.cut()
                raise Broken("cut")
            command = self._timed(name, command)
            reply = BaseParser.parse_error(ODD) if fault == "error" else self._ask(name, command)
            self._world.moved(name, command, reply)
            if fault:
                self._world.strike(self._process)
            if fault == "cut after":
                self.cut()
                raise Broken("cut")
            late = self._world.lateness() if fault == "answer late" else self._world.lag()
            self._inbox.put_nowait((self._world.now + late, reply))

    def _timed(self, name: str, command: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """With the offset of this moment: what waited for a connection finds a clock that has gone on."""
        if name not in TIMED:
            return command
        place = TIMED[name] or 3 + int(command[2])
        return (*command[:place], b"%d" % self._process.store.clock.offset_ms, *command[place + 1 :])

    def _ask(self, name: str, command: tuple[bytes, ...]) -> Any:
        if command[0] == b"TIME":
            return [b"%d" % self._world.base, b"0"]
        memory = self._world.memory
        reply = memory.recall(name, command)
        if reply is None:
            (reply,) = self._world.server.exchange(hiredis.pack_command(command), 1)
            if command[0] == b"SMEMBERS" and isinstance(reply, list):
                reply.sort()  # Redis draws a set's order anew at every start
            if command[0] == b"INFO":
                reply = re.sub(rb"run_id:\w+", b"run_id:boot%d" % self._world.boot, reply)
            memory.learn(name, command, reply)
        return reply

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


def _commands(data: bytes) -> list[tuple[bytes, ...]]:
    reader = hiredis.Reader()
    reader.feed(data)
    commands = []
    while (command := reader.gets()) is not False:
        commands.append(tuple(command))
    return commands
