from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.rule_numbers_in import RuleNumbersIn
from ...models.rule_numbers_out import RuleNumbersOut
from ...types import Response, Unset


def _get_kwargs(
    rule: str,
    *,
    body: RuleNumbersIn,
    if_match: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/rules/{rule}/numbers".format(
            rule=quote(str(rule), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    body: RuleNumbersIn,
    if_match: str | None = None,
) -> Response[RuleNumbersOut]:
    """Replace whom a rule calls

     Has the rule call these numbers and nobody else: the whole list is replaced. To change one entry,
    read the list, change it, and send it back with `If-Match`: where somebody else changed it
    meanwhile, it is 412 `precondition_failed`, and nothing is replaced. Changes of one rule are made
    one after the other, by all replicas.

    An empty list is 400, and so is a shorter one than the rule needs. Where the vendor's answer is lost
    (504), read the list to see which one it has.

    Needs a key with the scope `admin`.

    Args:
        rule (str):
        if_match (str | None):
        body (RuleNumbersIn): The whole list of a rule.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[RuleNumbersOut]
    """

    kwargs = _get_kwargs(
        rule=rule,
        body=body,
        if_match=if_match,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    rule: str,
    *,
    client: AuthenticatedClient,
    body: RuleNumbersIn,
    if_match: str | None = None,
) -> RuleNumbersOut:
    """Replace whom a rule calls

     Has the rule call these numbers and nobody else: the whole list is replaced. To change one entry,
    read the list, change it, and send it back with `If-Match`: where somebody else changed it
    meanwhile, it is 412 `precondition_failed`, and nothing is replaced. Changes of one rule are made
    one after the other, by all replicas.

    An empty list is 400, and so is a shorter one than the rule needs. Where the vendor's answer is lost
    (504), read the list to see which one it has.

    Needs a key with the scope `admin`.

    Args:
        rule (str):
        if_match (str | None):
        body (RuleNumbersIn): The whole list of a rule.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        RuleNumbersOut
    """

    return sync_detailed(
        rule=rule,
        client=client,
        body=body,
        if_match=if_match,
    ).parsed


async def asyncio_detailed(
    rule: str,
    *,
    client: AuthenticatedClient,
    body: RuleNumbersIn,
    if_match: str | None = None,
) -> Response[RuleNumbersOut]:
    """Replace whom a rule calls

     Has the rule call these numbers and nobody else: the whole list is replaced. To change one entry,
    read the list, change it, and send it back with `If-Match`: where somebody else changed it
    meanwhile, it is 412 `precondition_failed`, and nothing is replaced. Changes of one rule are made
    one after the other, by all replicas.

    An empty list is 400, and so is a shorter one than the rule needs. Where the vendor's answer is lost
    (504), read the list to see which one it has.

    Needs a key with the scope `admin`.

    Args:
        rule (str):
        if_match (str | None):
        body (RuleNumbersIn): The whole list of a rule.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[RuleNumbersOut]
    """

    kwargs = _get_kwargs(
        rule=rule,
        body=body,
        if_match=if_match,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    rule: str,
    *,
    client: AuthenticatedClient,
    body: RuleNumbersIn,
    if_match: str | None = None,
) -> RuleNumbersOut:
    """Replace whom a rule calls

     Has the rule call these numbers and nobody else: the whole list is replaced. To change one entry,
    read the list, change it, and send it back with `If-Match`: where somebody else changed it
    meanwhile, it is 412 `precondition_failed`, and nothing is replaced. Changes of one rule are made
    one after the other, by all replicas.

    An empty list is 400, and so is a shorter one than the rule needs. Where the vendor's answer is lost
    (504), read the list to see which one it has.

    Needs a key with the scope `admin`.

    Args:
        rule (str):
        if_match (str | None):
        body (RuleNumbersIn): The whole list of a rule.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        RuleNumbersOut
    """

    return (
        await asyncio_detailed(
            rule=rule,
            client=client,
            body=body,
            if_match=if_match,
        )
    ).parsed
