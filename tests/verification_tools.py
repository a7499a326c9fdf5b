"""What tests of verifications share: bodies, the code as the vendor's simulator saw it, and who else might know it."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import redis

from gateway.store.cases import Case
from tests.harness import Harness

NUMBER = "+819012345678"
PATH = "/numbers/verify"
BODY: dict[str, Any] = {"method": "sms_code", "number": NUMBER, "text": "Your code is {code}.", "validMinutes": 10}
ABSENT = "ver_" + "0" * 26


async def begin(harness: Harness, key: str = "", **body: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await harness.api.post(PATH, json=BODY | body, headers=headers)


async def begun(harness: Harness, key: str = "", **body: Any) -> dict[str, Any]:
    """One that was accepted."""
    answer = await begin(harness, key, **body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def look(harness: Harness, id_: str) -> dict[str, Any]:
    answer = await harness.api.get(f"{PATH}/{id_}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def resend(harness: Harness, id_: str, key: str = "") -> httpx.Response:
    return await harness.api.post(f"{PATH}/{id_}/resend", headers={"Idempotency-Key": key} if key else {})


async def check(harness: Harness, id_: str, code: str, key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await harness.api.post(f"{PATH}/{id_}/check", json={"code": code}, headers=headers)


async def result(harness: Harness, id_: str, code: str) -> str:
    """What is said of a code."""
    answer = await check(harness, id_, code)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["result"]
    return str(answer.json()["result"])


async def delivered(harness: Harness, verification: dict[str, Any]) -> str:
    """The text of its message, once the vendor has it."""
    message = verification["messageId"]
    await harness.until(message, "submitted", "delivered")
    [text] = [taken.text for name, taken in harness.vendor.accepted.items() if name.startswith(message[4:])]
    return text


async def code_of(harness: Harness, verification: dict[str, Any]) -> str:
    """The code that went out with its message."""
    return found(await delivered(harness, verification))


def found(text: str) -> str:
    [code] = re.findall(r"[0-9]{4,10}", text)
    return str(code)


def wrong(code: str, number: int = 1) -> str:
    """Another code of the same length."""
    return str((int(code) + number) % 10 ** len(code)).zfill(len(code))


async def case_of(harness: Harness, id_: str) -> Case[Any]:
    case = await harness.here.verifying.read(id_.removeprefix("ver_"))
    assert case is not None
    return case


def events(client: redis.Redis, of: str = "shop") -> list[tuple[str, str]]:
    """Type and id of what a client is to be told about its verifications, oldest first."""
    found: list[tuple[str, str]] = []
    for name in client.scan_iter(match=f"*}}e:{of}"):
        found += [(fields["k"], fields["i"]) for _, fields in client.xrange(name)]
    return [each for each in found if each[0].startswith("verification.")]


def everything(client: redis.Redis) -> str:
    """All keys and values of a Redis, as far as they are characters."""
    parts: list[str] = []
    for name in client.scan_iter(count=1000):
        kind = client.type(name)
        values: Any = {
            b"string": lambda name: [client.get(name)],
            b"hash": lambda name: [each for pair in client.hgetall(name).items() for each in pair],
            b"list": lambda name: client.lrange(name, 0, -1),
            b"set": client.smembers,
            b"zset": lambda name: [
                str(each).encode() if isinstance(each, float) else each
                for pair in client.zrange(name, 0, -1, withscores=True)
                for each in pair
            ],
            b"stream": lambda name: [json.dumps(str(client.xrange(name))).encode()],
        }[kind](name)
        parts += [value.decode("latin-1") for value in (name, *values)]
    return "\n".join(parts)
