"""The ASGI application: every route, one guard, one exception handler, the edge around it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from litestar import Litestar
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.api import batches, callbacks, events, messages, reservations, rules, system, vendors, verifications
from gateway.api.auth import admit
from gateway.api.edge import Edge
from gateway.api.problems import handle
from gateway.api.services import Services

HANDLERS = (
    *messages.HANDLERS,
    *batches.HANDLERS,
    *reservations.HANDLERS,
    *vendors.HANDLERS,
    *verifications.HANDLERS,
    *rules.HANDLERS,
    *events.HANDLERS,
    *callbacks.HANDLERS,
    *system.HANDLERS,
)


def metrics_application(services: Services) -> ASGIApp:
    """`/metrics` and nothing else, for a port of its own."""
    return _wrapped(services, [system.metrics])


def application(services: Services, further: Sequence[HTTPRouteHandler] = ()) -> ASGIApp:
    """The gateway's HTTP side over ready-made services, with `further` routes beside its own."""
    elsewhere = services.settings.gateway.metrics_port is not None
    handlers = [handler for handler in (*HANDLERS, *further) if not (elsewhere and handler is system.metrics)]
    return _wrapped(services, handlers)


def _wrapped(services: Services, handlers: list[HTTPRouteHandler]) -> ASGIApp:
    app = Litestar(
        route_handlers=handlers,
        guards=[admit],
        exception_handlers={Exception: handle},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=services.settings.gateway.max_body,
        state=State({"services": services}),
    )
    return Edge(_answering_options(app, handlers), services.metrics)


def _answering_options(app: ASGIApp, handlers: Sequence[HTTPRouteHandler]) -> ASGIApp:
    """OPTIONS names all methods of a path; the framework's own answer names those of one handler."""
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, {"OPTIONS"}).update(str(method) for method in handler.http_methods)
    table = [
        (path, re.compile(re.sub(r"\{\w+:str\}", "[^/]+", path)), ", ".join(sorted(allowed)))
        # Before a path with a parameter comes one that says something in its place.
        for path, allowed in sorted(methods.items(), key=lambda entry: entry[0].count("{"))
    ]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
            for path, pattern, allow in table:
                if pattern.fullmatch(scope["path"].rstrip("/") or "/"):
                    scope["path_template"] = path
                    headers = [(b"allow", allow.encode())]
                    await send({"type": "http.response.start", "status": 204, "headers": headers})
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
        await app(scope, receive, send)

    return answer
