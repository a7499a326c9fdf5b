"""A vendor that is never the bottleneck: answers aicross's `POST /p5/api/mt.json` with success, always the same bytes.

So that a benchmark measures the gateway: no framework, no parsing of the body, about 5 µs of work per request.
`--delay` answers that much later, as a real vendor would. `GET /count` tells how many messages arrived, to prove
that what was accepted was also handed over.

    python -m benchmarks.vendor --port 9100 --delay 0.05
"""

from __future__ import annotations

import argparse
import asyncio

import httptools
import uvloop


def response(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


TAKEN = response(
    "200 OK", b'{"responseCode":0,"responseMessage":"Success","phoneNumber":"+819012345678","smsMessage":""}'
)
NOT_FOUND = response("404 Not Found", b"{}")


class Vendor:
    """What all connections share. `delay` in seconds."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.count = 0


class Connection(asyncio.Protocol):
    """One kept-alive connection. Every answer waits equally long, so pipelined ones keep their order."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.parser = httptools.HttpRequestParser(self)
        self.url = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def on_message_begin(self) -> None:
        self.url = b""

    def on_url(self, part: bytes) -> None:
        self.url += part

    def on_message_complete(self) -> None:
        vendor, answer = self.vendor, NOT_FOUND
        if self.url == b"/p5/api/mt.json" and self.parser.get_method() == b"POST":
            vendor.count += 1
            answer = TAKEN
        elif self.url == b"/count":
            answer = response("200 OK", b'{"count":%d}' % vendor.count)
        closing = not self.parser.should_keep_alive()
        if vendor.delay and answer is TAKEN:
            asyncio.get_running_loop().call_later(vendor.delay, self.answer, answer, closing)
        else:
            self.answer(answer, closing)

    def answer(self, answer: bytes, closing: bool) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            if closing:
                self.transport.close()


async def serve(host: str, port: int, delay: float) -> None:
    vendor = Vendor(delay)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(vendor), host, port, backlog=4096)
    await server.serve_forever()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=9100)
    arguments.add_argument("--delay", type=float, default=0.0, metavar="SECONDS")
    given = arguments.parse_args()
    uvloop.run(serve(given.host, given.port, given.delay))


if __name__ == "__main__":
    main()
