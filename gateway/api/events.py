"""/events and /webhooks: the feed of what happened, and the endpoints that are told of it."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import HttpMethod, Response, post, route
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.activating import PREFIX as ACTIVATION
from gateway.api.drafting import ms, utc_bound
from gateway.api.event_schemas import (
    EventList,
    EventQuery,
    FeedEventOut,
    ForgottenOut,
    RedeliveredOut,
    RedeliverIn,
    WebhookList,
    WebhookOut,
    WebhookTestOut,
    webhook_out,
)
from gateway.api.messages import READ_QUERY, json, visible
from gateway.api.requests import AnyRequest, json_body, query
from gateway.api.rule_schemas import activation_out
from gateway.api.schemas import instant, message_out
from gateway.api.services import Services, caller, services
from gateway.api.verification_schemas import verification_out
from gateway.errors import Code, GatewayError, invalid
from gateway.model.activation import ActivationStatus
from gateway.model.events import BEGINNING, PATTERNS, PREFIX, TEST, Event, parse_id, public_id, wanted
from gateway.model.ids import PREFIX as MESSAGE
from gateway.model.ids import new_id
from gateway.model.message import Status
from gateway.model.verification import VerificationStatus
from gateway.settings import Webhook
from gateway.verifying import PREFIX as VERIFICATION
from gateway.webhooks.sending import Answer

GET = [HttpMethod.GET, HttpMethod.HEAD]
ADMIN = {"scope": "admin"}
LOOKED_AT = 2_000
"""Events that one request looks through for those of a type, at most."""
CHUNK = 100


async def told(here: Services, client: str, event: Event) -> FeedEventOut:
    """An event as its client is told of it: with what it is about as it was then, as far as that is kept."""
    kind, _, status = event.type.partition(".")
    about = {"message": _message, "verification": _verification, "activation": _activation}[kind]
    data = await about(here, event, status)
    return FeedEventOut(
        id=public_id(client, event.place), type=event.type, timestamp=instant(event.place.ms), data=data
    )


async def _message(here: Services, event: Event, status: str) -> dict[str, Any]:
    record = await here.store.read(event.subject)
    if record is None:
        return _gone(MESSAGE, event, status)
    state, timeline = record.state, record.timeline[: event.steps]
    out = message_out(record.id, state, record.content, timeline)
    if state.status != status:  # it went on since
        out.status, out.final, out.reason = Status(status), False, None
        out.updated_at = instant(timeline[-1].at) if timeline else out.updated_at
    return _plain(out)


async def _verification(here: Services, event: Event, status: str) -> dict[str, Any]:
    case = await here.verifying.read(event.subject)
    if case is None:
        return _gone(VERIFICATION, event, status)
    out = verification_out(case, "")
    if out.status != status:
        out.status, out.final = VerificationStatus(status), False
    return _plain(out)


async def _activation(here: Services, event: Event, status: str) -> dict[str, Any]:
    case = await here.activating.read(event.subject)
    if case is None:
        return _gone(ACTIVATION, event, status)
    out = activation_out(case)
    if out.status != status:
        out.status, out.final = ActivationStatus(status), False
    return _plain(out)


def _gone(prefix: str, event: Event, status: str) -> dict[str, Any]:
    """Past its retention: what the event itself says."""
    return _plain(ForgottenOut(prefix + event.subject, status, final=True))


def _plain(out: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(out))
    return plain


# The feed


@route("/events", http_method=GET, opt=READ_QUERY)
async def get_events(request: AnyRequest) -> Response[bytes]:
    """What happened, in order."""
    here, asked = services(request), query(request, EventQuery)
    client = visible(caller(request), asked.client)
    if asked.type is not None and asked.type not in PATTERNS:
        raise invalid("/type", f"There is no such event type; known: {', '.join(PATTERNS)}.")
    patterns = (asked.type,) if asked.type else ("*",)
    place = parse_id(client, asked.after) if asked.after else BEGINNING
    if place is None:
        raise invalid("/after", "This is no id of an event of this client.")
    found: list[Event] = []
    looked, more = 0, True
    while more and len(found) < asked.limit and looked < LOOKED_AT:
        chunk = await here.feed.after(client, place, CHUNK)
        if chunk is None:
            raise GatewayError(Code.GONE, "Events after this one are not kept any more; begin without `after`.")
        more = len(chunk) == CHUNK
        looked += len(chunk)
        for event in chunk:
            if len(found) == asked.limit:
                more = True
                break
            place = event.place
            if wanted(event.type, patterns):
                found.append(event)
    items = await asyncio.gather(*(told(here, client, event) for event in found))
    return json(EventList(list(items), public_id(client, place) if more and place != BEGINNING else None))


@post("/events/{event_id:str}/redeliver", opt=ADMIN, status_code=202)
async def redeliver_event(request: AnyRequest, event_id: FromPath[str]) -> Response[bytes]:
    """The client's endpoints are told of one event once more."""
    here = services(request)
    for client in here.settings.clients:
        place = parse_id(client, event_id)
        event = await here.feed.one(client, place) if place else None
        if event is None:
            continue
        hooks = [hook for hook in here.settings.webhooks if hook.client == client and wanted(event.type, hook.events)]
        await asyncio.gather(*(here.feed.tell_again(hook.name, client, event.place) for hook in hooks))
        return json(RedeliveredOut([hook.name for hook in hooks]), 202)
    raise NotFoundException


# Endpoints


@route("/webhooks", http_method=GET, opt=ADMIN)
async def list_webhooks(request: AnyRequest) -> Response[bytes]:
    """The configured endpoints, and how far they were told."""
    here = services(request)
    return json(WebhookList(list(await asyncio.gather(*(_shown(here, hook) for hook in here.settings.webhooks))), None))


@post("/webhooks/{name:str}/redeliver", opt=ADMIN, status_code=202)
async def redeliver_since(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """The endpoint is told of all that happened since a time once more."""
    here, hook = services(request), _named(services(request), name)
    body = await json_body(request, RedeliverIn)
    since = ms(utc_bound(body.since))  # type: ignore[arg-type]  # it is given
    assert since is not None
    await here.feed.rewind(hook.name, hook.client, max(since, 0))
    return json(await _shown(here, hook), 202)


@post("/webhooks/{name:str}/test", opt=ADMIN, status_code=200)
async def test_webhook(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """Sends a test event, once, and says what came of it."""
    here, hook = services(request), _named(services(request), name)
    await here.store.know_time()
    now = here.store.clock.now()
    id_ = PREFIX + new_id("00", now)[: -(len("00"))]
    body = msgspec.json.encode({"id": id_, "type": TEST, "timestamp": instant(now), "data": {}})
    answer: Answer = await here.teller.post(hook, id_, body)
    return json(WebhookTestOut(answer.heard, id_, answer.status or msgspec.UNSET, answer.error or msgspec.UNSET))


@post("/webhooks/{name:str}/enable", opt=ADMIN, status_code=200)
async def enable_webhook(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """An endpoint that was left alone is told again, from where it stopped."""
    here, hook = services(request), _named(services(request), name)
    await here.feed.enable(hook.name, hook.client)
    return json(await _shown(here, hook))


def _named(here: Services, name: str) -> Webhook:
    for hook in here.settings.webhooks:
        if hook.name == name:
            return hook
    raise NotFoundException


async def _shown(here: Services, hook: Webhook) -> WebhookOut:
    await here.store.know_time()
    clock = here.store.clock
    return webhook_out(hook, await here.feed.state(hook.name, hook.client), clock.now() - clock.offset_ms)


HANDLERS: tuple[HTTPRouteHandler, ...] = (
    get_events,
    redeliver_event,
    list_webhooks,
    redeliver_since,
    test_webhook,
    enable_webhook,
)
