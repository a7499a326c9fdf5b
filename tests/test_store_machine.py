"""The store in sequences: at random against a model in plain Python; then those that hurt, with connections cut,
servers hung, restored or moved, and processes that died at the wrong moment."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from gateway import faults
from gateway.app import open_services
from gateway.dispatch.permits import Permits
from gateway.errors import StoreForgot, StoreFull, StoreUnavailable
from gateway.metrics import Metrics
from gateway.model import lifecycle
from gateway.model.ids import new_id
from gateway.model.lifecycle import Change, Policy
from gateway.model.message import EVENTFUL, Phase, Record, State, Status
from gateway.model.outcome import Accepted, Busy, Duplicate, Guarantee, Known, NotSent, Refused, Unanswered, Unknown
from gateway.model.outcome import Unreadable as Lost
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.store.messages import Claims, Conflict, Fresh, Replay, Retention, Store
from gateway.store.topology import Topology
from tests import conftest
from tests import test_store as scripts
from tests.conftest import start_redis
from tests.harness import Harness, settings_for
from tests.test_store import CONTENT, LANE, POLICY, REFUSED, Open, accept, known, put, reserve, settle, take, taken

each = pytest.mark.parametrize
broken = pytest.mark.anyio
open_store, store, raw = scripts.open_store, scripts.store, scripts.raw
MINUTE, HOUR, DAY, LEASE, HOLD = 60_000, 3_600_000, 86_400_000, 25_000, 30_000
SAFE = msgspec.structs.replace(POLICY, no_news_after=3 * HOUR, next_provider="blind")
BLIND = msgspec.structs.replace(
    SAFE, guarantee=Guarantee.BLIND, reports=False, queryable=False, next_provider="", resend_blind=True
)
POLICIES = {"safe": SAFE, "blind": BLIND}
OUTCOMES = (
    *(Accepted("0"), NotSent("refused"), Busy("503"), Duplicate("400"), Lost("nothing came")),
    *(Refused(Reason.INVALID_NUMBER, "message", "110"), Refused(Reason.QUOTA_EXCEEDED, "account", "300")),
)
FINDINGS = (Known(), Unknown(), Unanswered())
WORDS = tuple(
    Receipt(reference="", identity=f"{outcome}", outcome=outcome, reason=None)
    for outcome in ("delivered", "undelivered", None)
)
_states = msgspec.msgpack.Decoder(State)

Which = st.integers(0, 4)
"""Counted from the newest."""
Tag, Key = st.sampled_from(["", "", "T", "U"]), st.sampled_from(["", "", "!K", "!L"])
Provider, Owner = st.sampled_from(["safe", "safe", "blind"]), st.sampled_from(["d.0", "d.1"])


class Machine(RuleBasedStateMachine):
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.redis = redis.Redis.from_url(self.url)
        self.redis.flushall()
        self.runner = asyncio.Runner()
        self.topology: Topology = self.runner.run(self._connect())
        self.store = Store(self.topology, Retention(record=30 * DAY, key=DAY), lanes=1)
        # The model. Rings are dicts: their order is the turn of the clients.
        self.states: dict[str, State] = {}
        self.claims: dict[str, bytes] = {}
        self.queues: dict[tuple[str, bool], dict[str, list[str]]] = {}
        self.agenda: dict[str, int] = {}
        self.held_back: set[str] = set()
        self.events: dict[str, list[tuple[str, str]]] = {}
        self.taken: list[Record] = []

    async def _connect(self) -> Topology:
        topology = Topology(self.url)
        assert await topology.open()
        return topology

    def teardown(self) -> None:
        async def close() -> None:
            await self.topology.close()
            await asyncio.sleep(0)

        self.runner.run(close())
        self.runner.close()
        self.redis.close()

    # The model's side of a change

    def _push(self, id_: str, state: State) -> None:
        ring = self.queues.setdefault((state.provider, state.high), {})
        ring.setdefault(state.client, []).append(id_)

    def _changed(self, id_: str, new: State) -> None:
        old, self.states[id_] = self.states[id_], new
        self.held_back.discard(id_)
        self.agenda.pop(id_, None)
        if new.due:
            self.agenda[id_] = new.due
        if new.phase is Phase.QUEUED and old.phase is not Phase.QUEUED:
            self._push(id_, new)
        if new.status != old.status and new.status in EVENTFUL:
            self.events.setdefault(new.client, []).append((new.status, id_))

    def _change(self, record: Record, rule_: Callable[[State, int, Policy], Change | None]) -> None:
        """Like the recorder, from a record that may be stale; every write is repeated, as after a lost answer."""
        for _ in range(3):
            change = rule_(record.state, self.store.clock.now(), POLICIES[record.state.provider])
            if change is None:
                return
            current = self.states[record.id]
            applied = self.runner.run(self.store.apply(record, change))
            if applied is not None:
                assert record.state == current or change.state == current
                if record.state == current:
                    self._changed(record.id, change.state)
                again = self.runner.run(self.store.apply(record, change))
                assert again is not None
                assert again.state == applied.state == change.state
                return
            assert record.state != current
            record = self._read(record.id)
        raise AssertionError("changed by nobody, and yet not what it was")

    def _read(self, id_: str) -> Record:
        record = self.runner.run(self.store.read(id_))
        assert record is not None
        assert record.state == self.states[id_]
        return record

    # Steps

    @rule(
        client=st.sampled_from("aab"),
        provider=Provider,
        high=st.sampled_from([False, False, True]),
        starts=st.sampled_from([0, 0, 0, 0, 1]),
        lasts=st.sampled_from([1, 6]),
        tag=Tag,
        key=Key,
        body=st.sampled_from([b"0" * 16, b"1" * 16]),
    )
    def accept(
        self, client: str, provider: str, high: bool, starts: int, lasts: int, tag: str, key: str, body: bytes
    ) -> None:
        now = self.store.clock.now()
        # Time goes on in steps of ten minutes, five minutes off every end: nothing hangs on how fast this runs.
        begins, ends = now + starts * HOUR - 5 * MINUTE, now + (starts + lasts) * HOUR - 5 * MINUTE
        state = State(
            status=Status.SCHEDULED if starts else Status.QUEUED,
            phase=Phase.WAITING if starts else Phase.QUEUED,
            provider=provider,
            client=client,
            high=high,
            due=begins if starts else ends,
            send_at=begins if starts else 0,
            expires_at=ends,
            created_at=now,
            updated_at=now,
            steps=1,
        )
        id_ = new_id(LANE, now)
        claims = Claims(tag, key, body)
        result = self.runner.run(self.store.accept(id_, state, CONTENT, claims, rate=None))
        by_tag, by_key = self.claims.get(tag, b""), self.claims.get(key, b"")
        first = by_tag or by_key
        holder = first[:26].decode()
        if not first:
            assert result == Fresh()
            self.states[id_] = msgspec.structs.replace(state, claims="".join(f"{name} " for name in (tag, key) if name))
            self.claims |= {name: id_.encode() + body for name in (tag, key) if name}
            self.agenda[id_] = state.due
            if not starts:
                self._push(id_, state)
        elif by_tag and by_key and by_tag[:26] != by_key[:26]:
            assert result == Conflict("torn", holder)
        elif first[26:] != body:
            assert result == Conflict("tag" if by_tag else "key", holder)
        else:
            assert result == Replay(holder)
            if key and not by_key:
                known = self.states[holder]
                self.states[holder] = msgspec.structs.replace(known, claims=f"{known.claims}{key} ")
                self.claims[key] = first

        if id_ in self.states:  # the answer was lost: the same call under the same id
            assert self.runner.run(self.store.accept(id_, state, CONTENT, claims, rate=None)) == Fresh()

    @rule(owner=Owner, number=st.integers(1, 5))
    def take(self, owner: str, number: int) -> None:
        for provider in POLICIES:
            self._take(provider, owner, number)

    def _take(self, provider: str, owner: str, number: int) -> None:
        now = self.store.clock.now()
        expected: list[str] = []
        for high in (True, False):
            ring = self.queues.get((provider, high), {})
            while ring and len(expected) < number:
                client = next(iter(ring))
                ids = ring.pop(client)
                id_ = ids.pop(0)
                if ids:
                    ring[client] = ids
                state = self.states[id_]
                if state.phase is Phase.QUEUED and state.expires_at > now:
                    expected.append(id_)
        records = self.runner.run(self.store.take(LANE, provider, owner, number, LEASE))
        assert [record.id for record in records] == expected
        for record in records:
            old, new = self.states[record.id], record.state
            assert now <= new.updated_at <= self.store.clock.now()
            self._changed(
                record.id,
                msgspec.structs.replace(
                    old,
                    status=Status.SUBMITTING,
                    phase=Phase.HELD,
                    owner=owner,
                    fence=old.fence + 1,
                    open=f"{old.open}{old.fence + 1} ",
                    stalls=old.stalls + 1,
                    due=new.updated_at + LEASE,
                    updated_at=new.updated_at,
                    steps=old.steps + (old.steps < 48),
                ),
            )
        self.taken += records

    @precondition(lambda self: self.taken)
    @rule(which=Which, outcome=st.sampled_from(OUTCOMES))
    def settle(self, which: int, outcome: Any) -> None:
        """By whoever took it, however long ago."""
        record = self.taken[-1 - which % len(self.taken)]
        self._change(record, lambda *now: lifecycle.settle(now[0], record.state.fence, outcome, *now[1:]))

    @precondition(lambda self: self.taken)
    @rule(which=Which)
    def give_back(self, which: int) -> None:
        record = self.taken[-1 - which % len(self.taken)]
        self._change(record, lambda state, now, _: lifecycle.give_back(state, record.state.fence, now))

    @rule(finding=st.sampled_from(FINDINGS))
    def tick(self, finding: Any) -> None:
        before = self.store.clock.now()
        due = self.runner.run(self.store.tick(LANE, 100, HOLD))
        after = self.store.clock.now()
        ids = {record.id for record in due}
        assert {id_ for id_, at in self.agenda.items() if at <= before} <= ids
        for record in due:
            assert self.agenda[record.id] <= after
            assert record.state == self.states[record.id]
            self.agenda[record.id] = int(self.redis.zscore("{00}a", record.id))
            assert before + HOLD <= self.agenda[record.id] <= after + HOLD
            self.held_back.add(record.id)
        for record in due[: len(due) // 2 + 1]:  # whoever looked at the others died
            asked: list[bool] = []

            def wake(state: State, now: int, policy: Policy, asked: list[bool] = asked) -> Change | None:
                verdict = lifecycle.wake(state, now, policy)
                asked[:] = [verdict == "ask"]
                return verdict if isinstance(verdict, Change) else None

            self._change(record, wake)
            if asked[0]:
                self._change(self._read(record.id), lambda *now: lifecycle.found(now[0], finding, *now[1:]))

    @precondition(lambda self: self.taken)
    @rule(which=Which, word=st.sampled_from(WORDS))
    def receipt(self, which: int, word: Receipt) -> None:
        record = self._read(self.taken[-1 - which % len(self.taken)].id)
        self._change(record, lambda *now: lifecycle.receipt(now[0], now[0].generation, word, *now[1:]))

    @precondition(lambda self: self.states)
    @rule(which=Which, what=st.sampled_from(["cancel", "d.0", "d.1", "flush"]))
    def interfere(self, which: int, what: str) -> None:
        """A caller cancels, an owner dies, the scripts are gone."""
        if what == "cancel":
            record = self._read(sorted(self.states)[-1 - which % len(self.states)])
            self._change(record, lambda state, now, _: lifecycle.cancel(state, now))
        elif what == "flush":
            self.redis.script_flush()
        else:
            held = {id_ for id_, state in self.states.items() if state.owner == what}
            assert self.runner.run(self.store.release(LANE, what)) == len(held)
            for id_ in held:
                due = int(self.redis.zscore("{00}a", id_))
                assert due <= self.store.clock.now()
                self._changed(id_, msgspec.structs.replace(self.states[id_], due=due))

    @rule(minutes=st.sampled_from([10, 60]))
    def time_passes(self, minutes: int) -> None:
        self.store.clock.offset_ms += minutes * MINUTE
        self.runner.run(self.store.tick(LANE, 0, 0))

    # What Redis holds

    @invariant()
    def holds(self) -> None:
        kinds: dict[bytes, dict[str, bytes]] = {}
        for key in self.redis.keys("{00}*"):
            kinds.setdefault(key[4:5], {})[key[4:].partition(b":")[2].decode()] = key
        self._records(kinds.get(b"m", {}))
        agenda = {id_.decode(): int(at) for id_, at in self.redis.zrange("{00}a", 0, -1, withscores=True)}
        assert agenda == self.agenda
        for id_, state in self.states.items():
            assert state.final_at or agenda[id_] == state.due or id_ in self.held_back, "nothing wakes it"
        self._queue(kinds.get(b"q", {}))
        owners = {
            owner: {id_.decode() for id_ in self.redis.smembers(key)} for owner, key in kinds.get(b"o", {}).items()
        }
        held: dict[str, set[str]] = {}
        for id_, state in self.states.items():
            assert bool(state.owner) == (state.phase is Phase.HELD)
            if state.owner:
                held.setdefault(state.owner, set()).add(id_)
        assert owners == held
        names = kinds.get(b"k", {})
        assert {name: self.redis.get(key) for name, key in names.items()} == self.claims
        assert all(name in self.states[value[:26].decode()].claims.split() for name, value in self.claims.items())
        for client, key in kinds.get(b"e", {}).items():
            told = [(fields[b"k"].decode(), fields[b"i"].decode()) for _, fields in self.redis.xrange(key)]
            assert told == self.events.get(client, [])
        assert kinds.get(b"e", {}).keys() == self.events.keys()

    def _records(self, keys: dict[str, bytes]) -> None:
        assert keys.keys() == self.states.keys()
        for id_, key in keys.items():
            state = self.states[id_]
            raw, timeline = self.redis.hmget(key, "s", "t")
            assert _states.decode(raw) == state
            assert len(msgspec.json.decode(b"[" + timeline[:-1] + b"]")) == state.steps
            ends = {self.redis.ttl(key), *(self.redis.ttl("{00}k:" + name) for name in state.claims.split())}
            assert (min(ends) > 0) if state.final_at else (ends == {-1})

    def _queue(self, keys: dict[str, bytes]) -> None:
        found: dict[tuple[str, bool], dict[str, list[str]]] = {}
        rings: dict[tuple[str, bool], list[str]] = {}
        for name, key in keys.items():
            provider, high, *client = name.split(":")
            entries = [entry.decode() for entry in self.redis.lrange(key, 0, -1)]
            if client:
                found.setdefault((provider, high == "1"), {})[client[0]] = entries
            else:
                rings[provider, high == "1"] = entries
        wanted = {queue: ring for queue, ring in self.queues.items() if ring}
        assert found == wanted
        assert rings == {queue: list(ring) for queue, ring in wanted.items()}
        depths = {queue: sum(map(len, ring.values())) for queue, ring in found.items()}
        assert self.runner.run(self.store.queued(LANE)) == depths
        for id_, state in self.states.items():
            places = Counter(
                (queue, client) for queue, ring in found.items() for client, ids in ring.items() if id_ in ids
                for _ in range(ids.count(id_))
            )  # fmt: skip
            if state.phase is Phase.QUEUED and state.expires_at > self.store.clock.now():
                assert places == {((state.provider, state.high), state.client): 1}
            else:
                assert places.total() <= 1


def test_random_steps(redis_url: str) -> None:
    class Here(Machine):
        url = redis_url

    few = settings(max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Here, settings=few)


# A connection that breaks


class Proxy:
    """Stands between a store and Redis. `plan` says how the next exchanges are cut: "before" they reach Redis, or
    "after" it has acted and before its answer comes back."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.url = ""
        self.plan: list[str] = []
        self.on_cut: Callable[[], Any] = lambda: None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", port_of(self.upstream))
        pair = {writer, redis_writer}
        self._writers |= pair
        answers = asyncio.create_task(self._answer(redis_reader, writer))
        with suppress(OSError):
            while data := await reader.read(1 << 20):
                cut = self.plan.pop(0) if self.plan else ""
                if cut == "after":
                    answers.cancel()
                    await asyncio.wait([answers])
                if cut != "before":
                    redis_writer.write(data)
                if cut == "after":
                    await redis_reader.read(1 << 20)
                if cut:
                    self.on_cut()
                    break
        answers.cancel()
        self._writers -= pair
        for end in pair:
            end.close()
        await asyncio.gather(answers, *(end.wait_closed() for end in pair), return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 20):
            writer.write(data)
        writer.close()


def port_of(url: str) -> int:
    return int(url.split(":")[2].split("/")[0])


@pytest.fixture
async def proxy(redis_url: str, raw: redis.Redis) -> AsyncIterator[Proxy]:
    async with Proxy(redis_url) as proxy:
        with suppress(redis.ResponseError):  # a node of a cluster sends callers to the port it announces
            raw.config_set("cluster-announce-port", port_of(proxy.url))
        yield proxy
        with suppress(redis.ResponseError):
            raw.config_set("cluster-announce-port", 0)


@broken
@each("cut", ["before", "after"])
async def test_a_lost_answer_is_asked_for_again(open_store: Open, proxy: Proxy, raw: redis.Redis, cut: str) -> None:
    store = await open_store(proxy.url)
    await put(store)
    proxy.plan = [cut]
    assert await put(store, tag="T") == await store.claimed(LANE, "T")
    assert (raw.hget("{00}n", "main:0"), raw.llen("{00}q:main:0:shop")) == ("2", 2)
    record = (await take(store))[0]
    proxy.plan = [cut]
    await settle(store, record, Accepted("0"))
    assert (raw.xlen("{00}e:shop"), await store.queued(LANE)) == (1, {})
    await put(store)
    proxy.plan = [cut]
    with pytest.raises(StoreUnavailable):
        await take(store)
    assert len(await store.held(LANE, "d.0")) == (2 if cut == "after" else 1)


@broken
async def test_connections_killed_under_load_double_nothing(store: Store, raw: redis.Redis) -> None:
    await put(store)

    async def kill() -> None:
        for _ in range(10):
            raw.client_kill_filter(_type="normal", skipme=True)
            await asyncio.sleep(0.003)

    results, _ = await asyncio.gather(asyncio.gather(*(accept(store) for _ in range(300))), kill())
    assert {result for _, result in results} == {Fresh()}
    assert (raw.hget("{00}n", "main:0"), raw.llen("{00}q:main:0:shop")) == ("301", 301)


@broken
async def test_full_after_a_lost_answer_does_not_mean_refused(open_store: Open, proxy: Proxy, raw: redis.Redis) -> None:
    store = await open_store(proxy.url)
    await put(store)
    proxy.plan, proxy.on_cut = ["after"], lambda: raw.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable) as refused:
            await accept(store, tag="T")
    finally:
        raw.config_set("maxmemory", 0)
    assert await store.claimed(LANE, "T") is not None
    assert not isinstance(refused.value, StoreFull), "the caller is told that nothing was accepted"


Servers = Callable[..., tuple[subprocess.Popen[bytes], str]]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """Starts a Redis that a test may break: in a folder of `tmp_path`, in cluster mode."""
    started: list[subprocess.Popen[bytes]] = []
    any_port = conftest.free_port

    def free_port() -> int:
        while (port := any_port()) > 55_535:  # the cluster's own port lies 10,000 above
            pass
        return port

    def start(folder: str = "one", *, cluster: bool = False) -> tuple[subprocess.Popen[bytes], str]:
        (tmp_path / folder).mkdir(exist_ok=True)
        process, url = start_redis(tmp_path / folder, cluster=cluster)
        started.append(process)
        return process, url

    monkeypatch.setattr(conftest, "free_port", free_port)
    yield start
    for process in started:
        process.kill()
        process.wait()


@broken
async def test_a_hung_redis_is_told_in_time(open_store: Open, server: Servers) -> None:
    process, url = server()
    store = await open_store(url)

    async def waited(delay: float) -> float:
        await asyncio.sleep(delay)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await accept(store)
        return time.monotonic() - began

    await put(store)
    process.send_signal(signal.SIGSTOP)
    took = await asyncio.gather(waited(0), waited(2.5))
    process.send_signal(signal.SIGCONT)
    await put(store)
    assert took[0] < 6
    assert took[1] < 6, "who came later waits for a second connection's end"


@broken
async def test_a_demoted_primary_is_left(open_store: Open, server: Servers) -> None:
    """A name that moves to the promoted replica helps only who connects again."""
    (_, old), (_, new) = server("one"), server("two")
    with redis.Redis.from_url(old) as first, redis.Redis.from_url(new) as second:
        async with Proxy(old) as proxy:
            store = await open_store(proxy.url)
            id_ = await put(store)
            second.replicaof("127.0.0.1", port_of(old))
            while not second.exists("{00}m:" + id_):
                await asyncio.sleep(0.05)
            second.replicaof("NO", "ONE")
            first.replicaof("127.0.0.1", port_of(new))
            proxy.upstream = new
            assert await put(store)


# A cluster that moves


async def node_ready(node: redis.Redis, words: str) -> None:
    ends = time.monotonic() + 10
    while words not in str(node.execute_command("CLUSTER INFO")) + str(node.execute_command("CLUSTER NODES")):
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


@pytest.fixture
async def pair(server: Servers) -> AsyncIterator[Any]:
    """A node that holds every slot, and one that holds none: each with its process, URL and client."""
    nodes = []
    for folder in ("one", "two"):
        process, url = server(folder, cluster=True)
        nodes.append((process, url, redis.Redis.from_url(url, decode_responses=True)))
        nodes[-1][2].config_set("cluster-node-timeout", 500)
    first, second = (client for _, _, client in nodes)
    second.execute_command("CLUSTER RESET HARD")
    second.execute_command("CLUSTER MEET", "127.0.0.1", port_of(nodes[0][1]))
    for client, other in ((first, second), (second, first)):
        await node_ready(client, other.execute_command("CLUSTER MYID"))
        await node_ready(client, "'cluster_state': 'ok'")
    yield nodes
    first.close()
    second.close()


@broken
async def test_a_slot_that_moved_is_followed(open_store: Open, pair: Any) -> None:
    (_, url, first), (_, _, second) = pair
    store = await open_store(url)
    assert await store.lanes()
    slot, to = first.execute_command("CLUSTER KEYSLOT", "{00}"), second.execute_command("CLUSTER MYID")
    for node in (second, first):
        node.execute_command("CLUSTER SETSLOT", slot, "NODE", to)
    async with asyncio.timeout(8):  # the scripts were never loaded there
        await store.tick(LANE, 0, 0)


@broken
async def test_a_promoted_replica_is_found(open_store: Open, pair: Any) -> None:
    (process, url, first), (_, _, second) = pair
    second.execute_command("CLUSTER REPLICATE", first.execute_command("CLUSTER MYID"))
    store = await open_store(url)
    id_ = await put(store)
    ends = time.monotonic() + 10
    while second.info("replication").get("master_link_status") != "up" or second.info("keyspace") == {}:
        assert time.monotonic() < ends
        await asyncio.sleep(0.05)
    process.kill()
    process.wait()
    second.execute_command("CLUSTER FAILOVER", "TAKEOVER")
    assert await store.read(id_)


@broken
@each("redis_server", ["cluster"], indirect=True)
async def test_a_cluster_that_answers_late_is_still_one(proxy: Proxy) -> None:
    proxy.plan = ["before"] * 99
    topology = Topology(proxy.url)
    try:
        assert not await topology.open(0.5)
        proxy.plan = []
        while not topology.up:
            await asyncio.sleep(0.01)
        assert len(await Store(topology, Retention(DAY, HOUR)).lanes()) == 16
    finally:
        await topology.close()


# A Redis that forgot


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


@broken
async def test_closed_until_adopted(store: Store, open_store: Open, redis_url: str, raw: redis.Redis) -> None:
    final = await settle(store, await taken(store), REFUSED)
    held, queued, reserved = await taken(store), await put(store), await reserve(store, 1)
    await forgotten(store, raw)
    for closed in (
        put(store),
        take(store),
        store.read(queued),
        store.grant("main", 1, 1),
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
    assert (change.state.phase, change.state.open) == (Phase.WAITING, "0 ")


@broken
async def test_only_adoption_opens_again(store: Store, open_store: Open, redis_url: str, raw: redis.Redis) -> None:
    other = await open_store(redis_url)
    for _ in range(5):
        await store.tick(LANE, 0, 0)
    await forgotten(store, raw)
    for _ in range(9):  # another process, which saw nothing, goes on counting
        await other.tick(LANE, 0, 0)
    await store.recheck()
    assert store.forgot


@broken
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


@broken
async def test_a_new_process_knows_the_epoch_before_it_reads(store: Store, open_store: Open, redis_url: str) -> None:
    id_ = await put(store)
    await adopted(open_store, redis_url)
    assert (await known(await open_store(redis_url), id_)).state.open == "0 ", (
        "it would be canceled, though it may be out"
    )


@broken
async def test_a_new_process_knows_the_epoch_before_it_writes(open_store: Open, redis_url: str) -> None:
    await adopted(open_store, redis_url)
    fresh = await open_store(redis_url)
    assert (await known(fresh, await put(fresh))).state.open == "", "nothing of it can have been forgotten"


@broken
async def test_counting_does_not_end_an_epoch(store: Store, raw: redis.Redis) -> None:
    id_ = await put(store)
    if raw.type("{00}h") == "string":  # one number for both: 20,000 scripts a second, for two days and a half
        raw.incrby("{00}h", 2**32 - 4)
    for _ in range(5):
        await store.tick(LANE, 0, 0)
    assert (await known(store, id_)).state.open == ""


@broken
async def test_adopting_works_twice_in_an_hour(
    store: Store, open_store: Open, redis_url: str, raw: redis.Redis
) -> None:
    await put(store)
    for _ in range(2):
        await forgotten(store, raw)
        await adopted(open_store, redis_url, store)


@broken
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


@broken
async def test_what_was_not_due_cannot_have_been_sent(store: Store, open_store: Open, redis_url: str) -> None:
    id_ = await reserve(store)
    await adopted(open_store, redis_url)
    await store.tick(LANE, 0, 0)
    assert lifecycle.cancel((await known(store, id_)).state, store.clock.now()) is not None


@broken
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


# Processes that died at the wrong moment


async def accounted(harness: Harness, id_: str) -> bool:
    """The first try is still open, or told as lost: it was not taken for one that never left."""
    record = await known(harness.here.store, id_.removeprefix("msg_"))
    return "1" in record.state.open.split() or any("lost" in step.detail for step in record.timeline)


@broken
async def test_a_predecessors_take_is_not_given_back(harness: Harness) -> None:
    """A dispatcher died while it sent. Its successor of the same name releases what it held; another looks at it, and
    dies too. The first may have reached the vendor, whatever the successor itself knows of it."""
    store = harness.here.store
    id_ = await harness.sent()
    await store.take(await store.lane("shop"), "main", "test.0", 1, LEASE)
    deaths = [StoreUnavailable("in the middle of a look")]

    async def hook(point: str) -> None:
        if point == "tick.after" and deaths:
            raise deaths.pop()

    faults.install(hook)
    try:
        harness.dispatch("test.0")
        await asyncio.sleep(5)
    finally:
        faults.install(None)
    assert await accounted(harness, id_)


@broken
async def test_an_answer_that_breaks_the_adapter_is_a_lost_one(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(type(harness.here.settings.providers["main"]), "send_outcome", fail)
    id_ = await harness.sent(to="+819012340023")  # no receipt comes
    harness.dispatch()
    await asyncio.sleep(6)
    assert await accounted(harness, id_)


@broken
async def test_what_may_be_out_is_not_sent_blindly(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queued in the Redis that was adopted; in the one that was lost it may have been sent since."""
    vendor = type(harness.here.settings.providers["main"])
    monkeypatch.setattr(vendor, "guarantee", Guarantee.BLIND)
    monkeypatch.setattr(vendor, "capabilities", msgspec.structs.replace(vendor.capabilities, status_query=False))
    await harness.sent()
    await harness.here.store.adopt()
    harness.dispatch()
    await asyncio.sleep(1)
    assert not harness.vendor.requests


@broken
async def test_what_one_nodes_clock_calls_due_another_does_not_delay(harness: Harness) -> None:
    clock = harness.here.store.clock

    async def hook(point: str) -> None:
        if point == "tick.after":
            clock.learn(clock.now() - 100)  # an answer from another node came in between

    await harness.here.store.know_time()
    id_ = await harness.sent(sendAt=datetime.fromtimestamp(clock.now() / 1000 + 0.5, UTC).isoformat())
    faults.install(hook)
    try:
        harness.dispatch()
        await harness.until(id_, "submitted", "delivered", seconds=3)
    finally:
        faults.install(None)


@broken
async def test_a_start_slept_past_is_asked_for_again(store: Store, raw: redis.Redis) -> None:
    """A process that stood still wakes with all its starts at once: used so late they meet those of others."""
    limit: Any = SimpleNamespace(name="main", settings=SimpleNamespace(rate=100.0, rate_group=None))
    waiting = asyncio.create_task(Permits(store).wait(limit, time.monotonic() + 0.02))
    await asyncio.sleep(0.01)
    time.sleep(0.2)
    await waiting
    assert raw.exists("{p:main}")


def test_one_try_is_not_taken_for_another() -> None:
    """Try 1 is told of again when try 11 is under way: its process could not reach Redis meanwhile."""
    fields: Any = {"status": Status.SUBMITTING, "phase": Phase.HELD, "fence": 11, "open": "11 ", "expires_at": DAY}
    state = State(**fields, provider="main", client="shop", created_at=0, updated_at=0)
    change = lifecycle.settle(state, 1, NotSent("no connection"), 1, POLICY)
    assert change is None or change.state.open == "11 "
