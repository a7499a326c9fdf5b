"""Many reservations at once, of both holders: canceled together, made together."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.model.message import Phase
from gateway.sandbox.aicross_reports import JST
from tests import kept_tools
from tests.harness import OTHER_KEY, eventually
from tests.kept_tools import (
    CANCEL,
    CANCEL_ALL,
    CHECK,
    PROVIDER,
    SEND,
    OpenShop,
    Shop,
    lost,
    refused,
    said,
    swallowed,
    told,
)
from tests.redis_tools import ON_ONE_NODE

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
open_shop = kept_tools.open_shop
shop = kept_tools.shop

EXCLUSIVE = PROVIDER + "exclusive = true\n"
SENT = said(130, "Already send.", clientTag=None)


def day(shop: Shop, ahead: int, hour: int = 12) -> datetime:
    """A moment of a day to come, on the vendor's clock."""
    noon = shop.now().astimezone(JST).replace(hour=hour, minute=0, second=0, microsecond=0)
    return noon + timedelta(days=ahead)


async def make(shop: Shop, *moments: datetime, **body: Any) -> list[dict[str, Any]]:
    """Reservations that the vendor keeps, one for each moment."""
    made = await asyncio.gather(*(shop.post(sendAt=moment, **body) for moment in moments))
    return list(await asyncio.gather(*(shop.resting(each["id"]) for each in made)))


async def statuses(shop: Shop, made: list[dict[str, Any]]) -> list[str]:
    return [(await shop.harness.read(each["id"]))["status"] for each in made]


async def only(shop: Shop, *made: dict[str, Any]) -> None:
    """These are sent when their time comes, and nothing else ever is."""
    last = max((each["sendAt"] for each in made), default=day(shop, 3).isoformat())
    await shop.go_to(last, 60)
    for each in made:
        await shop.harness.until(each["id"], "delivered")
    await shop.go_to(day(shop, 80))
    await asyncio.sleep(0.3)
    assert shop.sent() == {each["to"]: 1 for each in made}


# Both holders


async def test_all_of_both_holders_each_for_itself(shop: Shop) -> None:
    there = await make(shop, *(day(shop, 1) for _ in range(5)))
    here = [await shop.post(heldBy="gateway") for _ in range(3)]
    assert await shop.cancel(all=True) == {"canceled": 8, "failed": []}
    assert await statuses(shop, there + here) == ["canceled"] * 8
    assert len(shop.calls(CANCEL)) == 5
    assert not shop.calls(CANCEL_ALL), "other clients have reservations there"
    assert await shop.cancel(all=True) == {"canceled": 0, "failed": []}
    assert len(shop.calls(CANCEL)) == 5
    await only(shop)


async def test_what_was_not_canceled_is_told(shop: Shop) -> None:
    there = await make(shop, *(day(shop, 1) for _ in range(3)))
    sent, unsettled, fine = there
    here = await shop.post(heldBy="gateway")
    words = {sent["id"]: SENT, unsettled["id"]: lost}
    exchange = shop._exchange

    async def by_message(provider: Any, request: Any) -> Any:
        call = shop.wire[-1]
        word = next((word for id_, word in words.items() if call.fields["clientTag"].startswith(id_[4:])), None)
        if call.name != CANCEL or word is None:
            return await exchange(provider, request)
        return word() if callable(word) else word

    shop._exchange = by_message
    done = await shop.cancel(all=True)
    assert done["canceled"] == 2
    problems = {each["id"]: each["problem"] for each in done["failed"]}
    assert {id_: problem["code"] for id_, problem in problems.items()} == {
        sent["id"]: "not_cancelable",
        unsettled["id"]: "provider_timeout",
    }
    assert problems[sent["id"]]["messageId"] == sent["id"]
    assert await statuses(shop, [sent, unsettled, fine, here]) == ["submitted", "scheduled", "canceled", "canceled"]
    shop._exchange = exchange
    await only(shop, sent, unsettled)


async def test_a_repeat_with_its_key_counts_the_same_and_asks_nobody(shop: Shop) -> None:
    await make(shop, *(day(shop, 1) for _ in range(2)))
    await shop.post(heldBy="gateway")
    headers = {"Idempotency-Key": "once"}
    answers = [await shop.api.post("/reservations/cancel", json={"all": True}, headers=headers) for _ in range(2)]
    assert [answer.json()["canceled"] for answer in answers] == [3, 3]
    assert len(shop.calls(CANCEL)) == 2
    await only(shop)


async def test_those_of_a_group_and_of_a_time(shop: Shop) -> None:
    first, second, third = await make(shop, day(shop, 1), day(shop, 2), day(shop, 3), groupTag="news")
    [other] = await make(shop, day(shop, 2))
    here = await shop.post(heldBy="gateway", sendAt=day(shop, 2), groupTag="news")
    done = await shop.cancel(groupTag="news", **{"from": second["sendAt"], "to": third["sendAt"]})
    assert done == {"canceled": 2, "failed": []}
    assert await statuses(shop, [first, second, third, other, here]) == [
        "scheduled",
        "canceled",
        "scheduled",
        "scheduled",
        "canceled",
    ]
    await only(shop, first, third, other)


async def test_those_on_their_way_to_the_vendor(shop: Shop) -> None:
    gate = asyncio.Event()
    shop.fates[SEND] = deque([gate.wait, swallowed])
    made = [await shop.post() for _ in range(3)]
    await eventually(lambda: len(shop.calls(SEND)) >= 3)
    canceling = asyncio.create_task(shop.cancel(all=True))
    await asyncio.sleep(0.3)
    gate.set()
    assert await canceling == {"canceled": 3, "failed": []}
    assert await statuses(shop, made) == ["canceled"] * 3
    await only(shop)


@pytest.mark.parametrize("exclusive", [True, False])
async def test_two_cancels_of_all_at_once_count_each_once(open_shop: OpenShop, exclusive: bool) -> None:
    shop = await open_shop(EXCLUSIVE if exclusive else PROVIDER, alone=exclusive)
    await make(shop, *(day(shop, 1) for _ in range(20)))
    for _ in range(5):
        await shop.post(heldBy="gateway")
    done = await asyncio.gather(*(shop.cancel(all=True) for _ in range(3)))
    assert sum(each["canceled"] for each in done) == 25
    failed = {each["problem"]["code"] for one in done for each in one["failed"]}
    assert failed <= {"provider_unavailable"}, "its turn may take too long; what another canceled is no failure"
    await only(shop)


async def test_an_account_that_takes_few_requests(open_shop: OpenShop) -> None:
    """It takes longer, and all are canceled."""
    shop = await open_shop(PROVIDER + "rate = 20\n")
    await make(shop, *(day(shop, 1) for _ in range(20)))
    assert await shop.cancel(all=True) == {"canceled": 20, "failed": []}
    await only(shop)


# Whole days of an account that is the gateway's alone


async def test_whole_days_at_once_and_each_is_looked_for(open_shop: OpenShop) -> None:
    shop = await open_shop(EXCLUSIVE, alone=True)
    there = await make(shop, day(shop, 1), day(shop, 1, 23), day(shop, 3, 0))
    here = await shop.post(heldBy="gateway")
    assert await shop.cancel(all=True) == {"canceled": 4, "failed": []}
    [call] = shop.calls(CANCEL_ALL)
    assert (call.fields["startDate"], call.fields["endDate"]) == (f"{day(shop, 1):%Y%m%d}", f"{day(shop, 3):%Y%m%d}")
    assert "groupTag" not in call.fields
    assert all(len(shop.calls(CHECK, each["id"])) == 1 for each in there)
    assert not shop.calls(CANCEL)
    assert await statuses(shop, [*there, here]) == ["canceled"] * 4
    await only(shop)


async def test_a_group_at_once_and_no_other(open_shop: OpenShop) -> None:
    shop = await open_shop(EXCLUSIVE, alone=True)
    news = await make(shop, day(shop, 1), day(shop, 2), groupTag="news & more")
    other = await make(shop, day(shop, 1), day(shop, 2, 10))
    assert await shop.cancel(groupTag="news & more") == {"canceled": 2, "failed": []}
    [call] = shop.calls(CANCEL_ALL)
    assert call.fields["groupTag"] == "news & more"
    assert await statuses(shop, news + other) == ["canceled", "canceled", "scheduled", "scheduled"]
    await only(shop, *other)


async def test_a_range_of_whole_days_of_japan(open_shop: OpenShop) -> None:
    shop = await open_shop(EXCLUSIVE, alone=True)
    before, *within, after = await make(shop, day(shop, 1, 23), day(shop, 2, 0), day(shop, 2, 23), day(shop, 3, 0))
    bounds: dict[str, Any] = {"from": day(shop, 2, 0).astimezone(UTC).isoformat(), "to": day(shop, 3, 0).isoformat()}
    assert await shop.cancel(**bounds) == {"canceled": 2, "failed": []}
    [call] = shop.calls(CANCEL_ALL)
    assert call.fields["startDate"] == call.fields["endDate"] == f"{day(shop, 2):%Y%m%d}"
    assert await statuses(shop, [before, *within, after]) == ["scheduled", "canceled", "canceled", "scheduled"]
    await only(shop, before, after)


@pytest.mark.parametrize("bound", ["from", "to"])
async def test_a_range_that_is_not_of_whole_days_goes_one_by_one(open_shop: OpenShop, bound: str) -> None:
    shop = await open_shop(EXCLUSIVE, alone=True)
    early, *middle, late = await make(shop, day(shop, 1, 8), day(shop, 1, 12), day(shop, 1, 13), day(shop, 1, 18))
    limit = day(shop, 1, 9) if bound == "from" else day(shop, 1, 17)
    bounds: dict[str, Any] = {bound: limit.isoformat()}
    assert await shop.cancel(**bounds) == {"canceled": 3, "failed": []}
    assert not shop.calls(CANCEL_ALL)
    assert len(shop.calls(CANCEL)) == 3
    await only(shop, early if bound == "from" else late)
    assert (await statuses(shop, middle)) == ["canceled"] * 2


@pytest.mark.parametrize("why", ["shared", "clients", "accounts"])
async def test_an_account_that_others_use_goes_one_by_one(open_shop: OpenShop, why: str) -> None:
    extra = PROVIDER if why == "shared" else EXCLUSIVE + ("{second}exclusive = true\n" if why == "accounts" else "")
    shop = await open_shop(extra, alone=why != "clients")
    made = await make(shop, *(day(shop, 1) for _ in range(3)))
    assert await shop.cancel(all=True) == {"canceled": 3, "failed": []}
    assert not shop.calls(CANCEL_ALL)
    assert len(shop.calls(CANCEL)) == 3
    assert await statuses(shop, made) == ["canceled"] * 3


async def test_another_account_of_the_vendor_does_not_matter(open_shop: OpenShop) -> None:
    shop = await open_shop(EXCLUSIVE + "{stranger}", alone=True)
    await make(shop, *(day(shop, 1) for _ in range(3)))
    assert await shop.cancel(all=True) == {"canceled": 3, "failed": []}
    assert len(shop.calls(CANCEL_ALL)) == 1
    await only(shop)


async def test_a_client_of_yesterday_still_has_reservations_there(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration names it no more; what it has reserved is not the other client's to cancel."""
    shop = await open_shop(EXCLUSIVE)
    mine = await make(shop, day(shop, 1), day(shop, 1))
    body = {"to": shop.number(), "text": "Hello", "sendAt": day(shop, 1).isoformat()}
    theirs = await shop.api.post("/reservations", json=body, headers={"Authorization": f"Bearer {OTHER_KEY}"})
    assert theirs.status_code == 201
    shop.asked[body["to"], "Hello"] += 1
    await shop.in_phase(theirs.json()["id"], Phase.RESTING)
    for name in {*shop.here.settings.clients} - {"shop"}:
        monkeypatch.delitem(shop.here.settings.clients, name)
    assert await shop.cancel(all=True) == {"canceled": 2, "failed": []}
    assert await statuses(shop, mine) == ["canceled"] * 2
    assert [each.message.number for each in shop.main.reservations.values()] == [body["to"]]


@pytest.mark.parametrize("fate", [lost, swallowed, refused, said(500, "System error."), said(110, "Invalid token.")])
async def test_without_a_word_on_whole_days_each_is_canceled_for_itself(open_shop: OpenShop, fate: Any) -> None:
    shop = await open_shop(EXCLUSIVE, alone=True)
    made = await make(shop, *(day(shop, 1) for _ in range(3)))
    await shop.pass_time(60)
    shop.always[CANCEL_ALL] = fate
    assert await shop.cancel(all=True) == {"canceled": 3, "failed": []}
    assert len(shop.calls(CANCEL_ALL)) == 1
    assert len(shop.calls(CANCEL)) == 3
    assert await statuses(shop, made) == ["canceled"] * 3
    await only(shop)


async def test_one_that_whole_days_did_not_hit_is_canceled_for_itself(open_shop: OpenShop) -> None:
    """The vendor says that it did, and it did nothing: each is looked for."""
    shop = await open_shop(EXCLUSIVE, alone=True)
    made = await make(shop, *(day(shop, 1) for _ in range(3)))
    shop.fates[CANCEL_ALL] = deque([said(0, "Success.")])
    assert await shop.cancel(all=True) == {"canceled": 3, "failed": []}
    assert len(shop.calls(CANCEL)) == 3
    assert not shop.main.reservations
    assert await statuses(shop, made) == ["canceled"] * 3
    await only(shop)


async def test_one_of_them_was_sent_meanwhile(open_shop: OpenShop) -> None:
    shop = await open_shop(EXCLUSIVE, alone=True)
    sent, first, second = await make(shop, day(shop, 1, 9), day(shop, 1, 12), day(shop, 1, 13))
    shop.main.callback_url = None
    await shop.kill()
    await shop.go_to(sent["sendAt"], 1)
    done = await shop.cancel(all=True)
    assert done["canceled"] == 2
    assert [(each["id"], each["problem"]["code"]) for each in done["failed"]] == [(sent["id"], "not_cancelable")]
    assert len(shop.calls(CANCEL_ALL)) == 1
    assert await statuses(shop, [sent, first, second]) == ["submitted", "canceled", "canceled"]
    await shop.go_to(day(shop, 2))
    assert shop.sent() == {sent["to"]: 1}


async def test_whole_days_hit_none_that_was_made_meanwhile(open_shop: OpenShop) -> None:
    shop = await open_shop(EXCLUSIVE, alone=True)
    await make(shop, *(day(shop, 1) for _ in range(2)))
    late: list[dict[str, Any]] = []

    async def another() -> None:
        late.extend(await make(shop, day(shop, 1, 15)))

    shop.fates[CANCEL_ALL] = deque([another])
    done = await shop.cancel(all=True)
    [status] = await statuses(shop, late)
    if status == "scheduled":
        assert done["canceled"] == 2
        await only(shop, *late)
    else:
        assert (status, done["canceled"]) == ("canceled", 3), "or it is told, and counted"


# Made together


async def test_a_hundred_and_two_dispatchers(open_shop: OpenShop) -> None:
    shop = await open_shop()
    shop.harness.dispatch("replica-1.0")
    made = await asyncio.gather(*(shop.post() for _ in range(100)))
    await eventually(lambda: len(shop.main.reservations) == 100)
    for each in made:
        await shop.in_phase(each["id"], Phase.RESTING)
    assert len(shop.calls(SEND)) == 100
    await shop.go_to(made[0]["sendAt"], 0.5)
    for each in made:
        await shop.harness.until(each["id"], "delivered", seconds=20)
    assert shop.sent() == {each["to"]: 1 for each in made}
    assert len(shop.calls(SEND)) == 100
    assert set(shop.main.requests.values()) == {1}
    assert len(shop.calls(CHECK)) <= 220


async def test_a_batch_of_a_hundred_with_two_dispatchers(shop: Shop) -> None:
    shop.harness.dispatch("replica-1.0")
    moment = shop.at(3600).isoformat()
    numbers = [shop.number() for _ in range(100)]
    items = [{"to": to, "text": "Hello", "sendAt": moment} for to in numbers]
    for item in items[:30]:
        item["heldBy"] = "gateway"
    batch = told(await shop.api.post("/messages/batch", json={"messages": items}), 202)
    ids = [item["message"]["id"] for item in batch["items"]]
    for to in numbers:
        shop.asked[to, "Hello"] += 1
    assert [item["message"]["heldBy"] for item in batch["items"]] == ["gateway"] * 30 + ["provider"] * 70
    await eventually(lambda: len(shop.main.reservations) == 70)
    for id_ in ids[30:]:
        await shop.in_phase(id_, Phase.RESTING)
    whole = told(await shop.api.get(f"/batches/{batch['batchId']}"), 200)
    assert whole["counts"] == {"scheduled": 100}
    await shop.go_to(moment, 0.5)
    for id_ in ids:
        await shop.harness.until(id_, "delivered", seconds=20)
    assert shop.sent() == dict.fromkeys(numbers, 1)
    assert set(shop.main.requests.values()) == {1}
    assert len(shop.calls(SEND)) == 100


async def test_a_batch_is_canceled_wherever_it_is_kept(shop: Shop) -> None:
    moment = shop.at(3600).isoformat()
    numbers = [shop.number() for _ in range(20)]
    body = {"to": numbers, "text": "Hello", "sendAt": moment}
    there = told(await shop.api.post("/messages/batch", json=body), 202)
    here = told(await shop.api.post("/messages/batch", json=body | {"heldBy": "gateway"}), 202)
    for to in numbers:
        shop.asked[to, "Hello"] += 2
    for item in there["items"]:
        await shop.resting(item["message"]["id"])
    await shop.pass_time(60)
    shop.main.forget(shop.tag(there["items"][0]["message"]["id"]))
    for batch in (there, here):
        path = f"/batches/{batch['batchId']}/cancel"
        done = told(await shop.api.post(path), 200)
        assert done["counts"] == {"canceled": 20}
        told(await shop.api.post(path), 409, "not_cancelable")
    assert len(shop.calls(CANCEL)) == 20
    await only(shop)


async def test_a_batch_of_which_the_vendor_drops_none(shop: Shop) -> None:
    body = {"to": [shop.number(), shop.number()], "text": "Hello", "sendAt": shop.at(3600).isoformat()}
    batch = told(await shop.api.post("/messages/batch", json=body), 202)
    for item in batch["items"]:
        shop.asked[item["message"]["to"], "Hello"] += 1
        await shop.resting(item["message"]["id"])
    shop.always[CANCEL] = lost
    told(await shop.api.post(f"/batches/{batch['batchId']}/cancel"), 504, "provider_timeout")
    whole = told(await shop.api.get(f"/batches/{batch['batchId']}"), 200)
    assert whole["counts"] == {"scheduled": 2}
    await only(shop, *(item["message"] for item in batch["items"]))
