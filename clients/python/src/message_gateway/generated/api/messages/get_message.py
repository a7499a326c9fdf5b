from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.message_out import MessageOut
from ...types import UNSET, Response


def _get_kwargs(
    id: str,
    *,
    refresh: bool | None = False,
    client_query: str | None = None,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["refresh"] = refresh

    params["client"] = client_query

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/messages/{id}".format(
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> MessageOut:
    if response.status_code == 200:
        response_200 = MessageOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[MessageOut]:
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
    refresh: bool | None = False,
    client_query: str | None = None,
) -> Response[MessageOut]:
    """Read a message

     One message with its timeline. The gateway learns what became of it from the vendor's receipts;
    `refresh=true` asks the vendor now.

    Needs a key with the scope `read`.

    Args:
        id (str):
        refresh (bool | None):  Default: False.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
    """

    kwargs = _get_kwargs(
        id=id,
        refresh=refresh,
        client_query=client_query,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    refresh: bool | None = False,
    client_query: str | None = None,
) -> MessageOut:
    """Read a message

     One message with its timeline. The gateway learns what became of it from the vendor's receipts;
    `refresh=true` asks the vendor now.

    Needs a key with the scope `read`.

    Args:
        id (str):
        refresh (bool | None):  Default: False.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return sync_detailed(
        id=id,
        client=client,
        refresh=refresh,
        client_query=client_query,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    refresh: bool | None = False,
    client_query: str | None = None,
) -> Response[MessageOut]:
    """Read a message

     One message with its timeline. The gateway learns what became of it from the vendor's receipts;
    `refresh=true` asks the vendor now.

    Needs a key with the scope `read`.

    Args:
        id (str):
        refresh (bool | None):  Default: False.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
    """

    kwargs = _get_kwargs(
        id=id,
        refresh=refresh,
        client_query=client_query,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    refresh: bool | None = False,
    client_query: str | None = None,
) -> MessageOut:
    """Read a message

     One message with its timeline. The gateway learns what became of it from the vendor's receipts;
    `refresh=true` asks the vendor now.

    Needs a key with the scope `read`.

    Args:
        id (str):
        refresh (bool | None):  Default: False.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            refresh=refresh,
            client_query=client_query,
        )
    ).parsed
