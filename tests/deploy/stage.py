"""What stands around a proxy under test: a whole gateway behind it, upstreams that fail, a certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.conftest import free_port
from tests.processes import Processes
from tests.tools import ROOT

T = TypeVar("T")
NGINX = ROOT / "deploy" / "nginx"
HERE, NEAR, FAR = "127.0.0.1", "127.0.0.2", "127.0.0.3"
"""Whence callers come. `HERE` is the proxy's own as well; the client `near` may come from `NEAR` alone."""


class Loop:
    """An event loop in a thread of its own, for what lives longer than one test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Served:
    """`gateway serve` with its embedded Redis and a simulated vendor; `gateway`: lines for `[gateway]`, and further
    sections after them."""

    def __init__(self, folder: Path, gateway: str) -> None:
        self._loop = Loop()
        self.processes = self._loop.run(self._open(folder, gateway))
        self.port = self.processes.port

    async def _open(self, folder: Path, gateway: str) -> Processes:
        processes = Processes(folder, gateway)
        await processes.open()
        try:
            await processes.start("--host", "127.0.0.1")
        except BaseException:
            await processes.close()
            raise
        return processes

    def close(self) -> None:
        self._loop.run(self.processes.close())
        self._loop.close()


class Upstream:
    """Counts what it is asked. `answer`: the bytes it answers with; then, unless `stays`, it closes the connection."""

    def __init__(self, answer: bytes = b"", *, stays: bool = False, silent: bool = False) -> None:
        self.answer, self._stays, self._silent = answer, stays, silent
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        """The request line, the headers by lower-case name, the body."""
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            while line := reader.readline().decode("latin-1").strip():
                headers = {}
                while header := reader.readline().decode("latin-1").strip():
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                body = reader.read(int(headers.get("content-length", 0)))
                self.asked.append((line, headers, body))
                if self._silent:
                    reader.read(1)  # until the other side hangs up
                    return
                connection.sendall(self.answer)
                if not self._stays:
                    connection.shutdown(socket.SHUT_RDWR)
                    return

    def close(self) -> None:
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A new certificate for 127.0.0.1 that is its own issuer, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    public, private = folder / "tls.pem", folder / "tls.key"
    public.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return public, private


class Nginx:
    """deploy/nginx/gateway.conf in an nginx of its own: only its addresses, paths and `changes` differ."""

    def __init__(
        self, program: str, folder: Path, upstreams: Sequence[int], changes: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.folder = folder = Path(mkdtemp(dir=folder))
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        public, private = certificate(folder)
        self.trust = ssl.create_default_context(cafile=str(public))
        text = (NGINX / "gateway.conf").read_text()
        for was, becomes in (
            ("server 127.0.0.1:8080;", "".join(f"server 127.0.0.1:{port};" for port in upstreams)),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            ("    listen [::]:443 ssl http2;\n", ""),
            ("/etc/nginx/tls/sms.example.com.pem", str(public)),
            ("/etc/nginx/tls/sms.example.com.key", str(private)),
            ("/var/log/nginx/", f"{folder}/"),
            *changes,
        ):
            assert was in text, f"{was!r} is not in gateway.conf"
            text = text.replace(was, becomes)
        (folder / "gateway.conf").write_text(text)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/start.log;\n"
            f"events {{}}\nhttp {{ {temporary} include {folder}/gateway.conf; }}\n"
        )
        arguments = [program, "-p", str(folder), "-e", f"{folder}/start.log", "-c", f"{folder}/nginx.conf"]
        tested = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False)
        assert tested.returncode == 0, tested.stderr
        self._process = subprocess.Popen(arguments)
        until(self._listens)

    def _listens(self) -> bool:
        assert self._process.poll() is None, (self.folder / "start.log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except ConnectionRefusedError:
            return False
        return True

    def client(self, address: str = "127.0.0.1", key: str | None = None, **more: Any) -> httpx.Client:
        """Comes from that address of the loopback network."""
        transport = httpx.HTTPTransport(verify=self.trust, local_address=address)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, transport=transport, headers=headers, timeout=30, **more)

    def connect(self) -> ssl.SSLSocket:
        return self.trust.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), 10), server_hostname="127.0.0.1"
        )

    def log(self, name: str = "gateway.log") -> str:
        return (self.folder / name).read_text()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Returns once it holds."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never came to that"
        time.sleep(0.02)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body, once it is seen to be a whole problem under its own request id."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    body: dict[str, Any] = answer.json()
    assert (body["code"], body["status"], body["instance"]) == (code, status, answer.headers["x-request-id"])
    return body
