"""What vendors push: taken in every form, once, in any order, and kept where it matches nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from itertools import permutations
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gateway.sandbox.server import DROP, Answer, Request
from tests.harness import ADMIN_KEY, SECRET, Harness, advance

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
URL = f"/callbacks/main/{SECRET}/dlr"
FORM = "application/x-www-form-urlencoded"
ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}
HOUR = 3600
UNKNOWN = "0" * 26 + "g1"

SENDING, DELIVERED, UNDELIVERED = "1", "2", "3"
DETAILS = {DELIVERED: "2", UNDELIVERED: "31834"}


def word(reference: str, status: str, message_id: str = "m1") -> dict[str, Any]:
    """One eventNotification as the vendor writes it."""
    settled = status in DETAILS
    return {
        "type": "DLR",
        "dateTime": "2026/11/20 10:00:00",
        "messageId": message_id,
        "phoneNumber": "+819012345678",
        "smsCode": "80013",
        "carrierId": "103" if settled else None,
        "messageText": "Hello ]]> & <b>",
        "clientId": "1234",
        "clientTag": reference,
        "statusId": status,
        "detailedStatusId": DETAILS.get(status),
        "separatedSuccessCount": 2 if settled else None,
    }


def as_json(*words: dict[str, Any]) -> str:
    return json.dumps({"eventNotifications": list(words)})


def as_xml(*words: dict[str, Any]) -> str:
    rows = (
        "<eventNotification>"
        + "".join(
            f"<{name}><![CDATA[{str(value or 'null').replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
            for name, value in fields.items()
        )
        + "</eventNotification>"
        for fields in words
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><eventNotifications>{"".join(rows)}</eventNotifications>'


async def push(harness: Harness, *words: dict[str, Any], url: str = URL) -> httpx.Response:
    return await harness.api.post(url, content=f"json={quote(as_json(*words))}", headers={"Content-Type": FORM})


async def orphans(harness: Harness, query: str = "") -> dict[str, Any]:
    answer = await harness.api.get(f"/receipts/orphans{query}", headers=ADMIN)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def reference_of(id_: str) -> str:
    return f"{id_.removeprefix('msg_')}g1"


async def submitted(harness: Harness, **body: Any) -> str:
    """The id of a message the vendor took, and of which it pushes nothing by itself."""
    harness.vendor.callback_url = None
    harness.dispatch()
    id_ = await harness.sent(**body)
    await harness.until(id_, "submitted")
    assert reference_of(id_) in harness.vendor.accepted
    return id_


Pushed = tuple[str, str, bytes, str]
"""Method, query, body, content type."""
FORMS: dict[str, Callable[[str, str], Pushed]] = {
    "XML in a form": lambda xml, _: ("POST", "", f"xml={quote(xml)}".encode(), FORM),
    "JSON in a form": lambda _, json_: ("POST", "", f"json={quote(json_)}".encode(), f"{FORM};charset=UTF-8"),
    "form without a type": lambda xml, _: ("POST", "", f"a=b&xml={quote(xml)}".encode(), ""),
    "raw XML": lambda xml, _: ("POST", "", xml.encode(), "text/xml"),
    "raw JSON": lambda _, json_: ("POST", "", json_.encode(), "application/json"),
    "raw XML called a form": lambda xml, _: ("POST", "", xml.encode(), FORM),
    "raw JSON after a mark": lambda _, json_: ("POST", "", b"\xef\xbb\xbf\r\n" + json_.encode(), "text/plain"),
    "the sample's broken tag": lambda xml, _: ("POST", "", xml.replace("</sep", "</ sep").encode(), "text/xml"),
    "XML in a query": lambda xml, _: ("GET", f"?xml={quote(xml)}", b"", ""),
    "JSON in a query": lambda _, json_: ("POST", f"?json={quote(json_)}", b"", ""),
}


@each("form", FORMS.values(), ids=FORMS)
@each("redis_server", ["single"], indirect=True)
async def test_every_form_of_a_receipt_is_taken_in(harness: Harness, form: Callable[[str, str], Pushed]) -> None:
    id_ = await submitted(harness)
    said = word(reference_of(id_), DELIVERED)
    method, query, body, kind = form(as_xml(said), as_json(said))
    harness.api.headers.pop("authorization")
    headers = {"Content-Type": kind} if kind else {}
    answer = await harness.api.request(method, URL + query, content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    harness.api.headers.update(ADMIN)
    message = await harness.read(id_)
    assert (message["status"], message["final"], message["billedSegments"]) == ("delivered", True, 2)
    assert (message["carrier"], message["reason"]) == ("docomo", None)


@each("accept", ["application/xml", "text/html, image/gif", "application/json"])
@each("redis_server", ["single"], indirect=True)
async def test_a_receipt_is_taken_in_whatever_answer_the_vendor_would_like(harness: Harness, accept: str) -> None:
    id_ = await submitted(harness)
    harness.api.headers["Accept"] = accept
    assert (await push(harness, word(reference_of(id_), DELIVERED))).status_code == 200
    harness.api.headers.pop("Accept")
    assert (await harness.read(id_))["status"] == "delivered"


@each(
    "path",
    [
        *(f"main/{secret}/dlr" for secret in ("wrong", SECRET[:-1], SECRET + "0", SECRET.upper(), "%E3%81%82", "%00")),
        *(f"main/{SECRET}/{kind}" for kind in ("delivery", "DLR")),
        f"other/{SECRET}/dlr",
        f"main/{SECRET}",
        "main//dlr",
    ],
)
@each("redis_server", ["single"], indirect=True)
async def test_a_wrong_address_is_not_found_and_changes_nothing(harness: Harness, path: str) -> None:
    id_ = await submitted(harness)
    answer = await push(harness, word(reference_of(id_), DELIVERED), url=f"/callbacks/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert SECRET not in answer.text
    assert (await harness.read(id_))["status"] == "submitted"
    assert (await orphans(harness))["items"] == []


async def test_receipts_from_elsewhere_are_refused_where_their_source_is_configured(reopen: Any) -> None:
    harness = await reopen('allow_callbacks_from = ["10.0.0.0/8"]')
    answer = await push(harness, word(UNKNOWN, DELIVERED))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await orphans(harness))["items"] == []


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><eventNotifications>&b;</eventNotifications>'


GARBAGE = (
    *("", "hello", "a=b", "xml=", "xml=hello", "json=%7B", "{}", "[]", "null", "<a/>", "<eventNotifications>", BOMB),
    *('{"eventNotifications": [{}]}', '{"eventNotifications": "x"}', '{"a":' * 40_000, "<a>" * 50_000),
)


@each("body", GARBAGE, ids=range(len(GARBAGE)))
@each("redis_server", ["single"], indirect=True)
async def test_garbage_is_refused(harness: Harness, body: str) -> None:
    answer = await harness.api.post(URL, content=body, headers={"Content-Type": FORM})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET not in answer.text
    assert (await orphans(harness))["items"] == []


async def test_repeats_change_nothing(harness: Harness) -> None:
    id_ = await submitted(harness)
    said = word(reference_of(id_), UNDELIVERED)
    await push(harness, said)
    first = await harness.read(id_)
    assert (first["status"], first["reason"]["code"]) == ("undelivered", "handset_refused")
    repeats = [push(harness, said) for _ in range(20)] + [push(harness, *[said] * 20) for _ in range(5)]
    assert {answer.status_code for answer in await asyncio.gather(*repeats)} == {200}
    body = as_xml(said | {"dateTime": "2026/11/20 11:00:00"})
    assert (await harness.api.post(URL, content=body, headers={"Content-Type": "text/xml"})).status_code == 200
    assert await harness.read(id_) == first


@each("order", permutations([SENDING, UNDELIVERED, DELIVERED]))
async def test_the_order_of_receipts_does_not_matter(harness: Harness, order: tuple[str, ...]) -> None:
    id_ = await submitted(harness)
    for status in (*order, *order):
        assert (await push(harness, word(reference_of(id_), status))).status_code == 200
    message = await harness.read(id_)
    assert (message["status"], message["final"], message["reason"]) == ("delivered", True, None)
    assert len(message["events"]) == 6


@each("status", ["0", SENDING, "7", "999"])
async def test_what_says_nothing_of_the_outcome_is_an_event_only(harness: Harness, status: str) -> None:
    id_ = await submitted(harness)
    before = await harness.read(id_)
    assert (await push(harness, word(reference_of(id_), status))).status_code == 200
    after = await harness.read(id_)
    assert len(after.pop("events")) == len(before.pop("events")) + 1
    assert after | {"updatedAt": ""} == before | {"updatedAt": ""}


@each("status", ["delivered", "failed"])
async def test_a_contradicting_receipt_is_an_event_and_no_step_back(harness: Harness, status: str) -> None:
    harness.dispatch()
    id_ = await harness.sent(to="+819012340005" if status == "failed" else "+819012345678")
    before = await harness.until(id_, status)
    assert (await push(harness, word(reference_of(id_), UNDELIVERED, "m2"))).status_code == 200
    after = await harness.read(id_)
    event = after["events"].pop()
    assert (event["status"], event["providerCode"]) == (status, "31834")
    for name in ("status", "final", "reason", "events"):
        assert after[name] == before[name]


@each("status", ["undelivered", "failed", "expired", "canceled"])
async def test_delivered_is_believed_however_late(harness: Harness, status: str) -> None:
    ending = {"undelivered": "0001", "failed": "0005"}.get(status, "5678")
    id_ = await harness.sent(to=f"+81901234{ending}")
    if status == "canceled":
        await harness.api.post(f"/messages/{id_}/cancel")
    if status == "expired":
        await advance(harness, 25 * HOUR)
    harness.dispatch()
    await harness.until(id_, status)
    await advance(harness, 100 * HOUR)
    assert (await push(harness, word(reference_of(id_), DELIVERED, "m2"))).status_code == 200
    message = await harness.read(id_)
    assert (message["status"], message["final"], message["reason"]) == ("delivered", True, None)
    assert [event["status"] for event in message["events"]][-2:] == [status, "delivered"]


@each("lost", [False, True])
@each(("said", "status"), [(SENDING, "submitted"), (DELIVERED, "delivered"), (UNDELIVERED, "undelivered")])
async def test_a_receipt_may_overtake_the_answer(harness: Harness, said: str, status: str, lost: bool) -> None:
    answered = harness.vendor._server._handler
    harness.vendor.callback_url = None

    async def late(request: Request) -> Answer:
        answer = await answered(request)
        if request.method == "POST":
            assert (await push(harness, word(request.form()["clientTag"], said))).status_code == 200
            assert (await harness.read(id_))["status"] == status
            assert (await orphans(harness))["items"] == []
        return DROP if lost else answer

    harness.vendor._server._handler = late
    id_ = await harness.sent()
    harness.dispatch()
    message = await harness.until(id_, status)
    await harness.stop()
    assert (await harness.read(id_))["status"] == status
    assert (message["reason"] is None) is (status != "undelivered")
    harness.dispatch()
    await advance(harness, HOUR)
    await harness.until(await harness.sent(), status)
    assert set(harness.vendor.requests.values()) == {1}
    assert (await harness.read(id_))["status"] == status


async def test_one_push_may_hold_many_receipts(harness: Harness) -> None:
    ids = [await submitted(harness)] + [await harness.sent() for _ in range(2)]
    for id_ in ids:
        await harness.until(id_, "submitted")
    words = [word(reference_of(id_), DELIVERED, id_) for id_ in ids]
    assert (await push(harness, words[0], word(UNKNOWN, DELIVERED), *words[1:])).status_code == 200
    assert [(await harness.read(id_))["status"] for id_ in ids] == ["delivered"] * 3
    assert len((await orphans(harness))["items"]) == 1


@each("reference", [UNKNOWN, "their-own-tag", "日本", "0" * 26 + "g99999", ""])
async def test_a_receipt_that_matches_nothing_is_kept_once(harness: Harness, reference: str) -> None:
    for _ in range(3):
        assert (await push(harness, word(reference, UNDELIVERED))).status_code == 200
    kept = await orphans(harness)
    [orphan] = kept["items"]
    assert kept["nextCursor"] is None
    assert orphan["account"] == "aicross/1234"
    assert (orphan["reference"], orphan["outcome"]) == (reference, "undelivered")
    assert "12345678" not in json.dumps(orphan)
    assert "Hello" not in json.dumps(orphan)


async def test_an_orphan_is_written_like_everything_else(harness: Harness) -> None:
    await push(harness, word(UNKNOWN, UNDELIVERED))
    [orphan] = (await orphans(harness))["items"]
    assert not [name for name, value in orphan.items() if "_" in name or value is None]
    for name in ("receivedAt", "reportedAt"):
        assert orphan[name].endswith("Z")
        assert datetime.fromisoformat(orphan[name])
    assert orphan["reportedAt"] == "2026-11-20T01:00:00Z"  # the vendor's clock is Tokyo's


async def test_orphans_are_paged_without_gap_or_repeat(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    same_moment = harness.here.store.clock.now()
    monkeypatch.setattr(harness.here.store.clock, "now", lambda: same_moment)
    await push(harness, *(word(f"tag-{n}", DELIVERED) for n in range(10)))
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = await orphans(harness, f"?limit=3{cursor}")
        seen += [orphan["reference"] for orphan in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={quote(page['nextCursor'])}"
    assert sorted(seen) == [f"tag-{n}" for n in range(10)]


async def test_an_orphan_is_matched_when_its_message_turns_up(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await harness.here.acceptor.new_id(harness.here.settings.clients["shop"])
    await push(harness, word(f"{id_}g1", DELIVERED))

    async def same(_: object) -> str:
        return id_

    monkeypatch.setattr(harness.here.acceptor, "new_id", same)
    assert await submitted(harness) == f"msg_{id_}"
    await harness.here.receipts.sweep(harness.here.routing.providers)
    assert (await harness.read(f"msg_{id_}"))["status"] == "delivered"
    assert (await orphans(harness))["items"] == []


SECOND = """
[providers.second]
type = "aicross"
token = "a"
client_id = "{}"
sms_code = "80013"
callback_secret = "another"
"""


@each(("account", "status"), [("1234", "delivered"), ("9999", "submitted")])
async def test_receipts_are_matched_over_the_providers_of_one_account_only(
    reopen: Any, account: str, status: str
) -> None:
    harness = await reopen(SECOND.format(account))
    id_ = await submitted(harness, provider="main")
    answer = await push(harness, word(reference_of(id_), DELIVERED), url="/callbacks/second/another/dlr")
    assert answer.status_code == 200
    assert (await harness.read(id_))["status"] == status
    assert len((await orphans(harness))["items"]) == (status == "submitted")
