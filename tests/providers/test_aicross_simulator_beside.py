"""The simulated AI CROSS beside messages, what its document does not provide for, and what the sandbox asks of it."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from gateway.model.message import Content
from gateway.model.values import Secret
from gateway.provider import Accepted, Billed, Declined, ShortUrl, Usage
from gateway.providers.aicross import AICross
from gateway.sandbox.aicross import AICrossSimulator
from gateway.sandbox.aicross_beside import REGISTERED
from gateway.sandbox.aicross_reports import JST
from gateway.sandbox.server import Simulator
from tests.providers.aicross_tools import CLIENT, TOKEN, AICrossBench, called, configured, ms, simulated
from tests.providers.bench import DELIVERED, number

pytestmark = pytest.mark.anyio

PATHS = {
    "template": ("GET", "/p5/api/template.json", {"count": 0, "templates": None}),
    "shorten": ("POST", "/p1/api/shortenurl.json", {"shortUrl": None, "name": None}),
    "count": ("GET", "/p5/api/separatedsuccesscount.json", {"separatedSuccessCount": None}),
}
"""Method, path, and what a failing answer has beside code and message."""


async def call(bench: AICrossBench, which: str, /, **fields: str | None) -> dict[str, Any]:
    """The call with these fields beside the login, None leaving one out."""
    method, path, _ = PATHS[which]
    return await called(bench, method, path, **fields)


# By the adapter


async def test_the_adapter_reads_the_templates() -> None:
    async with simulated() as bench:
        read = await bench.ask(bench.adapter.templates())
        assert isinstance(read, tuple)
        assert {each.id: each.content for each in read} == REGISTERED
        assert [[name for name, _ in each.holes] for each in read] == [[], ["demo", "sample"], ["お名前", "日時"]]
        assert not bench.simulator.violations


@pytest.mark.parametrize(
    ("name", "domain", "shown"),
    [
        (None, None, r"https://ai9\.jp/\w{6}"),
        ("春 + 夏", None, r"https://ai9\.jp/\w{6}"),
        ("n" * 256, "go.example.jp", r"https://go\.example\.jp/\w{6}"),
    ],
)
async def test_the_adapter_has_urls_shortened(name: str | None, domain: str | None, shown: str) -> None:
    async with simulated() as bench:
        long_url = "https://shop.example.jp/?q=1+1&x=%20あ#z"
        read = await bench.ask(bench.adapter.short_url(long_url, name, domain))
        assert isinstance(read, ShortUrl)
        assert re.fullmatch(shown, read.url)
        assert read.name == name if name else re.fullmatch(r"Shorturl-\d{17}", read.name)
        assert bench.simulator.beside.short_urls == {read.url: long_url}
        assert not bench.simulator.violations


async def ask_usage(bench: AICrossBench, adapter: AICross, month: str) -> object:
    return await bench.ask(adapter.usage(month, int(datetime.now(JST).timestamp() * 1000)))


async def test_the_adapter_reads_what_was_delivered() -> None:
    async with simulated() as bench:
        for tag, to, carrier, text in [
            ("a", DELIVERED, "au", "あ" * 71),
            ("b", DELIVERED, "au", "short"),
            ("c", DELIVERED, "rakuten", "short"),
            ("d", number("0001"), "docomo", "short"),
            ("today", DELIVERED, "softbank", "short"),
            ("longer ago", DELIVERED, "softbank", "short"),
        ]:
            assert await bench.send(to, reference=tag, carrier=carrier, text=text) == Accepted("0")
        end = datetime.now(JST).replace(hour=0, minute=0, second=0, microsecond=0)
        yesterday, longer_ago = end - timedelta(seconds=1), end - timedelta(days=400)
        accepted = bench.simulator.accepted
        for tag in accepted:
            moment = {"today": end, "longer ago": longer_ago}.get(tag, yesterday)
            accepted[tag] = msgspec.structs.replace(accepted[tag], settled_at=moment)
        read = await ask_usage(bench, bench.adapter, f"{yesterday:%Y-%m}")
        assert isinstance(read, Usage)
        assert read.billed == (Billed(3, "au"), Billed(1, "rakuten"))
        assert read.as_of == int(end.timestamp()) * 1000
        assert await ask_usage(bench, bench.adapter, "1999-01") == Usage((), ms(1999, 1, 31, 15, 0, 0))
        (counts,) = (await call(bench, "count", month=f"{yesterday:%Y%m}"))["separatedSuccessCount"]
        assert counts == {"clientId": int(CLIENT), "101": 3, "106": 1}
        assert (await call(bench, "count", month="199901"))["separatedSuccessCount"] == []
        assert not bench.simulator.violations


async def test_an_agency_may_ask_for_all() -> None:
    async with simulated(agency={"7": {"101": 1, "103": 2}, "8": {"103": 3}, "9": {}}) as bench:
        agent = configured(base_url=bench.simulator.base_url, usage_client_id="all")
        read = await ask_usage(bench, agent, "2020-01")
        assert isinstance(read, Usage)
        assert read.billed == (Billed(1, "au"), Billed(5, "docomo"))
        listed = (await call(bench, "count", clientId="7", month="202001"))["separatedSuccessCount"]
        assert listed == [{"clientId": 7, "101": 1, "103": 2}]


async def test_the_adapter_reads_a_no() -> None:
    async with simulated() as bench:
        stranger = configured(base_url=bench.simulator.base_url, client_id="99", usage_client_id="all")
        for question in (
            stranger.templates(),
            stranger.short_url("https://a.example", None, None),
            stranger.usage("2024-01", 0),
        ):
            assert await bench.ask(question) == Declined("110", "Invalid clientId.")


# To the letter


@pytest.mark.parametrize(
    ("name", "fields", "code", "message"),
    [
        ("template", {}, 0, "Success."),
        ("template", {"token": None}, 100, "Required token."),
        ("template", {"clientId": ""}, 100, "Required clientId."),
        ("template", {"token": "wrong"}, 110, "Invalid token."),
        ("template", {"clientId": "9"}, 110, "Invalid clientId."),
        ("shorten", {"longUrl": "https://a.example/"}, 0, "Success."),
        ("shorten", {"longUrl": "https://a.example/" + "x" * 2030, "name": "あ" * 256}, 0, "Success."),
        ("shorten", {"longUrl": "https://a.example/", "token": None}, 100, "Required token."),
        ("shorten", {}, 100, "Required longUrl."),
        ("shorten", {"longUrl": "https://a.example/", "token": "wrong"}, 110, "Invalid token."),
        ("shorten", {"longUrl": "a.example"}, 110, "Invalid longUrl."),
        ("shorten", {"longUrl": "https://a.example/", "domain": "b.example"}, 110, "Invalid domain."),
        ("shorten", {"longUrl": "https://a.example/", "name": "あ" * 257}, 120, "name too long."),
        ("shorten", {"longUrl": "https://a.example/" + "x" * 2031}, 120, "longUrl too long."),
        ("count", {"month": "202401"}, 0, "Success."),
        ("count", {}, 100, "Required month."),
        ("count", {"month": "202401", "clientId": None}, 100, "Required clientId."),
        ("count", {"month": "202413"}, 110, "Invalid month."),
        ("count", {"month": "2024-01"}, 110, "Invalid month."),
        ("count", {"month": "202401", "clientId": "all"}, 110, "Invalid clientId."),
        ("count", {"month": "202401", "clientId": "7"}, 110, "Invalid clientId."),
    ],
)
async def test_codes(name: str, fields: dict[str, str | None], code: int, message: str) -> None:
    async with simulated() as bench:
        answer = await call(bench, name, **fields)
        failed = {"responseCode": code, "responseMessage": message} | PATHS[name][2]
        assert list(answer) == list(failed)
        assert (answer["responseCode"], answer["responseMessage"]) == (code, message)
        if code:
            assert answer == failed
            assert not bench.simulator.beside.short_urls
        assert not bench.simulator.violations


LOGIN = {"token": TOKEN, "clientId": CLIENT}


@pytest.mark.parametrize(
    ("method", "path", "options", "code", "violations"),
    [
        ("POST", "/p5/api/template.json", {"data": LOGIN}, 500, ["POST instead of GET"]),
        ("GET", "/p1/api/shortenurl.json", {}, 500, ["GET instead of POST", "no URL-encoded form"]),
        ("PUT", "/p5/api/separatedsuccesscount.json", {}, 500, ["PUT instead of GET"]),
        ("GET", "/p5/api/mt.json", {}, 500, ["GET instead of POST", "no URL-encoded form"]),
        ("POST", "/p5/api/status.json", {}, 500, ["POST instead of GET"]),
        ("POST", "/p5/api/checkreservation.json", {"data": LOGIN}, 500, ["POST instead of GET"]),
        ("POST", "/p5/api/cancelreservation.json", {"data": LOGIN}, 500, ["POST instead of GET"]),
        ("POST", "/p5/api/cancelreservationall.json", {"data": LOGIN}, 500, ["POST instead of GET"]),
        ("GET", "/p5/api/template.json", {"params": LOGIN, "content": b"x"}, 0, ["a GET with a body"]),
        ("GET", "/p5/api/template.json", {"params": LOGIN | {"page": "2"}}, 0, ["unknown parameter page"]),
        ("POST", "/p1/api/shortenurl.json", {"json": LOGIN}, 100, ["no URL-encoded form"]),
        (
            "POST",
            "/p1/api/shortenurl.json",
            {"params": LOGIN, "data": {"url": "x"}},
            100,
            ["parameters in the URL of a POST", "unknown parameter url"],
        ),
    ],
)
async def test_what_the_document_does_not_provide_for(
    method: str, path: str, options: dict[str, Any], code: int, violations: list[str]
) -> None:
    async with simulated() as bench:
        answer = await bench.client.request(method, bench.simulator.base_url + path, **options)
        assert answer.json()["responseCode"] == code
        assert bench.simulator.violations == [f"{path}: {each}" for each in violations]
        assert TOKEN not in str(bench.simulator.violations)


async def test_violations_are_bounded_and_name_unknown_calls() -> None:
    async with simulated(keep=2) as bench:
        for path in ("/p5/api/mt.xml", "/p4/api/mt.json", "/third"):
            assert (await bench.client.get(bench.simulator.base_url + path)).status_code == 404
        assert bench.simulator.violations == ["/p5/api/mt.xml: no such call", "/p4/api/mt.json: no such call"]


async def test_the_adapters_messages_violate_nothing() -> None:
    async with simulated() as bench:
        await bench.send(DELIVERED, text="1+1=2 & あ\n%😀", carrier="au", group_tag="g" * 200, sender="80013")
        await bench.query()
        assert not bench.simulator.violations


# What the sandbox asks of it


def test_it_plays_the_account_of_its_settings() -> None:
    async def main() -> None:
        pushed: list[str] = []

        async def post(url: str, body: bytes, content_type: str) -> int:
            pushed.append(url)
            return 200

        vendor: Simulator = AICrossSimulator.play("http://gateway/callbacks/x/secret", delay=0.01, late=0.02, post=post)
        await vendor.start()
        account = vendor.SETTINGS | {"token": Secret(vendor.SETTINGS["token"])}
        adapter = configured(base_url=vendor.base_url, **account)
        content = Content(to=DELIVERED, text="hello", encoding="gsm7", characters=5, segments=1)
        request = adapter.send_request(content, "tag")
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(request.url, headers=dict(request.headers), content=request.body)
        assert answer.json()["responseCode"] == 0
        await asyncio.sleep(0.1)
        assert pushed == ["http://gateway/callbacks/x/secret/dlr"]
        assert (vendor.taken(DELIVERED), vendor.taken(number("0001"))) == (1, 0)
        await vendor.stop()

    asyncio.run(main())


def test_every_ending_is_told() -> None:
    endings = AICrossSimulator.endings()
    assert endings["0001"] == "undelivered: the handset is out of reach or switched off"
    assert all(re.fullmatch("[0-9]{4}", ending) for ending in endings)
