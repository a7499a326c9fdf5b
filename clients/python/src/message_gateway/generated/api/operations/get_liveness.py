from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.liveness import Liveness
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/health/live",
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Liveness:
    if response.status_code == 200:
        response_200 = Liveness.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Liveness]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Liveness]:
    """Is the process alive?

     Answers as long as the process does. For a supervisor that restarts what hangs.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[Liveness]
    """

    kwargs = _get_kwargs()

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> Liveness:
    """Is the process alive?

     Answers as long as the process does. For a supervisor that restarts what hangs.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Liveness
    """

    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Liveness]:
    """Is the process alive?

     Answers as long as the process does. For a supervisor that restarts what hangs.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[Liveness]
    """

    kwargs = _get_kwargs()

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> Liveness:
    """Is the process alive?

     Answers as long as the process does. For a supervisor that restarts what hangs.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Liveness
    """

    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
