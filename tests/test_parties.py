"""Several messages in one request: who travels together, who waits for whom, and what a refusal of all means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.dispatch.parties import LONGEST, QUIET, Gathering, divided, parties
from gateway.model import lifecycle
from gateway.model.message import Content, Phase, Record, State, Status
from gateway.model.outcome import Accepted, Divided, Refused
from gateway.model.reasons import Reason
from gateway.store.messages import Store
from tests.store_tools import CONTENT, HOUR, POLICY, Open, known, put, take

pytestmark = pytest.mark.anyio

SEVERAL = {"main": 3}
STATE = State(
    status=Status.SUBMITTING,
    phase=Phase.HELD,
    fence=1,
    open="1 ",
    provider="main",
    client="shop",
    expires_at=HOUR,
    created_at=0,
    updated_at=0,
)


@pytest.fixture
async def store(open_store: Open, redis_url: str) -> Store:
    opened: Store = await open_store(redis_url, parties=SEVERAL)
    return opened


def to(number: int, **given: Any) -> Content:
    return msgspec.structs.replace(CONTENT, to=f"+8210{number:08}", **given)


# In the store


async def test_messages_of_equal_wording_are_taken_together_in_order(store: Store) -> None:
    ids = [await put(store, content=to(n)) for n in range(7)]
    assert [record.id for record in await take(store, 1)] == ids[:3]
    assert [record.id for record in await take(store, 2)] == ids[3:7]
    assert await store.queued("00") == {}


@pytest.mark.parametrize(
    "other",
    [{"text": "Bye"}, {"subject": "S"}, {"sender": "1"}, {"carrier": "au"}, {"template": "7"}, {"options": {"x": 1}}],
    ids=str,
)
async def test_another_wording_travels_apart_and_keeps_its_place(store: Store, other: dict[str, Any]) -> None:
    first, apart, second = [await put(store, content=content) for content in (to(1), to(2, **other), to(3))]
    assert [record.id for record in await take(store, 1)] == [first, second]
    assert [record.id for record in await take(store, 1)] == [apart]


async def test_what_no_vendor_sees_does_not_part_them(store: Store) -> None:
    for n, fields in enumerate([{"client_tag": "a"}, {"group_tag": "b"}, {"metadata": {"c": "d"}}]):
        await put(store, content=to(n, **fields))
    assert len(await take(store, 1)) == 3


async def test_no_receiver_twice_in_a_party(store: Store) -> None:
    ids = [await put(store, content=to(n)) for n in (1, 1, 2)]
    assert [record.id for record in await take(store, 1)] == [ids[0], ids[2]]
    assert [record.id for record in await take(store, 1)] == [ids[1]]


async def test_clients_take_turns_party_by_party(store: Store) -> None:
    for n in range(6):
        await put(store, content=to(n))
    other = await put(store, content=to(9), client="other")
    assert len(await take(store, 1)) == 3
    assert [record.id for record in await take(store, 1)] == [other]


async def test_a_canceled_one_leaves_its_party(store: Store) -> None:
    ids = [await put(store, content=to(n)) for n in range(3)]
    record = await known(store, ids[1])
    change = lifecycle.cancel(record.state, store.clock.now())
    assert change is not None
    await store.apply(record, change)
    assert [each.id for each in await take(store, 1)] == [ids[0], ids[2]]


async def test_a_refused_party_comes_back_in_halves(store: Store) -> None:
    ids = [await put(store, content=to(n)) for n in range(4)]
    refused = await take(store, 1)
    assert len(refused) == 3
    for record in refused:
        change = lifecycle.settle(record.state, record.state.fence, Divided(2, "8", "too many"), 0, POLICY)
        assert change is not None
        assert await store.apply(record, change)
    # The fourth, never refused, does not join those that were.
    assert [[each.id for each in await take(store, 1)] for _ in range(3)] == [[ids[3]], ids[:2], [ids[2]]]


async def test_alone_for_a_provider_that_takes_one_at_a_time(store: Store) -> None:
    for n in range(3):
        await put(store, content=to(n), provider="single")
    assert len(await take(store, 1, provider="single")) == 1


async def test_passing_over_sees_them_one_by_one(store: Store) -> None:
    ids = [await put(store, content=to(n)) for n in range(3)]
    records, dropped = await store.peek("00", "main", 10)
    assert ([record.id for record in records], dropped) == (ids, 0)


# In the dispatcher


def record(id_: str, content: Content, party: int = 0) -> Record:
    state = msgspec.structs.replace(STATE, party=party)
    return Record(id=id_, state=state, raw=b"", content=content)


def test_what_the_store_took_for_equal_is_compared_again() -> None:
    """Digests of a few bytes may collide; a text must never reach the wrong people."""
    a, b, c = record("a", to(1)), record("b", to(2, text="Bye")), record("c", to(3))
    assert parties([a, b, c], 100) == [[a, c], [b]]


def test_a_party_has_no_more_than_each_of_it_may_have() -> None:
    few = [record(str(n), to(n), party=2) for n in range(3)]
    assert [len(party) for party in parties(few, 100)] == [2, 1]


REFUSAL = Refused(Reason.PROVIDER_ERROR, "vendor", "10", "an error", divisible=True)


def test_a_refusal_of_several_is_nobodys_yet() -> None:
    five = [record(str(n), to(n)) for n in range(5)]
    assert divided(REFUSAL, five) == Divided(3, "10", "refused together with others: an error")
    assert divided(REFUSAL, five[:1]) is REFUSAL
    plain = msgspec.structs.replace(REFUSAL, divisible=False)
    assert divided(plain, five) is plain
    assert divided(Accepted("0"), five) == Accepted("0")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_waits_until_nobody_else_comes() -> None:
    clock = Clock()
    gathering = Gathering(100, clock)
    assert gathering.ready(1) == 0
    clock.now += QUIET * 0.9
    assert gathering.ready(2) == 0
    clock.now += QUIET * 0.9
    assert gathering.ready(2) == 0
    clock.now += QUIET
    assert gathering.ready(2) == 2


def test_a_full_request_leaves_at_once_and_the_rest_waits_on() -> None:
    clock = Clock()
    gathering = Gathering(100, clock)
    assert gathering.ready(230) == 2
    assert gathering.ready(30) == 0
    clock.now += QUIET
    assert gathering.ready(30) == 30


def test_nobody_waits_longer_than_the_longest() -> None:
    clock = Clock()
    gathering = Gathering(100, clock)
    depth = 0
    while clock.now < LONGEST:
        depth += 1
        assert gathering.ready(depth) == 0
        clock.now += QUIET / 2
    assert gathering.ready(depth + 1) == depth + 1
    assert gathering.ready(1) == 0, "the next one waits anew"


def test_after_a_lull_the_first_waits_anew() -> None:
    """Others took what was gathered, or a full request left, and nothing waited for a while."""
    clock = Clock()
    for before, taken in ((5, 0), (3, 1)):
        gathering = Gathering(3 if taken else 100, clock)
        assert gathering.ready(before) == taken
        gathering.ready(0)
        clock.now += 10
        assert gathering.ready(1) == 0


def test_what_another_process_takes_is_not_followed_by_ones_and_twos() -> None:
    clock = Clock()
    gathering = Gathering(100, clock)
    for depth in range(1, 20):
        assert gathering.ready(depth) == 0
        clock.now += LONGEST / 20
    clock.now += LONGEST / 20
    assert gathering.ready(2) == 0, "another one took twenty: these two are the first of the next"


def test_who_is_alone_in_each_request_waits_for_nobody() -> None:
    assert Gathering(1).ready(1) == 1


# In the rules


def test_of_a_divided_party_with_an_open_try_only_the_vendor_knows() -> None:
    state = msgspec.structs.replace(STATE, open="1 2 ", fence=2, phase=Phase.HELD)
    change = lifecycle.settle(state, 2, Divided(1, "8"), state.updated_at, POLICY)
    assert change is not None
    assert (change.state.phase, change.state.open) == (Phase.ASKING, "1 ")


def test_a_division_heard_late_is_tried_again_in_less_company() -> None:
    state = msgspec.structs.replace(STATE, open="1 ", fence=1, phase=Phase.WAITING, due=STATE.updated_at + HOUR)
    change = lifecycle.settle(state, 1, Divided(4, "8"), state.updated_at, POLICY)
    assert change is not None
    assert (change.state.open, change.state.party) == ("", 4)
