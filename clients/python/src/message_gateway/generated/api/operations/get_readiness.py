from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.readiness import Readiness
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/health/ready",
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Readiness:
    if response.status_code == 200:
        response_200 = Readiness.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Readiness]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Readiness]:
    """Can messages be accepted?

     Whether Redis is reachable, keeps what it is told and evicts nothing; and what an accepted message
    survives. Where they cannot be accepted the problem carries the same `store`. `providers` tells
    which vendors take requests now; one that is down makes nothing unready. For a load balancer.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[Readiness]
    """

    kwargs = _get_kwargs()

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> Readiness:
    """Can messages be accepted?

     Whether Redis is reachable, keeps what it is told and evicts nothing; and what an accepted message
    survives. Where they cannot be accepted the problem carries the same `store`. `providers` tells
    which vendors take requests now; one that is down makes nothing unready. For a load balancer.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Readiness
    """

    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Readiness]:
    """Can messages be accepted?

     Whether Redis is reachable, keeps what it is told and evicts nothing; and what an accepted message
    survives. Where they cannot be accepted the problem carries the same `store`. `providers` tells
    which vendors take requests now; one that is down makes nothing unready. For a load balancer.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[Readiness]
    """

    kwargs = _get_kwargs()

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> Readiness:
    """Can messages be accepted?

     Whether Redis is reachable, keeps what it is told and evicts nothing; and what an accepted message
    survives. Where they cannot be accepted the problem carries the same `store`. `providers` tells
    which vendors take requests now; one that is down makes nothing unready. For a load balancer.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Readiness
    """

    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
