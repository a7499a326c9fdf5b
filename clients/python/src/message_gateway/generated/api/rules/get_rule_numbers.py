from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.rule_numbers_out import RuleNumbersOut
from ...types import Response


def _get_kwargs(
    rule: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/rules/{rule}/numbers".format(
            rule=quote(str(rule), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> RuleNumbersOut:
    if response.status_code == 200:
        response_200 = RuleNumbersOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[RuleNumbersOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    rule: str,
    *,
    client: AuthenticatedClient,
) -> Response[RuleNumbersOut]:
    """Whom a rule calls

     The rule's list as the vendor has it now. `ETag` names this list: sent back in `If-Match`, it keeps
    a change from undoing another one.

    Needs a key with the scope `read`.

    Args:
        rule (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[RuleNumbersOut]
    """

    kwargs = _get_kwargs(
        rule=rule,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    rule: str,
    *,
    client: AuthenticatedClient,
) -> RuleNumbersOut:
    """Whom a rule calls

     The rule's list as the vendor has it now. `ETag` names this list: sent back in `If-Match`, it keeps
    a change from undoing another one.

    Needs a key with the scope `read`.

    Args:
        rule (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        RuleNumbersOut
    """

    return sync_detailed(
        rule=rule,
        client=client,
    ).parsed


async def asyncio_detailed(
    rule: str,
    *,
    client: AuthenticatedClient,
) -> Response[RuleNumbersOut]:
    """Whom a rule calls

     The rule's list as the vendor has it now. `ETag` names this list: sent back in `If-Match`, it keeps
    a change from undoing another one.

    Needs a key with the scope `read`.

    Args:
        rule (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[RuleNumbersOut]
    """

    kwargs = _get_kwargs(
        rule=rule,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    rule: str,
    *,
    client: AuthenticatedClient,
) -> RuleNumbersOut:
    """Whom a rule calls

     The rule's list as the vendor has it now. `ETag` names this list: sent back in `If-Match`, it keeps
    a change from undoing another one.

    Needs a key with the scope `read`.

    Args:
        rule (str):

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        RuleNumbersOut
    """

    return (
        await asyncio_detailed(
            rule=rule,
            client=client,
        )
    ).parsed
