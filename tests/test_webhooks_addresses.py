"""Where webhooks may lead: public addresses, looked at once and gone to; the certificate is the name's."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.sandbox.server import DROP, Answer
from gateway.webhooks import sending
from gateway.webhooks.sending import Sender, public
from tests import webhook_tools
from tests.harness import advance
from tests.webhook_tools import Endpoint, Hooked, ask, happen, impatient, pauses, shown, tell, with_header

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
endpoints, hooked = webhook_tools.endpoints, webhook_tools.hooked

PRIVATE = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::1", "::", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::10.0.0.1"),
    *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::"),
    *("2002:a00:1::1", "2002:a9fe:a9fe::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "not an address", ""),
)
"""Loopback, private, link-local, carrier's, metadata, documentation, multicast, reserved; and those wrapped: mapped,
compatible, translated, NAT64, 6to4, Teredo (its client, inverted)."""
PUBLIC = (
    *("8.8.8.8", "1.1.1.1", "172.32.0.1", "192.167.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
)


@each("address", PRIVATE)
def test_only_public_addresses_are_gone_to(address: str) -> None:
    assert not public(address)


@each("address", PUBLIC)
def test_what_is_public_is_gone_to(address: str) -> None:
    assert public(address)


class Listener:
    """Whether anybody comes, whatever they say."""

    def __init__(self) -> None:
        self.came = 0
        self.port = 0

    async def __call__(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    found = Listener()
    server = await asyncio.start_server(found, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await server.wait_closed()


class Names:
    """What each look-up finds, one after another; the last one again and again."""

    def __init__(self, *found: list[str]) -> None:
        self._found = list(found)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self._found.pop(0) if len(self._found) > 1 else self._found[0]


@contextlib.asynccontextmanager
async def sender(resolve: Any = None, **options: Any) -> AsyncIterator[Sender]:
    opened = Sender(resolve, **options)
    try:
        yield opened
    finally:
        await opened.close()


@each("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0"])
async def test_no_spelling_of_a_private_address_is_gone_to(listener: Listener, host: str) -> None:
    async with sender() as opened:
        answer = await opened.post(f"http://{host}:{listener.port}/", b"{}", {}, allow_private=False)
    assert not answer.heard
    assert answer.error
    assert listener.came == 0


@each("found", [["127.0.0.1"], ["::1", "127.0.0.1"], ["10.0.0.1", "::ffff:127.0.0.1", "127.0.0.1"], []])
async def test_no_private_one_of_several_addresses_is_gone_to(listener: Listener, found: list[str]) -> None:
    async with sender(Names(found)) as opened:
        url = f"http://shop.example.com:{listener.port}/"
        answer = await opened.post(url, b"{}", {}, allow_private=False)
        assert "not a public one" in answer.error
        assert listener.came == 0
        await opened.post(url, b"{}", {}, allow_private=True)
    assert listener.came == ("127.0.0.1" in found)


async def test_beside_a_public_address_a_private_one_is_not_gone_to(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "CONNECT_TIMEOUT", 0.2)
    impatient(monkeypatch, 0.5)
    gone: list[str] = []

    async def exchange(self: Sender, url: Any, address: str, *rest: Any) -> sending.Answer:
        gone.append(address)
        raise sending.httpx.ConnectError("refused")

    monkeypatch.setattr(Sender, "_exchange", exchange)
    async with sender(Names(["127.0.0.1", "8.8.8.8", "::1", "1.1.1.1"])) as opened:
        answer = await opened.post(f"http://shop.example.com:{listener.port}/", b"{}", {}, allow_private=False)
    assert gone == ["8.8.8.8", "1.1.1.1"]
    assert "no connection" in answer.error


@once
async def test_a_private_endpoint_is_refused_and_told_why_until_it_is_allowed(hooked: Hooked) -> None:
    harness, endpoint = await hooked(allow_private=False)
    await happen(harness)
    await tell(harness)
    assert endpoint.told == []
    assert "allow_private" in (await shown(harness))["lastResult"]["error"]
    assert len(await pauses(harness)) == 1
    assert (await ask(harness, "/webhooks/hook/test"))["delivered"] is False
    assert endpoint.told == []


@once
async def test_a_name_is_looked_up_before_each_try_and_the_connection_goes_where_it_was_found(hooked: Hooked) -> None:
    _, endpoint = await hooked(Answer(500))
    port = endpoint.server.url.rpartition(":")[2]
    names = Names(["127.0.0.1"], ["127.0.0.1"], ["203.0.113.1"])
    opened = Sender(names)
    for _ in range(2):
        answer = await opened.post(f"http://shop.example.com:{port}/in?a=b", b"{}", {}, allow_private=True)
        assert answer.status == 500
    assert {request.headers["host"] for request in endpoint.told} == {f"shop.example.com:{port}"}
    assert (endpoint.told[0].path, endpoint.told[0].query) == ("/in", {"a": "b"})
    # The third look-up leads elsewhere, to a private address: nobody goes there.
    answer = await opened.post(f"http://shop.example.com:{port}/in", b"{}", {}, allow_private=False)
    assert "not a public one" in answer.error
    assert names.asked == ["shop.example.com"] * 3
    assert len(endpoint.told) == 2
    await opened.close()


async def test_nobody_looks_a_name_up_between_look_up_and_connection(
    endpoints: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may lead elsewhere the second time (DNS rebinding): there is no second time."""
    endpoint: Endpoint = await endpoints()
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "shop.example.com" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port = endpoint.server.url.rpartition(":")[2]
    async with sender() as opened:
        assert (await opened.post(f"http://shop.example.com:{port}/", b"{}", {}, allow_private=True)).heard
    assert asked.count("shop.example.com") == 1
    assert set(asked) <= {"shop.example.com", "127.0.0.1"}


async def test_where_the_first_address_is_dead_the_next_one_is_tried(endpoints: Any) -> None:
    endpoint: Endpoint = await endpoints()
    port = endpoint.server.url.rpartition(":")[2]
    async with sender(Names(["::1", "127.0.0.2", "127.0.0.1"])) as opened:
        assert (await opened.post(f"http://shop.example.com:{port}/", b"{}", {}, allow_private=True)).heard
    assert len(endpoint.told) == 1


async def test_a_name_that_hangs_holds_up_nobody_else(endpoints: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint: Endpoint = await endpoints()
    impatient(monkeypatch, 1.0)
    real, over = socket.getaddrinfo, threading.Event()

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        if str(host).endswith(".dead"):
            over.wait(10)
            return real("127.0.0.1", *rest, **more)
        return real("127.0.0.1" if host == "shop.example.com" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port = endpoint.server.url.rpartition(":")[2]
    try:
        async with sender() as opened:
            dead = [
                asyncio.create_task(opened.post(f"http://shop{n % 10}.dead/", b"{}", {}, allow_private=True))
                for n in range(80)
            ]
            await asyncio.sleep(0.05)
            began = time.monotonic()
            assert (await opened.post(f"http://shop.example.com:{port}/", b"{}", {}, allow_private=True)).heard
            # Nor those that look names up elsewhere in the process: vendors' requests.
            await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)
            assert time.monotonic() - began < 0.5
            assert not any(answer.heard for answer in await asyncio.gather(*dead))
            over.set()
    finally:
        over.set()


async def test_a_look_up_that_fails_late_is_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch, 0.1)
    over, noise, failed = threading.Event(), [], threading.Event()

    def look_up(*_: Any, **__: Any) -> Any:
        over.wait(5)
        failed.set()
        raise socket.gaierror("no such name")

    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with sender() as opened:
        assert "within" in (await opened.post("http://shop.dead/", b"{}", {}, allow_private=True)).error
        over.set()
        await asyncio.to_thread(failed.wait, 5)
        await asyncio.sleep(0.05)
    gc.collect()
    await asyncio.sleep(0)
    assert noise == []


async def test_no_endpoint_is_sent_what_another_one_set(endpoints: Any) -> None:
    first, second = await endpoints(with_header(200, "Set-Cookie", "a=b; Path=/")), await endpoints()
    async with sender() as opened:
        for endpoint in (first, first, second):
            await opened.post(f"{endpoint.server.url}/", b"{}", {}, allow_private=True)
    assert not any("cookie" in request.headers for request in (*first.told, *second.told))


async def test_a_proxy_of_the_machine_is_not_used(endpoints: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint, proxy = await endpoints(), await endpoints()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    async with sender() as opened:
        assert (await opened.post(f"{endpoint.server.url}/", b"{}", {}, allow_private=True)).heard
    assert (len(endpoint.told), len(proxy.told)) == (1, 0)


@each(("rest", "heard"), [
    (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this", True),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\n", True),
    (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, True),
    (b"HTTP/1.1 500 Bad\r\ncontent-length: 100\r\n\r\n200 OK", False),
    (b"HTTP/1.1 2", False),
    (b"200 OK\r\n\r\n", False),
    (b"\x00\xff" * 1000, False),
])  # fmt: skip
@each("closes", [True, False])
async def test_whatever_it_answers_it_is_a_status_or_none(
    rest: bytes, heard: bool, closes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, 0.5)
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(rest)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        if not closes:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with sender() as opened:
            answer = await opened.post(f"http://127.0.0.1:{port}/", b"", {}, allow_private=True)
        assert answer.heard is heard
        assert bool(answer.status) is not bool(answer.error)
    finally:
        over.set()
        server.close()


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and the certificates it signed for `a.example.com` and `b.example.com`."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl here")
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, env={**os.environ}, **quiet)  # type: ignore[call-overload]

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650")
    openssl("req", "-x509", *key, "-subj", "/CN=test", "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("a", "b"):
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{name}.example.com\n")
        openssl("req", *key[:-2], "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "3650", "-extfile", f"{name}.ext", "-out", f"{name}.pem"),
        )
    return folder


class TLSServer:
    """Shows the certificate of `a.example.com` to everybody; keeps which names and hosts it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "a.pem", folder / "a.key")
        self.context.sni_callback = lambda _, name, __: self.names.append(name)
        self.names: list[str | None] = []
        self.hosts: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
                await reader.readexactly(int(lines["content-length"]))
                self.hosts.append(lines["host"])
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()


async def test_the_certificate_is_the_names_and_of_nobody_else_at_that_address(certificates: Path) -> None:
    server = TLSServer(certificates)
    listening = await asyncio.start_server(server, "127.0.0.1", 0, ssl=server.context)
    port = listening.sockets[0].getsockname()[1]
    trusted = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    async with sender(Names(["127.0.0.1"]), tls=trusted) as opened:
        for name, heard in (("a", True), ("b", False), ("a", True), ("b", False)):
            answer = await opened.post(f"https://{name}.example.com:{port}/", b"{}", {}, allow_private=True)
            assert answer.heard is heard, answer
            assert heard or "TLS" in answer.error
    assert server.hosts == [f"a.example.com:{port}"] * 2
    assert server.names == [f"{name}.example.com" for name in "abab"]
    async with sender(Names(["127.0.0.1"])) as opened:  # and by whom it was signed
        answer = await opened.post(f"https://a.example.com:{port}/", b"{}", {}, allow_private=True)
        assert "TLS" in answer.error
    listening.close()


@once
@each("odd", [DROP, Answer(500, b"\xff" * 70_000, "text/plain")])
async def test_nothing_an_endpoint_answers_is_shown(hooked: Hooked, odd: Answer) -> None:
    harness, endpoint = await hooked(odd)
    await happen(harness)
    await tell(harness)
    await advance(harness, 6)
    await tell(harness)
    assert len(endpoint.told) == 2
    assert endpoint.server.url not in str((await shown(harness))["lastResult"])
