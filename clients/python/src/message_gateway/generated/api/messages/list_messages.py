import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.message_list import MessageList
from ...models.status import Status
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    client_tag: str | None = None,
    group_tag: str | None = None,
    batch_id: str | None = None,
    status: Status | None = None,
    to: str | None = None,
    provider: str | None = None,
    created_from: datetime.datetime | None = None,
    created_to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["clientTag"] = client_tag

    params["groupTag"] = group_tag

    params["batchId"] = batch_id

    json_status: str | None = None
    if not isinstance(status, Unset):
        json_status = status

    params["status"] = json_status

    params["to"] = to

    params["provider"] = provider

    json_created_from: str | None = None
    if not isinstance(created_from, Unset):
        json_created_from = created_from.isoformat()
    params["createdFrom"] = json_created_from

    json_created_to: str | None = None
    if not isinstance(created_to, Unset):
        json_created_to = created_to.isoformat()
    params["createdTo"] = json_created_to

    params["cursor"] = cursor

    params["limit"] = limit

    params["client"] = client_query

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/messages",
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
    batch_id: str | None = None,
    status: Status | None = None,
    to: str | None = None,
    provider: str | None = None,
    created_from: datetime.datetime | None = None,
    created_to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> Response[MessageList]:
    """List messages

     The client's messages, newest first. Filters combine. A page may hold fewer messages than `limit`
    and still have a next one: go on while `nextCursor` is not null.

    Needs a key with the scope `read`.

    Args:
        client_tag (str | None):
        group_tag (str | None):
        batch_id (str | None):
        status (Status | None): `scheduled`, `queued`, `submitting`: not with a vendor yet.
            `submitted`: a vendor has it. `delivered`, `undelivered`: what the vendor says became of
            it. `failed`: refused before or by the vendor. `expired`: not handed over in time.
            `canceled`: by you. `uncertain`: the vendor's answer was lost, it may or may not have it.
            `final` tells whether further change is expected.
        to (str | None):
        provider (str | None):
        created_from (datetime.datetime | None):
        created_to (datetime.datetime | None):
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
        batch_id=batch_id,
        status=status,
        to=to,
        provider=provider,
        created_from=created_from,
        created_to=created_to,
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
    batch_id: str | None = None,
    status: Status | None = None,
    to: str | None = None,
    provider: str | None = None,
    created_from: datetime.datetime | None = None,
    created_to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> MessageList:
    """List messages

     The client's messages, newest first. Filters combine. A page may hold fewer messages than `limit`
    and still have a next one: go on while `nextCursor` is not null.

    Needs a key with the scope `read`.

    Args:
        client_tag (str | None):
        group_tag (str | None):
        batch_id (str | None):
        status (Status | None): `scheduled`, `queued`, `submitting`: not with a vendor yet.
            `submitted`: a vendor has it. `delivered`, `undelivered`: what the vendor says became of
            it. `failed`: refused before or by the vendor. `expired`: not handed over in time.
            `canceled`: by you. `uncertain`: the vendor's answer was lost, it may or may not have it.
            `final` tells whether further change is expected.
        to (str | None):
        provider (str | None):
        created_from (datetime.datetime | None):
        created_to (datetime.datetime | None):
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
        batch_id=batch_id,
        status=status,
        to=to,
        provider=provider,
        created_from=created_from,
        created_to=created_to,
        cursor=cursor,
        limit=limit,
        client_query=client_query,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    client_tag: str | None = None,
    group_tag: str | None = None,
    batch_id: str | None = None,
    status: Status | None = None,
    to: str | None = None,
    provider: str | None = None,
    created_from: datetime.datetime | None = None,
    created_to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> Response[MessageList]:
    """List messages

     The client's messages, newest first. Filters combine. A page may hold fewer messages than `limit`
    and still have a next one: go on while `nextCursor` is not null.

    Needs a key with the scope `read`.

    Args:
        client_tag (str | None):
        group_tag (str | None):
        batch_id (str | None):
        status (Status | None): `scheduled`, `queued`, `submitting`: not with a vendor yet.
            `submitted`: a vendor has it. `delivered`, `undelivered`: what the vendor says became of
            it. `failed`: refused before or by the vendor. `expired`: not handed over in time.
            `canceled`: by you. `uncertain`: the vendor's answer was lost, it may or may not have it.
            `final` tells whether further change is expected.
        to (str | None):
        provider (str | None):
        created_from (datetime.datetime | None):
        created_to (datetime.datetime | None):
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
        batch_id=batch_id,
        status=status,
        to=to,
        provider=provider,
        created_from=created_from,
        created_to=created_to,
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
    batch_id: str | None = None,
    status: Status | None = None,
    to: str | None = None,
    provider: str | None = None,
    created_from: datetime.datetime | None = None,
    created_to: datetime.datetime | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    client_query: str | None = None,
) -> MessageList:
    """List messages

     The client's messages, newest first. Filters combine. A page may hold fewer messages than `limit`
    and still have a next one: go on while `nextCursor` is not null.

    Needs a key with the scope `read`.

    Args:
        client_tag (str | None):
        group_tag (str | None):
        batch_id (str | None):
        status (Status | None): `scheduled`, `queued`, `submitting`: not with a vendor yet.
            `submitted`: a vendor has it. `delivered`, `undelivered`: what the vendor says became of
            it. `failed`: refused before or by the vendor. `expired`: not handed over in time.
            `canceled`: by you. `uncertain`: the vendor's answer was lost, it may or may not have it.
            `final` tells whether further change is expected.
        to (str | None):
        provider (str | None):
        created_from (datetime.datetime | None):
        created_to (datetime.datetime | None):
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
            batch_id=batch_id,
            status=status,
            to=to,
            provider=provider,
            created_from=created_from,
            created_to=created_to,
            cursor=cursor,
            limit=limit,
            client_query=client_query,
        )
    ).parsed
