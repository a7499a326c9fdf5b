from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client, read
from ...models.call_in_in import CallInIn
from ...models.call_out_in import CallOutIn
from ...models.owner_in import OwnerIn
from ...models.owner_out import OwnerOut
from ...models.sms_code_in import SmsCodeIn
from ...models.verification_out import VerificationOut
from ...types import Response, Unset


def _get_kwargs(
    *,
    body: CallInIn | CallOutIn | OwnerIn | SmsCodeIn,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/numbers/verify",
    }

    if isinstance(body, OwnerIn):
        _kwargs["json"] = body.to_dict()
    elif isinstance(body, CallInIn):
        _kwargs["json"] = body.to_dict()
    elif isinstance(body, CallOutIn):
        _kwargs["json"] = body.to_dict()
    else:
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> OwnerOut | VerificationOut:
    if response.status_code == 200:
        response_200 = OwnerOut.from_dict(response.json())

        return response_200

    if response.status_code == 202:
        response_202 = VerificationOut.from_dict(response.json())

        return response_202

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[OwnerOut | VerificationOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=read(_parse_response, client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: CallInIn | CallOutIn | OwnerIn | SmsCodeIn,
    idempotency_key: str | None = None,
) -> Response[OwnerOut | VerificationOut]:
    """Verify a number

     Whose is this number? Four ways, told apart by `method`.

    `owner` asks a vendor whether the number still belongs to whom it belonged on a day, and answers at
    once (200). The others answer 202 with a `pending` verification. `call_in`: show the `callNumber` of
    the answer to the number's owner, who calls it; the vendor sees that the call comes from the number,
    and the verification is `verified`. One at a time for a number: a second is 409
    `verification_pending`. `call_out`: the vendor calls the number and reads out a code. `sms_code`:
    the gateway makes a code and sends it in a message, by any provider.

    Have the code typed in, and send it to `/numbers/verify/{id}/check`: 5 tries. Codes are in no
    answer, no list and no log: the message's text shows stars.

    A number can be verified ten times in an hour by a client, unless configured otherwise; more is 429.
    With a `clientTag` or an `Idempotency-Key` the request can be repeated: it answers the same
    verification as it stands now, and neither calls nor sends again.

    A vendor that cannot be reached is 503, and nothing was begun; one that refuses makes it `failed`,
    with a `reason`. Where its answer is lost, nobody knows whether it waits for the call: the
    verification is `pending` with `confirmed` false, and no second call is asked for.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (CallInIn | CallOutIn | OwnerIn | SmsCodeIn): A number, and how to verify it.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[OwnerOut | VerificationOut]
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
    body: CallInIn | CallOutIn | OwnerIn | SmsCodeIn,
    idempotency_key: str | None = None,
) -> OwnerOut | VerificationOut:
    """Verify a number

     Whose is this number? Four ways, told apart by `method`.

    `owner` asks a vendor whether the number still belongs to whom it belonged on a day, and answers at
    once (200). The others answer 202 with a `pending` verification. `call_in`: show the `callNumber` of
    the answer to the number's owner, who calls it; the vendor sees that the call comes from the number,
    and the verification is `verified`. One at a time for a number: a second is 409
    `verification_pending`. `call_out`: the vendor calls the number and reads out a code. `sms_code`:
    the gateway makes a code and sends it in a message, by any provider.

    Have the code typed in, and send it to `/numbers/verify/{id}/check`: 5 tries. Codes are in no
    answer, no list and no log: the message's text shows stars.

    A number can be verified ten times in an hour by a client, unless configured otherwise; more is 429.
    With a `clientTag` or an `Idempotency-Key` the request can be repeated: it answers the same
    verification as it stands now, and neither calls nor sends again.

    A vendor that cannot be reached is 503, and nothing was begun; one that refuses makes it `failed`,
    with a `reason`. Where its answer is lost, nobody knows whether it waits for the call: the
    verification is `pending` with `confirmed` false, and no second call is asked for.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (CallInIn | CallOutIn | OwnerIn | SmsCodeIn): A number, and how to verify it.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        OwnerOut | VerificationOut
    """

    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: CallInIn | CallOutIn | OwnerIn | SmsCodeIn,
    idempotency_key: str | None = None,
) -> Response[OwnerOut | VerificationOut]:
    """Verify a number

     Whose is this number? Four ways, told apart by `method`.

    `owner` asks a vendor whether the number still belongs to whom it belonged on a day, and answers at
    once (200). The others answer 202 with a `pending` verification. `call_in`: show the `callNumber` of
    the answer to the number's owner, who calls it; the vendor sees that the call comes from the number,
    and the verification is `verified`. One at a time for a number: a second is 409
    `verification_pending`. `call_out`: the vendor calls the number and reads out a code. `sms_code`:
    the gateway makes a code and sends it in a message, by any provider.

    Have the code typed in, and send it to `/numbers/verify/{id}/check`: 5 tries. Codes are in no
    answer, no list and no log: the message's text shows stars.

    A number can be verified ten times in an hour by a client, unless configured otherwise; more is 429.
    With a `clientTag` or an `Idempotency-Key` the request can be repeated: it answers the same
    verification as it stands now, and neither calls nor sends again.

    A vendor that cannot be reached is 503, and nothing was begun; one that refuses makes it `failed`,
    with a `reason`. Where its answer is lost, nobody knows whether it waits for the call: the
    verification is `pending` with `confirmed` false, and no second call is asked for.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (CallInIn | CallOutIn | OwnerIn | SmsCodeIn): A number, and how to verify it.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        Response[OwnerOut | VerificationOut]
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
    body: CallInIn | CallOutIn | OwnerIn | SmsCodeIn,
    idempotency_key: str | None = None,
) -> OwnerOut | VerificationOut:
    """Verify a number

     Whose is this number? Four ways, told apart by `method`.

    `owner` asks a vendor whether the number still belongs to whom it belonged on a day, and answers at
    once (200). The others answer 202 with a `pending` verification. `call_in`: show the `callNumber` of
    the answer to the number's owner, who calls it; the vendor sees that the call comes from the number,
    and the verification is `verified`. One at a time for a number: a second is 409
    `verification_pending`. `call_out`: the vendor calls the number and reads out a code. `sms_code`:
    the gateway makes a code and sends it in a message, by any provider.

    Have the code typed in, and send it to `/numbers/verify/{id}/check`: 5 tries. Codes are in no
    answer, no list and no log: the message's text shows stars.

    A number can be verified ten times in an hour by a client, unless configured otherwise; more is 429.
    With a `clientTag` or an `Idempotency-Key` the request can be repeated: it answers the same
    verification as it stands now, and neither calls nor sends again.

    A vendor that cannot be reached is 503, and nothing was begun; one that refuses makes it `failed`,
    with a `reason`. Where its answer is lost, nobody knows whether it waits for the call: the
    verification is `pending` with `confirmed` false, and no second call is asked for.

    Needs a key with the scope `send`.

    Args:
        idempotency_key (str | None):
        body (CallInIn | CallOutIn | OwnerIn | SmsCodeIn): A number, and how to verify it.

    Raises:
        GatewayError: as the calls of a Gateway do.

    Returns:
        OwnerOut | VerificationOut
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
