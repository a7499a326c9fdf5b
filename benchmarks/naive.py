"""The gateway as it is first written: what the real one is compared with.

Litestar, a redis-py `SET NX` so that a clientTag is sent once, and the vendor called with httpx inside the request.
One process, no logs (httpx would write a line per call). What it lacks: durability (a crash between claim and call
loses the message), retries, receipts, limits.

    VENDOR_URL=http://127.0.0.1:9100 REDIS_URL=redis://127.0.0.1:6379 API_KEY=secret \\
        uvicorn --factory benchmarks.naive:create_app --port 8080 --no-access-log
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from redis.asyncio import Redis


class MessageIn(msgspec.Struct, rename="camel"):
    to: str
    text: str
    client_tag: str


class MessageOut(msgspec.Struct, rename="camel"):
    id: str
    status: str
    to: str
    client_tag: str


def create_app() -> Litestar:
    vendor_url = os.environ["VENDOR_URL"] + "/p5/api/mt.json"
    bearer = "Bearer " + os.environ["API_KEY"]
    redis = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, max_connections=4096)
    vendor = httpx.AsyncClient(timeout=10)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with vendor, redis:
            yield

    @post("/messages", status_code=202)
    async def send(data: MessageIn, request: Request[None, None, State]) -> Response[MessageOut]:
        if request.headers.get("authorization") != bearer:
            raise NotAuthorizedException
        id_ = "msg_" + uuid.uuid4().hex
        if not await redis.set(f"tag:{data.client_tag}", id_, nx=True, ex=86400):
            id_ = str(await redis.get(f"tag:{data.client_tag}"))
            return Response(MessageOut(id_, "submitted", data.to, data.client_tag))
        form = {"token": "t", "clientId": "1", "smsCode": "80013", "message": data.text, "phoneNumber": data.to}
        answer = await vendor.post(vendor_url, data=form | {"clientTag": id_})
        status = "submitted" if answer.json()["responseCode"] == 0 else "failed"
        return Response(MessageOut(id_, status, data.to, data.client_tag))

    return Litestar([send], lifespan=[lifespan], openapi_config=None, logging_config=None)
