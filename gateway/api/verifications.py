"""/numbers/verify: whose a number is, by a vendor's word, by a call, or by a code in a message."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog
from litestar import HttpMethod, Response, post, route
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.api.drafting import check_text, claims_of, given
from gateway.api.messages import READ_QUERY, SEND, ClientQuery, json, visible
from gateway.api.requests import AnyRequest, idempotency_key, json_body, query
from gateway.api.services import Services, caller, services
from gateway.api.verification_schemas import (
    CallInIn,
    CallOutIn,
    CheckIn,
    CheckOut,
    OwnerIn,
    OwnerOut,
    SmsCodeIn,
    VerificationIn,
    verification_out,
)
from gateway.errors import invalid
from gateway.model import codes, phone
from gateway.model.ids import parse_public
from gateway.model.verification import Verification
from gateway.model.voice import Lines
from gateway.store.cases import Case
from gateway.store.messages import claim_name
from gateway.verifying import PREFIX, Wanted

PATH = "/numbers/verify"
REPLAYED = {"idempotency-replayed": "true"}


@post(PATH, opt=SEND)
async def verify_number(request: AnyRequest) -> Response[bytes]:
    """Verifies a number. 202: it is pending; 200: the vendor's answer about its owner."""
    here, client = services(request), caller(request).client
    schema: Any = VerificationIn
    body: VerificationIn = await json_body(request, schema)
    body = _normalised(body, here.settings.gateway.default_region)
    key, tag = idempotency_key(request), given(body.client_tag)
    claims = claims_of(client, PATH, tag, key, body, kind="verification")
    structlog.contextvars.bind_contextvars(client=client.name)
    if isinstance(body, OwnerIn):
        since = _day(body.reference_date)
        result, replayed = await here.owners.ask(
            client, body.number, since, given(body.provider), tag or "", claims, lambda: _check_day(here, since)
        )
        return json(OwnerOut(result), 200, REPLAYED if replayed else None)
    case, replayed = await here.verifying.begin(client, _wanted(body), claims)
    return _answer(here, case, replayed)


@route(f"{PATH}/{{verification_id:str}}", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt=READ_QUERY)
async def get_verification(request: AnyRequest, verification_id: FromPath[str]) -> Response[bytes]:
    """Where a verification stands."""
    here, asked = services(request), query(request, ClientQuery)
    case = await _find(here, verification_id, visible(caller(request), asked.client))
    return json(verification_out(await here.verifying.look(case), _call_number(here, case)))


@post(f"{PATH}/{{verification_id:str}}/resend", opt=SEND)
async def resend_verification(request: AnyRequest, verification_id: FromPath[str]) -> Response[bytes]:
    """Another code, or another call: the code before is of no use any more."""
    here, client = services(request), caller(request).client
    case = await _find(here, verification_id, client.name)
    case, replayed = await here.resending.resend(client, case, _claim(request, case, "resend"))
    return _answer(here, case, replayed)


@post(f"{PATH}/{{verification_id:str}}/check", opt=SEND, status_code=200)
async def check_verification(request: AnyRequest, verification_id: FromPath[str]) -> Response[bytes]:
    """Tries a code."""
    here, client = services(request), caller(request).client
    case = await _find(here, verification_id, client.name)
    body = await json_body(request, CheckIn)
    verdict, repeated = await here.proving.check(case, body.code, _claim(request, case, "check"))
    assert verdict != "not_ready"
    assert verdict != "other_code"
    return json(CheckOut(verdict), 200, REPLAYED if repeated else None)


def _claim(request: AnyRequest, case: Case[Verification], verb: str) -> str:
    """What names the request, where its caller gave it an Idempotency-Key; "" otherwise."""
    key = idempotency_key(request)
    return claim_name(case.state.client, verb, case.id, key) if key else ""


def _answer(here: Services, case: Case[Verification], replayed: bool) -> Response[bytes]:
    headers = {"location": f"{PATH}/{PREFIX}{case.id}"} | (REPLAYED if replayed else {})
    return json(verification_out(case, _call_number(here, case)), 202, headers)


def _call_number(here: Services, case: Case[Verification]) -> str:
    provider = here.routing.providers.get(case.state.provider)
    return provider.call_number if provider else ""


async def _find(here: Services, public_id: str, client: str) -> Case[Verification]:
    """The verification, if it is this client's. Another's is as absent as none."""
    bare = parse_public(public_id, PREFIX)
    case = await here.verifying.read(bare) if bare else None
    if case is None or case.state.client != client or case.state.method == "owner":
        raise NotFoundException
    return case


def _normalised(body: VerificationIn, region: str) -> VerificationIn:
    """As it is compared with a repeat: its number as E.164."""
    read = phone.parse if isinstance(body, OwnerIn | SmsCodeIn) else phone.parse_any
    try:
        return msgspec.structs.replace(body, number=read(body.number, region))
    except phone.InvalidNumber as error:
        raise invalid("/number", str(error)) from None


def _wanted(body: CallInIn | CallOutIn | SmsCodeIn) -> Wanted:
    fields: dict[str, Any] = {
        "number": body.number,
        "minutes": body.valid_minutes,
        "provider": given(body.provider),
        "tag": given(body.client_tag) or "",
    }
    if isinstance(body, CallInIn | CallOutIn):
        kind = phone.kind(body.number)
        if kind == "other":  # nobody calls from a toll-free number; a call to a premium one is paid by us
            raise invalid("/number", "This is not the number of a mobile, a landline or an IP phone.")
        if isinstance(body, CallOutIn):
            lines: Lines = "mobile" if kind == "mobile" else "landline"
            return Wanted(method="call_out", lines=lines, rings=body.rings, **fields)
        text, lines = given(body.text) or "", given(body.lines) or ("any" if kind == "voip" else kind)
        check_text(text)
        if text and (lines == "landline" or kind == "landline"):
            raise invalid("/text", "A landline takes no text: leave it out.")
        if lines not in ("any", kind) and kind != "voip":
            raise invalid("/lines", f"This is the number of a {kind}: leave lines out, or write {kind} or any.")
        return Wanted(method="call_in", lines=lines, text=text, **fields)
    check_text(body.text)
    if codes.HOLE not in body.text:
        raise invalid("/text", "The text needs a place for the code: write {code} in it.")
    length = given(body.length) or codes.USUAL
    if len(codes.hide(body.text, "", 0, length)[0]) > 2000:
        raise invalid("/text", "With its code the text has more than 2000 characters.")
    return Wanted(method="sms_code", text=body.text, length=length, **fields)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("/referenceDate", "There is no such day.") from None


def _check_day(here: Services, day: date) -> None:
    """The vendor knows two years."""
    zone = ZoneInfo(here.settings.gateway.time_zone)
    today = datetime.fromtimestamp(here.store.clock.now() / 1000, zone).date()
    first = today.replace(year=today.year - 2, day=min(today.day, 28) if today.month == 2 else today.day)
    if not first <= day <= today:
        raise invalid("/referenceDate", f"The day must lie between {first} and {today}, today.")


HANDLERS: tuple[HTTPRouteHandler, ...] = (
    verify_number,
    get_verification,
    resend_verification,
    check_verification,
)
