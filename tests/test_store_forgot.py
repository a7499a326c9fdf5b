"""A Redis that forgot: the store sees it, closes, and opens again only when the loss is adopted."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from gateway.app import open_services
from gateway.errors import StoreForgot
from gateway.metrics import Metrics
from gateway.model import lifecycle
from gateway.model.lifecycle import Change
from gateway.model.message import Phase
from gateway.store.gates import Gates
from gateway.store.messages import Store
from tests.harness import settings_for
from tests.redis_tools import Proxy, Servers
from tests.store_tools import LANE, POLICY, REFUSED, Open, a_pass, known, put, reserve, settle, take, taken

pytestmark = pytest.mark.anyio


async def forgotten(store: Store, raw: redis.Redis) -> None:
    """Redis stands where it stood before, and the store sees it."""
    raw.delete("{00}h")
    with pytest.raises(StoreForgot):
        await store.tick(LANE, 0, 0)


async def adopted(open_store: Open, redis_url: str, *closed: Store) -> None:
    """What `gateway store adopt` does."""
    await (await open_store(redis_url)).adopt()
    for store in closed:
        await store.recheck()
        assert not store.forgot
        await store.tick(LANE, 0, 0)


async def test_closed_until_adopted(store: Store, open_store: Open, redis_url: str, raw: redis.Redis) -> None:
    final = await settle(store, await taken(store), REFUSED)
    held, queued, reserved = await taken(store), await put(store), await reserve(store, 100)
    await asyncio.sleep(0.15)
    await forgotten(store, raw)
    for closed in (
        put(store),
        take(store),
        store.read(queued),
        Gates(store).look(a_pass()),
        store.apply(held, Change(held.state, None)),
    ):
        with pytest.raises(StoreForgot):
            await closed
    await store.recheck()
    assert store.forgot
    await adopted(open_store, redis_url, store)
    opens = [(await known(store, id_)).state.open for id_ in (final.id, held.id, queued, reserved)]
    assert opens == ["", "0 1 ", "0 ", "0 "]
    assert await take(store) == [], "the rules decide first whether it may be sent"
    (due,) = [record for record in await store.tick(LANE, 9, 30_000) if record.id == queued]
    change = lifecycle.wake(due.state, due.state.due, POLICY)
    assert isinstance(change, Change)
    assert (change.state.phase, change.state.open) == (Phase.WAITING, "- ")


async def test_only_adoption_opens_again(store: Store, open_store: Open, redis_url: str, raw: redis.Redis) -> None:
    other = await open_store(redis_url)
    for _ in range(5):
        await store.tick(LANE, 0, 0)
    await forgotten(store, raw)
    for _ in range(9):  # another process, which saw nothing, goes on asking
        with suppress(StoreForgot):
            await other.tick(LANE, 0, 0)
    await store.recheck()
    assert store.forgot


async def test_a_restarted_gateway_knows_how_far_redis_had_come(
    redis_url: str, tmp_path: Path, raw: redis.Redis
) -> None:
    settings = settings_for(redis_url, "http://127.0.0.1:9", tmp_path)
    async with AsyncExitStack() as stack:
        here = await open_services(settings, redis_url, stack, Metrics())
        for _ in range(9):
            await put(here.store)
    async with AsyncExitStack() as stack:
        here = await open_services(settings, redis_url, stack, Metrics())
        await forgotten(here.store, raw)


async def test_a_new_process_knows_the_epoch_before_it_reads(store: Store, open_store: Open, redis_url: str) -> None:
    id_ = await put(store)
    await adopted(open_store, redis_url)
    assert (await known(await open_store(redis_url), id_)).state.open == "0 ", (
        "it would be canceled, though it may be out"
    )


async def test_a_new_process_knows_the_epoch_before_it_writes(open_store: Open, redis_url: str) -> None:
    await adopted(open_store, redis_url)
    fresh = await open_store(redis_url)
    assert (await known(fresh, await put(fresh))).state.open == "", "nothing of it can have been forgotten"


async def test_counting_does_not_end_an_epoch(store: Store, raw: redis.Redis) -> None:
    id_ = await put(store)
    if raw.type("{00}h") == "string":  # one number for both: 20,000 scripts a second, for two days and a half
        raw.incrby("{00}h", 2**32 - 4)
    for _ in range(5):
        await store.tick(LANE, 0, 0)
    assert (await known(store, id_)).state.open == ""


async def test_adopting_works_twice_in_an_hour(
    store: Store, open_store: Open, redis_url: str, raw: redis.Redis
) -> None:
    await put(store)
    for _ in range(2):
        await forgotten(store, raw)
        await adopted(open_store, redis_url, store)


async def test_a_client_has_one_lane_for_all(open_store: Open, redis_url: str, raw: redis.Redis) -> None:
    """In two lanes one tag could make two messages."""
    running = await open_store(redis_url, 4)
    assert [await put(running, client=client) for client in ("first", "second")]
    raw.flushall()
    await forgotten(running, raw)
    started = await open_store(redis_url, 4)
    await started.adopt()
    await running.recheck()
    assert await started.lane("second") == await running.lane("second")


async def test_what_was_not_due_cannot_have_been_sent(store: Store, open_store: Open, redis_url: str) -> None:
    id_ = await reserve(store)
    await adopted(open_store, redis_url)
    await store.tick(LANE, 0, 0)
    assert lifecycle.cancel((await known(store, id_)).state, store.clock.now()) is not None


async def test_a_restored_redis_is_noticed_whoever_comes_first(
    open_store: Open, server: Servers, tmp_path: Path
) -> None:
    process, url = server("one")
    async with Proxy(url) as proxy:
        witness, other = await open_store(proxy.url), await open_store(proxy.url)
        await put(witness)
        shutil.copytree(tmp_path / "one", tmp_path / "two")
        assert await take(witness), "the intent that will be lost"
        process.kill()
        process.wait()
        proxy.upstream = server("two")[1]
        proxy.drop()
        for _ in range(5):
            await other.tick(LANE, 0, 0)
        with pytest.raises(StoreForgot):
            await witness.tick(LANE, 0, 0)


async def test_others_may_meet_lanes_while_one_looks_for_an_adoption(
    store: Store, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await store.tick(LANE, 0, 0)
    await forgotten(store, raw)

    async def adopted_meanwhile(*_: Any, **__: Any) -> bytes:
        store._positions[f"{len(store._positions):02}"] = store._positions[LANE]
        return b"9999999999999"

    monkeypatch.setattr(store._topology, "call", adopted_meanwhile)
    await store.recheck()
    assert not store.forgot


async def test_an_invented_id_keeps_nothing_closed(
    store: Store, open_store: Open, redis_url: str, raw: redis.Redis
) -> None:
    """Its lane does not exist: nobody would ever adopt it."""
    assert await store.read("0" * 10 + "zz" + "0" * 14) is None
    for _ in range(3):
        await store.tick(LANE, 0, 0)
    await forgotten(store, raw)
    await adopted(open_store, redis_url, store)
