from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.short_url_in import ShortUrlIn
from ...models.short_url_out import ShortUrlOut
from ...types import Response, Unset


def _get_kwargs(
    *,
    body: ShortUrlIn,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/short-urls",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ShortUrlOut:
    if response.status_code == 201:
        response_201 = ShortUrlOut.from_dict(response.json())

        return response_201

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ShortUrlOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ShortUrlIn,
    idempotency_key: str | None = None,
) -> Response[ShortUrlOut]:
    """Make a short URL

     Has a vendor make a short URL, for texts. What the vendor refuses is 502, with its own words. Where
    its answer is lost (504) there may be one or not: a second one does no harm.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ShortUrlIn): A URL to shorten.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ShortUrlOut]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: ShortUrlIn,
    idempotency_key: str | None = None,
) -> ShortUrlOut:
    """Make a short URL

     Has a vendor make a short URL, for texts. What the vendor refuses is 502, with its own words. Where
    its answer is lost (504) there may be one or not: a second one does no harm.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ShortUrlIn): A URL to shorten.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ShortUrlOut
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ShortUrlIn,
    idempotency_key: str | None = None,
) -> Response[ShortUrlOut]:
    """Make a short URL

     Has a vendor make a short URL, for texts. What the vendor refuses is 502, with its own words. Where
    its answer is lost (504) there may be one or not: a second one does no harm.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ShortUrlIn): A URL to shorten.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ShortUrlOut]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: ShortUrlIn,
    idempotency_key: str | None = None,
) -> ShortUrlOut:
    """Make a short URL

     Has a vendor make a short URL, for texts. What the vendor refuses is 502, with its own words. Where
    its answer is lost (504) there may be one or not: a second one does no harm.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ShortUrlIn): A URL to shorten.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ShortUrlOut
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
