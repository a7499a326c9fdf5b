from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.me_out import MeOut
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/me",
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> MeOut:
    if response.status_code == 200:
        response_200 = MeOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[MeOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[MeOut]:
    """Whose key this is

     The client a key belongs to, and what the key may do.

    Needs a key with the scope `read`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MeOut]
    """

    kwargs = _get_kwargs()

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
) -> MeOut:
    """Whose key this is

     The client a key belongs to, and what the key may do.

    Needs a key with the scope `read`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MeOut
    """

    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[MeOut]:
    """Whose key this is

     The client a key belongs to, and what the key may do.

    Needs a key with the scope `read`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MeOut]
    """

    kwargs = _get_kwargs()

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> MeOut:
    """Whose key this is

     The client a key belongs to, and what the key may do.

    Needs a key with the scope `read`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MeOut
    """

    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
