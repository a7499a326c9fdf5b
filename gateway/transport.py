"""One HTTP exchange with a vendor, and what is known when it fails.

`NeverLeft` only where no connection came about: everything else may have been read by the vendor, whatever the
error says, and is `LostAnswer`.
"""

from __future__ import annotations

import asyncio
import ssl

import httpx

from gateway.connections import Connections
from gateway.errors import LostAnswer, NeverLeft
from gateway.provider import Provider, VendorAnswer, VendorRequest

CONNECT_TIMEOUT = 5.0
"""Seconds for a connection, TLS included, at most: a vendor that does not answer a SYN should cost little."""


class Transport:
    """Every exchange with a vendor goes through here. Redirects are never followed, proxies never used."""

    def __init__(self, carrier: httpx.AsyncBaseTransport | None = None) -> None:
        """`carrier`: another httpx transport than ours."""
        if carrier is None:
            tls = ssl.create_default_context()
            tls.minimum_version = ssl.TLSVersion.TLSv1_2
            carrier = Connections(tls)
        self._carrier = carrier

    async def close(self) -> None:
        await self._carrier.aclose()

    async def exchange(self, provider: Provider, request: VendorRequest) -> VendorAnswer:
        """Sends the request and reads the whole answer within the provider's timeout.

        Raises `NeverLeft` or `LostAnswer`, with a detail that quotes neither URL nor body.
        """
        seconds = float(provider.settings.timeout)
        limit = min(CONNECT_TIMEOUT, seconds / 2)  # ends first: it is the one that knows that nothing left
        outgoing = httpx.Request(
            request.method,
            request.url,
            headers=[("accept", "*/*"), ("user-agent", "message-gateway"), *request.headers],
            content=request.body,
            extensions={
                "timeout": {"connect": limit, "pool": limit, "read": seconds, "write": seconds},
                "answer_at_most": request.answer_at_most,
            },
        )
        try:
            async with asyncio.timeout(seconds):
                response = await self._carrier.handle_async_request(outgoing)
                body = await response.aread()
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
