"""A message from its acceptance to its end: its fields, its timeline, lists, deadlines, and every ending."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import redis

from gateway.sandbox.aicross import AICrossSimulator
from tests.harness import ADMIN_KEY, OTHER_KEY, Harness, advance

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
OTHER, ADMIN = ({"Authorization": f"Bearer {key}"} for key in (OTHER_KEY, ADMIN_KEY))
HOUR = 3600
CORE = {"id", "status", "final", "to", "text", "expiresAt", "priority", "provider", "segments", "reason"}
ALWAYS = CORE | {"createdAt", "updatedAt"}
"""The fields of a message that was given nothing more than a number and a text."""


def ahead(harness: Harness, seconds: float) -> str:
    moment = datetime.fromtimestamp(harness.here.store.clock.now() // 1000 + seconds, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def moment(written: str) -> datetime:
    assert written.endswith("Z")
    return datetime.fromisoformat(written)


async def listed(harness: Harness, query: str = "limit=100", **headers: str) -> list[str]:
    page = (await harness.api.get(f"/messages?{query}", headers=headers)).json()
    return [item["id"] for item in page["items"]]


async def canceled(harness: Harness, id_: str) -> httpx.Response:
    return await harness.api.post(f"/messages/{id_}/cancel")


async def final(harness: Harness, id_: str) -> dict[str, Any]:
    for _ in range(200):
        if (message := await harness.read(id_))["final"]:
            return message
        await asyncio.sleep(0.02)
    pytest.fail(f"not final: {message['events']}")


def told(message: dict[str, Any]) -> list[str]:
    return [event["status"] for event in message["events"]]


async def test_what_was_not_given_is_absent(harness: Harness) -> None:
    accepted = (await harness.send()).json()
    assert accepted.keys() == ALWAYS
    assert [accepted[name] for name in ("status", "final", "priority", "reason")] == ["queued", False, "normal", None]
    assert moment(accepted["expiresAt"]) - moment(accepted["createdAt"]) == timedelta(hours=24)
    message = await harness.read(accepted["id"])
    [event] = message.pop("events")
    assert message == accepted
    assert event == {"at": accepted["createdAt"], "status": "queued", "provider": "main"}


async def test_what_was_given_is_answered(harness: Harness) -> None:
    given: dict[str, Any] = {
        "to": "+819012345678",
        "text": "こんにちは €{}\n",
        "from": "80013",
        "clientTag": "日本 /?#",
    }
    given |= {"groupTag": "g", "priority": "high", "provider": "main", "carrier": "ymobile"}
    given["metadata"] = {"a": "", "order": "17", "名": "前\u0000"} | {f"{n:040}": "v" * 500 for n in range(17)}
    given["expiresAt"] = ahead(harness, HOUR)
    answer = await harness.send(**given, duplicateRisk="accept")
    assert answer.json().keys() == ALWAYS | given.keys()
    assert {name: answer.json()[name] for name in given} == given
    message = await harness.read(answer.json()["id"])
    assert message.keys() == ALWAYS | given.keys() | {"events"}
    assert {name: message[name] for name in given} == given


async def test_the_timeline_tells_what_happened(harness: Harness) -> None:
    harness.dispatch()
    message = await harness.until(await harness.sent(carrier="docomo"), "delivered")
    assert message.keys() == ALWAYS | {"events", "billedSegments", "carrier"}
    assert (message["final"], message["billedSegments"], message["carrier"]) == (True, 1, "docomo")
    assert told(message) == ["queued", "submitting", "submitted", "delivered"]
    assert {event["provider"] for event in message["events"]} == {"main"}
    assert (message["createdAt"], message["updatedAt"]) == (message["events"][0]["at"], message["events"][-1]["at"])


@each("later", [0, 1])
async def test_pages_have_no_gap_and_no_repeat(harness: Harness, later: int) -> None:
    ids = []
    for _ in range(10):
        ids.append(await harness.sent())
        await advance(harness, 7 * HOUR * later)  # over several days, or all in the same second
    seen: list[str] = []
    cursor, pages = "", 0
    while cursor is not None and pages < 10:
        page = (await harness.api.get(f"/messages?limit=3{cursor and f'&cursor={cursor}'}")).json()
        seen += [item["id"] for item in page["items"]]
        await harness.sent()  # what comes meanwhile is on no later page
        cursor, pages = page["nextCursor"], pages + 1
    assert seen == ids[::-1]
    assert len(await listed(harness)) == 10 + pages


async def test_a_page_has_twenty_unless_told_otherwise(harness: Harness) -> None:
    ids = [await harness.sent() for _ in range(25)]
    for query, length in (("", 20), ("limit=1", 1), ("limit=100", 25)):
        assert await listed(harness, query) == ids[::-1][:length]


async def test_filters_combine(harness: Harness) -> None:
    a = await harness.sent(clientTag="a", groupTag="g")
    b = await harness.sent(groupTag="g", to="+819012345679")
    c = await harness.sent(groupTag="h", sendAt=ahead(harness, HOUR))
    await canceled(harness, b)
    for query, expected in {
        "clientTag=a": [a],
        "groupTag=g": [b, a],
        "to=%2B819012345678": [c, a],
        "to=090-1234-5679": [b],
        "provider=main": [c, b, a],
        "groupTag=g&status=canceled&to=09012345678": [],
        "groupTag=g&limit=1": [b],
    }.items():
        assert await listed(harness, query) == expected, query


async def test_created_from_includes_and_created_to_excludes(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    name = harness.here.acceptor.new_id

    async def slowly(client: Any) -> str:
        return await asyncio.sleep(0.005, await name(client))

    monkeypatch.setattr(harness.here.acceptor, "new_id", slowly)
    ids = []
    for _ in range(5):
        ids.append(await harness.sent())
        await advance(harness, 13 * HOUR + 0.123)
    for position, id_ in enumerate(ids):
        created = (await harness.read(id_))["createdAt"]
        for written in (created, created.replace("Z", "%2B00:00")):
            assert await listed(harness, f"createdFrom={written}") == ids[: position - 6 : -1]
            assert await listed(harness, f"createdTo={written}") == ids[:position][::-1]


async def test_clients_see_their_own_and_an_admin_who_names_them(harness: Harness) -> None:
    mine = await harness.sent()
    theirs = (await harness.api.post("/messages", json={"to": "09012345678", "text": "a"}, headers=OTHER)).json()["id"]
    assert await listed(harness) == await listed(harness, "", **ADMIN) == [mine]
    assert await listed(harness, "client=shop") == [mine]
    assert await listed(harness, "", **OTHER) == await listed(harness, "client=other", **ADMIN) == [theirs]
    for query, status in (("", 404), ("?client=shop", 404), ("?client=other", 200)):
        assert (await harness.api.get(f"/messages/{theirs}{query}", headers=ADMIN)).status_code == status
    me = (await harness.api.get("/me", headers=ADMIN)).json()
    assert me == {"client": "shop", "scopes": ["admin", "read", "send"]}


@each("scheduled", [False, True])
async def test_what_is_canceled_is_never_sent(harness: Harness, scheduled: bool) -> None:
    id_ = await harness.sent(**({"sendAt": ahead(harness, HOUR)} if scheduled else {}))
    answer = await canceled(harness, id_)
    assert (answer.status_code, answer.json()["status"], answer.json()["final"]) == (200, "canceled", True)
    again = await canceled(harness, id_)
    assert (again.status_code, again.json()["code"], again.json()["messageId"]) == (409, "not_cancelable", id_)
    await advance(harness, 2 * HOUR)
    harness.dispatch()
    await harness.until(await harness.sent(), "delivered")
    assert harness.vendor.requests.total() == 1
    assert told(await harness.read(id_)) == ["scheduled" if scheduled else "queued", "canceled"]


async def test_a_message_is_either_canceled_or_sent(harness: Harness) -> None:
    ids = [await harness.sent() for _ in range(60)]
    harness.dispatch()
    answers = {id_: await canceled(harness, id_) for id_ in reversed(ids)}
    sent = {id_ for id_, answer in answers.items() if answer.status_code != 200}
    assert {answers[id_].json()["code"] for id_ in sent} <= {"not_cancelable"}
    for id_ in ids:
        await harness.until(id_, "delivered" if id_ in sent else "canceled")
    assert {f"msg_{reference[:26]}" for reference in harness.vendor.requests} == sent


@each("given", [{}, {"expiresAt": 600}, {"sendAt": 300}, {"sendAt": 300, "expiresAt": 600}])
async def test_what_waited_too_long_is_never_sent(harness: Harness, given: dict[str, float]) -> None:
    id_ = await harness.sent(**{name: ahead(harness, seconds) for name, seconds in given.items()})
    lasts = moment((await harness.read(id_))["expiresAt"]).timestamp() * 1000 - harness.here.store.clock.now()
    assert lasts / 1000 == pytest.approx(given.get("expiresAt", given.get("sendAt", 0) + 24 * HOUR), abs=5)
    await advance(harness, lasts / 1000)
    harness.dispatch()
    message = await harness.until(id_, "expired")
    assert (message["final"], message["reason"]["code"]) == (True, "expired")
    assert harness.vendor.requests.total() == 0


async def test_a_machine_whose_clock_is_behind_expires_nothing(reopen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 26 * HOUR)
    harness = await reopen("")
    id_ = await harness.sent()
    harness.dispatch()
    await harness.until(id_, "delivered", seconds=3)


async def test_a_reservation_is_sent_when_due_and_never_before(harness: Harness) -> None:
    harness.dispatch()
    send_at = ahead(harness, HOUR)
    answer = await harness.send(sendAt=send_at.replace("Z", "+00:00"))
    reservation = answer.json()
    id_ = reservation["id"]
    assert (answer.status_code, reservation["status"]) == (201, "scheduled")
    assert answer.headers["location"] == f"/reservations/{id_}"
    assert reservation.keys() == ALWAYS | {"sendAt", "heldBy", "cancelableUntil"}
    assert (reservation["sendAt"], reservation["heldBy"]) == (send_at, "gateway")
    assert moment(reservation["cancelableUntil"]) == moment(send_at)
    await advance(harness, HOUR - 10)
    await harness.until(await harness.sent(), "delivered")
    assert (await harness.read(id_))["status"] == "scheduled"
    assert harness.vendor.requests.total() == 1
    await advance(harness, 10)
    message = await harness.until(id_, "delivered")
    assert told(message) == ["scheduled", "queued", "submitting", "submitted", "delivered"]
    assert moment(message["events"][2]["at"]) >= moment(send_at)


async def test_urgent_ones_go_first_and_no_bulk_delays_another_client(reopen: Any) -> None:
    harness = await reopen("concurrency = 1")
    bulk = [await harness.sent() for _ in range(8)]
    other = (await harness.api.post("/messages", json={"to": "09012345678", "text": "a"}, headers=OTHER)).json()["id"]
    urgent = await harness.sent(priority="high")
    harness.dispatch()
    await harness.until(bulk[-1], "delivered")
    order = [f"msg_{reference[:26]}" for reference in harness.vendor.requests]
    assert order[0] == urgent
    assert other in order[1:3]
    assert [id_ for id_ in order if id_ in bulk] == bulk


async def test_content_is_erased_once_final_and_the_record_stays(harness: Harness, redis_url: str) -> None:
    told = {"metadata": {"secret": "Geheim"}, "options": {"mediasms": {"textAu": "Geheim"}}}
    id_ = await harness.sent(text="Geheim", groupTag="g", **told)
    early = await harness.api.delete(f"/messages/{id_}/content")
    assert (early.status_code, early.json()["code"], early.json()["messageId"]) == (409, "not_changeable", id_)
    harness.dispatch()
    before = await harness.until(id_, "delivered")
    for _ in range(2):
        assert (await harness.api.delete(f"/messages/{id_}/content")).status_code == 200
    after = await harness.read(id_)
    person = {"to": "", "text": "", "metadata": {}}
    assert after | person == before | person
    with redis.Redis.from_url(redis_url) as client:
        kept = b"".join(b"".join(client.hvals(key)) for key in client.keys("*") if client.type(key) == b"hash")
    assert b"Geheim" not in kept
    assert b"12345678" not in kept
    assert await listed(harness, "groupTag=g") == [id_]


@each(
    ("ending", "status", "code", "provider_code"),
    [
        ("0001", "undelivered", "handset_unreachable", "824"),
        ("0002", "undelivered", "handset_refused", "834"),
        ("0003", "undelivered", "unknown_subscriber", "732"),
        ("0004", "undelivered", "carrier_congested", "721"),
        ("0024", "undelivered", "unmapped", "832"),
        ("0005", "failed", "invalid_number", "110"),
        ("0006", "failed", "quota_exceeded", "300"),
        ("0007", "failed", "provider_error", "500"),
    ],
)
async def test_what_does_not_arrive_says_why(
    harness: Harness, ending: str, status: str, code: str, provider_code: str
) -> None:
    harness.dispatch()
    id_ = await harness.sent(to=f"+81901234{ending}")
    message = await harness.until(id_, status)
    assert message["reason"].keys() == {"code", "detail", "providerCode"}
    assert message["reason"]["code"] == code
    assert message["reason"]["providerCode"].endswith(provider_code)
    assert message["reason"]["detail"]
    assert message["final"] is (status == "failed")
    assert harness.vendor.requests.total() == 1
    await advance(harness, 73 * HOUR)
    assert (await final(harness, id_))["reason"] == message["reason"]


@each("ending", ["0010", "0011", "0012", "0013", "0020", "0021", "0022"])
async def test_a_lost_answer_or_an_odd_receipt_still_ends_delivered_once(harness: Harness, ending: str) -> None:
    harness.dispatch()
    message = await harness.until(await harness.sent(to=f"+81901234{ending}", carrier="ymobile"), "delivered")
    assert (message["final"], message["reason"], message["billedSegments"]) == (True, None, 1)
    assert len(harness.vendor.accepted) == 1
    assert "failed" not in told(message)


async def submitted(harness: Harness) -> str:
    harness.dispatch()
    id_ = await harness.sent(to="+819012340023")
    await harness.until(id_, "submitted")
    return id_


async def uncertain(harness: Harness) -> str:
    """A message whose answer was lost, and which the vendor lists only once we ceased to expect it."""
    dispatcher = harness.dispatch()
    harness.vendor.callback_url = None
    id_ = await harness.sent(to="+819012340010", expiresAt=ahead(harness, HOUR))
    while "lost" not in str((await harness.read(id_))["events"]):
        await asyncio.sleep(0.01)
    dispatcher.stop()
    await advance(harness, 2 * HOUR)
    harness.dispatch("test.1")
    while not harness.vendor.queries:
        await asyncio.sleep(0.01)
    await advance(harness, 60)
    assert (await harness.until(id_, "uncertain"))["final"] is False
    [(reference, tries)] = harness.vendor.requests.items()
    assert tries == 1
    form = {"token": "vendortoken", "clientId": "1234", "smsCode": "80013", "message": "Hello", "clientTag": reference}
    async with httpx.AsyncClient() as late:
        form["phoneNumber"] = "+819012340010"
        assert (await late.post(f"{harness.vendor.url}/p5/api/mt.json", data=form)).json()["responseCode"] == 0
    return id_


async def test_without_news_for_long_a_submitted_message_is_final(harness: Harness) -> None:
    id_ = await submitted(harness)
    harness.vendor.accepted.clear()
    await advance(harness, 73 * HOUR)
    message = await final(harness, id_)
    assert (message["status"], message["reason"]["code"]) == ("submitted", "no_answer")


@each("how", ["asked for", "reconciled"])
@each("state", [submitted, uncertain])
async def test_what_only_the_vendor_knows_is_learned(harness: Harness, state: Any, how: str) -> None:
    id_ = await state(harness)
    await asyncio.sleep(0.1)  # by the vendor's own clock it is delivered after 50 ms
    if how == "reconciled":
        await advance(harness, 71 * HOUR)
        await harness.until(id_, "delivered", seconds=3)
    message = (await harness.api.get(f"/messages/{id_}?refresh=true")).json()
    assert (message["status"], message["final"]) == ("delivered", True)


ROUTE = '[[routes]]\nproviders = ["first", "main"]\n[providers.first]\ntype = "aicross"\nbase_url = "{}"\n'
ACCOUNT = 'token = "b"\nclient_id = "5"\nsms_code = "80014"\n'


@each(
    ("ending", "status", "provider", "tries"),
    [
        ("5678", "submitted", "first", (1, 0)),
        ("0005", "failed", "first", (1, 0)),  # about the message: no vendor will take it
        ("0006", "failed", "main", (1, 1)),  # about us: the next may, and here says the same
        ("0007", "failed", "main", (1, 1)),  # the vendor's own fault
        ("0010", "submitted", "first", (2, 0)),  # one lost answer, and it never moves on
        ("none", "delivered", "main", (0, 1)),  # never left
    ],
)
async def test_a_message_moves_on_only_when_every_try_is_accounted_for(
    reopen: Any, ending: str, status: str, provider: str, tries: tuple[int, int]
) -> None:
    first = AICrossSimulator(token="b", client_id="5", sms_code="80014")
    await first.start()
    if ending == "none":
        await first.stop()
    harness = await reopen(ROUTE.format(first.url) + ACCOUNT)
    harness.dispatch()
    message = await harness.until(await harness.sent(to=f"+81901234{ending.replace('none', '5678')}"), status)
    await first.stop()
    assert message["provider"] == message["events"][-1]["provider"] == provider
    assert (first.requests.total(), harness.vendor.requests.total()) == tries
