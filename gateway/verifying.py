"""Verifying numbers: by a vendor's word about the owner, by a call, or by a code in a message.

What a verification needs of a vendor is asked for once, while its caller waits, and never again by itself: an answer
that is lost leaves it `pending`, for the vendor may have taken it, until it is verified or its time is over.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Literal

import msgspec
import structlog

from gateway.accepting import Acceptor, Draft, conflict, limited
from gateway.asking import unavailable
from gateway.direct import Direct
from gateway.errors import Code, GatewayError, Pointer
from gateway.metrics import Metrics
from gateway.model import codes, verification
from gateway.model.ids import created_ms
from gateway.model.message import Content, Status
from gateway.model.outcome import Accepted, Busy, NotSent, Refused, SendOutcome
from gateway.model.verification import Verification
from gateway.model.voice import Lines
from gateway.provider import Provider
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.cases import LOOK_EVERY, Case, Cases, Known, Limit
from gateway.store.messages import AcceptResult, Claims, Conflict, Limited, Replay, Store
from gateway.store.waiting import Taken, Waiting

log = structlog.get_logger()

PREFIX = "ver_"
HOUR_MS = 3_600_000
FIRST_LOOK_MS = 3_000
"""After which it is seen whether a code's message could be sent; then after four times as long each."""
TRIES_TO_BEGIN = 5
"""What equal requests begin and take back at the same time ends."""
NO_CLAIMS = Claims("", "", b"")
_DEAD = (Status.FAILED, Status.EXPIRED, Status.CANCELED)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A verification as asked for, its number as E.164."""

    method: Literal["call_in", "call_out", "sms_code"]
    number: str
    minutes: int
    lines: Lines = "mobile"
    rings: int = 0
    text: str = ""
    length: int = 0
    provider: str | None = None
    tag: str = ""


class Verifying:
    """Every method raises `GatewayError`, or `StoreUnavailable`."""

    def __init__(
        self, store: Store, cases: Cases[Verification], waiting: Waiting, routing: Routing,
        acceptor: Acceptor, recorder: Recorder, direct: Direct, per_number: int, metrics: Metrics,
    ) -> None:  # fmt: skip
        self._store = store
        self._cases = cases
        self._waiting = waiting
        self._routing = routing
        self._acceptor = acceptor
        self._recorder = recorder
        self._direct = direct
        self._per_number = per_number
        self._metrics = metrics

    # Beginning

    async def begin(self, client: Client, wanted: Wanted, claims: Claims) -> tuple[Case[Verification], bool]:
        """The verification, and whether an equal request began it before. The claims are looked up before anything
        else, so that an honest repeat never fails for being late."""
        await self._store.know_time()
        lane = await self._store.lane(client.name)
        for _ in range(TRIES_TO_BEGIN):
            seen = await self._cases.seen(lane, claims)
            if seen is None:
                try:
                    return await self._begin(client, wanted, claims), False
                except Known as known:
                    seen = known.found
            if told := await self._told(client, seen):
                return told, True
        raise GatewayError(Code.NOT_FOUND, "This verification is past its retention.")

    async def _begin(self, client: Client, wanted: Wanted, claims: Claims) -> Case[Verification]:
        """Raises Known."""
        id_ = await self._acceptor.new_id(client)
        now = created_ms(id_)
        sends = wanted.method == "sms_code"
        state = Verification(
            method=wanted.method,
            client=client.name,
            number=wanted.number,
            created_at=now,
            updated_at=now,
            expires_at=now + wanted.minutes * 60_000,
            due=now + (FIRST_LOOK_MS if sends else wanted.minutes * 60_000),
            claims=claims.names,
            tag=wanted.tag,
            provider=wanted.provider or "",
            minutes=wanted.minutes,
            lines=wanted.lines,
            rings=wanted.rings,
            text=wanted.text,
            length=wanted.length,
            message=await self._acceptor.new_id(client) if sends else "",
        )
        if sends:
            return await self._by_message(client, id_, state, claims)
        return await self._by_call(client, id_, state, claims)

    async def _by_message(self, client: Client, id_: str, state: Verification, claims: Claims) -> Case[Verification]:
        limit = self.limit_of(state)
        case = await self._cases.begin(id_, state, claims, limit)
        try:
            await self.send_code(client, case)
        except GatewayError:
            # An equal request may have accepted it in the meantime.
            if await self._store.read(state.message) is None:
                await self._cases.drop(case, limit)
            raise
        return case

    async def _by_call(self, client: Client, id_: str, state: Verification, claims: Claims) -> Case[Verification]:
        call = verification.call_of(state)
        provider = self._routing.able(client, state.provider or None, lambda each: each.call_misfit(call))
        state = msgspec.structs.replace(state, provider=provider.name)
        limit = self.limit_of(state)

        async def intent() -> None:
            case = await self._cases.begin(id_, state, claims, limit)
            try:
                await self.wait(provider, id_, state)
            except GatewayError:
                await self._cases.drop(case, limit)
                raise

        request = provider.call_request(call, verification.reference(id_, 1))
        outcome = await self._direct.send(provider, request, intent)
        case = await self.read(id_)
        assert case is not None
        if isinstance(outcome, NotSent | Busy):
            await self._cases.drop(case, limit)
            await self.rest(provider, id_, state)
        return await self.settled(provider, case, outcome)

    async def wait(self, provider: Provider, id_: str, state: Verification) -> None:
        """Of numbers that call in, and of words that do not say which call they are about, only the number tells."""
        alone, about = state.method == "call_in", verification.topic(state.method, state.number)
        for _ in range(3):
            taken = await self._waiting.join(provider.account, about, id_, state.expires_at, alone=alone)
            if not isinstance(taken, Taken):
                return
            holder = await self._cases.read(taken.by)
            now = self._store.clock.now()
            if holder and not holder.state.final_at and verification.timed(holder.state, now) is None:
                break
            await self._waiting.leave(provider.account, about, taken.by)
        detail = "This number is being verified by a call already: wait until that one is verified or expired."
        raise GatewayError(Code.VERIFICATION_PENDING, detail, errors=(Pointer("/number", detail),))

    async def rest(self, provider: Provider, id_: str, state: Verification) -> None:
        await self._waiting.leave(provider.account, verification.topic(state.method, state.number), id_)

    async def settled(self, provider: Provider, case: Case[Verification], outcome: SendOutcome) -> Case[Verification]:
        """After a request for the current round's call."""
        now, round_ = self._store.clock.now(), case.state.round
        if isinstance(outcome, NotSent | Busy):
            why = "cannot be reached" if isinstance(outcome, NotSent) else "takes no more requests in this second"
            raise unavailable(provider, f"The vendor {why}.", 5)
        if isinstance(outcome, Accepted):
            return await self._cases.change(case, lambda state: verification.taken(state, round_, now))
        if isinstance(outcome, Refused):
            reason, code = str(outcome.reason), outcome.provider_code
            case = await self.change(case, lambda state: verification.failed(state, round_, reason, code, now))
            await self.rest(provider, case.id, case.state)
            return case
        return await self._cases.change(case, lambda state: verification.unheard(state, round_, now))

    async def send_code(self, client: Client, case: Case[Verification]) -> None:
        """Accepts this round's message; again is no harm."""
        state = case.state
        text, hidden = codes.hide(state.text, case.id, state.round, state.length)
        content = Content(to=state.number, text=text, hidden=hidden, encoding="", characters=0, segments=0)
        draft = Draft(content=content, expires_at=state.expires_at, high=True, pinned=state.provider or None)
        try:
            await self._acceptor.accept(state.message, client, lambda: draft, NO_CLAIMS)
        except GatewayError as error:
            error.errors = tuple(
                Pointer("/number" if each.pointer == "/to" else each.pointer, each.detail) for each in error.errors
            )
            raise

    async def _told(self, client: Client, found: AcceptResult) -> Case[Verification] | None:
        """What the claims name, or why they name nothing. Of a call that an equal request has just asked for: once the
        vendor answered, or its time to do so has passed; None where nothing came of it after all."""
        if isinstance(found, Limited):
            raise self.limited_for(found.retry_ms)
        if isinstance(found, Conflict):
            raise conflict(found, PREFIX)
        assert isinstance(found, Replay)
        case = await self.answered(found.id)
        return case and await self.resume(client, case)

    async def answered(self, id_: str) -> Case[Verification] | None:
        """The verification, once its vendor answered what the current round asks for, or its time to do so has passed;
        None where there is none (any more)."""
        while case := await self.read(id_):
            case = await self.look(case)
            state, provider = case.state, self._routing.providers.get(case.state.provider)
            if state.method == "sms_code" or state.taken or state.lost or state.final_at or provider is None:
                return case
            if self._store.clock.now() >= state.updated_at + provider.settings.timeout * 1000:
                return case  # whoever waited for the answer is gone
            await asyncio.sleep(LOOK_EVERY)
        return None

    async def resume(self, client: Client, case: Case[Verification]) -> Case[Verification]:
        """The process that opened it may have died before its message was accepted."""
        state = case.state
        if state.message and not state.final_at and await self._store.read(state.message) is None:
            await self.send_code(client, case)
        if state.replaced:
            await self.withdraw(state.replaced)
        return case

    def limit_of(self, state: Verification) -> Limit:
        what = hashlib.sha256(f"{state.client}\0{state.number}".encode()).hexdigest()[:24]
        return Limit(what, self._per_number, HOUR_MS)

    def limited_for(self, retry_ms: int) -> GatewayError:
        most = self._per_number
        detail = f"This number was verified {most} times within the last hour, which is as often as it may be."
        return limited("verifications", most, HOUR_MS, retry_ms, detail, (Pointer("/number", detail),))

    # Going on

    async def read(self, id_: str) -> Case[Verification] | None:
        return await self._cases.read(id_)

    async def look(self, case: Case[Verification]) -> Case[Verification]:
        """As it stands now: its time may be over, or its message may have failed."""
        await self._store.know_time()
        now, state = self._store.clock.now(), case.state
        if verification.timed(state, now):
            return await self.change(case, lambda current: verification.timed(current, now))
        if not state.message or state.final_at:
            return case
        message = await self._store.read(state.message)
        if message is None or message.state.status not in _DEAD or not message.state.final_at:
            return case
        why = message.state.reason or str(message.state.status)
        code = message.state.reason_code
        return await self.change(case, lambda current: verification.failed(current, state.round, why, code, now))

    async def wake(self, id_: str, raw: bytes) -> None:
        """Its time to be looked at has come."""
        case = await self.look(self._cases.case(id_, raw))
        now = self._store.clock.now()

        def later(state: Verification) -> Verification | None:
            if state.final_at:
                return None
            due = now + max(FIRST_LOOK_MS, 3 * (now - state.created_at)) if state.message else state.expires_at
            return msgspec.structs.replace(state, due=min(due, state.expires_at))

        await self._cases.change(case, later)

    async def withdraw(self, message: str) -> None:
        """A code that is of no use any more had better not be sent."""
        record = await self._store.read(message)
        if record is not None:
            await self._recorder.cancel(record)

    async def change(
        self, case: Case[Verification], rule: Callable[[Verification], Verification | None]
    ) -> Case[Verification]:
        """With a count and a line in the log where it ends."""
        changed = await self._cases.change(case, rule)
        if changed.state.final_at and not case.state.final_at:
            new = changed.state
            self._metrics.add(
                "gateway_verifications_total", method=new.method, status=str(new.status), reason=new.reason
            )
            log.info(
                "verification",
                verification_id=PREFIX + changed.id,
                client=changed.state.client,
                method=changed.state.method,
                status=str(changed.state.status),
                reason=changed.state.reason or None,
            )
        return changed


def event(old: Verification, new: Verification) -> str:
    """The type of the event that a change is, "" for none."""
    if new.method == "owner":
        return ""  # it is answered, and done
    return f"verification.{new.status}" if new.status != old.status else ""
