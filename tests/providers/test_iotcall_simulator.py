"""The simulated iotcall on real sockets, driven by the adapter over the real transport."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.errors import LostAnswer
from gateway.model.reasons import Reason
from gateway.model.values import Secret
from gateway.provider import (
    Accepted,
    Declined,
    Entry,
    Log,
    LoggedCall,
    LoggedMessage,
    Notice,
    Question,
    Refused,
    SendOutcome,
)
from gateway.sandbox.iotcall import ENDINGS, LAG, NUMBERS, TREES, IoTCallSimulator, Tree
from gateway.sandbox.server import Simulator
from tests.providers.iotcall_tools import KEY, NOW, OTHER_KEY, Clock, IoTCallBench, configured, ms, simulated
from tests.providers.iotcall_tools import TREES as BENCH_TREES

pytestmark = pytest.mark.anyio

FIRST = "+819012345678"
SECOND = "+819012340002"
"""The numbers of each rule at first; who has the second one presses 1."""
ID = "0008200123220715041448"


def listed(*numbers: str, **fields: Any) -> tuple[Entry, ...]:
    return tuple(Entry(number=number, country="JP", **fields) for number in numbers)


async def fire(bench: IoTCallBench, rule: str = "fire") -> SendOutcome:
    return bench.adapter.send_outcome(await bench.exchange(bench.adapter.activation_request(rule)))


async def told(bench: IoTCallBench, *questions: Question[Log]) -> Log:
    """All parts of a log together."""
    found = [await bench.ask(question) for question in questions]
    assert all(isinstance(each, Log) for each in found), found
    logs = [each for each in found if isinstance(each, Log)]
    return Log(
        calls=tuple(call for each in logs for call in each.calls),
        messages=tuple(message for each in logs for message in each.messages),
    )


async def notified(bench: IoTCallBench, count: int = 1) -> list[Notice]:
    await bench.receipts(count)
    return [notice for push in bench.pushed for notice in bench.adapter.notices(push)]


# ①


async def test_an_activation_calls_every_number_that_is_enabled() -> None:
    async with simulated() as bench:
        numbers = (*listed(FIRST), *listed(SECOND, enabled=False))
        assert await bench.ask(bench.adapter.replace_numbers("fire", numbers)) is None
        assert await fire(bench) == Accepted("ok")
        assert [bench.simulator.taken(number) for number in (FIRST, SECOND)] == [1, 0]
        assert await fire(bench, "flood") == Accepted("ok")
        assert [bench.simulator.taken(number) for number in (FIRST, SECOND)] == [2, 1]
        assert [each.tree.key for each in bench.simulator.activations] == [KEY, OTHER_KEY]
        assert not bench.simulator.violations


async def test_a_rule_whose_list_has_nobody_is_refused() -> None:
    async with simulated(numbers=()) as bench:
        outcome = await fire(bench)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, outcome.provider_code) == (Reason.PROVIDER_ERROR, "ng")
        assert not bench.simulator.activations


@pytest.mark.parametrize(("answers", "happened"), [("lost", 1), ("refused", 0)])
async def test_how_an_activation_is_answered(answers: Any, happened: int) -> None:
    async with simulated(trees=(Tree(key=KEY, id="0008200123", answer=answers),)) as bench:
        if answers == "lost":
            with pytest.raises(LostAnswer):
                await fire(bench)
        else:
            assert isinstance(await fire(bench), Refused)
        assert bench.simulator.taken(FIRST) == happened
        assert len(bench.simulator.activations) == happened


async def test_a_wrong_code_and_an_unknown_key_are_refused() -> None:
    async with simulated() as bench:
        bench.adapter = configured(base_url=bench.simulator.base_url, auth_code=Secret("other"))
        outcome = await fire(bench)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, outcome.about) == (Reason.AUTHENTICATION_FAILED, "account")
        assert await bench.ask(bench.adapter.numbers("fire")) == Declined("401", "認証に失敗しました。")
        bench.adapter = configured(base_url=bench.simulator.base_url, rules={"fire": Secret("nobodys")})
        outcome = await fire(bench)
        assert isinstance(outcome, Refused)
        assert (outcome.provider_code, outcome.about) == ("404", "account")
        assert not bench.simulator.activations
        assert list(bench.simulator.violations) == ["no such AuthCode"] * 2 + ["no such URL key"]


# ② and ③


async def test_numbers_are_replaced_as_a_whole_and_read_back() -> None:
    async with simulated() as bench:
        assert await bench.ask(bench.adapter.numbers("fire")) == listed(FIRST, SECOND)
        wanted = (
            Entry(number="+818043391234", country="JP"),
            Entry(number="+821020000000", country="KR", group=2, enabled=False),
            Entry(number="+12015550123", country="US", group=3),
            Entry(number="0612345678", country="id:21"),
        )
        assert await bench.ask(bench.adapter.replace_numbers("fire", wanted)) is None
        assert await bench.ask(bench.adapter.numbers("fire")) == wanted
        assert await bench.ask(bench.adapter.numbers("flood")) == listed(FIRST, SECOND), "of another rule"
        assert not bench.simulator.violations
        assert await fire(bench) == Accepted("ok")
        called = ("+818043391234", "+821020000000", "+12015550123", "0612345678")
        assert [bench.simulator.taken(number) for number in called] == [1, 0, 1, 1]


async def test_a_list_that_is_refused_changes_nothing() -> None:
    async with simulated() as bench:
        for rule, numbers in (("fire", ()), ("flood", listed("+818043391234"))):
            assert isinstance(await bench.ask(bench.adapter.replace_numbers(rule, numbers)), Declined)
            assert await bench.ask(bench.adapter.numbers(rule)) == listed(FIRST, SECOND)


# ⑤


@pytest.mark.parametrize("push", ["form", "json", "query"])
@pytest.mark.parametrize("names_rule", [False, True])
async def test_the_id_is_pushed(push: Any, names_rule: bool) -> None:
    async with simulated(push=push, names_rule=names_rule, field="hatsudou_id") as bench:
        assert await fire(bench) == Accepted("ok")
        assert await notified(bench) == [Notice(ID, "0008200123" if names_rule else "")]
        assert bench.pushed[0].kind in bench.adapter.callback_kinds
        assert bench.simulator.activations[0].id == ID


async def test_the_id_is_the_rule_s_and_the_time_of_the_vendor_s_clock() -> None:
    clock = Clock()
    async with simulated(clock) as bench:
        for at in (NOW, NOW + timedelta(seconds=1), NOW + timedelta(days=200)):
            clock.now = at
            await fire(bench, "flood")
        ids = [each.id for each in bench.simulator.activations]
        assert ids == ["0008200456220715041448", "0008200456220715041449", "0008200456230131041448"]
        assert not bench.simulator.violations


async def test_two_activations_in_a_second_cannot_be_told_apart() -> None:
    async with simulated() as bench:
        await fire(bench)
        await fire(bench, "flood")
        await fire(bench)
        assert list(bench.simulator.violations) == ["two activations of a rule in one second"]
        assert [each.activation_id for each in await notified(bench, 3)].count(ID) == 2


async def test_a_notification_is_made_again_where_it_was_not_taken() -> None:
    async with simulated() as bench:
        bench.replies = [503, 500]
        await fire(bench)
        assert await notified(bench, 3) == [Notice(ID)] * 3


@pytest.mark.parametrize("tree", [Tree(key=KEY, id="1", notifies=False), Tree(key=KEY, id="1", answer="refused")])
async def test_a_notification_that_never_comes(tree: Tree) -> None:
    async with simulated(trees=(tree,)) as bench:
        await fire(bench)
        assert await notified(bench, 0) == []


# ④


async def test_what_numbers_provoke_is_in_the_history() -> None:
    clock = Clock()
    async with simulated(clock) as bench:
        numbers = [FIRST, *(f"+81901234{ending}" for ending in ENDINGS)]
        await bench.ask(bench.adapter.replace_numbers("fire", listed(*numbers)))
        await fire(bench)
        clock.now = NOW + LAG
        found = await told(bench, bench.adapter.log_of("fire", ID))
        assert [(call.to, call.status, call.pressed, call.duration) for call in found.calls] == [
            (FIRST, "completed", None, 19),
            ("+819012340001", "no-answer", None, 0),
            ("+819012340002", "completed", 1, 31),
            ("+819012340003", "busy", None, 0),
        ]
        assert [message.status for message in found.messages] == ["delivered", "delivered", "delivered", "undelivered"]


async def test_the_history_has_the_document_s_fields() -> None:
    clock = Clock()
    async with simulated(clock, numbers=NUMBERS[:1]) as bench:
        await fire(bench)
        clock.now = NOW + LAG
        call = LoggedCall(
            to=FIRST,
            status="completed",
            duration=19,
            started_at=ms("2022-07-15 04:14:57"),
            ended_at=ms("2022-07-15 04:15:16"),
            rule_id="0008200123",
            activation_id=ID,
        )
        message = LoggedMessage(
            to=FIRST,
            status="delivered",
            created_at=ms("2022-07-15 04:14:51"),
            rule_id="0008200123",
            activation_id=ID,
        )
        whole = Log((call,), (message,))
        for questions in (
            bench.adapter.log(None),
            bench.adapter.log("fire"),
            bench.adapter.log("fire", latest=True),
            bench.adapter.log(None, since=ms("2022-07-15 00:00:00"), until=ms("2022-07-16 00:00:00")),
            (bench.adapter.log_of("fire", ID),),
        ):
            assert await told(bench, *questions) == whole
        assert await told(bench, *bench.adapter.log("flood")) == Log()
        assert await told(bench, bench.adapter.log_of("flood", ID)) == Log()
        assert await told(bench, bench.adapter.log_of("fire", ID[:-1] + "9")) == Log()
        assert not bench.simulator.violations


async def test_the_history_lags_by_ten_minutes() -> None:
    clock = Clock()
    async with simulated(clock, numbers=NUMBERS[:1]) as bench:
        await fire(bench)
        clock.now += timedelta(minutes=1)
        await fire(bench)
        for seconds, known in ((539, 0), (540, 1), (599, 1), (600, 2)):
            clock.now = NOW + timedelta(seconds=seconds + 60)
            for questions in (bench.adapter.log(None), bench.adapter.log("fire")):
                assert len((await told(bench, *questions)).calls) == known
            assert len((await told(bench, *bench.adapter.log("fire", latest=True))).calls) == min(known, 1)
            assert len((await told(bench, bench.adapter.log_of("fire", ID))).calls) == min(known, 1)


async def test_the_latest_is_the_last_that_the_history_has() -> None:
    clock = Clock()
    async with simulated(clock, numbers=NUMBERS[:1]) as bench:
        for _ in range(3):
            await fire(bench)
            clock.now += timedelta(minutes=5)
        latest = await told(bench, *bench.adapter.log("fire", latest=True))
        assert [call.activation_id for call in latest.calls] == ["0008200123220715041948"]
        assert [message.activation_id for message in latest.messages] == ["0008200123220715041948"]
        assert await told(bench, *bench.adapter.log("flood", latest=True)) == Log()


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (None, None, 3),
        ("2022-07-15 04:15:57", None, 2),
        ("2022-07-15 04:15:58", None, 1),
        (None, "2022-07-15 04:15:57", 1),
        (None, "2022-07-15 04:15:58", 2),
        ("2022-07-15 04:14:57", "2022-07-15 04:16:57", 2),
        ("2022-07-15 04:15:57", "2022-07-15 04:15:58", 1),
        ("2022-07-16 00:00:00", None, 0),
    ],
)
async def test_a_range_includes_its_start_and_excludes_its_end(
    since: str | None, until: str | None, found: int
) -> None:
    """Calls begin at 04:14:57, 04:15:57 and 04:16:57."""
    clock = Clock()
    async with simulated(clock, numbers=NUMBERS[:1]) as bench:
        for _ in range(3):
            await fire(bench)
            clock.now += timedelta(minutes=1)
        clock.now += LAG
        span = {"since": ms(since) if since else None, "until": ms(until) if until else None}
        for rule in ("fire", None):
            calls, messages = bench.adapter.log(rule, **span)
            assert len((await told(bench, calls)).calls) == found
            assert isinstance(await bench.ask(messages), Log)


@pytest.mark.parametrize("respelled", [False, True])
async def test_only_one_spelling_is_there_and_the_other_is_asked_for_in_its_place(respelled: bool) -> None:
    async with simulated(respelled=respelled) as bench:
        for rule, tail in ((None, ""), ("fire", ""), ("fire", "/latest")):
            calls, messages = bench.adapter.log(rule, latest=bool(tail))
            assert calls.otherwise
            asked = [(await bench.exchange(request)).status for request in (calls.request, calls.otherwise)]
            assert asked == ([404, 200] if respelled else [200, 404])
            assert (await bench.exchange(messages.request)).status == 200


# The sandbox


async def test_it_plays_the_rules_of_its_settings() -> None:
    settings = IoTCallSimulator.SETTINGS
    assert settings["rules"].keys() == TREES.keys()
    vendor: Simulator = IoTCallSimulator.play("http://gateway/callbacks", delay=0, late=5)
    assert isinstance(vendor, IoTCallSimulator)
    assert vendor.callback_url == "http://gateway/callbacks/activation"
    assert vendor.numbers.keys() == {tree.key for tree in TREES.values()}
    assert {name for name, tree in TREES.items() if tree.answer == "lost"} == {"lost", "found"}
    assert {name for name, tree in TREES.items() if not tree.notifies} == {"lost", "unheard"}
    assert (TREES["refused"].answer, TREES["flood"].min_numbers) == ("refused", 2)


async def test_nobody_waits_ten_minutes_in_a_sandbox() -> None:
    vendor = IoTCallSimulator.play("http://gateway/callbacks", delay=0, late=5)
    assert vendor.clock() - datetime.now().astimezone() < timedelta(seconds=5)
    clock = Clock()
    vendor.clock = clock
    async with IoTCallBench(
        vendor,
        lambda url: configured(
            base_url=url, auth_code=Secret(vendor.SETTINGS["auth_code"]), rules={"fire": Secret("sandboxfire")}
        ),
    ) as bench:
        assert await fire(bench) == Accepted("ok")
        assert await told(bench, *bench.adapter.log("fire")) == Log()
        clock.now += timedelta(seconds=5)
        assert len((await told(bench, *bench.adapter.log("fire"))).calls) == len(NUMBERS)


async def test_ledgers_forget() -> None:
    clock = Clock()
    async with simulated(clock, keep=2) as bench:
        for _ in range(3):
            await fire(bench)
            clock.now += timedelta(seconds=1)
        assert [each.id[-2:] for each in bench.simulator.activations] == ["49", "50"]
        assert len(bench.simulator.requests) <= 2


def test_every_ending_is_described() -> None:
    described = IoTCallSimulator.endings()
    assert described.keys() == ENDINGS.keys()
    assert all(len(ending) == 4 and description for ending, description in described.items())
    assert len({tree.key for tree in (*TREES.values(), *BENCH_TREES)}) == len(TREES) + 2
