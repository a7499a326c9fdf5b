"""/balance: what vendors say is left, now or last."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.metrics import Metrics
from gateway.provider import Balance
from gateway.sandbox.koreasms import KoreaSMSSimulator
from gateway.sandbox.server import DROP
from gateway.store import balances
from gateway.store.balances import Balances
from gateway.store.messages import Store
from tests import vendor_bench
from tests.harness import ADMIN_KEY, KEY, advance, open_harness
from tests.vendor_bench import NARROW_KEY, Bench, OpenBench, fake

pytestmark = pytest.mark.anyio
open_bench, bench = vendor_bench.open_bench, vendor_bench.bench
once = pytest.mark.parametrize("redis_server", ["single"], indirect=True)
WON = {"amount": 482_150, "currency": "KRW", "unit": "won"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def told(bench: Bench, key: str = KEY, provider: str = "") -> list[dict[str, Any]]:
    answer = await bench.get(f"/balance?provider={provider}" if provider else "/balance", key)
    assert list(answer) == ["balances"]
    found: list[dict[str, Any]] = answer["balances"]
    return found


async def gauges(bench: Bench) -> list[str]:
    lines = (await bench.api.get("/metrics")).text.splitlines()
    return [line for line in lines if line.startswith("gateway_provider_balance{")]


async def test_each_vendor_is_asked_and_one_without_a_balance_says_so(bench: Bench) -> None:
    bench.vendor.says["/balance"] = WON
    main, own = await told(bench)
    assert (main["provider"], main["problem"]["code"], main["problem"]["status"]) == ("main", "unsupported", 422)
    assert main["problem"]["instance"].startswith("req_")
    assert "balance" in main["problem"]["detail"]
    assert main.keys() == {"provider", "problem"}
    checked = moment(own.pop("checkedAt"))
    assert own == {"provider": "fake"} | WON
    assert abs(checked - datetime.now(UTC)) < timedelta(seconds=5)
    assert (await told(bench, provider="fake"))[0]["amount"] == WON["amount"]
    assert await gauges(bench) == ['gateway_provider_balance{provider="fake"} 482150']


@once
async def test_a_pinned_provider_fails_the_request(bench: Bench) -> None:
    problem = await bench.get("/balance?provider=main", status=422)
    assert (problem["code"], problem["provider"]) == ("unsupported", "main")
    bench.vendor.says["/balance"] = {"declined": ["3", "인증키오류"]}
    problem = await bench.get("/balance?provider=fake", status=502)
    assert (problem["code"], problem["providerCode"], problem["providerMessage"]) == (
        "provider_error",
        "3",
        "인증키오류",
    )
    assert (problem["provider"], problem["retryable"]) == ("fake", False)
    bench.vendor.says["/balance"] = DROP
    assert (await bench.get("/balance?provider=fake", status=504))["code"] == "provider_timeout"
    await bench.operate("fake", "pause")
    answer = await bench.api.get("/balance?provider=fake")
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    assert answer.headers["retry-after"] == "60"
    problems = {each["provider"]: each["problem"]["code"] for each in await told(bench)}
    assert problems == {"main": "unsupported", "fake": "provider_unavailable"}, "in the list each has its own"


@once
async def test_names_that_are_none_or_not_for_this_client(bench: Bench) -> None:
    problem = await bench.get("/balance?provider=mian", status=400)
    assert [each["pointer"] for each in problem["errors"]] == ["/provider"]
    assert (await bench.get("/balance?provider=main", NARROW_KEY, 403))["code"] == "forbidden"
    assert [each["provider"] for each in await told(bench, NARROW_KEY)] == ["fake"]
    assert (await bench.get("/balance?vendor=fake", status=400))["code"] == "invalid_request"


@once
async def test_vendors_are_asked_at_the_same_time(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("one") + fake("two") + fake("three"))
    bench.vendor.says["/balance"] = WON
    bench.vendor.slow = 0.4
    began = time.monotonic()
    assert [each.get("amount") for each in await told(bench)] == [None, *[WON["amount"]] * 3]
    assert time.monotonic() - began < 1.1


async def test_where_a_vendor_may_not_be_asked_its_last_word_counts(bench: Bench) -> None:
    bench.vendor.says["/balance"] = WON
    [_, first] = await told(bench)
    await advance(bench.harness, 3600)
    await bench.operate("fake", "pause")
    bench.vendor.says["/balance"] = DROP
    assert await told(bench, provider="fake") == [first]
    assert (await told(bench))[1] == first
    await bench.operate("fake", "resume")
    problem = await bench.get("/balance?provider=fake", status=504)
    assert problem["code"] == "provider_timeout", "silence is no balance"
    bench.vendor.says["/balance"] = {"declined": ["5", "suspended"]}
    assert (await bench.get("/balance?provider=fake", status=502))["providerCode"] == "5"


async def test_what_a_vendor_says_of_it_with_a_message_is_noted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balances, "EVERY", 0.05)

    async def noted(status: str) -> Any:
        """What is known while the vendor may not be asked."""
        await bench.harness.until(await bench.harness.sent(provider="fake"), status)
        await asyncio.sleep(0.2)
        await bench.operate("fake", "pause")
        [seen] = await told(bench, provider="fake")
        await bench.operate("fake", "resume")
        return seen

    bench.vendor.says |= {"/send": {"balance": 1_234_567_890}, "/balance": WON}
    bench.harness.dispatch()
    seen = await noted("submitted")
    assert seen.keys() == {"provider", "amount", "checkedAt"}, "such an answer tells no currency"
    assert seen["amount"] == 1_234_567_890
    assert await gauges(bench) == ['gateway_provider_balance{provider="fake"} 1234567890']
    await told(bench)
    bench.vendor.says |= {"/send": {"balance": 7, "refused": True}}
    seen = await noted("failed")
    assert (seen["amount"], seen["currency"], seen["unit"]) == (7, "KRW", "won"), "a refusal tells it too"


async def test_notes_are_written_once_a_second_and_the_last_one_is_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balances, "EVERY", 0.2)
    known = Balances(store)
    writes: list[tuple[Any, ...]] = []
    must = store.must

    async def counted(key: str, *command: Any) -> Any:
        writes.append(command)
        return await must(key, *command)

    monkeypatch.setattr(store, "must", counted)
    for amount in range(100, 0, -1):
        known.note("fake", amount)
        await asyncio.sleep(0.001)
    assert len(writes) == 1, "the first at once"
    await asyncio.sleep(0.3)
    assert len(writes) == 2
    assert (await known.seen())["fake"].amount == 1
    await asyncio.sleep(0.3)
    assert len(writes) == 2, "nothing new"
    known.note("fake", 0)
    known.note("other", 5)
    await known.close()
    assert {name: each.amount for name, each in (await known.seen()).items()} == {"fake": 0, "other": 5}


async def test_what_was_asked_and_what_was_noted_go_together(store: Store) -> None:
    known = Balances(store)
    assert await known.seen() == {}
    asked = await known.keep("fake", Balance(-3, "KRW", "won and more"))
    assert await known.seen() == {"fake": asked}
    known.note("fake", 9)
    await known.close()
    later = (await known.seen())["fake"]
    assert (later.amount, later.currency, later.unit) == (9, "KRW", "won and more")
    assert asked.at <= later.at <= store.clock.now()


@once
async def test_balances_of_providers_that_are_gone_are_no_metric(bench: Bench) -> None:
    await bench.here.balances.keep("gone", Balance(5, "KRW", "won"))
    assert await gauges(bench) == []


def test_metrics_tell_large_numbers_whole() -> None:
    metrics = Metrics()
    metrics.add("gateway_provider_balance", 1_234_567_891, provider="a")
    metrics.add("gateway_vendor_seconds_sum", 0.25, provider="a")
    text = metrics.render()
    assert 'gateway_provider_balance{provider="a"} 1234567891\n' in text
    assert 'gateway_vendor_seconds_sum{provider="a"} 0.25\n' in text


@once
async def test_a_real_vendors_balance(redis_url: str, tmp_path: Path) -> None:
    vendor = KoreaSMSSimulator.play("", delay=0, late=0)
    async with AsyncExitStack() as stack:
        await vendor.start()
        stack.push_async_callback(vendor.stop)
        account = "".join(f'{name} = "{value}"\n' for name, value in KoreaSMSSimulator.SETTINGS.items())
        section = f'[providers.korea]\ntype = "koreasms"\nbase_url = "{vendor.base_url}"\n{account}'
        harness = await open_harness(redis_url, tmp_path, stack, section)
        bench = Bench(harness, vendor_bench.Vendor())
        [first] = await told(bench, ADMIN_KEY, "korea")
        assert (first["amount"], first["currency"], first["unit"]) == (vendor.balance, "KRW", "won")
        harness.dispatch()
        message = await harness.sent(to="+821012345678", provider="korea")
        await harness.until(message, "submitted")
        await asyncio.sleep(0.2)
        await bench.operate("korea", "pause")
        [second] = await told(bench, ADMIN_KEY, "korea")
        assert second["amount"] == vendor.balance < first["amount"]
        assert (second["currency"], second["unit"]) == ("KRW", "won")
        assert moment(second["checkedAt"]) > moment(first["checkedAt"])
