"""Reservations that a Korean site keeps: not cancelable there, never asked about, many in one request."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from typing import Any

import pytest

from gateway.model.message import Phase
from gateway.sandbox.koreasms import KST
from tests import kept_tools
from tests.kept_tools import After, OpenShop, Shop, lost, refused, standing, told
from tests.redis_tools import ON_ONE_NODE

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
open_shop = kept_tools.open_shop

SITE = "api"
"""The last part of its path."""
HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    opened: Shop = await open_shop("{korea}" + 'reservations = "provider"\n')
    return opened


async def post(shop: Shop, seconds: float = 3600, **body: Any) -> dict[str, Any]:
    moment = (shop.now() + timedelta(seconds=seconds)).replace(microsecond=0)
    return await shop.post(**{"to": shop.number(korean=True), "sendAt": moment, **body})


# Taken


@pytest.mark.parametrize("explicit", [True, False])
async def test_it_is_handed_over_at_once_in_koreas_time(open_shop: OpenShop, explicit: bool) -> None:
    shop = await open_shop("{korea}" + ("" if explicit else 'reservations = "provider"\n'))
    moment = (shop.now() + timedelta(minutes=31)).replace(microsecond=750_000)
    wish: dict[str, Any] = {"heldBy": "provider"} if explicit else {}
    made = await shop.post(to=shop.number(korean=True), sendAt=moment, **wish)
    whole = moment.replace(microsecond=0)
    assert (made["status"], made["heldBy"], made["cancelableUntil"]) == ("scheduled", "provider", None)
    assert made["sendAt"] == whole.strftime("%Y-%m-%dT%H:%M:%SZ"), "to the second"
    message = await shop.resting(made["id"])
    assert (message["status"], message["final"], message["cancelableUntil"]) == ("scheduled", False, None)
    [call] = shop.korea.calls
    assert call.send_at == whole.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S")
    assert shop.korea.reserved == [call]


async def test_at_its_time_it_is_submitted_and_that_is_all(shop: Shop) -> None:
    made = await post(shop)
    await shop.resting(made["id"])
    assert (await shop.get(made["id"]))["status"] == "scheduled", "nobody can be asked"
    await shop.go_to(made["sendAt"], -10)
    await asyncio.sleep(0.2)
    assert (await shop.harness.read(made["id"]))["status"] == "scheduled"
    assert not shop.sent()
    await shop.go_to(made["sendAt"], 0.1)
    message = await shop.harness.until(made["id"], "submitted")
    assert (message["final"], message["reason"]) == (True, None)
    await shop.pass_time(86_400)
    await asyncio.sleep(0.2)
    assert [call.name for call in shop.wire] == [SITE]
    assert shop.sent() == {made["to"]: 1}
    assert shop.korea.sent_at(made["to"])[0].astimezone(KST).isoformat() == (
        (shop.korea.calls[0].leaves or shop.now()).isoformat()
    )


async def test_half_an_hour_ahead_it_must_be(shop: Shop) -> None:
    near = (shop.now() + timedelta(minutes=29)).replace(microsecond=0)
    number = shop.number(korean=True)
    refusal = await shop.post(to=number, sendAt=near, heldBy="provider", status=422)
    assert (refusal["code"], refusal["errors"][0]["pointer"]) == ("unsupported", "/sendAt")
    assert "30 minutes" in refusal["detail"]
    made = await shop.post(to=number, sendAt=near)
    assert (made["heldBy"], made["cancelableUntil"]) == ("gateway", made["sendAt"])
    await asyncio.sleep(0.3)
    assert not shop.wire
    await shop.go_to(near, 0.1)
    message = await shop.harness.until(made["id"], "submitted")
    assert message["final"]
    [call] = shop.korea.calls
    assert call.send_at == ""
    assert shop.sent() == {number: 1}


async def test_it_is_never_given_less_than_half_an_hour(shop: Shop) -> None:
    """Accepted in time, and the provider is paused until it is too late for the vendor."""
    await shop.operate("pause", "korea")
    made = await post(shop, 31 * 60)
    assert made["heldBy"] == "provider"
    await shop.go_to(shop.now() + timedelta(seconds=59.5))
    message = await shop.held_by(made["id"], "gateway")
    assert message["status"] == "scheduled"
    assert message["cancelableUntil"] == made["sendAt"], "now it can be canceled"
    await shop.operate("resume", "korea")
    await shop.go_to(made["sendAt"], 0.1)
    await shop.harness.until(made["id"], "submitted")
    [call] = shop.korea.calls
    assert call.send_at == ""


# Not canceled, not changed


async def test_it_cannot_be_canceled_or_changed(shop: Shop) -> None:
    made = await post(shop)
    message = await shop.resting(made["id"])
    problem = await shop.delete(made["id"], 409, "not_cancelable")
    assert problem["messageId"] == made["id"]
    told(await shop.api.post(f"/messages/{made['id']}/cancel"), 409, "not_cancelable")
    path = f"/reservations/{made['id']}"
    told(await shop.api.patch(path, json={"text": "Other"}), 409, "not_changeable")
    assert await shop.harness.read(made["id"]) == message
    await shop.go_to(made["sendAt"], 0.1)
    await shop.harness.until(made["id"], "submitted")
    await shop.delete(made["id"], 409, "not_cancelable")
    assert shop.sent() == {made["to"]: 1}


async def test_a_cancel_of_many_tells_of_it(shop: Shop) -> None:
    there = [await post(shop, groupTag="g") for _ in range(2)]
    for each in there:
        await shop.resting(each["id"])
    here = await post(shop, 600, groupTag="g")
    done = await shop.cancel(groupTag="g")
    assert done["canceled"] == 1
    assert {each["id"] for each in done["failed"]} == {each["id"] for each in there}
    assert {each["problem"]["code"] for each in done["failed"]} == {"not_cancelable"}
    assert {each["problem"]["messageId"] for each in done["failed"]} == {each["id"] for each in there}
    await shop.go_to(there[-1]["sendAt"], 1)
    for each in there:
        await shop.harness.until(each["id"], "submitted")
    assert shop.sent() == {each["to"]: 1 for each in there}
    assert (await shop.harness.read(here["id"]))["status"] == "canceled"


async def test_before_the_site_has_it_it_can_be_canceled(shop: Shop) -> None:
    await shop.operate("pause", "korea")
    made = await post(shop)
    assert (await shop.delete(made["id"]))["status"] == "canceled"
    await shop.operate("resume", "korea")
    await shop.go_to(made["sendAt"], 1)
    await asyncio.sleep(0.2)
    assert not shop.wire


async def test_a_cancel_while_it_is_handed_over(shop: Shop) -> None:
    gate = asyncio.Event()
    shop.fates[SITE] = deque([gate.wait])
    made = await post(shop)
    await shop.in_phase(made["id"], Phase.HELD)
    canceling = asyncio.create_task(shop.delete(made["id"], 409, "not_cancelable"))
    await asyncio.sleep(0.1)
    gate.set()
    await canceling
    assert (await shop.resting(made["id"]))["status"] == "scheduled"


# Shared requests


async def test_messages_of_one_time_and_text_share_a_request(shop: Shop) -> None:
    moment = shop.at(3600)
    same = [await shop.post(to=shop.number(korean=True), sendAt=moment) for _ in range(6)]
    later = await shop.post(to=shop.number(korean=True), sendAt=moment + timedelta(seconds=1))
    other = await shop.post(to=shop.number(korean=True), sendAt=moment, text="Other")
    here = await shop.post(to=shop.number(korean=True), sendAt=moment, heldBy="gateway")
    for each in (*same, later, other):
        await shop.resting(each["id"])
    calls = {(call.send_at[-2:], call.text) for call in shop.korea.calls}
    assert calls == {("00", "Hello"), ("01", "Hello"), ("00", "Other")}
    for call in shop.korea.calls:
        assert len({call.send_at}) == 1
    assert len(shop.korea.calls) < 8
    assert here["heldBy"] == "gateway"
    await shop.go_to(moment, 1.1)
    for each in (*same, later, other, here):
        await shop.harness.until(each["id"], "submitted")
    assert shop.sent() == {each["to"]: 1 for each in (*same, later, other, here)}


async def test_a_batch_leaves_in_few_requests(shop: Shop) -> None:
    shop.harness.dispatch("replica-1.0")
    numbers = [shop.number(korean=True) for _ in range(100)]
    body = {"to": numbers, "text": "Hello", "sendAt": shop.at(3600).isoformat()}
    batch = told(await shop.api.post("/messages/batch", json=body), 202)
    for to in numbers:
        shop.asked[to, "Hello"] += 1
    ids = [item["message"]["id"] for item in batch["items"]]
    for id_ in ids:
        await shop.resting(id_)
    assert len(shop.korea.calls) <= 10
    told(await shop.api.post(f"/batches/{batch['batchId']}/cancel"), 409, "not_cancelable")
    await shop.go_to(body["sendAt"], 0.5)  # type: ignore[arg-type]
    for id_ in ids:
        assert (await shop.harness.until(id_, "submitted", seconds=20))["final"]
    assert shop.sent() == dict.fromkeys(numbers, 1)


async def test_one_of_a_batch_is_too_near_for_the_site(shop: Shop) -> None:
    near, far = (shop.at(minutes * 60).isoformat() for minutes in (20, 60))
    items = [
        {"to": shop.number(korean=True), "text": "Hello", "sendAt": at, "heldBy": "provider"} for at in (near, far)
    ]
    batch = told(await shop.api.post("/messages/batch", json={"messages": items}), 202)
    shop.asked[items[1]["to"], "Hello"] += 1
    refused_one, made = batch["items"]
    assert refused_one["problem"]["code"] == "unsupported"
    assert (made["message"]["heldBy"], made["message"]["cancelableUntil"]) == ("provider", None)
    await shop.resting(made["message"]["id"])
    await shop.go_to(far, 0.2)
    await shop.harness.until(made["message"]["id"], "submitted")
    assert shop.sent() == {items[1]["to"]: 1}


async def test_one_that_the_site_refuses_does_not_hold_up_its_company(shop: Shop) -> None:
    moment = shop.at(3600)
    bad = shop.number("0005", korean=True)
    numbers = [*(shop.number(korean=True) for _ in range(3)), bad]
    made = await asyncio.gather(*(shop.post(to=to, sendAt=moment) for to in numbers))
    message = await shop.harness.until(made[-1]["id"], "failed")
    assert message["reason"]["code"] == "provider_error"
    for each in made[:-1]:
        await shop.resting(each["id"])
    await shop.go_to(moment, 0.2)
    for each in made[:-1]:
        await shop.harness.until(each["id"], "submitted")
    assert shop.sent() == dict.fromkeys(numbers[:-1], 1)


# Lost


@pytest.mark.parametrize("ending", ["0010", "0011", "0012", "0013"])
async def test_a_lost_answer_is_never_settled(shop: Shop, ending: str) -> None:
    made = await post(shop, to=shop.number(ending, korean=True))
    message = await shop.harness.until(made["id"], "uncertain")
    assert (message["final"], message["cancelableUntil"]) == (True, None)
    await shop.delete(made["id"], 409, "not_cancelable")
    assert not (await shop.api.get("/reservations")).json()["items"]
    await shop.go_to(made["sendAt"], 3600)
    await asyncio.sleep(0.3)
    assert len(shop.korea.calls) == 1, "never again"
    assert (await shop.harness.read(made["id"]))["status"] == "uncertain"


async def test_an_answer_that_comes_after_its_lease(shop: Shop) -> None:
    gate = asyncio.Event()
    shop.fates[SITE] = deque([After(gate.wait)])
    made = await post(shop)
    await shop.in_phase(made["id"], Phase.HELD)
    await shop.pass_time(8)
    await shop.harness.until(made["id"], "uncertain")
    gate.set()
    await shop.harness.until(made["id"], "scheduled", "submitted")
    await shop.go_to(made["sendAt"], 0.2)
    message = await shop.harness.until(made["id"], "submitted")
    assert message["final"]
    assert shop.sent() == {made["to"]: 1}


@pytest.mark.parametrize("tries", [2, 3, 9])
async def test_with_the_callers_leave_it_is_given_to_the_site_again(shop: Shop, tries: int) -> None:
    shop.fates[SITE] = deque([lost] * (tries - 1))
    made = await post(shop, 7200, duplicateRisk="accept")
    for _ in range(6):
        await asyncio.sleep(0.15)
        await shop.pass_time(40)
    await shop.go_to(made["sendAt"], 0.2)
    if tries <= 3:
        message = await shop.harness.until(made["id"], "submitted")
        assert shop.sent() == {made["to"]: 1}
    else:
        message = await shop.harness.until(made["id"], "uncertain")
        assert not shop.sent()
    assert message["final"]
    assert len(shop.wire) == min(tries, 3)
    assert all(call.fields["send_datetime"] for call in shop.wire)


async def test_no_connection_until_it_is_too_late_for_the_site(shop: Shop) -> None:
    shop.always[SITE] = refused
    made = await post(shop, 3600)
    await shop.in_phase(made["id"], Phase.WAITING)
    await shop.go_to(made["sendAt"], -1800.5)
    await shop.held_by(made["id"], "gateway")
    shop.always.clear()
    await shop.go_to(made["sendAt"], -10)
    await asyncio.sleep(0.3)
    assert not shop.korea.calls
    await shop.pass_time(20)
    await shop.harness.until(made["id"], "submitted")
    assert [call.send_at for call in shop.korea.calls] == [""]
    assert shop.sent() == {made["to"]: 1}


async def test_the_process_dies_with_it_in_its_hands(shop: Shop) -> None:
    shop.fates[SITE] = deque([standing])
    made = await post(shop)
    await shop.in_phase(made["id"], Phase.HELD)
    await shop.kill()
    shop.harness.dispatch(start="second")
    message = await shop.harness.until(made["id"], "uncertain")
    assert message["final"]
    await shop.go_to(made["sendAt"], 60)
    await asyncio.sleep(0.2)
    assert len(shop.wire) == 1
    assert not shop.sent()
