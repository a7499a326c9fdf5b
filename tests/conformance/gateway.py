"""A whole gateway in one process, with one provider of a type as `main` and that type's own simulator behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from structlog.testing import capture_logs

from gateway.app import open_services, web
from gateway.metrics import Metrics
from gateway.provider import Provider, VendorAnswer, VendorRequest
from gateway.providers import TYPES
from gateway.sandbox.server import Simulator
from gateway.settings import key_digest, parse
from tests.conformance.candidate import SECRET, Candidate
from tests.harness import KEY, Harness

CONFIG = """
[gateway]
redis_url = "{redis_url}"
lanes = 4

[clients.shop]
keys = [{{ sha256 = "{digest}", scopes = ["send", "read"] }}]
"""
QUICK = {"timeout": "3s", "settle_after": "1s", "reconcile_after": "500ms"}


class Running(Harness):
    """`requests`: what was sent to the vendor. `sent_to`: every number, and `texts`: every text, of this gateway."""

    vendor: Simulator  # type: ignore[assignment]  # any type's

    def __init__(self, here: Any, api: httpx.AsyncClient, vendor: Any, candidate: Candidate, logged: Any) -> None:
        super().__init__(here, api, vendor)
        self.candidate = candidate
        self.requests: list[VendorRequest] = []
        self._logged = logged
        self._private: set[str] = {*candidate.secrets().values(), KEY}
        exchange = here.transport.exchange

        async def noting(provider: Provider, request: VendorRequest) -> VendorAnswer:
            if request.body:
                self.requests.append(request)
            answer: VendorAnswer = await exchange(provider, request)
            return answer

        here.transport.exchange = noting

    async def post(self, **body: Any) -> httpx.Response:
        """A message. Its number and text are private from now on."""
        message = {"to": next(self.candidate.numbers()), "text": "Hello from the suite", **body}
        self._private |= {str(message["to"]), str(message["text"])}
        return await self.api.post("/messages", json=message)

    async def accepted(self, **body: Any) -> str:
        """The id of a message."""
        answer = await self.post(**body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def all_rest(
        self, tag: str, *statuses: str, of: Mapping[str, str] = MappingProxyType({}), seconds: float = 20.0
    ) -> dict[str, dict[str, Any]]:
        """Every message of the groupTag, by number, once each has one of the statuses; `of` some numbers, that one."""
        ends = time.monotonic() + seconds
        while True:
            found: list[dict[str, Any]] = []
            cursor: str | None = ""
            while cursor is not None:
                page: dict[str, Any] = {"groupTag": tag, "limit": 100} | ({"cursor": cursor} if cursor else {})
                answer = (await self.api.get("/messages", params=page)).json()
                found += answer["items"]
                cursor = answer["nextCursor"]
            moving = [
                each["status"]
                for each in found
                if each["status"] not in ((of[each["to"]],) if each["to"] in of else statuses)
            ]
            if not moving:
                return {each["to"]: each for each in found}
            assert time.monotonic() < ends, f"{len(moving)} of {len(found)} are still {set(moving)}"
            await asyncio.sleep(0.03)

    def told_nobody(self) -> None:
        """No log line has a secret, a number or a text."""
        said = repr(self._logged)
        assert not [secret for secret in self._private if secret in said]

    def reveals(self, said: str) -> list[str]:
        """What is private in an answer."""
        return [secret for secret in self._private if secret in said]


async def open_gateway(candidate: Candidate, redis_url: str, folder: Path, stack: AsyncExitStack) -> Running:
    async def push(url: str, body: bytes, content_type: str) -> int:
        answer = await api.post(url, content=body, headers={"Content-Type": content_type})
        return answer.status_code

    logged = stack.enter_context(capture_logs())
    vendor = candidate.simulator.play(f"http://gateway/callbacks/main/{SECRET}", delay=0.05, late=0.3, post=push)
    await vendor.start()
    config = CONFIG.format(redis_url=redis_url, digest=key_digest(KEY).hex())
    settings = parse(config + candidate.section(vendor.base_url, **QUICK), TYPES, {}, folder)
    here = await open_services(settings, redis_url, stack, Metrics())
    transport = httpx.ASGITransport(web(here), client=("127.0.0.1", 50000))
    api = httpx.AsyncClient(transport=transport, base_url="http://gateway", headers={"Authorization": f"Bearer {KEY}"})
    stack.push_async_callback(api.aclose)
    stack.push_async_callback(vendor.stop)  # before what its receipts go through
    running = Running(here, api, vendor, candidate, logged)
    stack.push_async_callback(running.stop)
    return running
