from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.message_out import MessageOut
from ...models.reservation_in import ReservationIn
from ...types import Response, Unset


def _get_kwargs(
    *,
    body: ReservationIn,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/reservations",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> MessageOut:
    if response.status_code == 201:
        response_201 = MessageOut.from_dict(response.json())

        return response_201

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
    body: ReservationIn,
    idempotency_key: str | None = None,
) -> Response[MessageOut]:
    """Send a message later

     Accepts one message to be sent at `sendAt`, at most 90 days ahead. It is a message like others,
    under the same `id` at `/messages/{id}` too; `POST /messages` with `sendAt` makes the same one and
    answers the same. `Prefer` is ignored, for nobody can wait so long.

    `heldBy` says who keeps it until its time. The `gateway`, unless the operator configured otherwise:
    it is stored durably, can be changed and canceled to the last moment whatever vendor will send it,
    is never sent early, and its provider is chosen when it is due. Or a `provider`: the vendor is given
    the message at once, and sends it by its own clock even while the gateway is down. With `"heldBy":
    "provider"` the request is refused (422 `unsupported`) where no vendor that may carry the message
    keeps any until then; where only the configuration says so, the gateway keeps it.

    Vendors differ; `GET /providers` tells how. One that knows whole minutes only drops the seconds:
    `sendAt` in the answer is the time that the vendor keeps. One that has to have the message 30
    minutes ahead cannot keep an earlier one. One that lets go of nothing it has makes `cancelableUntil`
    null. Where a handover does not come about in time, the gateway keeps the message after all, and
    `heldBy` says so.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, even after
    `sendAt` has passed or the reservation was changed: a repeat answers the same reservation as it
    stands now. A `clientTag` is the same one at `POST /messages`.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ReservationIn): A message to send later. It has either `text` or `template`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
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
    body: ReservationIn,
    idempotency_key: str | None = None,
) -> MessageOut:
    """Send a message later

     Accepts one message to be sent at `sendAt`, at most 90 days ahead. It is a message like others,
    under the same `id` at `/messages/{id}` too; `POST /messages` with `sendAt` makes the same one and
    answers the same. `Prefer` is ignored, for nobody can wait so long.

    `heldBy` says who keeps it until its time. The `gateway`, unless the operator configured otherwise:
    it is stored durably, can be changed and canceled to the last moment whatever vendor will send it,
    is never sent early, and its provider is chosen when it is due. Or a `provider`: the vendor is given
    the message at once, and sends it by its own clock even while the gateway is down. With `"heldBy":
    "provider"` the request is refused (422 `unsupported`) where no vendor that may carry the message
    keeps any until then; where only the configuration says so, the gateway keeps it.

    Vendors differ; `GET /providers` tells how. One that knows whole minutes only drops the seconds:
    `sendAt` in the answer is the time that the vendor keeps. One that has to have the message 30
    minutes ahead cannot keep an earlier one. One that lets go of nothing it has makes `cancelableUntil`
    null. Where a handover does not come about in time, the gateway keeps the message after all, and
    `heldBy` says so.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, even after
    `sendAt` has passed or the reservation was changed: a repeat answers the same reservation as it
    stands now. A `clientTag` is the same one at `POST /messages`.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ReservationIn): A message to send later. It has either `text` or `template`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ReservationIn,
    idempotency_key: str | None = None,
) -> Response[MessageOut]:
    """Send a message later

     Accepts one message to be sent at `sendAt`, at most 90 days ahead. It is a message like others,
    under the same `id` at `/messages/{id}` too; `POST /messages` with `sendAt` makes the same one and
    answers the same. `Prefer` is ignored, for nobody can wait so long.

    `heldBy` says who keeps it until its time. The `gateway`, unless the operator configured otherwise:
    it is stored durably, can be changed and canceled to the last moment whatever vendor will send it,
    is never sent early, and its provider is chosen when it is due. Or a `provider`: the vendor is given
    the message at once, and sends it by its own clock even while the gateway is down. With `"heldBy":
    "provider"` the request is refused (422 `unsupported`) where no vendor that may carry the message
    keeps any until then; where only the configuration says so, the gateway keeps it.

    Vendors differ; `GET /providers` tells how. One that knows whole minutes only drops the seconds:
    `sendAt` in the answer is the time that the vendor keeps. One that has to have the message 30
    minutes ahead cannot keep an earlier one. One that lets go of nothing it has makes `cancelableUntil`
    null. Where a handover does not come about in time, the gateway keeps the message after all, and
    `heldBy` says so.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, even after
    `sendAt` has passed or the reservation was changed: a repeat answers the same reservation as it
    stands now. A `clientTag` is the same one at `POST /messages`.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ReservationIn): A message to send later. It has either `text` or `template`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
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
    body: ReservationIn,
    idempotency_key: str | None = None,
) -> MessageOut:
    """Send a message later

     Accepts one message to be sent at `sendAt`, at most 90 days ahead. It is a message like others,
    under the same `id` at `/messages/{id}` too; `POST /messages` with `sendAt` makes the same one and
    answers the same. `Prefer` is ignored, for nobody can wait so long.

    `heldBy` says who keeps it until its time. The `gateway`, unless the operator configured otherwise:
    it is stored durably, can be changed and canceled to the last moment whatever vendor will send it,
    is never sent early, and its provider is chosen when it is due. Or a `provider`: the vendor is given
    the message at once, and sends it by its own clock even while the gateway is down. With `"heldBy":
    "provider"` the request is refused (422 `unsupported`) where no vendor that may carry the message
    keeps any until then; where only the configuration says so, the gateway keeps it.

    Vendors differ; `GET /providers` tells how. One that knows whole minutes only drops the seconds:
    `sendAt` in the answer is the time that the vendor keeps. One that has to have the message 30
    minutes ahead cannot keep an earlier one. One that lets go of nothing it has makes `cancelableUntil`
    null. Where a handover does not come about in time, the gateway keeps the message after all, and
    `heldBy` says so.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated until it succeeds, even after
    `sendAt` has passed or the reservation was changed: a repeat answers the same reservation as it
    stands now. A `clientTag` is the same one at `POST /messages`.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ReservationIn): A message to send later. It has either `text` or `template`.

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
        )
    ).parsed
