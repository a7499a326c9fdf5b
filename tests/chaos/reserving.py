"""Callers with reservations: they make them, change them, read them, and cancel one or many."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.api.schemas import message_out
from gateway.errors import Code, GatewayError, StoreUnavailable
from gateway.model.message import Phase, Record, State, Status
from gateway.reservations import Criteria
from tests.chaos.callers import CLIENTS, Entry, send
from tests.chaos.ledger import Span, carries
from tests.chaos.letters import KOREA
from tests.chaos.promises import Wish

if TYPE_CHECKING:
    from tests.chaos.process import Process
    from tests.chaos.world import World

GROUPS = ("", "", "one", "one", "two")


def begin(world: World) -> None:
    if not world.shape.reserves:
        return
    dice = random.Random(f"reserving {world.seed}")
    # In some cases most are such that a vendor keeps them and lets go of them.
    away = "aicross" in world.shape.kinds.values() and dice.random() < 0.5
    for number in range(world.shape.reserves):
        entry, start = _reservation(world, dice, number, away and dice.random() < 0.8)
        for _ in range(dice.choice([1, 1, 1, 2])):
            world.outside(send(world, entry, start, random.Random(dice.random())))
        own = Caller(world, entry, random.Random(dice.random()))
        world.outside(own.act(start))
        if dice.random() < (0.5 if entry.body.get("heldBy") == "provider" else 0.25):
            world.outside(own.cancel_late())
    for _ in range(dice.choice([0, 1, 2])):
        client = dice.choice(world.shape.clients)
        world.outside(_read_list(world, client, dice.uniform(0.3, world.shape.lasts), dice.choice([2, 100])))
    if dice.random() < 0.35:
        client, group = dice.choice(world.shape.clients), dice.choice(["one", "one", "two", None])
        start = dice.choice([dice.uniform(0.3, 4.0), dice.uniform(0.3, world.shape.lasts)])
        world.outside(_cancel_all(world, client, group, start))


def _reservation(world: World, dice: random.Random, number: int, away: bool) -> tuple[Entry, float]:
    kinds = set(world.shape.kinds.values())
    tag = f"res-{number}"
    body: dict[str, Any] = {"to": f"+81901235{number:04}", "text": f"Hello r{number}"}
    start = dice.choice([0.0, 0.0, 0.0, 0.4, 2.0, dice.uniform(0.0, world.shape.lasts)])
    now, minute = world.wall + start, world.wall + world.shape.minute
    at = dice.choice(
        [
            minute,
            minute,
            minute + dice.uniform(0.0, 4.0),
            minute + 60.0,
            minute + 120.0,
            now + 2.0,
            now + 6.0,
            now + 20.0,
        ]
    )
    if away:
        at = dice.choice([minute, minute, minute + 60.0, minute + 60.0, minute + 120.0])
        body["heldBy"] = "provider"
    elif "koreasms" in kinds and (len(kinds) == 1 or dice.random() < 0.6):
        body["to"] = f"{KOREA}1023460{number:03}"
        usual = "Reminder" if "mediasms" in kinds else "회의 알림"
        body["text"] = dice.choice([usual, usual, f"{usual} {number}"])
        at = dice.choice([minute + 1860.0, minute + 1860.0, minute + 1920.0, minute + 1803.0, at])
    if not away and dice.random() < 0.6:
        body["heldBy"] = dice.choice(["provider", "provider", "provider", "gateway"])
    able = [name for name, kind in world.shape.kinds.items() if carries(kind, body["to"])]
    if dice.random() < 0.2:
        body["provider"] = dice.choice(able)
    at = max(at, now + 1.0)
    body["sendAt"] = _written(at)
    if dice.random() < 0.12:
        body["expiresAt"] = _written(at + dice.choice([3.0, 40.0]))
    if dice.random() < 0.15:
        body["duplicateRisk"] = "accept"
    if dice.random() < 0.15:
        body["priority"] = "high"
    if group := dice.choice(GROUPS):
        body["groupTag"] = group
    body["metadata"] = {"tag": tag}
    key = tag if dice.random() < 0.2 else None
    if key is None:
        body["clientTag"] = tag
    entry = world.tags[tag] = Entry(CLIENTS[dice.choice(world.shape.clients)], body, key)
    return entry, start


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _found(world: World, id_: str) -> State | None:
    """As Redis has it at this moment."""
    return world.books.state(id_)


class Caller:
    """Who made one reservation. One act at a time."""

    def __init__(self, world: World, entry: Entry, dice: random.Random) -> None:
        self._world = world
        self._entry = entry
        self._dice = dice
        self._number = 0

    @property
    def _id(self) -> str:
        return min(self._entry.ids, default="")

    async def act(self, start: float) -> None:
        await asyncio.sleep(start)
        acts = [self._change, self._change, self._look, self._cancel]
        if self._entry.body.get("heldBy") == "provider":
            acts = [self._change, self._look, self._cancel, self._cancel]
        for _ in range(self._dice.choice([0, 1, 2, 3])):
            await asyncio.sleep(self._dice.choice([0.02, 0.5, 2.2, self._dice.uniform(0.0, 8.0)]))
            if self._id:
                await self._dice.choice(acts)()

    async def cancel_late(self) -> None:
        """At the last moment."""
        await asyncio.sleep(0.5)
        before = self._dice.choice([1.2, 0.3, 0.02, 0.0, -0.02, -0.05, -0.15])
        for _ in range(400):
            state = _found(self._world, self._id) if self._id else None
            if state is None or not state.reserved:
                left = 0.5 if state is None and not self._world.calm else -1.0
            else:
                left = state.send_at / 1000 - before - self._world.wall
            if left <= 0:
                break
            await asyncio.sleep(min(left, 0.4))
            if self._world.calm and left > 1.0:
                return
        if self._id:
            await self._cancel()

    async def _ask(self, what: str, work: Callable[[Process, Record], Awaitable[Record]]) -> Record | str:
        """The answer; the error's code; "" where there was none."""
        from tests.chaos.world import Unheard

        world, id_ = self._world, self._id

        async def ask(api: Process) -> Record | str:
            record = await api.store.read(id_)
            return "not_found" if record is None else await work(api, record)

        try:
            answer = await world.at_api(ask)
        except GatewayError as error:
            answer = "" if isinstance(error, StoreUnavailable) else str(error.code)
        except (StoreUnavailable, Unheard, *world.excused):
            answer = ""
        told = "done" if isinstance(answer, Record) else answer or "not answered"
        world.count(f"caller: {what}, {told}", id_)
        return answer

    async def _change(self) -> None:
        world, dice, entry = self._world, self._dice, self._entry
        before = _found(world, self._id)
        send_at, text = None, None
        if dice.random() < 0.7:
            base = before.send_at / 1000 if before else world.wall
            wall = world.wall
            at = dice.choice([base + 4.0, base + 15.0, wall + 0.6, wall + 3.0, wall - 5.0, base - 1.5, base + 60.0])
            send_at = int(at * 1000)
        if (send_at is None or dice.random() < 0.4) and not (world.forgetful and entry.body["to"].startswith(KOREA)):
            self._number += 1
            text = f"Changed {entry.body['metadata']['tag']} {self._number}"
        if send_at is None and text is None:
            return
        wish = Wish(world.now, send_at, text)
        entry.wishes.append(wish)

        async def change(api: Process, record: Record) -> Record:
            return await api.reservations.change(record, entry.client, send_at=send_at, text=text)

        what = " and ".join(["time"] * (send_at is not None) + ["text"] * (text is not None))
        answer = await self._ask(f"change of {what}", change)
        wish.ended = world.now
        if isinstance(answer, Record):
            wish.told = "done"
            same = send_at in (None, answer.state.send_at) and text in (None, answer.content.text)
            if not same or answer.state.status is not Status.SCHEDULED:
                world.findings.append(f"LIE {self._id}: changed, as was said, and the answer shows something else")
        elif answer:
            wish.told = "refused"
            if world.restored_at is not None:
                return
            after = _found(world, self._id)
            able = after is not None and after.phase is Phase.WAITING and after.status is Status.SCHEDULED
            if (
                answer == Code.NOT_CHANGEABLE
                and after == before
                and after
                and able
                and not (after.handover or after.open)
            ):
                world.findings.append(f"LIE {self._id}: said to be past changing, and the gateway keeps it")

    async def _cancel(self) -> None:
        world, entry = self._world, self._entry
        began, before = world.now, _found(world, self._id)
        entry.asked_to_cancel = True

        async def cancel(api: Process, record: Record) -> Record:
            return await api.reservations.cancel(record)

        answer = await self._ask("cancel of a reservation", cancel)
        for _ in range(self._dice.choice([0, 1, 2])):
            if answer == Code.PROVIDER_TIMEOUT:  # as it says: again in a few seconds
                await asyncio.sleep(2.5)
                began, before = world.now, _found(world, self._id)
                answer = await self._ask("cancel of a reservation", cancel)
        if isinstance(answer, Record):
            entry.canceled = entry.canceled or Span(began, world.now)
            if answer.state.status is not Status.CANCELED:
                world.findings.append(f"LIE {self._id}: canceled, as was said, and {answer.state.status}")
        after = _found(world, self._id)
        if world.restored_at is not None:
            return
        if answer == Code.NOT_CANCELABLE and after is not None and after == before and after.status is Status.SCHEDULED:
            lets_go = world.vendors.accounts[after.provider].kind == "aicross" and after.provider not in world.gone
            if not after.handover or (lets_go and after.phase is Phase.RESTING):
                world.findings.append(f"LIE {self._id}: said to be past canceling, and it is {after}")

    async def _look(self) -> None:
        async def look(api: Process, record: Record) -> Record:
            return await api.reservations.look(record)

        answer = await self._ask("read", look)
        if isinstance(answer, Record):
            self._told(answer)

    def _told(self, answer: Record) -> None:
        """What a reader is told of who keeps it, and until when it can be canceled."""
        world, state = self._world, answer.state
        if not state.reserved or world.restored_at is not None:
            return
        out = message_out(answer.id, state, answer.content)
        account = world.vendors.accounts[state.provider]
        live = [kept for kept in world.vendors.keeping.live() if kept.id == answer.id]
        if out.held_by == "gateway" and live:
            world.findings.append(
                f"LIE {answer.id}: held by the gateway, as is told, and {live[0].account.name} has it"
            )
        forever = out.held_by == "provider" and account.kind != "aicross"
        if (out.cancelable_until is None) != forever:
            told = f"cancelable until {out.cancelable_until}, held by {out.held_by} ({account.name})"
            world.findings.append(f"LIE {answer.id}: {told}")


# Lists


def _reserved(world: World, client: str, group: str | None = None) -> dict[str, State]:
    """What waits for its time, as Redis has it."""
    return {
        id_: state
        for id_, state in world.books.records().items()
        if state.client == client and state.reserved and (group is None or _group(world, id_) == group)
    }


def _group(world: World, id_: str) -> str:
    entry = world.promises.entry(id_)
    return entry.body.get("groupTag", "") if entry else ""


async def _read_list(world: World, client: str, start: float, limit: int) -> None:
    """What is there all the time is in it, once; what is not there at all is not."""
    from tests.chaos.world import Unheard

    await asyncio.sleep(start)
    before, began = _reserved(world, client), world.now

    async def read(api: Process) -> list[str]:
        ids: list[str] = []
        after = None
        while True:
            records, after = await api.reservations.page(client, Criteria(), limit, after)
            ids += [record.id for record in records]
            if after is None:
                return ids

    try:
        listed = await world.at_api(read)
    except (StoreUnavailable, Unheard, *world.excused):
        return
    world.count("caller: list read")
    if world.within(Span(began, world.now)):
        return
    after = _reserved(world, client)
    stayed = [id_ for id_ in before if id_ in after and before[id_].send_at == after[id_].send_at]
    for id_ in stayed:
        if listed.count(id_) != 1:
            world.findings.append(f"LIE {id_}: {listed.count(id_)} times in the list of reservations")
    for id_ in listed:
        new = world.accepted.get(id_, 0.0) >= began
        if id_ not in before and id_ not in after and not new:
            world.findings.append(f"LIE {id_}: in the list of reservations, and it is none")


async def _cancel_all(world: World, client: str, group: str | None, start: float) -> None:
    from tests.chaos.world import Unheard

    await asyncio.sleep(start)
    for entry in world.tags.values():
        if entry.client.name == client and "sendAt" in entry.body and group in (None, entry.body.get("groupTag")):
            entry.asked_to_cancel = True
    before, began = _reserved(world, client, group), world.now
    try:
        done = await world.at_api(lambda api: api.reservations.cancel_all(client, Criteria(group_tag=group)))
    except (StoreUnavailable, Unheard, *world.excused):
        world.count("caller: cancel of many, not answered")
        return
    world.count("caller: cancel of many, answered")
    if world.restored_at is not None:
        return
    failed = {id_ for id_, _ in done.failed}
    after = world.books.records()
    for id_ in before:
        if id_ in failed or id_ not in after:
            continue
        maker = world.promises.entry(id_)
        if after[id_].status is Status.CANCELED and maker:
            maker.canceled = maker.canceled or Span(began, world.now)
        elif after[id_] == before[id_]:
            world.findings.append(
                f"LIE {id_}: to be canceled with others, not named as failed, and {after[id_].status}"
            )
    if done.count > len([id_ for id_, state in after.items() if state.status is Status.CANCELED]):
        world.findings.append(f"LIE: {done.count} said to be canceled, which are more than there are")
