"""One POST to an endpoint. Where its name leads is looked up first, and only public addresses are gone to: a webhook
is a way to have the gateway call what only the gateway can reach."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

import httpx

TIMEOUT = 15.0
"""Seconds for a whole try, the look-up of the name included."""
CONNECT_TIMEOUT = 5.0
"""Seconds for a connection to one of its addresses, so that there is time for another."""
LOOKUPS = 32
"""Names looked up at once."""
_NAT64 = IPv6Network("64:ff9b::/96")
_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32"), IPv6Network("3fff::/20"))
"""What the library takes for public: protocol assignments, one cloud's inner services, documentation."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Answer(NamedTuple):
    """What came of a try: an HTTP status, or why there is none."""

    status: int = 0
    error: str = ""
    retry_after: float = 0.0
    """Seconds the endpoint asks for."""

    @property
    def heard(self) -> bool:
        return 200 <= self.status < 300


class Resolver:
    """Looks names up in threads of its own: one name that hangs must not hold up others, nor vendors."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS, "look-up")
        self._under_way: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> list[str]:
        """Its addresses. Raises OSError."""
        with suppress(ValueError):
            return [str(ip_address(host.strip("[]")))]
        name = (host, port)
        if name not in self._under_way:
            work = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)
            self._under_way[name] = work
            work.add_done_callback(lambda done: self._looked_up(name, done))
        return await asyncio.shield(self._under_way[name])

    def _looked_up(self, name: tuple[str, int], work: asyncio.Future[list[str]]) -> None:
        self._under_way.pop(name, None)
        if not work.cancelled():
            work.exception()  # looked at, should all who waited have left

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def public(address: str) -> bool:
    """Whether anybody may be sent there: no private, loopback, link-local or other special address, nor one that only
    wraps such a one."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(found in network for network in _SPECIAL):
        return False
    inner: IPv4Address | None = None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return public(str(found.ipv4_mapped))
        inner = found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
        elif found.is_reserved or found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and (inner is None or public(str(inner)))


class Sender:
    """One process's. Redirects are not followed, proxies and cookies not used, and no connection is used twice: the
    next one to an address may be for another name, whose certificate nobody has looked at."""

    def __init__(self, resolve: Resolve | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._own = Resolver()
        self._resolve = resolve or self._own
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(verify=tls or ssl.create_default_context(), limits=limits)

    async def close(self) -> None:
        self._own.close()
        await self._transport.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Answer:
        """Never raises: what went wrong is told, without the URL."""
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._post(httpx.URL(url), body, headers, allow_private)
        except TimeoutError:
            return Answer(error=f"no answer within {TIMEOUT:g} s")
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Answer(error="no connection: refused, unreachable or TLS failure")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            return Answer(error=f"no readable answer ({type(error).__name__})")

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str], allow_private: bool) -> Answer:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await self._resolve(url.host, port)
        except (OSError, UnicodeError):
            return Answer(error="its name cannot be looked up")
        allowed = [address for address in found if allow_private or public(address)]
        if not allowed:
            return Answer(error="its address is not a public one (`allow_private` lets it be)")
        for address in allowed[:-1]:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._exchange(url, address, body, headers)
        return await self._exchange(url, allowed[-1], body, headers)

    async def _exchange(self, url: httpx.URL, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """To the very address that was looked at: asked again, the name might lead elsewhere."""
        request = httpx.Request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={
                "host": url.netloc.decode(),
                "content-type": "application/json",
                "user-agent": "message-gateway",
                **headers,
            },
            extensions={
                "sni_hostname": url.host,
                "timeout": {"connect": CONNECT_TIMEOUT, "read": TIMEOUT, "write": TIMEOUT, "pool": TIMEOUT},
            },
        )
        try:
            response = await self._transport.handle_async_request(request)
        except AttributeError as error:  # anyio asks a connection for its address that uvloop has closed by then
            raise httpx.ConnectError("over as soon as it was made") from error
        with suppress(httpx.HTTPError, OSError):  # the status is the answer, whatever becomes of the rest
            await response.aclose()
        return Answer(response.status_code, "", _seconds(response.headers.get("retry-after", "")))


def _seconds(retry_after: str) -> float:
    """Of a Retry-After, in seconds or as a date (RFC 9110, 10.2.3); 0 where it is neither, or over."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:12])
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
