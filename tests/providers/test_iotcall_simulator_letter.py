"""What the simulated iotcall refuses, and what it only notes, because the document does not have it so."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gateway.sandbox.iotcall import FIRED, NUMBERS, REPLACED
from tests.providers.bench import FORM
from tests.providers.iotcall_tools import AUTH, KEY, OTHER_KEY, Clock, IoTCallBench, simulated

pytestmark = pytest.mark.anyio

LOGS = ("/callog", "/smslog", f"/{KEY}/calllog", f"/{KEY}/smslog", f"/{KEY}/calllog/latest", f"/{KEY}/smslog/latest")
ENTRY = {"tel": "08043391234", "group": "1", "check": "1", "international_prefix_id": "1"}


async def ask(
    bench: IoTCallBench,
    method: str,
    path: str,
    *,
    auth: str | None = AUTH,
    kind: str | None = FORM,
    body: str = "",
) -> httpx.Response:
    headers = {name: value for name, value in (("Authorization", auth), ("Content-Type", kind)) if value is not None}
    url = f"{bench.simulator.base_url}/pattern{path}"
    return await bench.client.request(method, url, headers=headers, content=body.encode())


def form(*entries: dict[str, str], escape: bool = True, first: int = 0) -> str:
    pairs = [
        (f"call_to_tels[{place}][{name}]", value)
        for place, entry in enumerate(entries, first)
        for name, value in entry.items()
    ]
    return "&".join(f"{quote(name, safe='' if escape else '[]')}={quote(value, safe='')}" for name, value in pairs)


async def refused(bench: IoTCallBench, status: int, violation: str, method: str, path: str, **more: Any) -> None:
    answer = await ask(bench, method, path, **more)
    assert (answer.status_code, answer.json()["status"]) == (status, "ng")
    assert list(bench.simulator.violations) == [violation]
    bench.simulator.violations.clear()
    assert bench.simulator.numbers[KEY] == NUMBERS
    assert not bench.simulator.activations


# As printed


async def test_as_printed() -> None:
    async with simulated(Clock()) as bench:
        fired = await ask(bench, "POST", f"/{KEY}/call", kind=None)
        assert (fired.status_code, fired.json()) == (200, {"status": "ok", "message": "手動発信を行いました。"})
        assert fired.headers["content-type"] == "application/json"
        assert fired.json()["message"] == FIRED
        for path in LOGS:
            assert (await ask(bench, "GET", path)).json() == {"status": "ok", "list": []}
        assert (await ask(bench, "GET", f"/{KEY}/tel", kind=None)).json() == {
            "status": "ok",
            "list": [
                {"tel": "09012345678", "group": 1, "check": 1, "international_prefix_id": 1},
                {"tel": "09012340002", "group": 1, "check": 1, "international_prefix_id": 1},
            ],
        }
        assert not bench.simulator.violations


@pytest.mark.parametrize("escape", [False, True])
async def test_the_printed_list_of_three(escape: bool) -> None:
    async with simulated() as bench:
        entries = [
            ENTRY,
            {"tel": "08043391235", "group": "2", "check": "0", "international_prefix_id": "1"},
            {"tel": "08043391236", "group": "3", "check": "1", "international_prefix_id": "1"},
        ]
        answer = await ask(bench, "PUT", f"/{KEY}/tel", body=form(*entries, escape=escape))
        assert answer.json() == {"status": "ok", "message": REPLACED}
        assert [(each.tel, each.group, each.check) for each in bench.simulator.numbers[KEY]] == [
            ("08043391234", 1, 1),
            ("08043391235", 2, 0),
            ("08043391236", 3, 1),
        ]
        assert bench.simulator.numbers[OTHER_KEY] == NUMBERS
        assert not bench.simulator.violations


async def test_the_history_says_it_in_the_document_s_words() -> None:
    clock = Clock()
    async with simulated(clock, numbers=NUMBERS[1:], lag=clock.now - clock.now) as bench:
        await ask(bench, "POST", f"/{KEY}/call", kind=None)
        (call,) = (await ask(bench, "GET", "/callog")).json()["list"]
        assert call == {
            "to": "+819012340002",
            "status": "completed",
            "response_no": 1,
            "duration": "31",
            "start_time": "2022-07-15 04:14:57",
            "end_time": "2022-07-15 04:15:28",
            "memo": "",
            "rule_id": "0008200123",
            "code": "0008200123220715041448",
        }
        (message,) = (await ask(bench, "GET", f"/{KEY}/smslog")).json()["list"]
        assert message == {
            "to": "+819012340002",
            "status": "delivered",
            "created_at": "2022-07-15 04:14:51",
            "memo": "",
            "rule_id": "0008200123",
            "code": "0008200123220715041448",
        }
        by_id = (await ask(bench, "GET", f"/{KEY}/{call['code']}")).json()
        assert by_id == {"status": "ok", "0": {"sms_logs": [message]}, "1": {"call_logs": [call]}}
        assert not bench.simulator.violations


# Refused


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", f"/{KEY}/call"), ("GET", f"/{KEY}/tel"), ("PUT", f"/{KEY}/tel"), *(("GET", path) for path in LOGS)],
)
async def test_a_wrong_code(method: str, path: str) -> None:
    async with simulated() as bench:
        for auth in (None, "", "other", f"Bearer {AUTH}", f"Basic {AUTH}"):
            await refused(bench, 401, "no such AuthCode", method, path, auth=auth, body=form(ENTRY) * (method == "PUT"))


@pytest.mark.parametrize("path", [f"/{KEY}/tel", f"/{KEY}/0008200123220715041448", *LOGS])
async def test_a_get_with_a_body(path: str) -> None:
    async with simulated() as bench:
        await refused(bench, 400, "a GET with a body", "GET", path, body="start_datetime=2023-11-30")


@pytest.mark.parametrize(
    ("method", "path", "violation"),
    [
        ("POST", "/nobodys/call", "no such URL key"),
        ("GET", "/nobodys/calllog", "no such URL key"),
        ("GET", "/calllog", "no such path"),
        ("GET", "/callog/latest", "no such URL key"),
        ("GET", f"/{KEY}/callog", "no such path"),
        ("GET", f"/{KEY}/callog/latest", "no such path"),
        ("GET", f"/{KEY}/calllog/newest", "no such path"),
        ("GET", f"/{KEY}/nothing", "no such path"),
        ("GET", f"/{KEY}/calllog/latest/more", "no such path"),
        ("GET", "/", "no such path"),
    ],
)
async def test_a_path_that_is_not_printed(method: str, path: str, violation: str) -> None:
    async with simulated() as bench:
        await refused(bench, 404, violation, method, path)


@pytest.mark.parametrize(
    ("method", "path", "violation"),
    [
        ("GET", f"/{KEY}/call", "GET of call"),
        ("PUT", f"/{KEY}/call", "PUT of call"),
        ("POST", f"/{KEY}/tel", "POST of tel"),
        ("DELETE", f"/{KEY}/tel", "DELETE of tel"),
        *(("POST", path, "POST of a history") for path in LOGS),
    ],
)
async def test_another_method(method: str, path: str, violation: str) -> None:
    async with simulated() as bench:
        await refused(bench, 405, violation, method, path)


@pytest.mark.parametrize("kind", [None, "application/json", "multipart/form-data; boundary=x", "text/plain"])
async def test_a_list_that_is_no_form(kind: str | None) -> None:
    async with simulated() as bench:
        await refused(bench, 415, "the body is no form", "PUT", f"/{KEY}/tel", kind=kind, body=form(ENTRY))


@pytest.mark.parametrize(
    ("body", "violation"),
    [
        ("", "no number"),
        *((form({k: v for k, v in ENTRY.items() if k != name}), f"{name} is missing") for name in ENTRY),
        (form(ENTRY, {"tel": "08043391235"}), "group is missing"),
        *(
            (form(ENTRY | {"tel": tel}), "an impossible tel")
            for tel in ("", "080-4339-1234", "+818043391234", "080 4339 1234", "12")
        ),
        *((form(ENTRY | {"group": each}), "an impossible group") for each in ("", "0", "A", "1.5")),
        *((form(ENTRY | {"check": each}), "an impossible check") for each in ("", "2", "true")),
        *(
            (form(ENTRY | {"international_prefix_id": each}), "an impossible international_prefix_id")
            for each in ("", "0", "JP", "+81")
        ),
        (form(ENTRY | {"memo": "x"}), "unknown parameter call_to_tels[0][memo]"),
        ("call_to_tels[0][tel][Text]=08043391234", "unknown parameter call_to_tels[0][tel][Text]"),
        ("tel=08043391234", "unknown parameter tel"),
    ],
)
async def test_a_list_with_something_wrong(body: str, violation: str) -> None:
    async with simulated() as bench:
        await refused(bench, 422, violation, "PUT", f"/{KEY}/tel", body=body)


async def test_a_rule_that_wants_two_numbers() -> None:
    async with simulated() as bench:
        await refused(bench, 422, "fewer than 2 numbers", "PUT", f"/{OTHER_KEY}/tel", body=form(ENTRY))
        assert (await ask(bench, "PUT", f"/{OTHER_KEY}/tel", body=form(ENTRY, ENTRY))).status_code == 200
        assert (await ask(bench, "PUT", f"/{KEY}/tel", body=form(ENTRY))).status_code == 200


@pytest.mark.parametrize(
    ("query", "violation"),
    [
        ("start_datetime=yesterday", "an impossible time"),
        ("start_datetime=2023-02-30", "an impossible time"),
        ("end_datetime=2023-11-30T00:00:00", "an impossible time"),
        ("end_datetime=", "an impossible time"),
        ("start=2023-11-30", "unknown parameter start"),
    ],
)
async def test_a_range_that_is_none(query: str, violation: str) -> None:
    async with simulated() as bench:
        for path in LOGS[:4]:
            await refused(bench, 400, violation, "GET", f"{path}?{query}")


async def test_a_range_where_there_is_none() -> None:
    async with simulated() as bench:
        query = "?start_datetime=2023-11-30"
        for path in LOGS[4:]:
            await refused(bench, 400, "a range of the latest", "GET", f"{path}{query}")
        await refused(bench, 400, "a range of an activation", "GET", f"/{KEY}/0008200123220715041448{query}")


# Ranges


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("start_datetime=2022-07-15%2004:14:57", 1),
        ("start_datetime=2022-07-15+04:14:57&end_datetime=2022-07-15%2004%3A14%3A57", 1),
        ("start_datetime=2022-07-15%2004:14:58", 0),
        ("end_datetime=2022-07-15%2004:14:57", 1),
        ("end_datetime=2022-07-15%2004:14:56", 0),
        ("start_datetime=2022-07-15&end_datetime=2022-07-15", 1),
        ("end_datetime=2022-07-14", 0),
        ("start_datetime=2022-07-16", 0),
    ],
)
async def test_a_range_with_one_end_or_two_and_with_or_without_a_time(query: str, found: int) -> None:
    clock = Clock()
    async with simulated(clock, numbers=NUMBERS[:1], lag=clock.now - clock.now) as bench:
        await ask(bench, "POST", f"/{KEY}/call", kind=None)
        for path in ("/callog", f"/{KEY}/calllog"):
            assert len((await ask(bench, "GET", f"{path}?{query}")).json()["list"]) == found


# Noted


@pytest.mark.parametrize(
    ("method", "path", "more", "violation"),
    [
        ("GET", "/callog", {"kind": None}, "a history without Content-Type"),
        ("GET", f"/{KEY}/1234567890", {"kind": "text/plain"}, "a history without Content-Type"),
        ("GET", f"/{KEY}/tel", {}, "a Content-Type where none is printed"),
        ("GET", f"/{KEY}/tel?a=b", {"kind": None}, "a query where none is printed"),
        ("POST", f"/{KEY}/call", {"kind": None, "body": "x"}, "an activation with a body"),
        ("PUT", f"/{KEY}/tel", {"body": form(ENTRY, first=1)}, "places that do not count from 0"),
    ],
)
async def test_what_is_answered_all_the_same(method: str, path: str, more: dict[str, Any], violation: str) -> None:
    async with simulated() as bench:
        answer = await ask(bench, method, path, **more)
        assert (answer.status_code, json.loads(answer.content)["status"]) == (200, "ok")
        assert list(bench.simulator.violations) == [violation]
