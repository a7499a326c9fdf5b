"""Webhooks: what an endpoint is sent, who can verify it, what counts as heard, and what the operator sees."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from gateway.sandbox.server import DROP, Answer
from gateway.spec.events import EVENT_PATTERN
from tests import webhook_tools
from tests.harness import KEY, READ_KEY, advance, eventually
from tests.webhook_tools import (
    ADMIN,
    HEARD,
    SECRETS,
    Hooked,
    ask,
    happen,
    impatient,
    pauses,
    pulled,
    shown,
    silence,
    tell,
    telling_all,
    with_header,
)  # fmt: skip

pytestmark = pytest.mark.anyio
each = pytest.mark.parametrize
once = each("redis_server", ["single"], indirect=True)
endpoints, hooked = webhook_tools.endpoints, webhook_tools.hooked

NODE = """
const { Webhook } = require("standardwebhooks");
const told = JSON.parse(require("fs").readFileSync(0));
for (const [secret, body] of told.tries) {
  try { new Webhook(secret).verify(body, told.headers); console.log("good"); } catch (e) { console.log("bad"); }
}
"""


# Signatures


@once
async def test_the_official_library_of_pypi_verifies_what_is_told(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    id_ = await happen(harness)
    assert await tell(harness) == 1
    [request] = endpoint.told
    assert (request.method, request.path, request.headers["content-type"]) == ("POST", "/in", "application/json")
    event = standardwebhooks.Webhook(SECRETS[0]).verify(request.body, request.headers)
    assert event.keys() == {"id", "type", "timestamp", "data"}
    assert (event["id"], event["type"]) == (id_, "message.submitted")
    assert re.fullmatch(EVENT_PATTERN, id_)
    assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None
    assert event["timestamp"].endswith("Z")


@once
@each("rotating", [False, True])
async def test_either_secret_verifies_while_they_are_rotated(hooked: Hooked, rotating: bool) -> None:
    harness, endpoint = await hooked(secret=list(SECRETS[:2]) if rotating else SECRETS[0])
    await happen(harness)
    await tell(harness)
    [request] = endpoint.told
    for secret, known in zip(SECRETS, (True, rotating, False), strict=True):
        if known:
            standardwebhooks.Webhook(secret).verify(request.body, request.headers)
        else:
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(secret).verify(request.body, request.headers)


@once
@each("tampered", ["body", "webhook-id", "webhook-timestamp"])
async def test_what_was_tampered_with_is_refused(hooked: Hooked, tampered: str) -> None:
    harness, endpoint = await hooked()
    await happen(harness)
    await tell(harness)
    [request] = endpoint.told
    body, headers = request.body, dict(request.headers)
    if tampered == "body":
        body = body.replace(b"submitted", b"delivered")
    elif tampered == "webhook-id":
        headers[tampered] = "evt_" + "0" * 24
    else:
        headers[tampered] = str(int(headers[tampered]) + 1)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SECRETS[0]).verify(body, headers)


@once
async def test_the_official_library_of_npm_verifies_what_is_told(hooked: Hooked, tmp_path: Path) -> None:
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("there is no node here")
    folder = tmp_path / "node"
    folder.mkdir()
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "standardwebhooks"]
    try:
        installed = await asyncio.to_thread(subprocess.run, install, capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not answer")
    if installed.returncode:
        pytest.skip("npm cannot install standardwebhooks here")
    harness, endpoint = await hooked(secret=list(SECRETS[:2]))
    await happen(harness)
    await tell(harness)
    [request] = endpoint.told
    body = request.body.decode()
    tries = [*((secret, body) for secret in SECRETS), (SECRETS[0], body.replace("submitted", "delivered"))]
    said = await asyncio.to_thread(
        subprocess.run,
        ["node", "-e", NODE],
        input=json.dumps({"headers": request.headers, "tries": tries}),
        capture_output=True, text=True, cwd=folder, check=True,
    )  # fmt: skip
    assert said.stdout.split() == ["good", "good", "bad", "bad"]


async def test_the_id_is_the_same_at_every_try_and_the_timestamp_is_the_trys(hooked: Hooked) -> None:
    harness, endpoint = await hooked(Answer(500))
    ids = {await happen(harness) for _ in range(3)} | {await happen(harness, client="other")}
    assert len(ids) == 4
    for _ in range(3):
        await tell(harness)
        await advance(harness, 40_000)
    assert len(endpoint.told) == 9
    assert len(set(endpoint.ids)) == 3
    assert set(endpoint.ids) < ids
    times = [int(request.headers["webhook-timestamp"]) for request in endpoint.told]
    assert times[3] - times[0] >= 40_000
    assert {json.loads(request.body)["id"] for request in endpoint.told} == set(endpoint.ids)
    endpoint.answer, before = HEARD, len(endpoint.told)
    await tell(harness)
    assert {request.headers["webhook-id"] for request in endpoint.told[before:]} == set(endpoint.ids)


# What is heard


@once
@each(("answer", "heard"), [
    (Answer(200), True), (Answer(202, b"taken", "text/plain"), True), (HEARD, True), (Answer(226), True),
    (with_header(200, "Retry-After", "7"), True), (Answer(304), False),
    (Answer(400), False), (Answer(401), False), (Answer(404), False), (Answer(429), False), (Answer(500), False),
    (Answer(503), False), (DROP, False),
])  # fmt: skip
async def test_only_2xx_is_heard(hooked: Hooked, answer: Answer, heard: bool) -> None:
    harness, endpoint = await hooked(answer)
    await happen(harness)
    assert await tell(harness) == 1
    assert bool(await pauses(harness)) is not heard
    last = (await shown(harness))["lastResult"]
    assert last.get("status") == (answer.status or None)
    assert ("error" in last) is (answer is DROP)
    await advance(harness, 10)
    assert await tell(harness) == (0 if heard else 1)
    assert len(endpoint.told) == (1 if heard else 2)


@once
@each("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_counts_as_a_failure(hooked: Hooked, endpoints: Any, status: int) -> None:
    elsewhere = await endpoints()
    harness, endpoint = await hooked(with_header(status, "Location", f"{elsewhere.server.url}/there"))
    await happen(harness)
    await tell(harness)
    assert (len(endpoint.told), len(elsewhere.told)) == (1, 0)
    assert len(await pauses(harness)) == 1


@once
async def test_what_is_not_answered_in_time_is_not_heard(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch, 0.2)
    harness, endpoint = await hooked(silence)
    await happen(harness)
    await tell(harness)
    assert len(endpoint.told) == 1
    assert "within 0.2 s" in (await shown(harness))["lastResult"]["error"]
    assert len(await pauses(harness)) == 1


@once
async def test_nobody_listens(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    await endpoint.server.stop()
    await happen(harness)
    await tell(harness)
    last = (await shown(harness))["lastResult"]
    assert last.keys() == {"at", "error"}
    assert endpoint.server.url not in last["error"]


# Which events


@once
@each(("events", "told"), [
    (["*"], {"message.submitted", "message.delivered", "verification.verified", "activation.failed"}),
    (["message.*"], {"message.submitted", "message.delivered"}),
    (["message.delivered"], {"message.delivered"}),
    (["verification.*", "message.submitted"], {"verification.verified", "message.submitted"}),
    (["message.failed"], set()),
])  # fmt: skip
async def test_an_endpoint_is_told_of_what_it_wants_and_the_rest_leaves_no_backlog(
    hooked: Hooked, events: list[str], told: set[str]
) -> None:
    harness, endpoint = await hooked(events=events)
    for kind in ("submitted", "delivered", "verification.verified", "activation.failed"):
        await happen(harness, kind)
    await tell(harness)
    assert endpoint.types == dict.fromkeys(told, 1)
    state = await shown(harness)
    assert state["backlog"] == 0
    assert "oldestAgeSeconds" not in state
    assert ("lastResult" in state) is bool(told)


async def test_no_endpoint_is_told_of_another_clients_events(hooked: Hooked, endpoints: Any) -> None:
    theirs = await endpoints()
    harness, ours = await hooked(extra=theirs.section("theirs", "other"))
    await tell(harness, "theirs")
    expected: dict[str, list[str]] = {"shop": [], "other": [], "slow": []}
    for number in range(30):
        client = ("shop", "other", "slow")[number % 3]
        expected[client].append(await happen(harness, client=client))
    async with telling_all(harness):
        await eventually(lambda: len(ours.told) >= 10 and len(theirs.told) >= 10)
        await asyncio.sleep(0.2)
    assert (sorted(ours.ids), sorted(theirs.ids)) == (expected["shop"], expected["other"])


@once
async def test_two_endpoints_of_a_client_are_told_each(hooked: Hooked, endpoints: Any) -> None:
    second = await endpoints(Answer(500))
    harness, first = await hooked(extra=second.section("second", secret=SECRETS[2]))
    await tell(harness, "second")
    id_ = await happen(harness)
    await tell(harness)
    await tell(harness, "second")
    assert first.ids == second.ids == [id_]
    standardwebhooks.Webhook(SECRETS[2]).verify(second.told[0].body, second.told[0].headers)
    assert ((await shown(harness))["backlog"], (await shown(harness, "second"))["backlog"]) == (0, 1)


async def test_a_new_endpoint_of_an_old_client_is_not_flooded(hooked: Hooked, endpoints: Any, reopen: Any) -> None:
    harness, endpoint = await hooked()
    store, lane = harness.here.store, await harness.here.store.lane("shop")
    await store.in_lane(lane, "XADD", f"{{{lane}}}e:shop", "1000-1", "k", "submitted", "i", "0" * 26, "n", 1)
    new = await endpoints()
    again = await reopen(new.section("new"))
    assert await pulled(again, name="new") == []
    id_ = await happen(again)
    await tell(again, "new")
    assert new.ids == [id_]
    assert endpoint.ids == []


# What the operator sees and does


async def test_the_list_says_how_an_endpoint_stands(hooked: Hooked) -> None:
    harness, endpoint = await hooked(Answer(503), events=["message.*"])
    before = await shown(harness)
    assert before == {
        "name": "hook", "client": "shop", "endpoint": f"{endpoint.server.url}/in", "events": ["message.*"],
        "enabled": True, "backlog": 0,
    }  # fmt: skip
    for _ in range(3):
        await happen(harness)
    assert (await shown(harness))["backlog"] == 3
    await tell(harness)
    state = await shown(harness)
    assert (state["backlog"], state["lastResult"]["status"], state["oldestAgeSeconds"]) == (3, 503, 0)
    endpoint.answer = HEARD
    await advance(harness, 10)
    await tell(harness)
    after = await shown(harness)
    assert (after.pop("lastResult")["status"], after) == (204, before)


@once
async def test_a_test_event_is_told_once_and_is_in_no_feed(hooked: Hooked) -> None:
    harness, endpoint = await hooked()
    said = await ask(harness, "/webhooks/hook/test")
    [request] = endpoint.told
    event = standardwebhooks.Webhook(SECRETS[0]).verify(request.body, request.headers)
    assert said == {"delivered": True, "id": event["id"], "status": 204}
    assert event["type"] == "webhook.test"
    assert re.fullmatch(EVENT_PATTERN, event["id"])
    assert (await harness.api.get("/events")).json()["items"] == []
    endpoint.answer = Answer(500)
    assert (await ask(harness, "/webhooks/hook/test"))["delivered"] is False
    endpoint.answer = DROP
    assert (await ask(harness, "/webhooks/hook/test")).keys() == {"delivered", "id", "error"}
    assert (await shown(harness))["backlog"] == 0


@once
@each(("method", "path"), [
    ("GET", "/webhooks"), ("POST", "/webhooks/hook/test"), ("POST", "/webhooks/hook/enable"),
    ("POST", "/webhooks/hook/redeliver"), ("POST", "/events/evt_{}/redeliver".format("0" * 24)),
])  # fmt: skip
async def test_the_operators_paths_need_the_operators_key(hooked: Hooked, method: str, path: str) -> None:
    harness, endpoint = await hooked()
    for key, status in ((KEY, 403), (READ_KEY, 403), ("nobodys", 401)):
        answer = await harness.api.request(method, path, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == status
    assert endpoint.told == []
    absent = path.replace("hook/", "nobody/")
    if absent != path or "evt" in path:
        body = {"json": {"since": "2026-11-20T00:00:00Z"}} if "hook/redeliver" in path else {}
        assert (await harness.api.request(method, absent, headers=ADMIN, **body)).status_code == 404
