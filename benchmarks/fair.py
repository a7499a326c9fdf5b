"""The fair baseline: the same simple gateway in the hands of someone who measures.

As `naive`, but the vendor is called with aiohttp, two worker processes share the work, keys are compared in constant
time and the message is kept as a Redis hash, written in one pipeline with its expiry. Still no queue: an outage of
the vendor is an outage of this API.

    VENDOR_URL=http://127.0.0.1:9100 REDIS_URL=redis://127.0.0.1:6379 API_KEY=secret \\
        uvicorn --factory benchmarks.fair:create_app --workers 2 --port 8080 --no-access-log
"""

from __future__ import annotations

import hmac
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from redis.asyncio import Redis

from benchmarks.naive import MessageIn, MessageOut

RETENTION = 30 * 86400
"""Seconds a record is kept."""


class Answer(msgspec.Struct, rename="camel"):
    response_code: int


decode_answer = msgspec.json.Decoder(Answer).decode


def create_app() -> Litestar:
    vendor_url = os.environ["VENDOR_URL"] + "/p5/api/mt.json"
    bearer = b"Bearer " + os.environ["API_KEY"].encode()
    redis = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, max_connections=4096)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=1024)
        timeout = aiohttp.ClientTimeout(total=10)
        async with redis, aiohttp.ClientSession(connector=connector, timeout=timeout) as app.state.vendor:
            yield

    @post("/messages", status_code=202)
    async def send(data: MessageIn, request: Request[None, None, State], state: State) -> Response[MessageOut]:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), bearer):
            raise NotAuthorizedException
        id_ = "msg_" + uuid.uuid4().hex
        if not await redis.set(f"tag:{data.client_tag}", id_, nx=True, ex=RETENTION):
            id_ = str(await redis.get(f"tag:{data.client_tag}"))
            status = str(await redis.hget(f"message:{id_}", "status") or "submitting")
            return Response(MessageOut(id_, status, data.to, data.client_tag))
        form = {"token": "t", "clientId": "1", "smsCode": "80013", "message": data.text, "phoneNumber": data.to}
        async with state.vendor.post(vendor_url, data=form | {"clientTag": id_}) as answer:
            status = "failed" if decode_answer(await answer.read()).response_code else "submitted"
        record: dict[Any, Any] = {
            "to": data.to,
            "text": data.text,
            "clientTag": data.client_tag,
            "status": status,
            "at": time.time(),
        }
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.hset(f"message:{id_}", mapping=record)
            pipeline.expire(f"message:{id_}", RETENTION)
            await pipeline.execute()
        return Response(MessageOut(id_, status, data.to, data.client_tag))

    return Litestar([send], lifespan=[lifespan], openapi_config=None, logging_config=None)
