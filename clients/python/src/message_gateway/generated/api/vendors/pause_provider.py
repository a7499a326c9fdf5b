from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.provider_out import ProviderOut
from ...types import Response


def _get_kwargs(
    name: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/providers/{name}/pause".format(
            name=quote(str(name), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ProviderOut:
    if response.status_code == 200:
        response_200 = ProviderOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ProviderOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
) -> Response[ProviderOut]:
    """Pause a provider

     No message, call or activation is handed to it, by any replica, until it is resumed; what is under
    way ends. Messages take the next provider of their route, or wait. It is still asked for what only
    it knows: balance, usage, templates, owners, short URLs. Pausing it again changes nothing.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ProviderOut]
    """

    kwargs = _get_kwargs(
        name=name,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
) -> ProviderOut:
    """Pause a provider

     No message, call or activation is handed to it, by any replica, until it is resumed; what is under
    way ends. Messages take the next provider of their route, or wait. It is still asked for what only
    it knows: balance, usage, templates, owners, short URLs. Pausing it again changes nothing.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ProviderOut
    """

    return sync_detailed(
        name=name,
        client=client,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
) -> Response[ProviderOut]:
    """Pause a provider

     No message, call or activation is handed to it, by any replica, until it is resumed; what is under
    way ends. Messages take the next provider of their route, or wait. It is still asked for what only
    it knows: balance, usage, templates, owners, short URLs. Pausing it again changes nothing.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ProviderOut]
    """

    kwargs = _get_kwargs(
        name=name,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient,
) -> ProviderOut:
    """Pause a provider

     No message, call or activation is handed to it, by any replica, until it is resumed; what is under
    way ends. Messages take the next provider of their route, or wait. It is still asked for what only
    it knows: balance, usage, templates, owners, short URLs. Pausing it again changes nothing.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ProviderOut
    """

    return (
        await asyncio_detailed(
            name=name,
            client=client,
        )
    ).parsed
