"""/usage: a client's own messages of a month, beside what the vendor bills."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.sandbox.server import DROP
from tests import vendor_bench
from tests.harness import ADMIN_KEY, KEY, OTHER_KEY, Harness
from tests.vendor_bench import NARROW_ADMIN_KEY, NARROW_KEY, Bench, OpenBench, fake

pytestmark = pytest.mark.anyio
open_bench, bench = vendor_bench.open_bench, vendor_bench.bench
once = pytest.mark.parametrize("redis_server", ["single"], indirect=True)
AS_OF = 1_795_100_400_000


def this_month(zone: str = "Asia/Tokyo") -> str:
    return f"{datetime.now(ZoneInfo(zone)):%Y-%m}"


async def count(bench: Bench, client: str, month: str, **counts: int) -> None:
    """Adds to what the scripts count: `fake_docomo_delivered=3`; an empty carrier is the unknown one."""
    store = bench.here.store
    lane = await store.lane(client)
    for kind, number in counts.items():
        key = f"{{{lane}}}u:{client}:{month}"
        await store.in_lane(lane, "HINCRBY", key, kind.replace("_", "|"), number)


async def told(bench: Bench, query: str = "month=2026-10", key: str = KEY) -> Any:
    answer = await bench.get(f"/usage?{query}", key)
    assert answer.keys() == {"items", "problems"}
    return answer


def kinds(answer: Any) -> list[tuple[str, str | None]]:
    return [(each["provider"], each["carrier"]) for each in answer["items"]]


async def test_messages_are_counted_where_they_stand_now(harness: Harness) -> None:
    """By AI CROSS, whose simulator lists today's messages only tomorrow."""
    harness.dispatch()
    delivered = [await harness.sent(to=f"+81901234567{end}") for end in (7, 8)]
    lost = await harness.sent(to="+819012340001")
    for id_ in delivered:
        await harness.until(id_, "delivered")
    message = await harness.until(lost, "undelivered")
    answer = (await harness.api.get("/usage")).json()
    assert answer["problems"] == []
    assert sum(sum(each["counts"].values()) for each in answer["items"]) == 3
    assert all(each["provider"] == "main" for each in answer["items"])
    by_carrier = {each["carrier"]: each["counts"] for each in answer["items"]}
    assert by_carrier[message["carrier"]]["undelivered"] == 1
    assert sum(counts.get("delivered", 0) for counts in by_carrier.values()) == 2
    assert {each["billed"] for each in answer["items"]} == {0}
    for path, key in ((f"/usage?month={this_month()}", KEY), ("/usage?provider=main&client=shop", ADMIN_KEY)):
        again = await harness.api.get(path, headers={"Authorization": f"Bearer {key}"})
        assert again.json()["items"] == answer["items"]
    other = await harness.api.get("/usage", headers={"Authorization": f"Bearer {OTHER_KEY}"})
    assert other.json() == {"items": [], "problems": []}


async def test_own_counts_stand_beside_what_the_vendor_bills(bench: Bench) -> None:
    bench.vendor.says["/usage/2026-10"] = {
        "billed": [{"parts": 12, "carrier": "docomo"}, {"parts": 5, "carrier": "au"}, {"parts": 1}],
        "as_of": AS_OF,
    }
    await count(
        bench, "shop", "202610", fake_docomo_delivered=7, fake_docomo_failed=0, fake__queued=2, gone_au_failed=1
    )
    await count(bench, "shop", "202610", fake_docomo_undelivered=-1, fake_softbank_delivered=-2, main__submitted=4)
    await count(bench, "shop", "202611", fake_docomo_delivered=100)
    await count(bench, "other", "202610", fake_docomo_delivered=1000)
    answer = await told(bench)
    as_of = datetime.fromtimestamp(AS_OF / 1000, UTC).isoformat().replace("+00:00", "Z")
    assert answer == {
        "items": [
            {"provider": "main", "carrier": None, "counts": {"submitted": 4}},
            {"provider": "fake", "carrier": "au", "counts": {}, "billed": 5, "billedAsOf": as_of},
            {"provider": "fake", "carrier": "docomo", "counts": {"delivered": 7}, "billed": 12, "billedAsOf": as_of},
            {"provider": "fake", "carrier": None, "counts": {"queued": 2}, "billed": 1, "billedAsOf": as_of},
            {"provider": "gone", "carrier": "au", "counts": {"failed": 1}},
        ],
        "problems": [],
    }, "nothing below one is told"
    assert kinds(await told(bench, "month=2026-10&provider=fake")) == [
        ("fake", "au"),
        ("fake", "docomo"),
        ("fake", None),
    ]
    assert kinds(await told(bench, "month=2026-10&provider=main")) == [("main", None)]
    assert await told(bench, "month=2026-10&provider=main") == {"items": answer["items"][:1], "problems": []}


@once
async def test_a_vendor_that_cannot_be_asked_hides_nothing_else(bench: Bench) -> None:
    await count(bench, "shop", "202610", fake_docomo_delivered=7)
    bench.vendor.says["/usage/2026-10"] = DROP
    answer = await told(bench)
    assert answer["items"] == [{"provider": "fake", "carrier": "docomo", "counts": {"delivered": 7}}]
    [problem] = answer["problems"]
    assert (problem["provider"], problem["problem"]["code"]) == ("fake", "provider_timeout")
    alone = await bench.get("/usage?month=2026-10&provider=fake", status=504)
    assert (alone["code"], alone["provider"]) == ("provider_timeout", "fake"), "one that is named fails the request"
    bench.vendor.says["/usage/2026-10"] = {"declined": ["110", "Invalid month."]}
    [problem] = (await told(bench))["problems"]
    assert problem["problem"]["providerMessage"] == "Invalid month."


@once
async def test_a_provider_without_usage_has_own_counts_only(open_bench: OpenBench) -> None:
    bench = await open_bench(fake("fake", "can = []"))
    await count(bench, "shop", "202610", fake__uncertain=1)
    items = [{"provider": "fake", "carrier": None, "counts": {"uncertain": 1}}]
    for query in ("month=2026-10", "month=2026-10&provider=fake"):
        assert (await told(bench, query))["items"] == items
    assert not bench.vendor.asked


@once
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_the_current_month_is_the_gateways(open_bench: OpenBench, zone: str) -> None:
    bench = await open_bench(gateway=f'time_zone = "{zone}"')
    bench.vendor.says[f"/usage/{this_month(zone)}"] = {"billed": [], "as_of": AS_OF}
    assert await bench.get("/usage?provider=fake") == {"items": [], "problems": []}
    assert bench.vendor.asked[f"/usage/{this_month(zone)}"] == 1


@once
@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "2026-1", "202610", "26-10", "2026-10-01", "0999-10", "2026-10%0A", "", "２026-10"]
)
async def test_what_is_no_month(bench: Bench, month: str) -> None:
    problem = await bench.get(f"/usage?month={month}", status=400)
    assert [each["pointer"] for each in problem["errors"]] == ["/month"]


@once
async def test_who_may_see_what(bench: Bench) -> None:
    bench.vendor.says["/usage/2026-10"] = {"billed": [{"parts": 1, "carrier": "au"}], "as_of": AS_OF}
    await count(bench, "other", "202610", main__failed=1)
    assert (await bench.get("/usage?client=other", KEY, 403))["code"] == "forbidden"
    assert kinds(await told(bench, "month=2026-10&client=other", ADMIN_KEY)) == [("main", None), ("fake", "au")]
    assert kinds(await told(bench, "month=2026-10&client=shop")) == [("fake", "au")]
    assert kinds(await told(bench, "month=2026-10&client=nobody", ADMIN_KEY)) == [("fake", "au")]
    assert (await bench.get("/usage?provider=main", NARROW_KEY, 403))["code"] == "forbidden"
    await bench.get("/usage?provider=main&month=2026-10", NARROW_ADMIN_KEY)
    assert (await bench.get("/usage?provider=mian", status=400))["errors"][0]["pointer"] == "/provider"
