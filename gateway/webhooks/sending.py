"""One POST to an endpoint. Where its name leads is looked up first, and only public addresses are gone to: a webhook
is a way to have the gateway call what only the gateway can reach."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

import httpx

TIMEOUT = 15.0
"""Seconds for a whole try, the look-up of the name included."""
ANSWER_AT_MOST = 16 << 10
"""Bytes of an answer that are read, so that the connection can be used again; nothing in it counts."""
_NAT64 = IPv6Network("64:ff9b::/96")

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


async def look_up(host: str, port: int) -> list[str]:
    """Its addresses. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def public(address: str) -> bool:
    """Whether anybody may be sent there: no private, loopback, link-local or other special address, nor one that only
    wraps such a one."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner: IPv4Address | None = None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return public(str(found.ipv4_mapped))
        inner = found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
    return found.is_global and not found.is_multicast and (inner is None or public(str(inner)))


class Sender:
    """One process's. Redirects are not followed, proxies not used."""

    def __init__(self, resolve: Resolve = look_up) -> None:
        self._resolve = resolve
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                verify=ssl.create_default_context(), limits=httpx.Limits(max_connections=None, keepalive_expiry=4.0)
            ),
            trust_env=False,
            follow_redirects=False,
            timeout=TIMEOUT,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Answer:
        """Never raises: what went wrong is told, without the URL."""
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._post(httpx.URL(url), body, headers, allow_private)
        except TimeoutError:
            return Answer(error=f"no answer within {TIMEOUT:g} s")
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Answer(error="no connection: refused, unreachable or TLS failure")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ssl.SSLError) as error:
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
        # To the very address that was looked at: asked again, the name might lead elsewhere.
        request = self._client.build_request(
            "POST",
            url.copy_with(host=allowed[0]),
            content=body,
            headers={
                "host": url.netloc.decode(),
                "content-type": "application/json",
                "user-agent": "message-gateway",
                **headers,
            },
            extensions={"sni_hostname": url.host},
        )
        response = await self._client.send(request, stream=True)
        try:
            size = 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > ANSWER_AT_MOST:
                    break
        finally:
            await response.aclose()
        return Answer(response.status_code, "", _seconds(response.headers.get("retry-after", "")))


def _seconds(retry_after: str) -> float:
    """Of a Retry-After in seconds; dates are not worth the clock they need."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 7 else 0.0
