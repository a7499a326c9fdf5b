"""/reservations: messages that wait for their time, changed and canceled until then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from litestar import HttpMethod, Response, delete, patch, post, route
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta

from gateway.api.drafting import check_text, claims_of, given, ms, utc, utc_bound
from gateway.api.listing import Moment, Name, bound, no_cursor, of_tag, page, read_cursor
from gateway.api.messages import READ_QUERY, SEND, ClientQuery, accept, find, json, visible
from gateway.api.problems import problem, translate
from gateway.api.requests import AnyRequest, idempotency_key, json_body, query
from gateway.api.reservation_schemas import (
    FailedCancelOut,
    ReservationIn,
    ReservationPatchIn,
    ReservationsCanceledOut,
    ReservationsCancelIn,
)
from gateway.api.schemas import record_out
from gateway.api.services import Services, caller, services
from gateway.api.vendors import replied
from gateway.errors import invalid
from gateway.model.ids import PREFIX
from gateway.model.message import Record
from gateway.reservations import Criteria
from gateway.store.messages import claim_name
from gateway.store.roster import Place
from gateway.withdrawing import midnight

PATH = "/reservations"


class ReservationQuery(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Filters combine."""

    client_tag: Name | None = None
    group_tag: Name | None = None
    date: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    begins: Moment | None = msgspec.field(name="from", default=None)
    ends: Moment | None = msgspec.field(name="to", default=None)
    cursor: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    client: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


@post(PATH, opt=SEND, status_code=201)
async def make_reservation(request: AnyRequest) -> Response[bytes]:
    """Accepts one message to be sent later."""
    return await accept(request, await json_body(request, ReservationIn), PATH)


@route(PATH, http_method=[HttpMethod.GET, HttpMethod.HEAD], opt=READ_QUERY)
async def get_reservations(request: AnyRequest) -> Response[bytes]:
    """What waits for its time, the next one first."""
    here, asked = services(request), query(request, ReservationQuery)
    client = visible(caller(request), asked.client)
    criteria = _criteria(asked, here.settings.gateway.time_zone)
    if asked.client_tag is not None:
        if asked.cursor is not None:
            raise no_cursor()
        found = await of_tag(here.store, client, asked.client_tag)
        records = [record for record in found if record.state.client == client and criteria.fits(record)]
        return json(page(records, None))
    after = read_cursor(asked.cursor, Place) if asked.cursor else None
    records, last = await here.reservations.page(client, criteria, asked.limit, after)
    return json(page(records, last))


@route(f"{PATH}/{{message_id:str}}", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt=READ_QUERY)
async def get_reservation(request: AnyRequest, message_id: FromPath[str]) -> Response[bytes]:
    """A message that was given a `sendAt`, with its timeline. The vendor that keeps it is asked, if it can be."""
    here, asked = services(request), query(request, ClientQuery)
    record = await _find(here, message_id, visible(caller(request), asked.client))
    looked = await here.reservations.look(record)
    if looked is not record:
        looked = await _find(here, message_id, record.state.client)
    return json(record_out(looked))


@patch(f"{PATH}/{{message_id:str}}", opt=SEND)
async def change_reservation(request: AnyRequest, message_id: FromPath[str]) -> Response[bytes]:
    """Another time, or another text, for what the gateway keeps."""
    here, client = services(request), caller(request).client
    record = await _find(here, message_id, client.name)
    body = await json_body(request, ReservationPatchIn)
    text, send_at = given(body.text), given(utc("/sendAt", body.send_at))
    if text is None and send_at is None:
        raise invalid("", "Give sendAt, text, or both.")
    if text is not None:
        check_text(text)
    changed = await here.reservations.change(record, client, send_at=ms(send_at), text=text)
    return json(record_out(changed, events=False))


@delete(f"{PATH}/{{message_id:str}}", opt=SEND, status_code=200)
async def cancel_reservation(request: AnyRequest, message_id: FromPath[str]) -> Response[bytes]:
    """Cancels it, where it is kept."""
    here = services(request)
    record = await _find(here, message_id, caller(request).client.name)
    return json(record_out(await here.reservations.cancel(record), events=False))


@post(f"{PATH}/cancel", opt=SEND, status_code=200)
async def cancel_reservations(request: AnyRequest) -> Response[bytes]:
    """Cancels all that fit; nobody cancels everything by accident."""
    here, client = services(request), caller(request).client
    body = await json_body(request, ReservationsCancelIn)
    body = msgspec.structs.replace(body, begins=utc_bound(body.begins), ends=utc_bound(body.ends))
    group, begins, ends = given(body.group_tag), given(body.begins), given(body.ends)
    if group is None and begins is None and ends is None and body.all is not True:
        raise invalid("", 'Say which: groupTag, from, to, or "all": true.')
    claims = claims_of(client, f"{PATH}/cancel", None, idempotency_key(request), body)
    reply = await here.replies.find(client.name, claims)
    if reply is None:
        criteria = Criteria(group_tag=group, begins=bound(begins), ends=bound(ends))
        claim = claims.key and claim_name(client.name, "cancel", claims.key, claims.content.hex())
        done = await here.reservations.cancel_all(client.name, criteria, claim)
        request_id = str(request.scope.get("request_id", ""))
        failed = [FailedCancelOut(PREFIX + id_, problem(translate(error), request_id)) for id_, error in done.failed]
        answer = msgspec.json.encode(ReservationsCanceledOut(done.count, failed))
        reply = await here.replies.keep(client.name, claims, 200, answer)
    return replied(reply)


async def _find(here: Services, public_id: str, client: str) -> Record:
    """The reservation, if it is this client's. Another's, and a message without `sendAt`, is as absent as none."""
    record = await find(here, public_id, client)
    if not record.state.send_at:
        raise NotFoundException
    return record


def _criteria(asked: ReservationQuery, time_zone: str) -> Criteria:
    begins, ends = [bound(asked.begins)], [bound(asked.ends)]
    if asked.date is not None:
        try:
            day = date.fromisoformat(asked.date)
            begins.append(midnight(day, ZoneInfo(time_zone)))
            ends.append(midnight(day + timedelta(days=1), ZoneInfo(time_zone)))
        except (ValueError, OverflowError):
            raise invalid("/date", "There is no such day.") from None
    return Criteria(
        group_tag=asked.group_tag,
        begins=max((each for each in begins if each is not None), default=None),
        ends=min((each for each in ends if each is not None), default=None),
    )


HANDLERS: tuple[HTTPRouteHandler, ...] = (
    make_reservation,
    get_reservations,
    cancel_reservations,
    get_reservation,
    change_reservation,
    cancel_reservation,
)
