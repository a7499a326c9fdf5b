import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.history_out import HistoryOut
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    rule: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    latest: bool | None = False,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["rule"] = rule

    json_from_: str | None = None
    if not isinstance(from_, Unset):
        json_from_ = from_.isoformat()
    params["from"] = json_from_

    json_to: str | None = None
    if not isinstance(to, Unset):
        json_to = to.isoformat()
    params["to"] = json_to

    params["latest"] = latest

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/activations",
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> HistoryOut:
    if response.status_code == 200:
        response_200 = HistoryOut.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[HistoryOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    rule: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    latest: bool | None = False,
) -> Response[HistoryOut]:
    """What rules did

     The calls and messages of all rules, of one, of its latest activation, or of a time, from the
    vendor's log; also of what was not set off through this API. A client that is narrowed to some rules
    sees those. The log lags about ten minutes: `asOf` says until when it can be relied on.

    Needs a key with the scope `read`.

    Args:
        rule (str | None):
        from_ (datetime.datetime | None):
        to (datetime.datetime | None):
        latest (bool | None):  Default: False.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[HistoryOut]
    """

    kwargs = _get_kwargs(
        rule=rule,
        from_=from_,
        to=to,
        latest=latest,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    rule: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    latest: bool | None = False,
) -> HistoryOut:
    """What rules did

     The calls and messages of all rules, of one, of its latest activation, or of a time, from the
    vendor's log; also of what was not set off through this API. A client that is narrowed to some rules
    sees those. The log lags about ten minutes: `asOf` says until when it can be relied on.

    Needs a key with the scope `read`.

    Args:
        rule (str | None):
        from_ (datetime.datetime | None):
        to (datetime.datetime | None):
        latest (bool | None):  Default: False.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        HistoryOut
    """

    return sync_detailed(
        client=client,
        rule=rule,
        from_=from_,
        to=to,
        latest=latest,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    rule: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    latest: bool | None = False,
) -> Response[HistoryOut]:
    """What rules did

     The calls and messages of all rules, of one, of its latest activation, or of a time, from the
    vendor's log; also of what was not set off through this API. A client that is narrowed to some rules
    sees those. The log lags about ten minutes: `asOf` says until when it can be relied on.

    Needs a key with the scope `read`.

    Args:
        rule (str | None):
        from_ (datetime.datetime | None):
        to (datetime.datetime | None):
        latest (bool | None):  Default: False.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[HistoryOut]
    """

    kwargs = _get_kwargs(
        rule=rule,
        from_=from_,
        to=to,
        latest=latest,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    rule: str | None = None,
    from_: datetime.datetime | None = None,
    to: datetime.datetime | None = None,
    latest: bool | None = False,
) -> HistoryOut:
    """What rules did

     The calls and messages of all rules, of one, of its latest activation, or of a time, from the
    vendor's log; also of what was not set off through this API. A client that is narrowed to some rules
    sees those. The log lags about ten minutes: `asOf` says until when it can be relied on.

    Needs a key with the scope `read`.

    Args:
        rule (str | None):
        from_ (datetime.datetime | None):
        to (datetime.datetime | None):
        latest (bool | None):  Default: False.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        HistoryOut
    """

    return (
        await asyncio_detailed(
            client=client,
            rule=rule,
            from_=from_,
            to=to,
            latest=latest,
        )
    ).parsed
