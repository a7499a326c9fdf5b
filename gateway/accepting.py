"""Accepting a message: every check, then one atomic step in the store, or a refusal that claims nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from gateway import faults, templates
from gateway.errors import Code, GatewayError, Pointer, StoreFull, invalid
from gateway.metrics import Metrics
from gateway.model.ids import PREFIX, created_ms, new_id
from gateway.model.message import Content, Phase, State, Status
from gateway.model.segments import Segments
from gateway.provider import Misfit
from gateway.routing import Handover, PassedOver, Routing, handover
from gateway.settings import Client
from gateway.store.messages import AcceptResult, Claims, Conflict, Fresh, Full, Late, Limited, Replay, Store
from gateway.templates import Lookup, Wanted

MAX_AHEAD_MS = 90 * 86_400_000
"""How far ahead a reservation may lie."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message as asked for, its numbers and times normalised and its text not measured. Times in ms since 1970."""

    content: Content
    template: Wanted | None = None
    """Instead of a text, where the configuration has none of this id."""
    send_at: int | None = None
    expires_at: int | None = None
    high: bool = False
    pinned: str | None = None
    held_by: Literal["gateway", "provider"] | None = None
    """Who keeps it until its time; None: as configured."""


class Acceptance(msgspec.Struct, frozen=True):
    """What the caller is to be told: the message, whether it is new, and what is left of the client's rate."""

    id: str
    state: State | None = None
    """None on a replay: to be read."""
    content: Content | None = None
    left: int = -1


class Plan(msgspec.Struct, frozen=True):
    """How a reservation is kept until its time."""

    held_by: Literal["gateway", "provider"]
    cancelable_until: int | None
    """ms since 1970; None: it cannot be canceled."""


class Explanation(msgspec.Struct, frozen=True):
    """What would become of a message: the providers able to carry it, the one to use first; those passed over; how long
    its text is for each that is able; what its sender should know."""

    able: tuple[str, ...]
    passed_over: tuple[PassedOver, ...]
    sizes: dict[str, Segments]
    warnings: tuple[str, ...]
    plan: Plan | None


_AWAY = Misfit("unavailable", "it takes no requests now")


class Acceptor:
    """Used by every way in: it alone writes new messages."""

    def __init__(
        self, store: Store, routing: Routing, lookup: Lookup, max_queue: float, time_zone: str, metrics: Metrics
    ) -> None:
        self._store = store
        self._routing = routing
        self._lookup = lookup
        self._max_queue_ms = int(max_queue * 1000)
        self._zone = ZoneInfo(time_zone)
        self._metrics = metrics

    async def new_id(self, client: Client) -> str:
        """An id for a message accepted now: its time is the message's `createdAt`."""
        await self._store.know_time()
        return new_id(await self._store.lane(client.name), self._store.clock.now())

    async def accept(
        self, id_: str, client: Client, draw: Callable[[], Draft], claims: Claims, wait_ms: int = 0, batch: str = ""
    ) -> Acceptance:
        """The claim is looked up before every check on time, routes, limits or vendors, so that an honest repeat
        never fails for being late; `draw` may refuse too. `wait_ms`: the caller waits for the vendor's answer;
        `batch`: the one it belongs to. Raises `GatewayError`, or `StoreUnavailable` where the outcome is unknown."""
        try:
            draft = draw()
            if draft.template and (seen := await self._seen(id_, claims)):
                return self._tell(client, seen, id_, None, _NO_CONTENT)  # no vendor need be asked
            content, state = self._draw_up(client, await self._worded(draft, client), created_ms(id_), wait_ms, batch)
        except GatewayError:
            if seen := await self._seen(id_, claims):
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

    async def _seen(self, id_: str, claims: Claims) -> AcceptResult | None:
        """What the claims name, if anything."""
        if not (claims.tag or claims.key):
            return None
        return await self._store.accept(id_, _NOTHING, _NO_CONTENT, claims, rate=None, dry=True)

    async def _worded(self, draft: Draft, client: Client) -> Draft:
        """With its text, or with the vendor's template that takes its place."""
        if not draft.template:
            return draft
        names = self._routing.candidates(draft.content, client, draft.pinned)
        candidates = tuple(self._routing.providers[name] for name in self._routing.serving_first(names))
        content = await templates.find(draft.template, draft.content, candidates, self._lookup)
        return msgspec.structs.replace(draft, content=content, template=None)

    def _times(self, draft: Draft, now: int) -> int:
        """Refuses impossible times; when the message expires."""
        send_at, expires_at = draft.send_at, draft.expires_at
        if send_at is not None:
            check_send_at(send_at, now)
        starts = send_at or now
        if expires_at is not None and expires_at <= starts:
            raise _past_expiry()
        if expires_at is not None and expires_at > starts + MAX_AHEAD_MS:
            raise invalid("/expiresAt", "expiresAt lies more than 90 days after the message may be sent.")
        return expires_at or starts + self._max_queue_ms

    def _draw_up(self, client: Client, draft: Draft, now: int, wait_ms: int, batch: str) -> tuple[Content, State]:
        expires, send_at = self._times(draft, now), draft.send_at
        able = self._routing.choose(draft.content, client, draft.pinned, later=send_at is not None)
        able, handed, failed = self._keeper(draft, able, now)
        if failed and not handed:
            raise _kept_by_nobody(failed, draft.pinned)
        fields: dict[str, Any] = {}
        if handed:
            send_at = handed.send_at
            expires = draft.expires_at or send_at + self._max_queue_ms
            fields["binding"] = not self._lets_go(able[0])
        if draft.expires_at:
            fields["own_deadline"] = True
        if draft.content.text:
            size = self._routing.providers[able[0]].measure(draft.content.text)
            fields |= {"encoding": size.encoding, "characters": size.characters, "segments": size.count}
        if len(able) > 1:
            fields["route"] = able
        if draft.pinned:
            fields["pinned"] = True
        if batch:
            fields["batch"] = batch
        local = datetime.fromtimestamp(now / 1000, self._zone)
        return msgspec.structs.replace(draft.content, **fields), State(
            status=Status.SCHEDULED if send_at else Status.QUEUED,
            phase=Phase.WAITING if send_at and not handed else Phase.QUEUED,
            provider=able[0],
            client=client.name,
            high=draft.high,
            due=min(handed.until, expires) if handed else send_at or expires,
            expires_at=expires,
            send_at=send_at or 0,
            created_at=now,
            updated_at=now,
            wait_until=now + wait_ms if wait_ms else 0,
            watched=wait_ms > 0,
            steps=1,
            month=local.year * 100 + local.month,
            handover=handed.until if handed else 0,
        )

    def _keeper(
        self, draft: Draft, able: tuple[str, ...], now: int
    ) -> tuple[tuple[str, ...], Handover | None, tuple[PassedOver, ...]]:
        """The providers, first the one that is to keep the reservation, and how; None: the gateway keeps it. Those that
        were to keep it and cannot: with a caller who wants a vendor to keep it, and none that can, it is not taken."""
        wished = draft.held_by == "provider"
        failed: list[PassedOver] = []
        for name in () if draft.send_at is None or draft.held_by == "gateway" else able if wished else able[:1]:
            provider = self._routing.providers[name]
            if not wished and provider.settings.reservations == "gateway":
                break
            found = handover(provider, draft.send_at or 0, now)
            if isinstance(found, Handover):
                return (name, *(other for other in able if other != name)), found, tuple(failed)
            failed.append(PassedOver(name, found))
        return able, None, tuple(failed) if wished else ()

    def _lets_go(self, name: str) -> bool:
        keeping = self._routing.providers[name].capabilities.reservations
        return keeping is not None and keeping.cancelable

    async def check(self, client: Client, draft: Draft) -> None:
        """Refuses what would be refused whatever number it goes to: its times, a provider that is none or not this
        client's."""
        await self._store.know_time()
        self._times(draft, self._store.clock.now())
        if draft.pinned:
            self._routing.candidates(draft.content, client, draft.pinned)

    async def explain(self, client: Client, draft: Draft) -> Explanation:
        """What `accept` would do with the message now, and why. Writes nothing, sends nothing. Raises as `accept` does,
        but for providers that cannot carry the message: those are told."""
        await self._store.know_time()
        self._times(draft, self._store.clock.now())
        draft = await self._worded(draft, client)
        content, providers = draft.content, self._routing.providers
        decision = self._routing.decide(content, client, draft.pinned)
        able = decision.able if draft.send_at else self._routing.serving_first(decision.able)
        able, handed, failed = self._keeper(draft, able, self._store.clock.now())
        plan = None
        if failed and not handed:
            able = ()
        elif handed:
            plan = Plan("provider", handed.send_at if self._lets_go(able[0]) else None)
        elif draft.send_at and able:
            plan = Plan("gateway", draft.send_at)
        away = [PassedOver(name, _AWAY) for name in able[1:] if name in self._routing.away]
        sizes = {name: providers[name].measure(content.text) for name in able if content.text}
        passed_over = (*decision.passed_over, *failed, *away)
        return Explanation(able, passed_over, sizes, self._warnings(client, draft, able), plan)

    def _warnings(self, client: Client, draft: Draft, able: tuple[str, ...]) -> tuple[str, ...]:
        if not able:
            return ()
        content, chosen = draft.content, self._routing.providers[able[0]]
        found = [*chosen.warnings(content)]
        if content.carrier and content.carrier not in chosen.capabilities.carriers:
            found.append(f"the carrier hint is dropped: {chosen.name} has no id for {content.carrier}")
        found += (
            f"options.{name} mean nothing to {chosen.name}" for name in content.options or {} if name != chosen.type
        )
        route = None if draft.pinned else self._routing.route(content, client)
        if route and route.weights:
            found.append("this route draws its provider by weight: another one may be drawn next time")
        if chosen.name in self._routing.away:
            found.append(f"{chosen.name} takes no requests now: the message would wait, or take the next provider")
        return tuple(found)

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
        if isinstance(result, Late) and state and state.handover:
            raise _overloaded("The store was slow, and the vendor cannot be given the reservation in time any more.")
        if isinstance(result, Late):
            raise _past_send_at() if state and state.send_at else _past_expiry()
        if isinstance(result, Full):
            raise _overloaded("The provider's queue is full.")
        raise conflict(result)


def rate_headers(client: Client, left: int, resets: float = 1.0) -> dict[str, str]:
    """`RateLimit` and `RateLimit-Policy` (IETF draft): messages left now, and the client's rate a second."""
    rate = client.rate or 1.0
    quota, window = (max(1, round(rate)), 1) if rate >= 1 else (1, math.ceil(1 / rate))
    return {
        "ratelimit": f'"messages";r={left};t={max(1, math.ceil(resets))}',
        "ratelimit-policy": f'"messages";q={quota};w={window}',
    }


def limited(
    what: str, most: int, window_ms: int, retry_ms: int, detail: str, errors: tuple[Pointer, ...] = ()
) -> GatewayError:
    """More of something was asked for than may be in a while; `what`: the name of the limit in the headers."""
    seconds = max(1, math.ceil(retry_ms / 1000))
    headers = {
        "ratelimit": f'"{what}";r=0;t={seconds}',
        "ratelimit-policy": f'"{what}";q={most};w={window_ms // 1000}',
    }
    return GatewayError(Code.RATE_LIMITED, detail, retry_after=retry_ms / 1000, errors=errors, headers=headers)


def conflict(found: Conflict, prefix: str = PREFIX) -> GatewayError:
    """`prefix`: of the ids of what is asked for; for a message that of messages."""
    holder = prefix + found.id
    if found.by == "key":
        return GatewayError(
            Code.IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used with other content; use a new key for a new request.",
            message_id=holder,
        )
    if found.by == "torn":
        detail = "This clientTag and this Idempotency-Key were used for different requests."
    else:
        detail = "This clientTag was used with other content; use a new tag for a new request."
    return GatewayError(Code.DUPLICATE_CLIENT_TAG, detail, message_id=holder, errors=(Pointer("/clientTag", detail),))


def check_send_at(send_at: int, now: int) -> None:
    """Both ms since 1970. Raises `invalid_request` where a message cannot be kept until then."""
    if send_at <= now:
        raise _past_send_at()
    if send_at > now + MAX_AHEAD_MS:
        raise invalid("/sendAt", "sendAt lies more than 90 days ahead.")


def _past_send_at() -> GatewayError:
    return invalid("/sendAt", "sendAt lies in the past; leave it out to send now.")


def _past_expiry() -> GatewayError:
    return invalid("/expiresAt", "expiresAt must lie in the future, and after sendAt.")


def _kept_by_nobody(failed: tuple[PassedOver, ...], pinned: str | None) -> GatewayError:
    errors = tuple(Pointer(each.misfit.pointer, f"{each.provider}: {each.misfit.detail}") for each in failed)
    detail = f"{errors[0].detail}. Leave heldBy out, and the gateway keeps the message until its time."
    return GatewayError(Code.UNSUPPORTED, detail, errors=errors, provider=pinned)


def _overloaded(detail: str) -> GatewayError:
    return GatewayError(Code.OVERLOADED, f"{detail} Nothing was accepted; try again later.", retry_after=5)


_NO_CONTENT = Content(to="", text="", encoding="", characters=0, segments=0)
_NOTHING = State(
    status=Status.QUEUED, phase=Phase.QUEUED, provider="", client="", expires_at=0, created_at=0, updated_at=0
)
