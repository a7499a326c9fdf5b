"""A provider and its simulated vendor, wired together by the real transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import httpx

from gateway.model.message import Content
from gateway.model.receipt import Receipt
from gateway.provider import (
    Callback,
    Declined,
    Finding,
    Provider,
    Question,
    SendOutcome,
    Unreadable,
    VendorAnswer,
    VendorRequest,
)
from gateway.sandbox.server import Answer, Request, Simulator, VendorServer
from gateway.transport import Transport

A = TypeVar("A", bound=Provider)
S = TypeVar("S", bound=Simulator)
T = TypeVar("T")

FORM = "application/x-www-form-urlencoded"
DELIVERED = "+819012345678"
"""A number in Japan that provokes nothing."""


def number(ending: str) -> str:
    """A number in Japan with this ending."""
    return DELIVERED[:-4] + ending


class Bench(Generic[A, S]):
    """A running simulator, a receiver for its pushes, and an adapter configured for it.

    `client` is for requests that the adapter does not make.
    """

    def __init__(self, simulator: S, adapter: Callable[[str], A], *, pushes: str = "") -> None:
        """`adapter` is called with the simulator's `base_url` once that runs. `pushes`: the kind of push the vendor
        makes; "" where it makes none."""
        self.simulator = simulator
        self.adapter: A
        self.client: httpx.AsyncClient
        self.pushed: list[Callback] = []
        self.replies: list[int] = []
        """Statuses the pushes are answered, then always 200."""
        self._configure = adapter
        self._pushes = pushes
        self._receiver = VendorServer(self._receive)
        self._transport = Transport()

    async def __aenter__(self) -> Bench[A, S]:
        await self._receiver.start()
        await self.simulator.start()
        if self._pushes:
            simulator: Any = self.simulator
            simulator.callback_url = f"{self._receiver.url}/callbacks/{self._pushes}"
        self.adapter = self._configure(self.simulator.base_url)
        self.client = httpx.AsyncClient(trust_env=False, verify=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self._transport.close()
        await self.simulator.stop()
        await self._receiver.stop()

    async def _receive(self, request: Request) -> Answer:
        self.pushed.append(
            Callback(
                kind=request.path.rpartition("/")[2],
                query=tuple(request.query.items()),
                content_type=request.headers["content-type"],
                body=request.body,
            )
        )
        return Answer(self.replies.pop(0) if self.replies else 200)

    async def exchange(self, request: VendorRequest) -> VendorAnswer:
        return await self._transport.exchange(self.adapter, request)

    async def send(self, *to: str, text: str = "hello", reference: str = "a1", **fields: Any) -> SendOutcome:
        """One call for all of `to`. Raises what the transport raises."""
        content = Content(to=to[0], text=text, encoding="gsm7", characters=len(text), segments=1, **fields)
        return self.adapter.send_outcome(await self.exchange(self.adapter.send_request(content, reference, to[1:])))

    async def query(self, reference: str = "a1") -> Finding:
        request = self.adapter.query_request(reference)
        assert request
        return self.adapter.query_outcome(await self.exchange(request), reference)

    async def ask(self, question: Question[T] | None) -> T | Declined | Unreadable:
        assert question
        return question.read(await self.exchange(question.request))

    async def receipts(self, count: int = 1) -> list[Receipt]:
        """Waits until `count` pushes came, and a little longer for one too many."""
        async with asyncio.timeout(5):
            while len(self.pushed) < count:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.06)
        assert len(self.pushed) == count
        return [receipt for push in self.pushed for receipt in self.adapter.receipts(push)]
