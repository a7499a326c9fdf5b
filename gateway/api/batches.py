"""/messages/batch and /batches: many messages at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from itertools import pairwise

import msgspec
import structlog
from litestar import HttpMethod, Response, post, route
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import structs

from gateway.accepting import rate_headers
from gateway.api.batch_bodies import Asked, read_batch
from gateway.api.batch_schemas import BatchAcceptedOut, BatchItemOut, BatchOut
from gateway.api.drafting import claims_of, draft_of, given
from gateway.api.messages import READ_QUERY, SEND, ClientQuery, json, known, visible
from gateway.api.problems import Problem, problem, problem_headers, translate
from gateway.api.requests import AnyRequest, idempotency_key, query
from gateway.api.schemas import MessageOut, instant, message_out, record_out
from gateway.api.services import Services, caller, services
from gateway.errors import Code, GatewayError, Pointer, StoreForgot, StoreFull, StoreUnavailable
from gateway.model.ids import BATCH_PREFIX, created_ms, lane_of, parse_public
from gateway.model.message import Status
from gateway.settings import Client
from gateway.store.batches import Batch, Opened, Reused
from gateway.store.messages import Claims, claim_name

log = structlog.get_logger()

PATH = "/messages/batch"
MAX_BODY = 4 * 1024 * 1024
CHUNK = 250
"""Messages the store is asked about together: they leave in one write, and their answers are waited for once."""


class Done(msgspec.Struct, frozen=True):
    """An accepted item. `left`: of the client's rate, or -1."""

    message: MessageOut
    left: int


@post(PATH, opt=SEND, status_code=202, request_max_body_size=MAX_BODY)
async def send_batch(request: AnyRequest) -> Response[bytes]:
    """Accepts many messages, each for itself. What is answered as a message is durable."""
    here, client = services(request), caller(request).client
    asked = await read_batch(request, here.settings.gateway.default_region)
    claims = claims_of(client, PATH, None, idempotency_key(request), asked.content)
    batch = await _opened(here, client, asked, claims)
    structlog.contextvars.bind_contextvars(batch_id=f"{BATCH_PREFIX}{batch.id}", client=client.name)
    outcomes = await _accept(here, client, asked, batch.id, keyed=bool(claims.key))
    headers = {"idempotency-replayed": "true"} if batch.known else {}
    if client.rate:
        headers |= _rate(client, outcomes)
    request_id = str(request.scope.get("request_id", ""))
    items = [
        BatchItemOut(index=index, message=outcome.message)
        if isinstance(outcome, Done)
        else BatchItemOut(index=index, problem=_problem(outcome, request_id, index if asked.shared else None))
        for index, outcome in enumerate(outcomes)
    ]
    return json(BatchAcceptedOut(BATCH_PREFIX + batch.id, items), 202, headers)


async def _opened(here: Services, client: Client, asked: Asked, claims: Claims) -> Opened:
    """The batch, new or known by its key. A refused one claims nothing."""
    id_ = await here.acceptor.new_id(client)
    try:
        await _check(here, client, asked)
    except GatewayError:
        # What was accepted once is known, whatever time has passed and whatever is configured now.
        found = await here.batches.known(lane_of(id_), claims.content, claims.key)
        if found is None:
            raise
    else:
        try:
            found = await here.batches.open(id_, client.name, claims.content, claims.key, created_ms(id_))
        except StoreFull as error:
            raise GatewayError(
                Code.OVERLOADED,
                "The gateway's store is full. Nothing was accepted; try again later.",
                retry_after=5,
            ) from error
    if isinstance(found, Reused):
        raise GatewayError(
            Code.IDEMPOTENCY_KEY_REUSED,
            f"This Idempotency-Key was used with other content, for {BATCH_PREFIX}{found.id}; use a new key for a new "
            "batch.",
        )
    return found


async def _check(here: Services, client: Client, asked: Asked) -> None:
    """Refuses what messages to many numbers have in common, where none of them could be sent with it."""
    if asked.shared is not None:
        await here.acceptor.check(client, draft_of(asked.shared, here.settings))


async def _accept(
    here: Services, client: Client, asked: Asked, batch_id: str, *, keyed: bool
) -> list[Done | BaseException]:
    """Accepts what can be, in order; what became of each item. Raises where nothing can be said for sure."""
    ids = sorted([await here.acceptor.new_id(client) for _ in asked.items])

    async def accept(index: int) -> Done:
        body = asked.items[index]
        if isinstance(body, GatewayError):
            raise body
        claims = claims_of(client, PATH, given(body.client_tag), None, body)
        if keyed:
            # Without the mark of a key: kept as long as the message, so that whoever still finds the batch finds it.
            claims = structs.replace(claims, key=claim_name(client.name, "batch", batch_id, str(index)))
        draw = partial(draft_of, body, here.settings)
        accepted = await here.acceptor.accept(ids[index], client, draw, claims, batch=batch_id)
        if accepted.state is None or accepted.content is None:
            return Done(record_out(await known(here, accepted.id), events=False), -1)
        return Done(message_out(accepted.id, accepted.state, accepted.content), accepted.left)

    outcomes: list[Done | BaseException] = []
    # The first goes alone: it may bring a look at the store's room, and the others would overtake it.
    for begin, end in pairwise((0, *range(1, len(ids), CHUNK), len(ids))):
        outcomes += await asyncio.gather(*(accept(index) for index in range(begin, end)), return_exceptions=True)
        lost = [outcome for outcome in outcomes if isinstance(outcome, StoreUnavailable)]
        for outcome in lost:
            if isinstance(outcome, StoreForgot) or not any(isinstance(other, Done) for other in outcomes):
                raise outcome
        if lost:
            # Whoever has no key would not learn from a plain 503 what is on its way; the rest is not waited for.
            outcomes += lost[:1] * (len(ids) - len(outcomes))
            break
    return outcomes


def _problem(error: BaseException, request_id: str, number: int | None) -> Problem:
    """As the same message alone would have been answered. `number`: its place in `to`, where it had no body."""
    if not isinstance(error, Exception):
        raise error
    told = problem(translate(error), request_id)
    if told.code is Code.INTERNAL_ERROR:
        log.error("internal error", exc_info=error)
    if number is None:
        return told
    places = [Pointer(f"/to/{number}", it.detail) if it.pointer == "/to" else it for it in told.errors]
    return structs.replace(told, errors=places)


def _rate(client: Client, outcomes: Iterable[object]) -> dict[str, str]:
    """What is left of the client's rate after all of them; where it was not enough, when to repeat the rest."""
    headers: dict[str, str] = {}
    for outcome in outcomes:
        if isinstance(outcome, GatewayError) and outcome.code is Code.RATE_LIMITED:
            return problem_headers(outcome)
        if isinstance(outcome, Done) and outcome.left >= 0:
            headers = rate_headers(client, outcome.left)
    return headers


# A batch as it stands


async def _find(here: Services, public_id: str, client: str) -> Batch:
    """The batch, if it is this client's. Another's is as absent as none."""
    bare = parse_public(public_id, BATCH_PREFIX)
    batch = await here.batches.read(bare) if bare else None
    if batch is None or batch.client != client:
        raise NotFoundException
    return batch


async def _shown(here: Services, batch: Batch) -> BatchOut:
    found = await here.batches.counts(batch)
    counts = {status: found[status] for status in Status if found[status]}
    return BatchOut(BATCH_PREFIX + batch.id, len(batch.ids), counts, instant(batch.created_at))


@route("/batches/{batch_id:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt=READ_QUERY)
async def get_batch(request: AnyRequest, batch_id: FromPath[str]) -> Response[bytes]:
    """How many messages a batch has, and how many of them stand where."""
    here, asked = services(request), query(request, ClientQuery)
    return json(await _shown(here, await _find(here, batch_id, visible(caller(request), asked.client))))


@post("/batches/{batch_id:str}/cancel", opt=SEND, status_code=200)
async def cancel_batch(request: AnyRequest, batch_id: FromPath[str]) -> Response[bytes]:
    """Cancels those messages of a batch that provably have not left."""
    here = services(request)
    batch = await _find(here, batch_id, caller(request).client.name)
    key = idempotency_key(request)
    claim = claim_name(batch.client, "cancel", batch.id, key) if key else ""
    repeated = bool(claim) and await here.batches.canceled(batch.id, claim)
    if not repeated:
        canceled, repeated, reason = await _cancel(here, batch, claim)
        if not canceled and not repeated:
            raise reason or GatewayError(
                Code.NOT_CANCELABLE, "No message of this batch is scheduled or queued: each has left, or is final."
            )
        if claim:
            with suppress(StoreFull):  # each message noted it too, and they suffice
                await here.batches.note_canceled(batch.id, claim)
    return json(await _shown(here, batch), headers={"idempotency-replayed": "true"} if repeated else None)


async def _cancel(here: Services, batch: Batch, claim: str) -> tuple[bool, bool, GatewayError | None]:
    """Whether any was canceled now; whether any had been before, by the same claim; why a vendor failed to drop one."""
    canceled = repeated = False
    reason = None
    for begin in range(0, len(batch.ids), CHUNK):
        found = await here.store.read_many(batch.ids[begin : begin + CHUNK])
        records = [record for record in found if record is not None]
        repeated |= bool(claim) and any(f"{claim} " in record.state.claims for record in records)
        for _, error in await here.reservations.cancel_each(records, claim):
            canceled |= error is None
            if error is not None and error.code is not Code.NOT_CANCELABLE:
                reason = error
    return canceled, repeated, reason


HANDLERS: tuple[HTTPRouteHandler, ...] = (send_batch, get_batch, cancel_batch)
