from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.activation_in import ActivationIn
from ...models.activation_out import ActivationOut
from ...types import Response, Unset


def _get_kwargs(
    *,
    body: ActivationIn,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/activations",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ActivationOut:
    if response.status_code == 202:
        response_202 = ActivationOut.from_dict(response.json())

        return response_202

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ActivationOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: ActivationIn,
    idempotency_key: str | None = None,
) -> Response[ActivationOut]:
    """Set a rule off

     Sets the rule off, once. The answer comes when the vendor answered, or its time to do so has passed:
    `started`, `failed` (it refused), or `uncertain` (its answer is lost). It is never set off again by
    itself; an `uncertain` one becomes `started` when the vendor's notification names it within two
    minutes.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated, and the rule goes off once:
    a repeat answers the same activation as it stands now. A rule is set off once in a second, at most:
    more is 429. A vendor that cannot be reached is 503, and nothing was set off.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ActivationIn): A rule to set off.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ActivationOut]
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
    body: ActivationIn,
    idempotency_key: str | None = None,
) -> ActivationOut:
    """Set a rule off

     Sets the rule off, once. The answer comes when the vendor answered, or its time to do so has passed:
    `started`, `failed` (it refused), or `uncertain` (its answer is lost). It is never set off again by
    itself; an `uncertain` one becomes `started` when the vendor's notification names it within two
    minutes.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated, and the rule goes off once:
    a repeat answers the same activation as it stands now. A rule is set off once in a second, at most:
    more is 429. A vendor that cannot be reached is 503, and nothing was set off.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ActivationIn): A rule to set off.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ActivationOut
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: ActivationIn,
    idempotency_key: str | None = None,
) -> Response[ActivationOut]:
    """Set a rule off

     Sets the rule off, once. The answer comes when the vendor answered, or its time to do so has passed:
    `started`, `failed` (it refused), or `uncertain` (its answer is lost). It is never set off again by
    itself; an `uncertain` one becomes `started` when the vendor's notification names it within two
    minutes.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated, and the rule goes off once:
    a repeat answers the same activation as it stands now. A rule is set off once in a second, at most:
    more is 429. A vendor that cannot be reached is 503, and nothing was set off.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ActivationIn): A rule to set off.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ActivationOut]
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
    body: ActivationIn,
    idempotency_key: str | None = None,
) -> ActivationOut:
    """Set a rule off

     Sets the rule off, once. The answer comes when the vendor answered, or its time to do so has passed:
    `started`, `failed` (it refused), or `uncertain` (its answer is lost). It is never set off again by
    itself; an `uncertain` one becomes `started` when the vendor's notification names it within two
    minutes.

    With a `clientTag` or an `Idempotency-Key` the request can be repeated, and the rule goes off once:
    a repeat answers the same activation as it stands now. A rule is set off once in a second, at most:
    more is 429. A vendor that cannot be reached is 503, and nothing was set off.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (ActivationIn): A rule to set off.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ActivationOut
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
