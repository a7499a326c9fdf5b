"""Batches as tests send them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.harness import Harness

NUMBER = "+819012345678"


def body(text: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"to": NUMBER, "text": text, **more}


def bodies(number: int, **more: Any) -> dict[str, Any]:
    """So many messages that differ in their text."""
    return {"messages": [body(f"Text {index}", **more) for index in range(number)]}


def numbers(number: int) -> list[str]:
    return [f"+8190{index + 1000:04}5678" for index in range(number)]


async def post(harness: Harness, batch: dict[str, Any], key: str | None = None, **headers: str) -> httpx.Response:
    if key is not None:
        headers["Idempotency-Key"] = key
    return await harness.api.post("/messages/batch", json=batch, headers=headers)


async def items(harness: Harness, batch: dict[str, Any], key: str | None = None, **headers: str) -> list[Any]:
    """The items of a batch that was taken, each with its index."""
    answer = await post(harness, batch, key, **headers)
    assert answer.status_code == 202, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    assert [item["index"] for item in found] == list(range(len(found)))
    assert all(item.keys() in ({"index", "message"}, {"index", "problem"}) for item in found)
    return found


def ids(answer: httpx.Response) -> list[str]:
    """Of the messages of a batch in which all were accepted."""
    assert answer.status_code == 202, answer.text
    return [item["message"]["id"] for item in answer.json()["items"]]


def codes(found: list[dict[str, Any]]) -> list[str]:
    """Of each item, the status of its message or the code of its problem."""
    return [item["message"]["status"] if "message" in item else item["problem"]["code"] for item in found]


async def read(harness: Harness, batch_id: str, query: str = "", **headers: str) -> dict[str, Any]:
    answer = await harness.api.get(f"/batches/{batch_id}{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def accepted(harness: Harness) -> int:
    """How many messages there are."""
    total, cursor = 0, ""
    while cursor is not None:
        page = (await harness.api.get(f"/messages?limit=100{cursor and f'&cursor={cursor}'}")).json()
        total, cursor = total + len(page["items"]), page["nextCursor"]
    return total
