"""Reservations: read, changed and canceled, wherever they are kept until their time.

The gateway's own are changed by one atomic step each. What a vendor keeps is canceled there, and counts as canceled
only on the vendor's word.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import msgspec
import structlog

from gateway.accepting import check_send_at
from gateway.asking import Asker
from gateway.availability import Availability
from gateway.errors import Code, GatewayError, invalid
from gateway.model import keeping
from gateway.model.changes import Change
from gateway.model.ids import PREFIX, reference
from gateway.model.message import Content, Phase, Record, State, Status
from gateway.model.outcome import Known, Unknown
from gateway.model.policy import Policy
from gateway.provider import Provider, Question, Withdrawal
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.messages import Store
from gateway.store.roster import Place, Roster
from gateway.transport import Transport

log = structlog.get_logger()

CHUNK = 100
SCAN = 2000
"""Reservations looked at for one page, at most."""
SETTLING = 5.0
"""Seconds a cancel waits for the outcome of a handover under way."""
WITHDRAWING = 15.0
"""Seconds a cancel asks a vendor again whose answers are lost."""
TRIES = 3
AT_ONCE = 16
"""Cancels under way at vendors at once, of one request for many."""


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
        asker: Asker,
        availability: Availability,
        transport: Transport,
        clients: Mapping[str, Client],
        max_queue: float,
        claims_last: int,
    ) -> None:
        """`max_queue` in seconds; `claims_last`: ms that a request is known by its Idempotency-Key."""
        self._store = store
        self._roster = Roster(store)
        self._routing = routing
        self._recorder = recorder
        self._asker = asker
        self._availability = availability
        self._transport = transport
        self._clients = clients
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
        finding = await self._recorder.find(self._transport, record, turn)
        young = keeping.FRESH_MS - (self._store.clock.now() - record.state.answered_at)
        if isinstance(finding, Unknown) and young > 0:
            # It has just taken it: another look before it is believed not to have it.
            await asyncio.sleep(young / 1000)
            finding = await self._recorder.find(self._transport, record, turn)
        return await self._recorder.finding(record, finding) if finding else record

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
            size = self._routing.providers[able[0]].measure(text)
            fields = {"text": text, "template": None, "route": able if len(able) > 1 else ()}
            fields |= {"encoding": size.encoding, "characters": size.characters, "segments": size.count}
        fits: list[bool] = []

        def rule(state: State, now: int, policy: Policy) -> Change | None:
            fits[:] = [keeping.changeable(state)]
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
            return keeping.changed(state, now, what, provider=able[0] if able else state.provider, **times)

        def rewrite(content: Content) -> Content:
            return msgspec.structs.replace(content, **fields)

        record = await self._recorder.change(record, rule, rewrite if fields else None)
        if not fits[0]:
            raise _not_changeable(record)
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
                raise _not_cancelable(record)
            record = current
            state = record.state
            if not (state.handover and state.reserved):
                raise _not_cancelable(record)
            if state.phase is Phase.RESTING or state.status is Status.UNCERTAIN:
                return await self._withdraw(record, claim)
            if time.monotonic() >= ends:
                raise _unsettled(record)
            await asyncio.sleep(0.05)  # it is being handed over, or its answer is being looked for

    async def _withdraw(self, record: Record, claim: str) -> Record:
        """As `cancel`, of what the vendor keeps, as far as is known."""
        provider = self._routing.providers.get(record.state.provider)
        question = provider.withdrawal(reference(record.id, record.state.generation)) if provider else None
        if provider is None or question is None:
            raise _not_cancelable(record)
        said, lost = await self._told_to_drop(provider, question)
        if said is None:
            await self._recorder.change(record, _doubted)
            raise lost or _unsettled(record)
        if said == "unknown" and lost is None:
            said = await self._known_as_sent(record)
        if said == "sent":
            record = await self._recorder.finding(record, Known())
            raise _not_cancelable(record)
        canceled = await self._recorder.cancel(record, claim, _withdrawn)
        if canceled is None:
            current = await self._store.read(record.id)
            raise _not_cancelable(current or record)
        return canceled

    async def _told_to_drop(
        self, provider: Provider, question: Question[Withdrawal]
    ) -> tuple[Withdrawal | None, GatewayError | None]:
        """What the vendor says, and the last answer that was lost on the way to it. Raises what says that it was not
        told to."""
        lost: GatewayError | None = None
        ends = time.monotonic() + WITHDRAWING
        for _ in range(TRIES):
            try:
                return await self._asker.ask(provider, question, unsettled=_ASK_AGAIN), lost
            except GatewayError as error:
                if error.code is Code.PROVIDER_TIMEOUT:
                    lost = error
                elif lost is None:
                    raise
            if time.monotonic() >= ends:
                break
        return None, lost

    async def _known_as_sent(self, record: Record) -> Withdrawal:
        """The vendor knows none of the reference: whether that is because it has sent it."""
        turn = partial(self._availability.turn, record.state.provider)
        finding = await self._recorder.find(self._transport, record, turn)
        return "sent" if isinstance(finding, Known) else "unknown"

    async def cancel_all(self, client: str, criteria: Criteria, claim: str = "") -> Canceled:
        """Cancels all that fit, each for itself: what cannot be canceled is told, and the others are canceled. With
        a `claim` those are counted too that an earlier request with it canceled, or one under way."""
        outcomes: list[Outcome] = []
        elsewhere: dict[str, list[Record]] = {}
        after: Place | None = None
        while True:
            places = await self._roster.page(client, criteria.begins, criteria.ends, CHUNK, after)
            records = await self._store.read_many([place.id for place in places])
            fitting = [record for record in records if record is not None and criteria.fits(record)]
            if claim and fitting:
                await self._roster.note(client, claim, [record.id for record in fitting], self._claims_last)
            outcomes += await self.cancel_each([each for each in fitting if not each.state.handover], claim)
            for record in fitting:
                if record.state.handover:
                    elsewhere.setdefault(record.state.provider, []).append(record)
            if len(places) < CHUNK:
                break
            after = places[-1]
        for name, kept in elsewhere.items():
            dropped = await self._drop_days(name, kept, criteria, claim)
            outcomes += dropped
            done = {record.id for record, _ in dropped}
            outcomes += await self.cancel_each([record for record in kept if record.id not in done], claim)
        failed = tuple((record.id, error) for record, error in outcomes if error is not None)
        count = await self._count(client, claim) if claim else len(outcomes) - len(failed)
        return Canceled(count, failed)

    async def _count(self, client: str, claim: str) -> int:
        ids = await self._roster.noted(client, claim)
        count = 0
        for begin in range(0, len(ids), CHUNK):
            found = await self._store.read_many(ids[begin : begin + CHUNK])
            count += sum(_canceled_by(record, claim) for record in found if record)
        return count

    async def cancel_each(self, records: Sequence[Record], claim: str = "") -> list[Outcome]:
        """Cancels each for itself, as `cancel` does; what became of each, in their order."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def cancel(record: Record) -> Outcome:
            try:
                async with gate:
                    return await self.cancel(record, claim), None
            except GatewayError as error:
                current = await self._store.read(record.id) if claim else None
                return (current, None) if current and _canceled_by(current, claim) else (record, error)

        found = await asyncio.gather(*(cancel(record) for record in records), return_exceptions=True)
        for each in found:
            if isinstance(each, BaseException):
                raise each
        return [each for each in found if not isinstance(each, BaseException)]

    async def _drop_days(self, name: str, kept: list[Record], criteria: Criteria, claim: str) -> list[Outcome]:
        """Has the vendor drop whole days at once where nothing else can be hit, and asks it about each afterwards:
        those that it dropped."""
        provider = self._routing.providers.get(name)
        resting = [each for each in kept if each.state.phase is Phase.RESTING]
        if provider is None or len(resting) < 2 or not self._alone(provider):
            return []
        zone = ZoneInfo(provider.settings.timezone)
        first, *_, last = sorted(datetime.fromtimestamp(each.state.send_at / 1000, zone).date() for each in resting)
        within = (criteria.begins is None or criteria.begins <= _midnight(first, zone)) and (
            criteria.ends is None or criteria.ends >= _midnight(last + timedelta(days=1), zone)
        )
        question = provider.withdrawal_of_days(first, last, criteria.group_tag) if within else None
        if question is None:
            return []
        try:
            await self._asker.ask(provider, question, unsettled="each is canceled for itself now")
        except GatewayError as error:
            log.warning("days not canceled at once", provider=name, code=error.code)
            return []
        found = await asyncio.gather(*(self._dropped(record, claim) for record in resting))
        return [(record, None) for record, dropped in zip(resting, found, strict=True) if dropped]

    async def _dropped(self, record: Record, claim: str) -> bool:
        turn = partial(self._availability.turn, record.state.provider)
        finding = await self._recorder.find_kept(self._transport, record, turn)
        if not isinstance(finding, Unknown):
            return False
        return await self._recorder.cancel(record, claim, _withdrawn) is not None

    def _alone(self, provider: Provider) -> bool:
        """What the vendor keeps for the account is all of one client, through this provider."""
        same = [each for each in self._routing.providers.values() if each.account == provider.account]
        users = [client for client in self._clients.values() if client.may_use(provider.name)]
        return len(same) == 1 and len(users) == 1


Outcome = tuple[Record, GatewayError | None]
"""Of one cancel among many; None: it is canceled."""


def _canceled_by(record: Record, claim: str) -> bool:
    return f"{claim} " in record.state.claims and record.state.status is Status.CANCELED


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _withdrawn(state: State, now: int, policy: Policy) -> Change | None:
    return keeping.withdrawn(state, now)


def _doubted(state: State, now: int, policy: Policy) -> Change | None:
    return keeping.doubted(state, now)


_AT_REST = (Phase.RESTING, Phase.ASKING)
_ASK_AGAIN = "cancel it again, or read it: the vendor is asked then"


def _not_changeable(record: Record) -> GatewayError:
    if record.state.handover and record.state.reserved:
        detail = "A vendor keeps this reservation: cancel it, and make another one."
    else:
        detail = f"The message is {record.state.status}: only what is still scheduled can be changed."
    return GatewayError(Code.NOT_CHANGEABLE, detail, message_id=PREFIX + record.id)


def _not_cancelable(record: Record) -> GatewayError:
    if record.state.handover and record.state.reserved:
        detail = "The vendor that keeps this reservation does not cancel any."
    else:
        detail = f"The message is {record.state.status}: only what is still scheduled or queued can be canceled."
    return GatewayError(Code.NOT_CANCELABLE, detail, message_id=PREFIX + record.id)


def _unsettled(record: Record) -> GatewayError:
    return GatewayError(
        Code.PROVIDER_TIMEOUT,
        "The reservation is being handed to the vendor, whose answer is not there yet. Nothing was canceled: cancel it "
        "again in a few seconds.",
        message_id=PREFIX + record.id,
        provider=record.state.provider,
    )
