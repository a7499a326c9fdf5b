from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.rule_list import RuleList
from ...types import Response


def _get_kwargs() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/rules",
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> RuleList:
    if response.status_code == 200:
        response_200 = RuleList.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[RuleList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[RuleList]:
    """List rules

     The rules (call trees) that your client may use. They are set up at the vendor; the configuration
    gives them their names.

    Needs a key with the scope `read`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[RuleList]
    """

    kwargs = _get_kwargs()

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
) -> RuleList:
    """List rules

     The rules (call trees) that your client may use. They are set up at the vendor; the configuration
    gives them their names.

    Needs a key with the scope `read`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        RuleList
    """

    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
) -> Response[RuleList]:
    """List rules

     The rules (call trees) that your client may use. They are set up at the vendor; the configuration
    gives them their names.

    Needs a key with the scope `read`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[RuleList]
    """

    kwargs = _get_kwargs()

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
) -> RuleList:
    """List rules

     The rules (call trees) that your client may use. They are set up at the vendor; the configuration
    gives them their names.

    Needs a key with the scope `read`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        RuleList
    """

    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
