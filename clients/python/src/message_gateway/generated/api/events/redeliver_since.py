from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.redeliver_in import RedeliverIn
from ...models.webhook_out import WebhookOut
from ...types import Response


def _get_kwargs(
    name: str,
    *,
    body: RedeliverIn,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/webhooks/{name}/redeliver".format(
            name=quote(str(name), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> WebhookOut:
    if response.status_code == 202:
        response_202 = WebhookOut.from_dict(response.json())

        return response_202

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
    body: RedeliverIn,
) -> Response[WebhookOut]:
    """Tell an endpoint all since a time again

     The endpoint is told of everything that happened since then once more, under the same ids.

    Needs a key with the scope `admin`.

    Args:
        name (str):
        body (RedeliverIn): Since when to tell again.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[WebhookOut]
    """

    kwargs = _get_kwargs(
        name=name,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    name: str,
    *,
    client: AuthenticatedClient,
    body: RedeliverIn,
) -> WebhookOut:
    """Tell an endpoint all since a time again

     The endpoint is told of everything that happened since then once more, under the same ids.

    Needs a key with the scope `admin`.

    Args:
        name (str):
        body (RedeliverIn): Since when to tell again.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        WebhookOut
    """

    return sync_detailed(
        name=name,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    name: str,
    *,
    client: AuthenticatedClient,
    body: RedeliverIn,
) -> Response[WebhookOut]:
    """Tell an endpoint all since a time again

     The endpoint is told of everything that happened since then once more, under the same ids.

    Needs a key with the scope `admin`.

    Args:
        name (str):
        body (RedeliverIn): Since when to tell again.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[WebhookOut]
    """

    kwargs = _get_kwargs(
        name=name,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    name: str,
    *,
    client: AuthenticatedClient,
    body: RedeliverIn,
) -> WebhookOut:
    """Tell an endpoint all since a time again

     The endpoint is told of everything that happened since then once more, under the same ids.

    Needs a key with the scope `admin`.

    Args:
        name (str):
        body (RedeliverIn): Since when to tell again.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        WebhookOut
    """

    return (
        await asyncio_detailed(
            name=name,
            client=client,
            body=body,
        )
    ).parsed
