"""A one-time code is known to its receiver and to the vendor that carries it: to no log, answer, event or Redis."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from gateway import faults
from tests import harness as tools
from tests.harness import ADMIN_KEY, Harness, advance, eventually
from tests.pair import IN_ORDER, OpenPair, Pair, closed, open_pair, silent
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import bearer
from tests.test_shared_requests import Site, open_site
from tests.verification_tools import (
    begun,
    check,
    code_of,
    delivered,
    everything,
    found,
    look,
    resend,
    result,
    wrong,
)

__all__ = ["open_pair", "open_site"]  # fixtures

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize

LONG: dict[str, Any] = {"text": "Code: {code}, again {code}", "length": 10}
"""Ten digits stand nowhere by chance."""
STARS = "Code: **********, again **********"


@pytest.fixture
def binary(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


async def told(harness: Harness, verification: dict[str, Any]) -> str:
    """All that callers are told of a verification and its messages."""
    paths = [
        f"/numbers/verify/{verification['id']}",
        f"/messages/{verification['messageId']}",
        f"/messages/{verification['messageId']}?refresh=true",
        "/messages?limit=100",
        "/receipts/orphans",
        "/providers",
        "/metrics",
    ]
    answers = [await harness.api.get(path, headers=bearer(ADMIN_KEY)) for path in paths]
    return "\n".join(f"{answer.headers} {answer.text}" for answer in answers)


async def test_nobody_else_is_told_a_code(harness: Harness, binary: redis.Redis, lines: list[Any]) -> None:
    heard: list[str] = []
    seen: list[str] = []

    async def look_around(_: str) -> None:
        seen.append(everything(binary))

    faults.install(look_around)
    try:
        first = await begun(harness, **LONG)
        heard.append(await told(harness, first))
        assert (await harness.read(first["messageId"]))["text"] == STARS
        harness.dispatch()
        one = found((await delivered(harness, first)).split(",")[0])
        assert (await harness.read(first["messageId"]))["text"] == STARS
        heard += [await told(harness, first), (await check(harness, first["id"], wrong(one))).text]
        again = await resend(harness, first["id"])
        heard.append(again.text)
        two = found((await delivered(harness, again.json())).split(",")[0])
        await harness.until(again.json()["messageId"], "delivered")
        heard.append(await told(harness, again.json()))
        heard += [(await check(harness, first["id"], code, key=code[:3])).text for code in (one, two, two)]
        heard.append(await told(harness, again.json()))
        await advance(harness, 700)
        await asyncio.sleep(0.3)
        seen.append(everything(binary))
    finally:
        faults.install(None)
    assert json.loads(heard[-2])["result"] == "verified"
    assert len(seen) > 5
    assert len(lines) > 10
    for code in (one, two):
        for place in (*heard, *seen, repr(lines)):
            assert code not in place
    assert STARS in seen[-1], "the search finds what is there"


async def test_an_erased_text_takes_nothing_from_its_code(harness: Harness, binary: redis.Redis) -> None:
    harness.dispatch()
    first = await begun(harness, **LONG)
    code = found((await delivered(harness, first)).split(",")[0])
    await harness.until(first["messageId"], "delivered")
    erased = await harness.api.delete(f"/messages/{first['messageId']}/content")
    assert erased.status_code == 200
    assert STARS not in everything(binary)
    assert await result(harness, first["id"], code) == "verified"


@each("failure", ["unreachable", "refused"])
async def test_another_provider_carries_the_same_code(
    open_pair: OpenPair, binary: redis.Redis, lines: list[Any], failure: str
) -> None:
    pair: Pair = await open_pair(IN_ORDER)
    if failure == "unreachable":
        pair.cut["main"] = closed
    pair.harness.dispatch()
    first = await begun(pair.harness, **LONG, number="+819012340007" if failure == "refused" else "+819012345678")
    await pair.harness.until(first["messageId"], "submitted", "delivered")
    assert pair.at_vendors(first["messageId"]) == ["media"]
    [[taken]] = pair.media.accepted.values()
    code = found(taken.text.split(",")[0])
    assert taken.text == STARS.replace("*" * 10, code)
    for place in (everything(binary), repr(lines), await told(pair.harness, first)):
        assert code not in place
    assert await result(pair.harness, first["id"], code) == "verified"


async def test_a_try_that_is_repeated_carries_the_same_code(open_pair: OpenPair, binary: redis.Redis) -> None:
    """Its answer was lost: under the same reference the vendor is told the same."""
    pair: Pair = await open_pair("")
    texts: list[str] = []
    provider = pair.harness.here.settings.providers["main"]
    build = provider.send_request

    def note(content: Any, *rest: Any) -> Any:
        texts.append(content.text)
        return build(content, *rest)

    provider.send_request = note  # type: ignore[method-assign]
    pair.cut["main"] = silent
    first = await begun(pair.harness, **LONG, provider="main")
    pair.harness.dispatch()
    await eventually(lambda: texts)
    pair.cut.clear()
    await eventually(lambda: pair.main.accepted)
    assert len(texts) > 1
    assert len(set(texts)) == 1
    code = found(texts[0].split(",")[0])
    assert code not in everything(binary)
    assert await result(pair.harness, first["id"], code) == "verified"


async def test_equal_stars_never_share_a_request(open_site: Any) -> None:
    site: Site = await open_site()
    first = [
        await begun(site.harness, number=f"+82100000{number}000", text="Code {code}", length=4)
        for number in range(1, 7)
    ]
    plain = await site.send([f"+82100001{number}000" for number in range(3)], text="Code ****")
    site.harness.dispatch()
    await site.statuses([*plain, *(each["messageId"] for each in first)], "submitted")
    assert sorted(site.sizes) == [1] * 6 + [3]
    texts = {call.receivers[0]: call.text for call in site.vendor.calls}
    for verification in first:
        text = texts["0" + verification["number"][3:]]
        assert await result(site.harness, verification["id"], text.removeprefix("Code ")) == "verified"
    assert list(texts.values()).count("Code ****") == 1


async def test_a_key_of_ones_own_makes_the_codes(reopen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two gateways that share it know each other's codes, whatever Redis holds; with another one nobody does."""

    async def open_with(key: str) -> Harness:
        lines = _CONFIG.replace("lanes = 4", f'lanes = 4\ncode_key = "{key}"')
        monkeypatch.setattr(tools, "CONFIG", lines)
        opened: Harness = await reopen()
        return opened

    one, same, other = [await open_with(key * 32) for key in "aab"]
    assert await one.here.store.command("{g}y", "EXISTS", "{g}y") == 0
    one.dispatch()
    first = await begun(one)
    code = await code_of(one, first)
    assert await result(other, first["id"], code) == "wrong_code"
    assert await result(same, first["id"], code) == "verified"
    assert (await look(one, first["id"]))["status"] == "verified"


_CONFIG = tools.CONFIG
