"""Pushes that match nothing: what is kept of them, and how they are matched when what they name turns up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import msgspec
import pytest
import redis
from structlog.testing import capture_logs

from gateway import receipts
from gateway.model.receipt import Receipt
from gateway.sandbox.server import FORM
from gateway.store import orphans as store_of_orphans
from gateway.store.orphans import Orphan
from tests import call_tools
from tests.call_tools import CODE, FIRE, IVR, QUIET, Calls, OpenCalls, bare
from tests.harness import SECRET, Harness, advance
from tests.test_receipts import (
    DELIVERED,
    UNDELIVERED,
    UNKNOWN,
    URL,
    as_json,
    orphans,
    push,
    reference_of,
    submitted,
    word,
)
from tests.verification_tools import look

opened = call_tools.opened
pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
HOUR, DAY = 3600, 86_400
NUMBER = "0" + QUIET[3:]


@pytest.fixture
async def calls(opened: OpenCalls) -> Calls:
    return await opened(more=IVR)


@pytest.fixture
def raw(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


async def sweep(harness: Harness) -> None:
    await harness.here.receipts.sweep(harness.here.routing.providers)


async def kept(harness: Harness) -> list[Orphan]:
    """As the store has them; nothing is matched by looking."""
    return [each.orphan for each in await harness.here.orphans.newest(100)]


@contextmanager
def gone(raw: redis.Redis, kind: str, id_: str) -> Iterator[None]:
    """A record that is not there for a while, as where a store is put together from a backup."""
    key = f"{{{id_[10:12]}}}{kind}:{id_}"
    dump = raw.dump(key)
    assert dump
    assert raw.delete(key) == 1
    yield
    raw.restore(key, 0, dump)


# What is kept


async def test_the_push_is_kept_and_shown_masked(harness: Harness) -> None:
    said = word(UNKNOWN, UNDELIVERED, "m77")
    assert (await push(harness, said)).status_code == 200
    [orphan] = (await orphans(harness))["items"]
    assert (orphan["account"], orphan["providerType"], orphan["kind"]) == ("aicross/1234", "aicross", "dlr")
    shown = {field["name"]: field["value"] for field in orphan["push"]["fields"]}
    assert shown["clientTag"] == orphan["reference"] == UNKNOWN
    assert (shown["statusId"], shown["messageId"], shown["carrierId"]) == (UNDELIVERED, "m77", "103")
    assert (shown["phoneNumber"], shown["messageText"]) == ("+**********78", "***")
    assert (orphan["push"]["cut"], orphan["push"]["codeDropped"], orphan["push"]["others"]) == (False, False, 0)
    [row] = await kept(harness)
    assert row.push is not None
    assert row.push.body.decode() == f"json={quote(as_json(said))}"
    assert (row.push.content_type, orphan["push"]["size"]) == (FORM, len(row.push.body) + len(FORM))


@each("over", [0, 1])
async def test_eight_kib_are_kept_of_a_push(harness: Harness, over: int) -> None:
    said = as_json(word(UNKNOWN, DELIVERED))
    body = said + " " * (8192 - len("text/plain") - len(said) + over)
    assert (await harness.api.post(URL, content=body, headers={"Content-Type": "text/plain"})).status_code == 200
    [row] = await kept(harness)
    assert row.push is not None
    assert len(row.push.body) + len(row.push.content_type) == 8192
    [shown] = (await orphans(harness))["items"]
    assert (shown["push"]["cut"], shown["push"]["size"]) == (bool(over), 8192 + over)


async def test_a_receipt_of_a_push_that_was_cut_is_matched_all_the_same(harness: Harness, raw: redis.Redis) -> None:
    id_ = await submitted(harness)
    strangers = [word(f"their-tag-{number}", DELIVERED) for number in range(40)]
    with gone(raw, "m", id_[4:]):
        assert (await push(harness, *strangers, word(reference_of(id_), DELIVERED))).status_code == 200
        assert all(row.push and row.push.cut for row in await kept(harness))
    await sweep(harness)
    assert (await harness.read(id_))["status"] == "delivered"
    assert len(await kept(harness)) == 40


@each("name", ["authcode", "AuthCode", "%61uthcode", " authcode "])
@each("verb", ["GET", "POST"])
@each("smsid", ["", "0" * 26 + "v1", "another-77"])
async def test_a_code_is_not_kept(calls: Calls, raw: redis.Redis, name: str, verb: str, smsid: str) -> None:
    told = f"method=5&mobilenumber=09077777777&{quote(name, safe='%')}={CODE}" + (f"&smsid={smsid}" if smsid else "")
    url = f"/callbacks/media/{SECRET}/ivr"
    if verb == "GET":
        answer = await calls.api.get(f"{url}?{told}")
    else:
        answer = await calls.api.post(url, content=told, headers={"Content-Type": FORM})
    assert answer.status_code == 200
    [row] = await kept(calls.harness)
    assert row.push is not None
    assert CODE not in repr(row)
    assert "09077777777" in row.push.query + row.push.body.decode()
    assert row.push.code_dropped
    assert raw.zcard("{g}r") == 0, "it is never read again"
    [shown] = await calls.orphans()
    assert shown["push"]["codeDropped"] is True
    assert CODE not in json.dumps(shown)
    assert "7777777" not in json.dumps(shown)


async def test_a_row_of_an_earlier_version_is_listed(harness: Harness, raw: redis.Redis) -> None:
    old = msgspec.json.encode(["aicross/1234", 1_763_600_000_000, Receipt(reference="r", identity="i")])
    raw.hset("{g}o", "aicross/1234 r i", old)
    raw.zadd("{g}t", {"aicross/1234 r i": 1})
    [orphan] = (await orphans(harness))["items"]
    assert set(orphan) == {"account", "receivedAt", "reference"}


async def test_older_ones_give_way(harness: Harness, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_of_orphans, "BOUND", 5)
    for number in range(8):
        await push(harness, word(f"{number}" * 26 + "g1", DELIVERED))
    assert [row.receipt.reference[0] for row in await kept(harness)] == ["7", "6", "5", "4", "3"]
    assert (raw.zcard("{g}t"), raw.hlen("{g}o"), raw.zcard("{g}r")) == (5, 5, 5)


async def test_what_is_kept_and_dropped_at_once_leaves_no_row_behind(harness: Harness, raw: redis.Redis) -> None:
    here = harness.here.orphans
    said = Receipt(reference=UNKNOWN, identity="i")
    member = f"a {UNKNOWN} i"
    for _ in range(30):
        await asyncio.gather(*(here.keep("a", said, hopeful=True) for _ in range(4)), here.drop([member]))
        assert raw.hlen("{g}o") <= raw.zcard("{g}t")
        await here.hopeful(0, 10, 0)
        assert raw.zcard("{g}r") <= raw.hlen("{g}o")


# What turns up


@each("how", ["sweep", "list"])
async def test_a_message_that_is_back_gets_its_receipt(harness: Harness, raw: redis.Redis, how: str) -> None:
    id_ = await submitted(harness)
    with gone(raw, "m", id_[4:]):
        for _ in range(2):
            await push(harness, word(reference_of(id_), UNDELIVERED), word("another-tag", DELIVERED))
        await sweep(harness)
        assert len((await orphans(harness))["items"]) == 2
    assert (await harness.read(id_))["status"] == "submitted"
    if how == "sweep":
        await sweep(harness)
        assert (await harness.read(id_))["status"] == "undelivered"
    assert [each["reference"] for each in (await orphans(harness))["items"]] == ["another-tag"]
    after = await harness.read(id_)
    assert (after["status"], after["reason"]["code"]) == ("undelivered", "handset_refused")
    await push(harness, word(reference_of(id_), UNDELIVERED))
    await sweep(harness)
    assert await harness.read(id_) == after


async def test_many_sweeps_at_once_are_as_one(harness: Harness, raw: redis.Redis) -> None:
    id_ = await submitted(harness)
    before = await harness.read(id_)
    with gone(raw, "m", id_[4:]):
        await push(harness, word(reference_of(id_), DELIVERED))
    await asyncio.gather(*(sweep(harness) for _ in range(5)), *(orphans(harness) for _ in range(5)))
    assert len((await harness.read(id_))["events"]) == len(before["events"]) + 1
    assert (raw.zcard("{g}t"), raw.hlen("{g}o"), raw.zcard("{g}r")) == (0, 0, 0)


async def test_a_sweep_that_stops_half_way_applies_nothing_twice(
    harness: Harness, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await submitted(harness)
    with gone(raw, "m", id_[4:]):
        await push(harness, word(reference_of(id_), DELIVERED))

    async def fails(_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(harness.here.orphans, "drop", fails)
        with pytest.raises(ConnectionError):
            await sweep(harness)
    after = await harness.read(id_)
    assert after["status"] == "delivered"
    await sweep(harness)
    assert await harness.read(id_) == after
    assert await kept(harness) == []


async def test_an_account_that_nobody_has_any_more_is_left_alone(harness: Harness) -> None:
    id_ = await submitted(harness)
    await harness.here.orphans.keep(
        "aicross/9999", Receipt(reference=reference_of(id_), identity="i", outcome="delivered"), hopeful=True
    )
    await sweep(harness)
    assert len((await orphans(harness))["items"]) == 1
    assert (await harness.read(id_))["status"] == "submitted"


async def test_a_verification_that_is_back_gets_its_call(calls: Calls, raw: redis.Redis) -> None:
    first = await calls.begun()
    said = {"method": "4", "mobilenumber": NUMBER, "smsid": f"{bare(first)}v1", "authcode": ""}
    with gone(raw, "v", bare(first)):
        assert await calls.push(**said) == 200
        [orphan] = await calls.orphans()
        assert orphan["push"]["codeDropped"] is False
    await sweep(calls.harness)
    assert (await look(calls.harness, first["id"]))["status"] == "verified"
    assert await calls.told(first) == ["verification.verified"]
    assert await calls.orphans() == []


@each("smsid", ["", "another-system-77"])
async def test_nobody_is_verified_by_a_call_from_before(calls: Calls, smsid: str) -> None:
    assert await calls.push(**{"method": "4", "mobilenumber": NUMBER} | ({"smsid": smsid} if smsid else {})) == 200
    first = await calls.begun()
    await sweep(calls.harness)
    assert len(await calls.orphans()) == 1
    assert (await look(calls.harness, first["id"]))["status"] == "pending"


async def test_a_code_that_nobody_waited_for_is_matched_by_nothing_later(calls: Calls, raw: redis.Redis) -> None:
    first = await calls.begun(method="call_out")
    said = {"method": "5", "mobilenumber": NUMBER, "smsid": f"{bare(first)}v1", "authcode": CODE}
    with gone(raw, "v", bare(first)):
        assert await calls.push(**said) == 200
    await sweep(calls.harness)
    assert len(await calls.orphans()) == 1
    assert (await look(calls.harness, first["id"]))["status"] == "pending"


async def test_an_activation_that_is_back_is_known_by_its_name(calls: Calls, raw: redis.Redis) -> None:
    first = await calls.fired()
    name = calls.alarm.activations[-1].id
    assert await calls.notify(code=name) == 200
    with gone(raw, "f", bare(first)):
        assert await calls.notify(code=name) == 200
        [orphan] = await calls.orphans()
        assert {"name": "code", "value": name} in orphan["push"]["fields"]
    await sweep(calls.harness)
    assert await kept(calls.harness) == []
    assert (await calls.activation(first["id"]))["activationId"] == name


async def test_an_activation_does_not_get_the_name_of_one_before_it(calls: Calls) -> None:
    """Set off by hand at the vendor, as a rule."""
    assert await calls.notify(code=FIRE + "261120093000") == 200
    first = await calls.fired()
    await sweep(calls.harness)
    assert len(await calls.orphans()) == 1
    assert (await calls.activation(first["id"]))["activationId"] is None


# How much of it


async def references(harness: Harness, monkeypatch: pytest.MonkeyPatch, number: int) -> list[str]:
    """Of orphans that may match later, the oldest first, each of another second; few are read again in one sweep."""
    monkeypatch.setattr(receipts, "SWEPT", 4)
    monkeypatch.setattr(receipts, "NEWEST", 2)
    found = [f"{place:026}g1" for place in range(number)]
    for reference in found:
        await push(harness, word(reference, DELIVERED), word(f"their-{reference}", DELIVERED))
        await advance(harness, 1)
    return found


def watched(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []

    async def again(_: object, orphan: Orphan) -> bool:
        seen.append(orphan.receipt.reference)
        return False

    monkeypatch.setattr(harness.here.receipts, "_again", again)
    return seen


async def test_a_sweep_reads_few_and_all_have_their_turn(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    known = await references(harness, monkeypatch, 10)
    known.reverse()
    seen = watched(harness, monkeypatch)
    for expected in (known[:4], [*known[:2], *known[4:8]], [*known[:2], *known[8:]], known[:4]):
        await sweep(harness)
        assert seen == expected
        seen.clear()


async def test_those_older_than_a_day_have_their_turn_once_an_hour(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    [old] = await references(harness, monkeypatch, 1)
    seen = watched(harness, monkeypatch)
    await sweep(harness)
    await advance(harness, DAY + 1)
    await sweep(harness)
    assert seen == [old, old]
    for _ in range(5):
        await advance(harness, 600)
        await sweep(harness)
    assert seen == [old, old]
    await advance(harness, 601)
    await sweep(harness)
    assert seen == [old, old, old]


async def test_listing_matches_what_it_shows_and_goes_on(harness: Harness, raw: redis.Redis) -> None:
    id_ = await submitted(harness)
    await push(harness, word("older-tag", DELIVERED))
    with gone(raw, "m", id_[4:]):
        await push(harness, word(reference_of(id_), DELIVERED))
    first = await orphans(harness, "?limit=1")
    assert first["items"] == []
    second = await orphans(harness, f"?limit=1&cursor={first['nextCursor']}")
    assert [each["reference"] for each in second["items"]] == ["older-tag"]


async def test_no_number_text_or_code_comes_into_a_log(calls: Calls, raw: redis.Redis) -> None:
    id_ = await submitted(calls.harness)
    with capture_logs() as lines:
        with gone(raw, "m", id_[4:]):
            await push(calls.harness, word(reference_of(id_), DELIVERED))
            assert await calls.push(method="5", mobilenumber="09077777777", authcode=CODE) == 200
        await sweep(calls.harness)
        await calls.orphans()
    told = repr(lines)
    assert "orphan receipt matched" in told
    for secret in ("12345678", "7777777", CODE, "Hello"):
        assert secret not in told


async def test_a_query_is_read_again_as_it_came(harness: Harness, raw: redis.Redis) -> None:
    id_ = await submitted(harness)
    said = word(reference_of(id_), DELIVERED) | {"messageText": "日本 + & ="}
    with gone(raw, "m", id_[4:]):
        query = urlencode({"json": as_json(said), "x": ""}) + "&y=%FF%81"
        assert (await harness.api.get(f"{URL}?{query}")).status_code == 200
    await sweep(harness)
    message = await harness.read(id_)
    assert (message["status"], message["carrier"]) == ("delivered", "docomo")
