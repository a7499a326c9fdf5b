"""What became of a batch: its counts, its cancel, and its messages in lists."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from gateway.errors import StoreUnavailable
from tests.batch_tools import bodies, body, ids, numbers, post, read
from tests.harness import ADMIN_KEY, OTHER_KEY, READ_KEY, Harness, advance

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
"""For what has nothing to do with the store."""

OTHER, ADMIN, READ = ({"Authorization": f"Bearer {key}"} for key in (OTHER_KEY, ADMIN_KEY, READ_KEY))
HOUR = 3600
ABSENT = "bat_" + "0" * 26


def ahead(harness: Harness, seconds: float) -> str:
    return datetime.fromtimestamp(harness.here.store.clock.now() // 1000 + seconds, UTC).isoformat()


async def cancel(harness: Harness, batch_id: str, **headers: str) -> Any:
    return await harness.api.post(f"/batches/{batch_id}/cancel", headers=headers)


async def test_a_batch_tells_how_its_messages_stand(harness: Harness) -> None:
    to = [*numbers(3), "+819012340005", "+819012340001", "bad"]
    answer = await post(harness, {"to": to, "text": "Hello"})
    batch_id = answer.json()["batchId"]
    first = await read(harness, batch_id)
    assert first.keys() == {"batchId", "total", "counts", "createdAt"}
    assert (first["batchId"], first["total"], first["counts"]) == (batch_id, 5, {"queued": 5})
    assert first["createdAt"] <= answer.json()["items"][0]["message"]["createdAt"]
    harness.dispatch()
    for id_, status in zip(ids_of(answer), [*["delivered"] * 3, "failed", "undelivered"], strict=True):
        await harness.until(id_, status)
    then = await read(harness, batch_id)
    assert then == first | {"counts": {"delivered": 3, "undelivered": 1, "failed": 1}}
    await harness.sent()
    assert await read(harness, batch_id) == then


def ids_of(answer: Any) -> list[str]:
    return [item["message"]["id"] for item in answer.json()["items"] if "message" in item]


async def test_a_batch_in_which_nothing_was_accepted_is_empty(harness: Harness) -> None:
    answer = await post(harness, {"messages": [{}, 5]})
    batch = await read(harness, answer.json()["batchId"])
    assert (batch["total"], batch["counts"]) == (0, {})
    assert (await cancel(harness, batch["batchId"])).status_code == 409


async def test_batches_belong_to_their_client(harness: Harness, redis_url: str) -> None:
    mine = (await post(harness, bodies(2))).json()["batchId"]
    theirs = (await post(harness, bodies(2), **OTHER)).json()["batchId"]
    for path, status, headers in (
        (mine, 200, READ),
        (theirs, 404, {}),
        (theirs, 404, ADMIN),
        (f"{theirs}?client=other", 200, ADMIN),
        (f"{theirs}?client=other", 403, {}),
        (f"{mine}?clientt=shop", 400, {}),
        (ABSENT, 404, {}),
        (f"msg_{mine[4:]}", 404, {}),
        ("bat_1", 404, {}),
        ("bat_" + "z" * 26, 404, {}),
    ):
        assert (await harness.api.get(f"/batches/{path}", headers=headers)).status_code == status, path
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys("{zz}*") == []
    assert (await cancel(harness, theirs)).status_code == 404
    assert (await cancel(harness, mine, **READ)).status_code == 403
    assert (await harness.api.get(f"/messages?batchId={theirs}")).json() == {"items": [], "nextCursor": None}
    assert (await read(harness, theirs, **OTHER))["counts"] == {"queued": 2}


async def test_what_is_queued_or_scheduled_is_canceled_and_never_sent(harness: Harness) -> None:
    later = ahead(harness, HOUR)
    batch = {"messages": [*bodies(20)["messages"], *(body(sendAt=later, text=f"{n}") for n in range(20))]}
    answer = await post(harness, batch)
    apart = await harness.sent()
    batch_id = answer.json()["batchId"]
    canceled = await cancel(harness, batch_id)
    assert canceled.status_code == 200
    assert canceled.json() == await read(harness, batch_id)
    assert (canceled.json()["total"], canceled.json()["counts"]) == (40, {"canceled": 40})
    again = await cancel(harness, batch_id)
    assert (again.status_code, again.json()["code"]) == (409, "not_cancelable")
    await advance(harness, 2 * HOUR)
    harness.dispatch()
    await harness.until(apart, "delivered")
    assert harness.vendor.requests.total() == 1
    events = (await harness.read(ids(answer)[-1]))["events"]
    assert [event["status"] for event in events] == ["scheduled", "canceled"]


async def test_what_has_left_stays_and_the_rest_is_canceled(harness: Harness) -> None:
    batch = {"messages": [body(), body(sendAt=ahead(harness, HOUR)), {}]}
    answer = await post(harness, batch)
    harness.dispatch()
    await harness.until(ids_of(answer)[0], "delivered")
    assert (await cancel(harness, answer.json()["batchId"])).json()["counts"] == {"delivered": 1, "canceled": 1}


async def test_a_message_of_a_batch_is_either_canceled_or_sent(harness: Harness) -> None:
    answer = await post(harness, {"to": numbers(200), "text": "Hello"})
    harness.dispatch()
    while not harness.vendor.requests:
        await asyncio.sleep(0.001)
    await cancel(harness, answer.json()["batchId"])
    left = {id_: (await harness.until(id_, "delivered", "canceled"))["status"] for id_ in ids(answer)}
    assert Counter(left.values()) == (await read(harness, answer.json()["batchId"]))["counts"]
    sent = {f"msg_{reference[:26]}" for reference in harness.vendor.requests}
    assert sent == {id_ for id_, status in left.items() if status == "delivered"}
    assert len(sent) == harness.vendor.requests.total()


@once
async def test_a_cancel_needs_no_body_and_no_content_type(harness: Harness) -> None:
    batches = [(await post(harness, bodies(1))).json()["batchId"] for _ in range(2)]
    assert (await harness.api.post(f"/batches/{batches[0]}/cancel")).status_code == 200
    odd = await harness.api.post(f"/batches/{batches[1]}/cancel", content=b"", headers={"Content-Type": "text/plain"})
    assert odd.status_code == 200


async def test_a_key_makes_a_repeated_cancel_a_repeat(harness: Harness) -> None:
    batch_id = (await post(harness, bodies(3), "k")).json()["batchId"]
    other = (await post(harness, bodies(2))).json()["batchId"]
    key = {"Idempotency-Key": "k"}
    first, repeat = [await cancel(harness, batch_id, **key) for _ in range(2)]
    assert (first.status_code, repeat.status_code) == (200, 200), repeat.text
    assert ("idempotency-replayed" in first.headers, repeat.headers["idempotency-replayed"]) == (False, "true")
    assert repeat.json() == first.json()
    assert (await cancel(harness, batch_id, **{"Idempotency-Key": "other"})).status_code == 409
    assert (await cancel(harness, batch_id)).status_code == 409
    fresh = await cancel(harness, other, **key)
    assert (fresh.status_code, "idempotency-replayed" in fresh.headers) == (200, False)


async def test_a_repeated_cancel_cancels_no_more(harness: Harness) -> None:
    """What came back into the queue after it was asked for stays there."""
    batch = {"messages": [body("a"), {}]}
    answer = await post(harness, batch, "k")
    batch_id, key = answer.json()["batchId"], {"Idempotency-Key": "c"}
    assert (await cancel(harness, batch_id, **key)).json()["counts"] == {"canceled": 1}
    lane = await harness.here.store.lane("shop")
    late = await harness.sent()
    await harness.here.store.in_lane(lane, "RPUSH", f"{{{lane}}}g:{batch_id[4:]}:i", late[4:])
    assert (await cancel(harness, batch_id, **key)).json()["counts"] == {"queued": 1, "canceled": 1}


async def test_a_cancel_that_was_cut_short_is_completed(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await post(harness, bodies(300))
    batch_id, key = answer.json()["batchId"], {"Idempotency-Key": "k"}
    real, count = harness.here.recorder.cancel, itertools.count()

    async def failing(*given: Any) -> Any:
        if next(count) >= 100:
            raise StoreUnavailable
        return await real(*given)

    monkeypatch.setattr(harness.here.recorder, "cancel", failing)
    assert (await cancel(harness, batch_id, **key)).status_code == 503
    assert (await read(harness, batch_id))["counts"] == {"queued": 200, "canceled": 100}
    monkeypatch.setattr(harness.here.recorder, "cancel", real)
    whole = await cancel(harness, batch_id, **key)
    assert (whole.status_code, whole.json()["counts"]) == (200, {"canceled": 300})


async def test_a_cancel_whose_answer_was_lost_may_be_repeated(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything was canceled, and the note of it was not written."""
    batch_id, key = (await post(harness, bodies(3))).json()["batchId"], {"Idempotency-Key": "k"}
    real = harness.here.batches.note_canceled

    async def lost(*_: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(harness.here.batches, "note_canceled", lost)
    assert (await cancel(harness, batch_id, **key)).status_code == 503
    monkeypatch.setattr(harness.here.batches, "note_canceled", real)
    repeat = await cancel(harness, batch_id, **key)
    assert (repeat.status_code, repeat.headers["idempotency-replayed"]) == (200, "true")
    assert repeat.json()["counts"] == {"canceled": 3}
