from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.verification_out import VerificationOut
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
        "url": "/numbers/verify/{id}/resend".format(
            id=quote(str(id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> VerificationOut:
    if response.status_code == 202:
        response_202 = VerificationOut.from_dict(response.json())

        return response_202

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[VerificationOut]:
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
) -> Response[VerificationOut]:
    """Send another code, or call again

     `sms_code`: a new code in a new message. `call_out`: a new call. The code before is of no use any
    more, the tries begin anew, and it is valid for as many minutes again. Counts for the number's
    limit. What is not pending any more is 409 `not_changeable`; a `call_in` has nothing to be sent
    again (400).

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[VerificationOut]
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
) -> VerificationOut:
    """Send another code, or call again

     `sms_code`: a new code in a new message. `call_out`: a new call. The code before is of no use any
    more, the tries begin anew, and it is valid for as many minutes again. Counts for the number's
    limit. What is not pending any more is 409 `not_changeable`; a `call_in` has nothing to be sent
    again (400).

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        VerificationOut
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
) -> Response[VerificationOut]:
    """Send another code, or call again

     `sms_code`: a new code in a new message. `call_out`: a new call. The code before is of no use any
    more, the tries begin anew, and it is valid for as many minutes again. Counts for the number's
    limit. What is not pending any more is 409 `not_changeable`; a `call_in` has nothing to be sent
    again (400).

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[VerificationOut]
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
) -> VerificationOut:
    """Send another code, or call again

     `sms_code`: a new code in a new message. `call_out`: a new call. The code before is of no use any
    more, the tries begin anew, and it is valid for as many minutes again. Counts for the number's
    limit. What is not pending any more is 409 `not_changeable`; a `call_in` has nothing to be sent
    again (400).

    Needs a key with the scope `send`.

    Args:
        id (str):
        idempotency_key (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        VerificationOut
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            idempotency_key=idempotency_key,
        )
    ).parsed
