"""Canceling what a vendor keeps: it counts as canceled only on the vendor's word."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from gateway.asking import SHARE, Asker
from gateway.availability import PATIENCE, Availability
from gateway.errors import Code, GatewayError
from gateway.model import keeping
from gateway.model.changes import Change
from gateway.model.ids import PREFIX, reference
from gateway.model.message import Phase, Record, State
from gateway.model.outcome import Known, Unknown
from gateway.model.policy import Policy
from gateway.provider import Provider, Question, Withdrawal
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.settings import Client
from gateway.store.messages import Store
from gateway.store.roster import Roster
from gateway.transport import Transport

log = structlog.get_logger()

WITHDRAWING = 15.0
"""Seconds a vendor is asked again whose answers are lost."""
TRIES = 3
_ASK_AGAIN = "cancel it again, or read it: the vendor is asked then"


class Withdrawing:
    """Used by `reservations`, which cancels what the gateway keeps. Every method may raise `StoreUnavailable`."""

    def __init__(
        self,
        store: Store,
        routing: Routing,
        recorder: Recorder,
        asker: Asker,
        availability: Availability,
        transport: Transport,
        clients: Mapping[str, Client],
    ) -> None:
        self._store = store
        self._roster = Roster(store)
        self._routing = routing
        self._recorder = recorder
        self._asker = asker
        self._availability = availability
        self._transport = transport
        self._clients = clients

    async def one(self, record: Record, claim: str = "") -> Record:
        """The canceled reservation. Raises as `Reservations.cancel` does."""
        provider = self._routing.providers.get(record.state.provider)
        question = provider.withdrawal(reference(record.id, record.state.generation)) if provider else None
        if provider is None or question is None:
            raise not_cancelable(record)
        asked_at = self._store.clock.now()
        said, lost = await self._told_to_drop(provider, question)
        if said == "unknown" and await self._settled(record, asked_at):
            # It had just taken it: it is told once more before it is believed not to have it.
            asked_at = self._store.clock.now()
            said, again = await self._told_to_drop(provider, question)
            lost = lost or again
        soon = keeping.provable(record.state, asked_at) > 0
        if said == "unknown" and (soon or lost is None):
            said = await self._known_as_sent(record)
            said = said if said == "sent" or not soon else None
        if said is None:
            await self._recorder.change(record, _doubted)
            raise lost or _unsaid(record)
        if said == "sent":
            record = await self._recorder.finding(record, Known())
            raise not_cancelable(record)
        canceled = await self._recorder.cancel(record, claim, _withdrawn)
        if canceled is None:
            current = await self._store.read(record.id)
            raise not_cancelable(current or record)
        return canceled

    def at_once(self, name: str) -> int:
        """How many cancels may be under way at a provider, so that each has its turn in its rate in time."""
        provider = self._routing.providers.get(name)
        return max(int(provider.settings.rate * SHARE * PATIENCE / 2), 1) if provider else 1

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

    async def _settled(self, record: Record, asked_at: int) -> bool:
        """Whether it had to be waited until what the vendor says of it is proof; not for its time, which is long."""
        wait = keeping.provable(record.state, asked_at)
        if not 0 < wait <= keeping.FRESH_MS:
            return False
        await asyncio.sleep(wait / 1000)
        return True

    async def _known_as_sent(self, record: Record) -> Withdrawal | None:
        """The vendor knows none of the reference: whether that is because it has sent it. None: it does not say."""
        turn = partial(self._availability.turn, record.state.provider)
        finding = await self._recorder.find_sent(self._transport, record, turn)
        return "sent" if isinstance(finding, Known) else "unknown" if isinstance(finding, Unknown) else None

    async def days(
        self, kept: Sequence[Record], begins: int | None, ends: int | None, group_tag: str | None, claim: str = ""
    ) -> list[Record] | None:
        """Those of one provider's that were dropped by whole days at once, and the vendor asked about each afterwards.
        None, and the vendor is told nothing, where anything could be hit that is not of the group, or not from `begins`
        to before `ends` (ms since 1970; None: all)."""
        resting = [each for each in kept if each.state.phase is Phase.RESTING]
        provider = self._routing.providers.get(resting[0].state.provider) if resting else None
        if provider is None or len(resting) < 2 or not self._alone(provider):
            return None
        zone = ZoneInfo(provider.settings.timezone)
        first, *_, last = sorted(datetime.fromtimestamp(each.state.send_at / 1000, zone).date() for each in resting)
        within = (begins is None or begins <= midnight(first, zone)) and (
            ends is None or ends >= midnight(last + timedelta(days=1), zone)
        )
        question = provider.withdrawal_of_days(first, last, group_tag) if within else None
        if question is None or await self._others(resting[0].state.client, first, last, zone):
            return None
        try:
            await self._asker.ask(provider, question, unsettled="each is canceled for itself now")
        except GatewayError as error:
            log.warning("days not canceled at once", provider=provider.name, code=error.code)
            return []
        found = await asyncio.gather(*(self._dropped(record, claim) for record in resting))
        return [record for record, dropped in zip(resting, found, strict=True) if dropped]

    async def _dropped(self, record: Record, claim: str) -> bool:
        await self._settled(record, self._store.clock.now())
        asked_at = self._store.clock.now()
        turn = partial(self._availability.turn, record.state.provider)
        finding = await self._recorder.find_kept(self._transport, record, turn)
        if not isinstance(finding, Unknown) or keeping.provable(record.state, asked_at):
            return False
        return await self._recorder.cancel(record, claim, _withdrawn) is not None

    async def _others(self, client: str, first: date, last: date, zone: ZoneInfo) -> bool:
        """Whether a client that is configured no more may have something there."""
        begins, ends = midnight(first, zone), midnight(last + timedelta(days=1), zone)
        for other in await self._roster.clients():
            if other != client and await self._roster.page(other, begins, ends, 1):
                return True
        return False

    def _alone(self, provider: Provider) -> bool:
        """What the vendor keeps for the account is all of one client, through this provider."""
        same = [each for each in self._routing.providers.values() if each.account == provider.account]
        users = [client for client in self._clients.values() if client.may_use(provider.name)]
        return len(same) == 1 and len(users) == 1


def midnight(day: date, zone: ZoneInfo) -> int:
    """The first moment of a day, ms since 1970: it may be twenty-three hours long, or twenty-five."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _withdrawn(state: State, now: int, policy: Policy) -> Change | None:
    return keeping.withdrawn(state, now)


def _doubted(state: State, now: int, policy: Policy) -> Change | None:
    return keeping.doubted(state, now)


def not_cancelable(record: Record) -> GatewayError:
    if record.state.handover and record.state.reserved:
        detail = "The vendor that keeps this reservation does not cancel any."
    else:
        detail = f"The message is {record.state.status}: only what is still scheduled or queued can be canceled."
    return GatewayError(Code.NOT_CANCELABLE, detail, message_id=PREFIX + record.id)


def _unsaid(record: Record) -> GatewayError:
    return GatewayError(
        Code.PROVIDER_TIMEOUT,
        "The vendor knows none of this reference, and does not say whether it has sent it. Its status is unchanged: "
        f"{_ASK_AGAIN}.",
        message_id=PREFIX + record.id,
        provider=record.state.provider,
    )


def unsettled(record: Record) -> GatewayError:
    return GatewayError(
        Code.PROVIDER_TIMEOUT,
        "The reservation is being handed to the vendor, whose answer is not there yet. Nothing was canceled: cancel it "
        "again in a few seconds.",
        message_id=PREFIX + record.id,
        provider=record.state.provider,
    )
