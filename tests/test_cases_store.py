"""Records beside messages on a real Redis: opened, changed, woken, limited and dropped, each in one step that may be
asked for twice."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import redis

from gateway import verifying
from gateway.errors import StoreFull
from gateway.model import verification
from gateway.model.ids import new_id
from gateway.model.verification import Verification, VerificationStatus
from gateway.store.cases import NO_LIMIT, Case, Cases, Limit, Limiting, ripe
from gateway.store.messages import Claims, Conflict, Fresh, Limited, Replay, Retention, Store
from tests.redis_tools import Proxy
from tests.store_tools import DAY, HOUR, LANE, Open

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize

MINUTE = 60_000
KEEP = Retention(record=30 * DAY, key=DAY)
THREE = Limit("number", 3, HOUR)
NOTHING = Claims("", "", b"")
BODY, OTHER = b"0" * 16, b"1" * 16


def cases_of(store: Store, kind: Any = "v") -> Cases[Verification]:
    return Cases(store, kind, Verification, KEEP, verifying.event)


@pytest.fixture
def cases(store: Store) -> Cases[Verification]:
    return cases_of(store)


def named(tag: str = "", key: str = "", content: bytes = BODY) -> Claims:
    return Claims(tag, key, content)


def fresh_id(cases: Cases[Verification]) -> str:
    return new_id(LANE, cases._store.clock.now())


def state_of(cases: Cases[Verification], claims: Claims = NOTHING, **given: Any) -> Verification:
    now = cases._store.clock.now()
    fields: dict[str, Any] = {"method": "sms_code", "client": "shop", "number": "+819012345678", "minutes": 10}
    fields |= {"created_at": now, "updated_at": now, "expires_at": now + 10 * MINUTE, "due": now + 3000}
    return Verification(**{**fields, "claims": claims.names, **given})


async def opened(
    cases: Cases[Verification], claims: Claims = NOTHING, limit: Limit = NO_LIMIT, id_: str = "", **given: Any
) -> tuple[str, Any]:
    """The id asked for, and what the store said."""
    id_ = id_ or fresh_id(cases)
    return id_, await cases.open(id_, state_of(cases, claims, **given), claims, limit)


async def put(cases: Cases[Verification], claims: Claims = NOTHING, **given: Any) -> Case[Verification]:
    id_, said = await opened(cases, claims, **given)
    assert said == Fresh()
    return await known(cases, id_)


async def known(cases: Cases[Verification], id_: str) -> Case[Verification]:
    case = await cases.read(id_)
    assert case is not None
    return case


def attempt(name: str, right: bool = False, at: int = 0) -> Any:
    return lambda state: _changed(state, verification.judged(state, name, b"d", right, at or state.created_at)[1])


def _changed(old: Verification, new: Verification) -> Verification | None:
    return None if new is old else new


def over(state: Verification) -> Verification | None:
    return verification.timed(state, state.expires_at)


def events(raw: redis.Redis) -> list[str]:
    return [fields["k"] for _, fields in raw.xrange("{00}e:shop")]


def left(raw: redis.Redis) -> list[str]:
    """Keys of records, claims, timers and limits."""
    return sorted(key for key in raw.scan_iter() if key[4:5] in tuple("vfkzy"))


# Opening


async def test_a_record_is_kept_with_its_claims_and_its_time(cases: Cases[Verification], raw: redis.Redis) -> None:
    case = await put(cases, named("T", "!K"), limit=THREE)
    assert case.state == msgspec.msgpack.decode(case.raw, type=Verification)
    assert left(raw) == [f"{{00}}{each}" for each in ("k:!K", "k:T", f"v:{case.id}", "y:number", "z")]
    assert raw.zrange("{00}z", 0, -1, withscores=True) == [(f"v{case.id}", case.state.due)]
    assert all(raw.ttl(key) == -1 for key in left(raw) if key != "{00}y:number"), "what is not final does not expire"
    assert not events(raw)


@each(
    ("claims", "said"),
    [
        (named("T"), "replay"),
        (named("", "!K"), "replay"),
        (named("T", "!K"), "replay"),
        (named("T", "!new"), "replay"),
        (named("new", "!K"), "replay"),
        (named("T", "", OTHER), "tag"),
        (named("", "!K", OTHER), "key"),
        (named("T", "!K", OTHER), "tag"),
        (named("T", "!L"), "torn"),
        (named("T", "!L", OTHER), "torn"),
        (named("new", "!new"), ""),
        (named(), ""),
    ],
)
async def test_what_claims_name(cases: Cases[Verification], raw: redis.Redis, claims: Claims, said: str) -> None:
    first = await put(cases, named("T", "!K"))
    await put(cases, named("U", "!L"))
    expected = Replay(first.id) if said == "replay" else Conflict(said, first.id) if said else None  # type: ignore[arg-type]
    before = left(raw)
    assert await cases.seen(LANE, claims) == expected
    assert left(raw) == before
    assert (await opened(cases, claims, THREE))[1] == (expected or Fresh())
    assert raw.exists("{00}y:number") == (expected is None), "what is none counts for no limit"


async def test_a_limit_lets_so_many_in_within_a_window(cases: Cases[Verification], raw: redis.Redis) -> None:
    for minute in (0, 10, 20):
        cases._store.clock.offset_ms = minute * MINUTE
        await put(cases, named(f"T{minute}"), limit=THREE)
    before = left(raw)
    id_, said = await opened(cases, named("T"), THREE)
    assert isinstance(said, Limited)
    assert 39 * MINUTE < said.retry_ms <= 40 * MINUTE
    assert left(raw) == before
    assert await cases.read(id_) is None
    assert (await opened(cases, named("T0"), THREE))[1] != said, "a repeat is one whatever the limit says"
    await put(cases, named("T"), limit=Limit("another", 3, HOUR))
    cases._store.clock.offset_ms += said.retry_ms + 50
    await put(cases, limit=THREE)
    assert isinstance((await opened(cases, limit=THREE))[1], Limited)


async def test_a_limit_holds_for_all_at_once(cases: Cases[Verification]) -> None:
    said = [each for _, each in await asyncio.gather(*(opened(cases, limit=THREE) for _ in range(20)))]
    assert (said.count(Fresh()), sum(isinstance(each, Limited) for each in said)) == (3, 17)


async def test_twenty_at_once_make_one(cases: Cases[Verification], raw: redis.Redis) -> None:
    found = await asyncio.gather(*(opened(cases, named("T", "!K"), THREE) for _ in range(20)))
    [winner] = [id_ for id_, said in found if said == Fresh()]
    assert [said for id_, said in found if id_ != winner] == [Replay(winner)] * 19
    assert raw.zcard("{00}y:number") == raw.zcard("{00}z") == 1


async def test_what_is_final_from_the_start_ends(cases: Cases[Verification], raw: redis.Redis) -> None:
    """An owner's answer: nothing is to come about it, and nobody is told."""
    now = cases._store.clock.now()
    final = {"status": VerificationStatus.VERIFIED, "final_at": now, "due": 0, "result": "same_owner"}
    case = await put(cases, named("T", "!K"), **final)
    ends = {key[4:]: raw.pexpiretime(key) for key in left(raw)}
    assert ends == {"k:!K": case.state.created_at + DAY, "k:T": now + 30 * DAY, f"v:{case.id}": now + 30 * DAY}
    assert not events(raw)


async def test_a_full_redis_opens_nothing_and_knows_what_it_has(cases: Cases[Verification], raw: redis.Redis) -> None:
    case = await put(cases, named("T"))
    raw.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreFull):
            await opened(cases, named("U"))
        assert (await opened(cases, named("T")))[1] == Replay(case.id)
        assert (await cases.change(case, attempt("r"))).state.tries
        assert [row[1] for row in await ripe(cases._store, LANE, 10, 0)] == []
    finally:
        raw.config_set("maxmemory", 0)
    assert await cases.seen(LANE, named("U")) is None


@each("id_", [f"0000000001{lane}{'x' * 14}" for lane in ("0z", "00")])
async def test_what_was_never_opened_is_absent(cases: Cases[Verification], id_: str) -> None:
    assert await cases.read(id_) is None


async def test_kinds_are_apart(store: Store, raw: redis.Redis) -> None:
    case = await put(cases_of(store))
    assert await cases_of(store, "f").read(case.id) is None
    assert await store.read(case.id) is None


# Changing


async def test_a_change_and_its_event_are_one_step(cases: Cases[Verification], raw: redis.Redis) -> None:
    case = await put(cases, named("T", "!K"))
    tried = await cases.change(case, attempt("r"))
    assert (tried.state.tries, events(raw)) == ((("r", b"d", False),), [])
    assert raw.zscore("{00}z", f"v{case.id}") == tried.state.due
    now = cases._store.clock.now()
    done = await cases.change(tried, attempt("s", right=True, at=now))
    assert events(raw) == ["verification.verified"]
    [(_, fields)] = raw.xrange("{00}e:shop")
    assert fields == {"k": "verification.verified", "i": case.id, "n": "0"}
    assert raw.zscore("{00}z", f"v{case.id}") is None
    assert raw.pexpiretime(f"{{00}}v:{case.id}") == now + 30 * DAY == raw.pexpiretime("{00}k:T")
    assert raw.pexpiretime("{00}k:!K") == max(done.state.created_at + DAY, now)
    assert await cases.change(done, attempt("t")) == done
    assert len(events(raw)) == 1


async def test_changes_at_once_are_all_made(cases: Cases[Verification], raw: redis.Redis) -> None:
    case = await put(cases)

    def add(name: str) -> Any:
        return lambda state: msgspec.structs.replace(state, resends=(*state.resends, name))

    await asyncio.gather(*(cases.change(case, add(f"{n}")) for n in range(20)))
    assert sorted((await known(cases, case.id)).state.resends, key=int) == [f"{n}" for n in range(20)]


async def test_of_two_ends_one_is_told(cases: Cases[Verification], raw: redis.Redis) -> None:
    case = await put(cases)
    now = case.state.created_at
    ends = [over, attempt("r", right=True), lambda state: verification.failed(state, 1, "provider_error", "", now)]
    found = await asyncio.gather(*(cases.change(case, end) for end in ends * 3))
    last = await known(cases, case.id)
    assert {each.state.status for each in found} == {last.state.status}
    assert events(raw) == [f"verification.{last.state.status}"]


async def test_a_change_that_counts_is_limited(cases: Cases[Verification], raw: redis.Redis) -> None:
    case = await put(cases, limit=THREE)

    def begin(name: str) -> Any:
        return lambda state: verification.again(state, name, name, state.created_at)

    for name in ("a", "b"):
        case = await cases.change(case, begin(name), THREE, f"{case.id}.{name}")
    before = raw.dump(f"{{00}}v:{case.id}")
    with pytest.raises(Limiting) as refused:
        await cases.change(case, begin("c"), THREE, f"{case.id}.c")
    assert HOUR - MINUTE < refused.value.retry_ms <= HOUR
    assert raw.dump(f"{{00}}v:{case.id}") == before
    assert await cases.change(case, lambda _: None, THREE, f"{case.id}.c") == case
    case = await cases.change(case, attempt("r"), THREE, f"{case.id}.b")  # it counts already
    await cases.forgive(case.id, THREE, f"{case.id}.b")
    assert (await cases.change(case, begin("c"), THREE, f"{case.id}.c")).state.round == 4


async def test_a_record_that_went_is_not_made_again(cases: Cases[Verification], raw: redis.Redis) -> None:
    case = await put(cases)
    raw.delete(f"{{00}}v:{case.id}")
    assert await cases.change(case, over) == case
    assert await cases.read(case.id) is None
    assert not events(raw)


# Dropping


async def test_a_dropped_record_leaves_nothing(cases: Cases[Verification], raw: redis.Redis) -> None:
    other = await put(cases, named("U"), limit=THREE)
    before = left(raw)
    case = await put(cases, named("T", "!K"), limit=THREE)
    assert await cases.drop(case, THREE)
    assert left(raw) == before
    assert (raw.zrange("{00}y:number", 0, -1), raw.zrange("{00}z", 0, -1)) == ([other.id], [f"v{other.id}"])
    await put(cases, named("T", "!K", OTHER))
    assert await cases.drop(case, THREE), "it is gone"
    assert await cases.seen(LANE, named("T", "!K", OTHER)), "claims that are another's by now are not touched"


async def test_what_changed_is_not_dropped(cases: Cases[Verification]) -> None:
    case = await put(cases, named("T"))
    changed = await cases.change(case, attempt("r"))
    assert not await cases.drop(case)
    assert await known(cases, case.id) == changed
    assert await cases.seen(LANE, named("T")) == Replay(case.id)


# Waking


async def test_what_is_due_is_woken_until_it_is_changed(store: Store, raw: redis.Redis) -> None:
    cases = cases_of(store)
    now = store.clock.now()
    first, second = await put(cases, due=now + 1000), await put(cases, due=now + 2000)
    later = await put(cases, due=now + HOUR)
    activation = await put(cases_of(store, "f"), due=now + 1500)
    assert await ripe(store, LANE, 10, MINUTE) == []
    store.clock.offset_ms += 2500
    await store.look()
    assert await ripe(store, LANE, 2, MINUTE) == [("v", first.id, first.raw), ("f", activation.id, activation.raw)]
    assert await ripe(store, LANE, 10, MINUTE) == [("v", second.id, second.raw)]
    assert await ripe(store, LANE, 10, MINUTE) == [], "somebody looks at them"
    await cases.change(first, over)
    await cases.drop(second)
    raw.delete(f"{{00}}f:{activation.id}")
    store.clock.offset_ms += MINUTE + 100
    await store.look()
    assert await ripe(store, LANE, 10, MINUTE) == []
    assert raw.zrange("{00}z", 0, -1) == [f"v{later.id}"], "of what is gone nothing stays"


# Lost answers


@each("cut", ["before", "after"])
async def test_a_lost_answer_changes_nothing_twice(open_store: Open, proxy: Proxy, raw: redis.Redis, cut: str) -> None:
    cases = cases_of(await open_store(proxy.url))
    await put(cases)
    proxy.plan = [cut]
    case = await put(cases, named("T", "!K"), limit=THREE)
    assert raw.zcard("{00}y:number") == 1
    proxy.plan = [cut]
    case = await cases.change(
        case, lambda state: verification.again(state, "a", "m", state.created_at), THREE, f"{case.id}.a"
    )
    assert (case.state.round, raw.zcard("{00}y:number")) == (2, 2)
    other = await put(cases, named("U"), limit=THREE)
    proxy.plan = [cut]
    assert await cases.drop(other, THREE)
    assert raw.zcard("{00}y:number") == 2
    proxy.plan = [cut]
    done = await cases.change(case, attempt("r", right=True))
    assert done.state.status is VerificationStatus.VERIFIED
    assert events(raw) == ["verification.verified"]
    proxy.plan = [cut]
    assert await cases.seen(LANE, named("T", "!K")) == Replay(case.id)


async def test_equal_changes_at_once_are_told_once(cases: Cases[Verification], raw: redis.Redis) -> None:
    """What must be made once only has to differ from its like: by a stamp, or the name of its request."""
    case = await put(cases)
    found = await asyncio.gather(*(cases.change(case, over) for _ in range(5)))
    assert {each.raw for each in found} == {(await known(cases, case.id)).raw}
    assert events(raw) == ["verification.expired"]
