"""Callers: they send, repeat honestly what was not answered, cancel some; and note what they were told."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.siege.besieged import Notes
from tests.siege.plan import CLIENTS, Order, Plan

PATIENCE = 4.0
"""Seconds a caller waits for an answer."""
FOR_NOW = (429, 503)
"""Refusals that say: try again."""


@dataclass
class Entry:
    """What a caller knows of one tag."""

    order: Order
    body: dict[str, Any]
    ids: set[str] = field(default_factory=set)
    """Message ids it was told; more than one is a lie."""
    refused: str = ""
    """The status and body of a refusal for good."""
    refused_at: float = 0.0
    asked_to_cancel: bool = False
    canceled: bool = False
    """It was told so."""

    heard: list[tuple[float, str]] = field(default_factory=list)
    """When, and what it was answered."""

    @property
    def tag(self) -> str:
        return str(self.body["clientTag"])


def key_of(client: str) -> str:
    return f"key-of-{client}"


class Callers:
    def __init__(self, plan: Plan, urls: list[str], notes: Notes) -> None:
        self.entries: list[Entry] = []
        self._plan = plan
        self._urls = urls
        self._notes = notes
        self._dice = random.Random(f"callers {plan.seed}")
        self._apis = {
            client: httpx.AsyncClient(
                headers={"Authorization": f"Bearer {key_of(client)}"}, timeout=PATIENCE, trust_env=False
            )
            for client in CLIENTS
        }

    async def close(self) -> None:
        for api in self._apis.values():
            await api.aclose()

    async def run(self) -> None:
        """Until every message is accepted or refused for good."""
        began = time.time()
        async with asyncio.TaskGroup() as group:
            for order in self._plan.orders:
                body = dict(order.body)
                for name, seconds in (("sendAt", order.send_after), ("expiresAt", order.expires_after)):
                    if seconds is not None:
                        body[name] = datetime.fromtimestamp(began + order.at + seconds, UTC).isoformat()
                entry = Entry(order, body)
                self.entries.append(entry)
                group.create_task(self._send(entry, random.Random(f"{self._plan.seed} {entry.tag}")))

    async def ask(self, client: str, method: str, path: str, **options: Any) -> httpx.Response | None:
        """An answer of any instance that is one; None where there was none, or it says to try again."""
        try:
            answer = await self._apis[client].request(method, self._dice.choice(self._urls) + path, **options)
        except httpx.TransportError:
            return None
        return None if answer.status_code in FOR_NOW else answer

    async def _insist(self, dice: random.Random, client: str, method: str, path: str, **options: Any) -> httpx.Response:
        while (answer := await self.ask(client, method, path, **options)) is None:
            await asyncio.sleep(dice.uniform(0.03, 0.5))
        return answer

    async def _send(self, entry: Entry, dice: random.Random) -> None:
        order = entry.order
        await asyncio.sleep(order.at)
        headers = {"Prefer": f"wait={order.wait}"} if order.wait else {}
        for _ in range(2 if order.again else 1):
            answer = await self._insist(dice, order.client, "POST", "/messages", json=entry.body, headers=headers)
            entry.heard.append((time.time(), f"{answer.status_code} {answer.text[:60]}"))
            if answer.status_code not in (201, 202):
                entry.refused, entry.refused_at = f"{answer.status_code} {answer.text[:300]}", time.time()
                return
            entry.ids.add(answer.json()["id"].removeprefix("msg_"))
        if order.cancel_after is not None:
            await asyncio.sleep(order.cancel_after)
            await self._cancel(entry, dice)

    async def _cancel(self, entry: Entry, dice: random.Random) -> None:
        (id_, *_) = entry.ids
        entry.asked_to_cancel = True
        path, headers = f"/messages/msg_{id_}/cancel", {"Idempotency-Key": f"cancel-{entry.tag}"}
        answer = await self._insist(dice, entry.order.client, "POST", path, headers=headers)
        entry.canceled = answer.status_code == 200
        if answer.status_code not in (200, 409):
            self._notes.find(f"ODD cancel of {id_} answered {answer.status_code}: {answer.text[:200]}")

    # Afterwards

    async def read(self, client: str, id_: str) -> dict[str, Any] | None:
        """The message with its timeline; None where the gateway does not answer. {} where it does not know it."""
        answer = await self.ask(client, "GET", f"/messages/msg_{id_}")
        if answer is None:
            return None
        found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return found

    async def listed(self, client: str) -> dict[str, str]:
        """Every message of the client: its id, and the tag."""
        found: dict[str, str] = {}
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            answer = await self._insist(self._dice, client, "GET", "/messages", params=query)
            page = answer.json()
            found |= {item["id"].removeprefix("msg_"): item["clientTag"] for item in page["items"]}
            cursor = page["nextCursor"]
        return found
