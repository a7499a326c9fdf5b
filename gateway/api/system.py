"""What is not about one message: who am I, health, metrics, the specification, the problem pages."""

from __future__ import annotations

from html import escape

import msgspec
from litestar import HttpMethod, Response, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from gateway.api.messages import READ, json
from gateway.api.problems import KINDS, slug
from gateway.api.requests import AnyRequest, query
from gateway.api.schemas import MeOut
from gateway.api.services import Services, caller, services
from gateway.errors import StoreUnavailable
from gateway.store.orphans import Orphan

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
    """Messages can be accepted: Redis is reachable, persistent and does not evict. 503 where not."""
    here = services(request)
    store = await here.health.look()
    return json(
        {"status": "ok" if store.ready else "unavailable", "store": msgspec.to_builtins(store)},
        200 if store.ready else 503,
    )


@route("/metrics", http_method=GET, opt={"scope": None, "produces": "text/plain"})
async def metrics(request: AnyRequest) -> Response[bytes]:
    """Prometheus metrics of all processes of this gateway."""
    here = services(request)
    if not here.settings.gateway.metrics:
        raise NotFoundException
    return Response((await _scrape(here)).encode(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _scrape(here: Services) -> str:
    own = here.snapshots
    others = [path for path in own.parent.glob("*.json") if path != own] if own else []
    merged = here.metrics.merge(others)
    try:
        for lane in await here.store.lanes():
            for (provider, high), depth in (await here.store.queued(lane)).items():
                priority = "high" if high else "normal"
                merged.add("gateway_queue_depth", depth, provider=provider, priority=priority)
        up = 1
    except StoreUnavailable:
        up = 0
    merged.add("gateway_store_up", up)
    return merged.render()


@route("/problems/{code:str}", http_method=GET, opt={"scope": None, "produces": "text/html"})
async def problem_page(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """What a problem type means and what to do about it."""
    for known, kind in KINDS.items():
        if slug(known) == code:
            page = (
                "<!doctype html><html lang=en><meta charset=utf-8>"
                f"<title>{escape(kind.title)}</title><h1>{escape(kind.title)}</h1>"
                f"<p>HTTP {kind.status}, code <code>{known}</code></p>"
                f"<h2>What happened</h2><p>{escape(kind.happened)}</p><h2>What to do</h2><p>{escape(kind.do)}</p>"
            )
            return Response(page.encode(), media_type="text/html; charset=utf-8")
    raise NotFoundException


class OrphanQuery(msgspec.Struct, forbid_unknown_fields=True):
    limit: int = 20
    cursor: int | None = None


@route("/receipts/orphans", http_method=GET, opt={"scope": "admin"})
async def orphans(request: AnyRequest) -> Response[bytes]:
    """Receipts that match no message, newest first."""
    asked = query(request, OrphanQuery)
    limit = min(max(asked.limit, 1), 100)
    found: list[Orphan] = await services(request).orphans.newest(limit, asked.cursor)
    following = str(found[-1].received_at) if len(found) == limit else None
    return json({"items": found, "nextCursor": following})


HANDLERS = (get_me, live, ready, metrics, problem_page, orphans)
