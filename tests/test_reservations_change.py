"""Reservations changed and canceled while they wait: what was answered 200 holds, and nothing is sent otherwise."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from gateway.provider import Provider, VendorAnswer, VendorRequest
from tests import pair as pairs
from tests.harness import ADMIN_KEY, OTHER_KEY, Harness, advance, eventually
from tests.pair import OpenPair

pytestmark = pytest.mark.anyio
open_pair = pairs.open_pair
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
"""For what has nothing to do with the store."""

OTHER, ADMIN = ({"Authorization": f"Bearer {key}"} for key in (OTHER_KEY, ADMIN_KEY))
HOUR, DAY = 3600, 86_400
WELCOME = '[templates.welcome]\ntext = "Hello {name}"\n'
MISSING: Any = object()


def at(harness: Harness, seconds: float) -> datetime:
    """A moment to come, from the gateway's clock in whole seconds."""
    return datetime.fromtimestamp(harness.here.store.clock.now() // 1000, UTC) + timedelta(seconds=seconds)


def ahead(harness: Harness, seconds: float = HOUR) -> str:
    return at(harness, seconds).isoformat().replace("+00:00", "Z")


async def reserved(harness: Harness, seconds: float = HOUR, **more: Any) -> dict[str, Any]:
    body = {"to": "+819012345678", "text": "Hello", "sendAt": ahead(harness, seconds), **more}
    given = {name: value for name, value in body.items() if value is not MISSING}
    answer = await harness.api.post("/reservations", json=given)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def many(harness: Harness, number: int, **more: Any) -> list[str]:
    """Ids of so many that are due together."""
    send_at = ahead(harness)
    return [(await reserved(harness, sendAt=send_at, **more))["id"] for _ in range(number)]


async def almost_due(harness: Harness, id_: str) -> None:
    """The dispatcher runs, and a fifth of a second is left."""
    due = datetime.fromisoformat((await harness.read(id_))["sendAt"]).timestamp()
    harness.dispatch()
    await advance(harness, due - 0.2 - harness.here.store.clock.now() / 1000)


async def patch(harness: Harness, id_: str, **changes: Any) -> httpx.Response:
    return await harness.api.patch(f"/reservations/{id_}", json=changes)


async def changed(harness: Harness, id_: str, **changes: Any) -> dict[str, Any]:
    answer = await patch(harness, id_, **changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"], answer.json().get("messageId")


def pointer(answer: httpx.Response) -> str:
    assert refusal(answer)[:2] == (400, "invalid_request"), answer.text
    return str(answer.json()["errors"][0]["pointer"])


def texts(harness: Harness) -> dict[str, str]:
    """From now on, the text the vendor is given, by the message's id."""
    transport: Any = harness.here.transport
    exchange, given = transport.exchange, {}

    async def listen(provider: Provider, request: VendorRequest) -> VendorAnswer:
        fields = parse_qs(request.body.decode())
        if "message" in fields:
            given[f"msg_{fields['clientTag'][0][:26]}"] = fields["message"][0]
        answer: VendorAnswer = await exchange(provider, request)
        return answer

    transport.exchange = listen
    return given


# Changing


@each("seconds", [30 * 60, 5 * HOUR])
async def test_it_is_sent_at_the_other_time_and_at_no_other(harness: Harness, seconds: float) -> None:
    made = await reserved(harness)
    harness.dispatch()
    moment = ahead(harness, seconds)
    told = await changed(harness, made["id"], sendAt=moment)
    expires = ahead(harness, seconds + 24 * HOUR)
    moved = {"sendAt": moment, "cancelableUntil": moment, "expiresAt": expires}
    assert told == made | moved | {"updatedAt": told["updatedAt"]}
    read = (await harness.api.get(f"/reservations/{made['id']}")).json()
    assert [event.get("detail") for event in read.pop("events")] == [None, "changed: sendAt"]
    assert read == told
    await advance(harness, seconds - 10)
    await harness.until(await harness.sent(), "delivered")
    assert (await harness.read(made["id"]))["status"] == "scheduled"
    await advance(harness, 10)
    await harness.until(made["id"], "delivered")
    assert sorted(harness.vendor.requests.values()) == [1, 1]


@each("seconds", [-1, 0, 90 * DAY + 60])
async def test_no_time_is_taken_that_a_new_one_could_not_have(harness: Harness, seconds: float) -> None:
    made = await reserved(harness)
    assert pointer(await patch(harness, made["id"], sendAt=ahead(harness, seconds), text="Other")) == "/sendAt"
    read = await harness.read(made["id"])
    assert {name: read[name] for name in made} == made


async def test_an_expiry_that_was_given_stays(harness: Harness) -> None:
    expires = ahead(harness, 3 * HOUR)
    made = await reserved(harness, expiresAt=expires)
    assert (await changed(harness, made["id"], sendAt=ahead(harness, 2 * HOUR)))["expiresAt"] == expires
    for seconds in (3 * HOUR, 4 * HOUR):
        assert pointer(await patch(harness, made["id"], sendAt=ahead(harness, seconds))) == "/sendAt"
    assert (await changed(harness, made["id"], text="Other"))["sendAt"] == ahead(harness, 2 * HOUR)


async def test_a_text_is_measured_anew_and_sent(harness: Harness) -> None:
    given = texts(harness)
    made = await reserved(harness)
    told = await changed(harness, made["id"], text="あ" * 71)
    assert told["segments"] == {"encoding": "ucs2", "characters": 71, "count": 2}
    assert (told["text"], told["sendAt"], told["expiresAt"]) == ("あ" * 71, made["sendAt"], made["expiresAt"])
    harness.dispatch()
    await advance(harness, HOUR)
    await harness.until(made["id"], "delivered")
    assert given == {made["id"]: "あ" * 71}


@each(("pinned", "code"), [(MISSING, "no_route"), ("main", "unsupported")])
async def test_a_text_that_nobody_carries_is_refused(harness: Harness, pinned: Any, code: str) -> None:
    made = await reserved(harness, provider=pinned)
    answer = await patch(harness, made["id"], text="a" * 661, sendAt=ahead(harness, 2 * HOUR))
    assert refusal(answer)[:2] == (422, code)
    assert answer.json()["errors"][0]["pointer"] == "/text"
    assert (await changed(harness, made["id"], sendAt=made["sendAt"])) == made


@once
async def test_a_text_takes_the_place_of_a_template(reopen: Any, open_pair: OpenPair) -> None:
    harness = await reopen(WELCOME)
    made = await reserved(harness, text=MISSING, template={"id": "welcome", "values": {"name": "Hanako"}})
    assert made["text"] == "Hello Hanako"
    assert (await changed(harness, made["id"], text="Bye"))["text"] == "Bye"
    pair = await open_pair()
    kept = await reserved(pair.harness, text=MISSING, template={"id": "1"}, provider="media")
    assert (kept["template"], kept["text"], "segments" in kept) == ({"id": "1"}, "", False)
    told = await changed(pair.harness, kept["id"], text="Bye")
    assert (told["text"], told["segments"]["count"], "template" in told) == ("Bye", 1, False)


@once
async def test_the_text_decides_anew_who_sends_it(open_pair: OpenPair) -> None:
    pair = await open_pair('[[routes]]\nproviders = ["media", "main"]\n')
    made = await reserved(pair.harness)
    assert made["provider"] == "media"
    for text, provider in (("あ" * 71, "main"), ("Short", "media"), ("あ" * 72, "main")):
        assert (await changed(pair.harness, made["id"], text=text))["provider"] == provider
    pair.harness.dispatch()
    await advance(pair.harness, HOUR)
    assert (await pair.harness.until(made["id"], "delivered"))["provider"] == "main"
    assert pair.at_vendors(made["id"]) == ["main"]


BROKEN: list[tuple[str, object]] = [
    *(("", body) for body in ({}, [], "text", 5)),
    *(("/sendAt", {"sendAt": value}) for value in (None, 5, "", "tomorrow", "2099-01-01T00:00:00")),
    ("/sendAt", {"sendAt": "0001-01-01T00:00:00+14:00"}),
    *(("/text", {"text": value}) for value in (None, 5, "", "a" * 2001)),
    *((f"/{name}", {name: "a", "text": "a"}) for name in ("to", "heldBy", "expiresAt", "groupTag", "sendat", "status")),
]


@once
@each(("place", "body"), BROKEN)
async def test_a_change_that_is_none_is_pointed_at(harness: Harness, place: str, body: object) -> None:
    made = await reserved(harness)
    assert pointer(await harness.api.patch(f"/reservations/{made['id']}", json=body)) == place
    assert (await harness.read(made["id"]))["updatedAt"] == made["updatedAt"]


async def test_the_same_change_again_changes_nothing(harness: Harness) -> None:
    made = await reserved(harness)
    assert await changed(harness, made["id"], sendAt=made["sendAt"], text="Hello") == made
    change = {"sendAt": ahead(harness, 2 * HOUR), "text": "Other"}
    told = await changed(harness, made["id"], **change)
    assert await changed(harness, made["id"], **change) == told
    assert await changed(harness, made["id"], text="Other") == told
    events = (await harness.read(made["id"]))["events"]
    assert [event.get("detail") for event in events] == [None, "changed: sendAt and text"]


@each("how", ["sent", "canceled", "queued"])
async def test_what_waits_no_more_is_not_changed(harness: Harness, how: str) -> None:
    id_ = (await reserved(harness))["id"]
    if how == "canceled":
        await harness.api.delete(f"/reservations/{id_}")
    else:
        if how == "queued":
            await harness.api.post("/providers/main/pause", headers=ADMIN)
        harness.dispatch()
        await advance(harness, HOUR)
        await harness.until(id_, "delivered" if how == "sent" else "queued")
    before = await harness.read(id_)
    for change in ({"text": "Other"}, {"sendAt": ahead(harness, 2 * HOUR)}, {"text": "Hello"}):
        assert refusal(await patch(harness, id_, **change)) == (409, "not_changeable", id_)
    assert await harness.read(id_) == before


async def test_two_changes_at_once_both_hold(harness: Harness) -> None:
    ids = await many(harness, 20)
    later = ahead(harness, 2 * HOUR)
    for id_ in ids:
        answers = await asyncio.gather(
            patch(harness, id_, sendAt=later), patch(harness, id_, text="Other"), patch(harness, id_, sendAt=later)
        )
        assert [answer.status_code for answer in answers] == [200] * 3
        message = await harness.read(id_)
        assert (message["sendAt"], message["text"]) == (later, "Other")
        assert len(message["events"]) == 3


async def test_a_change_against_the_release_has_one_winner(harness: Harness) -> None:
    given = texts(harness)
    ids = await many(harness, 80)
    later = ahead(harness, 5 * HOUR)
    await almost_due(harness, ids[0])
    answers: dict[str, httpx.Response] = {}
    for place, id_ in enumerate(reversed(ids)):
        answers[id_] = await patch(harness, id_, **({"sendAt": later} if place % 2 else {"text": "Other"}))
        await asyncio.sleep(0.004)
    won = {id_ for id_, answer in answers.items() if answer.status_code == 200}
    assert {refusal(answers[id_])[:2] for id_ in {*ids} - won} <= {(409, "not_changeable")}
    moved = {id_ for id_ in won if answers[id_].json()["sendAt"] == later}
    for id_ in ids:
        await harness.until(id_, "scheduled" if id_ in moved else "delivered")
    assert given == {id_: "Other" if id_ in won else "Hello" for id_ in ids if id_ not in moved}
    await advance(harness, 4 * HOUR)
    for id_ in moved:
        await harness.until(id_, "delivered")
    assert Counter(harness.vendor.requests.values()) == {1: len(ids)}


# Canceling one


@each("way", ["DELETE", "POST"])
async def test_what_is_canceled_is_never_sent(harness: Harness, way: str) -> None:
    made = await reserved(harness)
    id_ = made["id"]
    path = f"/reservations/{id_}" if way == "DELETE" else f"/messages/{id_}/cancel"
    answer = await harness.api.request(way, path)
    told = answer.json()
    assert answer.status_code == 200
    assert told == made | {"status": "canceled", "final": True, "cancelableUntil": None, "updatedAt": told["updatedAt"]}
    for again in (("DELETE", f"/reservations/{id_}"), ("POST", f"/messages/{id_}/cancel")):
        assert refusal(await harness.api.request(*again)) == (409, "not_cancelable", id_)
    harness.dispatch()
    await advance(harness, 2 * HOUR)
    await harness.until(await harness.sent(), "delivered")
    assert (await harness.read(id_))["status"] == "canceled"
    assert harness.vendor.requests.total() == 1


async def test_what_is_due_and_has_not_left_is_canceled(harness: Harness) -> None:
    id_ = (await reserved(harness))["id"]
    await harness.api.post("/providers/main/pause", headers=ADMIN)
    harness.dispatch()
    await advance(harness, HOUR)
    await harness.until(id_, "queued")
    assert (await harness.api.delete(f"/reservations/{id_}")).json()["status"] == "canceled"
    await harness.api.post("/providers/main/resume", headers=ADMIN)
    await harness.until(await harness.sent(), "delivered")
    assert harness.vendor.requests.total() == 1


async def test_of_those_due_together_each_is_sent_or_canceled(harness: Harness) -> None:
    ids = await many(harness, 200)
    await almost_due(harness, ids[0])
    answers: dict[str, httpx.Response] = {}
    for id_ in ids[::2]:
        answers[id_] = await harness.api.delete(f"/reservations/{id_}")
        await asyncio.sleep(0.003)
    gone = {id_ for id_, answer in answers.items() if answer.status_code == 200}
    assert {refusal(answers[id_])[:2] for id_ in answers.keys() - gone} <= {(409, "not_cancelable")}
    for id_ in ids:
        await harness.until(id_, "canceled" if id_ in gone else "delivered", seconds=20)
    assert {f"msg_{reference[:26]}" for reference in harness.vendor.requests} == {*ids} - gone
    assert set(harness.vendor.requests.values()) <= {1}


# Canceling many


async def cancel_many(harness: Harness, body: object, key: str | None = None) -> httpx.Response:
    return await harness.api.post("/reservations/cancel", json=body, headers={"Idempotency-Key": key} if key else {})


async def standing(harness: Harness, ids: list[str]) -> str:
    """Of each whether it waits (w) or is canceled (c)."""
    found = [(await harness.read(id_))["status"] for id_ in ids]
    return "".join({"scheduled": "w", "canceled": "c"}[status] for status in found)


FITS = [
    ({"groupTag": "g"}, "cwcw"),
    ({"groupTag": "G"}, "wwww"),
    ({"from": 2}, "wccc"),
    ({"to": 2}, "cwww"),
    ({"from": 2, "to": 4}, "wccw"),
    ({"from": 4, "to": 2}, "wwww"),
    ({"groupTag": "g", "from": 2}, "wwcw"),
    ({"groupTag": "h", "from": 1, "to": 4}, "wcww"),
    ({"all": True}, "cccc"),
    ({"all": True, "groupTag": "h"}, "wcwc"),
    ({"all": False, "groupTag": "h"}, "wcwc"),
    ({"all": True, "to": 1}, "wwww"),
]


@each(("body", "expected"), FITS)
async def test_all_that_fit_are_canceled_and_no_others(harness: Harness, body: Any, expected: str) -> None:
    times = [ahead(harness, HOUR * hours) for hours in range(5)]
    ids = []
    for hours, group in ((1, "g"), (2, "h"), (3, "g"), (4, "h")):
        ids.append((await reserved(harness, sendAt=times[hours], groupTag=group))["id"])
    theirs = {"to": "+819012345678", "text": "Hello", "sendAt": times[2], "groupTag": "g"}
    await harness.api.post("/reservations", json=theirs, headers=OTHER)
    now = await harness.sent(groupTag="g")
    asked = {name: times[value] if name in ("from", "to") else value for name, value in body.items()}
    answer = await cancel_many(harness, asked)
    assert (answer.status_code, answer.json()) == (200, {"canceled": expected.count("c"), "failed": []})
    assert await standing(harness, ids) == expected
    assert (await cancel_many(harness, asked)).json() == {"canceled": 0, "failed": []}
    assert len((await harness.api.get("/reservations", headers=OTHER)).json()["items"]) == 1
    assert (await harness.read(now))["status"] == "queued"


@each("at_once", [1, 4])
async def test_the_count_is_exact_and_a_repeat_answers_it(harness: Harness, at_once: int) -> None:
    ids = [id_ for each in await asyncio.gather(*(many(harness, 50, groupTag="g") for _ in range(6))) for id_ in each]
    sent = (await reserved(harness, 60, groupTag="g"))["id"]
    harness.dispatch()
    await advance(harness, 60)
    await harness.until(sent, "delivered")
    for id_ in ids[:7]:
        await harness.api.delete(f"/reservations/{id_}")
    first, *others = await asyncio.gather(*(cancel_many(harness, {"groupTag": "g"}, "k") for _ in range(at_once)))
    assert (first.status_code, first.json()) == (200, {"canceled": 293, "failed": []})
    assert [other.json() for other in others] == [first.json()] * (at_once - 1)
    new = (await reserved(harness, groupTag="g"))["id"]
    repeat = await cancel_many(harness, {"groupTag": "g"}, "k")
    assert (repeat.status_code, repeat.content) == (200, first.content)
    assert repeat.headers["idempotency-replayed"] == "true"
    assert refusal(await cancel_many(harness, {"all": True}, "k"))[:2] == (422, "idempotency_key_reused")
    assert await standing(harness, [new]) == "w"
    assert (await cancel_many(harness, {"groupTag": "g"}, "other")).json()["canceled"] == 1
    assert (await harness.api.get("/reservations")).json()["items"] == []


async def test_canceling_all_against_the_release_tells_how_many(harness: Harness) -> None:
    ids = await many(harness, 200)
    await almost_due(harness, ids[0])
    await eventually(lambda: harness.vendor.requests.total() > 10)
    answer = await cancel_many(harness, {"all": True})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    counts: Counter[str] = Counter()
    for id_ in ids:
        counts[(await harness.until(id_, "canceled", "delivered", seconds=20))["status"]] += 1
    assert counts["canceled"] == told["canceled"]
    assert harness.vendor.requests.total() == counts["delivered"] == 200 - told["canceled"]
    assert {failed["problem"]["code"] for failed in told["failed"]} <= {"not_cancelable"}
