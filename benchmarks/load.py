"""A load generator for `POST /messages` that costs little next to what it measures; it runs as its own process.

Kept-alive connections, one request at a time on each, every message with a clientTag of its own. Without `--rate`
each connection sends again as soon as it was answered: the most the gateway takes. With `--rate` messages fall due
at that pace whatever the answers do, and latency counts from then, the wait for a free connection included.
Prints JSON: `ok` counts 2xx answers, the latencies are theirs; `errors` the rest, by status or what broke.

    python -m benchmarks.load --url http://127.0.0.1:8080 --key K --messages 20000 --connections 64
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import secrets
import time
from array import array
from collections import Counter, deque
from urllib.parse import urlsplit

import httptools
import uvloop


class Run:
    """What is still to send, and what came of the rest."""

    def __init__(self, url: str, key: str, messages: int, rate: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.finished: asyncio.Future[None] = self.loop.create_future()
        self.messages, self.rate = messages, rate
        self.sent = self.done = self.released = 0
        self.began, self.latencies = 0.0, array("d")
        self.errors: Counter[str] = Counter()
        self.idle: deque[Connection] = deque()
        self.due: deque[float] = deque()
        address = urlsplit(url)
        self.host, self.port = address.hostname or "", address.port or 80
        run = secrets.token_hex(4).encode()
        body = b'{"to":"+8190%%08d","text":"Your code is 482913","clientTag":"%s-%%012d"}' % run
        head = f"POST {address.path.rstrip('/')}/messages HTTP/1.1\r\nHost: {address.netloc}\r\n"
        head += f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: "
        self.template = b"%s%d\r\n\r\n%s" % (head.replace("%", "%%").encode(), len(body % (0, 0)), body)

    async def connect(self) -> None:
        try:
            await self.loop.create_connection(lambda: Connection(self), self.host, self.port)
        except OSError as error:
            if not self.finished.done():
                self.finished.set_exception(error)

    def start(self) -> None:
        self.began = time.perf_counter()
        while self.idle and not self.rate:
            self.free(self.idle.popleft())
        if self.rate:
            self.tick()

    def tick(self) -> None:
        now = time.perf_counter()
        target = min(self.messages, int((now - self.began) * self.rate) + 1)
        self.due.extend([now] * (target - self.released))
        self.released = target
        while self.due and self.idle:
            self.idle.popleft().send(self.due.popleft())
        if self.released < self.messages:
            self.loop.call_later(0.001, self.tick)  # its timers are no finer

    def free(self, connection: Connection) -> None:
        if self.due:
            connection.send(self.due.popleft())
        elif self.rate or not self.began:
            self.idle.append(connection)
        elif self.sent < self.messages:
            connection.send(time.perf_counter())

    def end(self, outcome: str, seconds: float) -> None:
        if outcome.startswith("2"):
            self.latencies.append(seconds)
        else:
            self.errors[outcome] += 1
        self.done += 1
        if self.done == self.messages and not self.finished.done():
            self.finished.set_result(None)

    def report(self) -> dict[str, object]:
        seconds, ok, times = time.perf_counter() - self.began, len(self.latencies), sorted(self.latencies)
        p50, p99 = (round(times[int(ok * q)] * 1000, 3) if ok else None for q in (0.5, 0.99))
        figures = {"sent": self.sent, "ok": ok, "seconds": round(seconds, 3), "per_second": round(ok / seconds, 1)}
        return figures | {"p50_ms": p50, "p99_ms": p99, "errors": self.errors}


class Connection(asyncio.Protocol):
    """One kept-alive connection. The server may close it; another takes its place."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.parser = httptools.HttpResponseParser(self)
        self.since = 0.0  # when the message in flight fell due

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.run.free(self)

    def send(self, since: float) -> None:
        self.since = since
        number = self.run.sent = self.run.sent + 1
        self.transport.write(self.run.template % (10_000_000 + number % 80_000_000, number))

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        since, self.since = self.since, 0.0
        self.run.end(str(self.parser.get_status_code()), time.perf_counter() - since)
        if self.parser.should_keep_alive():
            self.run.free(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.run.idle = deque(other for other in self.run.idle if other is not self)
        if self.since:
            self.run.end("connection", 0)
        if not self.run.finished.done():
            self.replacement = self.run.loop.create_task(self.run.connect())


async def measure(given: argparse.Namespace) -> dict[str, object]:
    run = Run(given.url, given.key, given.messages, given.rate)
    await asyncio.gather(*(run.connect() for _ in range(given.connections)))
    gc.disable()
    run.start()
    try:
        await asyncio.wait_for(run.finished, given.timeout)
    except TimeoutError:
        run.errors["unanswered"] = run.messages - run.done
    return run.report()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--url", default="http://127.0.0.1:8080")
    arguments.add_argument("--key", required=True)
    arguments.add_argument("--messages", type=int, default=20_000)
    arguments.add_argument("--connections", type=int, default=64)
    arguments.add_argument("--rate", type=float, default=0, help="messages/s; left out: as fast as answered")
    arguments.add_argument("--timeout", type=float, default=300, help="seconds for the whole run")
    print(json.dumps(uvloop.run(measure(arguments.parse_args()))))
