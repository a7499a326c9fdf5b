"""POST /messages/explain: the routing, printed."""

from __future__ import annotations

from typing import Any

import pytest

from tests import pair as pairs
from tests.pair import OpenPair, Pair

pytestmark = pytest.mark.anyio
open_pair, pair = pairs.open_pair, pairs.pair

BODY = {"to": "090-1234-5678", "text": "Hello"}


async def explained(pair: Pair, **body: Any) -> dict[str, Any]:
    answer = await pair.harness.api.post("/messages/explain", json=BODY | body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_it_says_what_would_happen_and_sends_nothing(pair: Pair) -> None:
    assert await explained(pair, carrier="rakuten") == {
        "chosen": "main",
        "passedOver": [],
        "segments": {
            "main": {"encoding": "gsm7", "characters": 5, "count": 1},
            "media": {"encoding": "cp932", "characters": 5, "count": 1},
        },
        "guarantee": "deduplicated",
        "reservation": None,
        "warnings": [],
    }
    assert (await pair.harness.api.get("/messages")).json()["items"] == []
    assert pair.tries == []


async def test_what_it_says_is_what_happens(pair: Pair) -> None:
    for body in ({}, {"provider": "media"}, {"text": "あ" * 71}, {"carrier": "ymobile"}):
        said = await explained(pair, **body)
        message = await pair.harness.read(await pair.harness.sent(**body))
        assert (said["chosen"], said["segments"][said["chosen"]]) == (message["provider"], message["segments"])


async def test_who_is_passed_over_says_why(pair: Pair) -> None:
    said = await explained(pair, text="あ" * 71)
    assert said["chosen"] == "main"
    assert said["passedOver"] == [
        {
            "provider": "media",
            "code": "too_long",
            "detail": "it takes at most 70 characters where one is full-width, this text has 71",
        }
    ]
    assert set(said["segments"]) == {"main"}


async def test_where_nobody_can_the_reasons_are_those_of_no_route(pair: Pair) -> None:
    said = await explained(pair, to="+14155550123", subject="S")
    assert (said["chosen"], said["guarantee"], said["segments"], said["warnings"]) == (None, None, {}, [])
    refused = (await pair.harness.send(to="+14155550123", subject="S")).json()
    assert refused["code"] == "no_route"
    reasons = [f"{each['provider']}: {each['detail']}" for each in said["passedOver"]]
    assert [each["detail"] for each in refused["errors"]] == reasons
    assert len(reasons) == 2


async def test_of_a_pinned_one_it_says_why_not(pair: Pair) -> None:
    said = await explained(pair, provider="media", text="😀")
    assert said["chosen"] is None
    assert [(each["provider"], each["code"]) for each in said["passedOver"]] == [("media", "content_refused")]


async def test_a_reservation_is_explained_too(pair: Pair) -> None:
    said = await explained(pair, sendAt="2027-01-01T09:00:00+09:00")
    assert said["reservation"] == {"heldBy": "gateway", "cancelableUntil": "2027-01-01T00:00:00Z"}


async def test_who_is_paused_is_passed_over(pair: Pair) -> None:
    here = pair.harness.here
    await here.availability._gates.pause(here.availability._passes["main"])
    await here.availability.refresh()
    said = await explained(pair)
    assert said["chosen"] == "media"
    assert said["passedOver"] == [{"provider": "main", "code": "unavailable", "detail": "it takes no requests now"}]
    assert (await explained(pair, provider="main"))["warnings"][-1].startswith("main takes no requests now")


async def test_warnings_tell_what_is_dropped(pair: Pair) -> None:
    said = await explained(pair, carrier="ymobile", options={"mediasms": {"textAu": "Hi"}})
    assert "the carrier hint is dropped: main has no id for ymobile" in said["warnings"]
    assert "options.mediasms mean nothing to main" in said["warnings"]


async def test_weights_are_said_to_draw(open_pair: OpenPair) -> None:
    pair = await open_pair("[[routes]]\nproviders = { main = 1, media = 1 }\n")
    said = await explained(pair)
    assert said["chosen"] in ("main", "media")
    assert any("by weight" in warning for warning in said["warnings"])


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"sendAt": "2020-01-01T00:00:00Z"}, 400, "/sendAt"),
        ({"provider": "nobody"}, 400, "/provider"),
        ({"to": "12"}, 400, "/to"),
        ({"unknown": 1}, 400, "/unknown"),
        ({"template": {"id": "none"}, "text": None}, 400, "/text"),
        ({"options": {"other": {}}}, 400, "/options/other"),
        ({"options": {"mediasms": {"textAU": "x"}}}, 400, "/options/mediasms/textAU"),
    ],
)
async def test_what_no_message_may_be_is_refused(pair: Pair, body: Any, status: int, pointer: str) -> None:
    answer = await pair.harness.api.post("/messages/explain", json=BODY | body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
