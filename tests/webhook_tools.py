"""Endpoints that are told of events, and a gateway that tells them."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import Place, public_id
from gateway.sandbox.server import Answer, Request, VendorServer
from gateway.settings import Webhook
from gateway.store.feed import Telling
from gateway.webhooks import sending, telling
from tests.harness import ADMIN_KEY, Harness, open_harness

ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}
SECRETS = tuple("whsec_" + b64encode(bytes([number]) * 32).decode() for number in (7, 8, 9))
HEARD = Answer(204)
SUBJECT = "01m7v41f00" + "0" * 16
"""The id of a message that is not there any more."""


class Endpoint:
    """Keeps what it is told; `answer` says what it answers, 204 where nothing is said."""

    def __init__(self, answer: Answer | Callable[[Request], Awaitable[Answer]] = HEARD) -> None:
        self.answer = answer
        self.told: list[Request] = []
        self.server = VendorServer(self._serve)

    async def _serve(self, request: Request) -> Answer:
        self.told.append(request)
        if isinstance(self.answer, Answer):
            return self.answer
        return await self.answer(request)

    @property
    def ids(self) -> list[str]:
        """Of every telling, in their order; those that were repeated stand here again."""
        return [request.headers["webhook-id"] for request in self.told]

    @property
    def types(self) -> Counter[str]:
        """How many different events of each type it was told of."""
        kinds = {request.headers["webhook-id"]: json.loads(request.body)["type"] for request in self.told}
        return Counter(kinds.values())

    def section(self, name: str = "hook", client: str = "shop", secret: Any = SECRETS[0], **more: Any) -> str:
        """Its part of the configuration."""
        fields = {"name": name, "client": client, "url": f"{self.server.url}/in", "secret": secret}
        fields |= {"allow_private": True, **more}
        lines = (f"{key} = {json.dumps(value)}" for key, value in fields.items())
        return "\n[[webhooks]]\n" + "\n".join(lines) + "\n"


def with_header(status: int, name: str, value: str) -> Answer:
    """An answer with one header more."""
    return Answer(status, b"no", f"text/plain\r\n{name}: {value}")


async def silence(_: Request) -> Answer:
    """An endpoint that takes everything and never answers."""
    await asyncio.Event().wait()
    raise AssertionError


async def happen(harness: Harness, kind: str = "submitted", client: str = "shop", subject: str = SUBJECT) -> str:
    """The id of an event recorded as the store's scripts do, about nothing that is kept."""
    store = harness.here.store
    lane = await store.lane(client)
    id_ = await store.in_lane(lane, "XADD", f"{{{lane}}}e:{client}", "*", "k", kind, "i", subject, "n", 1)
    ms, _, number = id_.decode().partition("-")
    return public_id(client, Place(int(ms), int(number)))


def the_hook(harness: Harness, name: str = "hook") -> Webhook:
    [found] = [hook for hook in harness.here.settings.webhooks if hook.name == name]
    return found


async def pulled(harness: Harness, number: int = 8, name: str = "hook") -> list[Telling]:
    hook = the_hook(harness, name)
    return await harness.here.feed.pull(hook.name, hook.client, number, telling.HOLD_MS)


async def tell(harness: Harness, name: str = "hook") -> int:
    """Tells an endpoint of all that is due now; how many tries that took."""
    tries = 0
    while tellings := await pulled(harness, name=name):
        await asyncio.gather(*(harness.here.teller._tell(the_hook(harness, name), each) for each in tellings))
        tries += len(tellings)
    return tries


async def pauses(harness: Harness, name: str = "hook") -> list[float]:
    """Seconds until each of its pending events is due, the soonest first."""
    hook, store = the_hook(harness, name), harness.here.store
    lane = await store.lane(hook.client)
    rows = await store.in_lane(lane, "ZRANGE", f"{{{lane}}}wd:{name}", 0, -1, "WITHSCORES")
    await store.know_time()
    flat = [each for row in rows for each in row] if rows and isinstance(rows[0], list | tuple) else list(rows)
    return [(float(score) - store.clock.now()) / 1000 for score in flat[1::2]]


async def shown(harness: Harness, name: str = "hook") -> dict[str, Any]:
    """How an endpoint stands, as it is listed."""
    answer = await harness.api.get("/webhooks", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    [found] = [item for item in answer.json()["items"] if item["name"] == name]
    return dict(found)


async def ask(harness: Harness, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    """What a POST of the operator's is answered."""
    answer = await harness.api.post(path, headers=ADMIN, **({"json": body} if body else {}))
    assert answer.status_code == status, answer.text
    return dict(answer.json())


@asynccontextmanager
async def telling_all(harness: Harness) -> AsyncIterator[None]:
    """Its teller works meanwhile."""
    task = asyncio.create_task(harness.here.teller.run())
    try:
        yield
    finally:
        harness.here.teller.stop()
        await task


Hooked = Callable[..., Awaitable[tuple[Harness, Endpoint]]]


@pytest.fixture
async def endpoints() -> AsyncIterator[Callable[..., Awaitable[Endpoint]]]:
    """Opens an endpoint."""
    async with AsyncExitStack() as stack:

        async def open_(answer: Any = HEARD) -> Endpoint:
            endpoint = Endpoint(answer)
            await endpoint.server.start()
            stack.push_async_callback(endpoint.server.stop)
            return endpoint

        yield open_


@pytest.fixture
async def hooked(
    redis_url: str, tmp_path: Path, endpoints: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hooked]:
    """Opens a gateway with an endpoint of `shop`, named `hook`; more of its configuration may be given, and of the
    gateway's."""
    monkeypatch.setattr(telling, "LOOK_EVERY", 0.02)
    async with AsyncExitStack() as stack:

        async def open_(answer: Any = HEARD, extra: str = "", **fields: Any) -> tuple[Harness, Endpoint]:
            endpoint = await endpoints(answer)
            harness = await open_harness(redis_url, tmp_path, stack, endpoint.section(**fields) + extra)
            await tell(harness)  # from now on
            return harness, endpoint

        yield open_


def impatient(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Tries end so soon."""
    monkeypatch.setattr(sending, "TIMEOUT", seconds)


async def settled(harness: Harness, name: str = "hook") -> None:
    """Returns once nothing is under way to an endpoint but what failed and waits."""
    for _ in range(300):
        left = await pauses(harness, name)
        if all(each < 6 or each > telling.HOLD_MS / 1000 for each in left):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("still under way")
