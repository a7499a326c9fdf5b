"""An AI CROSS adapter, its simulated vendor, and delivery reports as the vendor writes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.model.values import Secret
from gateway.providers.aicross import TYPE, AICross, AICrossSettings
from gateway.sandbox.aicross import JST, AICrossSimulator
from tests.providers.bench import DELIVERED, Bench

REFERENCE = "01jd0a1b2c3d4e5f6g7h8j9k0mg1"
TOKEN, CLIENT, CODE = "tok-tok-tok", "1234", "80013"

TODAY, NEXT = "2024-01-05 18:00", "2024-01-31 08:00"
"""Times of reservations after that of a `Clock`."""
RESERVATION_CALLS = {
    "checkreservation": ["responseCode", "responseMessage", "count", "status"],
    "cancelreservation": ["responseCode", "responseMessage", "clientTag"],
    "cancelreservationall": ["responseCode", "responseMessage"],
}
"""The fields of an answer (2.2.2, 2.3.2, 2.3.5)."""

AICrossBench = Bench[AICross, AICrossSimulator]


def configured(**settings: Any) -> AICross:
    basics = {"token": Secret(TOKEN), "client_id": CLIENT, "sms_code": CODE}
    return TYPE.build("main", AICrossSettings(**basics | settings))


aicross = configured()


def simulated(**options: Any) -> AICrossBench:
    """A bench whose simulator has these options."""
    quick: dict[str, Any] = {"delay": 0.02, "late": 0.6, "repeat_after": 0.01}
    simulator = AICrossSimulator(token=TOKEN, client_id=CLIENT, sms_code=CODE, **(quick | options))
    return Bench(simulator, lambda url: configured(base_url=url), pushes="dlr")


async def called(bench: AICrossBench, method: str, path: str, /, **fields: str | None) -> dict[str, Any]:
    """The answer to a call with these fields beside the login, None leaving one out."""
    given = {"token": TOKEN, "clientId": CLIENT} | fields
    form = {name: value for name, value in given.items() if value is not None}
    place = {"params": form} if method == "GET" else {"data": form}
    answer = await bench.client.request(method, bench.simulator.base_url + path, **place)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def mt(bench: AICrossBench, **fields: str | None) -> dict[str, Any]:
    """mt.json with these fields changed, None leaving one out."""
    basics = {"smsCode": CODE, "message": "hello", "phoneNumber": DELIVERED, "clientTag": "a1"}
    body = await called(bench, "POST", "/p5/api/mt.json", **basics | fields)
    assert list(body) == ["responseCode", "responseMessage", "phoneNumber", "smsMessage"]
    return body


async def status(bench: AICrossBench, **query: str | None) -> dict[str, Any]:
    """status.json with this query, None leaving one out."""
    body = await called(bench, "GET", "/p5/api/status.json", **query)
    assert list(body) == ["responseCode", "responseMessage", "status"]
    return body


async def call(bench: AICrossBench, name: str, /, **fields: str | None) -> dict[str, Any]:
    """A call of `RESERVATION_CALLS` with these fields beside the login, None leaving one out."""
    answer = await called(bench, "GET", f"/p5/api/{name}.json", **fields)
    assert list(answer) == RESERVATION_CALLS[name]
    return answer


async def check(bench: AICrossBench, **fields: str | None) -> dict[str, Any]:
    return await call(bench, "checkreservation", **{"smsCode": CODE} | fields)


async def listed(bench: AICrossBench, **fields: str) -> list[str]:
    """The clientTags of those that are listed."""
    answer = await check(bench, **fields)
    assert (answer["responseCode"], answer["count"]) == (0, len(answer["status"]))
    return [each["clientTag"] for each in answer["status"]]


async def reserve(bench: AICrossBench, tag: str, time: str = TODAY, to: str = DELIVERED, group: str = "") -> None:
    answer = await mt(bench, clientTag=tag, scheduleTime=time, phoneNumber=to, groupTag=group or None)
    assert (answer["responseCode"], answer["responseMessage"]) == (0, "Success.")


class Clock:
    """A simulator's clock that stands still until it is moved: at half past nine and ten seconds in Japan."""

    def __init__(self) -> None:
        self.now = datetime(2024, 1, 5, 9, 30, 10, tzinfo=JST)

    def __call__(self) -> datetime:
        return self.now.astimezone(UTC)

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


def ms(*moment: int) -> int:
    return int(datetime(*moment[:6], tzinfo=UTC).timestamp()) * 1000 + (moment[6] if len(moment) > 6 else 0)


def notification(**fields: Any) -> dict[str, Any]:
    basics: dict[str, Any] = {
        "type": "DLR",
        "dateTime": "2024/01/05 09:30:01",
        "messageId": "0001234240105093000100a1B2c3D4e",
        "phoneNumber": "+818012345678",
        "smsCode": "80013",
        "carrierId": "103",
        "carrierName": "NTT Docomo",
        "messageText": "very private",
        "clientId": "1234",
        "clientTag": REFERENCE,
        "statusId": "2",
        "statusDescription": "Message delivered",
        "rawdata": {"carrier": "103", "type": "", "data": {"code": "", "ntwkErr": ""}},
        "detailedStatusId": 2,
        "separatedSuccessCount": 1,
    }
    return basics | fields


def xml(fields: dict[str, Any], prolog: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    def elements(fields: dict[str, Any]) -> str:
        return "".join(
            f"<{name}>{elements(value) if isinstance(value, dict) else f'<![CDATA[{value}]]>'}</{name}>\n"
            for name, value in fields.items()
        )

    each = f'<eventNotification type="DLR">{elements(fields)}</eventNotification>'
    return f"{prolog}<eventNotifications>\n {each}\n</eventNotifications>"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def bench_by_clock(clock: Clock) -> AsyncIterator[AICrossBench]:
    async with simulated(clock=clock) as bench:
        yield bench
        assert not bench.simulator.violations
