"""Reservations: read, changed and canceled, wherever they are kept until their time.

The gateway's own are changed by one atomic step each. What a vendor keeps is canceled there, and counts as canceled
only on the vendor's word.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial

import msgspec
import structlog

from gateway.accepting import check_send_at
from gateway.availability import Availability
from gateway.errors import Code, GatewayError, invalid
from gateway.model import keeping
from gateway.model.changes import Change
from gateway.model.ids import PREFIX
from gateway.model.message import Content, Phase, Record, State, Status, Step
from gateway.model.outcome import Unknown
from gateway.model.policy import Policy
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.messages import Store
from gateway.store.roster import Place, Roster
from gateway.transport import Transport
from gateway.withdrawing import Withdrawing, not_cancelable, unsettled

log = structlog.get_logger()

CHUNK = 100
SCAN = 2000
"""Reservations looked at for one page, at most."""
SETTLING = 5.0
"""Seconds a cancel waits for the outcome of a handover under way."""
AT_ONCE = 16
"""Cancels under way at one vendor, of one request for many."""


class Criteria(msgspec.Struct, frozen=True, kw_only=True):
    """Which reservations. Times in ms since 1970; `begins` is included, `ends` is not."""

    group_tag: str | None = None
    begins: int | None = None
    ends: int | None = None

    def fits(self, record: Record) -> bool:
        state = record.state
        return (
            state.reserved
            and (self.group_tag is None or record.content.group_tag == self.group_tag)
            and (self.begins is None or state.send_at >= self.begins)
            and (self.ends is None or state.send_at < self.ends)
        )


class Canceled(msgspec.Struct, frozen=True):
    """How many were canceled by a request for many; those that were not, and why."""

    count: int
    failed: tuple[tuple[str, GatewayError], ...]


class Reservations:
    """Every method may raise `StoreUnavailable`."""

    def __init__(
        self,
        store: Store,
        routing: Routing,
        recorder: Recorder,
        availability: Availability,
        transport: Transport,
        withdrawing: Withdrawing,
        max_queue: float,
        claims_last: int,
    ) -> None:
        """`max_queue` in seconds; `claims_last`: ms that a request is known by its Idempotency-Key."""
        self._store = store
        self._roster = Roster(store)
        self._routing = routing
        self._recorder = recorder
        self._availability = availability
        self._transport = transport
        self._withdrawing = withdrawing
        self._max_queue_ms = int(max_queue * 1000)
        self._claims_last = claims_last

    # Reading

    async def page(
        self, client: str, criteria: Criteria, limit: int, after: Place | None = None
    ) -> tuple[list[Record], Place | None]:
        """Those that wait for their time, the next one first; where to go on, None at the end."""
        items: list[Record] = []
        looked = 0
        if after and criteria.begins is not None and after.send_at < criteria.begins:
            after = None
        while looked < SCAN:
            places = await self._roster.page(client, criteria.begins, criteria.ends, CHUNK, after)
            records = await self._store.read_many([place.id for place in places])
            for place, record in zip(places, records, strict=True):
                after = place
                if record is not None and criteria.fits(record):
                    items.append(record)
                    if len(items) == limit:
                        return items, after
            looked += len(places)
            if len(places) < CHUNK:
                return items, None
        return items, after

    async def look(self, record: Record) -> Record:
        """The reservation, after asking the vendor where it keeps it and can be asked."""
        if not (record.state.handover and record.state.reserved) or record.state.phase not in _AT_REST:
            return record
        turn = partial(self._availability.turn, record.state.provider)
        asked_at = self._store.clock.now()
        finding = await self._recorder.find(self._transport, record, turn)
        young = keeping.provable(record.state, asked_at)
        if isinstance(finding, Unknown) and 0 < young <= keeping.FRESH_MS:
            # It has just taken it: another look before it is believed not to have it.
            await asyncio.sleep(young / 1000)
            asked_at = self._store.clock.now()
            finding = await self._recorder.find(self._transport, record, turn)
        return await self._recorder.finding(record, finding, asked_at) if finding else record

    # Changing

    async def change(
        self, record: Record, client: Client, *, send_at: int | None = None, text: str | None = None
    ) -> Record:
        """Another time (ms since 1970), another text. Raises `not_changeable`, `invalid_request`, or as a new message
        would (`no_route`, `unsupported`)."""
        text = None if text == record.content.text else text
        able: tuple[str, ...] = ()
        fields: dict[str, object] = {}
        if text is not None and keeping.changeable(record.state):
            worded = msgspec.structs.replace(record.content, text=text, template=None)
            pinned = record.state.provider if record.content.pinned else None
            able = self._routing.choose(worded, client, pinned, later=True)
            able = tuple(name for name in able if name not in record.state.refused.split())
            if not able:
                detail = "The providers that could carry this text have refused the message."
                raise GatewayError(Code.NO_ROUTE, detail, message_id=PREFIX + record.id)
            size = self._routing.providers[able[0]].measure(text)
            fields = {"text": text, "template": None, "route": able if len(able) > 1 else ()}
            fields |= {"encoding": size.encoding, "characters": size.characters, "segments": size.count}
        fits: list[bool] = []
        made: list[Step | None] = []
        last: list[State] = []

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            fits[:] = [keeping.changeable(state)]
            last.clear()
            at = state.send_at if send_at is None else send_at
            if not fits[0] or (at == state.send_at and text is None):
                return None
            if at != state.send_at:
                check_send_at(at, now)
            stays = record.content.own_deadline or at == state.send_at
            expires = state.expires_at if stays else at + self._max_queue_ms
            if expires <= at:
                raise invalid("/sendAt", "sendAt must lie before the message's expiresAt.")
            what = " and ".join(["sendAt"] * (at != state.send_at) + ["text"] * (text is not None))
            times = {"send_at": at, "due": at, "expires_at": expires}
            change = keeping.changed(state, now, what, provider=able[0] if able else state.provider, **times)
            made.append(change.step)
            last.append(change.state)
            return change

        def rewrite(content: Content) -> Content:
            return msgspec.structs.replace(content, **fields)

        record = await self._recorder.change(record, rule, rewrite if fields else None)
        # Where the store's answer was lost it may have been made, and the message have left since.
        if not fits[0] and not any(step in made for step in record.timeline):
            raise _not_changeable(record)
        if last and record.state.updated_at != last[0].updated_at:
            raise GatewayError(Code.NOT_FOUND, "This message is there no more.", message_id=PREFIX + record.id)
        return record

    # Canceling

    async def cancel(self, record: Record, claim: str = "") -> Record:
        """Canceled, here or at the vendor that keeps it. `claim`: see `Recorder.cancel`. Raises `not_cancelable`;
        `provider_timeout` where the vendor does not say whether it dropped it; as `Asker.ask` does where it refuses."""
        ends = time.monotonic() + SETTLING
        while True:
            if canceled := await self._recorder.cancel(record, claim):
                return canceled
            current = await self._store.read(record.id)
            if current is None:
                raise not_cancelable(record)
            record = current
            state = record.state
            if not (state.handover and state.reserved):
                raise not_cancelable(record)
            if state.phase is Phase.RESTING or state.status is Status.UNCERTAIN:
                return await self._withdrawing.one(record, claim)
            if time.monotonic() >= ends:
                raise unsettled(record)
            await asyncio.sleep(0.05)  # it is being handed over, or its answer is being looked for

    async def cancel_all(self, client: str, criteria: Criteria, claim: str = "") -> Canceled:
        """Cancels all that fit, each for itself: what cannot be canceled is told, and the others are canceled. With
        a `claim` those are counted too that an earlier request with it canceled, or one under way."""
        outcomes: list[Outcome] = []
        elsewhere: dict[str, list[Record]] = {}
        async for fitting in self._fitting(client, criteria, claim):
            outcomes += await self.cancel_each([each for each in fitting if not each.state.handover], claim)
            for record in fitting:
                if record.state.handover:
                    elsewhere.setdefault(record.state.provider, []).append(record)
        for name, kept in elsewhere.items():
            dropped = await self._withdrawing.days(kept, criteria.begins, criteria.ends, criteria.group_tag, claim)
            outcomes += ((record, None) for record in dropped or ())
            done = {record.id for record in dropped or ()}
            outcomes += await self.cancel_each([record for record in kept if record.id not in done], claim)
            if dropped is not None:
                # What was handed over after it was looked for may have been dropped with the others.
                known = {record.id for record in kept}
                async for fitting in self._fitting(client, criteria, claim):
                    there = [each for each in fitting if each.state.handover and each.state.provider == name]
                    late = [each for each in there if each.id not in known]
                    outcomes += await self.cancel_each(late, claim)
        # What another cancel was faster with does not fit any more.
        outcomes = [each for each in outcomes if each[1] is None or each[0].state.status is not Status.CANCELED]
        failed = tuple((record.id, error) for record, error in outcomes if error is not None)
        count = await self._count(client, claim) if claim else len(outcomes) - len(failed)
        return Canceled(count, failed)

    async def _fitting(self, client: str, criteria: Criteria, claim: str) -> AsyncIterator[list[Record]]:
        """Those that fit, some at a time; noted under the claim before anything is done to them."""
        after: Place | None = None
        while True:
            places = await self._roster.page(client, criteria.begins, criteria.ends, CHUNK, after)
            records = await self._store.read_many([place.id for place in places])
            fitting = [record for record in records if record is not None and criteria.fits(record)]
            if claim and fitting:
                await self._roster.note(client, claim, [record.id for record in fitting], self._claims_last)
            yield fitting
            if len(places) < CHUNK:
                return
            after = places[-1]

    async def _count(self, client: str, claim: str) -> int:
        ids = await self._roster.noted(client, claim)
        count = 0
        for begin in range(0, len(ids), CHUNK):
            found = await self._store.read_many(ids[begin : begin + CHUNK])
            count += sum(_canceled_by(record, claim) for record in found if record)
        return count

    async def cancel_each(self, records: Sequence[Record], claim: str = "") -> list[Outcome]:
        """Cancels each for itself, as `cancel` does; what became of each, in their order."""
        names = {record.state.provider for record in records}
        there = {name: asyncio.Semaphore(min(AT_ONCE, self._withdrawing.at_once(name))) for name in names}
        here = asyncio.Semaphore(CHUNK)

        async def cancel(record: Record) -> Outcome:
            try:
                async with there[record.state.provider] if record.state.handover else here:
                    return await self.cancel(record, claim), None
            except GatewayError as error:
                record = await self._store.read(record.id) or record
                return record, None if _canceled_by(record, claim) else error

        found = await asyncio.gather(*(cancel(record) for record in records), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return [each for each in found if not isinstance(each, BaseException)]


Outcome = tuple[Record, GatewayError | None]
"""Of one cancel among many; None: it is canceled."""


def _canceled_by(record: Record, claim: str) -> bool:
    return bool(claim) and f"{claim} " in record.state.claims and record.state.status is Status.CANCELED


_AT_REST = (Phase.RESTING, Phase.ASKING)


def _not_changeable(record: Record) -> GatewayError:
    if record.state.handover and record.state.reserved:
        detail = "A vendor keeps this reservation: cancel it, and make another one."
    else:
        detail = f"The message is {record.state.status}: only what is still scheduled can be changed."
    return GatewayError(Code.NOT_CHANGEABLE, detail, message_id=PREFIX + record.id)
