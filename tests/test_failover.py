"""One provider fails and another serves: who carries the message, and that nobody carries it twice."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest

from gateway.provider import VendorAnswer
from gateway.store.gates import WEIGHTS, Gates, pass_for
from tests import pair as pairs
from tests.harness import OTHER_KEY, SECRET, advance, eventually
from tests.pair import IN_ORDER, MEDIA, OpenPair, Pair, closed, silent

pytestmark = pytest.mark.anyio
open_pair, pair = pairs.open_pair, pairs.pair
FAILURES = 100 // WEIGHTS["down"]
UNREACHABLE = VendorAnswer(500, b"<h1>Internal Server Error</h1>", "text/html")


def refusal(code: int, text: str = "") -> VendorAnswer:
    return VendorAnswer(200, b'{"responseCode": %d, "responseMessage": "%s"}' % (code, text.encode()))


def timeline(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event["status"], event["provider"]) for event in message["events"]]


# Moving on


@pytest.mark.parametrize("failure", [closed, refusal(300, "limit"), refusal(100, "token"), refusal(500, "system")])
async def test_what_provably_was_not_taken_moves_on(pair: Pair, failure: Any) -> None:
    pair.cut["main"] = failure
    pair.harness.dispatch()
    id_ = await pair.harness.sent()
    message = await pair.harness.until(id_, "delivered")
    assert message["provider"] == "media"
    assert pair.at_vendors(id_) == ["media"]
    assert timeline(message)[:3] == [("queued", "main"), ("submitting", "main"), ("submitting", "main")]


async def test_a_refusal_about_the_message_ends_it(pair: Pair) -> None:
    pair.cut["main"] = refusal(110, "phoneNumber")
    pair.harness.dispatch()
    message = await pair.harness.until(await pair.harness.sent(), "failed")
    assert message["reason"]["code"] == "invalid_number"
    assert pair.tries == ["main"]


async def test_the_last_ones_refusal_about_us_is_told(pair: Pair) -> None:
    pair.cut = {"main": refusal(300), "media": VendorAnswer(200, b"402")}
    pair.harness.dispatch()
    message = await pair.harness.until(await pair.harness.sent(), "failed")
    assert (message["reason"]["code"], message["provider"]) == ("quota_exceeded", "media")
    assert pair.tries == ["main", "media"], "who refused is not asked again"


@pytest.mark.parametrize("failure", [silent, UNREACHABLE, VendorAnswer(302, b""), VendorAnswer(200, b"<html>login")])
async def test_a_lost_answer_never_moves_on(pair: Pair, failure: Any) -> None:
    """Nor where a second try is refused: one proof is not proof of all."""
    pair.cut["main"] = failure
    pair.harness.dispatch()
    id_ = await pair.harness.sent()
    while not pair.tries:
        await asyncio.sleep(0.01)
    pair.cut["main"] = refusal(300)
    await asyncio.sleep(2.5)
    assert set(pair.tries) == {"main"}
    assert (await pair.harness.read(id_))["status"] == "submitting"


async def test_a_pinned_message_stays(pair: Pair) -> None:
    pair.cut["main"] = closed
    pair.harness.dispatch()
    id_ = await pair.harness.sent(provider="main")
    await eventually(lambda: len(pair.tries) > 1)
    assert set(pair.tries) == {"main"}
    pair.cut.clear()
    await pair.harness.until(id_, "delivered")


async def test_both_ways(pair: Pair) -> None:
    """Moved on to one that then fails: back to the first, which serves again."""
    pair.cut["main"] = closed
    pair.harness.dispatch()
    ids = [await pair.harness.sent() for _ in range(FAILURES + 2)]
    for id_ in ids:
        assert (await pair.harness.until(id_, "delivered"))["provider"] == "media"
    pair.cut = {"media": closed}
    for _ in range(3):
        id_ = await pair.harness.sent()
        message = await pair.harness.until(id_, "delivered")
        assert message["provider"] == "main"
        assert pair.at_vendors(id_) == ["main"]


async def test_one_deadline_for_all_tries(pair: Pair) -> None:
    pair.cut = {"main": closed, "media": closed}
    pair.harness.dispatch()
    now = pair.harness.here.store.clock
    await pair.harness.here.store.know_time()
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now.now() / 1000 + 60))
    id_ = await pair.harness.sent(expiresAt=ends)
    await asyncio.sleep(0.5)
    await advance(pair.harness, 61)
    message = await pair.harness.until(id_, "expired")
    assert message["reason"]["code"] == "expired"
    assert {"main", "media"} == set(pair.tries)


# The breaker


async def test_behind_a_dead_vendor_nothing_waits(open_pair: OpenPair) -> None:
    """Whatever a try at it costs, only the first few pay."""
    pair = await open_pair(IN_ORDER)
    exchange = pair._exchange

    async def slow(provider: Any, request: Any) -> Any:
        if provider.name == "main":
            pair.tries.append("main")
            await asyncio.sleep(0.4)
            raise closed()
        return await exchange(provider, request)

    pair.harness.here.transport.exchange = slow
    pair.harness.dispatch()
    await asyncio.gather(*[pair.harness.sent() for _ in range(FAILURES)])
    while (await pair.harness.here.availability.refresh()) or "main" not in pair.harness.here.routing.away:
        await asyncio.sleep(0.02)
    took = []
    for _ in range(20):
        began = time.monotonic()
        answer = await pair.harness.api.post(
            "/messages", json={"to": "+819012345678", "text": "Hello"}, headers={"Prefer": "wait=5"}
        )
        took.append(time.monotonic() - began)
        assert (answer.status_code, answer.json()["provider"]) == (201, "media")
    took.sort()
    assert took[len(took) // 2] < 0.1, took  # one of them probes


async def test_what_waits_leaves_an_open_gate_and_no_other(pair: Pair) -> None:
    """Queued before it opened: what may go elsewhere does, the pinned and the perhaps sent stay."""
    harness = pair.harness
    free = [await harness.sent() for _ in range(7)]
    pinned = await harness.sent(provider="main")
    gates, gate = Gates(harness.here.store), pass_for(harness.here.settings.providers["main"])
    for _ in range(FAILURES):
        await gates.tell(gate, "another", "down", 0)
    pair.cut["main"] = closed
    harness.dispatch()
    for id_ in free:
        message = await harness.until(id_, "delivered")
        assert message["provider"] == "media"
    assert "passed over" in str(message["events"])
    assert (await harness.read(pinned))["status"] in ("queued", "submitting")
    pair.cut.clear()
    assert (await harness.until(pinned, "delivered"))["provider"] == "main"
    assert all(pair.at_vendors(id_) == ["media"] for id_ in free)


async def test_what_cannot_leave_hides_nothing_that_can(open_pair: OpenPair) -> None:
    """One client's spare is away too: another's still takes its own."""
    third = MEDIA.format(url="http://127.0.0.1:9", password="secret", secret=SECRET).replace("media]", "third]")
    routes = (
        '[[routes]]\nclients = ["shop"]\nproviders = ["main", "third"]\n'
        '[[routes]]\nclients = ["other"]\nproviders = ["main", "media"]\n'
    )
    pair = await open_pair(third + routes)
    harness = pair.harness
    gates = Gates(harness.here.store)
    for name in ("main", "third"):
        await gates.pause(pass_for(harness.here.settings.providers[name]))
    await asyncio.gather(*(harness.sent() for _ in range(120)))
    headers = {"Authorization": f"Bearer {OTHER_KEY}"}
    body = {"to": "+819012345678", "text": "Hello"}
    answer = await harness.api.post("/messages", json=body, headers=headers)
    harness.dispatch()
    ends = time.monotonic() + 5
    while not pair.at_vendors(answer.json()["id"]):
        assert time.monotonic() < ends
        await asyncio.sleep(0.05)


async def test_a_reservation_does_not_keep_the_order_of_an_outage(pair: Pair) -> None:
    harness = pair.harness
    gates, gate = Gates(harness.here.store), pass_for(harness.here.settings.providers["main"])
    await gates.pause(gate)
    await harness.here.availability.refresh()
    await harness.here.store.know_time()
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(harness.here.store.clock.now() / 1000 + 3600))
    id_ = await harness.sent(sendAt=at)
    await gates.resume(gate)
    await harness.here.availability.refresh()
    await advance(harness, 3601)
    harness.dispatch()
    assert (await harness.until(id_, "delivered"))["provider"] == "main"


async def test_after_a_restart_in_order_nothing_is_waited_for(open_pair: OpenPair) -> None:
    """A vendor that counts logins is asked one at a time again, and that at once."""
    pair = await open_pair("")
    harness = pair.harness
    harness.dispatch("first.0")
    await asyncio.gather(*(harness.sent(provider="media") for _ in range(20)))
    await asyncio.sleep(0.2)
    await harness.stop()
    id_ = await harness.sent(provider="media")
    began = time.monotonic()
    harness.dispatch("second.0", start="another")
    await harness.until(id_, "delivered")
    assert time.monotonic() - began < 1.5


async def test_a_dead_vendor_is_probed_and_taken_back(pair: Pair) -> None:
    pair.cut["main"] = closed
    pair.harness.dispatch()
    for _ in range(FAILURES + 3):
        await pair.harness.until(await pair.harness.sent(), "delivered")
    assert pair.tries.count("main") <= FAILURES + 1
    pair.cut.clear()
    ends = time.monotonic() + 8
    while (await pair.harness.until(await pair.harness.sent(), "delivered"))["provider"] != "main":
        assert time.monotonic() < ends
        await asyncio.sleep(0.1)


async def test_alone_it_waits_and_goes_out_once_the_vendor_is_back(open_pair: OpenPair) -> None:
    pair = await open_pair('[[routes]]\nproviders = ["main"]\n')
    pair.cut["main"] = closed
    pair.harness.dispatch()
    ids = [await pair.harness.sent() for _ in range(40)]
    await asyncio.sleep(2)
    assert len(pair.tries) < 60, "the breaker spares the vendor"
    health = (await pair.harness.api.get("/health/ready")).json()["providers"]
    assert health["main"]["health"] in ("open", "half_open")
    assert health["media"] == {"health": "closed"}
    pair.cut.clear()
    for id_ in ids:
        await pair.harness.until(id_, "delivered")
        assert pair.at_vendors(id_) == ["main"]


async def test_a_paused_provider_is_left_alone(pair: Pair) -> None:
    harness = pair.harness
    gates, gate = Gates(harness.here.store), pass_for(harness.here.settings.providers["main"])
    await gates.pause(gate)
    harness.dispatch()
    free, pinned = await harness.sent(), await harness.sent(provider="main")
    assert (await harness.until(free, "delivered"))["provider"] == "media"
    await asyncio.sleep(0.3)
    assert pair.tries == ["media"]
    assert (await harness.read(pinned))["status"] == "queued"
    await gates.resume(gate)
    await harness.until(pinned, "delivered")


async def test_a_vendor_that_asks_to_wait_is_spared(pair: Pair) -> None:
    """MediaSMS 503: nothing was taken. With another provider at once, else a second later."""
    pair.cut["media"] = VendorAnswer(200, b"503")
    pair.harness.dispatch()
    id_ = await pair.harness.sent(provider="media")
    await asyncio.sleep(0.6)
    assert pair.tries == ["media"]
    pair.cut.clear()
    await pair.harness.until(id_, "delivered")
    assert pair.at_vendors(id_) == ["media"]


# A vendor that counts failed logins


async def test_a_wrong_password_costs_one_login(open_pair: OpenPair) -> None:
    pair = await open_pair(password="wrong")
    pair.harness.dispatch()
    ids = [await pair.harness.sent(provider="media") for _ in range(20)]
    await asyncio.sleep(1.5)
    assert pair.media.failed_logins == 1
    statuses = Counter([(await pair.harness.read(id_))["status"] for id_ in ids])
    assert statuses == {"failed": 1, "queued": 19}
    health = (await pair.harness.api.get("/health/ready")).json()["providers"]["media"]
    assert health["health"] == "open"
    assert "gateway providers reset" in health["detail"]


async def test_a_401_as_a_web_page_counts_too(pair: Pair) -> None:
    """Perhaps not the vendor's own: the message is uncertain, and the login refused all the same."""
    pair.cut["media"] = VendorAnswer(401, b"<html>Unauthorized</html>", "text/html")
    pair.harness.dispatch()
    ids = [await pair.harness.sent(provider="media") for _ in range(5)]
    await asyncio.sleep(1)
    assert pair.tries == ["media"]
    statuses = Counter([(await pair.harness.read(id_))["status"] for id_ in ids])
    assert statuses == {"uncertain": 1, "queued": 4}


async def test_a_password_changed_at_the_vendor_is_never_its_ruin(open_pair: OpenPair) -> None:
    """With eight in flight, eight fail; then none follows until an operator says so."""
    pair = await open_pair()
    pair.harness.dispatch()
    await pair.harness.until(await pair.harness.sent(provider="media"), "delivered")
    pair.media._login = "Basic changed"
    ids = [await pair.harness.sent(provider="media") for _ in range(50)]
    await asyncio.sleep(1.5)
    assert 1 <= pair.media.failed_logins <= 8
    pair.media._login = "Basic dXNlcjpzZWNyZXQ="
    gates, gate = Gates(pair.harness.here.store), pass_for(pair.harness.here.settings.providers["media"])
    await gates.reset(gate)
    statuses: Counter[str] = Counter()
    ends = time.monotonic() + 8
    while statuses["delivered"] + statuses["failed"] < 50:
        assert time.monotonic() < ends, statuses
        statuses = Counter([(await pair.harness.read(id_))["status"] for id_ in ids])
    assert statuses["failed"] <= 8


async def test_a_failed_login_fails_over(open_pair: OpenPair) -> None:
    pair = await open_pair('[[routes]]\nproviders = ["media", "main"]\n', password="wrong")
    pair.harness.dispatch()
    for _ in range(5):
        assert (await pair.harness.until(await pair.harness.sent(), "delivered"))["provider"] == "main"
    assert pair.media.failed_logins == 1
