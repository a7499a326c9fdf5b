"""Many messages in one request: each is accepted or refused for itself, and only a broken envelope refuses all."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.batch_tools import NUMBER, accepted, bodies, body, codes, ids, items, numbers, post, read
from tests.harness import READ_KEY, Harness

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
"""For what has nothing to do with the store."""

SLOW = {"Authorization": "Bearer slow"}
JSON = {"Content-Type": "application/json"}
HOUR = 3600


def ahead(harness: Harness, seconds: float) -> str:
    moment = datetime.fromtimestamp(harness.here.store.clock.now() // 1000 + seconds, UTC)
    return moment.isoformat().replace("+00:00", "Z")


@each("batch", [bodies(30), {"to": numbers(30), "text": "Hello"}], ids=["messages", "to"])
async def test_every_message_is_accepted_in_order_and_sent_once(harness: Harness, batch: dict[str, Any]) -> None:
    harness.dispatch()
    answer = await post(harness, batch)
    batch_id, found = answer.json()["batchId"], [item["message"] for item in answer.json()["items"]]
    assert batch_id.startswith("bat_")
    assert ids(answer) == sorted(ids(answer))
    assert len(set(ids(answer))) == 30
    if "to" in batch:
        assert [(message["to"], message["text"]) for message in found] == [(to, "Hello") for to in batch["to"]]
    else:
        assert [message["text"] for message in found] == [message["text"] for message in batch["messages"]]
    assert {message["batchId"] for message in found} == {batch_id}
    for message in found:
        assert (await harness.until(message["id"], "delivered"))["batchId"] == batch_id
    assert sorted(f"msg_{reference[:26]}" for reference in harness.vendor.requests) == ids(answer)
    assert harness.vendor.requests.total() == 30


async def test_an_item_is_what_the_message_alone_would_have_been(harness: Harness) -> None:
    given = body(
        "€ こんにちは", metadata={"a": "b"}, priority="high", groupTag="g", carrier="au", expiresAt=ahead(harness, HOUR)
    )
    alone = (await harness.api.post("/messages", json=given)).json()
    for batch in ({"messages": [given]}, given | {"to": [NUMBER]}):
        [item] = await items(harness, batch)
        own = ("id", "batchId", "createdAt", "updatedAt")
        assert {name: value for name, value in item["message"].items() if name not in own} == {
            name: value for name, value in alone.items() if name not in own
        }
        assert "batchId" not in alone


BAD: list[Any] = [
    *(5, None, True, "text", [], {}, [body()]),
    {"to": NUMBER},
    {"text": "Hello"},
    body(txet="Hello"),
    body(5),
    body(""),
    body("a" * 2001),
    body(to=5),
    body(to="090"),
    body(to="+12025550143"),
    body(template={"id": "a"}),
    body(provider="nobody"),
    body(heldBy="gateway"),
    body(sendAt="2020-01-01T00:00:00Z"),
    body(sendAt="2199-01-01T00:00:00Z"),
    body(sendAt="2026-01-01T00:00:00"),
    body(expiresAt="0001-01-01T00:00:00+09:00"),
    body(subject="a", provider="main"),
    body(metadata={"a": 5}),
    body(options={"main": {}}),
    body(priority="urgent"),
    body(clientTag=""),
]


@once
@each("bad", BAD, ids=[json.dumps(one)[:60] for one in BAD])
async def test_a_bad_item_is_told_as_it_would_be_alone_and_sinks_no_other(harness: Harness, bad: Any) -> None:
    alone = (await harness.api.post("/messages", content=json.dumps(bad), headers=JSON)).json()
    answer = await post(harness, {"messages": [body("a"), bad, body("b")]})
    first, second, third = answer.json()["items"]
    assert codes([first, third]) == ["queued", "queued"]
    assert second["index"] == 1
    assert second["problem"] == alone | {"instance": answer.headers["x-request-id"]}
    assert await accepted(harness) == 2


@once
async def test_an_item_that_is_no_utf8_is_its_own_problem(harness: Harness) -> None:
    content = b'{"messages": [{"to": "+819012345678", "text": "\xff"}, {"to": "+819012345678", "text": "a"}]}'
    answer = await harness.api.post("/messages/batch", content=content, headers=JSON)
    assert codes(answer.json()["items"]) == ["invalid_request", "queued"]


@once
async def test_a_bad_number_among_many_is_its_own_problem(harness: Harness) -> None:
    given = [NUMBER, 5, None, "", "090", "090-1234-5678", "+12025550143", "+819012345679", "１" * 40, [NUMBER], NUMBER]
    found = await items(harness, {"to": given, "text": "Hello"})
    invalid = "invalid_request"
    assert codes(found) == ["queued", *[invalid] * 5, "no_route", "queued", *[invalid] * 3]
    for item in found:
        if "problem" in item:
            assert [error["pointer"] for error in item["problem"]["errors"]] == [f"/to/{item['index']}"]
    assert found[5]["problem"]["detail"] == found[10]["problem"]["detail"]
    assert "/to/0" in found[5]["problem"]["detail"]
    assert "1234" not in found[5]["problem"]["detail"]


COMMON: list[tuple[int, str, dict[str, Any]]] = [
    (400, "/text", {"text": None}),
    (400, "/text", {"text": ""}),
    (400, "/text", {"template": {"id": "a"}}),
    (400, "/text", {"text": 5}),
    (400, "/clientTag", {"clientTag": "a"}),
    (400, "/clientTagg", {"clientTagg": "a"}),
    (400, "/heldBy", {"heldBy": "gateway"}),
    (400, "/sendAt", {"sendAt": "2020-01-01T00:00:00Z"}),
    (400, "/sendAt", {"sendAt": "tomorrow"}),
    (400, "/sendAt", {"sendAt": "0001-01-01T00:00:00+09:00"}),
    (400, "/expiresAt", {"expiresAt": "2020-01-01T00:00:00Z"}),
    (400, "/provider", {"provider": "nobody"}),
    (400, "/metadata", {"metadata": {"a": 5}}),
    (400, "/messages", {"messages": []}),
    (400, "/to", {"messages": [body()]}),
    (400, "/to", {"to": NUMBER}),
    (400, "/to", {"to": []}),
    (400, "/to", {"to": ["a"] * 1001}),
]


@once
@each(("status", "pointer", "change"), COMMON)
async def test_what_many_numbers_have_in_common_is_the_envelopes(
    harness: Harness, status: int, pointer: str, change: dict[str, Any]
) -> None:
    good = {"to": [NUMBER], "text": "Hello"}
    broken = {name: value for name, value in (good | change).items() if value is not None}
    answer = await post(harness, broken, "k")
    assert (answer.status_code, answer.json()["status"]) == (status, status), answer.text
    [error] = answer.json()["errors"]
    assert error["pointer"].startswith(pointer)
    assert error["detail"]
    # A refused request claims nothing.
    assert codes(await items(harness, good, "k")) == ["queued"]


@once
@each(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b"{}",
        b'{"text": "Hello"}',
        b'{"messages": null}',
        b'{"messages": {}}',
        b'{"messages": [{]}',
        b'{"messages": [' + b"[" * 100_000,
        b'{"messages": [{"to": "+819012345678", "text": "a"}], "groupTag": "g"}',
        b'{"messages": [{"to": "+819012345678", "text": "a"}], "dryRun": true}',
        b'{"messages": [{"to": "+819012345678", "text": "a"}], "to": ["+819012345678"], "text": "a"}',
    ],
)
async def test_a_broken_envelope_is_refused_whole(harness: Harness, content: bytes) -> None:
    answer = await harness.api.post("/messages/batch", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text
    assert answer.json()["errors"]
    assert await accepted(harness) == 0


@once
async def test_a_thousand_are_taken_and_no_more(harness: Harness) -> None:
    assert (await post(harness, bodies(1001))).status_code == 400
    assert (await post(harness, {"to": numbers(1001), "text": "a"})).status_code == 400
    assert await accepted(harness) == 0
    assert codes(await items(harness, bodies(1000))) == ["queued"] * 1000


@once
async def test_four_mebibytes_are_taken_and_no_more(harness: Harness) -> None:
    whole = 4 * 1024 * 1024
    content = json.dumps(bodies(1000, metadata={str(n): "v" * 500 for n in range(7)})).encode()
    for length, status in ((whole, 202), (whole + 1, 413)):
        answer = await harness.api.post("/messages/batch", content=content.ljust(length), headers=JSON)
        assert answer.status_code == status
        assert answer.headers["content-type"] == f"application/{'problem+' * (status == 413)}json"
    assert (await harness.api.post("/messages", content=b" " * 262_145, headers=JSON)).status_code == 413


async def test_reservations_and_urgent_ones_go_together(harness: Harness) -> None:
    later = ahead(harness, HOUR)
    found = await items(harness, {"messages": [body(sendAt=later), body(), body(priority="high")]})
    assert codes(found) == ["scheduled", "queued", "queued"]
    assert (found[0]["message"]["sendAt"], found[0]["message"]["heldBy"]) == (later, "gateway")
    assert codes(await items(harness, {"to": [NUMBER], "text": "a", "sendAt": later})) == ["scheduled"]
    reserved = await harness.api.get(f"/reservations/{found[0]['message']['id']}")
    assert reserved.json()["batchId"] == found[0]["message"]["batchId"]


async def test_one_tag_is_one_message_and_other_content_a_conflict(harness: Harness) -> None:
    before = await harness.sent(clientTag="before")
    tagged = body(clientTag="a")
    given = [tagged, body("Other", clientTag="a"), tagged | {"to": "090 1234 5678"}, body(clientTag="before")]
    answer = await post(harness, {"messages": given})
    first, conflict, same, earlier = answer.json()["items"]
    assert conflict["problem"]["code"] == "duplicate_client_tag"
    assert conflict["problem"]["messageId"] == first["message"]["id"] == same["message"]["id"]
    assert earlier["message"]["id"] == before
    assert "batchId" not in earlier["message"]  # it came alone
    assert (await read(harness, answer.json()["batchId"]))["total"] == 1
    assert await accepted(harness) == 2


async def test_the_rate_counts_messages(harness: Harness) -> None:
    answer = await post(harness, bodies(5), **SLOW)
    assert codes(answer.json()["items"]) == ["queued", "queued", "rate_limited", "rate_limited", "rate_limited"]
    assert answer.json()["items"][4]["problem"]["retryable"] is True
    assert answer.headers["ratelimit"].startswith('"messages";r=0;t=')
    assert answer.headers["ratelimit-policy"] == '"messages";q=2;w=1'
    assert int(answer.headers["retry-after"]) >= 1
    assert "ratelimit" not in (await post(harness, bodies(1))).headers


async def test_what_is_left_of_the_rate_is_told(harness: Harness) -> None:
    answer = await post(harness, {"messages": [body(), {}]}, **SLOW)
    assert answer.headers["ratelimit"].startswith('"messages";r=1;t=')


@once
async def test_nobody_waits_for_the_vendor(harness: Harness) -> None:
    answer = await asyncio.wait_for(post(harness, bodies(2), Prefer="wait=20"), 5)
    assert codes(answer.json()["items"]) == ["queued", "queued"]


@once
@each(
    ("status", "headers"),
    [
        (401, {"Authorization": ""}),
        (403, {"Authorization": f"Bearer {READ_KEY}"}),
        (400, {"Idempotency-Key": ""}),
        (415, {"Content-Type": "text/plain"}),
        (406, {"Accept": "text/html"}),
    ],
)
async def test_it_is_guarded_as_a_single_message_is(harness: Harness, status: int, headers: dict[str, str]) -> None:
    assert (await post(harness, bodies(1), **headers)).status_code == status
    assert await accepted(harness) == 0


@once
async def test_a_bug_sinks_only_its_item(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    accept = harness.here.acceptor.accept

    async def broken(id_: str, client: Any, draw: Any, *more: Any, **named: Any) -> Any:
        if draw().content.text == "Text 1":
            raise RuntimeError("inside-7411")
        return await accept(id_, client, draw, *more, **named)

    monkeypatch.setattr(harness.here.acceptor, "accept", broken)
    answer = await post(harness, bodies(3))
    assert codes(answer.json()["items"]) == ["queued", "internal_error", "queued"]
    assert "7411" not in answer.text


@once
async def test_half_an_emoji_sinks_its_own_item_only(harness: Harness) -> None:
    """What a program makes of a text that it cuts by UTF-16 units."""
    texts = ['"fine"', '"cut \\ud83d"', '"whole \\ud83d\\ude00"']
    items = ", ".join(f'{{"to": "{NUMBER}", "text": {text}}}' for text in texts)
    content = f'{{"messages": [{items}]}}'
    answer = await harness.api.post("/messages/batch", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text
    fine, cut, whole = answer.json()["items"]
    assert (fine["message"]["text"], whole["message"]["text"]) == ("fine", "whole 😀")
    assert cut["problem"]["code"] == "invalid_request"
