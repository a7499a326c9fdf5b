from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.reservations_cancel_in import ReservationsCancelIn
from ...models.reservations_canceled_out import ReservationsCanceledOut
from ...types import Response, Unset


def _get_kwargs(
    *,
    body: ReservationsCancelIn,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/reservations/cancel",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ReservationsCanceledOut:
    if response.status_code == 200:
        response_200 = ReservationsCanceledOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ReservationsCanceledOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ReservationsCancelIn,
    idempotency_key: str | None = None,
) -> Response[ReservationsCanceledOut]:
    """Cancel many reservations

     Cancels every reservation that still waits for its time and fits all the conditions given. With none
    of them `"all": true` has to say so: nobody cancels everything by accident. Each is canceled for
    itself, wherever it is kept, as `DELETE /reservations/{id}` does: what cannot be canceled is told
    with the reason, and keeps no other from it.

    With an `Idempotency-Key` the request can be repeated, and answers the count of the first time.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ReservationsCancelIn): Which reservations: all that fit every condition given, of
            which `from` includes its moment, and `to` does not. Without any condition, `all` has to
            be `true`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ReservationsCanceledOut]
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
    body: ReservationsCancelIn,
    idempotency_key: str | None = None,
) -> ReservationsCanceledOut:
    """Cancel many reservations

     Cancels every reservation that still waits for its time and fits all the conditions given. With none
    of them `"all": true` has to say so: nobody cancels everything by accident. Each is canceled for
    itself, wherever it is kept, as `DELETE /reservations/{id}` does: what cannot be canceled is told
    with the reason, and keeps no other from it.

    With an `Idempotency-Key` the request can be repeated, and answers the count of the first time.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ReservationsCancelIn): Which reservations: all that fit every condition given, of
            which `from` includes its moment, and `to` does not. Without any condition, `all` has to
            be `true`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ReservationsCanceledOut
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ReservationsCancelIn,
    idempotency_key: str | None = None,
) -> Response[ReservationsCanceledOut]:
    """Cancel many reservations

     Cancels every reservation that still waits for its time and fits all the conditions given. With none
    of them `"all": true` has to say so: nobody cancels everything by accident. Each is canceled for
    itself, wherever it is kept, as `DELETE /reservations/{id}` does: what cannot be canceled is told
    with the reason, and keeps no other from it.

    With an `Idempotency-Key` the request can be repeated, and answers the count of the first time.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ReservationsCancelIn): Which reservations: all that fit every condition given, of
            which `from` includes its moment, and `to` does not. Without any condition, `all` has to
            be `true`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ReservationsCanceledOut]
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
    body: ReservationsCancelIn,
    idempotency_key: str | None = None,
) -> ReservationsCanceledOut:
    """Cancel many reservations

     Cancels every reservation that still waits for its time and fits all the conditions given. With none
    of them `"all": true` has to say so: nobody cancels everything by accident. Each is canceled for
    itself, wherever it is kept, as `DELETE /reservations/{id}` does: what cannot be canceled is told
    with the reason, and keeps no other from it.

    With an `Idempotency-Key` the request can be repeated, and answers the count of the first time.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ReservationsCancelIn): Which reservations: all that fit every condition given, of
            which `from` includes its moment, and `to` does not. Without any condition, `all` has to
            be `true`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ReservationsCanceledOut
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
