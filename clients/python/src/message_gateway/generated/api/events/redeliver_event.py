from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.redelivered_out import RedeliveredOut
from ...types import Response


def _get_kwargs(
    id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/events/{id}/redeliver".format(
            id=quote(str(id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> RedeliveredOut:
    if response.status_code == 202:
        response_202 = RedeliveredOut.from_dict(response.json())

        return response_202

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[RedeliveredOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[RedeliveredOut]:
    """Tell an event again

     The endpoints of the event's client are told of it once more, at once, under the same id, whatever
    became of it before.

    Needs a key with the scope `admin`.

    Args:
        id (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[RedeliveredOut]
    """

    kwargs = _get_kwargs(
        id=id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
) -> RedeliveredOut:
    """Tell an event again

     The endpoints of the event's client are told of it once more, at once, under the same id, whatever
    became of it before.

    Needs a key with the scope `admin`.

    Args:
        id (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        RedeliveredOut
    """

    return sync_detailed(
        id=id,
        client=client,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[RedeliveredOut]:
    """Tell an event again

     The endpoints of the event's client are told of it once more, at once, under the same id, whatever
    became of it before.

    Needs a key with the scope `admin`.

    Args:
        id (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[RedeliveredOut]
    """

    kwargs = _get_kwargs(
        id=id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
) -> RedeliveredOut:
    """Tell an event again

     The endpoints of the event's client are told of it once more, at once, under the same id, whatever
    became of it before.

    Needs a key with the scope `admin`.

    Args:
        id (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        RedeliveredOut
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
        )
    ).parsed
