"""A simulated MediaSMS on a real socket, a receiver for its pushes, and the adapter that speaks with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from gateway.model.message import Content
from gateway.model.receipt import Receipt
from gateway.model.values import Secret
from gateway.provider import Callback, SendOutcome, VendorAnswer, VendorRequest
from gateway.providers.mediasms import TYPE, MediaSMS, MediaSMSSettings
from gateway.sandbox.mediasms import MediaSMSSimulator
from gateway.sandbox.server import Answer, Request, VendorServer

USER, PASSWORD = "shop", "pass-pass"
DELIVERED = "+819012345678"


class Bench:
    """A simulator, a receiver for its pushes, and an adapter configured for it."""

    def __init__(self, **options: Any) -> None:
        self.receiver = VendorServer(self._receive)
        self.got: list[Callback] = []
        self.replies: list[int] = []
        """Statuses the receiver answers, then always 200."""
        self.now = 0.0
        quick = {"delay": 0.04, "late": 0.6, "repeat_after": 0.01, "clock": lambda: self.now}
        self.simulator = MediaSMSSimulator(username=USER, password=PASSWORD, **(quick | options))
        self.adapter: MediaSMS
        self.client: httpx.AsyncClient

    async def __aenter__(self) -> Bench:
        await self.receiver.start()
        await self.simulator.start()
        self.simulator.callback_url = f"{self.receiver.url}/callbacks"
        self.adapter = self.configured(PASSWORD)
        self.client = httpx.AsyncClient(trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self.simulator.stop()
        await self.receiver.stop()

    async def _receive(self, request: Request) -> Answer:
        self.got.append(Callback(kind="delivery", content_type=request.headers["content-type"], body=request.body))
        return Answer(self.replies.pop(0) if self.replies else 200)

    def configured(self, password: str) -> MediaSMS:
        settings = MediaSMSSettings(
            base_url=self.simulator.base_url, username=USER, password=Secret(password), overseas=True, long_text=True
        )
        return TYPE.build("media", settings)

    async def exchange(self, request: VendorRequest) -> VendorAnswer:
        answer = await self.client.request(
            request.method, request.url, headers=list(request.headers), content=request.body
        )
        return VendorAnswer(answer.status_code, answer.content, answer.headers.get("content-type", ""))

    async def send(self, to: str, smsid: str = "a1", text: str = "hello", **fields: Any) -> SendOutcome:
        content = Content(**{"to": to, "text": text, "encoding": "gsm7", "characters": 5, "segments": 1} | fields)
        return self.adapter.send_outcome(await self.exchange(self.adapter.send_request(content, smsid)))

    async def ask(self, verb: str = "POST", **fields: str | None) -> str:
        """The code answered to a request with these fields changed, None leaving one out."""
        basics = {"mobilenumber": "09012345678", "smstext": "hello", "status": "1", "smsid": "a1", "method": "1"}
        given = {name: value for name, value in (basics | fields).items() if value is not None}
        where = {"params": given} if verb == "GET" else {"data": given}
        answer = await self.client.request(verb, self.simulator.base_url, auth=(USER, PASSWORD), **where)
        assert answer.status_code == 200
        return answer.text

    async def receipts(self, count: int = 2) -> list[Receipt]:
        """Waits until `count` pushes came, and a little longer for one too many."""
        async with asyncio.timeout(5):
            while len(self.got) < count:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.06)
        assert len(self.got) == count
        return [receipt for callback in self.got for receipt in self.adapter.receipts(callback)]


def run(scene: Callable[[Bench], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        async with Bench(**options) as bench:
            await scene(bench)

    asyncio.run(main())


def number(ending: str) -> str:
    return f"+81901234{ending}"
