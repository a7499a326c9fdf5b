"""The configuration, the program or the clock changes while messages are on their way: none is stranded or doubled."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import redis

from gateway import faults
from gateway.model.ids import lane_of
from gateway.model.message import VERSION, State
from gateway.model.outcome import Accepted
from gateway.store.messages import Store
from tests import pair as pairs
from tests.harness import SECRET, Harness, advance
from tests.pair import OpenPair
from tests.store_tools import known, put, settle, take, taken

pytestmark = pytest.mark.anyio
open_pair = pairs.open_pair
Reopen = Callable[..., Any]

OLD = (
    '[providers.old]\ntype = "aicross"\nbase_url = "{url}"\ntoken = "vendortoken"\nclient_id = "1234"\n'
    f'sms_code = "80013"\ncallback_secret = "{SECRET}"\ntimeout = "1s"\n'
)
OLD_FIRST = '[[routes]]\nproviders = ["old", "main"]\n'
OLD_ONLY = '[[routes]]\nproviders = ["old"]\n'
MAIN_ONLY = '[[routes]]\nproviders = ["main"]\n'


@pytest.fixture
def url(harness: Harness) -> str:
    """Of a vendor that outlives the changes."""
    return harness.vendor.url


async def test_without_its_provider_a_message_takes_the_next_of_its_route(reopen: Reopen, url: str) -> None:
    before = await reopen(OLD.format(url=url) + OLD_FIRST)
    id_ = await before.sent()
    assert (await before.read(id_))["provider"] == "old"
    after = await reopen()
    after.dispatch("after.0")
    message = await after.until(id_, "delivered")
    assert message["provider"] == "main"
    assert "not configured any more" in str(message["events"])


async def test_a_renamed_provider_gets_what_waited(reopen: Reopen, url: str) -> None:
    """Its routes lead to the new name now."""
    before = await reopen(OLD.format(url=url) + OLD_ONLY)
    ids = [await before.sent() for _ in range(70)]
    after = await reopen(MAIN_ONLY)
    after.dispatch("after.0")
    for id_ in ids:
        assert (await after.until(id_, "delivered"))["provider"] == "main"
    assert sorted(after.vendor.requests.values()) == [1] * 70


async def test_a_thousand_leave_a_provider_that_is_gone_at_once(reopen: Reopen, url: str) -> None:
    before = await reopen(OLD.format(url=url) + OLD_ONLY)
    for _ in range(10):
        await asyncio.gather(*(before.sent() for _ in range(100)))
    after = await reopen(MAIN_ONLY)
    after.dispatch("after.0")
    ends = time.monotonic() + 20
    while len(after.vendor.accepted) < 1000:
        assert time.monotonic() < ends, len(after.vendor.accepted)
        await asyncio.sleep(0.1)


async def test_version_1_pins_are_not_known_and_so_respected(reopen: Reopen, url: str) -> None:
    before = await reopen(OLD.format(url=url) + OLD_ONLY)
    id_ = await before.sent()
    record = await known(before.here.store, id_.removeprefix("msg_"))
    old = msgspec.structs.replace(record, state=msgspec.structs.replace(record.state, version=1))
    after = await reopen(MAIN_ONLY)
    assert after.here.routing.elsewhere(record) == "main"
    assert after.here.routing.elsewhere(old) == ""


async def test_a_pinned_message_waits_for_its_provider(reopen: Reopen, url: str) -> None:
    before = await reopen(OLD.format(url=url) + OLD_ONLY)
    pinned = await before.sent(provider="old")
    between = await reopen(MAIN_ONLY)
    between.dispatch("between.0")
    await asyncio.sleep(0.5)
    assert not between.vendor.requests
    await between.stop()
    after = await reopen(OLD.format(url=url) + OLD_ONLY)
    after.dispatch("after.0")
    assert (await after.until(pinned, "submitted", "delivered", seconds=12))["provider"] == "old"


async def test_a_pinned_message_expires_when_its_provider_never_returns(reopen: Reopen, url: str) -> None:
    before = await reopen(OLD.format(url=url) + OLD_ONLY)
    pinned = await before.sent(provider="old")
    after = await reopen(MAIN_ONLY)
    after.dispatch("after.0")
    await asyncio.sleep(0.3)
    await advance(after, 86_400)
    assert (await after.until(pinned, "expired"))["reason"]["code"] == "expired"


async def test_what_may_be_out_is_told_as_uncertain_and_not_resent(reopen: Reopen, url: str) -> None:
    before = await reopen(OLD.format(url=url) + OLD_FIRST)
    id_ = await before.sent()
    store = before.here.store
    await store.take(await store.lane("shop"), "old", "dead.0", 1, 500)
    after = await reopen()
    after.dispatch("after.0")
    message = await after.until(id_, "uncertain")
    assert not message["final"]
    assert not after.vendor.requests


async def test_a_disabled_providers_receipts_still_count(reopen: Reopen, url: str, harness: Harness) -> None:
    before = await reopen(OLD.format(url=url) + OLD_FIRST)
    before.dispatch("before.0")
    id_ = await before.sent(to="+819012340023")  # no receipt comes by itself
    await before.until(id_, "submitted")
    await before.stop()
    after = await reopen()
    [reference] = [each for each in harness.vendor.accepted if each.startswith(id_[4:])]
    word = {"type": "DLR", "messageId": "1", "clientTag": reference, "statusId": "2", "dateTime": "2033/05/18 12:33:20"}
    body = json.dumps({"eventNotifications": [word]})
    answer = await after.api.post(f"/callbacks/main/{SECRET}/dlr", data={"json": body})
    assert answer.status_code == 200
    assert (await after.read(id_))["status"] == "delivered"


# Records of the versions before

FIELDS = {1: 32, 2: 33, 3: 35}


def as_version(version: int, raw: bytes) -> bytes:
    """A state as an earlier version wrote it: without what was added since."""
    return msgspec.msgpack.encode([version, *msgspec.msgpack.decode(raw)[1 : FIELDS[version]]])


def make_old(raw: redis.Redis, id_: str, version: int) -> None:
    """A record becomes one of that version."""
    key = f"{{{lane_of(id_)}}}m:{id_}"
    with redis.Redis.from_url(f"redis://127.0.0.1:{raw.connection_pool.connection_kwargs['port']}") as binary:
        binary.hset(key, "s", as_version(version, binary.hget(key, "s")))  # type: ignore[arg-type]


@pytest.mark.parametrize("version", FIELDS)
async def test_records_of_the_versions_before_live_on(store: Store, raw: redis.Redis, version: int) -> None:
    added = [*State.__struct_fields__][32:]
    assert added == ["refused", "party", "month", "handover"], "say here what else was added, and raise VERSION"
    held = await taken(store)
    for id_ in (held.id, await put(store)):
        make_old(raw, id_, version)
    await settle(store, await known(store, held.id), Accepted("0"))
    settled = (await known(store, held.id)).state
    assert (settled.version, settled.status, settled.refused, settled.handover) == (VERSION, "submitted", "", 0)
    peeked, _ = await store.peek("00", "main", 10)
    (record,) = await take(store)
    assert [each.id for each in peeked] == [record.id]
    assert (await settle(store, record, Accepted("0"))).state.status == "submitted"


@pytest.mark.parametrize("version", FIELDS)
async def test_reservations_of_the_versions_before_are_released(
    harness: Harness, raw: redis.Redis, version: int
) -> None:
    """Each once, at its time; one is changed before, one canceled."""
    at = await in_an_hour(harness)
    kept, moved, canceled = [await harness.sent(sendAt=at) for _ in range(3)]
    for id_ in (kept, moved, canceled):
        make_old(raw, id_.removeprefix("msg_"), version)
    harness.dispatch()
    assert (await harness.api.patch(f"/reservations/{moved}", json={"text": "Later"})).status_code == 200
    assert (await harness.api.delete(f"/reservations/{canceled}")).status_code == 200
    await asyncio.sleep(0.3)
    assert not harness.vendor.requests
    await advance(harness, 3600)
    for id_ in (kept, moved):
        assert (await harness.until(id_, "delivered"))["status"] == "delivered"
    assert sorted(harness.vendor.requests) == sorted(f"{id_.removeprefix('msg_')}g1" for id_ in (kept, moved))


async def in_an_hour(harness: Harness) -> str:
    await harness.here.store.know_time()
    return datetime.fromtimestamp(harness.here.store.clock.now() / 1000 + 3600, UTC).isoformat()


# The clock


async def test_a_clock_that_steps_forward_resends_nothing_blindly(open_pair: OpenPair) -> None:
    """An hour in one step, while requests are out: their leases end, and their answers count all the same."""
    pair = await open_pair("", delay=0.4)
    handler = pair.media._server._handler

    async def slow(request: Any) -> Any:
        answer = await handler(request)
        await asyncio.sleep(0.5)
        return answer

    pair.media._server._handler = slow
    pair.harness.dispatch()
    ids = [await pair.harness.sent(provider="media") for _ in range(4)]
    await asyncio.sleep(0.3)
    await advance(pair.harness, 3600)
    for id_ in ids:
        assert (await pair.harness.until(id_, "delivered"))["status"] == "delivered"
        assert pair.at_vendors(id_) == ["media"]


@pytest.mark.parametrize("hours", [-1, 1])
async def test_after_a_step_of_the_clock_work_goes_on(harness: Harness, hours: int) -> None:
    harness.dispatch()
    await harness.until(await harness.sent(), "delivered")
    harness.here.store.clock.offset_ms += hours * 3_600_000
    ids = [await harness.sent() for _ in range(20)]
    for id_ in ids:
        await harness.until(id_, "delivered")
    assert set(harness.vendor.requests.values()) == {1}


@pytest.mark.parametrize(("field", "pointer"), [("sendAt", "/sendAt"), ("expiresAt", "/expiresAt")])
async def test_what_was_refused_as_late_is_not_accepted_by_an_earlier_try(
    harness: Harness, field: str, pointer: str
) -> None:
    """The first try hangs before it is written; its time passes, and the repeat is told so."""
    store = harness.here.store
    await store.know_time()
    soon = datetime.fromtimestamp(store.clock.now() / 1000 + 2, UTC).isoformat()
    hanging, go_on = asyncio.Event(), asyncio.Event()

    async def hang(point: str) -> None:
        if point == "accept.before" and not hanging.is_set():
            hanging.set()
            await go_on.wait()

    faults.install(hang)
    try:
        first = asyncio.create_task(harness.send(clientTag="T", **{field: soon}))
        await hanging.wait()
        await advance(harness, 3)
        repeat = await harness.send(clientTag="T", **{field: soon})
        go_on.set()
        answers = [repeat, await first]
    finally:
        faults.install(None)
    for answer in answers:
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await harness.send(clientTag="T")).status_code == 202, "a refused request claims nothing"
