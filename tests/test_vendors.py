"""/providers: what is configured, what it can do, how it stands; pausing and resuming it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.store.gates import pass_for
from tests import vendor_bench
from tests.harness import ADMIN_KEY, KEY, OTHER_KEY, READ_KEY, SECRET
from tests.vendor_bench import NARROW_ADMIN_KEY, NARROW_KEY, Bench, OpenBench, fake

pytestmark = pytest.mark.anyio
open_bench, bench = vendor_bench.open_bench, vendor_bench.bench
once = pytest.mark.parametrize("redis_server", ["single"], indirect=True)


async def listed(bench: Bench, key: str = KEY) -> dict[str, Any]:
    answer = await bench.get("/providers", key)
    assert answer["nextCursor"] is None
    return {each["name"]: each for each in answer["items"]}


@once
async def test_providers_are_listed_as_configured(bench: Bench) -> None:
    found = await listed(bench, READ_KEY)
    assert list(found) == ["main", "fake"]
    assert found["fake"] == {
        "name": "fake",
        "type": "fake",
        "capabilities": {
            "messages": True,
            "deliveryReports": False,
            "statusQuery": False,
            "carriers": ["docomo", "softbank"],
            "subject": False,
            "sender": False,
            "countries": ["JP", "KR"],
            "templates": True,
            "shortUrls": True,
            "balance": True,
            "usage": True,
            "verification": [],
            "rules": False,
        },
        "guarantee": "blind",
        "limits": {
            "ratePerSecond": 100.0,
            "concurrency": 256,
            "receiversPerRequest": 1,
            "bytes": 2000,
            "charset": "cp949",
        },
        "health": "closed",
        "queueDepth": {"normal": 0, "high": 0},
    }
    assert found["main"]["limits"]["characters"] == 660
    assert "bytes" not in found["main"]["limits"]
    assert found["main"]["guarantee"] == "deduplicated"
    assert (found["main"]["capabilities"]["verification"], found["main"]["capabilities"]["rules"]) == (["owner"], False)


@once
async def test_a_client_sees_the_providers_it_may_use_and_an_operator_all(bench: Bench) -> None:
    assert list(await listed(bench, NARROW_KEY)) == ["fake"]
    assert list(await listed(bench, NARROW_ADMIN_KEY)) == ["main", "fake"]
    assert list(await listed(bench, OTHER_KEY)) == ["main", "fake"]


@once
async def test_callback_urls_are_for_operators_only(open_bench: OpenBench) -> None:
    rotated = 'callback_secret = ["new-secret-1234", "old-secret-1234"]'
    bench = await open_bench(fake("fake", rotated) + fake("mute"), 'public_url = "https://sms.example.com/"')
    found = await listed(bench, ADMIN_KEY)
    base = "https://sms.example.com/callbacks"
    assert found["main"]["callbackUrls"] == [{"kind": "dlr", "url": f"{base}/main/{SECRET}/dlr"}]
    assert found["fake"]["callbackUrls"] == [
        {"kind": "delivery", "url": f"{base}/fake/new-secret-1234/delivery"},
        {"kind": "ivr", "url": f"{base}/fake/new-secret-1234/ivr"},
    ]
    assert found["mute"]["callbackUrls"] == []
    assert SECRET not in (await bench.api.get("/providers")).text


@once
async def test_without_a_public_url_callback_urls_are_paths(bench: Bench) -> None:
    found = await listed(bench, ADMIN_KEY)
    assert found["main"]["callbackUrls"] == [{"kind": "dlr", "url": f"/callbacks/main/{SECRET}/dlr"}]
    assert (await bench.api.get("/callbacks/main/x/dlr")).status_code == 404
    told = await bench.api.post(found["main"]["callbackUrls"][0]["url"], content=b"garbage")
    assert told.status_code == 400, "it is the address that callbacks are taken at"


async def test_queue_depth_tells_both_priorities_over_all_clients(bench: Bench) -> None:
    for key, priority in ((KEY, "normal"), (OTHER_KEY, "normal"), (KEY, "high")):
        body = {"to": "+819012345678", "text": "Hello", "priority": priority, "provider": "fake"}
        await bench.get("/messages", key, 202, "POST", json=body)
    found = await listed(bench)
    assert found["fake"]["queueDepth"] == {"normal": 2, "high": 1}
    assert found["main"]["queueDepth"] == {"normal": 0, "high": 0}


async def test_a_provider_is_paused_and_resumed_by_an_operator(bench: Bench) -> None:
    bench.vendor.says["/send"] = {}
    bench.harness.dispatch()
    for _ in range(2):
        paused = await bench.operate("fake", "pause")
        assert (paused["name"], paused["health"]) == ("fake", "paused")
        assert paused["detail"] == "An operator paused it."
    assert (await listed(bench))["fake"]["health"] == "paused"
    assert (await listed(bench))["main"]["health"] == "closed"
    id_ = await bench.harness.sent(provider="fake")
    await asyncio.sleep(0.4)
    assert (await bench.harness.read(id_))["status"] == "queued"
    for _ in range(2):
        resumed = await bench.operate("fake", "resume")
        assert resumed["health"] == "closed"
        assert "detail" not in resumed
        assert resumed["callbackUrls"] == []
    await bench.harness.until(id_, "submitted")


@once
async def test_a_provider_that_failed_is_told_so(bench: Bench) -> None:
    gate = pass_for(bench.here.settings.providers["fake"])
    for _ in range(5):
        await bench.here.gates.tell(gate, "a", "down", 0)
    found = await listed(bench)
    assert found["fake"]["health"] == "open"
    assert "failed several times" in found["fake"]["detail"]
    assert (await bench.operate("fake", "resume"))["health"] == "open", "a pause is ended, and nothing else"


@once
@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_who_may_not_steer_and_what_is_not_there(bench: Bench, verb: str) -> None:
    for key in (KEY, NARROW_KEY):
        told = await bench.get(f"/providers/fake/{verb}", key, 403, "POST")
        assert told["code"] == "forbidden"
    told = await bench.get(f"/providers/elsewhere/{verb}", ADMIN_KEY, 404, "POST")
    assert told["code"] == "not_found"
    assert (await listed(bench))["fake"]["health"] == "closed"
    await bench.get(f"/providers/fake/{verb}?now=1", ADMIN_KEY, 400, "POST")
