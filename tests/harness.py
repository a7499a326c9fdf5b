"""A whole gateway in one process: its application called in memory, a dispatcher as a task, a vendor on a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from gateway.api.services import Services
from gateway.app import dispatcher_for, open_services, web
from gateway.dispatch.dispatcher import Dispatcher
from gateway.metrics import Metrics
from gateway.providers import TYPES
from gateway.sandbox.aicross import AICrossSimulator
from gateway.settings import Settings, key_digest, parse

KEY, OTHER_KEY, READ_KEY, ADMIN_KEY = "key-of-shop", "key-of-other", "read-only-key", "admin-key"
SECRET = "callback-secret-1234567890"

CONFIG = """
[gateway]
redis_url = "{redis_url}"
lanes = 4

[clients.shop]
keys = [
    {{ sha256 = "{shop}", scopes = ["send", "read"] }},
    {{ sha256 = "{read}", scopes = ["read"] }},
    {{ sha256 = "{admin}", scopes = ["send", "read", "admin"] }},
]

[clients.other]
keys = [{{ sha256 = "{other}", scopes = ["send", "read"] }}]

[clients.slow]
keys = [{{ sha256 = "{slow}", scopes = ["send", "read"] }}]
rate = 2

[clients.elsewhere]
keys = [{{ sha256 = "{elsewhere}", scopes = ["send", "read"] }}]
allow = ["10.0.0.0/8"]

[providers.main]
type = "aicross"
base_url = "{vendor_url}"
token = "vendortoken"
client_id = "1234"
sms_code = "80013"
callback_secret = "{secret}"
timeout = "1s"
settle_after = "2s"
{extra}
"""


def settings_for(redis_url: str, vendor_url: str, base: Path, extra: str = "") -> Settings:
    digests = {
        name: key_digest(key).hex()
        for name, key in {
            "shop": KEY,
            "read": READ_KEY,
            "admin": ADMIN_KEY,
            "other": OTHER_KEY,
            "slow": "slow",
            "elsewhere": "elsewhere",
        }.items()
    }
    text = CONFIG.format(redis_url=redis_url, vendor_url=vendor_url, secret=SECRET, extra=extra, **digests)
    return parse(text, TYPES, {}, base)


class Harness:
    """`api` speaks to the gateway with the shop's key. Nothing is dispatched before `dispatch`."""

    def __init__(self, here: Services, api: httpx.AsyncClient, vendor: AICrossSimulator) -> None:
        self.here = here
        self.api = api
        self.vendor = vendor
        self._running: list[tuple[Dispatcher, asyncio.Task[None]]] = []

    def dispatch(self, owner: str = "test.0", start: str = "test") -> Dispatcher:
        """Starts a dispatcher, of that start of the gateway."""
        dispatcher = dispatcher_for(self.here, owner, start)
        self._running.append((dispatcher, asyncio.create_task(dispatcher.run(drain=3.0))))
        return dispatcher

    async def stop(self) -> None:
        running, self._running = self._running, []
        for dispatcher, task in running:
            dispatcher.stop()
            await task

    async def send(self, **body: Any) -> httpx.Response:
        return await self.api.post("/messages", json={"to": "+819012345678", "text": "Hello", **body})

    async def sent(self, **body: Any) -> str:
        """The id of a message that was accepted."""
        answer = await self.send(**body)
        assert answer.status_code in (201, 202), answer.text
        return str(answer.json()["id"])

    async def read(self, message_id: str) -> dict[str, Any]:
        answer = await self.api.get(f"/messages/{message_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def until(self, message_id: str, *statuses: str, seconds: float = 8.0) -> dict[str, Any]:
        """The message, once it has one of the statuses."""
        ends = time.monotonic() + seconds
        while True:
            message = await self.read(message_id)
            if message["status"] in statuses:
                return message
            assert time.monotonic() < ends, f"still {message['status']}: {message['events']}"
            await asyncio.sleep(0.02)


async def eventually(holds: Callable[[], object], seconds: float = 8.0) -> None:
    """Returns once it holds."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never came to that"
        await asyncio.sleep(0.02)


async def advance(harness: Harness, seconds: float) -> None:
    """Time passes, for the store's scripts and for the processes that learn the time from them."""
    store = harness.here.store
    store.clock.offset_ms += int(seconds * 1000)
    await store.tick((await store.lanes())[0], 0, 0)


async def open_harness(redis_url: str, folder: Path, stack: AsyncExitStack, extra: str = "") -> Harness:
    async def push(url: str, body: bytes, content_type: str) -> int:
        answer = await api.post(url, content=body, headers={"Content-Type": content_type})
        return answer.status_code

    vendor = AICrossSimulator(
        token="vendortoken",
        client_id="1234",
        sms_code="80013",
        delay=0.05,
        late=0.5,
        callback_url=f"http://gateway/callbacks/main/{SECRET}/dlr",
        post=push,
    )
    await vendor.start()
    here = await open_services(settings_for(redis_url, vendor.url, folder, extra), redis_url, stack, Metrics())
    transport = httpx.ASGITransport(web(here), client=("127.0.0.1", 50000))
    api = httpx.AsyncClient(transport=transport, base_url="http://gateway", headers={"Authorization": f"Bearer {KEY}"})
    stack.push_async_callback(api.aclose)
    stack.push_async_callback(vendor.stop)  # before what its receipts go through
    harness = Harness(here, api, vendor)
    stack.push_async_callback(harness.stop)
    return harness
