"""What is not about one message: who am I, health, metrics, receipts nobody waited for."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import msgspec
from litestar import HttpMethod, Response, route
from litestar.exceptions import NotFoundException
from msgspec import Meta, structs

from gateway.api.messages import READ, json
from gateway.api.problems import MEDIA_TYPE, problem, problem_headers
from gateway.api.requests import AnyRequest, query
from gateway.api.schemas import MeOut, OrphanList, orphan_out
from gateway.api.services import Services, caller, services
from gateway.errors import Code, GatewayError, StoreUnavailable

GET = [HttpMethod.GET, HttpMethod.HEAD]
OPEN = {"scope": None}


@route("/me", http_method=GET, opt=READ)
async def get_me(request: AnyRequest) -> Response[bytes]:
    """The client a key belongs to, and its scopes."""
    who = caller(request)
    return json(MeOut(who.client.name, sorted(who.scopes)))


@route("/health/live", http_method=GET, opt=OPEN)
async def live(request: AnyRequest) -> Response[bytes]:
    """The process answers."""
    return json({"status": "ok"})


@route("/health/ready", http_method=GET, opt=OPEN)
async def ready(request: AnyRequest) -> Response[bytes]:
    """Messages can be accepted: Redis is reachable, persistent and does not evict. 503 where not. A provider that is
    down is told and makes nothing unready: what is accepted waits for it."""
    here = services(request)
    store = await here.health.look()
    if store.ready:
        with suppress(StoreUnavailable):  # as last seen then
            await here.availability.refresh()
        providers = msgspec.to_builtins(here.availability.standings())
        return json({"status": "ok", "store": msgspec.to_builtins(store), "providers": providers})
    error = GatewayError(Code.STORE_UNAVAILABLE, store.detail, retry_after=2)
    body = structs.replace(problem(error, str(request.scope.get("request_id", ""))), store=store)
    return Response(msgspec.json.encode(body), status_code=503, media_type=MEDIA_TYPE, headers=problem_headers(error))


@route("/metrics", http_method=GET, opt={"scope": None, "produces": "text/plain"})
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Prometheus metrics of all processes of this gateway."""
    here = services(request)
    if not here.settings.gateway.metrics:
        raise NotFoundException
    return Response((await _scrape(here)).encode(), media_type="text/plain; version=0.0.4")


async def _scrape(here: Services) -> str:
    own = here.snapshots
    others = [path for path in own.parent.glob("*.json") if path != own] if own else []
    merged = here.metrics.merge(others)
    try:
        for lane in await here.store.lanes():
            for (provider, high), depth in (await here.store.queued(lane)).items():
                priority = "high" if high else "normal"
                merged.add("gateway_queue_depth", depth, provider=provider, priority=priority)
        for name, seen in (await here.balances.seen()).items():
            if name in here.settings.providers:
                merged.add("gateway_provider_balance", seen.amount, provider=name)
        up = 1
    except StoreUnavailable:
        up = 0
    merged.add("gateway_store_up", up)
    for name, standing in here.availability.standings().items():
        merged.add("gateway_provider_up", int(standing.health == "closed"), provider=name)
    return merged.render()


class OrphanQuery(msgspec.Struct, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(pattern="^[0-9]{1,15}$")] | None = None


@route("/receipts/orphans", http_method=GET, opt={"scope": "admin", "query": True})
async def orphans(request: AnyRequest) -> Response[bytes]:
    """Receipts that match nothing, newest first. Those that match by now are applied instead of being shown."""
    asked = query(request, OrphanQuery)
    before = int(asked.cursor) if asked.cursor else None
    here = services(request)
    found, following = await here.receipts.orphans(here.routing.providers, asked.limit, before)
    return json(OrphanList([orphan_out(orphan) for orphan in found], None if following is None else str(following)))


HANDLERS = (get_me, live, ready, metrics, orphans)
