"""A repeat is a repeat: by clientTag, by Idempotency-Key, late, misspelt, or a hundred at once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
import redis

from tests.harness import OTHER_KEY, Harness, advance

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
"""For what has nothing to do with the store."""

GOOD: dict[str, Any] = {"to": "+819012345678", "text": "Hello"}
OTHER = {"Authorization": f"Bearer {OTHER_KEY}"}
SLOW = {"Authorization": "Bearer slow"}
HOUR = 3600


def ahead(harness: Harness, seconds: float) -> str:
    """A moment to come by the gateway's clock."""
    return datetime.fromtimestamp(harness.here.store.clock.now() // 1000 + seconds, UTC).isoformat()


async def post(harness: Harness, body: dict[str, Any], key: str | None = None, **headers: str) -> httpx.Response:
    if key is not None:
        headers["Idempotency-Key"] = key
    return await harness.api.post("/messages", json=body, headers=headers)


def replayed(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("idempotency-replayed") == "true")


def assert_replay(first: httpx.Response, repeat: httpx.Response) -> None:
    """The same message under the first status code, and told to be a replay."""
    assert repeat.status_code == first.status_code, repeat.text
    assert repeat.json()["id"] == first.json()["id"]
    assert repeat.headers["location"] == first.headers["location"]
    assert (replayed(first), replayed(repeat)) == (False, True)


def assert_conflict(first: httpx.Response, repeat: httpx.Response, status: int = 409) -> None:
    code = {409: "duplicate_client_tag", 422: "idempotency_key_reused"}[status]
    assert (repeat.status_code, repeat.json()["code"]) == (status, code), repeat.text
    assert repeat.json()["messageId"] == first.json()["id"]
    assert not replayed(repeat)


async def accepted(harness: Harness, **headers: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await harness.api.get("/messages?limit=100", headers=headers)).json()["items"]
    return items


@each("claim", ["tag", "key", "both"])
async def test_a_repeat_is_answered_with_the_first_message_as_it_stands(harness: Harness, claim: str) -> None:
    body = GOOD | ({} if claim == "key" else {"clientTag": "a"})
    key = None if claim == "tag" else "k"
    first = await post(harness, body, key)
    assert_replay(first, await post(harness, body, key))
    harness.dispatch()
    await harness.until(first.json()["id"], "delivered")
    late = await post(harness, body, key)
    assert_replay(first, late)
    assert (late.status_code, late.json()["status"]) == (202, "delivered")
    assert len(harness.vendor.accepted) == len(await accepted(harness)) == 1


@each(
    "spelling",
    [
        lambda body: json.dumps(body | {"to": "09012345678"}),
        lambda body: json.dumps(body | {"to": "090-1234-5678"}),
        lambda body: json.dumps(body | {"to": "+81 90 1234 5678"}),
        lambda body: json.dumps(body | {"to": "０９０−１２３４−５６７８"}),
        lambda body: json.dumps(body | {name: elsewhere(body[name], 9) for name in ("sendAt", "expiresAt")}),
        lambda body: json.dumps(body | {name: elsewhere(body[name], -3.5) for name in ("sendAt", "expiresAt")}),
        lambda body: json.dumps(body | {"sendAt": body["sendAt"].replace("+00:00", ".000Z")}),
        lambda body: json.dumps(dict(reversed(body.items())), indent=7),
        lambda body: json.dumps(body | {"metadata": {"b": "2", "a": "1"}}, ensure_ascii=False),
        lambda body: "".join(f"\\u{ord(c):04x}" if c.isalpha() and c > "z" else c for c in json.dumps(body)),
        lambda body: json.dumps(body).replace("Gr", "\\u0047\\u0072"),
    ],
)
@once
async def test_another_spelling_of_the_same_content_is_a_repeat(harness: Harness, spelling: Any) -> None:
    body = {
        "to": "+819012345678",
        "text": "Grüße aus 東京 😀",
        "clientTag": "a",
        "sendAt": ahead(harness, HOUR),
        "expiresAt": ahead(harness, 2 * HOUR),
        "metadata": {"a": "1", "b": "2"},
    }
    first = await post(harness, body)
    assert first.status_code == 201
    content = spelling(body).encode()
    repeat = await harness.api.post("/messages", content=content, headers={"Content-Type": "application/json"})
    assert_replay(first, repeat)


def elsewhere(moment: str, hours: float) -> str:
    return datetime.fromisoformat(moment).astimezone(timezone(timedelta(hours=hours))).isoformat()


CHANGES: list[dict[str, Any]] = [
    {"text": "hello"},
    {"text": "Hello "},
    {"to": "+819012345679"},
    {"groupTag": "g"},
    {"carrier": "docomo"},
    {"expiresAt": "2099-01-01T00:00:00Z"},
    {"sendAt": "2099-01-01T00:00:00Z"},
    {"provider": "nobody"},
    # What would have been the default was not given before.
    {"priority": "normal"},
    {"duplicateRisk": "avoid"},
    {"metadata": {}},
    {"options": {}},
    {"provider": "main"},
    {"from": "80013"},
]


@once
@each("change", CHANGES)
async def test_other_content_is_a_conflict(harness: Harness, change: dict[str, Any]) -> None:
    tagged, keyed = await post(harness, GOOD | {"clientTag": "a"}), await post(harness, GOOD, "k")
    conflict = await post(harness, GOOD | {"clientTag": "a"} | change)
    assert_conflict(tagged, conflict)
    assert [error["pointer"] for error in conflict.json()["errors"]] == ["/clientTag"]
    assert_conflict(keyed, await post(harness, GOOD | change, "k"), 422)
    assert len(await accepted(harness)) == 2


@once
async def test_template_values_that_were_not_given_are_other_content(reopen: Any) -> None:
    harness = await reopen('[templates.bye]\ntext = "Bye"')
    first = await post(harness, {"to": GOOD["to"], "clientTag": "a", "template": {"id": "bye"}})
    again = await post(harness, {"to": GOOD["to"], "clientTag": "a", "template": {"id": "bye", "values": {}}})
    assert_conflict(first, again)


@each("headers", [OTHER, SLOW])
async def test_tags_and_keys_belong_to_one_client(harness: Harness, headers: dict[str, str]) -> None:
    mine, theirs = GOOD | {"clientTag": "a"}, GOOD | {"clientTag": "a", "text": "Other"}
    answers = [await post(harness, mine, "k"), await post(harness, theirs, "k", **headers)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert not any(map(replayed, answers))
    assert_replay(answers[1], await post(harness, theirs, "k", **headers))


@once
@each("key", ["", "k" * 256, "日本", "a\tb"])
async def test_a_key_that_cannot_be_one_is_refused(harness: Harness, key: str) -> None:
    answer = await harness.api.post("/messages", json=GOOD, headers=[(b"Idempotency-Key", key.encode())])
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert await accepted(harness) == []


@once
async def test_the_longest_tags_and_keys_are_told_apart_by_their_last_character(harness: Harness) -> None:
    answers = [await post(harness, GOOD, "k" * 254 + end) for end in "ab"]
    answers += [await post(harness, GOOD | {"clientTag": "t" * 199 + end}) for end in "ab"]
    answers += [await post(harness, GOOD, "k"), await post(harness, GOOD | {"clientTag": "k"})]
    assert [answer.status_code for answer in answers] == [202] * 6
    assert len({answer.json()["id"] for answer in answers}) == 6


async def test_a_tag_and_a_key_that_name_different_messages_are_a_conflict(harness: Harness) -> None:
    tagged, keyed = await post(harness, GOOD | {"clientTag": "a"}), await post(harness, GOOD, "k")
    torn = await post(harness, GOOD | {"clientTag": "a"}, "k")
    assert (torn.status_code, torn.json()["code"]) == (409, "duplicate_client_tag")
    assert torn.json()["messageId"] in (tagged.json()["id"], keyed.json()["id"])
    assert len(await accepted(harness)) == 2


async def test_a_key_that_came_with_a_repeat_names_the_message_too(harness: Harness) -> None:
    body = GOOD | {"clientTag": "a"}
    first = await post(harness, body)
    assert_replay(first, await post(harness, body, "k"))
    assert_conflict(first, await post(harness, GOOD | {"text": "Other"}, "k"), 422)
    assert_conflict(first, await post(harness, GOOD | {"clientTag": "b"}, "k"), 422)
    harness.dispatch()
    await harness.until(first.json()["id"], "delivered")
    assert_replay(first, await post(harness, body, "k"))


async def test_a_key_makes_a_repeated_cancel_a_repeat(harness: Harness) -> None:
    path = f"/messages/{await harness.sent()}/cancel"
    first, repeat = [await harness.api.post(path, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert (first.status_code, repeat.status_code) == (200, 200), repeat.text
    assert replayed(repeat)
    assert repeat.json()["id"] == first.json()["id"]


TAGGED = GOOD | {"clientTag": "a"}


@each("field", ["sendAt", "expiresAt"])
async def test_a_repeat_is_not_too_late_for_its_times(harness: Harness, field: str) -> None:
    bodies = [body | {field: ahead(harness, HOUR)} for body in (TAGGED, GOOD)]
    firsts = [await post(harness, bodies[0]), await post(harness, bodies[1], "k")]
    await advance(harness, 30 * HOUR)
    assert_replay(firsts[0], await post(harness, bodies[0]))
    assert_replay(firsts[1], await post(harness, bodies[1], "k"))
    refused = await post(harness, bodies[0] | {"clientTag": "b"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, f"/{field}")


BYE = '[templates.bye]\ntext = "Bye {name}"\n'
BY_TEMPLATE = {"text": None, "template": {"id": "bye", "values": {"name": "you"}}}
SECOND = '[providers.b]\ntype = "aicross"\ntoken = "a"\nclient_id = "1"\nsms_code = "80013"'
RELOADS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "number not routable": ("", 'prefixes = ["070"]', {}),
    "route gone": ("", '[[routes]]\ncountries = ["KR"]\nproviders = ["main"]', {}),
    "pinned provider gone": (SECOND, "", {"provider": "b"}),
    "template gone": (BYE, "", BY_TEMPLATE),
    "template with other holes": (BYE, BYE.replace("name", "first"), BY_TEMPLATE),
}


@once
@each(("before", "after", "change"), RELOADS.values(), ids=RELOADS)
async def test_a_repeat_outlives_the_configuration(
    reopen: Any, before: str, after: str, change: dict[str, Any]
) -> None:
    body = {name: value for name, value in (TAGGED | change).items() if value is not None}
    first = await post(await reopen(before), body)
    assert first.status_code == 202, first.text
    later = await reopen(after)
    assert (await post(later, body | {"clientTag": "b"})).status_code in (400, 422)
    assert_replay(first, await post(later, body))


async def test_a_repeat_costs_nothing_of_the_rate(harness: Harness) -> None:
    first, *_ = [await post(harness, GOOD | {"clientTag": tag}, **SLOW) for tag in ("a", "b")]
    assert (await post(harness, GOOD | {"clientTag": "c"}, **SLOW)).status_code == 429
    assert_replay(first, await post(harness, TAGGED, **SLOW))


async def test_a_repeat_passes_a_full_queue(harness: Harness) -> None:
    first = await post(harness, TAGGED)
    lane = await harness.here.store.lane("shop")
    await harness.here.store.command(f"{{{lane}}}", "HSET", f"{{{lane}}}n", "main:0", 1_000_000)
    assert_replay(first, await post(harness, TAGGED))


REFUSED: list[tuple[int, dict[str, Any]]] = [
    (400, {"sendAt": "2020-01-01T00:00:00Z"}),
    (400, {"provider": "nobody"}),
    (422, {"to": "+12025550143"}),
    (422, {"subject": "a", "provider": "main"}),
]


@each(("status", "change"), REFUSED)
async def test_a_refused_request_claims_nothing(harness: Harness, status: int, change: dict[str, Any]) -> None:
    assert (await post(harness, TAGGED | change, "k")).status_code == status
    answer = await post(harness, TAGGED, "k")
    assert (answer.status_code, replayed(answer)) == (202, False)


async def test_a_request_over_the_rate_claims_nothing(harness: Harness) -> None:
    answers = await asyncio.gather(*(post(harness, GOOD | {"clientTag": tag}, **SLOW) for tag in "abc"))
    tag = next(tag for tag, answer in zip("abc", answers, strict=True) if answer.status_code == 429)
    await advance(harness, 2)
    answer = await post(harness, GOOD | {"clientTag": tag, "text": "Other"}, **SLOW)
    assert (answer.status_code, replayed(answer)) == (202, False)


@each("ending", ["failed", "canceled", "expired"])
async def test_an_accepted_request_spends_its_tag_whatever_follows(harness: Harness, ending: str) -> None:
    body = TAGGED | ({"to": "+819012340005"} if ending == "failed" else {})
    first = await post(harness, body, "k")
    if ending == "canceled":
        await harness.api.post(f"/messages/{first.json()['id']}/cancel")
    if ending == "expired":
        await advance(harness, 25 * HOUR)
    harness.dispatch()
    await harness.until(first.json()["id"], ending)
    repeat = await post(harness, body, "k")
    assert_replay(first, repeat)
    assert repeat.json()["status"] == ending
    assert_conflict(first, await post(harness, body | {"text": "Other"}))
    assert_conflict(first, await post(harness, GOOD | {"text": "Other"}, "k"), 422)


async def test_what_is_not_final_is_never_dropped_and_what_is_final_is_kept_its_time(
    harness: Harness, redis_url: str
) -> None:
    first = await post(harness, TAGGED, "k")

    def lifetimes() -> list[float]:
        """Days left of the record and its two claims, negative for no end."""
        with redis.Redis.from_url(redis_url) as client:
            names = [name for name in client.keys("*") if b"}m:" in name or b"}k:" in name]
            return sorted(client.ttl(name) / 86_400 for name in names)

    assert max(lifetimes()) < 0
    harness.dispatch()
    await harness.until(first.json()["id"], "delivered")
    assert lifetimes() == pytest.approx([1, 30, 30], abs=0.01)


@each("claim", ["tag", "key", "both"])
async def test_a_hundred_at_once_on_two_replicas_make_one_message(harness: Harness, reopen: Any, claim: str) -> None:
    replicas = [harness, await reopen()]
    for number, replica in enumerate(replicas):
        replica.dispatch(f"test.{number}")
    body, key = GOOD if claim == "key" else TAGGED, None if claim == "tag" else "k"
    answers = await asyncio.gather(*(post(replicas[n % 2], body, key) for n in range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum(map(replayed, answers)) == 99
    await harness.until(answers[0].json()["id"], "delivered")
    assert len(await accepted(harness)) == sum(replica.vendor.requests.total() for replica in replicas) == 1


async def test_of_a_hundred_different_ones_under_one_tag_one_is_accepted(harness: Harness) -> None:
    answers = await asyncio.gather(*(post(harness, TAGGED | {"text": f"Text {n}"}) for n in range(100)))
    first, *others = sorted(answers, key=lambda answer: answer.status_code)
    assert first.status_code == 202
    for other in others:
        assert_conflict(first, other)
    assert [item["text"] for item in await accepted(harness)] == [first.json()["text"]]


@each(("number", "status"), [("+819012345678", "submitted"), ("+819012340005", "failed")])
async def test_who_waits_is_answered_201_once_the_vendor_answered(harness: Harness, number: str, status: str) -> None:
    harness.dispatch()
    body = TAGGED | {"to": number}
    first = await post(harness, body, Prefer="wait=10")
    assert first.status_code == 201
    assert first.json()["status"] in (status, "delivered")
    for prefer in ("wait=10", "respond-async"):
        assert_replay(first, await post(harness, body, Prefer=prefer))


async def test_who_waited_in_vain_is_answered_202_now_and_later(harness: Harness) -> None:
    first = await post(harness, TAGGED, Prefer="wait=1")
    assert (first.status_code, first.json()["status"]) == (202, "queued")
    harness.dispatch()
    late = await post(harness, TAGGED, Prefer="wait=10")
    assert_replay(first, late)
    assert late.json()["status"] in ("submitted", "delivered")


async def test_repeats_wait_on_the_first(harness: Harness) -> None:
    waiting = [asyncio.create_task(post(harness, TAGGED, Prefer="wait=10")) for _ in range(5)]
    while not await accepted(harness):
        await asyncio.sleep(0.01)
    harness.dispatch()
    answers = await asyncio.gather(*waiting)
    assert {answer.status_code for answer in answers} == {201}
    assert sum(map(replayed, answers)) == 4
    assert not {answer.json()["status"] for answer in answers} & {"queued", "submitting"}


async def test_a_reservation_waits_for_nobody(harness: Harness) -> None:
    answer = await asyncio.wait_for(post(harness, TAGGED | {"sendAt": ahead(harness, HOUR)}, Prefer="wait=20"), 5)
    assert (answer.status_code, answer.json()["status"]) == (201, "scheduled")
    assert answer.headers["location"] == f"/reservations/{answer.json()['id']}"
