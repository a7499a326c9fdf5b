"""/templates and /short-urls: what vendors keep and make beside messages."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import redis
import structlog

from gateway.api.vendors import ANOTHER_SHORT_URL
from gateway.sandbox.server import DROP
from tests import vendor_bench
from tests.harness import KEY, OTHER_KEY, READ_KEY, Harness
from tests.vendor_bench import NARROW_KEY, Bench, OpenBench, fake

pytestmark = pytest.mark.anyio
open_bench, bench = vendor_bench.open_bench, vendor_bench.bench
once = pytest.mark.parametrize("redis_server", ["single"], indirect=True)
CONFIGURED = '[templates.welcome]\ntext = "Hello {name}, {name} of {town}"\n[templates.plain]\ntext = "Hello"\n'
WELCOME = {
    "provider": None,
    "id": "welcome",
    "content": "Hello {name}, {name} of {town}",
    "parameters": ["name", "town"],
}
PLAIN = {"provider": None, "id": "plain", "content": "Hello", "parameters": []}
LISTED = [{"id": "予約", "content": "{{お名前%}}様", "holes": [["お名前", "{{お名前%}}"]]}]
OWN = {"provider": "fake", "id": "予約", "content": "{{お名前%}}様", "parameters": ["お名前"]}
URL = "https://shop.example.com/autumn?from=sms&x=%20#top"
MADE = {"shortUrl": "https://s.example/1", "name": "n", "provider": "fake"}


# Templates


@once
async def test_templates_of_the_configuration_and_of_vendors(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("fake") + fake("mute", "can = []") + CONFIGURED)
    bench.vendor.says["/templates"] = LISTED
    answer = await bench.get("/templates", READ_KEY)
    assert answer["items"][:2] == [WELCOME, PLAIN]
    assert answer["items"][-1] == OWN
    assert {each["provider"] for each in answer["items"]} == {None, "main", "fake"}
    assert answer["problems"] == []
    assert await bench.get("/templates?provider=fake") == {"items": [OWN], "problems": []}
    assert {each["provider"] for each in (await bench.get("/templates", NARROW_KEY))["items"]} == {None, "fake"}


@once
async def test_a_vendor_that_cannot_be_asked_for_templates_is_a_problem_in_the_list(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("fake") + CONFIGURED)
    bench.vendor.says["/templates"] = {"declined": ["500", "System error."]}
    answer = await bench.get("/templates")
    assert answer["items"][:2] == [WELCOME, PLAIN]
    [problem] = answer["problems"]
    assert (problem["provider"], problem["problem"]["code"]) == ("fake", "provider_error")
    assert (await bench.get("/templates?provider=fake", status=502))["providerCode"] == "500"


@once
async def test_templates_of_a_provider_that_has_or_is_none(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("fake") + fake("mute", "can = []"))
    problem = await bench.get("/templates?provider=mute", status=422)
    assert (problem["code"], problem["provider"]) == ("unsupported", "mute")
    assert (await bench.get("/templates?provider=mian", status=400))["errors"][0]["pointer"] == "/provider"
    assert (await bench.get("/templates?provider=mute", NARROW_KEY, 403))["code"] == "forbidden"
    assert (await bench.get("/templates?limit=5", status=400))["code"] == "invalid_request"


@once
async def test_a_listed_template_of_a_vendor_can_be_sent(harness: Harness) -> None:
    answer = await harness.api.get("/templates?provider=main")
    items = {each["id"]: each for each in answer.json()["items"]}
    assert items["demo_sample_02"]["parameters"] == ["demo", "sample"]
    template = {"id": "demo_sample_02", "values": {"demo": "a", "sample": "b"}}
    sent = await harness.api.post("/messages", json={"to": "+819012345678", "template": template})
    assert (sent.status_code, sent.json()["text"]) == (202, "a_b_02")


# Short URLs


async def made(bench: Bench, status: int = 201, key: str = "", client: str = KEY, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {client}"} | ({"Idempotency-Key": key} if key else {})
    answer = await bench.api.post("/short-urls", json={"longUrl": URL, **body}, headers=headers)
    assert answer.status_code == status, answer.text
    return answer


@pytest.fixture
async def shortening(open_bench: OpenBench) -> Bench:
    """Only `fake` makes any; the client `narrow` may use nothing else."""
    bench = await open_bench(fake("fake"))
    bench.vendor.says["/short//"] = {"url": "https://s.example/1", "name": "n"}
    return bench


@once
async def test_a_short_url_is_made_by_the_first_that_can(harness: Harness) -> None:
    answer = await harness.api.post("/short-urls", json={"longUrl": URL, "name": "autumn sale"})
    assert answer.status_code == 201
    assert answer.json().keys() == {"shortUrl", "name", "provider"}
    assert (answer.json()["name"], answer.json()["provider"]) == ("autumn sale", "main")
    assert harness.vendor.beside.short_urls[answer.json()["shortUrl"]] == URL
    assert "idempotency-replayed" not in answer.headers
    refused = await harness.api.post("/short-urls", json={"longUrl": URL, "domain": "nobodys.example"})
    assert (refused.status_code, refused.json()["code"]) == (502, "provider_error")
    assert refused.json()["providerCode"]


@once
async def test_which_provider_makes_it(shortening: Bench) -> None:
    assert (await made(shortening, client=NARROW_KEY)).json() == MADE
    assert (await made(shortening, provider="fake")).json() == MADE
    shortening.vendor.says["/short/sale/go.example.jp"] = {"url": "https://go.example.jp/2", "name": "sale"}
    named = await made(shortening, provider="fake", name="sale", domain="go.example.jp")
    assert named.json() == {"shortUrl": "https://go.example.jp/2", "name": "sale", "provider": "fake"}
    assert (await made(shortening, 400, provider="mian")).json()["errors"][0]["pointer"] == "/provider"
    assert (await made(shortening, 403, client=NARROW_KEY, provider="main")).json()["code"] == "forbidden"
    assert (await made(shortening, 403, client=READ_KEY)).json()["code"] == "forbidden"


@once
async def test_where_nobody_can(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("fake", "can = []"))
    problem = (await made(bench, 422, client=NARROW_KEY)).json()
    assert (problem["code"], [each["detail"] for each in problem["errors"]]) == (
        "no_route",
        ["fake: it lacks the capability shortUrls"],
    )
    problem = (await made(bench, 422, provider="fake")).json()
    assert (problem["code"], problem["provider"]) == ("unsupported", "fake")


@once
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"longUrl": "ftp://a.example"}, "/longUrl"),
        ({"longUrl": "https://"}, "/longUrl"),
        ({"longUrl": "https:///path"}, "/longUrl"),
        ({"longUrl": "https://user@/"}, "/longUrl"),
        ({"longUrl": "https://a.example:99999/"}, "/longUrl"),
        ({"longUrl": "https://[::1/"}, "/longUrl"),
        ({"longUrl": "https://a.example/a b"}, "/longUrl"),
        ({"longUrl": "https://a.example/\n"}, "/longUrl"),
        ({"longUrl": "https://a.example/秋"}, "/longUrl"),
        ({"longUrl": "https://a.example/" + "x" * 2031}, "/longUrl"),
        ({"longUrl": URL, "name": ""}, "/name"),
        ({"longUrl": URL, "name": "x" * 257}, "/name"),
        ({"longUrl": URL, "name": "\ud800"}, ""),
        ({"longUrl": URL, "domain": "a/b"}, "/domain"),
        ({"longUrl": URL, "domain": "a.example\n"}, "/domain"),
        ({"longUrl": URL, "tiny": True}, "/tiny"),
        ({}, "/longUrl"),
    ],
)
async def test_what_is_refused_before_anybody_is_asked(shortening: Bench, body: Any, pointer: str) -> None:
    form = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    answer = await shortening.api.post("/short-urls", content=json.dumps(body).encode(), headers=form)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "invalid_request")
    assert [each["pointer"] for each in problem["errors"]] == [pointer]
    assert not shortening.vendor.asked


async def test_a_repeat_under_the_same_key_is_answered_as_the_first_time(shortening: Bench, redis_url: str) -> None:
    first = await made(shortening, key="k", provider="fake")
    assert "idempotency-replayed" not in first.headers
    shortening.vendor.says["/short//"] = {"url": "https://s.example/2", "name": "n"}
    await shortening.operate("fake", "pause")
    again = await made(shortening, key="k", provider="fake")
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert shortening.vendor.asked["/short//"] == 1
    for body in ({"provider": "fake", "name": "other"}, {}):
        assert (await made(shortening, 422, key="k", **body)).json()["code"] == "idempotency_key_reused"
    await shortening.operate("fake", "resume")
    for other in (
        await made(shortening, key="k", client=OTHER_KEY, provider="fake"),
        await made(shortening, key="k2", provider="fake"),
        await made(shortening, provider="fake"),
    ):
        assert other.json()["shortUrl"] == "https://s.example/2", "per client and key"
    with redis.Redis.from_url(redis_url) as raw:
        lasting = [raw.pttl(key) for key in raw.scan_iter("{*}i:*")]
    assert len(lasting) == 3
    assert all(86_000_000 < each <= 86_400_000 for each in lasting)


async def test_equal_requests_at_once_are_answered_the_same(shortening: Bench) -> None:
    shortening.vendor.slow = 0.1
    answers = await asyncio.gather(*(made(shortening, key="k", provider="fake") for _ in range(5)))
    shortening.vendor.says["/short//"] = {"url": "https://s.example/2", "name": "n"}
    answers.append(await made(shortening, key="k", provider="fake"))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[-1].headers["idempotency-replayed"] == "true"


async def test_the_slower_of_two_answers_gives_way(shortening: Bench) -> None:
    shortening.vendor.slow = 0.4
    slow = asyncio.create_task(made(shortening, key="k", provider="fake"))
    await asyncio.sleep(0.1)
    shortening.vendor.slow = 0.0
    shortening.vendor.says["/short//"] = {"url": "https://s.example/2", "name": "n"}
    fast = await made(shortening, key="k", provider="fake")
    shortening.vendor.says["/short//"] = {"url": "https://s.example/3", "name": "n"}
    assert fast.json()["shortUrl"] == "https://s.example/2"
    late = await slow
    assert (late.content, late.headers["idempotency-replayed"]) == (fast.content, "true")


async def test_a_failure_claims_nothing(shortening: Bench) -> None:
    shortening.vendor.says["/short//"] = {"declined": ["120", "Invalid longUrl."]}
    problem = (await made(shortening, 502, key="k", provider="fake")).json()
    assert problem["providerMessage"] == "Invalid longUrl."
    shortening.vendor.says["/short//"] = DROP
    problem = (await made(shortening, 504, key="k", provider="fake")).json()
    assert ANOTHER_SHORT_URL in problem["detail"]
    assert (await made(shortening, 400, key="k", provider="mian")).json()["code"] == "invalid_request"
    shortening.vendor.says["/short//"] = {"url": "https://s.example/1", "name": "n"}
    after = await made(shortening, key="k", provider="fake")
    assert "idempotency-replayed" not in after.headers


@once
async def test_no_secret_of_a_vendor_reaches_a_log_or_a_caller(harness: Harness) -> None:
    """The token of this vendor is in the query of what it is asked."""
    await harness.vendor.stop()
    with structlog.testing.capture_logs() as lines:
        answers = [
            await harness.api.get("/templates"),
            await harness.api.get("/usage"),
            await harness.api.post("/short-urls", json={"longUrl": URL, "name": "quiet"}),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 503]
    assert [line["event"] for line in lines].count("vendor not asked") == 3
    assert not any(secret in str(lines) for secret in ("vendortoken", "token=", "shop.example.com", "quiet"))
    assert not any("vendortoken" in answer.text for answer in answers)
