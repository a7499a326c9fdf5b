"""Reservations made and read: what is taken, what is refused, who may, and that a repeat is a repeat."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests import pair as pairs
from tests.harness import ADMIN_KEY, OTHER_KEY, READ_KEY, Harness, advance
from tests.pair import OpenPair, Pair

pytestmark = pytest.mark.anyio
open_pair, pair = pairs.open_pair, pairs.pair
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
"""For what has nothing to do with the store."""

OTHER, ADMIN, READ = ({"Authorization": f"Bearer {key}"} for key in (OTHER_KEY, ADMIN_KEY, READ_KEY))
BODY: dict[str, Any] = {"to": "+819012345678", "text": "Hello"}
HOUR, DAY = 3600, 86_400
FIELDS = {
    *("id", "status", "final", "to", "text", "sendAt", "heldBy", "cancelableUntil", "expiresAt", "priority"),
    *("provider", "segments", "reason", "createdAt", "updatedAt"),
}
"""Of a reservation that was given nothing more than a number, a text and a time."""
PATHS = ["/reservations", "/messages"]
each_path = each("path", PATHS)


def at(harness: Harness, seconds: float) -> datetime:
    """A moment to come, from the gateway's clock in whole seconds."""
    return datetime.fromtimestamp(harness.here.store.clock.now() // 1000, UTC) + timedelta(seconds=seconds)


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def ahead(harness: Harness, seconds: float = HOUR) -> str:
    return written(at(harness, seconds))


async def post(harness: Harness, body: object, path: str = PATHS[0], **headers: str) -> httpx.Response:
    return await harness.api.post(path, json=body, headers=headers)


async def reserved(harness: Harness, seconds: float = HOUR, **more: Any) -> dict[str, Any]:
    answer = await post(harness, BODY | {"sendAt": ahead(harness, seconds)} | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def count(harness: Harness) -> int:
    return len((await harness.api.get("/messages?limit=100")).json()["items"])


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def pointer(answer: httpx.Response) -> str:
    assert refusal(answer) == (400, "invalid_request"), answer.text
    return str(answer.json()["errors"][0]["pointer"])


@each_path
async def test_it_is_answered_as_it_is_kept(harness: Harness, path: str) -> None:
    send_at = at(harness, HOUR)
    body = BODY | {"sendAt": written(send_at)}
    answer = await asyncio.wait_for(post(harness, body, path, Prefer="wait=30"), 5)
    told = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/reservations/{told['id']}")
    assert "idempotency-replayed" not in answer.headers
    assert told.keys() == FIELDS
    assert (told["status"], told["final"], told["heldBy"]) == ("scheduled", False, "gateway")
    assert told["sendAt"] == told["cancelableUntil"] == written(send_at)
    assert told["expiresAt"] == written(send_at + timedelta(hours=24))
    for place in PATHS:
        read = (await harness.api.get(f"{place}/{told['id']}")).json()
        [event] = read.pop("events")
        assert read == told
        assert event == {"at": told["createdAt"], "status": "scheduled", "provider": "main"}


@each_path
async def test_what_was_given_is_answered(harness: Harness, path: str) -> None:
    given = BODY | {"from": "80013", "clientTag": "t", "groupTag": "g", "priority": "high", "provider": "main"}
    given |= {"carrier": "docomo", "metadata": {"a": "1"}, "sendAt": ahead(harness), "heldBy": "gateway"}
    given |= {"expiresAt": ahead(harness, 2 * HOUR)}
    told = (await post(harness, given, path)).json()
    assert told.keys() == FIELDS | given.keys()
    assert {name: told[name] for name in given} == given


@once
@each("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "Europe/Berlin", "America/St_Johns"])
async def test_a_time_may_be_written_with_any_offset(harness: Harness, zone: str) -> None:
    moment = at(harness, 3 * HOUR + 0.123)
    told = await reserved(harness, sendAt=moment.astimezone(ZoneInfo(zone)).isoformat())
    assert datetime.fromisoformat(told["sendAt"]) == moment


async def test_an_hour_that_clocks_show_twice_is_two_hours(harness: Harness) -> None:
    eve = datetime(2035, 10, 27, 12, tzinfo=UTC)
    await advance(harness, eve.timestamp() - harness.here.store.clock.now() / 1000)
    harness.dispatch()
    first, second = [
        (await reserved(harness, sendAt=f"2035-10-28T02:30:00{offset}"))["id"] for offset in ("+02:00", "+01:00")
    ]
    await advance(harness, 13 * HOUR)
    await harness.until(first, "delivered")
    assert (await harness.read(second))["status"] == "scheduled"
    await advance(harness, HOUR)
    await harness.until(second, "delivered")


MISSING = object()
REFUSED: list[tuple[str, dict[str, Any]]] = [
    *(("/sendAt", {"sendAt": value}) for value in (MISSING, None, 0, "", "tomorrow", 1_900_000_000, "2099-01-01")),
    *(("/sendAt", {"sendAt": value}) for value in ("2020-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00")),
    *(("/sendAt", {"sendAt": value}) for value in ("2099-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00")),
    *(("/sendAt", {"sendAt": seconds}) for seconds in (-1.0, 0.0, 90.0 * DAY + 60)),
    *(("/expiresAt", {"expiresAt": seconds}) for seconds in (0.5 * HOUR, 1.0 * HOUR, 91.0 * DAY)),
    ("/expiresAt", {"expiresAt": "2020-01-01T00:00:00Z"}),
    ("/sendat", {"sendat": "2099-01-01T00:00:00Z"}),
    ("/cancelableUntil", {"cancelableUntil": 1.0 * HOUR}),
    ("/heldBy", {"heldBy": "vendor"}),
    ("/heldBy", {"heldBy": None}),
    ("/text", {"text": ""}),
    ("/text", {"template": {"id": "a"}}),
    ("/text", {"text": MISSING}),
    ("/to", {"to": "12"}),
    ("/to", {"to": MISSING}),
    ("/provider", {"provider": "nobody"}),
]


@once
@each(("place", "change"), REFUSED)
async def test_what_cannot_be_reserved_is_pointed_at(harness: Harness, place: str, change: dict[str, Any]) -> None:
    body = BODY | {"sendAt": ahead(harness), **change}
    body = {
        name: ahead(harness, value) if isinstance(value, float) else value
        for name, value in body.items()
        if value is not MISSING
    }
    assert pointer(await post(harness, body)) == place
    if "sendAt" in body:
        assert pointer(await post(harness, body, "/messages")) == place
    assert await count(harness) == 0


async def test_ninety_days_ahead_is_not_too_far(harness: Harness) -> None:
    told = await reserved(harness, 90 * DAY)
    await advance(harness, 90 * DAY - 60)
    assert (await harness.api.get(f"/reservations/{told['id']}")).json()["status"] == "scheduled"
    harness.dispatch()
    await advance(harness, 60)
    await harness.until(told["id"], "delivered")
    assert harness.vendor.requests.total() == 1


NONE_SAID: list[tuple[str, object]] = [
    *(("", body) for body in ({}, {"all": False}, [], "all", True)),
    *(("/all", {"all": value}) for value in (None, "true", 1)),
    *(("/groupTag", {"groupTag": value, "all": True}) for value in (None, "", 5, "a" * 201)),
    *(("/from", {"from": value, "all": True}) for value in (None, "", 5, "2026-11-20", "2026-11-20T00:00:00")),
    *((f"/{name}", {name: "a", "all": True}) for name in ("clientTag", "date", "grouptag", "begins", "client")),
]


@once
@each(("place", "body"), NONE_SAID)
async def test_nobody_cancels_everything_by_accident(harness: Harness, place: str, body: object) -> None:
    id_ = (await reserved(harness))["id"]
    assert pointer(await post(harness, body, "/reservations/cancel")) == place
    for path, status in (("", 415), ("?all=true", 400)):
        assert (await harness.api.post(f"/reservations/cancel{path}")).status_code == status
    assert (await harness.read(id_))["status"] == "scheduled"


# Repeats


@each("second", PATHS)
@each("first", PATHS)
async def test_a_tag_is_one_at_both_paths(harness: Harness, first: str, second: str) -> None:
    send_at = at(harness, HOUR)
    body = BODY | {"clientTag": "a", "sendAt": written(send_at)}
    made = await post(harness, body, first)
    elsewhere = {"sendAt": send_at.astimezone(ZoneInfo("Asia/Kathmandu")).isoformat(), "to": "090-1234-5678"}
    repeat = await post(harness, body | elsewhere, second)
    assert (repeat.status_code, repeat.json(), repeat.headers["location"]) == (
        201,
        made.json(),
        made.headers["location"],
    )
    assert repeat.headers["idempotency-replayed"] == "true"
    for change in ({"text": "Other"}, {"sendAt": ahead(harness, HOUR + 1)}, {"heldBy": "gateway"}):
        conflict = await post(harness, body | change, second)
        assert refusal(conflict) == (409, "duplicate_client_tag")
        assert conflict.json()["messageId"] == made.json()["id"]
    assert await count(harness) == 1


async def test_a_key_counts_for_its_path(harness: Harness) -> None:
    body, key = BODY | {"sendAt": ahead(harness)}, {"Idempotency-Key": "k"}
    here, there = [(await post(harness, body, path, **key)).json()["id"] for path in PATHS]
    assert here != there
    for path, id_ in zip(PATHS, (here, there), strict=True):
        repeat = await post(harness, body, path, **key)
        assert (repeat.status_code, repeat.json()["id"]) == (201, id_)
        assert repeat.headers["idempotency-replayed"] == "true"
        conflict = await post(harness, body | {"text": "Other"}, path, **key)
        assert refusal(conflict) == (422, "idempotency_key_reused")
        assert conflict.json()["messageId"] == id_
    assert await count(harness) == 2


async def test_a_tag_and_a_key_of_two_reservations_are_torn(harness: Harness) -> None:
    body = BODY | {"sendAt": ahead(harness)}
    await post(harness, body, **{"Idempotency-Key": "k"})
    await post(harness, body | {"clientTag": "a"})
    torn = await post(harness, body | {"clientTag": "a"}, **{"Idempotency-Key": "k"})
    assert refusal(torn) == (409, "duplicate_client_tag")


@each_path
@each("claim", ["tag", "key"])
async def test_a_repeat_is_never_too_late(harness: Harness, claim: str, path: str) -> None:
    body = BODY | {"sendAt": ahead(harness)} | ({"clientTag": "a"} if claim == "tag" else {})
    headers = {"Idempotency-Key": "k"} if claim == "key" else {}

    async def repeat() -> dict[str, Any]:
        answer = await post(harness, body, path, **headers)
        assert (answer.status_code, answer.headers["idempotency-replayed"]) == (201, "true"), answer.text
        assert answer.headers["location"] == f"/reservations/{id_}"
        assert answer.json()["id"] == id_
        return dict(answer.json())

    id_ = (await post(harness, body, path, **headers)).json()["id"]
    later = {"sendAt": ahead(harness, 2 * HOUR), "text": "Other"}
    assert (await harness.api.patch(f"/reservations/{id_}", json=later)).status_code == 200
    told = await repeat()
    assert (told["status"], told["sendAt"], told["text"]) == ("scheduled", later["sendAt"], "Other")
    await advance(harness, 1.5 * HOUR)
    assert (await repeat())["status"] == "scheduled"
    harness.dispatch()
    await advance(harness, 0.5 * HOUR)
    await harness.until(id_, "delivered")
    assert (await repeat())["status"] == "delivered"
    assert harness.vendor.requests.total() == await count(harness) == 1


async def test_a_repeat_of_what_was_canceled_makes_no_other(harness: Harness) -> None:
    body = BODY | {"sendAt": ahead(harness), "clientTag": "a"}
    id_ = (await post(harness, body)).json()["id"]
    await harness.api.delete(f"/reservations/{id_}")
    repeat = await post(harness, body)
    assert (repeat.status_code, repeat.json()["id"], repeat.json()["status"]) == (201, id_, "canceled")


async def test_a_hundred_equal_requests_at_once_make_one(harness: Harness) -> None:
    body = BODY | {"sendAt": ahead(harness), "clientTag": "a"}
    answers = await asyncio.gather(*(post(harness, body, PATHS[number % 2]) for number in range(100)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len((await harness.api.get("/reservations?limit=100")).json()["items"]) == 1


@once
async def test_a_refused_one_claims_nothing(harness: Harness) -> None:
    body, key = BODY | {"clientTag": "a"}, {"Idempotency-Key": "k"}
    await post(harness, body | {"sendAt": "2020-01-01T00:00:00Z"}, **key)
    made = await post(harness, body | {"sendAt": ahead(harness)}, **key)
    assert (made.status_code, "idempotency-replayed" in made.headers) == (201, False)


# Reading


async def test_it_is_read_also_after_its_time(harness: Harness) -> None:
    id_ = (await reserved(harness))["id"]
    harness.dispatch()
    await advance(harness, HOUR)
    sent = await harness.until(id_, "delivered")
    assert (await harness.api.get(f"/reservations/{id_}")).json() == sent
    assert (sent["heldBy"], sent["cancelableUntil"]) == ("gateway", None)


@once
async def test_head_tells_what_get_would(harness: Harness) -> None:
    id_ = (await reserved(harness))["id"]
    for path, status in ((f"/reservations/{id_}", 200), ("/reservations/nothing", 404), ("/reservations", 200)):
        head, get = await harness.api.head(path), await harness.api.get(path)
        assert (head.status_code, head.content, get.status_code) == (status, b"", status)
        assert head.headers["content-length"] == str(len(get.content))


@once
@each("absent", ["another client's", "no reservation", "no id", "msg_" + "0" * 26, "bat_" + "0" * 26, "%00"])
async def test_what_is_not_this_client_s_reservation_is_absent(harness: Harness, absent: str) -> None:
    mine = await reserved(harness)
    id_, key = absent, {}
    if absent == "another client's":
        id_, key = mine["id"], OTHER
    elif absent == "no reservation":
        id_ = await harness.sent()
    answers = [
        await harness.api.get(f"/reservations/{id_}", headers=key),
        await harness.api.patch(f"/reservations/{id_}", json={"text": "Other"}, headers=key),
        await harness.api.delete(f"/reservations/{id_}", headers=key),
    ]
    assert [refusal(answer) for answer in answers] == [(404, "not_found")] * 3
    assert (await harness.api.head(f"/reservations/{id_}", headers=key)).status_code == 404
    assert (await harness.read(mine["id"]))["updatedAt"] == mine["updatedAt"]


@once
async def test_an_admin_reads_another_client_s_by_name_and_changes_none(harness: Harness) -> None:
    theirs = (await post(harness, BODY | {"sendAt": ahead(harness)}, **OTHER)).json()["id"]
    for query, key, status in (
        *(("", ADMIN, 404), ("?client=shop", ADMIN, 404), ("?client=other", ADMIN, 200)),
        *(("?client=other", READ, 403), ("?client=other", OTHER, 200), ("?refresh=true", OTHER, 400)),
    ):
        assert (await harness.api.get(f"/reservations/{theirs}{query}", headers=key)).status_code == status
    for query, status in (("", 404), ("?client=other", 400)):
        path = f"/reservations/{theirs}{query}"
        assert (await harness.api.delete(path, headers=ADMIN)).status_code == status
        assert (await harness.api.patch(path, json={"text": "a"}, headers=ADMIN)).status_code == status


@once
async def test_a_key_that_may_only_read_changes_nothing(harness: Harness) -> None:
    id_ = (await reserved(harness))["id"]
    for key, told in ((READ, (403, "forbidden")), ({"Authorization": ""}, (401, "unauthorized"))):
        for method, path, body in (
            ("POST", "/reservations", BODY | {"sendAt": ahead(harness)}),
            ("PATCH", f"/reservations/{id_}", {"text": "Other"}),
            ("DELETE", f"/reservations/{id_}", None),
            ("POST", "/reservations/cancel", {"all": True}),
        ):
            assert refusal(await harness.api.request(method, path, json=body, headers=key)) == told
    for path in ("/reservations", f"/reservations/{id_}"):
        assert (await harness.api.get(path, headers=READ)).status_code == 200
    assert (await harness.read(id_))["status"] == "scheduled"


@once
async def test_a_client_s_rate_counts_them(harness: Harness) -> None:
    slow = {"Authorization": "Bearer slow"}
    answers = [await post(harness, BODY | {"sendAt": ahead(harness, HOUR + n)}, **slow) for n in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert (answers[0].headers["ratelimit-policy"], answers[2].headers["retry-after"]) == ('"messages";q=2;w=1', "1")


# Who keeps it


@once
async def test_where_no_provider_keeps_any_it_is_said(open_pair: OpenPair) -> None:
    pair = await open_pair('[[routes]]\nproviders = ["media"]\n')
    body = BODY | {"sendAt": ahead(pair.harness), "heldBy": "provider"}
    for more, named in (({}, None), ({"provider": "media"}, "media")):
        for path in PATHS:
            answer = await post(pair.harness, body | more, path)
            assert refusal(answer) == (422, "unsupported")
            assert answer.json().get("provider") == named
            [error] = answer.json()["errors"]
            assert (error["pointer"], error["detail"].partition(":")[0]) == ("/heldBy", "media")
    assert await count(pair.harness) == 0
    assert (await reserved(pair.harness, heldBy="gateway"))["heldBy"] == "gateway"


@once
async def test_a_provider_tells_how_it_keeps_them(pair: Pair) -> None:
    providers = (await pair.harness.api.get("/providers")).json()["items"]
    told = {each["name"]: each["capabilities"].get("reservations") for each in providers}
    assert told == {"main": {"secondsAhead": 0, "wholeSeconds": 60, "cancelable": True}, "media": None}
