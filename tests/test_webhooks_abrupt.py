"""An endpoint that ends each connection as soon as it is made."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
import uvloop

from gateway.webhooks.sending import Answer, Sender

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no seconds: closing sends a reset."""


@pytest.fixture
def port() -> Iterator[int]:
    def reset_all() -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.close()

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=reset_all)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


def test_it_is_a_failed_try_and_no_fault_of_ours(port: int) -> None:
    """On the loop that the gateway runs on: some of these connections are gone before anybody looks at them."""

    async def tell() -> list[Answer]:
        sender = Sender()
        posts = (sender.post(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True) for _ in range(300))
        try:
            return await asyncio.gather(*posts)
        finally:
            await sender.close()

    answers = uvloop.run(tell())
    assert len(answers) == 300
    assert all(answer.error and not answer.heard for answer in answers)
