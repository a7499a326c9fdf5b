"""Accepting a message: every check, then one atomic step in the store, or a refusal that claims nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from gateway import faults
from gateway.errors import Code, GatewayError, Pointer, StoreFull
from gateway.metrics import Metrics
from gateway.model.ids import PREFIX, created_ms, new_id
from gateway.model.message import Content, Phase, State, Status
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.messages import AcceptResult, Claims, Conflict, Fresh, Full, Late, Limited, Replay, Store

MAX_AHEAD_MS = 90 * 86_400_000
"""How far ahead a reservation may lie."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message as asked for, its numbers and times normalised. Times in ms since 1970."""

    content: Content
    send_at: int | None = None
    expires_at: int | None = None
    high: bool = False
    pinned: str | None = None
    held_by_provider: bool = False


class Acceptance(msgspec.Struct, frozen=True):
    """What the caller is to be told: the message, whether it is new, and what is left of the client's rate."""

    id: str
    state: State | None = None
    """None on a replay: to be read."""
    content: Content | None = None
    left: int = -1


class Acceptor:
    """Used by every way in: it alone writes new messages."""

    def __init__(self, store: Store, routing: Routing, max_queue: float, metrics: Metrics) -> None:
        self._store = store
        self._routing = routing
        self._max_queue_ms = int(max_queue * 1000)
        self._metrics = metrics

    async def new_id(self, client: Client) -> str:
        """An id for a message accepted now: its time is the message's `createdAt`."""
        await self._store.know_time()
        return new_id(await self._store.lane(client.name), self._store.clock.now())

    async def accept(
        self, id_: str, client: Client, draw: Callable[[], Draft], claims: Claims, wait_ms: int = 0
    ) -> Acceptance:
        """The claim is looked up before every check on time, routes, limits or vendors, so that an honest repeat
        never fails for being late; `draw` may refuse too. `wait_ms`: the caller waits for the vendor's answer.
        Raises `GatewayError`, or `StoreUnavailable` where the outcome is unknown."""
        try:
            content, state = self._draw_up(client, draw(), created_ms(id_), wait_ms)
        except GatewayError:
            if claims.tag or claims.key:
                seen = await self._store.accept(id_, _NOTHING, _NO_CONTENT, claims, rate=None, dry=True)
                if seen is not None:
                    return self._tell(client, seen, id_, None, _NO_CONTENT)
            raise
        await faults.point("accept.before")
        try:
            result = await self._store.accept(id_, state, content, claims, rate=client.rate)
        except StoreFull as error:
            raise _overloaded("The gateway's store is full.") from error
        await faults.point("accept.after")
        assert result is not None
        if isinstance(result, Fresh):
            self._metrics.add("gateway_messages_accepted_total", client=client.name, provider=state.provider)
        return self._tell(client, result, id_, state, content)

    def _draw_up(self, client: Client, draft: Draft, now: int, wait_ms: int) -> tuple[Content, State]:
        send_at, expires_at = draft.send_at, draft.expires_at
        if send_at is not None and send_at <= now:
            raise _past_send_at()
        if send_at is not None and send_at > now + MAX_AHEAD_MS:
            raise _invalid("/sendAt", "sendAt lies more than 90 days ahead.")
        starts = send_at or now
        if expires_at is not None and expires_at <= starts:
            raise _past_expiry()
        if expires_at is not None and expires_at > starts + MAX_AHEAD_MS:
            raise _invalid("/expiresAt", "expiresAt lies more than 90 days after the message may be sent.")
        if draft.held_by_provider:
            raise GatewayError(Code.UNSUPPORTED, "No configured provider holds reservations itself; leave heldBy out.")
        able = self._routing.choose(draft.content, client, draft.pinned, later=send_at is not None)
        content = draft.content
        if len(able) > 1:
            content = msgspec.structs.replace(content, route=able)
        if draft.pinned:
            content = msgspec.structs.replace(content, pinned=True)
        expires = expires_at or starts + self._max_queue_ms
        return content, State(
            status=Status.SCHEDULED if send_at else Status.QUEUED,
            phase=Phase.WAITING if send_at else Phase.QUEUED,
            provider=able[0],
            client=client.name,
            high=draft.high,
            due=send_at or expires,
            expires_at=expires,
            send_at=send_at or 0,
            created_at=now,
            updated_at=now,
            wait_until=now + wait_ms if wait_ms else 0,
            watched=wait_ms > 0,
            steps=1,
        )

    def _tell(
        self, client: Client, result: AcceptResult, id_: str, state: State | None, content: Content
    ) -> Acceptance:
        if isinstance(result, Fresh):
            return Acceptance(id_, state, content, result.left)
        if isinstance(result, Replay):
            return Acceptance(result.id)
        if isinstance(result, Limited):
            raise GatewayError(
                Code.RATE_LIMITED,
                "This client sends faster than its configured rate.",
                retry_after=result.retry_ms / 1000,
                headers=rate_headers(client, 0, result.retry_ms / 1000),
            )
        if isinstance(result, Late):
            raise _past_send_at() if state and state.send_at else _past_expiry()
        if isinstance(result, Full):
            raise _overloaded("The provider's queue is full.")
        raise _conflict(result)


def rate_headers(client: Client, left: int, resets: float = 1.0) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` (IETF draft): messages left now, and the client's rate a second."""
    rate = client.rate or 1.0
    quota, window = (max(1, round(rate)), 1) if rate >= 1 else (1, math.ceil(1 / rate))
    return {
        "ratelimit": f'"messages";r={left};t={max(1, math.ceil(resets))}',
        "ratelimit-policy": f'"messages";q={quota};w={window}',
    }


def _conflict(conflict: Conflict) -> GatewayError:
    message_id = PREFIX + conflict.id
    if conflict.by == "key":
        return GatewayError(
            Code.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used with other content; use a new key for a new message.",
            message_id=message_id,
        )
    if conflict.by == "torn":
        detail = "This clientTag and this Idempotency-Key name different messages."
    else:
        detail = "This clientTag was used with other content; use a new tag for a new message."
    return GatewayError(
        Code.DUPLICATE_CLIENT_TAG, detail, message_id=message_id, errors=(Pointer("/clientTag", detail),)
    )


def _invalid(pointer: str, detail: str) -> GatewayError:
    return GatewayError(Code.INVALID_REQUEST, detail, errors=(Pointer(pointer, detail),))


def _past_send_at() -> GatewayError:
    return _invalid("/sendAt", "sendAt lies in the past; leave it out to send now.")


def _past_expiry() -> GatewayError:
    return _invalid("/expiresAt", "expiresAt must lie in the future, and after sendAt.")


def _overloaded(detail: str) -> GatewayError:
    return GatewayError(Code.OVERLOADED, f"{detail} Nothing was accepted; try again later.", retry_after=5)


_NO_CONTENT = Content(to="", text="", encoding="gsm7", characters=0, segments=0)
_NOTHING = State(
    status=Status.QUEUED, phase=Phase.QUEUED, provider="", client="", expires_at=0, created_at=0, updated_at=0
)
