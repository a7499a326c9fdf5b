"""Asking vendors what is no message: every way it fails, and what a caller is told then."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import structlog

from gateway import availability
from gateway.asking import SHARE, SILENT_FOR
from gateway.errors import Code, GatewayError
from gateway.provider import Billed, ShortUrl, Usage, VendorTemplate
from gateway.sandbox.server import DROP, Answer
from gateway.store.gates import pass_for
from tests import vendor_bench
from tests.conftest import free_port
from tests.vendor_bench import Bench, Fake, OpenBench, fake

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("redis_server", ["single"], indirect=True)]
open_bench, bench = vendor_bench.open_bench, vendor_bench.bench
LISTED = [{"id": "t", "content": "Hello {{name%}}", "holes": [["name", "{{name%}}"]]}]


def provider(bench: Bench, name: str = "fake") -> Fake:
    found = bench.here.settings.providers[name]
    assert isinstance(found, Fake)
    return found


async def refused(bench: Bench, name: str = "fake", **more: Any) -> GatewayError:
    """What asking for short URLs fails with."""
    asked = provider(bench, name)
    question = asked.short_url("https://a.example", None, None)
    assert question is not None
    with pytest.raises(GatewayError) as caught:
        await bench.here.asker.ask(asked, question, **more)
    assert caught.value.provider == name
    return caught.value


async def test_what_a_vendor_says_is_answered(bench: Bench) -> None:
    bench.vendor.says |= {
        "/usage/2026-11": {"billed": [{"parts": 3, "carrier": "docomo"}], "as_of": 5},
        "/short/n/d": {"url": "https://s.example/1", "name": "n"},
    }
    asked = provider(bench)
    usage, short = asked.usage("2026-11", 0), asked.short_url("https://a.example", "n", "d")
    assert usage
    assert short
    assert await bench.here.asker.ask(asked, usage) == Usage((Billed(3, "docomo"),), 5)
    assert await bench.here.asker.ask(asked, short) == ShortUrl("https://s.example/1", "n")


async def test_a_refusal_passes_the_vendors_words_on_as_far_as_they_can_be_shown(bench: Bench) -> None:
    said = "no\n such\tdomain \u202e\x00" + "x" * 300
    bench.vendor.says["/short//"] = {"declined": ["120\n" + "9" * 60, said]}
    with structlog.testing.capture_logs() as lines:
        error = await refused(bench)
    assert error.code is Code.PROVIDER_ERROR
    assert error.provider_code == "120 " + "9" * 36
    assert error.provider_message == ("no such domain " + "x" * 300)[:200]
    assert not any("such" in str(line) for line in lines), "nobody knows what a vendor quotes"
    bench.vendor.says["/short//"] = {"declined": ["", "\n"]}
    silent = await refused(bench)
    assert (silent.provider_code, silent.provider_message) == (None, None)


@pytest.mark.parametrize(
    "said", [DROP, Answer(200, b"no JSON"), {"unreadable": "HTTP status 500"}], ids=["lost", "garbage", "unreadable"]
)
async def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(bench: Bench, said: Any) -> None:
    bench.vendor.says["/short//"] = said
    error = await refused(bench, unsettled="look for it there")
    assert error.code is Code.PROVIDER_TIMEOUT
    assert error.detail.endswith("Whether it was done is not known: look for it there.")
    assert (await refused(bench)).detail.endswith("Nothing was changed.")
    assert bench.vendor.asked["/short//"] == 2, "asked once each time: nothing is repeated unasked"


async def test_an_answer_that_takes_too_long_is_lost(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("fake").replace('"1s"', '"200ms"'))
    bench.vendor.says["/short//"] = {"url": "u", "name": "n"}
    bench.vendor.slow = 1.0
    began = time.monotonic()
    assert (await refused(bench)).code is Code.PROVIDER_TIMEOUT
    assert time.monotonic() - began < 0.9


async def test_a_vendor_that_is_not_reached_was_not_asked(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("fake").replace("{url}", f"http://127.0.0.1:{free_port()}"))
    error = await refused(bench, unsettled="look for it there")
    assert error.code is Code.PROVIDER_UNAVAILABLE
    assert error.retry_after
    assert error.detail.endswith("Nothing was asked.")


async def test_a_paused_provider_is_not_asked(bench: Bench) -> None:
    bench.vendor.says["/short//"] = {"url": "u", "name": "n"}
    await bench.operate("fake", "pause")
    error = await refused(bench)
    assert (error.code, bench.vendor.asked["/short//"]) == (Code.PROVIDER_UNAVAILABLE, 0)
    assert error.retry_after
    assert "An operator paused" in error.detail


async def test_a_pause_elsewhere_is_known_at_once(bench: Bench) -> None:
    """By another replica: nobody has told this process."""
    await bench.here.gates.pause(pass_for(provider(bench)))
    assert (await refused(bench)).code is Code.PROVIDER_UNAVAILABLE


async def test_a_vendor_that_counts_failed_logins_is_never_asked_around_its_gate(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = provider(bench)
    question = asked.balance()
    assert question
    monkeypatch.setattr(asked, "guarded_login", "digest")
    with pytest.raises(AssertionError):
        await bench.here.asker.ask(asked, question)
    assert not bench.vendor.asked


async def test_without_a_turn_in_the_rate_nothing_is_asked(
    open_bench: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "PATIENCE", 0.1)
    bench = await open_bench(fake("fake", "rate = 0.1"))
    bench.vendor.says["/short//"] = {"declined": ["1", ""]}
    assert (await refused(bench)).code is Code.PROVIDER_ERROR
    error = await refused(bench)
    assert (error.code, bench.vendor.asked["/short//"]) == (Code.PROVIDER_UNAVAILABLE, 1)
    assert error.retry_after
    assert "as often as it may be" in error.detail


# Templates


async def test_messages_have_templates_asked_for_once_a_minute(bench: Bench) -> None:
    asker, moment = bench.here.asker, [1000.0]
    asker._clock = lambda: moment[0]
    bench.vendor.says["/templates"] = LISTED
    bench.vendor.slow = 0.1
    wanted = VendorTemplate("t", "Hello {{name%}}", (("name", "{{name%}}"),))
    assert await asyncio.gather(*(asker.template(provider(bench), "t") for _ in range(20))) == [wanted] * 20
    moment[0] += 59.9
    assert await asker.template(provider(bench), "t") == wanted
    assert bench.vendor.asked["/templates"] == 1
    bench.vendor.says["/templates"] = []
    moment[0] += 0.1
    assert await asker.template(provider(bench), "t") is None
    assert bench.vendor.asked["/templates"] == 2


async def test_a_template_that_is_new_at_the_vendor_is_found(bench: Bench) -> None:
    """A name that was not among them is asked for again, and no more than every other second."""
    asker, moment = bench.here.asker, [1000.0]
    asker._clock = lambda: moment[0]
    bench.vendor.says["/templates"] = []
    for _ in range(3):
        assert await asker.template(provider(bench), "t") is None
    assert bench.vendor.asked["/templates"] == 1
    bench.vendor.says["/templates"] = LISTED
    moment[0] += SILENT_FOR
    assert await asker.template(provider(bench), "t")


async def test_who_lists_templates_is_told_how_they_are_now(bench: Bench) -> None:
    for said in (LISTED, [], LISTED):
        bench.vendor.says["/templates"] = said
        assert len(await bench.here.asker.templates(provider(bench))) == len(said)


async def test_a_failure_to_tell_templates_is_remembered_for_a_moment(bench: Bench) -> None:
    """A batch that names one must not wait for a silent vendor again with each message."""
    asker, moment = bench.here.asker, [1000.0]
    asker._clock = lambda: moment[0]
    bench.vendor.says["/templates"] = {"declined": ["500", "System error."]}
    for _ in range(2):
        said = await asyncio.gather(*(asker.template(provider(bench), "t") for _ in range(3)), return_exceptions=True)
        assert [each.code for each in said if isinstance(each, GatewayError)] == [Code.PROVIDER_ERROR] * 3
    assert bench.vendor.asked["/templates"] == 1
    bench.vendor.says["/templates"] = []
    moment[0] += SILENT_FOR
    assert await asker.template(provider(bench), "t") is None


async def test_questions_leave_the_rate_to_messages(bench: Bench) -> None:
    """However many ask, and however fast the vendor answers."""
    bench.vendor.says["/balance"] = {"amount": 1, "currency": "KRW", "unit": "won"}
    fake, ends = provider(bench), time.monotonic() + 0.6

    async def look() -> None:
        while time.monotonic() < ends:
            await bench.here.asker.balance(fake)

    await asyncio.gather(*(look() for _ in range(8)))
    assert bench.vendor.asked["/balance"] <= 0.6 * SHARE * fake.settings.rate + 2


async def test_who_leaves_does_not_take_the_answer_away_from_others(bench: Bench) -> None:
    bench.vendor.says["/templates"] = LISTED
    bench.vendor.slow = 0.2
    first, second = (asyncio.create_task(bench.here.asker.templates(provider(bench))) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    assert [each.id for each in await second] == ["t"]
    assert bench.vendor.asked["/templates"] == 1


async def test_what_a_vendor_has_not_is_unsupported(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("fake", "can = []"))
    for asking in (bench.here.asker.templates(provider(bench)), bench.here.asker.balance(provider(bench))):
        with pytest.raises(GatewayError) as caught:
            await asking
        assert (caught.value.code, caught.value.provider) == (Code.UNSUPPORTED, "fake")
    assert not bench.vendor.asked
