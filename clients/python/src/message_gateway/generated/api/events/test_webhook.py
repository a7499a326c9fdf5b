from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.webhook_test_out import WebhookTestOut
from ...types import Response


def _get_kwargs(
    name: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/webhooks/{name}/test".format(
            name=quote(str(name), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> WebhookTestOut:
    if response.status_code == 200:
        response_200 = WebhookTestOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[WebhookTestOut]:
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
) -> Response[WebhookTestOut]:
    """Send a test event

     One try with an event of the type `webhook.test`, signed like others and in no feed; answers what
    came of it.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[WebhookTestOut]
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
) -> WebhookTestOut:
    """Send a test event

     One try with an event of the type `webhook.test`, signed like others and in no feed; answers what
    came of it.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        WebhookTestOut
    """

    return sync_detailed(
        name=name,
        client=client,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
) -> Response[WebhookTestOut]:
    """Send a test event

     One try with an event of the type `webhook.test`, signed like others and in no feed; answers what
    came of it.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[WebhookTestOut]
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
) -> WebhookTestOut:
    """Send a test event

     One try with an event of the type `webhook.test`, signed like others and in no feed; answers what
    came of it.

    Needs a key with the scope `admin`.

    Args:
        name (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        WebhookTestOut
    """

    return (
        await asyncio_detailed(
            name=name,
            client=client,
        )
    ).parsed
