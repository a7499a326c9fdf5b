"""The store in sequences, at random, against a model in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from gateway.model import lifecycle
from gateway.model.ids import new_id
from gateway.model.lifecycle import Change
from gateway.model.message import EVENTFUL, Phase, Record, State, Status
from gateway.model.outcome import Accepted, Busy, Duplicate, Guarantee, Known, NotSent, Refused, Unanswered, Unknown
from gateway.model.outcome import Unreadable as Lost
from gateway.model.policy import Policy
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.store.messages import Claims, Conflict, Fresh, Replay
from tests.store_tools import CONTENT, HOUR, LANE, LEASE, POLICY, OnRedis

MINUTE, HOLD = 60_000, 30_000
ROUTED = msgspec.structs.replace(CONTENT, route=("safe", "blind"))
SAFE = msgspec.structs.replace(POLICY, no_news_after=3 * HOUR, onward="blind", onward_serves=True)
BLIND = msgspec.structs.replace(
    SAFE, guarantee=Guarantee.BLIND, reports=False, queryable=False, onward="safe", onward_wraps=True, resend_blind=True
)
POLICIES = {"safe": SAFE, "blind": BLIND}
OUTCOMES = (
    *(Accepted("0"), NotSent("refused"), Busy("503"), Duplicate("400"), Lost("nothing came")),
    *(Refused(Reason.INVALID_NUMBER, "message", "110"), Refused(Reason.QUOTA_EXCEEDED, "account", "300")),
)
FINDINGS = (Known(), Unknown(), Unanswered())
WORDS = tuple(
    Receipt(reference="", identity=f"{outcome}", outcome=outcome, reason=None, carrier=carrier)
    for outcome, carrier in (("delivered", "au"), ("undelivered", None), (None, None))
)
_states = msgspec.msgpack.Decoder(State)

Which = st.integers(0, 4)  # counted from the newest
Tag, Key = st.sampled_from(["", "", "T", "U"]), st.sampled_from(["", "", "!K", "!L"])
Serving = st.sampled_from([(), ("safe",), ("blind", "other")])
Provider, Owner = st.sampled_from(["safe", "safe", "blind"]), st.sampled_from(["d.0", "d.1"])


class Machine(OnRedis):
    def __init__(self) -> None:
        super().__init__()
        # The model. Rings are dicts: their order is the turn of the clients.
        self.states: dict[str, State] = {}
        self.claims: dict[str, bytes] = {}
        self.queues: dict[tuple[str, bool], dict[str, list[str]]] = {}
        self.agenda: dict[str, int] = {}
        self.held_back: set[str] = set()
        self.events: dict[str, list[tuple[str, str]]] = {}
        self.taken, self.routed = list[Record](), set[str]()

    # The model's side of a change

    def _push(self, id_: str, state: State) -> None:
        ring = self.queues.setdefault((state.provider, state.high), {})
        ring.setdefault(self._line(id_, state), []).append(id_)

    def _line(self, id_: str, state: State) -> str:
        ways = {"safe", "blind"} - {state.provider, *state.refused.split()}
        return f"{state.client}+{','.join(ways)}" if id_ in self.routed and ways and not state.open else state.client

    def _changed(self, id_: str, new: State) -> None:
        old, self.states[id_] = self.states[id_], new
        self.held_back.discard(id_)
        self.agenda.pop(id_, None)
        if new.due:
            self.agenda[id_] = new.due
        if new.phase is Phase.QUEUED and (old.phase, old.provider) != (Phase.QUEUED, new.provider):
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
        routed=st.booleans(),
    )
    def accept(
        self, client: str, provider: str, high: bool, starts: int, lasts: int, tag: str, key: str, body: bytes,
        routed: bool,
    ) -> None:  # fmt: skip
        content = ROUTED if routed else CONTENT
        now = self.store.clock.now()
        # Time goes on in steps of ten minutes, five minutes off every end: nothing hangs on how fast this runs.
        begins, ends = now + starts * HOUR - 5 * MINUTE, now + (starts + lasts) * HOUR - 5 * MINUTE
        status, phase = (Status.SCHEDULED, Phase.WAITING) if starts else (Status.QUEUED, Phase.QUEUED)
        given: Any = {"status": status, "phase": phase, "provider": provider, "client": client, "high": high}
        state = State(
            **given,
            due=begins if starts else ends,
            send_at=begins if starts else 0,
            expires_at=ends,
            created_at=now,
            updated_at=now,
            steps=1,
            month=202611,
        )
        id_ = new_id(LANE, now)
        claims = Claims(tag, key, body)
        result = self.runner.run(self.store.accept(id_, state, content, claims, rate=None))
        by_tag, by_key = self.claims.get(tag, b""), self.claims.get(key, b"")
        first = by_tag or by_key
        holder = first[:26].decode()
        if not first:
            assert result == Fresh()
            self.states[id_] = msgspec.structs.replace(state, claims="".join(f"{name} " for name in (tag, key) if name))
            self.claims |= {name: id_.encode() + body for name in (tag, key) if name}
            self.agenda[id_] = state.due
            self.routed |= {id_} if routed else set()
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

        if id_ in self.states:  # its answer was lost
            assert self.runner.run(self.store.accept(id_, state, content, claims, rate=None)) == Fresh()

    @rule(owner=Owner, number=st.integers(1, 5))
    def take(self, owner: str, number: int) -> None:
        for provider in POLICIES:
            self._take(provider, owner, number)

    def _take(self, provider: str, owner: str, number: int) -> None:
        now = self.store.clock.now()
        expected: list[str] = []
        looked = 0
        for high in (True, False):
            ring = self.queues.get((provider, high), {})
            while ring and len(expected) < number:
                looked += 1
                line = next(iter(ring))
                ids = ring.pop(line)
                id_ = ids.pop(0)
                if ids:
                    ring[line] = ids
                state = self.states[id_]
                waits = (state.phase, state.provider) == (Phase.QUEUED, provider) and id_ not in expected
                if waits and state.expires_at > now:
                    expected.append(id_)
        records, entries = self.runner.run(self.store.take(LANE, provider, owner, number, LEASE))
        assert ([record.id for record in records], entries) == (expected, looked)
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

    @rule(provider=Provider, number=st.integers(1, 6), serving=Serving, moves=st.integers(0, 3))
    def pass_over(self, provider: str, number: int, serving: tuple[str, ...], moves: int) -> None:
        """A provider takes nothing: some of what waits for it leaves."""
        expected: list[str] = []
        dropped = 0
        for high in (True, False):
            ring = self.queues.get((provider, high), {})
            lines = [line for line in ring if not serving or set(line.partition("+")[2].split(",")) & set(serving)]
            for line in lines:
                if len(expected) + dropped >= number:
                    break
                for id_ in ring[line][: max(number // len(lines), 1)]:
                    if (self.states[id_].phase, self.states[id_].provider) == (Phase.QUEUED, provider):
                        expected.append(id_)
                    else:
                        ring[line].remove(id_)
                        dropped += 1
                if not ring[line]:
                    del ring[line]
        records, said = self.runner.run(self.store.peek(LANE, provider, number, serving))
        assert ([record.id for record in records], said) == (expected, dropped)
        for record in records[:moves]:
            if self._read(record.id) == record:  # it may have two entries
                self._change(record, lifecycle.pass_over)

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
        self._usage(kinds.get(b"u", {}))

    def _usage(self, keys: dict[str, bytes]) -> None:
        """Counted step by step as counted at once."""
        for name, key in keys.items():
            client, month = name.split(":")
            there = [state for state in self.states.values() if (state.client, str(state.month)) == (client, month)]
            wanted = Counter(f"{state.provider}|{state.carrier}|{state.status}" for state in there)
            assert {
                kind.decode(): int(count) for kind, count in self.redis.hgetall(key).items() if int(count)
            } == wanted
            assert self.redis.ttl(key) > 390 * 86_400
        assert len(keys) == len({state.client for state in self.states.values()})

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
                # Where it was passed over an entry may be left, which whoever comes upon it drops.
                here = [(queue, line) for queue, line in places if queue[0] == state.provider]
                assert here == [((state.provider, state.high), self._line(id_, state))]


def test_random_steps(redis_url: str) -> None:
    class Here(Machine):
        url = redis_url

    few = settings(max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Here, settings=few)
