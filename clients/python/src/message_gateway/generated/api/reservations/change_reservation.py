from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.message_out import MessageOut
from ...models.reservation_patch_in import ReservationPatchIn
from ...types import Response


def _get_kwargs(
    id: str,
    *,
    body: ReservationPatchIn,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "patch",
        "url": "/reservations/{id}".format(
            id=quote(str(id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    body: ReservationPatchIn,
) -> Response[MessageOut]:
    """Change a reservation

     Another time, another text, or both, for what the gateway keeps. Once this is answered 200, the
    message is sent as changed and not otherwise; the same change again changes nothing.

    `expiresAt` moves along with `sendAt`, unless you gave it: then `sendAt` has to lie before it. A
    text takes the place of a template too, and is measured anew; where no provider can carry it the
    reservation stays as it was (422).

    What is due or was canceled is not changed, nor what a vendor keeps: 409 `not_changeable`. Cancel
    the latter, and make another one. The `clientTag` goes on naming the content it was first used for.

    Needs a key with the scope `send`.

    Args:
        id (str):
        body (ReservationPatchIn): What is to change: at least one of the two.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    body: ReservationPatchIn,
) -> MessageOut:
    """Change a reservation

     Another time, another text, or both, for what the gateway keeps. Once this is answered 200, the
    message is sent as changed and not otherwise; the same change again changes nothing.

    `expiresAt` moves along with `sendAt`, unless you gave it: then `sendAt` has to lie before it. A
    text takes the place of a template too, and is measured anew; where no provider can carry it the
    reservation stays as it was (422).

    What is due or was canceled is not changed, nor what a vendor keeps: 409 `not_changeable`. Cancel
    the latter, and make another one. The `clientTag` goes on naming the content it was first used for.

    Needs a key with the scope `send`.

    Args:
        id (str):
        body (ReservationPatchIn): What is to change: at least one of the two.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return sync_detailed(
        id=id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    body: ReservationPatchIn,
) -> Response[MessageOut]:
    """Change a reservation

     Another time, another text, or both, for what the gateway keeps. Once this is answered 200, the
    message is sent as changed and not otherwise; the same change again changes nothing.

    `expiresAt` moves along with `sendAt`, unless you gave it: then `sendAt` has to lie before it. A
    text takes the place of a template too, and is measured anew; where no provider can carry it the
    reservation stays as it was (422).

    What is due or was canceled is not changed, nor what a vendor keeps: 409 `not_changeable`. Cancel
    the latter, and make another one. The `clientTag` goes on naming the content it was first used for.

    Needs a key with the scope `send`.

    Args:
        id (str):
        body (ReservationPatchIn): What is to change: at least one of the two.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[MessageOut]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    body: ReservationPatchIn,
) -> MessageOut:
    """Change a reservation

     Another time, another text, or both, for what the gateway keeps. Once this is answered 200, the
    message is sent as changed and not otherwise; the same change again changes nothing.

    `expiresAt` moves along with `sendAt`, unless you gave it: then `sendAt` has to lie before it. A
    text takes the place of a template too, and is measured anew; where no provider can carry it the
    reservation stays as it was (422).

    What is due or was canceled is not changed, nor what a vendor keeps: 409 `not_changeable`. Cancel
    the latter, and make another one. The `clientTag` goes on naming the content it was first used for.

    Needs a key with the scope `send`.

    Args:
        id (str):
        body (ReservationPatchIn): What is to change: at least one of the two.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        MessageOut
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            body=body,
        )
    ).parsed
