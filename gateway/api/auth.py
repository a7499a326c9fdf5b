"""Who calls, and whether they may: API keys, scopes, source addresses. One guard for every route."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from gateway.api.requests import client_address, listed
from gateway.errors import Code, GatewayError, Pointer
from gateway.settings import Client, key_digest
from gateway.settings import Network as Net

Connection = ASGIConnection[Any, Any, Any, Any]


class Caller(msgspec.Struct, frozen=True):
    """An authenticated request's client and what its key allows."""

    client: Client
    scopes: frozenset[str]


class Access:
    """Every configured key. Keys are looked up by their SHA-256: the time it takes tells nothing of a key."""

    def __init__(self, clients: Iterable[Client], trusted_proxies: tuple[Net, ...]) -> None:
        self._callers = {key.sha256: Caller(client, frozenset(key.scopes)) for client in clients for key in client.keys}
        self._trusted = trusted_proxies

    def caller(self, authorization: str, scope: str, connection: Connection) -> Caller:
        """Raises `unauthorized` or `forbidden`."""
        scheme, _, key = authorization.partition(" ")
        caller = self._callers.get(key_digest(key.strip())) if scheme.lower() == "bearer" else None
        if caller is None:
            detail = "This API key is not known." if authorization else "Send Authorization: Bearer <key>."
            raise GatewayError(Code.UNAUTHORIZED, detail)
        if scope not in caller.scopes:
            raise GatewayError(Code.FORBIDDEN, f"This needs a key with the scope {scope}.")
        if caller.client.allow and not allowed(self.address(connection), caller.client.allow):
            raise GatewayError(Code.FORBIDDEN, "This client may not be used from this address.")
        return caller

    def address(self, connection: Connection) -> str:
        """Where the request came from; through trusted proxies, where they say."""
        peer = connection.client.host if connection.client else ""
        if not self._trusted:
            return peer
        return client_address(peer, listed(connection.headers, "x-forwarded-for"), self._trusted, _parse)


@lru_cache(4096)
def _parse(address: str) -> IPv4Address | IPv6Address:
    parsed = ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed


def allowed(address: str, networks: Iterable[Net]) -> bool:
    try:
        parsed = _parse(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of every route: its `opt` names the scope it needs (None: open) and the media type it answers
    (None: whatever the caller would like)."""
    accept = listed(connection.headers, "accept") or "*/*"
    produced = handler.opt.get("produces", "application/json")
    if produced and accept not in ("*/*", "application/json") and not acceptable(accept, produced):
        raise GatewayError(Code.NOT_ACCEPTABLE, f"The answer is {produced}; the Accept header excludes it.")
    scope = handler.opt["scope"]
    if scope is not None:
        access: Access = connection.app.state.services.access
        caller = access.caller(connection.headers.get("authorization", ""), scope, connection)
        connection.scope["caller"] = caller  # type: ignore[typeddict-unknown-key]  # read by the handlers
        if connection.scope["query_string"] and not handler.opt.get("query"):
            names = [Pointer(f"/{name}", "This operation takes no query.") for name in connection.query_params]
            raise GatewayError(Code.INVALID_REQUEST, "This operation takes no query.", errors=tuple(names))


@lru_cache(1024)
def acceptable(accept: str, produced: str) -> bool:
    """Whether `Accept` (RFC 9110, 12.5.1) allows a media type: the most specific range decides."""
    main = produced.partition("/")[0]
    best: tuple[int, float] = (-1, 0.0)
    for entry in accept.split(","):
        media_range, *parameters = [part.strip().lower() for part in entry.split(";")]
        rank = {produced: 2, f"{main}/*": 1, "*/*": 0}.get(media_range)
        if rank is None:
            continue
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        best = max(best, (rank, quality))
    return best[0] >= 0 and best[1] > 0
