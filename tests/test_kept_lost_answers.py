"""Reservations on their way to the vendor that is to keep them: refused, lost, too late, in the hands of the dead."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest

from gateway.model.message import Phase
from gateway.provider import VendorAnswer
from tests import kept_tools
from tests.harness import eventually
from tests.kept_tools import (
    CANCEL,
    CHECK,
    PROVIDER,
    SEND,
    STATUS,
    After,
    OpenShop,
    Shop,
    lost,
    never_sent,
    refused,
    said,
    slow,
    standing,
    swallowed,
)
from tests.redis_tools import ON_ONE_NODE

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
open_shop = kept_tools.open_shop
shop = kept_tools.shop
early = kept_tools.early

ROUTE = '{media}[[routes]]\nproviders = ["main", "media"]\n'
DUPLICATE = said(400, "Duplicate client tag.")


async def delivered(shop: Shop, made: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """The message, when its time has come: sent once, and to nobody else."""
    await shop.go_to(made["sendAt"], 0.2)
    message = await shop.harness.until(made["id"], *(statuses or ("delivered",)))
    assert shop.sent() == {made["to"]: 1}
    return message


# Not in time


@pytest.mark.usefixtures("early")
async def test_no_connection_until_it_is_too_late(shop: Shop) -> None:
    shop.always[SEND] = refused
    made = await shop.post()
    await shop.in_phase(made["id"], Phase.WAITING)
    assert (await shop.harness.read(made["id"]))["heldBy"] == "provider"
    await shop.go_to(made["sendAt"], -60)
    await asyncio.sleep(0.3)
    assert (await shop.harness.read(made["id"]))["heldBy"] == "provider", "there is time"
    await shop.go_to(made["sendAt"], -29)
    message = await shop.held_by(made["id"], "gateway")
    assert (message["status"], message["cancelableUntil"]) == ("scheduled", made["sendAt"])
    assert all("scheduleTime" in call.fields for call in shop.calls(SEND))
    shop.always.clear()
    await shop.pass_time(60)  # the breaker's pause
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}
    assert "scheduleTime" not in shop.calls(SEND)[-1].fields
    assert not shop.main.reservations


async def test_a_connection_in_time(shop: Shop) -> None:
    shop.fates[SEND] = deque([refused, refused, VendorAnswer(429, b"")])
    made = await shop.post()
    for _ in range(4):
        await asyncio.sleep(0.2)
        await shop.pass_time(6)
    await shop.resting(made["id"])
    assert len(shop.main.reservations) == 1
    await delivered(shop, made)


@pytest.mark.usefixtures("early")
async def test_what_the_gateway_keeps_after_all_can_be_changed_and_canceled(shop: Shop) -> None:
    shop.always[SEND] = refused
    first, second = await shop.post(), await shop.post()
    await shop.go_to(first["sendAt"], -29)
    for each in (first, second):
        await shop.held_by(each["id"], "gateway")
    await shop.delete(first["id"])
    shop.always.clear()
    later = shop.at(7200)
    answer = await shop.api.patch(f"/reservations/{second['id']}", json={"sendAt": later.isoformat(), "text": "Other"})
    assert answer.status_code == 200, answer.text
    shop.asked[second["to"], "Other"] += 1
    assert answer.json()["heldBy"] == "gateway"
    await asyncio.sleep(0.3)
    await shop.go_to(later, 0.2)
    await shop.harness.until(second["id"], "delivered")
    assert shop.sent() == {second["to"]: 1}
    assert [each.text for each in shop.main.accepted.values()] == ["Other"]


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("resumed", [True, False])
async def test_a_pause_that_lasts_too_long(open_shop: OpenShop, resumed: bool) -> None:
    shop = await open_shop(PROVIDER + ROUTE)
    await shop.operate("pause")
    made = await shop.post()
    await asyncio.sleep(0.3)
    assert (await shop.harness.read(made["id"]))["heldBy"] == "provider", "whatever others serve"
    assert not shop.wire
    await shop.go_to(made["sendAt"], -29)
    await shop.held_by(made["id"], "gateway")
    if resumed:
        await shop.operate("resume")
        assert (await delivered(shop, made))["provider"] == "main"
    else:
        assert (await delivered(shop, made, "submitted"))["provider"] == "media", "chosen when due"
    assert not shop.main.reservations


async def test_a_reservation_that_expired_on_the_way_to_its_keeper_is_not_given_to_it(open_shop: OpenShop) -> None:
    shop = await open_shop(running=False)
    minute = shop.at(3600)
    made = await shop.post(sendAt=minute, expiresAt=minute.replace(second=30).isoformat())
    await shop.go_to(minute, 31)
    shop.harness.dispatch()
    await shop.harness.until(made["id"], "expired")
    assert not shop.wire


async def test_due_while_everything_was_down(open_shop: OpenShop) -> None:
    shop = await open_shop(running=False)
    made = await shop.post()
    await shop.go_to(made["sendAt"], 300)
    shop.harness.dispatch()
    message = await shop.harness.until(made["id"], "delivered")
    assert message["heldBy"] == "gateway"
    assert [call.fields.get("scheduleTime") for call in shop.calls(SEND)] == [None]
    assert shop.sent() == {made["to"]: 1}


# Lost answers


@pytest.mark.parametrize("ending", ["0010", "0011", "0012", "0013"])
async def test_the_first_answer_is_lost(shop: Shop, ending: str) -> None:
    made = await shop.post(to=shop.number(ending))
    message = await shop.resting(made["id"])
    assert (message["status"], message["heldBy"]) == ("scheduled", "provider")
    assert len(shop.main.reservations) == 1
    tags = {call.fields["clientTag"] for call in shop.calls(SEND)}
    assert (len(tags), len(shop.calls(SEND))) == (1, 2), "asked for again under the same reference"
    assert len({call.fields["scheduleTime"] for call in shop.calls(SEND)}) == 1
    await delivered(shop, made)


@pytest.mark.usefixtures("early")
@pytest.mark.parametrize("fate", [lost, swallowed])
async def test_every_answer_is_lost_until_its_time(shop: Shop, fate: Any) -> None:
    """Then the gateway sends it under the same reference: the vendor refuses it where it has it."""
    shop.always |= {SEND: fate, CHECK: lost, STATUS: lost}
    made = await shop.post()
    await asyncio.sleep(0.3)
    for before in (1800, 900, 60):
        await shop.go_to(made["sendAt"], -before)
        await asyncio.sleep(0.2)
    shop.always.clear()
    await shop.go_to(made["sendAt"], 1.2)
    message = await shop.harness.until(made["id"], "delivered")
    assert message["sendAt"] == made["sendAt"]
    assert shop.sent() == {made["to"]: 1}
    assert len({call.fields["clientTag"] for call in shop.calls(SEND)}) == 1


@pytest.mark.usefixtures("early")
async def test_no_answer_is_readable_until_it_is_too_late(shop: Shop) -> None:
    """The vendor names an earlier one: from then on it is only asked, and the gateway must not send a second one."""
    shop.always |= {SEND: DUPLICATE, CHECK: lost, STATUS: lost}
    made = await shop.post()
    await asyncio.sleep(0.3)
    for before in (1800, 900, 60, 29):
        await shop.go_to(made["sendAt"], -before)
        await asyncio.sleep(0.2)
    message = await shop.harness.read(made["id"])
    assert (message["status"], message["heldBy"]) == ("scheduled", "provider")
    tries = len(shop.calls(SEND))
    shop.always.clear()
    assert not shop.main.reservations
    await shop.go_to(made["sendAt"], 0.2)
    await asyncio.sleep(0.3)
    await shop.pass_time(70)  # the pause between questions
    await shop.harness.until(made["id"], "uncertain")
    assert not shop.sent()
    assert len(shop.calls(SEND)) == tries
    assert {call.fields["clientTag"] for call in shop.calls(SEND)} == {shop.calls(SEND)[0].fields["clientTag"]}


async def test_an_answer_that_comes_after_its_lease(shop: Shop) -> None:
    gate = asyncio.Event()
    shop.fates[SEND] = deque([After(gate.wait)])
    made = await shop.post()
    await eventually(lambda: shop.main.reservations)
    for _ in range(3):
        await shop.pass_time(8)
        await asyncio.sleep(0.2)
    message = await shop.resting(made["id"])
    gate.set()
    await asyncio.sleep(0.2)
    assert (await shop.harness.read(made["id"]))["events"][-1] == message["events"][-1]
    await delivered(shop, made)


async def test_the_vendor_has_the_reference_already_and_lists_it(shop: Shop) -> None:
    shop.fates[SEND] = deque([swallowed])
    shop.fates[CHECK] = deque([lost, said(500, "System error."), None])
    made = await shop.post()
    await shop.in_phase(made["id"], Phase.ASKING)
    for _ in range(3):
        await asyncio.sleep(0.2)
        await shop.pass_time(5)
    message = await shop.resting(made["id"])
    assert message["status"] == "scheduled"
    assert len(shop.calls(SEND)) == 2
    await delivered(shop, made)


async def test_the_vendor_has_the_reference_and_does_not_list_it(shop: Shop) -> None:
    shop.fates[SEND] = deque([DUPLICATE])
    made = await shop.post()
    await shop.in_phase(made["id"], Phase.ASKING)
    await asyncio.sleep(0.3)
    await shop.pass_time(1.2)
    await asyncio.sleep(0.3)
    await shop.pass_time(2.2)
    message = await shop.harness.until(made["id"], "uncertain")
    assert (message["final"], message["heldBy"]) == (False, "provider")
    assert message["cancelableUntil"] == made["sendAt"]
    assert [each["id"] for each in (await shop.api.get("/reservations")).json()["items"]] == [made["id"]]
    await shop.go_to(made["sendAt"], 3600)
    await asyncio.sleep(0.3)
    assert not shop.sent()
    assert len(shop.calls(SEND)) == 1, "never resent"
    shop.asked.clear()


async def test_an_uncertain_one_turns_up_at_the_vendor(shop: Shop) -> None:
    shop.fates[SEND] = deque([swallowed, lost])
    unknown = said(110, "Invalid clientTag.", count="0", status=[])
    shop.always[CHECK] = unknown
    made = await shop.post()
    for _ in range(5):
        await asyncio.sleep(0.25)
        await shop.pass_time(3)
    await shop.harness.until(made["id"], "uncertain")
    shop.always.clear()
    message = await shop.get(made["id"])
    assert message["status"] == "scheduled", "asked when it is read"
    assert len(shop.main.reservations) == 1
    await delivered(shop, made)


@pytest.mark.parametrize("there", [True, False])
async def test_an_uncertain_one_is_settled_first(shop: Shop, there: bool) -> None:
    made = await uncertain(shop, there=there)
    assert len(shop.main.reservations) == there
    message = await shop.delete(made["id"])
    assert (message["status"], message["final"]) == ("canceled", True)
    await never_sent(shop, made)


async def test_an_uncertain_one_that_was_sent(shop: Shop) -> None:
    made = await uncertain(shop, there=True, to=shop.number("0020"))
    await shop.kill()
    await shop.go_to(made["sendAt"], 0.2)
    await shop.delete(made["id"], 409, "not_cancelable")
    message = await shop.harness.until(made["id"], "submitted", "delivered")
    assert shop.sent() == {made["to"]: 1}
    assert message["heldBy"] == "provider"


async def test_an_uncertain_one_and_no_answer(shop: Shop) -> None:
    made = await uncertain(shop, there=True)
    shop.always[CANCEL] = lost
    await shop.delete(made["id"], 504, "provider_timeout")
    assert (await shop.harness.read(made["id"]))["status"] in ("uncertain", "scheduled")
    shop.always.clear()
    await shop.pass_time(30)
    await shop.resting(made["id"])
    await shop.go_to(made["sendAt"], 0.2)
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}


async def uncertain(shop: Shop, *, there: bool, **body: Any) -> dict[str, Any]:
    """One of which the gateway does not know whether the vendor keeps it."""
    shop.fates[SEND] = deque([swallowed if there else said(400, "Duplicate client tag.")])
    shop.always |= {CHECK: said(110, "Invalid clientTag."), STATUS: said(0, "Success.", status=[])}
    made = await shop.post(**body)
    for _ in range(3):
        await asyncio.sleep(0.3)
        await shop.pass_time(2.2)
    await shop.harness.until(made["id"], "uncertain")
    shop.always.clear()
    return made


# Refusals


async def test_the_vendor_refuses_the_number(open_shop: OpenShop) -> None:
    shop = await open_shop(PROVIDER + ROUTE)
    made = await shop.post(to=shop.number("0005"))
    message = await shop.harness.until(made["id"], "failed")
    assert (message["reason"]["code"], message["reason"]["providerCode"], message["final"]) == (
        "invalid_number",
        "110",
        True,
    )
    assert message["cancelableUntil"] is None
    await shop.go_to(made["sendAt"], 1)
    await asyncio.sleep(0.2)
    assert len(shop.calls(SEND)) == 1
    assert not shop.sent()
    await shop.delete(made["id"], 409, "not_cancelable")


@pytest.mark.parametrize("other", [True, False])
@pytest.mark.parametrize(("code", "reason"), [(300, "quota_exceeded"), (500, "provider_error")])
async def test_the_vendor_refuses_us(open_shop: OpenShop, other: bool, code: int, reason: str) -> None:
    shop = await open_shop(PROVIDER + (ROUTE if other else ""))
    shop.fates[SEND] = deque([said(code, "No.")])
    made = await shop.post()
    if not other:
        message = await shop.harness.until(made["id"], "failed")
        assert (message["reason"]["code"], message["final"]) == (reason, True)
        await shop.go_to(made["sendAt"], 1)
        assert not shop.sent()
        return
    message = await shop.held_by(made["id"], "gateway")
    assert (message["status"], message["provider"]) == ("scheduled", "media")
    assert message["cancelableUntil"] == made["sendAt"]
    assert not shop.sent()
    await delivered(shop, made, "submitted")
    assert [call.provider for call in shop.wire] == ["main", "media"]


async def test_the_vendor_refuses_the_time(shop: Shop) -> None:
    shop.fates[SEND] = deque([said(110, "Invalid scheduleTime.")])
    made = await shop.post()
    message = await shop.held_by(made["id"], "gateway")
    assert (message["status"], message["provider"], message["sendAt"]) == ("scheduled", "main", made["sendAt"])
    assert message["cancelableUntil"] == made["sendAt"]
    assert message["events"][-1]["providerCode"] == "110"
    await delivered(shop, made)
    one, two = shop.calls(SEND)
    assert "scheduleTime" not in two.fields
    assert one.fields["clientTag"] != two.fields["clientTag"], "an explicit refusal starts a new generation"


@pytest.mark.parametrize("late", ["Invalid scheduleTime.", "Exceed sending count."])
async def test_refused_after_a_lost_answer_it_goes_nowhere_else(open_shop: OpenShop, late: str) -> None:
    shop = await open_shop(PROVIDER + ROUTE)
    shop.fates[SEND] = deque([swallowed, said(300 if "count" in late else 110, late)])
    made = await shop.post()
    message = await shop.resting(made["id"])
    assert (message["status"], message["heldBy"], message["provider"]) == ("scheduled", "provider", "main")
    assert shop.calls(CHECK), "settled by asking"
    await delivered(shop, made)


# The dead


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize("owner", ["test.0", "another.0"])
async def test_the_process_dies_with_the_reservation_in_its_hands(shop: Shop, taken: bool, owner: str) -> None:
    shop.fates[SEND] = deque([slow if taken else standing])
    made = await shop.post()
    await shop.in_phase(made["id"], Phase.HELD)
    if taken:
        await eventually(lambda: shop.main.reservations)
    await shop.kill()
    assert (await shop.harness.read(made["id"]))["status"] == "scheduled"
    shop.harness.dispatch(owner, start="second")
    if owner != "test.0":
        await asyncio.sleep(0.2)
        assert (await shop.record(made["id"])).state.phase is Phase.HELD, "its lease lasts"
        await shop.pass_time(8)
    message = await shop.resting(made["id"])
    assert (message["status"], message["heldBy"]) == ("scheduled", "provider")
    assert len(shop.main.reservations) == 1
    assert len({call.fields["clientTag"] for call in shop.calls(SEND)}) == 1
    await delivered(shop, made)
