"""The ASGI application: every route, one guard, one exception handler, the edge around it."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from gateway.api import callbacks, messages, system
from gateway.api.auth import admit
from gateway.api.edge import Edge
from gateway.api.problems import handle
from gateway.api.services import Services

HANDLERS = (*messages.HANDLERS, *callbacks.HANDLERS, *system.HANDLERS)


def application(services: Services, further: Sequence[HTTPRouteHandler] = ()) -> ASGIApp:
    """The gateway's HTTP side over ready-made services, with `further` routes beside its own."""
    app = Litestar(
        route_handlers=[*HANDLERS, *further],
        guards=[admit],
        exception_handlers={Exception: handle},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=services.settings.gateway.max_body,
        state=State({"services": services}),
    )
    return Edge(app, services.metrics)
