"""The layer under every call, generated ones included: keys, retries, and problems as exceptions."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from .retrying import Attempts, RetryPolicy


class RetryTransport(httpx.BaseTransport):
    """Around another transport. An answer is read whole before it is handed on."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        base_path: str = "",
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._base_path = base_path
        self._policy = policy or RetryPolicy()
        self._sleep = sleep
        self._random = random

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        attempts = Attempts(request, self._base_path, self._policy, self._random)
        while True:
            try:
                answer = self._inner.handle_request(request)
                answer.read()
            except (httpx.LocalProtocolError, httpx.UnsupportedProtocol):
                raise  # a mistake of the caller's: it never works
            except httpx.RequestError as failure:
                wait = attempts.failed(failure)
            else:
                again = attempts.answered(answer)
                if again is None:
                    return answer
                wait = again
            self._sleep(wait)

    def close(self) -> None:
        self._inner.close()


class AsyncRetryTransport(httpx.AsyncBaseTransport):
    """The same for asyncio."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        base_path: str = "",
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._base_path = base_path
        self._policy = policy or RetryPolicy()
        self._sleep = sleep
        self._random = random

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        attempts = Attempts(request, self._base_path, self._policy, self._random)
        while True:
            try:
                answer = await self._inner.handle_async_request(request)
                await answer.aread()
            except (httpx.LocalProtocolError, httpx.UnsupportedProtocol):
                raise  # a mistake of the caller's: it never works
            except httpx.RequestError as failure:
                wait = attempts.failed(failure)
            else:
                again = attempts.answered(answer)
                if again is None:
                    return answer
                wait = again
            await self._sleep(wait)

    async def aclose(self) -> None:
        await self._inner.aclose()


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for an address; httpx looks for none where it is given a transport."""
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
