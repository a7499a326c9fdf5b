"""The JDK's HttpClient as it comes offers `Upgrade: h2c` on clear text. Every byte of every body has to arrive."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.clients.java_tools import PROGRAMS
from tests.clients.sandbox import sandbox
from tests.conftest import free_port
from tests.tools import need

pytestmark = pytest.mark.anyio

BODIES, MESSAGES, SIZE = 6, 7, 200_000
HEAD = re.compile(rb"POST /messages/batch HTTP/1\.1\r\n(?:[\w-]+: [^\r\n]*\r\n)+\r\n")


class Relay:
    """Passes what clients send on to a port, and keeps it, by connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sent: list[bytearray] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept = bytearray()
        self.sent.append(kept)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(self._pass(reader, up_writer, kept), self._pass(up_reader, writer, bytearray()))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
        try:
            while some := await reader.read(1 << 16):
                kept += some
                writer.write(some)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def heads(self) -> list[bytes]:
        return [head for each in self.sent for head in HEAD.findall(bytes(each))]


@asynccontextmanager
async def relay(port: int) -> AsyncIterator[tuple[Relay, int]]:
    passing, here = Relay(port), free_port()
    async with await asyncio.start_server(passing.serve, "127.0.0.1", here):
        yield passing, here


def body(batch: int) -> dict[str, Any]:
    """200 KB of reservations, each of which is answered with all that was given."""
    due = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    def metadata(message: int) -> dict[str, str]:
        return {f"part-{n}": f"{batch}/{message}/{n} ".ljust(500, "あいう"[n % 3]) for n in range(20)}

    texts = [f"batch {batch}, message {n}" for n in range(MESSAGES)]
    return {
        "messages": [
            {"to": "+819012345678", "sendAt": due, "metadata": metadata(n), "text": text}
            for n, text in enumerate(texts)
        ]
    }


@pytest.mark.parametrize("how", ["in_turn", "at_once", "expecting"])
async def test_the_whole_body_arrives(how: str, tmp_path: Path) -> None:
    java = need("java")
    folder = tmp_path / "bodies"
    folder.mkdir()
    bodies = [body(n) for n in range(BODIES)]
    for n, each in enumerate(bodies):
        (folder / str(n)).write_text(json.dumps(each, ensure_ascii=False))
        assert (folder / str(n)).stat().st_size > SIZE
    (tmp_path / "sandbox").mkdir()
    with sandbox(tmp_path / "sandbox") as here:
        async with relay(int(here["GATEWAY_URL"].rpartition(":")[2])) as (passing, port):
            await run(java, f"http://127.0.0.1:{port}/messages/batch", here["GATEWAY_KEY"], folder, how)
    for n, each in enumerate(bodies):
        status, _, answer = (folder / f"{n}.answer").read_text().partition("\n")
        assert status == "202", answer
        arrived = [item["message"] for item in json.loads(answer)["items"]]
        assert [(one["text"], one["metadata"]) for one in arrived] == [
            (one["text"], one["metadata"]) for one in each["messages"]
        ]
    heads = passing.heads()
    assert len(heads) == BODIES
    assert any(b"\r\nUpgrade: h2c\r\n" in head for head in heads), "nothing was offered: this test shows nothing"
    assert all((b"\r\nExpect: 100-Continue\r\n" in head) == (how == "expecting") for head in heads)
    assert len(passing.sent) == 1 or how == "at_once", "no connection was kept"


async def run(java: str, url: str, key: str, folder: Path, how: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(java, str(PROGRAMS / "Posts.java"), url, key, str(folder), how),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    _, stderr = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, stderr.decode()
