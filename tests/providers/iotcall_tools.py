"""An iotcall adapter, its simulated vendor, and the answers that the document prints."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.model.values import Secret
from gateway.provider import Log, LoggedCall, LoggedMessage, VendorAnswer
from gateway.providers.iotcall import TYPE, IoTCall, IoTCallSettings, RuleSettings
from gateway.sandbox.iotcall import JST, IoTCallSimulator, Tree
from tests.providers.bench import Bench

AUTH = "MFhjT0s2ODIDWA=="
KEY, OTHER_KEY = "15aabbccdd28b89", "16aabbccdd28b90"
RULES: dict[str, Any] = {
    "fire": Secret(KEY),
    "flood": RuleSettings(key=Secret(OTHER_KEY), id="0008200456", min_numbers=2),
}
TREES = (Tree(key=KEY, id="0008200123"), Tree(key=OTHER_KEY, id="0008200456", min_numbers=2))
NOW = datetime(2022, 7, 15, 4, 14, 48, tzinfo=JST)
TOKYO = ZoneInfo("Asia/Tokyo")

IoTCallBench = Bench[IoTCall, IoTCallSimulator]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def configured(**settings: Any) -> IoTCall:
    return TYPE.build("alarm", IoTCallSettings(**{"auth_code": Secret(AUTH), "rules": RULES} | settings))


def simulated(clock: Clock | None = None, **options: Any) -> IoTCallBench:
    """A bench whose simulator has these options. It is `NOW` until the clock is moved."""
    basics: dict[str, Any] = {"auth_code": AUTH, "trees": TREES, "clock": clock or Clock(), "repeat_after": 0.01}
    return Bench(IoTCallSimulator(**basics | options), lambda url: configured(base_url=url), pushes="activation")


def answer(body: object, status: int = 200) -> VendorAnswer:
    written = body if isinstance(body, bytes | str) else json.dumps(body)
    return VendorAnswer(status, written.encode() if isinstance(written, str) else written, "application/json")


def ms(written: str) -> int:
    """A time on the vendor's clock."""
    return int(datetime.fromisoformat(written).replace(tzinfo=TOKYO).timestamp() * 1000)


CALLS = """{
  "status": "ok",
  "list": [
    {"to": "+818043391234", "status": "completed", "response_no": 1, "duration": "31",
     "start_time": "2022-07-15 04:07:40", "end_time": "2022-07-15 04:08:11", "memo": "これはテストです。",
     "rule_id": "0008200123", "code": "0015300264230816123459"},
    {"to": "+818043395678", "status": "completed", "response_no": null, "duration": "19",
     "start_time": "2022-07-15 04:14:57", "end_time": "2022-07-15 04:15:16", "memo": "これはテストです。",
     "rule_id": "0008200456", "code": "0015300264230816123559"}
  ]
}"""
"""通話履歴レスポンス例 (A)."""
MESSAGES = """{
  "status": "ok",
  "list": [
    {"to": "+8180433990123", "status": "delivered", "created_at": "2022-07-15 03:54:41",
     "memo": "これはテストです。", "rule_id": "0008200123", "code": "0015300264230816556459"},
    {"to": "+818043394567", "status": "delivered", "created_at": "2022-07-15 04:07:35",
     "memo": "これはテストです。", "rule_id": "0008200456", "code": "0015300264234456123459"}
  ]
}"""
"""SMS送信履歴レスポンス例 (A). The first number has a digit too many."""
SMS_OF = """{
      "sms_logs": [
        {"to": "+818043390123", "status": "delivered", "created_at": "2022-07-15 04:14:51", "memo": "",
         "rule_id": "0008200123", "code": "0008200149220715041448"}
      ]
    }"""
CALLS_OF = """{
  "call_logs": [
    {"to": "+818043390123", "status": "completed", "response_no": null, "duration": "19",
     "start_time": "2022-07-15 04:14:57", "end_time": "2022-07-15 04:15:16", "memo": "",
     "rule_id": "0008200123", "code": "0008200149220715041448"}
  ]
}"""
"""Both halves of the example of E."""
ID = "0008200149220715041448"
LOGGED = Log(
    calls=(
        LoggedCall(
            to="+818043390123",
            status="completed",
            duration=19,
            started_at=ms("2022-07-15 04:14:57"),
            ended_at=ms("2022-07-15 04:15:16"),
            rule_id="0008200123",
            activation_id=ID,
        ),
    ),
    messages=(
        LoggedMessage(
            to="+818043390123",
            status="delivered",
            created_at=ms("2022-07-15 04:14:51"),
            rule_id="0008200123",
            activation_id=ID,
        ),
    ),
)

iotcall = configured()
