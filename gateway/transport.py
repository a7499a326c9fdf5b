"""One HTTP exchange with a vendor, and what is known when it fails.

`NeverLeft` only where no connection came about: everything else may have been read by the vendor, whatever the
error says, and is `LostAnswer`.
"""

from __future__ import annotations

import asyncio
import ssl

import httpx

from gateway.errors import LostAnswer, NeverLeft
from gateway.provider import Provider, VendorAnswer, VendorRequest

CONNECT_TIMEOUT = 5.0
"""Seconds for a connection, TLS included, at most: a vendor that does not answer a SYN should cost little."""
MAX_ANSWER = 1 << 20
"""Bytes. The longest documented answer is a day's status list; what is longer is not read."""
IDLE_CONNECTION = 4.0
"""Seconds an unused connection is kept: below the 5 s after which common servers close theirs."""


class Transport:
    """Connections to vendors, one pool per provider. Redirects are never followed, proxies never used."""

    def __init__(self) -> None:
        self._pools: dict[str, httpx.AsyncHTTPTransport] = {}
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    async def close(self) -> None:
        await asyncio.gather(*(pool.aclose() for pool in self._pools.values()))

    def _pool(self, provider: Provider) -> httpx.AsyncHTTPTransport:
        pool = self._pools.get(provider.name)
        if pool is None:
            limits = httpx.Limits(
                max_connections=provider.settings.concurrency + 8,
                max_keepalive_connections=provider.settings.concurrency,
                keepalive_expiry=IDLE_CONNECTION,
            )
            pool = self._pools[provider.name] = httpx.AsyncHTTPTransport(
                verify=self._tls, limits=limits, retries=0, trust_env=False
            )
        return pool

    async def exchange(self, provider: Provider, request: VendorRequest) -> VendorAnswer:
        """Sends the request and reads the whole answer within the provider's timeout.

        Raises `NeverLeft` or `LostAnswer`, with a detail that quotes neither URL nor body.
        """
        seconds = float(provider.settings.timeout)
        limit = min(CONNECT_TIMEOUT, seconds)
        outgoing = httpx.Request(
            request.method,
            request.url,
            headers=[("accept", "*/*"), ("user-agent", "message-gateway"), *request.headers],
            content=request.body,
            extensions={"timeout": {"connect": limit, "pool": limit, "read": seconds, "write": seconds}},
        )
        try:
            async with asyncio.timeout(seconds):
                response = await self._pool(provider).handle_async_request(outgoing)
                try:
                    body = await _whole(response)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise NeverLeft(_NEVER_LEFT.get(type(error), "no connection")) from error
        except TimeoutError as error:
            raise LostAnswer(f"no answer within {seconds:g} s") from error
        except httpx.TimeoutException as error:
            raise LostAnswer(f"no answer within {seconds:g} s") from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise LostAnswer("the connection broke before the whole answer came") from error
        return VendorAnswer(response.status_code, body, response.headers.get("content-type", ""))


_NEVER_LEFT: dict[type[Exception], str] = {
    httpx.ConnectError: "no connection: refused, unknown host or TLS failure",
    httpx.ConnectTimeout: "no connection in time",
    httpx.PoolTimeout: "no free connection in time",
}


async def _whole(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > MAX_ANSWER:
            raise LostAnswer("the answer is longer than any documented one")
        chunks.append(chunk)
    return b"".join(chunks)
