from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.message_out import MessageOut
from ...types import Response


def _get_kwargs(
    id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/messages/{id}/content".format(
            id=quote(str(id), safe=""),
        ),
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
) -> Response[MessageOut]:
    """Erase a message's content

     Erases what a final message says of people: text, subject, number and metadata. The record stays,
    with its status and its tags.

    Needs a key with the scope `send`.

    Args:
        id (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
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
) -> MessageOut:
    """Erase a message's content

     Erases what a final message says of people: text, subject, number and metadata. The record stays,
    with its status and its tags.

    Needs a key with the scope `send`.

    Args:
        id (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return sync_detailed(
        id=id,
        client=client,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
) -> Response[MessageOut]:
    """Erase a message's content

     Erases what a final message says of people: text, subject, number and metadata. The record stays,
    with its status and its tags.

    Needs a key with the scope `send`.

    Args:
        id (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
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
) -> MessageOut:
    """Erase a message's content

     Erases what a final message says of people: text, subject, number and metadata. The record stays,
    with its status and its tags.

    Needs a key with the scope `send`.

    Args:
        id (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
        )
    ).parsed
