"""Callers: what they send, how they repeat what was not answered, what they cancel; and what they were told."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.api.drafting import claims_of, draft_of, normalise
from gateway.api.schemas import MessageIn
from gateway.errors import GatewayError, StoreUnavailable
from gateway.settings import Client
from tests.chaos.ledger import Span, carries
from tests.chaos.letters import KOREA
from tests.chaos.promises import Wish

if TYPE_CHECKING:
    from tests.chaos.process import Process
    from tests.chaos.world import World

CLIENTS = {name: Client(name=name, keys=()) for name in ("shop", "mall")}
SETTINGS: Any = SimpleNamespace(templates={})


Wordings = tuple[dict[str, str], ...]
WORDINGS: Wordings = ({"text": "Hello"}, {"text": "Code 12"})
KOREAN_WORDINGS: Wordings = (
    {"text": "안녕하세요"},
    {"text": "인증번호 12 + 34"},
    {"text": "안녕하세요", "from": "02-1588-1234"},
    {"text": "안녕하세요" * 20, "subject": "공지"},
)
"""What only KoreaSMS carries."""


@dataclass
class Entry:
    """What callers know of one tag (or key)."""

    client: Client
    body: dict[str, Any]
    key: str | None
    ids: set[str] = field(default_factory=set)
    """Message ids they were told; more than one is a lie."""
    asked_to_cancel: bool = False
    canceled: Span | None = None
    """When they were told that it was canceled."""
    refused: list[tuple[str, float]] = field(default_factory=list)
    """With what code, and the latest that a process may have taken for the time."""
    wishes: list[Wish] = field(default_factory=list)
    """Changes asked for, in turn."""


def begin(world: World, dice: random.Random) -> None:
    korea = random.Random(f"korea callers {world.seed}")
    kinds = set(world.shape.kinds.values())
    for number in range(world.shape.messages):
        tag = f"tag-{number}"
        body: dict[str, Any] = {"to": f"+81901234{number:04}", "text": f"Hello {number}"}
        if "koreasms" in kinds and (len(kinds) == 1 or korea.random() < 0.75):
            body = _to_korea(world, korea, number)
        body["metadata"] = {"tag": tag}
        key = None
        if dice.random() < 0.8:
            body["clientTag"] = tag
        else:
            key = tag
        start = dice.choice([0.0, 0.0, 0.5, 2.0, dice.uniform(0.0, world.shape.lasts)])
        if body["to"].startswith(KOREA) and korea.random() < 0.8:
            start = korea.choice([0.0, 0.0, 1.5])  # many at once: they share requests
        now = datetime.fromtimestamp(world.wall + start, UTC)
        draw = dice.random()
        if draw < 0.12:
            body["sendAt"] = (now + timedelta(seconds=dice.choice([4, 20]))).isoformat()
        elif draw < 0.3:
            body["expiresAt"] = (now + timedelta(seconds=dice.choice([3, 9, 30]))).isoformat()
        if dice.random() < 0.2:
            body["priority"] = "high"
        if dice.random() < (0.1 if set(world.shape.kinds.values()) == {"aicross"} else 0.3):
            body["duplicateRisk"] = "accept"
        if dice.random() < 0.1:
            able = [name for name, kind in world.shape.kinds.items() if carries(kind, body["to"])]
            body["provider"] = dice.choice(able)
        client = CLIENTS[dice.choice(world.shape.clients)]
        entry = world.tags[tag] = Entry(client, body, key)
        for _ in range(dice.choice([1, 1, 1, 2])):
            world.outside(send(world, entry, start, random.Random(dice.random())))
        if dice.random() < 0.25:
            world.outside(_cancel(world, entry, start + dice.choice([0.01, 0.2, 1.5, 6.0])))


def _to_korea(world: World, dice: random.Random, number: int) -> dict[str, Any]:
    """Mostly of one wording, sometimes to somebody who gets another message too."""
    body: dict[str, Any] = {"to": f"{KOREA}1023450{number:03}"}
    earlier = [entry.body for entry in world.tags.values() if entry.body["to"].startswith(KOREA)]
    if earlier and dice.random() < 0.12:
        body["to"] = dice.choice(earlier)["to"]
    elif dice.random() < 0.2:
        world.bad.add("0" + body["to"].removeprefix(KOREA))
    usual, *others = WORDINGS if "mediasms" in world.shape.kinds.values() else KOREAN_WORDINGS
    return body | (usual if dice.random() < 0.75 else dice.choice(others))


async def send(world: World, entry: Entry, start: float, dice: random.Random) -> None:
    """Sends, and repeats what was not answered (sometimes what was: the answer never reached the caller)."""
    from tests.chaos.world import Unheard

    await asyncio.sleep(start)
    body = msgspec.convert(entry.body, MessageIn)

    async def accept(api: Process) -> str:
        normal = normalise(body, "JP")
        tag = entry.body.get("clientTag")
        claims = claims_of(entry.client, "/messages", tag, entry.key, normal)
        id_ = await api.acceptor.new_id(entry.client)
        accepted = await api.acceptor.accept(id_, entry.client, lambda: draft_of(normal, SETTINGS), claims)
        return accepted.id

    for _ in range(8):
        try:
            id_ = await world.at_api(accept)
            if dice.random() > 0.15:
                world.say(f"caller: {entry.body.get('clientTag', entry.key)} is {id_}")
                entry.ids.add(id_)
                return
            world.count("caller: answer not heard")
        except GatewayError as error:
            entry.refused.append((error.code, world.clocks.believed()))
            return
        except (StoreUnavailable, Unheard, *world.excused):
            world.count("caller: repeats")
            if dice.random() < 0.1:
                return
        await asyncio.sleep(dice.choice([0.05, 1.0, 6.0]))


async def _cancel(world: World, entry: Entry, start: float) -> None:
    from tests.chaos.world import Unheard

    await asyncio.sleep(start)
    if not entry.ids:
        return
    id_ = min(entry.ids)
    entry.asked_to_cancel = True

    async def cancel(api: Process) -> bool:
        record = await api.store.read(id_)
        with suppress(GatewayError):
            return record is not None and await api.reservations.cancel(record) is not None
        return False

    began = world.now
    try:
        if await world.at_api(cancel):
            entry.canceled = Span(began, world.now)
        world.count(f"caller: cancel {'done' if entry.canceled else 'refused'}")
    except (StoreUnavailable, Unheard, *world.excused):
        world.count("caller: cancel not answered")
