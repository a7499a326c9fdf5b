from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.orphan_list import OrphanList
from ...types import UNSET, Response


def _get_kwargs(
    *,
    limit: int | None = 20,
    cursor: str | None = None,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/receipts/orphans",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> OrphanList:
    if response.status_code == 200:
        response_200 = OrphanList.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[OrphanList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | None = 20,
    cursor: str | None = None,
) -> Response[OrphanList]:
    """Receipts that match nothing

     What vendors reported about messages, calls and activations this gateway does not know, newest
    first: usually another system uses the same vendor account. Each is kept as it came, and shown
    without what it says of people. When what it is about turns up it is applied, and is no orphan any
    more.

    Needs a key with the scope `admin`.

    Args:
        limit (int | None):  Default: 20.
        cursor (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[OrphanList]
    """

    kwargs = _get_kwargs(
        limit=limit,
        cursor=cursor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    limit: int | None = 20,
    cursor: str | None = None,
) -> OrphanList:
    """Receipts that match nothing

     What vendors reported about messages, calls and activations this gateway does not know, newest
    first: usually another system uses the same vendor account. Each is kept as it came, and shown
    without what it says of people. When what it is about turns up it is applied, and is no orphan any
    more.

    Needs a key with the scope `admin`.

    Args:
        limit (int | None):  Default: 20.
        cursor (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        OrphanList
    """

    return sync_detailed(
        client=client,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    limit: int | None = 20,
    cursor: str | None = None,
) -> Response[OrphanList]:
    """Receipts that match nothing

     What vendors reported about messages, calls and activations this gateway does not know, newest
    first: usually another system uses the same vendor account. Each is kept as it came, and shown
    without what it says of people. When what it is about turns up it is applied, and is no orphan any
    more.

    Needs a key with the scope `admin`.

    Args:
        limit (int | None):  Default: 20.
        cursor (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[OrphanList]
    """

    kwargs = _get_kwargs(
        limit=limit,
        cursor=cursor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    limit: int | None = 20,
    cursor: str | None = None,
) -> OrphanList:
    """Receipts that match nothing

     What vendors reported about messages, calls and activations this gateway does not know, newest
    first: usually another system uses the same vendor account. Each is kept as it came, and shown
    without what it says of people. When what it is about turns up it is applied, and is no orphan any
    more.

    Needs a key with the scope `admin`.

    Args:
        limit (int | None):  Default: 20.
        cursor (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        OrphanList
    """

    return (
        await asyncio_detailed(
            client=client,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
