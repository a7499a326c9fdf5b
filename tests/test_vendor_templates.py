"""Messages whose text is kept at a vendor, and texts of one vendor only, from the request to the vendor."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.settings import key_digest
from tests import pair as pairs
from tests.pair import OpenPair, Pair, silent

pytestmark = pytest.mark.anyio
open_pair, pair = pairs.open_pair, pairs.pair

DEMO = {"id": "demo_sample_02", "values": {"demo": "A", "sample": "B"}}


async def send(pair: Pair, **body: Any) -> Any:
    return await pair.harness.api.post("/messages", json={"to": "+819012345678", **body})


async def test_a_text_kept_at_the_vendor_is_filled_in_and_sent(pair: Pair) -> None:
    pair.harness.dispatch()
    answer = await send(pair, template=DEMO)
    assert answer.status_code == 202, answer.text
    message = await pair.harness.until(answer.json()["id"], "delivered")
    assert (message["text"], message["provider"]) == ("A_B_02", "main")
    assert [taken.text for taken in pair.main.accepted.values()] == ["A_B_02"]


async def test_a_text_only_the_vendor_can_fill_in_is_named_to_it(pair: Pair) -> None:
    pair.harness.dispatch()
    answer = await send(pair, template={"id": "20"}, provider="media")
    assert answer.status_code == 202, answer.text
    message = await pair.harness.until(answer.json()["id"], "delivered")
    assert (message["text"], message["template"]) == ("", {"id": "20"})
    assert "segments" not in message


async def test_without_a_pin_the_vendor_that_has_it_carries_it(pair: Pair) -> None:
    answer = await send(pair, template={"id": "20"})
    assert answer.json()["provider"] == "media"


@pytest.mark.parametrize(
    ("template", "pointer"),
    [
        ({"id": "demo_sample_02", "values": {"demo": "A"}}, "/template/values/sample"),
        ({"id": "demo_sample_02", "values": {"demo": "A", "sample": "B", "more": "C"}}, "/template/values/more"),
        ({"id": "20", "values": {"name": "A"}}, "/template/values/name"),
        ({"id": "nobody's"}, "/template/id"),
    ],
)
async def test_what_does_not_fit_is_refused(pair: Pair, template: dict[str, Any], pointer: str) -> None:
    answer = await send(pair, template=template)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


async def test_a_vendor_that_does_not_tell_is_said(pair: Pair) -> None:
    pair.cut["main"] = silent
    answer = await send(pair, template=DEMO, clientTag="t")
    assert (answer.status_code, answer.json()["code"]) == (504, "provider_timeout")
    del pair.cut["main"]
    pair.harness.here.asker._templates.clear()
    assert (await send(pair, template=DEMO, clientTag="t")).status_code == 202, "a refused request claims nothing"


async def test_a_repeat_asks_no_vendor(open_pair: OpenPair) -> None:
    pair = await open_pair()
    first = await send(pair, template=DEMO, clientTag="t")
    pair.harness.here.asker._templates.clear()
    pair.cut["main"] = silent
    asked = len(pair.tries)
    again = await send(pair, template=DEMO, clientTag="t")
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert again.headers["idempotency-replayed"] == "true"
    assert len(pair.tries) == asked


async def test_the_configurations_own_comes_first(open_pair: OpenPair) -> None:
    pair = await open_pair('[templates.demo_sample_02]\ntext = "Ours, {name}"\n')
    answer = await send(pair, template={"id": "demo_sample_02", "values": {"name": "A"}})
    assert answer.json()["text"] == "Ours, A"
    assert pair.tries == []


async def test_a_text_for_one_carrier_reaches_the_vendor_it_is_for(open_pair: OpenPair) -> None:
    pair = await open_pair("")
    pair.harness.dispatch()
    options = {"mediasms": {"textAu": "for au"}}
    answer = await send(pair, text="for all", provider="media", options=options)
    assert answer.status_code == 202, answer.text
    await pair.harness.until(answer.json()["id"], "delivered")
    refused = await send(pair, text="for all", provider="media", options={"mediasms": {"textAu": "😀"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "unsupported")
    assert refused.json()["errors"][0]["pointer"] == "/options/mediasms/textAu"


NARROW = f"""
[clients.narrow]
keys = [{{ sha256 = "{key_digest("narrow").hex()}", scopes = ["send", "read"] }}]
providers = ["media"]
[[routes]]
providers = ["main", "media"]
"""


async def test_a_client_fills_in_nothing_of_accounts_it_may_not_use(open_pair: OpenPair) -> None:
    pair = await open_pair(NARROW)
    theirs = {"to": "+819012345678", "template": DEMO}
    answer = await pair.harness.api.post("/messages", json=theirs, headers={"Authorization": "Bearer narrow"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/template/id")
    assert pair.tries == []


async def test_of_many_numbers_each_has_its_own_templates(open_pair: OpenPair) -> None:
    """A template that one number's route has not is that number's problem."""
    pair = await open_pair('[[routes]]\ncountries = ["JP"]\nproviders = ["main"]\n')
    there, nowhere = "+819012345678", "+821012345678"
    for numbers in ([there, nowhere], [nowhere, there]):
        answer = await pair.harness.api.post("/messages/batch", json={"to": numbers, "template": DEMO})
        assert answer.status_code == 202, answer.text
        assert {number: "message" in item for number, item in zip(numbers, answer.json()["items"], strict=True)} == {
            there: True,
            nowhere: False,
        }
