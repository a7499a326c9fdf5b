"""/messages/batch and /batches: many messages at once."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler

HANDLERS: tuple[HTTPRouteHandler, ...] = ()
