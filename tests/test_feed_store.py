"""The feed in Redis, and how far endpoints were told of it, alone and over a cluster."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.events import BEGINNING, PATTERNS, TYPES, Event, Place, parse_id, public_id, wanted
from gateway.store import feed as module
from gateway.store.feed import Feed, Telling
from gateway.store.messages import Store
from tests import store_tools
from tests.store_tools import DAY

pytestmark = pytest.mark.anyio
open_store, store = store_tools.open_store, store_tools.store
HOLD = 20_000
CLIENTS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=32)
PLACES = st.builds(Place, st.integers(0, 2**50 - 1), st.integers(0, 2**20 - 1))


@given(CLIENTS, PLACES)
def test_an_id_is_its_place_and_its_clients(client: str, place: Place) -> None:
    id_ = public_id(client, place)
    assert parse_id(client, id_) == place
    assert parse_id(f"{client}x", id_) is None


@given(CLIENTS, st.lists(PLACES, min_size=2, max_size=5, unique=True))
def test_ids_sort_as_their_places(client: str, places: list[Place]) -> None:
    assert sorted(public_id(client, place) for place in places) == [public_id(client, each) for each in sorted(places)]


@given(st.text(max_size=40))
def test_garbage_is_no_id(text: str) -> None:
    assert parse_id("shop", text) is None
    assert parse_id("shop", f"evt_{text}") is None


@pytest.mark.parametrize("kind", TYPES)
def test_which_patterns_want_a_type(kind: str) -> None:
    wanting = {pattern for pattern in PATTERNS if wanted(kind, (pattern,))}
    assert wanting == {"*", kind, f"{kind.split('.')[0]}.*"}
    assert not wanted(kind, ())


async def feed_of(store: Store) -> Feed:
    feed = Feed(store, DAY)
    assert await feed.pull("e", "shop", 1, HOLD) == []
    return feed


async def moved(store: Store, ms: int) -> None:
    """Time passes, for scripts and for the process."""
    store.clock.offset_ms += ms
    await store.look()


async def add(store: Store, number: int = 1, client: str = "shop") -> list[Place]:
    lane = await store.lane(client)
    found = []
    for _ in range(number):
        id_ = await store.in_lane(lane, "XADD", f"{{{lane}}}e:{client}", "*", "k", "failed", "i", "0" * 26, "n", 1)
        ms, _, seq = id_.decode().partition("-")
        found.append(Place(int(ms), int(seq)))
    return found


def places(tellings: list[Telling]) -> list[Place]:
    return [each.event.place for each in tellings]


async def test_an_entry_is_given_to_one_at_a_time(store: Store) -> None:
    feed = await feed_of(store)
    added = await add(store, 5)
    assert places(await feed.pull("e", "shop", 2, HOLD)) == added[:2]
    assert places(await feed.pull("e", "shop", 10, HOLD)) == added[2:]
    assert await feed.pull("e", "shop", 10, HOLD) == []
    assert await feed.pull("e", "shop", 0, HOLD) == []
    await moved(store, HOLD - 1000)
    assert await feed.pull("e", "shop", 10, HOLD) == []
    await moved(store, 1001)
    again = await feed.pull("e", "shop", 3, HOLD)
    assert places(again) == added[:3]
    assert {each.tries for each in again} == {0}


async def test_what_became_of_a_try(store: Store) -> None:
    feed = await feed_of(store)
    await add(store, 3)
    heard, failed, given_up = await feed.pull("e", "shop", 10, HOLD)
    now = store.clock.now()
    await feed.told("e", "shop", heard, None, status=204)
    await feed.told("e", "shop", failed, now + 5000, status=503)
    await feed.told("e", "shop", given_up, None, error="nothing")
    state = await feed.state("e", "shop")
    assert (state.backlog, state.oldest, state.status, state.error) == (1, failed.event.place.ms, None, "nothing")
    await moved(store, 4000)
    assert await feed.pull("e", "shop", 10, HOLD) == []
    await moved(store, 1500)
    [again] = await feed.pull("e", "shop", 10, HOLD)
    assert again == Telling(failed.event, 1)
    # A word about an older try, of a process that was stopped for a while, counts for nothing.
    await feed.told("e", "shop", failed, None)
    await feed.told("e", "shop", failed, store.clock.now() + DAY)
    await moved(store, HOLD + 1)
    assert await feed.pull("e", "shop", 10, HOLD) == [again]


async def test_endpoints_and_clients_know_nothing_of_each_other(store: Store) -> None:
    feed = await feed_of(store)
    assert await feed.pull("f", "shop", 1, HOLD) == []
    assert await feed.pull("g", "other", 1, HOLD) == []
    ours, theirs = await add(store, 2), await add(store, 1, "other")
    assert places(await feed.pull("e", "shop", 10, HOLD)) == ours
    assert places(await feed.pull("f", "shop", 10, HOLD)) == ours
    assert places(await feed.pull("g", "other", 10, HOLD)) == theirs


async def test_off_is_off_until_it_is_enabled(store: Store) -> None:
    feed = await feed_of(store)
    added = await add(store, 2)
    [first] = await feed.pull("e", "shop", 1, HOLD)
    await feed.told("e", "shop", first, store.clock.now(), off=True, status=410)
    state = await feed.state("e", "shop")
    assert state.off is not None
    assert state.backlog == 2
    await moved(store, DAY)
    assert await feed.pull("e", "shop", 10, HOLD) == []
    for _ in range(2):
        await feed.enable("e", "shop")
    assert places(await feed.pull("e", "shop", 10, HOLD)) == added
    assert (await feed.state("e", "shop")).off is None


async def test_what_went_out_of_the_feed_leaves_no_backlog(store: Store, raw: redis.Redis) -> None:
    feed = await feed_of(store)
    await add(store, 3)
    for each in await feed.pull("e", "shop", 10, HOLD):
        await feed.told("e", "shop", each, store.clock.now())
    [name] = raw.scan_iter("*}e:shop")
    raw.xtrim(name, maxlen=1, approximate=False)
    assert len(await feed.pull("e", "shop", 10, HOLD)) == 1
    assert (await feed.state("e", "shop")).backlog == 1
    [tries] = raw.scan_iter("*}wt:e")
    assert raw.hlen(tries) == 1


async def test_telling_again_begins_anew(store: Store) -> None:
    feed = await feed_of(store)
    [place] = await add(store)
    [first] = await feed.pull("e", "shop", 10, HOLD)
    await feed.told("e", "shop", first, store.clock.now() + DAY)
    await feed.tell_again("e", "shop", place)
    [again] = await feed.pull("e", "shop", 10, HOLD)
    assert again == Telling(first.event, 0)
    await feed.told("e", "shop", again, None)
    assert (await feed.state("e", "shop")).backlog == 0


async def test_telling_since_goes_back_and_never_ahead(store: Store) -> None:
    feed = await feed_of(store)
    [first] = await add(store)
    for each in await feed.pull("e", "shop", 10, HOLD):
        await feed.told("e", "shop", each, None)
    rest = await add(store, 3)
    for since in (rest[-1].ms + 1, rest[-1].ms + DAY):
        await feed.rewind("e", "shop", since)
        assert (await feed.state("e", "shop")).backlog == 3
    await feed.rewind("e", "shop", 0)
    assert places(await feed.pull("e", "shop", 10, HOLD)) == [first, *rest]
    await feed.rewind("new", "shop", first.ms)
    assert places(await feed.pull("new", "shop", 10, HOLD))[-3:] == rest


async def test_no_more_than_the_bound_is_pending(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKLOG", 4)
    feed = await feed_of(store)
    added = await add(store, 6)
    tellings = await feed.pull("e", "shop", 10, HOLD)
    assert places(tellings) == added[:4]
    await feed.told("e", "shop", tellings[0], None)
    assert places(await feed.pull("e", "shop", 10, HOLD)) == added[4:5]


async def test_reading(store: Store) -> None:
    feed = Feed(store, DAY)
    assert await feed.after("shop", BEGINNING, 10) == []
    assert await feed.one("shop", Place(1, 1)) is None
    added = await add(store, 5)
    found: Any = await feed.after("shop", BEGINNING, 10)
    assert found[0] == Event(added[0], "message.failed", "0" * 26, 1)
    assert [each.place for each in found] == added
    assert [each.place for each in await feed.after("shop", added[1], 2) or []] == added[2:4]
    assert await feed.after("shop", added[-1], 2) == []
    assert await feed.one("shop", added[2]) == found[2]
    assert await feed.one("other", added[2]) is None
