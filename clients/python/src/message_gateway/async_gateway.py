"""The gateway, for asyncio."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import date, datetime
from typing import Self, TypeVar, Unpack

import httpx

from .bodies import (
    ByCallIn,
    ByCallOut,
    ByCode,
    Message,
    MessageFilter,
    Reservation,
    ReservationFilter,
    ToMany,
    batch_body,
    call_in_body,
    call_out_body,
    change_body,
    code_body,
    message_body,
    owner_body,
    prefer,
    reservation_body,
    to_many_body,
)
from .events import Event, typed
from .generated.api.events import list_events
from .generated.api.messages import cancel_message, get_message, list_messages, send_batch, send_message
from .generated.api.numbers import check_verification, get_verification, resend_verification, verify_number
from .generated.api.operations import list_orphans
from .generated.api.reservations import (
    cancel_reservation,
    change_reservation,
    get_reservation,
    list_reservations,
    make_reservation,
)
from .generated.api.rules import activate_rule, get_activation
from .generated.api.vendors import get_balance
from .generated.client import Client
from .generated.models import (
    ActivationIn,
    ActivationLogOut,
    ActivationOut,
    BalanceOut,
    BatchAcceptedOut,
    CallInIn,
    CallOutIn,
    CheckIn,
    CheckOut,
    EventList,
    MessageList,
    MessageOut,
    OrphanList,
    OrphanOut,
    OwnerIn,
    OwnerOut,
    SmsCodeIn,
    VerificationOut,
)
from .paging import async_pages
from .problems import ConflictError
from .retrying import RetryPolicy
from .target import only, target
from .transport import AsyncRetryTransport, proxy_for
from .waiting import Waiting, settled

T = TypeVar("T", MessageOut, VerificationOut)


class AsyncGateway:
    """One client of a gateway; close it, or use it in an `async with`.

    Every call raises `ProblemError` (or a subclass) for what the gateway refuses, `ConnectionFailedError` where no
    answer came, `UnexpectedAnswerError` where it cannot be read; all are `GatewayError`. Calls that send something
    are given an Idempotency-Key of their own, unless there is a `client_tag`, or a key of yours: what is tried again
    is sent once.

    `client` is what the functions in `message_gateway.generated.api` take, for everything that has no method here.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        timeout: float = 35.0,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        """Without `url` and `key` the environment's GATEWAY_URL and GATEWAY_KEY. `timeout`: seconds for each step of a
        try, longer than the 30 s an answer is ever held. `transport`: in place of httpx's own."""
        where = target(url, key)
        layer = AsyncRetryTransport(
            transport or httpx.AsyncHTTPTransport(proxy=proxy_for(where.url)),
            base_path=where.path,
            policy=retry,
            sleep=sleep,
            random=random,
        )
        self._http = httpx.AsyncClient(base_url=where.url, headers=where.headers, timeout=timeout, transport=layer)
        self._clock = clock
        self._sleep = sleep
        self.client = Client(asyncio=self._http)

    def __repr__(self) -> str:
        return f"AsyncGateway({str(self._http.base_url)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    # Messages

    async def send(
        self, *, wait: int | None = None, idempotency_key: str | None = None, **message: Unpack[Message]
    ) -> MessageOut:
        """Accepts a message for sending. `wait`: hold the answer until the vendor has answered, so many seconds at
        most (30)."""
        body, held = message_body(**message), prefer(wait)
        return await send_message.asyncio(client=self.client, body=body, prefer=held, idempotency_key=idempotency_key)

    async def send_batch(self, messages: Iterable[Message], *, idempotency_key: str | None = None) -> BatchAcceptedOut:
        """Accepts up to 1000 messages. Each item of the answer has either its `message` or its `problem`."""
        body = batch_body(messages)
        return await send_batch.asyncio(client=self.client, body=body, idempotency_key=idempotency_key)

    async def send_to_many(
        self, to: Iterable[str], *, idempotency_key: str | None = None, **message: Unpack[ToMany]
    ) -> BatchAcceptedOut:
        """Accepts one text for up to 1000 numbers."""
        body = to_many_body(to, **message)
        return await send_batch.asyncio(client=self.client, body=body, idempotency_key=idempotency_key)

    async def get(self, message_id: str, *, refresh: bool = False) -> MessageOut:
        """A message with its timeline. `refresh`: ask the vendor first, where it can be asked."""
        return await get_message.asyncio(message_id, client=self.client, refresh=refresh)

    def messages(self, *, limit: int = 100, **which: Unpack[MessageFilter]) -> AsyncIterator[MessageOut]:
        """All messages, newest first, read page by page; `limit`: how many a page has."""

        async def read(at: str | None) -> MessageList:
            return await list_messages.asyncio(client=self.client, cursor=at, limit=limit, **which)

        return async_pages(read)

    async def cancel(self, message_id: str, *, idempotency_key: str | None = None) -> MessageOut:
        """Cancels what has not left. Raises ConflictError where it has."""
        return await cancel_message.asyncio(message_id, client=self.client, idempotency_key=idempotency_key)

    async def wait_until_delivered(self, message_id: str, timeout: float = 60.0) -> MessageOut:
        """The message, once it is delivered or has another outcome: look at its `status`. Raises
        WaitTimeoutError with the message as it stands after `timeout` seconds; a look that is under way is not broken
        off."""
        return await self._until_settled(lambda: self.get(message_id), timeout)

    # Reservations

    async def reserve(self, *, idempotency_key: str | None = None, **message: Unpack[Reservation]) -> MessageOut:
        """Keeps a message until `send_at`."""
        body = reservation_body(**message)
        return await make_reservation.asyncio(client=self.client, body=body, idempotency_key=idempotency_key)

    async def get_reservation(self, reservation_id: str) -> MessageOut:
        return await get_reservation.asyncio(reservation_id, client=self.client)

    def reservations(self, *, limit: int = 100, **which: Unpack[ReservationFilter]) -> AsyncIterator[MessageOut]:
        """All that wait, the next one first, read page by page."""

        async def read(at: str | None) -> MessageList:
            return await list_reservations.asyncio(client=self.client, cursor=at, limit=limit, **which)

        return async_pages(read)

    async def change_reservation(
        self, reservation_id: str, *, send_at: datetime | None = None, text: str | None = None
    ) -> MessageOut:
        """Raises ConflictError where it has left, or a vendor keeps it."""
        body = change_body(send_at, text)
        return await change_reservation.asyncio(reservation_id, client=self.client, body=body)

    async def cancel_reservation(self, reservation_id: str) -> MessageOut:
        """Cancels what has not left. Raises ConflictError where it has, or was canceled before."""
        try:
            return await cancel_reservation.asyncio(reservation_id, client=self.client)
        except ConflictError as problem:
            if problem.may_have_been_accepted:  # the answer that was lost may be the one that canceled it
                reservation = await self.get_reservation(reservation_id)
                if reservation.status == "canceled":
                    return reservation
            raise

    # Numbers

    async def verify_by_code(
        self, number: str, *, idempotency_key: str | None = None, **how: Unpack[ByCode]
    ) -> VerificationOut:
        """Sends a code in place of `{code}` in the text."""
        return only(VerificationOut, await self._verify(code_body(number, **how), idempotency_key))

    async def verify_by_call_in(
        self, number: str, *, idempotency_key: str | None = None, **how: Unpack[ByCallIn]
    ) -> VerificationOut:
        """The number's owner calls the answer's `call_number`."""
        return only(VerificationOut, await self._verify(call_in_body(number, **how), idempotency_key))

    async def verify_by_call_out(
        self, number: str, *, idempotency_key: str | None = None, **how: Unpack[ByCallOut]
    ) -> VerificationOut:
        """The vendor calls the number and reads out a code."""
        return only(VerificationOut, await self._verify(call_out_body(number, **how), idempotency_key))

    async def verify_owner(
        self,
        number: str,
        *,
        reference_date: date,
        client_tag: str | None = None,
        provider: str | None = None,
        idempotency_key: str | None = None,
    ) -> OwnerOut:
        """Whether the number still belongs to whom it did on that day."""
        body = owner_body(number, reference_date, client_tag, provider)
        return only(OwnerOut, await self._verify(body, idempotency_key))

    async def check_code(self, verification_id: str, code: str, *, idempotency_key: str | None = None) -> CheckOut:
        """What the code is worth: `verified` once."""
        body = CheckIn(code=code)
        return await check_verification.asyncio(
            verification_id, client=self.client, body=body, idempotency_key=idempotency_key
        )

    async def resend_code(self, verification_id: str, *, idempotency_key: str | None = None) -> VerificationOut:
        """Another code, or another call."""
        return await resend_verification.asyncio(verification_id, client=self.client, idempotency_key=idempotency_key)

    async def get_verification(self, verification_id: str) -> VerificationOut:
        return await get_verification.asyncio(verification_id, client=self.client)

    async def wait_until_verified(self, verification_id: str, timeout: float = 600.0) -> VerificationOut:
        """The verification, once the number is verified, or once it cannot be any more: look at its `status`. Raises
        WaitTimeoutError after `timeout` seconds."""
        return await self._until_settled(lambda: self.get_verification(verification_id), timeout)

    # Everything else that many need

    async def activate(
        self, rule: str, *, client_tag: str | None = None, idempotency_key: str | None = None
    ) -> ActivationOut:
        """Sets a call tree off, once."""
        body = ActivationIn(rule=rule, client_tag=client_tag)
        return await activate_rule.asyncio(client=self.client, body=body, idempotency_key=idempotency_key)

    async def get_activation(self, activation_id: str) -> ActivationLogOut:
        """An activation and its calls, as far as the vendor's log has them."""
        return await get_activation.asyncio(activation_id, client=self.client)

    async def balance(self, provider: str | None = None) -> list[BalanceOut]:
        """What is left at each vendor; those that cannot say have a `problem`."""
        return (await get_balance.asyncio(client=self.client, provider=provider)).balances

    def events(self, *, after: str | None = None, type: str | None = None, limit: int = 100) -> AsyncIterator[Event]:
        """What happened since the event `after`, oldest first, and all that is kept without it; ends with what there
        is now. `type`: `message.delivered`, or a kind like `message.*`."""

        async def read(at: str | None) -> EventList:
            return await list_events.asyncio(client=self.client, after=at, type_=type, limit=limit)

        return (typed(event) async for event in async_pages(read, after))

    def orphans(self, *, limit: int = 100) -> AsyncIterator[OrphanOut]:
        """Receipts that match nothing; for an operator's key."""

        async def read(at: str | None) -> OrphanList:
            return await list_orphans.asyncio(client=self.client, cursor=at, limit=limit)

        return async_pages(read)

    async def _verify(self, body: OwnerIn | CallInIn | CallOutIn | SmsCodeIn, key: str | None) -> object:
        return await verify_number.asyncio(client=self.client, body=body, idempotency_key=key)

    async def _until_settled(self, read: Callable[[], Awaitable[T]], timeout: float) -> T:
        waiting = Waiting(timeout, self._clock)
        while not settled(last := await read()):
            await self._sleep(waiting.pause(last))
        return last
