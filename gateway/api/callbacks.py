"""/callbacks: what vendors push. 200 only once it is durable; then, and only then, a vendor stops repeating."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl

from litestar import HttpMethod, Response, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from gateway.api.auth import allowed
from gateway.api.requests import AnyRequest, whole_body
from gateway.api.services import Services, services
from gateway.errors import Code, GatewayError, UnreadableCallback, invalid
from gateway.model.values import Secret
from gateway.provider import Callback, Provider


@route(
    "/callbacks/{provider:str}/{secret:str}/{kind:str}",
    http_method=[HttpMethod.GET, HttpMethod.POST],
    status_code=200,
    opt={"scope": None, "produces": None, "query": True},
)
async def vendor_callback(
    request: AnyRequest, provider: FromPath[str], secret: FromPath[str], kind: FromPath[str]
) -> Response[bytes]:
    """A delivery receipt, or another push of a vendor. The secret is part of the path; a wrong one is 404."""
    here = services(request)
    target = _target(here, provider, secret, kind)
    networks = target.settings.allow_callbacks_from
    if networks and not allowed(here.access.address(request), here.callback_networks[target.name]):
        raise GatewayError(Code.FORBIDDEN, "Callbacks of this provider do not come from this address.")
    callback = Callback(
        kind=kind,
        # Undecodable bytes are kept: not every vendor writes UTF-8, and its adapter knows what it writes.
        query=tuple(
            parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
        ),
        content_type=request.headers.get("content-type", ""),
        body=await whole_body(request),
    )
    try:
        await here.receipts.take_in(target, callback)
    except UnreadableCallback as error:
        raise invalid("", f"This is no callback of this vendor: {error}") from None
    return Response(b"OK", media_type="text/plain", status_code=200)


def _target(here: Services, name: str, secret: str, kind: str) -> Provider:
    provider = here.routing.providers.get(name)
    configured = provider.settings.callback_secret if provider else None
    accepted = (configured,) if isinstance(configured, Secret) else configured or ()
    # Every secret is compared, in constant time: the answer's time tells nothing.
    matches = [hmac.compare_digest(known.reveal().encode(), secret.encode()) for known in accepted]
    if provider is None or not any(matches) or kind not in provider.callback_kinds:
        raise NotFoundException
    return provider


HANDLERS = (vendor_callback,)
