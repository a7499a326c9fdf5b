"""What is taken as a verification and what is not, and who may ask about which."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness import ADMIN_KEY, OTHER_KEY, READ_KEY, Harness
from tests.redis_tools import ON_ONE_NODE
from tests.test_api_errors import bearer, problem
from tests.verification_tools import ABSENT, BODY, PATH, begin, begun, look

pytestmark = [pytest.mark.anyio, ON_ONE_NODE]
each = pytest.mark.parametrize

MISSING = object()


def changed(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in (BODY | given).items() if value is not MISSING}


@each(
    "given",
    [
        {"text": "{code}"},
        {"text": "x" * 654 + "{code}"},
        {"text": "認証番号 {code}。"},
        {"validMinutes": 1},
        {"validMinutes": 999},
        {"length": 4},
        {"length": 10},
        {"number": "090-1234-5678"},
        {"number": "０９０１２３４５６７８"},
        {"clientTag": "x" * 200},
        {"provider": "main"},
    ],
    ids=str,
)
async def test_what_is_taken(harness: Harness, given: dict[str, Any]) -> None:
    answer = await begin(harness, **given)
    assert answer.status_code == 202, answer.text
    assert answer.json()["number"] == "+819012345678"


@each(
    ("body", "pointer"),
    [
        (changed(text="Hello"), "/text"),
        (changed(text="{Code}"), "/text"),
        (changed(text="{ code }"), "/text"),
        (changed(text=""), "/text"),
        (changed(text=MISSING), "/text"),
        (changed(text="x" * 1995 + "{code}"), "/text"),
        (changed(text="{code}" * 333, length=10), "/text"),
        (changed(text=7), "/text"),
        (changed(validMinutes=0), "/validMinutes"),
        (changed(validMinutes=1000), "/validMinutes"),
        (changed(validMinutes=-1), "/validMinutes"),
        (changed(validMinutes=1.5), "/validMinutes"),
        (changed(validMinutes="5"), "/validMinutes"),
        (changed(validMinutes=None), "/validMinutes"),
        (changed(validMinutes=MISSING), "/validMinutes"),
        (changed(length=3), "/length"),
        (changed(length=11), "/length"),
        (changed(length=None), "/length"),
        (changed(length=True), "/length"),
        (changed(number=""), "/number"),
        (changed(number="x"), "/number"),
        (changed(number="0312345678"), "/number"),
        (changed(number="+81" + "9" * 30), "/number"),
        (changed(number=MISSING), "/number"),
        (changed(clientTag=""), "/clientTag"),
        (changed(clientTag="x" * 201), "/clientTag"),
        (changed(clientTag=None), "/clientTag"),
        (changed(provider=""), "/provider"),
        (changed(provider="nobody"), "/provider"),
        (changed(rings=3), "/rings"),
        (changed(lines="any"), "/lines"),
        (changed(referenceDate="2026-01-01"), "/referenceDate"),
        (changed(valid_minutes=5), "/valid_minutes"),
        (changed(code="123456"), "/code"),
        (changed(sendAt="2030-01-01T00:00:00Z"), "/sendAt"),
        (changed(method="sms"), "/method"),
        (changed(method=""), "/method"),
        (changed(method=None), "/method"),
        (changed(method=MISSING), ""),
        ([], ""),
        ({}, ""),
    ],
    ids=lambda value: str(value)[-60:],
)
async def test_what_is_not_taken(harness: Harness, body: Any, pointer: str) -> None:
    problem(await harness.api.post(PATH, json=body), 400, "invalid_request", pointer)
    assert not (await harness.api.get("/messages")).json()["items"]


HALF = '{"method":"sms_code","number":"+819012345678","text":"{code} \\ud83d","validMinutes":5}'


@each("content", [b"", b"{", b"\xff", HALF.encode()])
async def test_what_is_no_json(harness: Harness, content: bytes) -> None:
    answer = await harness.api.post(PATH, content=content, headers={"Content-Type": "application/json"})
    problem(answer, 400, "invalid_request")


@each(
    "content",
    [
        '{"code": 123456}',
        '{"code": ""}',
        '{"code": null}',
        "{}",
        "[]",
        "",
        '{"code": "1", "clientTag": "a"}',
        '{"code": "%s"}' % ("1" * 33),
    ],
)
async def test_what_is_no_check(harness: Harness, content: str) -> None:
    first = await begun(harness)
    headers = {"Content-Type": "application/json"}
    answer = await harness.api.post(f"{PATH}/{first['id']}/check", content=content.encode(), headers=headers)
    problem(answer, 400, "invalid_request")
    assert (await look(harness, first["id"]))["attemptsLeft"] == 5


@each("typed", ["\\ud83d", "\\udc00x", "12\\ud800"])
async def test_half_a_character_is_no_bug(harness: Harness, typed: str) -> None:
    first = await begun(harness)
    content = f'{{"code": "{typed}"}}'.encode()
    headers = {"Content-Type": "application/json"}
    answer = await harness.api.post(f"{PATH}/{first['id']}/check", content=content, headers=headers)
    assert answer.status_code in (200, 400), answer.text


async def test_nothing_needs_a_body_where_nothing_is_told(harness: Harness) -> None:
    first = await begun(harness)
    answer = await harness.api.post(f"{PATH}/{first['id']}/resend")
    assert answer.status_code == 202
    assert "content-type" not in answer.request.headers


@each("key", ["", "k" * 256, "é"])
@each("path", ["", "/resend", "/check"])
async def test_what_is_no_key(harness: Harness, path: str, key: str) -> None:
    first = await begun(harness) if path else None
    body = {"/check": {"code": "1"}, "": BODY}.get(path)
    where = f"{PATH}/{first['id']}{path}" if first else PATH
    headers = {"Idempotency-Key": key.encode()}
    answer = await harness.api.post(where, json=body, headers=headers)  # type: ignore[arg-type]
    problem(answer, 400, "invalid_request", "/headers/Idempotency-Key")


# Whose it is


@each(("method", "verb"), [("GET", ""), ("POST", "/check"), ("POST", "/resend")])
async def test_another_clients_is_absent(harness: Harness, method: str, verb: str) -> None:
    first = await begun(harness)
    body = {"code": "123456"} if verb == "/check" else None
    for id_, key in ((first["id"], OTHER_KEY), (ABSENT, ADMIN_KEY)):
        answer = await harness.api.request(method, f"{PATH}/{id_}{verb}", headers=bearer(key), json=body)
        problem(answer, 404, "not_found")
    assert (await look(harness, first["id"]))["attemptsLeft"] == 5


@each("id_", ["ver_", "ver_x", "msg_" + "0" * 26, "0" * 26, "ver_" + "z" * 26, "ver_" + "O" * 26, "%00"])
async def test_what_is_no_id_is_absent(harness: Harness, id_: str) -> None:
    problem(await harness.api.get(f"{PATH}/{id_}"), 404, "not_found")


async def test_the_id_of_its_message_is_none_of_its_own(harness: Harness) -> None:
    first = await begun(harness)
    problem(await harness.api.get(f"{PATH}/ver_{first['messageId'][4:]}"), 404, "not_found")
    problem(await harness.api.get(f"/messages/msg_{first['id'][4:]}"), 404, "not_found")


async def test_scopes(harness: Harness) -> None:
    reader = bearer(READ_KEY)
    first = await begun(harness)
    assert (await harness.api.get(f"{PATH}/{first['id']}", headers=reader)).status_code == 200
    for path, body in (("", BODY), (f"/{first['id']}/check", {"code": "1"}), (f"/{first['id']}/resend", None)):
        problem(await harness.api.post(PATH + path, json=body, headers=reader), 403, "forbidden")
        problem(await harness.api.post(PATH + path, json=body, headers=bearer("nobody's")), 401, "unauthorized")
    assert (await look(harness, first["id"]))["attemptsLeft"] == 5


async def test_an_admin_sees_anothers_by_name(harness: Harness) -> None:
    answer = await harness.api.post(PATH, json=BODY, headers=bearer(OTHER_KEY))
    where = f"{PATH}/{answer.json()['id']}"
    problem(await harness.api.get(where, headers=bearer(ADMIN_KEY)), 404, "not_found")
    found = await harness.api.get(f"{where}?client=other", headers=bearer(ADMIN_KEY))
    assert found.json() == answer.json()
    problem(await harness.api.get(f"{where}?client=shop", headers=bearer(ADMIN_KEY)), 404, "not_found")
    problem(await harness.api.get(f"{where}?client=other"), 403, "forbidden")
    problem(await harness.api.get(f"{where}?clint=other", headers=bearer(ADMIN_KEY)), 400, "invalid_request", "/clint")
    for verb in ("check", "resend"):
        there = f"{where}/{verb}?client=other"
        answer = await harness.api.post(there, json={"code": "1"}, headers=bearer(ADMIN_KEY))
        problem(answer, 400, "invalid_request", "/client")


@each(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", f"/{ABSENT}"),
        ("PATCH", f"/{ABSENT}"),
        ("POST", f"/{ABSENT}"),
        ("GET", f"/{ABSENT}/check"),
        ("GET", f"/{ABSENT}/resend"),
    ],
)
async def test_other_methods(harness: Harness, method: str, path: str) -> None:
    answer = await harness.api.request(method, PATH + path)
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


async def test_a_look_may_be_a_head(harness: Harness) -> None:
    first = await begun(harness)
    answer = await harness.api.head(f"{PATH}/{first['id']}")
    assert (answer.status_code, answer.content) == (200, b"")
