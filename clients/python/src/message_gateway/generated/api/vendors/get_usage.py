from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.usage_list import UsageList
from ...types import UNSET, Response


def _get_kwargs(
    *,
    month: str | None = None,
    provider: str | None = None,
    client_query: str | None = None,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["month"] = month

    params["provider"] = provider

    params["client"] = client_query

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/usage",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> UsageList:
    if response.status_code == 200:
        response_200 = UsageList.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[UsageList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    month: str | None = None,
    provider: str | None = None,
    client_query: str | None = None,
) -> Response[UsageList]:
    """A month's messages

     Your client's messages accepted in a month, by provider, carrier and status, beside the parts the
    vendors bill. The two need not agree: the vendor counts the whole account, parts of messages and
    only what was delivered, up to `billedAsOf`; its invoice prevails. Your own counts are kept for 400
    days. A vendor that cannot be asked is among the `problems`; one that is pinned by `provider` fails
    the request.

    Needs a key with the scope `read`.

    Args:
        month (str | None):
        provider (str | None):
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[UsageList]
    """

    kwargs = _get_kwargs(
        month=month,
        provider=provider,
        client_query=client_query,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    month: str | None = None,
    provider: str | None = None,
    client_query: str | None = None,
) -> UsageList:
    """A month's messages

     Your client's messages accepted in a month, by provider, carrier and status, beside the parts the
    vendors bill. The two need not agree: the vendor counts the whole account, parts of messages and
    only what was delivered, up to `billedAsOf`; its invoice prevails. Your own counts are kept for 400
    days. A vendor that cannot be asked is among the `problems`; one that is pinned by `provider` fails
    the request.

    Needs a key with the scope `read`.

    Args:
        month (str | None):
        provider (str | None):
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        UsageList
    """

    return sync_detailed(
        client=client,
        month=month,
        provider=provider,
        client_query=client_query,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    month: str | None = None,
    provider: str | None = None,
    client_query: str | None = None,
) -> Response[UsageList]:
    """A month's messages

     Your client's messages accepted in a month, by provider, carrier and status, beside the parts the
    vendors bill. The two need not agree: the vendor counts the whole account, parts of messages and
    only what was delivered, up to `billedAsOf`; its invoice prevails. Your own counts are kept for 400
    days. A vendor that cannot be asked is among the `problems`; one that is pinned by `provider` fails
    the request.

    Needs a key with the scope `read`.

    Args:
        month (str | None):
        provider (str | None):
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[UsageList]
    """

    kwargs = _get_kwargs(
        month=month,
        provider=provider,
        client_query=client_query,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    month: str | None = None,
    provider: str | None = None,
    client_query: str | None = None,
) -> UsageList:
    """A month's messages

     Your client's messages accepted in a month, by provider, carrier and status, beside the parts the
    vendors bill. The two need not agree: the vendor counts the whole account, parts of messages and
    only what was delivered, up to `billedAsOf`; its invoice prevails. Your own counts are kept for 400
    days. A vendor that cannot be asked is among the `problems`; one that is pinned by `provider` fails
    the request.

    Needs a key with the scope `read`.

    Args:
        month (str | None):
        provider (str | None):
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        UsageList
    """

    return (
        await asyncio_detailed(
            client=client,
            month=month,
            provider=provider,
            client_query=client_query,
        )
    ).parsed
