from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.check_in import CheckIn
from ...models.check_out import CheckOut
from ...types import Response, Unset


def _get_kwargs(
    id: str,
    *,
    body: CheckIn,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/numbers/verify/{id}/check".format(
            id=quote(str(id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> CheckOut:
    if response.status_code == 200:
        response_200 = CheckOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[CheckOut]:
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
    body: CheckIn,
    idempotency_key: str | None = None,
) -> Response[CheckOut]:
    """Try a code

     Says whether a code is the one that was sent or read out. A right one verifies the number, once;
    after 5 wrong ones the verification is `failed`. Where the vendor of a `call_out` has not told its
    code yet, it is 409 `verification_not_ready`, and no try is used.

    To repeat a request whose answer did not arrive, send it with the same `Idempotency-Key`: it is
    answered the same, and uses no other try.

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):
        body (CheckIn): A code as somebody typed it.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[CheckOut]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
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
    body: CheckIn,
    idempotency_key: str | None = None,
) -> CheckOut:
    """Try a code

     Says whether a code is the one that was sent or read out. A right one verifies the number, once;
    after 5 wrong ones the verification is `failed`. Where the vendor of a `call_out` has not told its
    code yet, it is 409 `verification_not_ready`, and no try is used.

    To repeat a request whose answer did not arrive, send it with the same `Idempotency-Key`: it is
    answered the same, and uses no other try.

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):
        body (CheckIn): A code as somebody typed it.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        CheckOut
    """

    return sync_detailed(
        id=id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    body: CheckIn,
    idempotency_key: str | None = None,
) -> Response[CheckOut]:
    """Try a code

     Says whether a code is the one that was sent or read out. A right one verifies the number, once;
    after 5 wrong ones the verification is `failed`. Where the vendor of a `call_out` has not told its
    code yet, it is 409 `verification_not_ready`, and no try is used.

    To repeat a request whose answer did not arrive, send it with the same `Idempotency-Key`: it is
    answered the same, and uses no other try.

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):
        body (CheckIn): A code as somebody typed it.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[CheckOut]
    """

    kwargs = _get_kwargs(
        id=id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    body: CheckIn,
    idempotency_key: str | None = None,
) -> CheckOut:
    """Try a code

     Says whether a code is the one that was sent or read out. A right one verifies the number, once;
    after 5 wrong ones the verification is `failed`. Where the vendor of a `call_out` has not told its
    code yet, it is 409 `verification_not_ready`, and no try is used.

    To repeat a request whose answer did not arrive, send it with the same `Idempotency-Key`: it is
    answered the same, and uses no other try.

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):
        body (CheckIn): A code as somebody typed it.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        CheckOut
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
