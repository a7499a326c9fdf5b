from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.batch_out import BatchOut
from ...types import Response, Unset


def _get_kwargs(
    id: str,
    *,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/batches/{id}/cancel".format(
            id=quote(str(id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> BatchOut:
    if response.status_code == 200:
        response_200 = BatchOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[BatchOut]:
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
    idempotency_key: str | None = None,
) -> Response[BatchOut]:
    """Cancel a batch

     Cancels every message of a batch that is still scheduled or queued. What may have left is not
    canceled; 409 where that is true of all of them. A vendor that keeps a reservation is told to drop
    it: where no message was canceled and a vendor failed at one, its problem is the answer.

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[BatchOut]
    """

    kwargs = _get_kwargs(
        id=id,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    idempotency_key: str | None = None,
) -> BatchOut:
    """Cancel a batch

     Cancels every message of a batch that is still scheduled or queued. What may have left is not
    canceled; 409 where that is true of all of them. A vendor that keeps a reservation is told to drop
    it: where no message was canceled and a vendor failed at one, its problem is the answer.

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        BatchOut
    """

    return sync_detailed(
        id=id,
        client=client,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    idempotency_key: str | None = None,
) -> Response[BatchOut]:
    """Cancel a batch

     Cancels every message of a batch that is still scheduled or queued. What may have left is not
    canceled; 409 where that is true of all of them. A vendor that keeps a reservation is told to drop
    it: where no message was canceled and a vendor failed at one, its problem is the answer.

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[BatchOut]
    """

    kwargs = _get_kwargs(
        id=id,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    idempotency_key: str | None = None,
) -> BatchOut:
    """Cancel a batch

     Cancels every message of a batch that is still scheduled or queued. What may have left is not
    canceled; 409 where that is true of all of them. A vendor that keeps a reservation is told to drop
    it: where no message was canceled and a vendor failed at one, its problem is the answer.

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        BatchOut
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            idempotency_key=idempotency_key,
        )
    ).parsed
