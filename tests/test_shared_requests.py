"""A vendor that takes a hundred receivers a call, through a whole gateway: few calls, each message its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from gateway import faults
from gateway.errors import LostAnswer
from gateway.provider import VendorRequest
from gateway.sandbox.koreasms import KoreaSMSSimulator
from tests.harness import Harness, advance, eventually, open_harness

pytestmark = pytest.mark.anyio

SITE = """
[providers.korea]
type = "koreasms"
base_url = "{url}"
key = "sandboxkey"
id = "sandbox"
sender = "0212345678"
timeout = "1s"
{extra}
[[routes]]
countries = ["KR"]
providers = ["korea"]
"""


class Site:
    """A gateway and a Korean site."""

    def __init__(self, harness: Harness, vendor: KoreaSMSSimulator) -> None:
        self.harness = harness
        self.vendor = vendor

    async def send(self, numbers: list[str], **body: Any) -> list[str]:
        """Ids of messages of one text to many."""
        return list(await asyncio.gather(*(self.harness.sent(to=number, **body) for number in numbers)))

    async def statuses(self, ids: list[str], *wanted: str) -> list[str]:
        found = await asyncio.gather(*(self.harness.until(id_, *wanted) for id_ in ids))
        return [message["status"] for message in found]

    @property
    def sizes(self) -> list[int]:
        return [len(call.receivers) for call in self.vendor.calls]


@pytest.fixture
async def open_site(redis_url: str, tmp_path: Path) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:

        async def open_(extra: str = "") -> Site:
            vendor = KoreaSMSSimulator.play("", delay=0.0, late=0.0)
            await vendor.start()
            stack.push_async_callback(vendor.stop)
            harness = await open_harness(redis_url, tmp_path, stack, SITE.format(url=vendor.base_url, extra=extra))
            return Site(harness, vendor)

        yield open_


@pytest.fixture
async def site(open_site: Any) -> Site:
    opened: Site = await open_site()
    return opened


def numbers(count: int, ending: str = "1000") -> list[str]:
    """Korean mobiles without a magic ending."""
    return [f"+8210{n:04}{ending}" for n in range(1, count + 1)]


async def test_250_receivers_of_one_text_go_out_in_three_calls(site: Site) -> None:
    site.harness.dispatch()
    ids = await site.send(numbers(250))
    assert set(await site.statuses(ids, "submitted")) == {"submitted"}
    assert len(site.sizes) <= 5
    assert sum(site.sizes) == 250
    assert all(site.vendor.taken(number) == 1 for number in numbers(250))
    assert not site.vendor.violations


async def test_what_waited_goes_out_in_full_calls(site: Site) -> None:
    ids = await site.send(numbers(250))
    site.harness.dispatch()
    await site.statuses(ids, "submitted")
    assert sorted(site.sizes) == [50, 100, 100]


async def test_two_dispatchers_share_them(site: Site) -> None:
    site.harness.dispatch("test.0")
    site.harness.dispatch("test.1")
    ids = await site.send(numbers(250))
    await site.statuses(ids, "submitted")
    assert sum(site.sizes) == 250
    assert len(site.sizes) <= 5


async def test_each_is_its_own_message(site: Site) -> None:
    site.harness.dispatch()
    first, second = await site.send(numbers(2), groupTag="g")
    messages = [await site.harness.until(id_, "submitted") for id_ in (first, second)]
    assert [message["to"] for message in messages] == numbers(2)
    assert all(message["final"] and message["segments"]["encoding"] == "cp949" for message in messages)
    assert [event["status"] for event in messages[0]["events"]] == ["queued", "submitting", "submitted"]
    assert site.sizes == [2]


async def test_texts_and_subjects_travel_apart(site: Site) -> None:
    await site.send(numbers(2))
    await site.send(numbers(2), text="Bye")
    last = await site.send(numbers(2), subject="S", text="long " * 20)
    site.harness.dispatch()
    await site.statuses(last, "submitted")
    assert sorted((call.text[:4], call.subject, len(call.receivers)) for call in site.vendor.calls) == [
        ("Bye", "", 2),
        ("Hell", "", 2),
        ("long", "S", 2),
    ]


async def test_no_receiver_twice_in_a_call(site: Site) -> None:
    ids = await site.send(numbers(1) * 3 + numbers(2))
    site.harness.dispatch()
    await site.statuses(ids, "submitted")
    assert site.vendor.taken(numbers(1)[0]) == 4
    assert all(len(set(call.receivers)) == len(call.receivers) for call in site.vendor.calls)
    assert not site.vendor.violations


async def test_urgent_ones_wait_for_nobody(site: Site) -> None:
    site.harness.dispatch()
    (urgent,) = await site.send(numbers(1), priority="high", text="Your code is 1")
    message = await site.harness.until(urgent, "submitted")
    assert site.sizes == [1]
    assert message["priority"] == "high"


async def test_ordinary_ones_gather_on_while_urgent_ones_leave(site: Site) -> None:
    ids = await site.send(numbers(5))
    ids += await site.send(numbers(3, "3000"), priority="high", text="Your code is 1")
    site.harness.dispatch()
    await site.statuses(ids, "submitted")
    assert site.sizes == [3, 5]


async def test_one_bad_receiver_fails_alone(site: Site) -> None:
    """Refused together with it, the others are tried without it; nothing was taken before."""
    good, (bad,) = numbers(9), numbers(1, "0005")
    ids = await site.send([*good, bad])
    site.harness.dispatch()
    assert await site.statuses(ids, "submitted", "failed") == ["submitted"] * 9 + ["failed"]
    failed = await site.harness.read(ids[-1])
    assert (failed["reason"]["code"], failed["reason"]["providerCode"]) == ("provider_error", "10")
    assert [site.vendor.taken(number) for number in [*good, bad]] == [1] * 9 + [0]
    assert len(site.sizes) <= 2 * 4 + 1, "in halves, not one by one"


async def test_a_lost_answer_touches_only_its_call(site: Site) -> None:
    lost, others = [*numbers(4), *numbers(1, "0011")], numbers(5, "2000")
    ids = await site.send(lost, text="first")
    rest = await site.send(others, text="second")
    site.harness.dispatch()
    assert set(await site.statuses(ids, "uncertain", "submitted")) == {"uncertain"}
    assert set(await site.statuses(rest, "uncertain", "submitted")) == {"submitted"}
    assert [site.vendor.taken(number) for number in lost] == [1] * 5
    assert (await site.harness.read(ids[0]))["final"]


async def test_at_the_callers_risk_a_lost_call_is_made_again(site: Site) -> None:
    taken = [*numbers(2), *numbers(1, "0010")]
    ids = await site.send(taken, duplicateRisk="accept")
    site.harness.dispatch()
    await site.statuses(ids, "submitting")
    for _ in range(40):
        await advance(site.harness, 5)
        await asyncio.sleep(0.1)
        if {(await site.harness.read(id_))["status"] for id_ in ids} == {"submitted"}:
            break
    assert [site.vendor.taken(number) for number in taken] == [1, 1, 1]


async def test_codes_about_us_end_all_of_a_call_at_once(site: Site) -> None:
    site.vendor.suspended = True
    ids = await site.send(numbers(5))
    site.harness.dispatch()
    assert set(await site.statuses(ids, "failed")) == {"failed"}
    assert site.sizes == [5]
    assert (await site.harness.read(ids[0]))["reason"]["code"] == "account_suspended"


async def test_a_balance_too_small_is_asked_for_once(site: Site) -> None:
    """It is about the account: making calls smaller until one is covered would be two calls a message in vain."""
    site.vendor.balance = 3 * 20
    ids = await site.send(numbers(8))
    site.harness.dispatch()
    assert set(await site.statuses(ids, "submitted", "failed")) == {"failed"}
    assert (await site.harness.read(ids[0]))["reason"]["code"] == "insufficient_balance"
    assert site.sizes == [8]


async def test_a_call_that_never_left_is_made_again_together(site: Site) -> None:
    url = site.vendor.base_url
    await site.vendor.stop()
    ids = await site.send(numbers(6))
    site.harness.dispatch()
    await asyncio.sleep(0.3)
    assert site.sizes == []
    await site.vendor.start(port=int(url.rpartition(":")[2]))
    await site.statuses(ids, "submitted")
    assert sum(site.sizes) == 6


async def test_a_canceled_one_is_not_in_the_call(site: Site) -> None:
    ids = await site.send(numbers(3))
    assert (await site.harness.api.post(f"/messages/{ids[1]}/cancel")).status_code == 200
    site.harness.dispatch()
    await site.statuses([ids[0], ids[2]], "submitted")
    assert site.sizes == [2]


@pytest.mark.parametrize("point", ["send.before", "send.after"])
async def test_a_party_whose_process_dies_is_never_sent_again(site: Site, point: str) -> None:
    """What was taken counts as sent; at a vendor that cannot be asked it ends uncertain."""
    dead = asyncio.Event()

    async def die(where: str) -> None:
        if where == point:
            dead.set()
            await asyncio.Event().wait()

    ids = await site.send(numbers(4))
    faults.install(die)
    try:
        first = site.harness.dispatch("test.0")
        await asyncio.wait_for(dead.wait(), 5)
    finally:
        faults.install(None)
    for task in [*first._sends]:
        task.cancel()
    site.harness.dispatch("test.1")
    await advance(site.harness, 60)
    assert set(await site.statuses(ids, "uncertain", "submitted")) == {"uncertain"}
    assert sum(site.sizes) == (4 if point == "send.after" else 0)


async def test_an_emptied_queue_is_not_asked_again_and_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await site.send(numbers(200))
    for id_ in ids:
        assert (await site.harness.api.post(f"/messages/{id_}/cancel")).status_code == 200
    store, takes = site.harness.here.store, list[int]()
    take = store.take

    async def counted(*arguments: Any) -> Any:
        records, entries = await take(*arguments)
        takes.append(entries)
        return records, entries

    monkeypatch.setattr(store, "take", counted)
    site.harness.dispatch()
    await asyncio.sleep(1.0)
    assert await store.queued((await store.lanes())[0]) == {}
    assert takes == [51, 51, 51, 47]


async def test_a_vendor_that_answers_nothing_costs_few_messages(site: Site) -> None:
    """A party whose answer is lost is uncertain whole: the first shuts the gate, and a probe is one message."""
    await site.send(numbers(200, "4000"))
    await site.send(numbers(100, "4000"), text="Bye")
    sizes: list[int] = []

    async def silence(provider: Any, request: VendorRequest) -> Any:
        sizes.append(len(parse_qs(request.body.decode())["receiver"][0].split(" ")))
        await asyncio.sleep(0.05)
        raise LostAnswer("nothing came")

    site.harness.here.transport.exchange = silence  # type: ignore[method-assign]
    site.harness.dispatch()
    await eventually(lambda: len(sizes) == 3)
    await site.send(numbers(5, "5000"))
    await eventually(lambda: len(sizes) > 3)
    assert sizes == [100, 100, 100, 1], "after what was on its way when the first was lost comes a probe"
