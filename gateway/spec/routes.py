"""Serving the specification: /openapi.json, /openapi.yaml, /docs and its files, /problems/... Made when first asked
for, then kept."""

from __future__ import annotations

from functools import cache
from typing import Any

from litestar import HttpMethod, Response, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from gateway.api.requests import AnyRequest
from gateway.api.services import services
from gateway.errors import Code
from gateway.spec import document, files, page, problem_pages

GET = [HttpMethod.GET, HttpMethod.HEAD]
LOCAL = "http://localhost:8080"
"""What the page's commands say where no `public_url` is configured."""
SEALED = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A Content-Security-Policy: a page that loads its style and nothing else."""
REFERENCE = f"{SEALED}; script-src 'self'; connect-src 'self'"
"""The same for the page that draws the reference and tries requests: only here, whatever it says."""
FIRM = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


@cache
def _document() -> dict[str, Any]:
    return document.build()


@cache
def _json() -> bytes:
    return document.as_json().encode()


@cache
def _yaml() -> bytes:
    return document.as_yaml().encode()


@cache
def _page(base: str) -> bytes:
    return page.render(_document(), base).encode()


@cache
def _problem(code: Code) -> bytes:
    return problem_pages.render(_document(), code).encode()


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
    return _html(_page(base), REFERENCE)


@route("/docs/{file:str}", http_method=GET, opt={"scope": None, "produces": None})
async def docs_file(request: AnyRequest, file: FromPath[str]) -> Response[bytes]:
    """What the pages load. It is asked for anew each time, and sent only where it has changed."""
    if file not in files.NAMES:
        raise NotFoundException
    found = files.read(file)
    headers = {**FIRM, "etag": found.etag, "cache-control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if known == "*" or found.etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        return Response(b"", status_code=304, media_type=found.media_type, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


@route("/problems/{code:str}", http_method=GET, opt={"scope": None, "produces": "text/html"})
async def problem_page(request: AnyRequest, code: FromPath[str]) -> Response[bytes]:
    """What a problem type means and what to do about it."""
    if code not in problem_pages.CODES:
        raise NotFoundException
    return _html(_problem(problem_pages.CODES[code]), SEALED)


def _html(content: bytes, policy: str) -> Response[bytes]:
    return Response(content, media_type="text/html", headers={**FIRM, "content-security-policy": policy})


HANDLERS = (openapi_json, openapi_yaml, docs, docs_file, problem_page)
