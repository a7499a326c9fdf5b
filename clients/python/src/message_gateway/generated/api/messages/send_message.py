from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.message_in import MessageIn
from ...models.message_out import MessageOut
from ...types import Response, Unset


def _get_kwargs(
    *,
    body: MessageIn,
    idempotency_key: str | None = None,
    prefer: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    if not isinstance(prefer, Unset):
        headers["Prefer"] = prefer

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/messages",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> MessageOut:
    if response.status_code == 201:
        response_201 = MessageOut.from_dict(response.json())

        return response_201

    if response.status_code == 202:
        response_202 = MessageOut.from_dict(response.json())

        return response_202

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[MessageOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: MessageIn,
    idempotency_key: str | None = None,
    prefer: str | None = None,
) -> Response[MessageOut]:
    """Send a message

     Accepts one message. Once it is answered it is stored durably and will be sent; follow it by its
    `id`.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, and there
    is one message all the same: a repeat answers the same message as it stands now. The same tag with
    other content is 409, the same key with other content 422. A refused request claims neither.

    With `Prefer: wait=10` the answer says what the vendor said, if it says it in time. With `sendAt`
    the message is a reservation: it is kept until then, and the answer is exactly that of `POST
    /reservations`, which tells more.

    A `template` that the configuration does not have is asked for at the vendors; where one does not
    tell, nothing is accepted: 502, 503 or 504.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        prefer (str | None):
        body (MessageIn): A message to send. It has either `text` or `template`; `heldBy` only
            together with `sendAt`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
        prefer=prefer,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: MessageIn,
    idempotency_key: str | None = None,
    prefer: str | None = None,
) -> MessageOut:
    """Send a message

     Accepts one message. Once it is answered it is stored durably and will be sent; follow it by its
    `id`.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, and there
    is one message all the same: a repeat answers the same message as it stands now. The same tag with
    other content is 409, the same key with other content 422. A refused request claims neither.

    With `Prefer: wait=10` the answer says what the vendor said, if it says it in time. With `sendAt`
    the message is a reservation: it is kept until then, and the answer is exactly that of `POST
    /reservations`, which tells more.

    A `template` that the configuration does not have is asked for at the vendors; where one does not
    tell, nothing is accepted: 502, 503 or 504.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        prefer (str | None):
        body (MessageIn): A message to send. It has either `text` or `template`; `heldBy` only
            together with `sendAt`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
        prefer=prefer,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: MessageIn,
    idempotency_key: str | None = None,
    prefer: str | None = None,
) -> Response[MessageOut]:
    """Send a message

     Accepts one message. Once it is answered it is stored durably and will be sent; follow it by its
    `id`.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, and there
    is one message all the same: a repeat answers the same message as it stands now. The same tag with
    other content is 409, the same key with other content 422. A refused request claims neither.

    With `Prefer: wait=10` the answer says what the vendor said, if it says it in time. With `sendAt`
    the message is a reservation: it is kept until then, and the answer is exactly that of `POST
    /reservations`, which tells more.

    A `template` that the configuration does not have is asked for at the vendors; where one does not
    tell, nothing is accepted: 502, 503 or 504.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        prefer (str | None):
        body (MessageIn): A message to send. It has either `text` or `template`; `heldBy` only
            together with `sendAt`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
    """

    kwargs = _get_kwargs(
        body=body,
        idempotency_key=idempotency_key,
        prefer=prefer,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: MessageIn,
    idempotency_key: str | None = None,
    prefer: str | None = None,
) -> MessageOut:
    """Send a message

     Accepts one message. Once it is answered it is stored durably and will be sent; follow it by its
    `id`.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, and there
    is one message all the same: a repeat answers the same message as it stands now. The same tag with
    other content is 409, the same key with other content 422. A refused request claims neither.

    With `Prefer: wait=10` the answer says what the vendor said, if it says it in time. With `sendAt`
    the message is a reservation: it is kept until then, and the answer is exactly that of `POST
    /reservations`, which tells more.

    A `template` that the configuration does not have is asked for at the vendors; where one does not
    tell, nothing is accepted: 502, 503 or 504.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        prefer (str | None):
        body (MessageIn): A message to send. It has either `text` or `template`; `heldBy` only
            together with `sendAt`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
            prefer=prefer,
        )
    ).parsed
