from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.webhook_list import WebhookList
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/webhooks",
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> WebhookList:
    if response.status_code == 200:
        response_200 = WebhookList.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[WebhookList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[WebhookList]:
    """List webhooks

     The configured endpoints and how far they were told. An endpoint is told by POST, per Standard
    Webhooks: `webhook-id` (the event's id, the same at every try), `webhook-timestamp` and `webhook-
    signature`. 2xx within 15 s is success; what fails is tried again after 5 s, 5 min, 30 min, 2 h, 5
    h, 10 h, 14 h, 20 h, 24 h, a little later at random, and no sooner than a `Retry-After` says (six
    hours at most). 410 disables the endpoint. Events of one endpoint come in order as a rule, and not
    for certain: several are under way at once, and what failed comes later. Private addresses are
    refused unless the configuration allows them, redirects are not followed.

    Needs a key with the scope `admin`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[WebhookList]
    """

    kwargs = _get_kwargs()

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
) -> WebhookList:
    """List webhooks

     The configured endpoints and how far they were told. An endpoint is told by POST, per Standard
    Webhooks: `webhook-id` (the event's id, the same at every try), `webhook-timestamp` and `webhook-
    signature`. 2xx within 15 s is success; what fails is tried again after 5 s, 5 min, 30 min, 2 h, 5
    h, 10 h, 14 h, 20 h, 24 h, a little later at random, and no sooner than a `Retry-After` says (six
    hours at most). 410 disables the endpoint. Events of one endpoint come in order as a rule, and not
    for certain: several are under way at once, and what failed comes later. Private addresses are
    refused unless the configuration allows them, redirects are not followed.

    Needs a key with the scope `admin`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        WebhookList
    """

    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[WebhookList]:
    """List webhooks

     The configured endpoints and how far they were told. An endpoint is told by POST, per Standard
    Webhooks: `webhook-id` (the event's id, the same at every try), `webhook-timestamp` and `webhook-
    signature`. 2xx within 15 s is success; what fails is tried again after 5 s, 5 min, 30 min, 2 h, 5
    h, 10 h, 14 h, 20 h, 24 h, a little later at random, and no sooner than a `Retry-After` says (six
    hours at most). 410 disables the endpoint. Events of one endpoint come in order as a rule, and not
    for certain: several are under way at once, and what failed comes later. Private addresses are
    refused unless the configuration allows them, redirects are not followed.

    Needs a key with the scope `admin`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[WebhookList]
    """

    kwargs = _get_kwargs()

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> WebhookList:
    """List webhooks

     The configured endpoints and how far they were told. An endpoint is told by POST, per Standard
    Webhooks: `webhook-id` (the event's id, the same at every try), `webhook-timestamp` and `webhook-
    signature`. 2xx within 15 s is success; what fails is tried again after 5 s, 5 min, 30 min, 2 h, 5
    h, 10 h, 14 h, 20 h, 24 h, a little later at random, and no sooner than a `Retry-After` says (six
    hours at most). 410 disables the endpoint. Events of one endpoint come in order as a rule, and not
    for certain: several are under way at once, and what failed comes later. Private addresses are
    refused unless the configuration allows them, redirects are not followed.

    Needs a key with the scope `admin`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        WebhookList
    """

    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
