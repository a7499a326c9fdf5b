"""Canceling one reservation that AI CROSS keeps: it is canceled on the vendor's word, and on nothing else."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Any

import pytest

from gateway.model.message import Phase
from gateway.provider import VendorAnswer
from tests import kept_tools
from tests.harness import OTHER_KEY, eventually
from tests.kept_tools import (
    CANCEL,
    CHECK,
    SEND,
    STATUS,
    After,
    OpenShop,
    Shop,
    lost,
    never_sent,
    refused,
    said,
    swallowed,
    told,
)
from tests.redis_tools import ON_ONE_NODE

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
open_shop = kept_tools.open_shop
shop = kept_tools.shop

SENT = said(130, "Already send.", clientTag=None)
UNREADABLE = VendorAnswer(200, b"<html>")


async def sent_once(shop: Shop, made: dict[str, Any]) -> None:
    """Its time comes, and it is sent."""
    await shop.go_to(made["sendAt"], 0.2)
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}
    assert len(shop.calls(SEND)) == 1


# The vendor's word


@pytest.mark.parametrize("way", ["reservation", "message"])
async def test_it_is_dropped_there_and_canceled(shop: Shop, way: str) -> None:
    made = await shop.kept()
    path = f"/messages/{made['id']}/cancel"
    first = await (shop.delete(made["id"]) if way == "reservation" else shop.api.post(path))
    message = first if isinstance(first, dict) else told(first, 200)
    assert (message["status"], message["final"], message["heldBy"]) == ("canceled", True, "provider")
    assert (message["cancelableUntil"], message["reason"]) == (None, None)
    assert len(shop.calls(CANCEL, made["id"])) == len(shop.calls(CANCEL)) == 1
    assert not shop.main.reservations
    await shop.delete(made["id"], 409, "not_cancelable")
    told(await shop.api.post(path), 409, "not_cancelable")
    assert len(shop.calls(CANCEL)) == 1, "once it is canceled nobody is asked"
    assert not (await shop.api.get("/reservations")).json()["items"]
    assert (await shop.harness.read(made["id"]))["events"][-1]["status"] == "canceled"
    await never_sent(shop, made)


async def test_the_vendor_has_sent_it(shop: Shop) -> None:
    made = await shop.kept(to=shop.number("0020"))
    await shop.kill()
    await shop.go_to(made["sendAt"], 0.2)
    await shop.delete(made["id"], 409, "not_cancelable")
    assert (await shop.harness.read(made["id"]))["status"] == "submitted"
    shop.harness.dispatch()
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}


async def test_the_vendor_says_so_before_the_gateway_thinks_it_is_due(shop: Shop) -> None:
    made = await shop.kept()
    shop.fates[CANCEL] = deque([SENT])
    problem = await shop.delete(made["id"], 409, "not_cancelable")
    assert problem["messageId"] == made["id"]
    message = await shop.harness.read(made["id"])
    assert (message["status"], message["cancelableUntil"]) == ("submitted", None)
    await sent_once(shop, made)


@pytest.mark.parametrize("sent", [True, False])
async def test_the_vendor_knows_no_such_reference(shop: Shop, sent: bool) -> None:
    """Then it has not got it; or has, and does not say so of what has left."""
    made = await shop.kept(to=shop.number("0020"))
    if not sent:
        shop.main.forget(shop.tag(made["id"]))
        assert (await shop.delete(made["id"]))["status"] == "canceled"
        await never_sent(shop, made)
        return
    await shop.kill()
    await shop.go_to(made["sendAt"], 0.2)
    shop.fates[CANCEL] = deque([said(110, "Invalid clientTag.", clientTag=None)])
    await shop.delete(made["id"], 409, "not_cancelable")
    assert (await shop.harness.read(made["id"]))["status"] == "submitted"
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}


@pytest.mark.parametrize(
    ("code", "words"),
    [(110, "Invalid token."), (110, "Invalid clientId."), (100, "Required clientTag."), (500, "System error.")],
)
async def test_the_vendor_refuses_to(shop: Shop, code: int, words: str) -> None:
    made = await shop.kept()
    shop.fates[CANCEL] = deque([said(code, words, clientTag=None)])
    problem = await shop.delete(made["id"], 502, "provider_error")
    assert (problem["provider"], problem["providerCode"]) == ("main", str(code))
    assert await shop.harness.read(made["id"]) == made, "nothing was changed"
    await sent_once(shop, made)


# Its answer is lost


@pytest.mark.parametrize("ending", ["0030", "0031"])
async def test_a_lost_answer_is_asked_for_again(shop: Shop, ending: str) -> None:
    made = await shop.kept(to=shop.number(ending))
    assert (await shop.delete(made["id"]))["status"] == "canceled"
    assert len(shop.calls(CANCEL)) in (2, 3)  # a busy machine may lose another
    await never_sent(shop, made)


@pytest.mark.parametrize("fate", [swallowed, lost, UNREADABLE, VendorAnswer(503, b"")])
async def test_no_answer_can_be_read(shop: Shop, fate: Any) -> None:
    made = await shop.kept()
    await shop.pass_time(60)
    shop.always[CANCEL] = fate
    problem = await shop.delete(made["id"], 504, "provider_timeout")
    assert problem["provider"] == "main"
    message = await shop.harness.read(made["id"])
    assert (message["status"], message["heldBy"], message["reason"]) == ("scheduled", "provider", None)
    shop.always.clear()
    if fate is not swallowed:
        await shop.pass_time(5)
        await asyncio.sleep(0.3)
        assert (await shop.harness.read(made["id"]))["status"] == "scheduled"
        await sent_once(shop, made)
        return
    await shop.pass_time(5)
    message = await shop.harness.until(made["id"], "canceled")
    assert message["final"], "found out without a caller, long before its time"
    await never_sent(shop, made)


async def test_after_that_it_can_be_canceled_again(shop: Shop) -> None:
    made = await shop.kept()
    shop.always[CANCEL] = lost
    await shop.delete(made["id"], 504, "provider_timeout")
    shop.always.clear()
    assert (await shop.delete(made["id"]))["status"] == "canceled"
    await never_sent(shop, made)


@pytest.mark.parametrize("after", [SENT, said(110, "Invalid token.", clientTag=None), refused])
async def test_a_lost_answer_and_then_another_word(shop: Shop, after: Any) -> None:
    made = await shop.kept()
    shop.fates[CANCEL] = deque([lost])
    shop.always[CANCEL] = after
    if after is SENT:
        await shop.delete(made["id"], 409, "not_cancelable")
        assert (await shop.harness.read(made["id"]))["status"] == "submitted"
    else:
        await shop.delete(made["id"], 504, "provider_timeout")
        assert (await shop.harness.read(made["id"]))["status"] == "scheduled", "it may have been dropped"
    await sent_once(shop, made)


async def test_no_connection_comes_about(shop: Shop) -> None:
    made = await shop.kept()
    shop.always[CANCEL] = refused
    await shop.delete(made["id"], 503, "provider_unavailable")
    assert await shop.harness.read(made["id"]) == made
    await sent_once(shop, made)


async def test_its_answer_is_lost_and_meanwhile_its_time_comes(shop: Shop) -> None:
    made = await shop.kept()

    async def too_late() -> None:
        await shop.go_to(made["sendAt"], 0.1)
        lost()

    shop.fates[CANCEL] = deque([too_late])
    await shop.delete(made["id"], 409, "not_cancelable")
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}


# On its way to the vendor


async def test_one_word_of_not_knowing_it_is_no_proof(shop: Shop) -> None:
    """It may have left, and whether it has cannot be asked."""
    made = await shop.kept(to=shop.number("0023"))  # no receipt comes
    await shop.kill()
    await shop.go_to(made["sendAt"], 0.2)
    shop.fates[CANCEL] = deque([said(110, "Invalid clientTag.")])
    shop.always |= {CHECK: lost, STATUS: lost}
    await shop.delete(made["id"], 504, "provider_timeout")
    shop.always.clear()
    shop.harness.dispatch()
    await shop.harness.until(made["id"], "submitted")


async def test_the_vendor_is_slow_to_know_what_it_has_just_taken(shop: Shop) -> None:
    """What is answered as canceled is never sent."""
    unknown = said(110, "Invalid clientTag.")
    shop.fates |= {CANCEL: deque([unknown]), CHECK: deque([unknown])}
    made = await shop.kept()
    answer = await shop.api.delete(f"/reservations/{made['id']}")
    assert answer.status_code == 200, answer.text
    await never_sent(shop, made)


async def test_while_it_is_being_handed_over(shop: Shop) -> None:
    gate = asyncio.Event()
    shop.fates[SEND] = deque([gate.wait])
    made = await shop.post()
    await shop.in_phase(made["id"], Phase.HELD)
    canceling = asyncio.create_task(shop.delete(made["id"]))
    await asyncio.sleep(0.2)
    assert not canceling.done()
    gate.set()
    assert (await canceling)["status"] == "canceled"
    assert len(shop.calls(CANCEL)) == 1
    await never_sent(shop, made)


async def test_while_it_is_being_handed_over_for_long(shop: Shop) -> None:
    gate = asyncio.Event()
    shop.fates[SEND] = deque([gate.wait])
    made = await shop.post()
    await shop.in_phase(made["id"], Phase.HELD)
    await shop.delete(made["id"], 504, "provider_timeout")
    assert not shop.calls(CANCEL)
    gate.set()
    assert (await shop.resting(made["id"]))["status"] == "scheduled"
    assert (await shop.delete(made["id"]))["status"] == "canceled"
    await never_sent(shop, made)


@pytest.mark.parametrize("taken", [True, False])
async def test_while_the_answer_to_its_handover_is_lost(shop: Shop, taken: bool) -> None:
    shop.fates[SEND] = deque([swallowed if taken else lost])
    made = await shop.post()
    await shop.in_phase(made["id"], Phase.WAITING)
    assert (await shop.delete(made["id"]))["status"] == "canceled"
    await never_sent(shop, made)


async def test_before_it_is_handed_over(shop: Shop) -> None:
    await shop.operate("pause")
    made = await shop.post()
    assert (await shop.delete(made["id"]))["status"] == "canceled"
    await shop.operate("resume")
    await never_sent(shop, made)
    assert not shop.wire


# Callers


async def test_two_at_once(shop: Shop) -> None:
    made = await shop.kept()
    answers = await asyncio.gather(*(shop.api.delete(f"/reservations/{made['id']}") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    await never_sent(shop, made)


async def test_two_at_once_while_answers_are_lost(shop: Shop) -> None:
    made = await shop.kept()
    shop.fates[CANCEL] = deque([swallowed, lost, lost])
    answers = await asyncio.gather(*(shop.api.delete(f"/reservations/{made['id']}") for _ in range(2)))
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len([answer for answer in answers if answer.status_code == 200]) == 1
    await never_sent(shop, made)


@pytest.mark.parametrize("answered", [True, False])
async def test_it_is_read_while_it_is_canceled(shop: Shop, answered: bool) -> None:
    """Who reads it asks the vendor, which has dropped it: the cancel is what did that."""
    made = await shop.kept()
    await shop.pass_time(60)

    async def read() -> None:
        assert (await shop.get(made["id"]))["status"] in ("scheduled", "canceled")
        if not answered:
            lost()

    shop.fates[CANCEL] = deque([After(read)])
    message = await shop.delete(made["id"])
    assert (message["status"], message["reason"]) == ("canceled", None)
    await never_sent(shop, made)


async def test_in_the_last_moment(shop: Shop) -> None:
    """Each is either canceled, or sent; whoever keeps it."""
    moment = shop.at(3600)
    made = [await shop.post(sendAt=moment, heldBy=("provider", "gateway")[n % 2]) for n in range(60)]
    for each in made[::2]:
        await shop.resting(each["id"])
    draw = random.Random(20261120)
    await shop.go_to(moment, -0.3)

    async def cancel(each: dict[str, Any]) -> int:
        await asyncio.sleep(draw.random() * 0.6)
        return (await shop.api.delete(f"/reservations/{each['id']}")).status_code

    codes = await asyncio.gather(*map(cancel, made))
    assert set(codes) <= {200, 409}
    for each, code in zip(made, codes, strict=True):
        message = await shop.harness.until(each["id"], "canceled", "delivered")
        assert message["status"] == ("canceled" if code == 200 else "delivered")
    await shop.pass_time(90)
    await asyncio.sleep(0.2)
    assert shop.sent() == {each["to"]: 1 for each, code in zip(made, codes, strict=True) if code == 409}
    assert 0 < sum(shop.sent().values()) < 60


async def test_a_repeat_of_a_cancel_with_its_key(shop: Shop) -> None:
    """It is known as the same one, also where the first got no answer from the vendor."""
    made = await shop.kept()
    path, headers = f"/messages/{made['id']}/cancel", {"Idempotency-Key": "once"}
    shop.always[CANCEL] = lost
    told(await shop.api.post(path, headers=headers), 504, "provider_timeout")
    shop.always.clear()
    for replayed in (None, "true"):
        answer = await shop.api.post(path, headers=headers)
        assert told(answer, 200)["status"] == "canceled"
        assert answer.headers.get("idempotency-replayed") == replayed
    told(await shop.api.post(path), 409, "not_cancelable")
    await never_sent(shop, made)


async def test_an_operator_has_paused_the_provider(shop: Shop) -> None:
    made = await shop.kept()
    await shop.operate("pause")
    await shop.delete(made["id"], 503, "provider_unavailable")
    assert not shop.calls(CANCEL)
    assert (await shop.harness.read(made["id"]))["status"] == "scheduled"
    await shop.operate("resume")
    await sent_once(shop, made)


async def test_another_clients_is_absent(shop: Shop) -> None:
    made = await shop.kept()
    headers = {"Authorization": f"Bearer {OTHER_KEY}"}
    path = f"/reservations/{made['id']}"
    for answer in (
        await shop.api.delete(path, headers=headers),
        await shop.api.get(path, headers=headers),
        await shop.api.patch(path, headers=headers, json={"text": "Mine"}),
        await shop.api.post(f"/messages/{made['id']}/cancel", headers=headers),
    ):
        told(answer, 404, "not_found")
    done = await shop.api.post("/reservations/cancel", headers=headers, json={"all": True})
    assert done.json() == {"canceled": 0, "failed": []}
    assert [call.name for call in shop.wire] == [SEND]
    await sent_once(shop, made)


async def test_what_a_vendor_keeps_is_not_changed(shop: Shop) -> None:
    made = await shop.kept()
    path = f"/reservations/{made['id']}"
    for change in ({"text": "Other"}, {"sendAt": shop.at(7200).isoformat()}, {"text": made["text"]}):
        problem = told(await shop.api.patch(path, json=change), 409, "not_changeable")
        assert problem["messageId"] == made["id"]
    assert await shop.harness.read(made["id"]) == made
    await sent_once(shop, made)


async def test_nor_is_it_on_its_way_there(open_shop: OpenShop) -> None:
    shop = await open_shop(running=False)
    made = await shop.post()
    told(await shop.api.patch(f"/reservations/{made['id']}", json={"text": "Other"}), 409, "not_changeable")
    shop.harness.dispatch()
    await eventually(lambda: len(shop.main.reservations) == 1)
    await shop.resting(made["id"])
    await sent_once(shop, made)
