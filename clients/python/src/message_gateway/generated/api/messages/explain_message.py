from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.explain_out import ExplainOut
from ...models.message_in import MessageIn
from ...types import Response


def _get_kwargs(
    *,
    body: MessageIn,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/messages/explain",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> ExplainOut:
    if response.status_code == 200:
        response_200 = ExplainOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[ExplainOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: MessageIn,
) -> Response[ExplainOut]:
    """What would become of a message

     Takes the body of a message and sends nothing: says which provider would carry it and why the others
    would not, how long the text is for each, and what you should know before you send it.

    Needs a key with the scope `send`.

    Args:
        body (MessageIn): A message to send. It has either `text` or `template`; `heldBy` only
            together with `sendAt`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ExplainOut]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: MessageIn,
) -> ExplainOut:
    """What would become of a message

     Takes the body of a message and sends nothing: says which provider would carry it and why the others
    would not, how long the text is for each, and what you should know before you send it.

    Needs a key with the scope `send`.

    Args:
        body (MessageIn): A message to send. It has either `text` or `template`; `heldBy` only
            together with `sendAt`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ExplainOut
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: MessageIn,
) -> Response[ExplainOut]:
    """What would become of a message

     Takes the body of a message and sends nothing: says which provider would carry it and why the others
    would not, how long the text is for each, and what you should know before you send it.

    Needs a key with the scope `send`.

    Args:
        body (MessageIn): A message to send. It has either `text` or `template`; `heldBy` only
            together with `sendAt`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[ExplainOut]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: MessageIn,
) -> ExplainOut:
    """What would become of a message

     Takes the body of a message and sends nothing: says which provider would carry it and why the others
    would not, how long the text is for each, and what you should know before you send it.

    Needs a key with the scope `send`.

    Args:
        body (MessageIn): A message to send. It has either `text` or `template`; `heldBy` only
            together with `sendAt`.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        ExplainOut
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
