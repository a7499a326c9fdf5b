from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.batch_accepted_out import BatchAcceptedOut
from ...models.batch_in import BatchIn
from ...types import Response, Unset


def _get_kwargs(
    *,
    body: BatchIn,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/messages/batch",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> BatchAcceptedOut:
    if response.status_code == 202:
        response_202 = BatchAcceptedOut.from_dict(response.json())

        return response_202

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[BatchAcceptedOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: BatchIn,
    idempotency_key: str | None = None,
) -> Response[BatchAcceptedOut]:
    """Send many messages

     Accepts up to 1000 messages in one request of at most 4 MiB. Each is accepted or refused for itself,
    as it would be alone: look at every item of the answer. The whole is refused only where the request
    itself is broken, or what all its messages have in common cannot be sent; then nothing was accepted.

    With an `Idempotency-Key` the request can be repeated until every item that can be accepted is:
    nothing is sent twice, and the batch keeps its id. Items whose problem is `retryable` are worth it.
    A `clientTag` guards a single message in the same way, and goes with `messages` only; a message that
    was accepted before under its tag is answered, and stays outside this batch.

    A client's rate counts messages: those beyond it are refused as `rate_limited`. If the store stops
    answering in the middle, what is known is answered, and the rest as `store_unavailable`.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (BatchIn): Messages to send together: `messages` alone, or `to` and the other fields,
            which are those of one message, but for `clientTag`, which names a single one.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[BatchAcceptedOut]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: BatchIn,
    idempotency_key: str | None = None,
) -> BatchAcceptedOut:
    """Send many messages

     Accepts up to 1000 messages in one request of at most 4 MiB. Each is accepted or refused for itself,
    as it would be alone: look at every item of the answer. The whole is refused only where the request
    itself is broken, or what all its messages have in common cannot be sent; then nothing was accepted.

    With an `Idempotency-Key` the request can be repeated until every item that can be accepted is:
    nothing is sent twice, and the batch keeps its id. Items whose problem is `retryable` are worth it.
    A `clientTag` guards a single message in the same way, and goes with `messages` only; a message that
    was accepted before under its tag is answered, and stays outside this batch.

    A client's rate counts messages: those beyond it are refused as `rate_limited`. If the store stops
    answering in the middle, what is known is answered, and the rest as `store_unavailable`.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (BatchIn): Messages to send together: `messages` alone, or `to` and the other fields,
            which are those of one message, but for `clientTag`, which names a single one.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        BatchAcceptedOut
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: BatchIn,
    idempotency_key: str | None = None,
) -> Response[BatchAcceptedOut]:
    """Send many messages

     Accepts up to 1000 messages in one request of at most 4 MiB. Each is accepted or refused for itself,
    as it would be alone: look at every item of the answer. The whole is refused only where the request
    itself is broken, or what all its messages have in common cannot be sent; then nothing was accepted.

    With an `Idempotency-Key` the request can be repeated until every item that can be accepted is:
    nothing is sent twice, and the batch keeps its id. Items whose problem is `retryable` are worth it.
    A `clientTag` guards a single message in the same way, and goes with `messages` only; a message that
    was accepted before under its tag is answered, and stays outside this batch.

    A client's rate counts messages: those beyond it are refused as `rate_limited`. If the store stops
    answering in the middle, what is known is answered, and the rest as `store_unavailable`.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (BatchIn): Messages to send together: `messages` alone, or `to` and the other fields,
            which are those of one message, but for `clientTag`, which names a single one.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[BatchAcceptedOut]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: BatchIn,
    idempotency_key: str | None = None,
) -> BatchAcceptedOut:
    """Send many messages

     Accepts up to 1000 messages in one request of at most 4 MiB. Each is accepted or refused for itself,
    as it would be alone: look at every item of the answer. The whole is refused only where the request
    itself is broken, or what all its messages have in common cannot be sent; then nothing was accepted.

    With an `Idempotency-Key` the request can be repeated until every item that can be accepted is:
    nothing is sent twice, and the batch keeps its id. Items whose problem is `retryable` are worth it.
    A `clientTag` guards a single message in the same way, and goes with `messages` only; a message that
    was accepted before under its tag is answered, and stays outside this batch.

    A client's rate counts messages: those beyond it are refused as `rate_limited`. If the store stops
    answering in the middle, what is known is answered, and the rest as `store_unavailable`.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (BatchIn): Messages to send together: `messages` alone, or `to` and the other fields,
            which are those of one message, but for `clientTag`, which names a single one.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        BatchAcceptedOut
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
