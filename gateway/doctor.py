"""`gateway doctor`: is what the configuration points at there, and fit?"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import msgspec

from gateway.app import open_services, redis_address
from gateway.errors import StoreUnavailable
from gateway.metrics import Metrics
from gateway.settings import Settings
from gateway.store.engine import EngineError, find_engine


class Finding(msgspec.Struct, frozen=True):
    what: str
    ok: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Looks at Redis and at every vendor's address. Sends nothing to a vendor beyond opening a connection."""
    findings = [await _store(settings)]
    for name, provider in settings.providers.items():
        findings.append(await _vendor(name, provider.settings.base_url))
    return findings


async def _store(settings: Settings) -> Finding:
    if settings.gateway.redis_url is None:
        try:
            engine = find_engine(data_dir=settings.gateway.data_dir)
        except EngineError as error:
            return Finding("embedded Redis", False, str(error))
        return Finding("embedded Redis", True, f"{engine} in {settings.gateway.data_dir}")
    try:
        async with AsyncExitStack() as stack:
            here = await open_services(settings, redis_address(settings), stack, Metrics())
            health = await here.health.look()
    except (StoreUnavailable, OSError) as error:
        return Finding("Redis", False, str(error))
    return Finding("Redis", health.ready, health.detail)


async def _vendor(name: str, base_url: str) -> Finding:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(parts.hostname, port, ssl=parts.scheme == "https" or None)
        writer.close()
    except (OSError, TimeoutError) as error:
        return Finding(f"provider {name}", False, f"{parts.hostname}:{port} cannot be reached: {error or 'time out'}")
    return Finding(f"provider {name}", True, f"{parts.hostname}:{port} answers")
