"""Texts, numbers, keys and tokens never reach a log."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from gateway import log
from tests.processes import KEY, SECRET, Processes

pytestmark = pytest.mark.anyio

TEXT = "a text that nobody else is to read"
NUMBERS = ("9012345678", "9012340011", "9012340005", "9012340013")


async def test_no_log_line_tells_a_secret(tmp_path: Path) -> None:
    gateway = Processes(tmp_path)
    await gateway.open()
    try:
        await gateway.start()
        ids = []
        for number in NUMBERS:
            body = {"to": f"+81{number}", "text": TEXT, "clientTag": f"tag-{number}", "metadata": {"k": TEXT}}
            ids.append((await gateway.api.post("/messages", json=body)).json()["id"])
        broken = {"to": f"+81{NUMBERS[0]}", "text": TEXT, "surplus": TEXT}
        assert (await gateway.api.post("/messages", json=broken)).status_code == 400
        assert (await gateway.api.post("/messages", content=TEXT.encode())).status_code == 415
        wrong = {"Authorization": "Bearer a-wrong-key-that-somebody-typed"}
        assert (await gateway.api.get("/me", headers=wrong)).status_code == 401
        assert (await gateway.api.get(f"/messages?to=%2B81{NUMBERS[0]}")).status_code == 200
        assert (await gateway.api.post(f"/callbacks/main/{SECRET}/dlr", content=TEXT.encode())).status_code == 400
        await asyncio.sleep(4)
        for id_ in ids:
            assert (await gateway.api.get(f"/messages/{id_}?refresh=true")).status_code == 200
        await gateway.stop()
    finally:
        await gateway.close()
    lines = gateway.log().splitlines()
    assert len(lines) > 10
    for line in lines:
        entry = json.loads(line)
        assert {"event", "level", "timestamp"} <= entry.keys()
    for secret in (TEXT, *NUMBERS, KEY, SECRET, "vendortoken", "a-wrong-key", "token="):
        assert secret not in gateway.log(), secret
    requests = [json.loads(line) for line in lines if '"event":"request"' in line]
    assert all(re.fullmatch(r"[\w.:-]+", entry["request_id"]) for entry in requests)
    assert any(entry.get("message_id") in ids for entry in requests)


def test_a_field_with_a_telling_name_is_dropped() -> None:
    event = {"event": "e", "text": TEXT, "token": "t", "url": "u", "provider": "main"}
    guarded = log._guard(None, "info", dict(event))
    assert guarded == {"event": "e", "text": "***", "token": "***", "url": "***", "provider": "main"}


@pytest.mark.parametrize("code", ["819012345678", "geheim 1", "送信済", "a" * 9])
def test_what_is_no_code_is_not_told_as_one(code: str) -> None:
    """A vendor, or whoever knows a callback's secret, may put anything there."""
    assert log._guard(None, "info", {"provider_code": code}) == {"provider_code": "***"}
    for fine in ("12832", "0", "UNDELIV", "", None):
        assert log._guard(None, "info", {"provider_code": fine}) == {"provider_code": fine}
