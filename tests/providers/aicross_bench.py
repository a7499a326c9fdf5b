"""A provider and its simulated vendor, wired together for a scene."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from gateway.model.message import Content
from gateway.model.receipt import Receipt
from gateway.model.values import Secret
from gateway.provider import (
    Callback,
    Finding,
    SendOutcome,
    VendorAnswer,
    VendorRequest,
)
from gateway.providers.aicross import TYPE, AICross, AICrossSettings
from gateway.sandbox.aicross import AICrossSimulator
from gateway.sandbox.server import Answer, Request, VendorServer

TOKEN, CLIENT, CODE = "tok-tok-tok", "1234", "80013"
DELIVERED = "+819012345678"


class Bench:
    """A simulator, a receiver for its reports, and an adapter configured for it."""

    def __init__(self, **options: Any) -> None:
        self.receiver = VendorServer(self._receive)
        self.got: list[Callback] = []
        self.replies: list[int] = []
        """Statuses the receiver answers, then always 200."""
        quick = {"delay": 0.02, "late": 0.6, "repeat_after": 0.01}
        self.simulator = AICrossSimulator(token=TOKEN, client_id=CLIENT, sms_code=CODE, **(quick | options))
        self.adapter: AICross
        self.client: httpx.AsyncClient

    async def __aenter__(self) -> Bench:
        await self.receiver.start()
        await self.simulator.start()
        self.simulator.callback_url = f"{self.receiver.url}/callbacks"
        settings = AICrossSettings(base_url=self.simulator.url, token=Secret(TOKEN), client_id=CLIENT, sms_code=CODE)
        self.adapter = TYPE.build("main", settings)
        self.client = httpx.AsyncClient(trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self.simulator.stop()
        await self.receiver.stop()

    async def _receive(self, request: Request) -> Answer:
        self.got.append(Callback(kind="dlr", content_type=request.headers["content-type"], body=request.body))
        return Answer(self.replies.pop(0) if self.replies else 200)

    async def exchange(self, request: VendorRequest) -> VendorAnswer:
        answer = await self.client.request(
            request.method, request.url, headers=list(request.headers), content=request.body
        )
        return VendorAnswer(answer.status_code, answer.content, answer.headers.get("content-type", ""))

    async def send(self, to: str, tag: str = "tag", text: str = "hello", **fields: Any) -> SendOutcome:
        content = Content(to=to, text=text, encoding="gsm7", characters=5, segments=1, **fields)
        return self.adapter.send_outcome(await self.exchange(self.adapter.send_request(content, tag)))

    async def ask(self, tag: str = "tag") -> Finding:
        return self.adapter.query_outcome(await self.exchange(self.adapter.query_request(tag)), tag)

    async def post(self, **fields: str | None) -> dict[str, Any]:
        """mt.json with these fields changed, None leaving one out."""
        form = {
            "token": TOKEN,
            "clientId": CLIENT,
            "smsCode": CODE,
            "message": "hello",
            "phoneNumber": DELIVERED,
            "clientTag": "tag",
        } | fields
        given = {name: value for name, value in form.items() if value is not None}
        answer = await self.client.post(f"{self.simulator.url}/p5/api/mt.json", data=given)
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        assert list(body) == ["responseCode", "responseMessage", "phoneNumber", "smsMessage"]
        return body

    async def get(self, **query: str | None) -> dict[str, Any]:
        """status.json with this query, None leaving one out."""
        given = {"token": TOKEN, "clientId": CLIENT} | query
        params = {name: value for name, value in given.items() if value is not None}
        answer = await self.client.get(f"{self.simulator.url}/p5/api/status.json", params=params)
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        assert list(body) == ["responseCode", "responseMessage", "status"]
        return body

    async def receipts(self, count: int = 1) -> list[Receipt]:
        """Waits until `count` pushes came, and a little longer for one too many."""
        async with asyncio.timeout(5):
            while len(self.got) < count:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        assert len(self.got) == count
        return [receipt for callback in self.got for receipt in self.adapter.receipts(callback)]


def run(scene: Callable[[Bench], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        async with Bench(**options) as bench:
            await scene(bench)

    asyncio.run(main())


def number(ending: str) -> str:
    return f"+8190 1234 {ending}".replace(" ", "")
