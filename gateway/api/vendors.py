"""/providers, /balance, /usage, /templates, /short-urls: what vendors offer beside messages, and how they stand."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler

HANDLERS: tuple[HTTPRouteHandler, ...] = ()
