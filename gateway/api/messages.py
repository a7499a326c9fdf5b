"""/messages: accept, read, list, cancel, erase."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
import structlog
from litestar import HttpMethod, Response, delete, post, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import Meta

from gateway.accepting import Acceptance, rate_headers
from gateway.api.auth import Caller
from gateway.api.drafting import claims_of, draft_of, given, normalise
from gateway.api.listing import ListQuery, list_messages
from gateway.api.requests import AnyRequest, idempotency_key, json_body, preferred_wait, query
from gateway.api.schemas import MessageIn, explain_out, message_out, record_out
from gateway.api.services import Services, caller, services
from gateway.errors import Code, GatewayError, invalid
from gateway.model.ids import PREFIX, parse_public
from gateway.model.message import Record, Status
from gateway.store.messages import claim_name

SEND = {"scope": "send"}
READ = {"scope": "read"}
READ_QUERY = {"scope": "read", "query": True}


def json(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json", headers=headers)


@post("/messages", opt=SEND)
async def send_message(request: AnyRequest) -> Response[bytes]:
    """Accepts one message. 202: it is durable, and will be sent once."""
    return await accept(request, await json_body(request, MessageIn), "/messages")


async def accept(request: AnyRequest, body: MessageIn, path: str) -> Response[bytes]:
    """The answer to a request for one message. `path`: where its Idempotency-Key counts."""
    here, who = services(request), caller(request)
    body = normalise(body, here.settings.gateway.default_region)
    wait = 0 if given(body.send_at) else preferred_wait(request)
    draw = partial(draft_of, body, here.settings)
    claims = claims_of(who.client, path, given(body.client_tag), idempotency_key(request), body)
    id_ = await here.acceptor.new_id(who.client)
    structlog.contextvars.bind_contextvars(message_id=f"{PREFIX}{id_}", client=who.client.name)
    if not wait:
        return await _answer(here, await here.acceptor.accept(id_, who.client, draw, claims), None, who)
    announced = await here.answers.expect(id_)
    try:
        accepted = await here.acceptor.accept(id_, who.client, draw, claims, wait * 1000)
        if accepted.state is not None:
            await here.answers.wait(id_, announced, wait)
    finally:
        here.answers.forget(id_, announced)
    record = await (_await_replay(here, accepted.id, wait) if accepted.state is None else known(here, accepted.id))
    return await _answer(here, accepted, record, who)


@post("/messages/explain", opt=SEND, status_code=200)
async def explain_message(request: AnyRequest) -> Response[bytes]:
    """What would become of a message, and why. Sends nothing."""
    here, who = services(request), caller(request)
    body = normalise(await json_body(request, MessageIn), here.settings.gateway.default_region)
    draft = draft_of(body, here.settings)
    found = await here.acceptor.explain(who.client, draft)
    guarantee = here.routing.providers[found.able[0]].guarantee if found.able else None
    return json(explain_out(found, guarantee))


async def known(here: Services, id_: str) -> Record:
    record = await here.store.read(id_)
    if record is None:
        raise GatewayError(Code.NOT_FOUND, "This message is past its retention.")
    return record


async def _await_replay(here: Services, id_: str, wait: int) -> Record:
    """A repeat waits on the message that the first request made."""
    announced = await here.answers.expect(id_)
    try:
        record = await here.recorder.watch(await known(here, id_))
        if not record.state.answered_at:
            await here.answers.wait(id_, announced, wait)
    finally:
        here.answers.forget(id_, announced)
    return await known(here, id_)


async def _answer(here: Services, accepted: Acceptance, record: Record | None, who: Caller) -> Response[bytes]:
    headers: dict[str, str] = {}
    if who.client.rate and accepted.left >= 0:
        headers |= rate_headers(who.client, accepted.left)
    replayed = accepted.state is None
    if replayed:
        headers["idempotency-replayed"] = "true"
        record = record or await known(here, accepted.id)
    if record is None:
        assert accepted.state is not None
        assert accepted.content is not None
        state, content = accepted.state, accepted.content
    else:
        state, content = record.state, record.content
    waited = record is not None and (not replayed or 0 < state.answered_at <= state.wait_until)
    created = bool(state.send_at) or (waited and state.answered_at > 0)
    headers["location"] = f"/{'reservations' if state.send_at else 'messages'}/{PREFIX}{accepted.id}"
    return json(message_out(accepted.id, state, content), 201 if created else 202, headers)


class ClientQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Whose record is asked for."""

    client: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class ReadQuery(msgspec.Struct, forbid_unknown_fields=True):
    refresh: bool = False
    client: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


def visible(who: Caller, client: str | None) -> str:
    """Whose records a request may see: its own client's; another's only as admin, by name."""
    if client is not None and client != who.client.name and "admin" not in who.scopes:
        raise GatewayError(Code.FORBIDDEN, "Another client's records need a key with the scope admin.")
    return client or who.client.name


async def find(here: Services, public_id: str, client: str) -> Record:
    """The message, if it is this client's. Another's is as absent as none."""
    bare = parse_public(public_id)
    record = await here.store.read(bare) if bare else None
    if record is None or record.state.client != client:
        raise NotFoundException
    return record


@route("/messages/{message_id:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt=READ_QUERY)
async def get_message(request: AnyRequest, message_id: FromPath[str]) -> Response[bytes]:
    """A message with its timeline. `refresh=true` asks the vendor first, where it can be asked."""
    here, asked = services(request), query(request, ReadQuery)
    record = await find(here, message_id, visible(caller(request), asked.client))
    provider = here.settings.providers.get(record.state.provider)
    news = record.state.fence and record.state.status is not Status.DELIVERED
    askable = provider is not None and provider.capabilities.status_query
    if asked.refresh and news and askable:
        turn = partial(here.availability.turn, record.state.provider)
        await here.recorder.inquire(here.transport, record, turn)
        record = await known(here, record.id)
    return json(record_out(record))


@route("/messages", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt=READ_QUERY)
async def get_messages(request: AnyRequest) -> Response[bytes]:
    """Messages of this client, newest first."""
    here, asked = services(request), query(request, ListQuery)
    client = visible(caller(request), asked.client)
    if asked.provider is not None and asked.provider not in here.settings.providers:
        raise invalid("/provider", "There is no provider of this name.")
    return json(await list_messages(here.store, here.batches, client, asked, here.settings.gateway))


@post("/messages/{message_id:str}/cancel", opt=SEND)
async def cancel_message(request: AnyRequest, message_id: FromPath[str]) -> Response[bytes]:
    """Cancels what provably has not left."""
    here = services(request)
    record = await find(here, message_id, caller(request).client.name)
    key = idempotency_key(request)
    claim = claim_name(record.state.client, "cancel", key) if key else ""
    if claim and f"{claim} " in record.state.claims:
        return json(record_out(record, events=False), headers={"idempotency-replayed": "true"})
    return json(record_out(await here.reservations.cancel(record, claim), events=False))


@delete("/messages/{message_id:str}/content", opt=SEND, status_code=200)
async def erase_content(request: AnyRequest, message_id: FromPath[str]) -> Response[bytes]:
    """Erases text, numbers and metadata of a final message; the record stays."""
    here = services(request)
    record = await find(here, message_id, caller(request).client.name)
    if not record.state.final_at:
        raise GatewayError(
            Code.NOT_CHANGEABLE, "The message is not final yet: its content is still needed.", message_id=message_id
        )
    return json(record_out(await here.recorder.erase(record), events=False))


HANDLERS = (
    send_message,
    explain_message,
    get_messages,
    get_message,
    cancel_message,
    erase_content,
)
