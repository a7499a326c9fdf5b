"""Reservations the gateway keeps come due: released on time and once, whoever changes, cancels, dies or is away."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
import redis

from gateway import faults
from gateway.errors import LostAnswer
from gateway.metrics import Metrics
from gateway.model import keeping, lifecycle
from gateway.model.changes import Change
from gateway.model.ids import lane_of
from gateway.model.message import Content, Record, State
from gateway.model.policy import Policy
from gateway.provider import Provider, VendorAnswer, VendorRequest
from gateway.recording import Recorder
from gateway.routing import Routing
from gateway.store.messages import Store
from tests import pair as pairs
from tests.harness import ADMIN_KEY, Harness, advance, eventually
from tests.pair import OpenPair, Pair
from tests.store_tools import LANE, POLICY, Open, known, take
from tests.test_changes_under_way import MAIN_ONLY, OLD, OLD_FIRST
from tests.test_store_reservations import listed, reserve

pytestmark = pytest.mark.anyio
open_pair, pair = pairs.open_pair, pairs.pair
Reopen = Callable[..., Any]
HOUR = 3600.0
ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}


async def at(harness: Harness, seconds: float) -> str:
    """A time so many seconds ahead, by the store's clock."""
    await harness.here.store.know_time()
    return datetime.fromtimestamp(harness.here.store.clock.now() / 1000 + seconds, UTC).isoformat()


async def reserved(harness: Harness, ahead: float = HOUR, **body: Any) -> str:
    return await harness.sent(sendAt=await at(harness, ahead), **body)


def taken(harness: Harness) -> dict[str, int]:
    """How often the vendor was given each message."""
    return {f"msg_{reference[:26]}": number for reference, number in harness.vendor.requests.items()}


@asynccontextmanager
async def between_look_and_release(act: Callable[[], Any]) -> AsyncIterator[None]:
    """What is done once when the agenda has found something due, and has not yet changed it."""
    done: list[bool] = []

    async def hook(point: str) -> None:
        if point == "tick.after" and not done and await act():
            done.append(True)

    faults.install(hook)
    try:
        yield
    finally:
        faults.install(None)
    assert done


# On time


async def test_each_is_sent_at_its_time(harness: Harness) -> None:
    """Never before it."""
    harness.dispatch()
    wanted = {await reserved(harness, 0.4 + n / 20): 0.0 for n in range(20)}
    for id_ in wanted:
        wanted[id_] = datetime.fromisoformat((await harness.read(id_))["sendAt"]).timestamp()
    await eventually(lambda: len(harness.vendor.accepted) == 20)
    sent = {f"msg_{reference[:26]}": each.taken_at for reference, each in harness.vendor.accepted.items()}
    late = sorted(sent[id_].timestamp() - due for id_, due in wanted.items())
    assert 0 <= late[0] < 1, late  # the others as soon as this machine can


async def test_oldest_first(harness: Harness, raw: redis.Redis) -> None:
    """In the order of their times they stand in the queue, however they were accepted."""
    first = datetime.fromisoformat(await at(harness, HOUR))
    times = {n: (first + timedelta(seconds=n)).isoformat() for n in random.Random(5).sample(range(150), 150)}
    ids = {n: await harness.sent(sendAt=time_) for n, time_ in times.items()}
    await harness.api.post("/providers/main/pause", headers=ADMIN)
    await advance(harness, 2 * HOUR)
    harness.dispatch()
    line = f"{{{lane_of(ids[0][4:])}}}q:main:0:shop"
    await eventually(lambda: raw.llen(line) == 150, 20)
    assert [f"msg_{id_}" for id_ in raw.lrange(line, 0, -1)] == [ids[n] for n in range(150)]
    await harness.api.post("/providers/main/resume", headers=ADMIN)
    await eventually(lambda: len(harness.vendor.accepted) == 150, 20)


async def test_what_was_due_while_everything_was_down_is_sent_once(reopen: Reopen) -> None:
    before: Harness = await reopen()
    before.dispatch("before.0")
    ids = [await reserved(before, HOUR + n) for n in range(30)]
    to_come = await reserved(before, 30 * HOUR)
    await before.stop()
    after: Harness = await reopen()
    await advance(after, 3 * HOUR)
    after.dispatch("after.0")
    for id_ in ids:
        await after.until(id_, "delivered")
    assert taken(after) == dict.fromkeys(ids, 1)
    assert not before.vendor.requests
    assert (await after.read(to_come))["status"] == "scheduled"


async def test_of_two_gateways_each_is_sent_by_one(reopen: Reopen) -> None:
    first, second = await reopen(), await reopen()
    ids = [await reserved(first, HOUR) for _ in range(80)]
    for here, name in ((first, "a"), (second, "b")):
        await advance(here, HOUR + 1)
        for n in range(2):
            here.dispatch(f"{name}.{n}")
    await eventually(lambda: len(first.vendor.accepted) + len(second.vendor.accepted) == 80, 30)
    await asyncio.sleep(0.3)
    assert Counter(taken(first)) + Counter(taken(second)) == Counter(ids)


async def test_what_expired_while_everything_was_down_is_not_sent(reopen: Reopen) -> None:
    before: Harness = await reopen()
    short = await reserved(before, HOUR, expiresAt=await at(before, 2 * HOUR))
    long = await reserved(before, HOUR)
    after: Harness = await reopen()
    await advance(after, 3 * HOUR)
    after.dispatch()
    message = await after.until(short, "expired")
    assert (message["final"], message["reason"]["code"]) == (True, "expired")
    await after.until(long, "delivered")
    assert taken(after) == {long: 1}


# Changed and canceled in the last moment


async def test_no_canceled_one_is_sent_and_no_other_is_missing(harness: Harness) -> None:
    ahead, store = await at(harness, HOUR), harness.here.store
    due = int(datetime.fromisoformat(ahead).timestamp() * 1000)
    ids = list(await asyncio.gather(*(harness.sent(sendAt=ahead) for _ in range(200))))
    harness.dispatch("test.0")
    harness.dispatch("test.1")
    chance = random.Random(7)
    await advance(harness, (due - store.clock.now() - 400) / 1000)

    async def cancel(id_: str) -> int:
        await asyncio.sleep(max((due - store.clock.now()) / 1000 + chance.uniform(-0.3, 0.3), 0))
        return (await harness.api.delete(f"/reservations/{id_}")).status_code

    answers = dict(zip(ids[::2], await asyncio.gather(*map(cancel, ids[::2])), strict=True))
    assert set(answers.values()) <= {200, 409}
    assert 200 in answers.values()
    left = [id_ for id_ in ids if answers.get(id_) != 200]
    for id_ in left:
        await harness.until(id_, "delivered", seconds=20)
    assert taken(harness) == dict.fromkeys(left, 1)
    for id_, answer in answers.items():
        assert answer != 200 or (await harness.read(id_))["status"] == "canceled"


async def test_a_cancel_between_look_and_release_wins(harness: Harness) -> None:
    id_ = await reserved(harness)

    async def act() -> bool:
        return (await harness.api.delete(f"/reservations/{id_}")).status_code == 200

    await advance(harness, HOUR)
    async with between_look_and_release(act):
        harness.dispatch()
        await asyncio.sleep(0.5)
    assert (await harness.read(id_))["status"] == "canceled"
    assert not harness.vendor.requests


async def test_a_change_between_look_and_release_is_what_is_sent(harness: Harness) -> None:
    texted, moved = await reserved(harness), await reserved(harness)

    async def act() -> bool:
        later = {"sendAt": await at(harness, 2 * HOUR)}
        answers = [await harness.api.patch(f"/reservations/{texted}", json={"text": "Bye"})]
        answers.append(await harness.api.patch(f"/reservations/{moved}", json=later))
        return [answer.status_code for answer in answers] == [200, 200]

    await advance(harness, HOUR)
    async with between_look_and_release(act):
        harness.dispatch()
        await harness.until(texted, "delivered")
    await asyncio.sleep(0.3)
    assert [each.text for each in harness.vendor.accepted.values()] == ["Bye"]
    assert (await harness.read(moved))["status"] == "scheduled"
    await advance(harness, 2 * HOUR)
    await harness.until(moved, "delivered")
    assert taken(harness) == {texted: 1, moved: 1}


async def test_a_text_that_another_provider_must_carry_is_carried_by_it(open_pair: OpenPair) -> None:
    """Changed between look and release: the way it goes is chosen for the text that it has."""
    pair: Pair = await open_pair('[[routes]]\nproviders = ["media", "main"]\n')
    harness = pair.harness
    id_ = await reserved(harness)
    assert (await harness.read(id_))["provider"] == "media"

    async def act() -> bool:
        answer = await harness.api.patch(f"/reservations/{id_}", json={"text": "Hello \U0001f600"})
        return answer.status_code == 200 and answer.json()["provider"] == "main"

    await advance(harness, HOUR)
    async with between_look_and_release(act):
        harness.dispatch()
        message = await harness.until(id_, "delivered", "failed")
    assert (message["status"], message["provider"], pair.tries) == ("delivered", "main", ["main"])


async def test_changes_at_once_are_both_made(harness: Harness) -> None:
    for _ in range(5):
        id_, later = await reserved(harness), await at(harness, 2 * HOUR)
        bodies = ({"sendAt": later}, {"sendAt": later, "text": "Bye"})
        answers = await asyncio.gather(*(harness.api.patch(f"/reservations/{id_}", json=body) for body in bodies))
        assert [answer.status_code for answer in answers] == [200, 200]
        assert (await harness.read(id_))["text"] == "Bye"


async def test_a_vendor_that_was_not_heard_does_not_end_what_it_may_have_sent(harness: Harness) -> None:
    """Long after its time it keeps the reservation no more; whether it has sent it is the other question."""
    id_ = await reserved(harness, heldBy="provider")
    harness.dispatch("before.0")
    await eventually(lambda: harness.vendor.reservations)
    await asyncio.sleep(0.3)
    await harness.stop()
    harness.vendor.forget(f"{id_[4:]}g1")
    transport: Any = harness.here.transport
    exchange = transport.exchange

    async def deaf(provider: Provider, request: VendorRequest) -> VendorAnswer:
        if "status.json" in request.url:
            raise LostAnswer("nothing came")
        answer: VendorAnswer = await exchange(provider, request)
        return answer

    transport.exchange = deaf
    await advance(harness, HOUR + 600)
    harness.dispatch("after.0")
    message = await harness.until(id_, "submitted", "canceled")
    assert message["status"] == "submitted"


# By whom


async def test_the_provider_is_chosen_when_it_is_due(pair: Pair) -> None:
    harness = pair.harness
    first, pinned = await reserved(harness), await reserved(harness, provider="main")
    assert (await harness.read(first))["provider"] == "main"
    await harness.api.post("/providers/main/pause", headers=ADMIN)
    await advance(harness, HOUR)
    harness.dispatch()
    message = await harness.until(first, "delivered")
    assert (message["provider"], pair.at_vendors(first)) == ("media", ["media"])
    assert (await harness.read(pinned))["status"] == "queued"
    await harness.api.post("/providers/main/resume", headers=ADMIN)
    assert (await harness.until(pinned, "delivered"))["provider"] == "main"


async def test_by_the_configuration_of_then(reopen: Reopen, harness: Harness) -> None:
    url = harness.vendor.url
    before: Harness = await reopen(OLD.format(url=url) + OLD_FIRST)
    id_, pinned = await reserved(before), await reserved(before, provider="main")
    assert (await before.read(id_))["provider"] == "old"
    after: Harness = await reopen(MAIN_ONLY)
    await advance(after, HOUR)
    after.dispatch()
    assert (await after.until(id_, "delivered"))["provider"] == "main"
    assert (await after.until(pinned, "delivered"))["provider"] == "main"
    assert not harness.vendor.requests


async def test_at_a_shut_gate_it_waits_in_the_queue_and_can_still_be_canceled(harness: Harness) -> None:
    canceled, sent = await reserved(harness), await reserved(harness)
    await harness.api.post("/providers/main/pause", headers=ADMIN)
    harness.dispatch()
    await advance(harness, HOUR)
    for id_ in (canceled, sent):
        assert (await harness.until(id_, "queued"))["status"] == "queued"
    assert (await harness.api.get("/reservations")).json()["items"] == []
    assert (await harness.api.patch(f"/reservations/{sent}", json={"text": "Bye"})).status_code == 409
    assert (await harness.api.delete(f"/reservations/{canceled}")).json()["status"] == "canceled"
    assert (await harness.api.delete(f"/reservations/{canceled}")).status_code == 409
    await harness.api.post("/providers/main/resume", headers=ADMIN)
    await harness.until(sent, "delivered")
    assert taken(harness) == {sent: 1}


# Several writers


class OnePolicy(Routing):
    def policy(self, state: State, content: Content) -> Policy:
        return POLICY


class Racing:
    """Reservations that several processes release, take, cancel and change at once."""

    def __init__(self, stores: list[Store], seed: int) -> None:
        self.stores = stores
        self.recorders = [Recorder(store, OnePolicy({}, ()), Metrics()) for store in stores]
        self.random = random.Random(seed)
        self.canceled = set[str]()
        self.sent: list[Record] = []
        self.confirmed: dict[str, list[Record]] = {}

    def writer(self) -> Recorder:
        return self.random.choice(self.recorders)

    async def cancel(self, id_: str) -> None:
        await self._stagger()
        if await self.writer().cancel(await known(self.stores[0], id_)):
            self.canceled.add(id_)

    async def change(self, id_: str) -> None:
        await self._stagger()
        fits: list[bool] = []
        text, shift = f"text {self.random.random()}", self.random.choice([0, 0, 5, 40])

        def rule_(state: State, now: int, policy: Policy) -> Change | None:
            fits[:] = [keeping.changeable(state)]
            at = state.send_at + shift
            return keeping.changed(state, now, "text", send_at=at, due=at) if fits[0] else None

        record = await known(self.stores[0], id_)
        after = await self.writer().change(record, rule_, lambda content: msgspec.structs.replace(content, text=text))
        if fits[0]:
            assert after.content.text == text
            self.confirmed.setdefault(id_, []).append(after)

    async def release(self, store: Store) -> None:
        recorder = self.recorders[self.stores.index(store)]
        for record in await store.tick(LANE, 5, 20):
            await recorder.change(record, cast(Any, lifecycle.wake))
        await self._stagger()
        self.sent += await take(store, 3, owner=f"d.{self.stores.index(store)}")

    async def _stagger(self) -> None:
        await asyncio.sleep(self.random.choice([0, 0.001, 0.005, 0.02, 0.06]))


@pytest.mark.parametrize("seed", range(4))
async def test_of_all_who_write_at_once_one_wins(open_store: Open, redis_url: str, raw: redis.Redis, seed: int) -> None:
    """Each is canceled or sent, once; what was confirmed before is what is sent, and never before its time."""
    racing = Racing([await open_store(redis_url) for _ in range(4)], seed)
    first, wake_at = racing.stores[0], 30
    ids = [await reserve(first, wake_at + n % 40) for n in range(60)]
    work: list[Awaitable[None]] = [racing.change(id_) for id_ in ids for _ in range(2)]
    work += [racing.cancel(id_) for id_ in ids[::2] for _ in range(2)]
    racing.random.shuffle(work)

    async def agenda(store: Store) -> None:
        while listed(raw) or await store.queued(LANE):
            await racing.release(store)

    async with asyncio.timeout(20):
        await asyncio.gather(*work, *(agenda(store) for store in racing.stores))
    sent = Counter(record.id for record in racing.sent)
    assert (set(sent.values()), sorted([*sent, *racing.canceled])) == ({1}, sorted(ids))
    assert racing.confirmed
    for record in racing.sent:
        assert record.state.updated_at >= record.state.send_at, "early"
        changes = racing.confirmed.get(record.id, [])
        if changes:
            last = max(changes, key=lambda change: change.state.steps)
            assert (record.content.text, record.state.send_at) == (last.content.text, last.state.send_at)
    assert listed(raw) == {}
