"""Reservations that AI CROSS keeps, through a whole gateway: taken, handed over, read, sent when their time comes."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.sandbox.aicross_reports import JST
from tests import kept_tools
from tests.kept_tools import CHECK, PROVIDER, SEND, STATUS, OpenShop, Shop, lost, refused, said
from tests.redis_tools import ON_ONE_NODE

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
open_shop = kept_tools.open_shop
shop = kept_tools.shop

UNKNOWN = said(110, "Invalid clientTag.", count="0", status=[])


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# Taken and handed over


@pytest.mark.parametrize("explicit", [True, False])
async def test_it_is_handed_over_at_once_and_stays_scheduled(open_shop: OpenShop, explicit: bool) -> None:
    shop = await open_shop("" if explicit else PROVIDER)
    minute = shop.at(3600)
    wish: dict[str, Any] = {"heldBy": "provider"} if explicit else {}
    made = await shop.post(sendAt=minute + timedelta(seconds=31, milliseconds=250), **wish)
    assert (made["status"], made["heldBy"], made["final"]) == ("scheduled", "provider", False)
    assert made["sendAt"] == made["cancelableUntil"] == iso(minute), "as the vendor keeps it"
    message = await shop.resting(made["id"])
    assert (message["status"], message["heldBy"], message["provider"]) == ("scheduled", "provider", "main")
    assert message["sendAt"] == message["cancelableUntil"] == iso(minute)
    [call] = shop.calls(SEND)
    assert call.fields["scheduleTime"] == minute.astimezone(JST).strftime("%Y-%m-%d %H:%M")
    [reservation] = shop.main.reservations.values()
    assert (reservation.send_at, reservation.message.number) == (minute, made["to"])
    assert [(event["status"], event["provider"]) for event in message["events"]] == [("scheduled", "main")] * 3
    _, handed, taken = message["events"]
    assert handed["detail"] == "being handed over, to be kept until its time"
    assert taken["providerCode"] == "0", "the vendor's word"
    assert not shop.sent()


async def test_the_answer_waits_for_no_vendor(open_shop: OpenShop) -> None:
    shop = await open_shop(running=False)
    body = {"to": shop.number(), "text": "Hello", "sendAt": shop.at(3600).isoformat()}
    for path in ("/messages", "/reservations"):
        answer = await asyncio.wait_for(shop.api.post(path, json=body, headers={"Prefer": "wait=10"}), 3)
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/reservations/{answer.json()['id']}"
        assert (answer.json()["heldBy"], answer.json()["status"]) == ("provider", "scheduled")
    assert not shop.wire


async def test_at_its_time_it_is_submitted_and_then_delivered(shop: Shop) -> None:
    made = await shop.kept(to=shop.number("0020"))  # its receipt comes late
    await shop.go_to(made["sendAt"], -10)
    await asyncio.sleep(0.3)
    assert (await shop.harness.read(made["id"]))["status"] == "scheduled"
    assert not shop.sent()
    await shop.go_to(made["sendAt"], 0.1)
    message = await shop.harness.until(made["id"], "submitted")
    assert message["cancelableUntil"] is None
    assert message["heldBy"] == "provider"
    message = await shop.harness.until(made["id"], "delivered")
    statuses = [event["status"] for event in message["events"]]
    assert statuses == ["scheduled", "scheduled", "scheduled", "submitted", "delivered"]
    assert shop.sent() == {made["to"]: 1}
    assert len(shop.calls(SEND)) == len(shop.calls(CHECK)) == 1, "asked once, when its time had come"
    assert not shop.calls(STATUS)
    await shop.delete(made["id"], 409, "not_cancelable")


async def test_the_vendor_is_left_alone_until_its_time(shop: Shop) -> None:
    made = await shop.kept(sendAt=shop.at(30 * 86_400))
    for _ in range(5):
        await shop.pass_time(5 * 86_400)
        await asyncio.sleep(0.15)
    assert [call.name for call in shop.wire] == [SEND]
    await shop.go_to(made["sendAt"], 1)
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}


async def test_reading_it_asks_the_vendor_and_listing_it_does_not(shop: Shop) -> None:
    made = await shop.kept()
    for number in range(1, 4):
        message = await shop.get(made["id"])
        assert (message["status"], len(shop.calls(CHECK, made["id"]))) == ("scheduled", number)
    assert message["updatedAt"] == made["updatedAt"], "nothing is news in that"
    assert (await shop.api.get("/reservations")).json()["items"][0]["id"] == made["id"]
    assert (await shop.harness.read(made["id"]))["status"] == "scheduled"
    assert len(shop.calls(CHECK)) == 3
    assert not shop.calls(STATUS)


# Times


@pytest.mark.parametrize("offset", ["+14:00", "-12:00", "+05:45", "-00:30", "Z"])
async def test_a_time_of_another_offset_is_japans_on_the_wire(shop: Shop, offset: str) -> None:
    minute = shop.at(3 * 86_400)
    zone = UTC if offset == "Z" else datetime.fromisoformat(f"2026-01-01T00:00{offset}").tzinfo
    written = f"{minute.astimezone(zone):%Y-%m-%dT%H:%M}:59.999{offset}"
    made = await shop.kept(sendAt=written)
    assert made["sendAt"] == iso(minute)
    [call] = shop.calls(SEND)
    assert call.fields["scheduleTime"] == minute.astimezone(JST).strftime("%Y-%m-%d %H:%M")
    await shop.go_to(minute, -10)
    await asyncio.sleep(0.2)
    assert not shop.sent()
    await shop.go_to(minute, 0.2)
    await shop.harness.until(made["id"], "delivered")


@pytest.mark.parametrize(("before", "written"), [(1, "12-31 23:59"), (0, "01-01 00:00")])
async def test_around_new_year_in_japan(shop: Shop, before: int, written: str) -> None:
    year = shop.now().astimezone(JST).year + 1
    midnight = datetime(year, 1, 1, tzinfo=JST)
    await shop.go_to(midnight - timedelta(days=2))
    made = await shop.kept(sendAt=iso(midnight - timedelta(minutes=before)))
    [call] = shop.calls(SEND)
    assert call.fields["scheduleTime"] == f"{year - before}-{written}"
    assert made["sendAt"].startswith(f"{year - 1}-12-31T"), "in UTC"
    await shop.go_to(made["sendAt"], 0.2)
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}


async def test_a_time_that_the_vendors_clock_shows_twice_is_kept_here(open_shop: OpenShop) -> None:
    shop = await open_shop('timezone = "America/New_York"\n' + PROVIDER)
    year = shop.now().year + 1
    sunday = next(day for day in range(1, 8) if datetime(year, 11, day, tzinfo=UTC).weekday() == 6)
    ends = datetime(year, 11, sunday, 6, tzinfo=UTC)  # 2:00 EDT, which is 1:00 EST
    assert (ends - timedelta(seconds=1)).astimezone(ZoneInfo("America/New_York")).utcoffset() == timedelta(hours=-4)
    await shop.go_to(ends - timedelta(days=10))
    moments = [ends - timedelta(minutes=61), ends - timedelta(minutes=60), ends, ends + timedelta(minutes=60)]
    doubtful = ends + timedelta(minutes=59, seconds=59)
    made = [await shop.post(sendAt=iso(moment)) for moment in (*moments, doubtful)]
    assert [each["heldBy"] for each in made] == ["provider", "gateway", "gateway", "provider", "gateway"]
    await asyncio.gather(*(shop.resting(made[number]["id"]) for number in (0, 3)))
    assert sorted(call.fields["scheduleTime"][11:] for call in shop.calls(SEND)) == ["00:59", "02:00"]
    refusal = await shop.post(sendAt=iso(moments[1]), heldBy="provider", status=422)
    assert (refusal["code"], refusal["errors"][0]["pointer"]) == ("unsupported", "/sendAt")
    [gone] = [each for each in made if each["sendAt"] == iso(moments[3])]
    for each in made[:1]:
        shop.main.forget(shop.tag(each["id"]))
    shop.main.forget(shop.tag(gone["id"]))  # the simulator's clock is Japan's
    await shop.go_to(doubtful, 0.2)
    await asyncio.gather(*(shop.harness.until(made[number]["id"], "delivered") for number in (1, 2, 4)))
    assert shop.sent() == {made[number]["to"]: 1 for number in (1, 2, 4)}


async def test_a_time_within_this_minute(open_shop: OpenShop) -> None:
    shop = await open_shop()
    await shop.go_to(shop.at(3600), 2)
    near = shop.now().replace(second=40, microsecond=0)
    refusal = await shop.post(sendAt=near, heldBy="provider", status=422)
    assert (refusal["code"], refusal["errors"][0]["pointer"]) == ("unsupported", "/sendAt")
    made = await shop.post(sendAt=near)
    assert (made["heldBy"], made["sendAt"]) == ("gateway", iso(near)), "with its seconds"
    assert made["cancelableUntil"] == iso(near)
    await asyncio.sleep(0.2)
    assert not shop.wire
    await shop.go_to(near, -10)
    await asyncio.sleep(0.2)
    assert not shop.wire
    await shop.go_to(near, 0.1)
    await shop.harness.until(made["id"], "delivered")
    assert "scheduleTime" not in shop.calls(SEND)[0].fields
    assert shop.sent() == {made["to"]: 1}


async def test_it_expires_after_its_time_and_never_before(shop: Shop) -> None:
    minute = shop.at(3600)
    refusal = await shop.post(sendAt=minute, expiresAt=iso(minute), status=400)
    assert refusal["errors"][0]["pointer"] == "/expiresAt"
    made = await shop.kept(sendAt=minute + timedelta(seconds=30), expiresAt=iso(minute + timedelta(seconds=60)))
    assert (made["sendAt"], made["expiresAt"]) == (iso(minute), iso(minute + timedelta(seconds=60)))
    default = await shop.kept(sendAt=minute + timedelta(seconds=30))
    assert default["expiresAt"] == iso(minute + timedelta(days=1)), "counted from the time it is kept until"
    await shop.go_to(minute + timedelta(hours=1))
    for each in (made, default):
        await shop.harness.until(each["id"], "delivered")
    assert len(shop.calls(SEND)) == 2


# Who keeps it


async def test_the_caller_wants_the_gateway_to_keep_it(shop: Shop) -> None:
    exact = shop.at(3600) + timedelta(seconds=17)
    made = await shop.post(sendAt=exact, heldBy="gateway")
    assert (made["heldBy"], made["sendAt"], made["cancelableUntil"]) == ("gateway", iso(exact), iso(exact))
    await asyncio.sleep(0.3)
    assert not shop.wire
    answer = await shop.api.patch(f"/reservations/{made['id']}", json={"sendAt": iso(exact + timedelta(seconds=2))})
    assert answer.status_code == 200, answer.text
    await shop.go_to(exact, 1)
    await asyncio.sleep(0.2)
    assert not shop.wire
    await shop.go_to(exact, 2.1)
    await shop.harness.until(made["id"], "delivered")
    assert "scheduleTime" not in shop.calls(SEND)[0].fields


async def test_a_vendor_that_keeps_nothing(open_shop: OpenShop) -> None:
    shop = await open_shop("{media}")
    refusal = await shop.post(heldBy="provider", provider="media", status=422)
    assert (refusal["code"], refusal["provider"]) == ("unsupported", "media")
    assert refusal["errors"][0]["pointer"] == "/heldBy"
    assert "gateway" in refusal["detail"], "what to do instead"
    await asyncio.sleep(0.2)
    assert not shop.wire
    assert not (await shop.api.get("/reservations")).json()["items"]


async def test_the_first_of_the_route_that_can_keep_it_does(open_shop: OpenShop) -> None:
    shop = await open_shop('{media}[[routes]]\nproviders = ["media", "main"]\n')
    made = await shop.kept(heldBy="provider")
    assert (made["provider"], made["heldBy"]) == ("main", "provider")
    usual = await shop.post()
    assert (usual["provider"], usual["heldBy"]) == ("media", "gateway")
    await shop.go_to(usual["sendAt"], 0.2)
    await shop.harness.until(made["id"], "delivered")
    await shop.harness.until(usual["id"], "submitted", "delivered")
    assert shop.sent() == {made["to"]: 1, usual["to"]: 1}


# What becomes of it at the vendor


@pytest.mark.parametrize("young", [True, False])
async def test_the_vendor_has_forgotten_it(shop: Shop, young: bool) -> None:
    made = await shop.kept()
    if not young:
        await shop.pass_time(600)
    shop.main.forget(shop.tag(made["id"]))
    message = await shop.get(made["id"])
    assert (message["status"], message["final"], message["cancelableUntil"]) == ("canceled", True, None)
    assert message["reason"]["code"] == "provider_error"
    assert message["events"][-1]["status"] == "canceled"
    await shop.delete(made["id"], 409, "not_cancelable")
    assert not (await shop.api.get("/reservations")).json()["items"]
    await shop.go_to(made["sendAt"], 90)
    await asyncio.sleep(0.2)
    assert not shop.sent()
    assert (await shop.harness.read(made["id"]))["status"] == "canceled"
    assert len(shop.calls(SEND)) == 1


async def test_a_vendor_that_is_slow_to_list_it_has_not_forgotten_it(shop: Shop) -> None:
    shop.fates[CHECK] = deque([UNKNOWN])
    made = await shop.kept()
    message = await shop.get(made["id"])
    assert message["status"] == "scheduled"
    await shop.go_to(made["sendAt"], 0.2)
    await shop.harness.until(made["id"], "delivered")


async def test_that_the_vendor_has_forgotten_it_is_found_out_without_a_caller(shop: Shop) -> None:
    made = await shop.kept()
    shop.main.forget(shop.tag(made["id"]))
    await shop.go_to(made["sendAt"], 1)
    await asyncio.sleep(0.3)
    assert (await shop.harness.read(made["id"]))["status"] == "scheduled", "it may be on its way from list to list"
    await shop.pass_time(90)
    message = await shop.harness.until(made["id"], "canceled")
    assert message["reason"]["code"] == "provider_error"
    assert len(shop.calls(CHECK)) < 8
    assert not shop.sent()


async def test_the_vendor_says_that_it_has_been_sent(shop: Shop) -> None:
    made = await shop.kept()
    shop.always[CHECK] = said(130, "Already send.", count="0", status=[])
    message = await shop.get(made["id"])
    assert (message["status"], message["cancelableUntil"]) == ("submitted", None)
    await shop.delete(made["id"], 409, "not_cancelable")
    assert len(shop.calls(SEND)) == 1
    shop.main.forget(shop.tag(made["id"]))


@pytest.mark.parametrize("listed", [True, False])
async def test_its_time_has_passed_for_the_vendor_and_the_status_decides(shop: Shop, listed: bool) -> None:
    made = await shop.kept(to=shop.number("0020"))
    shop.always[CHECK] = said(140, "Past scheduleTime.", count="0", status=[])
    if not listed:
        shop.main.forget(shop.tag(made["id"]))
        assert (await shop.get(made["id"]))["status"] == "scheduled", "140 before its time says nothing"
    await shop.go_to(made["sendAt"], 0.2)
    if listed:
        message = await shop.harness.until(made["id"], "submitted")
        assert shop.calls(STATUS), "asked"
        await shop.harness.until(made["id"], "delivered")
        assert shop.sent() == {made["to"]: 1}
    else:
        await asyncio.sleep(0.3)
        await shop.pass_time(120)
        message = await shop.harness.until(made["id"], "canceled")
        assert message["reason"]["code"] == "provider_error", "neither kept nor sent, it says"
        assert not shop.sent()
    assert len(shop.calls(SEND)) == 1
    assert message["heldBy"] == "provider"


@pytest.mark.parametrize("fate", [refused, lost, said(500, "System error.", count="0", status=[])])
async def test_a_vendor_that_does_not_answer_changes_nothing_before_its_time(shop: Shop, fate: object) -> None:
    made = await shop.kept()
    shop.always |= {CHECK: fate, STATUS: fate}  # type: ignore[dict-item]
    message = await shop.get(made["id"])
    assert (message["status"], message["heldBy"], message["reason"]) == ("scheduled", "provider", None)
    shop.always.clear()
    assert (await shop.get(made["id"]))["status"] == "scheduled"
    await shop.go_to(made["sendAt"], 0.2)
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}


@pytest.mark.parametrize("fate", [refused, lost])
async def test_a_vendor_that_does_not_answer_at_its_time_is_believed_to_have_sent_it(shop: Shop, fate: object) -> None:
    made = await shop.kept(to=shop.number("0023"))  # no receipt comes
    shop.always |= {CHECK: fate, STATUS: fate}  # type: ignore[dict-item]
    await shop.go_to(made["sendAt"], 0.2)
    await shop.harness.until(made["id"], "submitted")
    shop.always.clear()
    await shop.pass_time(3 * 3600)
    await shop.harness.until(made["id"], "delivered")
    assert shop.sent() == {made["to"]: 1}
    assert len(shop.calls(SEND)) == 1


async def test_its_receipt_comes_before_the_vendor_is_asked(open_shop: OpenShop) -> None:
    shop = await open_shop()
    made = await shop.kept()
    await shop.harness.stop()
    await shop.go_to(made["sendAt"], 0.2)
    message = await shop.harness.until(made["id"], "delivered")
    assert message["final"]
    shop.harness.dispatch()
    await asyncio.sleep(0.3)
    assert not shop.calls(CHECK)
    assert len(shop.calls(SEND)) == 1


async def test_a_vendor_that_keeps_it_after_its_time_is_asked_again(shop: Shop) -> None:
    made = await shop.kept()
    tag = shop.tag(made["id"])
    shop.always[CHECK] = said(0, "Success.", count=1, status=[{"clientTag": tag}])
    shop.main.forget(tag)
    for late in (0.2, 3, 10, 30, 90, 200):
        await shop.go_to(made["sendAt"], late)
        await asyncio.sleep(0.15)
    message = await shop.harness.read(made["id"])
    assert (message["status"], message["cancelableUntil"]) == ("scheduled", made["sendAt"])
    assert 4 <= len(shop.calls(CHECK)) <= 7, "less and less often"
    shop.always[CHECK] = said(130, "Already send.", count="0", status=[])
    await shop.pass_time(61)
    await shop.harness.until(made["id"], "submitted")
    assert len(shop.calls(SEND)) == 1


async def test_a_pause_does_not_keep_it_from_being_sent(shop: Shop) -> None:
    made = await shop.kept(to=shop.number("0023"))  # no receipt comes
    await shop.operate("pause")
    assert (await shop.get(made["id"]))["status"] == "scheduled"
    await shop.go_to(made["sendAt"], 0.2)
    await asyncio.sleep(1)
    await shop.operate("resume")
    await shop.harness.until(made["id"], "submitted")
    assert shop.sent() == {made["to"]: 1}


async def test_a_repeat_is_the_same_reservation(shop: Shop) -> None:
    moment = shop.at(3600) + timedelta(seconds=45)
    body: dict[str, Any] = {"to": shop.number(), "sendAt": moment, "clientTag": "once"}
    made = await shop.kept(**body)
    again = await shop.post(**body)
    assert (again["id"], again["sendAt"], again["status"]) == (made["id"], made["sendAt"], "scheduled")
    await shop.post(**body | {"sendAt": moment - timedelta(seconds=45)}, status=409)
    await shop.go_to(made["sendAt"], 0.2)
    await shop.harness.until(made["id"], "delivered")
    assert (await shop.post(**body))["status"] == "delivered"
    assert shop.sent() == {made["to"]: 1}
