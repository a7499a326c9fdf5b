"""Reservations in the store: their list, handovers in the queue, and several writers at once, on a real Redis."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import redis

from gateway.dispatch.parties import parties
from gateway.model import keeping, lifecycle
from gateway.model.changes import Change
from gateway.model.message import Phase, State, Status, Step
from gateway.model.outcome import Accepted, Busy, Divided, Kept, Known, NotSent, Refused, Unknown
from gateway.model.policy import NOBODY, Policy
from gateway.model.reasons import Reason
from gateway.store.messages import Late, Store
from gateway.store.roster import Place, Roster
from tests.store_tools import CONTENT, DAY, HOUR, LANE, LEASE, POLICY, Open, accept, known, put, take
from tests.test_keeping_history import FINDINGS, OUTCOMES, follow
from tests.test_lifecycle import DEAF, LOST, word

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
replace = msgspec.structs.replace
CHECKABLE = replace(POLICY, checkable=True)
SPARE = replace(CHECKABLE, onward="spare", onward_serves=True)
NOT_THEN = Refused(Reason.PROVIDER_ERROR, "schedule", "120")
ABOUT_US = Refused(Reason.QUOTA_EXCEEDED, "account", "300")
MONTH = 202611
FACTS: list[tuple[Any, ...]] = [
    *[(what,) for what in ("take", "take", "take", "wake", "wake", "wake", "over", "change", "cancel", "drop")],
    *[("settle", outcome, 0) for outcome in OUTCOMES],
    *[("find", found) for found in FINDINGS],
    *[("receipt", outcome, 0) for outcome in ("delivered", "undelivered", None)],
    *[("wait", ms) for ms in (1000, HOUR)],
]
MANY = 100
"""Receivers that share a request, where a store is opened so."""
Rule = Callable[[State, int, Policy], lifecycle.Verdict]


def times(at: int, *, vendor: bool = False) -> dict[str, Any]:
    fields: dict[str, Any] = {"status": Status.SCHEDULED, "phase": Phase.WAITING, "send_at": at, "due": at}
    fields |= {"expires_at": at + DAY, "month": MONTH}
    return fields | ({"phase": Phase.QUEUED, "handover": at - HOUR, "due": at - HOUR} if vendor else {})


async def reserve(store: Store, ahead: int = 2 * HOUR, *, vendor: bool = False, **given: Any) -> str:
    """A reservation that the gateway keeps, or that a `vendor` is to keep."""
    return await put(store, **times(store.clock.now() + ahead, vendor=vendor), **given)


async def wait(store: Store, ms: int) -> None:
    store.clock.offset_ms += ms
    await store.tick(LANE, 0, 0)


def listed(raw: redis.Redis, client: str = "shop") -> dict[str, int]:
    return {id_: int(at) for id_, at in raw.zrange("{00}r:" + client, 0, -1, withscores=True)}


async def turned(store: Store, id_: str, fact: Rule, policy: Policy = CHECKABLE) -> State:
    record = await known(store, id_)
    change = fact(record.state, store.clock.now(), policy)
    assert isinstance(change, Change)
    applied = await store.apply(record, change)
    assert applied is not None
    assert await store.apply(record, change), "a repeat is safe"
    return applied.state


def settling(outcome: Any) -> Rule:
    return lambda state, now, policy: lifecycle.settle(state, state.fence, outcome, now, policy)


def finding(found: Any) -> Rule:
    return lambda state, now, policy: lifecycle.found(state, found, now, policy)


# The list


async def test_what_waits_for_its_time_is_listed(store: Store, raw: redis.Redis) -> None:
    await put(store)
    ids = {await reserve(store), await reserve(store, vendor=True)}
    ids |= {await reserve(store, client="other")}
    found = listed(raw) | listed(raw, "other")
    assert found == {id_: (await known(store, id_)).state.send_at for id_ in ids}
    assert len(listed(raw)) == 2
    late = times(store.clock.now() + HOUR - 1, vendor=True)
    assert (await accept(store, **late))[1] == Late(), "too late for the vendor to have it in time"
    assert len(listed(raw)) == 2


@each(
    ("fact", "ahead", "stays"),
    [
        (lambda state, now, policy: keeping.changed(state, now, "text"), 0, True),
        (lambda state, now, policy: lifecycle.wake(state, now, policy), 2 * HOUR, False),
        (lambda state, now, policy: lifecycle.wake(state, now, policy), 2 * HOUR + DAY, False),
        (lambda state, now, policy: lifecycle.cancel(state, now), 0, False),
    ],
    ids=["changed", "released", "expired", "canceled"],
)
async def test_one_kept_here_is_listed_until(
    store: Store, raw: redis.Redis, fact: Rule, ahead: int, stays: bool
) -> None:
    id_ = await reserve(store)
    await wait(store, ahead)
    state = await turned(store, id_, fact)
    assert listed(raw) == ({id_: state.send_at} if stays else {})


async def test_another_time_is_another_place(store: Store, raw: redis.Redis) -> None:
    id_ = await reserve(store)
    for ahead in (HOUR, 3 * HOUR):
        at = store.clock.now() + ahead
        await turned(store, id_, lambda state, now, _, at=at: keeping.changed(state, now, "x", send_at=at, due=at))  # type: ignore[misc]
        assert listed(raw) == {id_: at}
        assert raw.zscore("{00}a", id_) == at


@each(
    ("outcome", "policy", "stays"),
    [
        (Accepted("0"), CHECKABLE, True),
        (NotSent("refused"), CHECKABLE, True),
        (Busy("503"), CHECKABLE, True),
        (Divided(2, "10"), CHECKABLE, True),
        (NOT_THEN, CHECKABLE, True),
        (ABOUT_US, CHECKABLE, False),
        (ABOUT_US, SPARE, True),
        (LOST, CHECKABLE, True),
        (LOST, DEAF, False),
        (LOST, NOBODY, True),
    ],
)
async def test_a_handover_is_listed_while_it_waits(
    store: Store, raw: redis.Redis, outcome: Any, policy: Policy, stays: bool
) -> None:
    id_ = await reserve(store, vendor=True)
    assert [record.id for record in await take(store)] == [id_]
    assert list(listed(raw)) == [id_]
    state = await turned(store, id_, settling(outcome), policy)
    assert listed(raw) == ({id_: state.send_at} if stays else {})


@each(
    ("fact", "ahead"),
    [
        (finding(Known()), 0),
        (finding(Unknown()), HOUR),
        (lambda state, now, _: lifecycle.wake(state, now, DEAF), 2 * HOUR),
        (lambda state, now, policy: keeping.withdrawn(state, now), 0),
        (lambda state, now, policy: lifecycle.receipt(state, 1, word("delivered"), now, policy), 2 * HOUR),
    ],
    ids=["sent", "gone", "due", "dropped", "delivered"],
)
async def test_one_that_a_vendor_keeps_is_listed_until(store: Store, raw: redis.Redis, fact: Rule, ahead: int) -> None:
    id_ = await reserve(store, vendor=True)
    await take(store)
    await turned(store, id_, settling(Accepted("0")))
    await wait(store, ahead)
    await turned(store, id_, fact)
    assert listed(raw) == {}


async def test_what_was_in_doubt_and_is_found_is_listed_still(store: Store, raw: redis.Redis) -> None:
    id_ = await reserve(store, vendor=True)
    await take(store)
    assert (await turned(store, id_, settling(LOST), NOBODY)).status is Status.UNCERTAIN
    state = await turned(store, id_, finding(Kept()))
    assert (state.status, listed(raw)) == (Status.SCHEDULED, {id_: state.send_at})


async def test_two_changes_that_make_one_state_are_two(store: Store) -> None:
    """Made at once from the same record: of another text, that state says nothing."""
    record = await known(store, await reserve(store))
    change = keeping.changed(record.state, store.clock.now(), "sendAt", send_at=record.state.send_at + 1)
    assert await store.apply(record, change)
    assert await store.apply(record, change), "a repeat is safe"
    other = replace(CONTENT, text="Bye")
    assert await store.apply(record, change, other) is None
    first = await known(store, record.id)
    assert await store.apply(first, keeping.changed(first.state, store.clock.now(), "text"), other)
    assert (await known(store, record.id)).content == other


@each("seed", range(12))
async def test_whatever_happens_the_list_the_agenda_and_the_counts_are_right(
    store: Store, raw: redis.Redis, seed: int
) -> None:
    chance, spare = random.Random(seed), replace(SPARE, onward="main")
    policies = [replace(policy, no_news_after=3 * HOUR) for policy in (CHECKABLE, SPARE, replace(DEAF, checkable=True))]
    ids = [await reserve(store, n * HOUR, vendor=n % 3 > 0) for n in range(2, 8)]
    for _ in range(120):
        fact: Any = chance.choice(FACTS)
        if fact[0] == "wait":
            await wait(store, fact[1])
        elif fact[0] == "take":
            await store.take(LANE, chance.choice(["main", "spare"]), "d.0", 2, LEASE)
        else:
            record = await known(store, chance.choice(ids))
            policy = spare if record.state.provider == "spare" else chance.choice(policies)
            state = follow(record.state, fact, store.clock.now(), policy)
            if state is not record.state:
                assert await store.apply(record, Change(state, None))
        states = {id_: (await known(store, id_)).state for id_ in ids}
        assert listed(raw) == {id_: state.send_at for id_, state in states.items() if state.reserved}
        assert dict(raw.zrange("{00}a", 0, -1, withscores=True)) == {
            id_: state.due for id_, state in states.items() if state.due
        }
        counted = {kind: int(number) for kind, number in raw.hgetall(f"{{00}}u:shop:{MONTH}").items() if int(number)}
        assert counted == Counter(f"{state.provider}||{state.status}" for state in states.values())


# Pages


async def test_pages_of_one_time_and_what_vanishes_between_them(store: Store, raw: redis.Redis) -> None:
    """What is there all the time is told once; what left, or came behind the place, is no matter."""
    roster, now = Roster(store), store.clock.now()
    assert await roster.page("shop", None, None, 10) == []
    ids = sorted([await put(store, **times(now + HOUR)) for _ in range(7)])
    ids = [await put(store, **times(now + HOUR - 1)), *ids, *[await put(store, **times(now + HOUR + 1))]]
    told: list[str] = []
    after = None
    for number in (1, 2, 3, 4):
        page = await roster.page("shop", None, None, number, after)
        assert len(page) == min(number, len(ids) - len(told) - (1 if after else 0)) or number > 2
        told += [place.id for place in page]
        after = page[-1]
        gone = told[-1] if number != 2 else ids[len(told)]  # the very place to go on from; then the next one
        await turned(store, gone, lambda state, now, _: lifecycle.cancel(state, now))
    assert await roster.page("shop", None, None, 10, after) == []
    assert told == [*ids[:3], *ids[4:]]


@each(
    ("begins", "ends", "wanted"),
    [
        (None, None, [1, 2, 2, 3]),
        (2, None, [2, 2, 3]),
        (None, 3, [1, 2, 2]),
        (2, 3, [2, 2]),
        (3, 3, []),
        (4, None, []),
        (3, 2, []),
    ],
)
async def test_bounds_of_a_list(store: Store, begins: int | None, ends: int | None, wanted: list[int]) -> None:
    """The first is included, the last is not; with or without a place to go on from."""
    start = store.clock.now() + HOUR
    places = sorted([(start + n, await put(store, **times(start + n))) for n in (1, 2, 2, 3)])
    bounds = [None if bound is None else start + bound for bound in (begins, ends)]
    roster = Roster(store)
    page = await roster.page("shop", *bounds, 10)
    assert [place.send_at - start for place in page] == wanted
    assert page == [Place(*place) for place in places if place[0] - start in wanted]
    one_by_one: list[Place] = []
    while one := await roster.page("shop", *bounds, 1, one_by_one[-1] if one_by_one else None):
        one_by_one += one
    assert one_by_one == page


# In the queue


async def test_a_take_leaves_it_scheduled_and_tells_of_it(store: Store, raw: redis.Redis) -> None:
    id_, sent = await reserve(store, vendor=True), await put(store, month=MONTH)
    counts = {"main||scheduled": "1", "main||queued": "1"}
    assert raw.hgetall(f"{{00}}u:shop:{MONTH}") == counts
    records = {record.id: record for record in await take(store)}
    state, after = records[id_].state, records[sent].state
    assert (state.status, state.phase, state.owner, state.fence, state.open) == (
        "scheduled",
        Phase.HELD,
        "d.0",
        1,
        "1 ",
    )
    assert (state.due - state.updated_at, state.stalls, state.handover) == (LEASE, 1, state.send_at - HOUR)
    assert after.status is Status.SUBMITTING
    stored = await known(store, id_)
    assert stored.state == state
    detail = "being handed over, to be kept until its time"
    assert stored.timeline[1:] == (Step(state.updated_at, "scheduled", "main", "", detail),)
    counted = {kind: int(number) for kind, number in raw.hgetall(f"{{00}}u:shop:{MONTH}").items() if int(number)}
    assert counted == {"main||scheduled": 1, "main||submitting": 1}


@each("ahead", [HOUR, 2 * HOUR])
async def test_past_the_deadline_it_is_not_taken_and_the_gateway_keeps_it(
    store: Store, raw: redis.Redis, ahead: int
) -> None:
    id_ = await reserve(store, vendor=True)
    await wait(store, ahead)
    assert await take(store) == []
    assert [record.id for record in await store.tick(LANE, 10, 30_000)] == [id_]
    state = await turned(store, id_, lambda state, now, policy: lifecycle.wake(state, now, policy))
    assert (state.handover, state.phase, raw.zscore("{00}a", id_)) == (0, Phase.WAITING, state.send_at)
    assert listed(raw) == {id_: state.send_at}
    assert await store.queued(LANE) == {}


async def test_those_to_be_kept_until_another_time_travel_apart(open_store: Open, redis_url: str) -> None:
    store = await open_store(redis_url, parties={"main": MANY})
    at, numbers = store.clock.now() + 3 * HOUR, iter(range(10))

    async def one(*, text: str = "Hello", **fields: Any) -> str:
        content = replace(CONTENT, text=text, to=f"+821012340{next(numbers):03}")
        return await put(store, content=content, **fields)

    alike = {await one(**times(at, vendor=True)) for _ in range(3)}
    later = {await one(**times(at + 1, vendor=True)) for _ in range(2)}
    other = {await one(**times(at, vendor=True), text="Bye")}
    now = {await one() for _ in range(2)}
    groups = []
    while records := await take(store, 1):
        assert [len(party) for party in parties(records, MANY)] == [len(records)]
        groups.append({record.id for record in records})
    assert groups == [alike, later, other, now]


@each("serving", [(), ("spare",)])
async def test_a_handover_stays_where_it_is_while_its_vendor_takes_nothing(
    store: Store, raw: redis.Redis, serving: tuple[str, ...]
) -> None:
    routed = replace(CONTENT, route=("main", "spare"))
    id_, sent = await reserve(store, vendor=True, content=routed), await put(store, content=routed)
    records, dropped = await store.peek(LANE, "main", 10, serving)
    wanted = {sent} if serving else {id_, sent}
    assert ({record.id for record in records}, dropped) == (wanted, 0)
    moved = {record.id for record in records if lifecycle.pass_over(record.state, store.clock.now(), SPARE)}
    assert moved == {sent}
    assert raw.lrange("{00}q:main:0:shop", 0, -1) == [id_]
    assert raw.zscore("{00}a", id_) == (await known(store, id_)).state.handover


@each("step", ["take", "peek"])
async def test_after_an_adoption_the_rules_decide_about_a_handover(
    store: Store, open_store: Open, redis_url: str, step: str
) -> None:
    waits, handed = await reserve(store), await reserve(store, vendor=True)
    await (await open_store(redis_url)).adopt()
    await store.tick(LANE, 0, 0)
    assert await (take(store) if step == "take" else store.peek(LANE, "main", 10)) in ([], ([], 1))
    assert [(await known(store, id_)).state.open for id_ in (waits, handed)] == ["", "0 "]
    assert [record.id for record in await store.tick(LANE, 10, 30_000)] == [handed]
