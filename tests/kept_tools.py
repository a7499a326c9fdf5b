"""A whole gateway whose simulated vendors keep reservations: one time for all of them, which a test moves, and answers
that get lost on the way where a test says so."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from gateway import routing
from gateway.errors import LostAnswer, NeverLeft
from gateway.model.message import Phase, Record
from gateway.provider import Provider, VendorAnswer, VendorRequest
from gateway.sandbox.aicross import AICrossSimulator
from gateway.sandbox.aicross_reports import JST
from gateway.sandbox.koreasms import KoreaSMSSimulator
from gateway.sandbox.mediasms import MediaSMSSimulator
from tests import harness as tools
from tests.harness import ADMIN_KEY, Harness, advance, open_harness
from tests.pair import MEDIA

PROVIDER = 'reservations = "provider"\n'
SEND, CHECK, STATUS = "mt.json", "checkreservation.json", "status.json"
CANCEL, CANCEL_ALL = "cancelreservation.json", "cancelreservationall.json"
KOREA = """
[providers.korea]
type = "koreasms"
base_url = "{url}"
key = "sitekey"
id = "site"
sender = "0212345678"
timeout = "1s"
"""
SECOND = """
[providers.second]
type = "aicross"
base_url = "{url}"
token = "vendortoken"
client_id = "{client_id}"
sms_code = "80013"
timeout = "1s"
settle_after = "2s"
"""


def refused() -> None:
    """Instead of a call: no connection comes about."""
    raise NeverLeft("refused")


def lost() -> None:
    """Instead of a call: it is written, and never read."""
    raise LostAnswer("nothing came")


class After(NamedTuple):
    """What befalls the answer to a call."""

    suffer: Callable[[], Any]


async def standing() -> None:
    """Instead of a call: it is not made for a long time."""
    await asyncio.sleep(60)


swallowed = After(lost)
"""The call is made, and its answer is lost."""
slow = After(standing)


def said(code: int, message: str, **fields: Any) -> VendorAnswer:
    """Instead of a call: AI CROSS answers so, and does nothing."""
    return VendorAnswer(200, json.dumps({"responseCode": code, "responseMessage": message, **fields}).encode())


class Call(NamedTuple):
    """One request to a vendor: by which provider, the last part of its path, its fields."""

    provider: str
    name: str
    fields: dict[str, str]


Fate = Callable[[], Any] | VendorAnswer | After | None
"""What befalls a call; None: nothing. A coroutine function is waited for."""


class Shop:
    """`main` is an AI CROSS account, `korea` and `media` what they are called, where a test wants them.

    `wire` has all calls in order. By name of a call, `fates` has what befalls the next ones, and `always` all others.
    """

    def __init__(self, harness: Harness, korea: KoreaSMSSimulator, media: MediaSMSSimulator) -> None:
        self.harness = harness
        self.here = harness.here
        self.api = harness.api
        self.main = harness.vendor
        self.korea = korea
        self.media = media
        self.wire: list[Call] = []
        self.fates: dict[str, deque[Fate]] = {}
        self.always: dict[str, Fate] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        """Messages that were accepted, by number and text."""
        self._numbers = 0
        transport: Any = harness.here.transport
        self._exchange = transport.exchange
        transport.exchange = self._carry

    async def _carry(self, provider: Provider, request: VendorRequest) -> VendorAnswer:
        url = urlsplit(request.url)
        name = url.path.rpartition("/")[2]
        self.wire.append(Call(provider.name, name, dict(parse_qsl(request.body.decode() or url.query))))
        planned = self.fates.get(name)
        fate = planned.popleft() if planned else self.always.get(name)
        if isinstance(fate, VendorAnswer):
            return fate
        if fate is not None and not isinstance(fate, After):
            await _suffered(fate)
        answer: VendorAnswer = await self._exchange(provider, request)
        if isinstance(fate, After):
            await _suffered(fate.suffer)
        return answer

    # Time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.here.store.clock.now() / 1000, UTC)

    def at(self, seconds: float) -> datetime:
        """A whole minute, so far ahead at least."""
        moment = self.now() + timedelta(seconds=seconds)
        whole = moment.replace(second=0, microsecond=0)
        return whole if whole == moment else whole + timedelta(minutes=1)

    async def pass_time(self, seconds: float) -> None:
        await advance(self.harness, seconds)

    async def go_to(self, moment: str | datetime, late: float = 0.0) -> None:
        """Time passes until then, and so many seconds more."""
        there = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        await self.pass_time((there - self.now()).total_seconds() + late)

    # Callers

    def number(self, ending: str = "", *, korean: bool = False) -> str:
        """Another one each time."""
        self._numbers += 1
        start = "+8210" if korean else "+8190"
        return f"{start}{1000 + self._numbers}{ending or 5000 + self._numbers}"

    async def post(self, path: str = "/reservations", status: int = 201, **body: Any) -> dict[str, Any]:
        """A message in an hour where `sendAt` is not given."""
        moment = body.pop("sendAt", None) or self.at(3600)
        whole = {"to": self.number(), "text": "Hello", **body}
        whole["sendAt"] = moment if isinstance(moment, str) else moment.isoformat()
        answer = await self.api.post(path, json=whole)
        assert answer.status_code == status, answer.text
        if status < 300:
            self.asked[whole["to"], whole["text"]] += 1
        return dict(answer.json())

    async def kept(self, **body: Any) -> dict[str, Any]:
        """One that the vendor keeps."""
        made = await self.post(**body)
        return await self.resting(made["id"])

    async def resting(self, id_: str) -> dict[str, Any]:
        """The message, once a vendor has it, as it says."""
        await self.in_phase(id_, Phase.RESTING)
        return await self.harness.read(id_)

    async def in_phase(self, id_: str, *phases: Phase, seconds: float = 30.0) -> Record:
        ends = time.monotonic() + seconds
        while (record := await self.record(id_)).state.phase not in phases:
            assert time.monotonic() < ends, f"{record.state} {record.timeline}"
            await asyncio.sleep(0.02)
        return record

    async def held_by(self, id_: str, holder: str) -> dict[str, Any]:
        ends = time.monotonic() + 8
        while (message := await self.harness.read(id_))["heldBy"] != holder:
            assert time.monotonic() < ends, message
            await asyncio.sleep(0.02)
        return message

    async def record(self, id_: str) -> Record:
        record = await self.here.store.read(id_.removeprefix("msg_"))
        assert record
        return record

    async def get(self, id_: str) -> dict[str, Any]:
        """As a caller reads a reservation: the vendor is asked."""
        answer = await self.api.get(f"/reservations/{id_}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def operate(self, verb: str, name: str = "main") -> None:
        """Pauses or resumes a provider."""
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        answer = await self.api.post(f"/providers/{name}/{verb}", headers=headers)
        assert answer.status_code == 200, answer.text
        await self.here.availability.refresh()

    async def kill(self) -> None:
        """The dispatchers end as a process does that is killed: what is under way is dropped, and nothing recorded."""
        running, self.harness._running = self.harness._running, []
        for dispatcher, task in running:
            tasks = [task, *dispatcher._sends]
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await dispatcher._agenda.drain()

    async def delete(self, id_: str, status: int = 200, code: str = "") -> dict[str, Any]:
        answer = await self.api.delete(f"/reservations/{id_}")
        return told(answer, status, code)

    async def cancel(self, status: int = 200, code: str = "", **body: Any) -> dict[str, Any]:
        return told(await self.api.post("/reservations/cancel", json=body), status, code)

    # Vendors

    def calls(self, name: str, id_: str = "", provider: str = "") -> list[Call]:
        """Those of a name; about a message; by a provider."""
        bare = id_.removeprefix("msg_").lower()
        return [
            call
            for call in self.wire
            if call.name == name
            and (not bare or call.fields.get("clientTag", "").lower().startswith(bare))
            and (not provider or call.provider == provider)
        ]

    def sent(self) -> Counter[str]:
        """Messages that vendors have sent, by number."""
        found = Counter(each.number for each in self.main.accepted.values())
        for call in self.korea.calls:
            if call.leaves and call.leaves <= self.korea.clock():
                found.update(f"+82{number[1:]}" for number in call.receivers)
        return found + Counter(number for number, _ in self._by_media())

    def at_vendors(self) -> Counter[tuple[str, str]]:
        """What vendors took to send or to keep and did not drop, by number and text."""
        kept = [each.message for each in self.main.reservations.values()]
        found = self._by_media() + Counter((each.number, each.text) for each in [*self.main.accepted.values(), *kept])
        for call in self.korea.calls:
            found.update((f"+82{number[1:]}", call.text) for number in call.receivers if call.taken)
        return found

    def _by_media(self) -> Counter[tuple[str, str]]:
        return Counter(("+81" + each.number[1:], each.text) for taken in self.media.accepted.values() for each in taken)

    def tag(self, id_: str) -> str:
        """The one reference under which AI CROSS keeps a message."""
        bare = id_.removeprefix("msg_")
        [tag] = [tag for tag in self.main.reservations if tag.startswith(bare)]
        return tag

    def check(self) -> None:
        """Nothing twice, nothing that was not asked for, nothing outside the vendors' documents."""
        surplus = self.at_vendors() - self.asked
        assert not surplus, f"taken more often than asked for: {surplus}"
        assert not self.main.violations
        assert not self.korea.violations


async def _suffered(fate: Callable[[], Any]) -> None:
    waits = fate()
    if waits is not None:
        await waits


def told(answer: httpx.Response, status: int, code: str = "") -> dict[str, Any]:
    """The answer's body, where it is that one."""
    assert answer.status_code == status, answer.text
    body = dict(answer.json())
    assert body.get("code", "") == code, answer.text
    return body


async def never_sent(shop: Shop, made: dict[str, Any]) -> None:
    """Nothing comes of it, long after its time."""
    calls = len(shop.calls(SEND))
    await shop.go_to(made["sendAt"], 120)
    await asyncio.sleep(0.3)
    assert not shop.sent()
    assert not shop.main.reservations
    assert len(shop.calls(SEND)) == calls
    assert (await shop.harness.read(made["id"]))["status"] == "canceled"


OpenShop = Callable[..., Awaitable[Shop]]


@pytest.fixture
async def open_shop(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenShop]:
    """Opens one: `extra` is more configuration, beginning within `[providers.main]`; `{korea}`, `{media}` and
    `{second}` in it stand for sections, the last of AI CROSS's same account or, as `{stranger}`, of another one.
    `alone`: the only client is the shop."""
    shops: list[Shop] = []

    def clock() -> datetime:
        return shops[0].now().astimezone(JST) if shops else datetime.now(JST)

    def simulator(**options: Any) -> AICrossSimulator:
        # Late enough that a busy machine has seen to the message before its receipt comes.
        return AICrossSimulator(**{**options, "clock": clock, "late": 2.0})

    monkeypatch.setattr(tools, "AICrossSimulator", simulator)
    async with AsyncExitStack() as stack:

        async def open_(extra: str = PROVIDER, *, alone: bool = False, running: bool = True) -> Shop:
            korea = KoreaSMSSimulator(key="sitekey", id="site", senders=("0212345678",), clock=clock)
            media = MediaSMSSimulator(username="user", password="secret", delay=0.05, late=0.5)
            for vendor in (korea, media):
                await vendor.start()
                stack.push_async_callback(vendor.stop)
            if alone:
                head, _, rest = tools.CONFIG.partition("[clients.other]")
                config = head + "[providers.main]" + rest.partition("[providers.main]")[2]
                monkeypatch.setattr(tools, "CONFIG", config)
            sections = {
                "{korea}": KOREA.format(url=korea.base_url),
                "{media}": MEDIA.format(url=media.base_url, password="secret", secret=tools.SECRET),
                "{second}": SECOND.replace("{client_id}", "1234"),
                "{stranger}": SECOND.replace("{client_id}", "5678"),
            }
            for name, section in sections.items():
                extra = extra.replace(name, section)
            harness = await open_harness(redis_url, tmp_path, stack, extra.replace("{url}", "http://127.0.0.1:9"))
            shop = Shop(harness, korea, media)
            shops.append(shop)
            if running:
                harness.dispatch()
            return shop

        yield open_
        for shop in shops:
            shop.check()


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    """The vendor keeps what is reserved."""
    return await open_shop()


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor must have a reservation half a minute before its last moment: on a busy machine, too, a test sees what
    becomes of those that it was not given in time."""
    monkeypatch.setattr(routing, "HANDOVER_MS", 30_000)
