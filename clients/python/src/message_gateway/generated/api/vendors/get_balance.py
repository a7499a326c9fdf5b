from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.balance_list import BalanceList
from ...types import UNSET, Response


def _get_kwargs(
    *,
    provider: str | None = None,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["provider"] = provider

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/balance",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> BalanceList:
    if response.status_code == 200:
        response_200 = BalanceList.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[BalanceList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    provider: str | None = None,
) -> Response[BalanceList]:
    """What is left on the vendor accounts

     Asks every vendor that tells a balance, at once. Where one may not be asked now (it is paused, or
    asked as often as it may be), what it said last is answered, with its time. A provider that fails
    has a `problem` in the list; one that is pinned by `provider` fails the request.

    Needs a key with the scope `read`.

    Args:
        provider (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[BalanceList]
    """

    kwargs = _get_kwargs(
        provider=provider,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    provider: str | None = None,
) -> BalanceList:
    """What is left on the vendor accounts

     Asks every vendor that tells a balance, at once. Where one may not be asked now (it is paused, or
    asked as often as it may be), what it said last is answered, with its time. A provider that fails
    has a `problem` in the list; one that is pinned by `provider` fails the request.

    Needs a key with the scope `read`.

    Args:
        provider (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        BalanceList
    """

    return sync_detailed(
        client=client,
        provider=provider,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    provider: str | None = None,
) -> Response[BalanceList]:
    """What is left on the vendor accounts

     Asks every vendor that tells a balance, at once. Where one may not be asked now (it is paused, or
    asked as often as it may be), what it said last is answered, with its time. A provider that fails
    has a `problem` in the list; one that is pinned by `provider` fails the request.

    Needs a key with the scope `read`.

    Args:
        provider (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[BalanceList]
    """

    kwargs = _get_kwargs(
        provider=provider,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    provider: str | None = None,
) -> BalanceList:
    """What is left on the vendor accounts

     Asks every vendor that tells a balance, at once. Where one may not be asked now (it is paused, or
    asked as often as it may be), what it said last is answered, with its time. A provider that fails
    has a `problem` in the list; one that is pinned by `provider` fails the request.

    Needs a key with the scope `read`.

    Args:
        provider (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        BalanceList
    """

    return (
        await asyncio_detailed(
            client=client,
            provider=provider,
        )
    ).parsed
