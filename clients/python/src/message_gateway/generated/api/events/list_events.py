from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.event_list import EventList
from ...types import UNSET, Response


def _get_kwargs(
    *,
    after: str | None = None,
    type_: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["after"] = after

    params["type"] = type_

    params["limit"] = limit

    params["client"] = client_query

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/events",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> EventList:
    if response.status_code == 200:
        response_200 = EventList.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[EventList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    after: str | None = None,
    type_: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> Response[EventList]:
    """Read what happened

     Your client's events in the order they were recorded: the same that webhooks tell, to be read
    instead of being called. Keep the `id` of the last one, and go on `after` it; there is no gap and no
    repeat. They are kept for days (a setting, four at least): a place before that is 410 `gone`. With a
    `type` a page may be short, and still have a `nextCursor`.

    Needs a key with the scope `read`.

    Args:
        after (str | None):
        type_ (str | None):
        limit (int | None):  Default: 20.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[EventList]
    """

    kwargs = _get_kwargs(
        after=after,
        type_=type_,
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
    after: str | None = None,
    type_: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> EventList:
    """Read what happened

     Your client's events in the order they were recorded: the same that webhooks tell, to be read
    instead of being called. Keep the `id` of the last one, and go on `after` it; there is no gap and no
    repeat. They are kept for days (a setting, four at least): a place before that is 410 `gone`. With a
    `type` a page may be short, and still have a `nextCursor`.

    Needs a key with the scope `read`.

    Args:
        after (str | None):
        type_ (str | None):
        limit (int | None):  Default: 20.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        EventList
    """

    return sync_detailed(
        client=client,
        after=after,
        type_=type_,
        limit=limit,
        client_query=client_query,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    after: str | None = None,
    type_: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> Response[EventList]:
    """Read what happened

     Your client's events in the order they were recorded: the same that webhooks tell, to be read
    instead of being called. Keep the `id` of the last one, and go on `after` it; there is no gap and no
    repeat. They are kept for days (a setting, four at least): a place before that is 410 `gone`. With a
    `type` a page may be short, and still have a `nextCursor`.

    Needs a key with the scope `read`.

    Args:
        after (str | None):
        type_ (str | None):
        limit (int | None):  Default: 20.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[EventList]
    """

    kwargs = _get_kwargs(
        after=after,
        type_=type_,
        limit=limit,
        client_query=client_query,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    after: str | None = None,
    type_: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> EventList:
    """Read what happened

     Your client's events in the order they were recorded: the same that webhooks tell, to be read
    instead of being called. Keep the `id` of the last one, and go on `after` it; there is no gap and no
    repeat. They are kept for days (a setting, four at least): a place before that is 410 `gone`. With a
    `type` a page may be short, and still have a `nextCursor`.

    Needs a key with the scope `read`.

    Args:
        after (str | None):
        type_ (str | None):
        limit (int | None):  Default: 20.
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        EventList
    """

    return (
        await asyncio_detailed(
            client=client,
            after=after,
            type_=type_,
            limit=limit,
            client_query=client_query,
        )
    ).parsed
