from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.activation_log_out import ActivationLogOut
from ...types import UNSET, Response


def _get_kwargs(
    id: str,
    *,
    rule: str | None = None,
    client_query: str | None = None,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["rule"] = rule

    params["client"] = client_query

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/activations/{id}".format(
            id=quote(str(id), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ActivationLogOut:
    if response.status_code == 200:
        response_200 = ActivationLogOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ActivationLogOut]:
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
    rule: str | None = None,
    client_query: str | None = None,
) -> Response[ActivationLogOut]:
    """Read an activation

     An activation with what the vendor's log has of it. By its `id`; or by the vendor's own name for it
    together with `rule`, also where it was not set off through this API. Where the log cannot be read,
    `problem` says why, and the rest is answered all the same.

    Needs a key with the scope `read`.

    Args:
        id (str):
        rule (str | None):
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ActivationLogOut]
    """

    kwargs = _get_kwargs(
        id=id,
        rule=rule,
        client_query=client_query,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    id: str,
    *,
    client: AuthenticatedClient,
    rule: str | None = None,
    client_query: str | None = None,
) -> ActivationLogOut:
    """Read an activation

     An activation with what the vendor's log has of it. By its `id`; or by the vendor's own name for it
    together with `rule`, also where it was not set off through this API. Where the log cannot be read,
    `problem` says why, and the rest is answered all the same.

    Needs a key with the scope `read`.

    Args:
        id (str):
        rule (str | None):
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ActivationLogOut
    """

    return sync_detailed(
        id=id,
        client=client,
        rule=rule,
        client_query=client_query,
    ).parsed


async def asyncio_detailed(
    id: str,
    *,
    client: AuthenticatedClient,
    rule: str | None = None,
    client_query: str | None = None,
) -> Response[ActivationLogOut]:
    """Read an activation

     An activation with what the vendor's log has of it. By its `id`; or by the vendor's own name for it
    together with `rule`, also where it was not set off through this API. Where the log cannot be read,
    `problem` says why, and the rest is answered all the same.

    Needs a key with the scope `read`.

    Args:
        id (str):
        rule (str | None):
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ActivationLogOut]
    """

    kwargs = _get_kwargs(
        id=id,
        rule=rule,
        client_query=client_query,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    id: str,
    *,
    client: AuthenticatedClient,
    rule: str | None = None,
    client_query: str | None = None,
) -> ActivationLogOut:
    """Read an activation

     An activation with what the vendor's log has of it. By its `id`; or by the vendor's own name for it
    together with `rule`, also where it was not set off through this API. Where the log cannot be read,
    `problem` says why, and the rest is answered all the same.

    Needs a key with the scope `read`.

    Args:
        id (str):
        rule (str | None):
        client_query (str | None):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ActivationLogOut
    """

    return (
        await asyncio_detailed(
            id=id,
            client=client,
            rule=rule,
            client_query=client_query,
        )
    ).parsed
