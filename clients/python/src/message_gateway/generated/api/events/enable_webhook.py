from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.webhook_out import WebhookOut
from ...types import Response


def _get_kwargs(
    name: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/webhooks/{name}/enable".format(
            name=quote(str(name), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> WebhookOut:
    if response.status_code == 200:
        response_200 = WebhookOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[WebhookOut]:
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
) -> Response[WebhookOut]:
    """Enable an endpoint

     An endpoint that answered 410 is told again, from where it was left. Enabling it again changes
    nothing.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[WebhookOut]
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
) -> WebhookOut:
    """Enable an endpoint

     An endpoint that answered 410 is told again, from where it was left. Enabling it again changes
    nothing.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        WebhookOut
    """

    return sync_detailed(
        name=name,
        client=client,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
) -> Response[WebhookOut]:
    """Enable an endpoint

     An endpoint that answered 410 is told again, from where it was left. Enabling it again changes
    nothing.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[WebhookOut]
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
) -> WebhookOut:
    """Enable an endpoint

     An endpoint that answered 410 is told again, from where it was left. Enabling it again changes
    nothing.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        WebhookOut
    """

    return (
        await asyncio_detailed(
            name=name,
            client=client,
        )
    ).parsed
