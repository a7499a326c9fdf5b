import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.message_list import MessageList
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    client_tag: str | None = None,
    group_tag: str | None = None,
    date: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["clientTag"] = client_tag

    params["groupTag"] = group_tag

    params["date"] = date

    json_from_: str | None = None
    if not isinstance(from_, Unset):
        json_from_ = from_.isoformat()
    params["from"] = json_from_

    json_to: str | None = None
    if not isinstance(to, Unset):
        json_to = to.isoformat()
    params["to"] = json_to

    params["cursor"] = cursor

    params["limit"] = limit

    params["client"] = client_query

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/reservations",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> MessageList:
    if response.status_code == 200:
        response_200 = MessageList.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[MessageList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    client_tag: str | None = None,
    group_tag: str | None = None,
    date: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> Response[MessageList]:
    """List reservations

     What still waits for its time, whoever keeps it, the next one first; what was sent or canceled is in
    `GET /messages`. Filters combine. A page may hold fewer than `limit` and still have a next one: go
    on while `nextCursor` is not null. Pages skip and repeat nothing that waits all the while, whatever
    comes and goes. No vendor is asked.

    Needs a key with the scope `read`.

    Args:
        client_tag (str | None):
        group_tag (str | None):
        date (str | None):
        from_ (datetime.datetime | None):
        to (datetime.datetime | None):
        cursor (str | None):
        limit (int | None):  Default: 20.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageList]
    """

    kwargs = _get_kwargs(
        client_tag=client_tag,
        group_tag=group_tag,
        date=date,
        from_=from_,
        to=to,
        cursor=cursor,
        limit=limit,
        client_query=client_query,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    client_tag: str | None = None,
    group_tag: str | None = None,
    date: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> MessageList:
    """List reservations

     What still waits for its time, whoever keeps it, the next one first; what was sent or canceled is in
    `GET /messages`. Filters combine. A page may hold fewer than `limit` and still have a next one: go
    on while `nextCursor` is not null. Pages skip and repeat nothing that waits all the while, whatever
    comes and goes. No vendor is asked.

    Needs a key with the scope `read`.

    Args:
        client_tag (str | None):
        group_tag (str | None):
        date (str | None):
        from_ (datetime.datetime | None):
        to (datetime.datetime | None):
        cursor (str | None):
        limit (int | None):  Default: 20.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageList
    """

    return sync_detailed(
        client=client,
        client_tag=client_tag,
        group_tag=group_tag,
        date=date,
        from_=from_,
        to=to,
        cursor=cursor,
        limit=limit,
        client_query=client_query,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    client_tag: str | None = None,
    group_tag: str | None = None,
    date: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> Response[MessageList]:
    """List reservations

     What still waits for its time, whoever keeps it, the next one first; what was sent or canceled is in
    `GET /messages`. Filters combine. A page may hold fewer than `limit` and still have a next one: go
    on while `nextCursor` is not null. Pages skip and repeat nothing that waits all the while, whatever
    comes and goes. No vendor is asked.

    Needs a key with the scope `read`.

    Args:
        client_tag (str | None):
        group_tag (str | None):
        date (str | None):
        from_ (datetime.datetime | None):
        to (datetime.datetime | None):
        cursor (str | None):
        limit (int | None):  Default: 20.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageList]
    """

    kwargs = _get_kwargs(
        client_tag=client_tag,
        group_tag=group_tag,
        date=date,
        from_=from_,
        to=to,
        cursor=cursor,
        limit=limit,
        client_query=client_query,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    client_tag: str | None = None,
    group_tag: str | None = None,
    date: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> MessageList:
    """List reservations

     What still waits for its time, whoever keeps it, the next one first; what was sent or canceled is in
    `GET /messages`. Filters combine. A page may hold fewer than `limit` and still have a next one: go
    on while `nextCursor` is not null. Pages skip and repeat nothing that waits all the while, whatever
    comes and goes. No vendor is asked.

    Needs a key with the scope `read`.

    Args:
        client_tag (str | None):
        group_tag (str | None):
        date (str | None):
        from_ (datetime.datetime | None):
        to (datetime.datetime | None):
        cursor (str | None):
        limit (int | None):  Default: 20.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageList
    """

    return (
        await asyncio_detailed(
            client=client,
            client_tag=client_tag,
            group_tag=group_tag,
            date=date,
            from_=from_,
            to=to,
            cursor=cursor,
            limit=limit,
            client_query=client_query,
        )
    ).parsed
