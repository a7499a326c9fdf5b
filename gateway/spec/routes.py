"""Serving the specification: /openapi.json, /openapi.yaml, /docs. Made when first asked for, then kept."""

from __future__ import annotations

from functools import cache

from litestar import HttpMethod, Response, route

from gateway.api.requests import AnyRequest
from gateway.api.services import services
from gateway.spec import document, page

GET = [HttpMethod.GET, HttpMethod.HEAD]
LOCAL = "http://localhost:8080"
"""What the page's commands say where no `public_url` is configured."""
SEALED = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""A Content-Security-Policy: the page loads nothing, and no browser would let it."""


@cache
def _json() -> bytes:
    return document.as_json().encode()


@cache
def _yaml() -> bytes:
    return document.as_yaml().encode()


@cache
def _page(base: str) -> bytes:
    return page.render(document.build(), base).encode()


@route("/openapi.json", http_method=GET, opt={"scope": None})
async def openapi_json(request: AnyRequest) -> Response[bytes]:
    """The document as JSON."""
    return Response(_json(), media_type="application/json")


@route("/openapi.yaml", http_method=GET, opt={"scope": None, "produces": "application/yaml"})
async def openapi_yaml(request: AnyRequest) -> Response[bytes]:
    """The document as YAML (RFC 9512)."""
    return Response(_yaml(), media_type="application/yaml")


@route("/docs", http_method=GET, opt={"scope": None, "produces": "text/html"})
async def docs(request: AnyRequest) -> Response[bytes]:
    """The document as a page."""
    base = services(request).settings.gateway.public_url or LOCAL
    return Response(_page(base), media_type="text/html", headers={"content-security-policy": SEALED})


HANDLERS = (openapi_json, openapi_yaml, docs)
