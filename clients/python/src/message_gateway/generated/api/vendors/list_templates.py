from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.template_list import TemplateList
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
        "url": "/templates",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> TemplateList:
    if response.status_code == 200:
        response_200 = TemplateList.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[TemplateList]:
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
) -> Response[TemplateList]:
    """List templates

     The texts with holes that a message may name in `template`: those of the gateway's configuration,
    then those that vendors keep. Of two with one id the configuration's counts. With `provider`, only
    that vendor's own. What a vendor keeps is known for 60 seconds: so long may a new one take.

    Needs a key with the scope `read`.

    Args:
        provider (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[TemplateList]
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
) -> TemplateList:
    """List templates

     The texts with holes that a message may name in `template`: those of the gateway's configuration,
    then those that vendors keep. Of two with one id the configuration's counts. With `provider`, only
    that vendor's own. What a vendor keeps is known for 60 seconds: so long may a new one take.

    Needs a key with the scope `read`.

    Args:
        provider (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        TemplateList
    """

    return sync_detailed(
        client=client,
        provider=provider,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    provider: str | None = None,
) -> Response[TemplateList]:
    """List templates

     The texts with holes that a message may name in `template`: those of the gateway's configuration,
    then those that vendors keep. Of two with one id the configuration's counts. With `provider`, only
    that vendor's own. What a vendor keeps is known for 60 seconds: so long may a new one take.

    Needs a key with the scope `read`.

    Args:
        provider (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[TemplateList]
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
) -> TemplateList:
    """List templates

     The texts with holes that a message may name in `template`: those of the gateway's configuration,
    then those that vendors keep. Of two with one id the configuration's counts. With `provider`, only
    that vendor's own. What a vendor keeps is known for 60 seconds: so long may a new one take.

    Needs a key with the scope `read`.

    Args:
        provider (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        TemplateList
    """

    return (
        await asyncio_detailed(
            client=client,
            provider=provider,
        )
    ).parsed
