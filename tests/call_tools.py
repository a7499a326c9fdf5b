"""A whole gateway with simulated vendors of calls beside aicross: MediaSMS as `media`, IoTコール as `alarm`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from gateway.errors import LostAnswer, NeverLeft
from gateway.provider import Provider, VendorAnswer, VendorRequest
from gateway.sandbox.iotcall import JST, IoTCallSimulator, Tree
from gateway.sandbox.mediasms import MediaSMSSimulator
from gateway.sandbox.server import FORM
from gateway.settings import key_digest
from tests.harness import ADMIN_KEY, OTHER_KEY, SECRET, Harness, advance, open_harness
from tests.verification_tools import PATH

QUIET = "+819012340040"
"""Nothing is pushed about calls to it but by a test."""
LANDLINE = "+81312340040"
IVR_NUMBER = "05012345678"
IVR = f'ivr_number = "{IVR_NUMBER}"'
ADMIN, OTHER = {"Authorization": f"Bearer {ADMIN_KEY}"}, {"Authorization": f"Bearer {OTHER_KEY}"}
FIRE, FLOOD, HALL = "0008200123", "0008200456", "0008200789"
TREES = (
    Tree(key="keyoffire", id=FIRE),
    Tree(key="keyofflood", id=FLOOD, min_numbers=2),
    Tree(key="keyofhall", id=HALL),
    Tree(key="keyofrefused", id="0008200460", answer="refused"),
)
NOW = datetime(2026, 11, 20, 9, 30, 15, tzinfo=JST)
MINUTES = 5
CODE = "73195524"
"""What a vendor is made to read out: its digits stand nowhere by chance."""

SECTIONS = """
[providers.media]
type = "mediasms"
base_url = "{media}"
username = "user"
password = "secret"
callback_secret = "{secret}"
timeout = "1s"
{more}

[providers.alarm]
type = "iotcall"
base_url = "{alarm}"
auth_code = "authcode"
callback_secret = "{secret}"
timeout = "1s"
rules = {rules}

[clients.hall]
keys = [{{ sha256 = "{hall}", scopes = ["send", "read", "admin"] }}]
rules = ["hall"]

[clients.texts]
keys = [{{ sha256 = "{texts}", scopes = ["send", "read"] }}]
providers = ["main"]
"""
NAMED = (
    f'{{ fire = {{ key = "keyoffire", id = "{FIRE}" }}, flood = {{ key = "keyofflood", id = "{FLOOD}", '
    f'min_numbers = 2 }}, hall = {{ key = "keyofhall", id = "{HALL}" }}, refused = "keyofrefused" }}'
)
"""The ids of three rules are configured."""
NAMELESS = '{ fire = "keyoffire", hall = "keyofhall" }'
HALL_KEY, TEXTS_KEY = {"Authorization": "Bearer key-of-hall"}, {"Authorization": "Bearer key-of-texts"}
"""Clients that may use one rule, and the provider of texts."""


class Clock:
    """The clock of iotcall: stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Calls:
    """`cut`: how exchanges with a provider fail or what they are answered, instead of it being asked; `lose`: whose
    answers are lost after the vendor acted; `meanwhile` happens then and before its answer is here."""

    def __init__(self, harness: Harness, media: MediaSMSSimulator, alarm: IoTCallSimulator, clock: Clock) -> None:
        self.harness = harness
        self.here = harness.here
        self.api = harness.api
        self.media = media
        self.alarm = alarm
        self.clock = clock
        self.cut: dict[str, Callable[[], Exception] | VendorAnswer] = {}
        self.lose: set[str] = set()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.asked: list[tuple[str, VendorRequest]] = []
        transport: Any = harness.here.transport
        self._exchange = transport.exchange
        transport.exchange = self._try

    async def _try(self, provider: Provider, request: VendorRequest) -> VendorAnswer:
        self.asked.append((provider.name, request))
        failure = self.cut.get(provider.name)
        if isinstance(failure, VendorAnswer):
            return failure
        if failure is not None:
            raise failure()
        answer: VendorAnswer = await self._exchange(provider, request)
        if self.meanwhile is not None:
            await self.meanwhile()
        if provider.name in self.lose:
            raise LostAnswer("nothing came")
        return answer

    def times(self, provider: str) -> int:
        """How often it was asked for something."""
        return sum(name == provider for name, _ in self.asked)

    # Verifications

    async def begin(self, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        """A call in, where the body does not say otherwise."""
        whole = {"method": "call_in", "number": QUIET, "validMinutes": MINUTES} | body
        if whole["method"] == "call_out":
            whole.setdefault("rings", 7)
        return await self.api.post(PATH, json=whole, headers=headers or {})

    async def begun(self, **body: Any) -> dict[str, Any]:
        answer = await self.begin(**body)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def push(
        self, kind: str = "ivr", *, verb: str = "POST", provider: str = "media", secret: str = SECRET, **fields: str
    ) -> int:
        """What MediaSMS pushes, by hand; the status of the answer. Of a call in by `QUIET` where nothing is said."""
        said = fields or {"method": "4", "mobilenumber": "0" + QUIET[3:]}
        path, query = f"/callbacks/{provider}/{secret}/{kind}", urlencode(said)
        if verb == "GET":
            return (await self.api.get(f"{path}?{query}")).status_code
        return (await self.api.post(path, content=query, headers={"Content-Type": FORM})).status_code

    def sent(self, verification: dict[str, Any], round_: int = 1) -> dict[str, str]:
        """The fields of the one request for its call, as MediaSMS took it."""
        [taken] = self.media.accepted[f"{bare(verification)}v{round_}"]
        return taken.fields

    # Activations

    async def fire(self, rule: str = "fire", headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        return await self.api.post("/activations", json={"rule": rule, **body}, headers=headers or {})

    async def fired(self, rule: str = "fire", **body: Any) -> dict[str, Any]:
        answer = await self.fire(rule, **body)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def notify(self, provider: str = "alarm", **fields: str) -> int:
        path = f"/callbacks/{provider}/{SECRET}/activation"
        return (await self.api.post(path, content=urlencode(fields), headers={"Content-Type": FORM})).status_code

    async def activation(self, id_: str, **query: str) -> dict[str, Any]:
        answer = await self.api.get(f"/activations/{id_}", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def later(self, seconds: float) -> None:
        """Time passes for all, and with it the second that a rule is set off once in."""
        self.clock.now += timedelta(seconds=seconds)
        if seconds >= 1:
            waiting, account = self.here.activating._waiting, self.here.settings.providers["alarm"].account
            for rule in self.here.settings.providers["alarm"].rules:
                key = waiting._key(account, rule)
                await self.here.store.must(key, "DEL", f"{key}:l")  # its end is Redis's own, which a test does not move
        await advance(self.harness, seconds)

    # What is to be told

    async def events(self, client: str = "shop") -> list[tuple[str, str]]:
        """Type and public id of what a client is told, oldest first."""
        store = self.here.store
        lane = await store.lane(client)
        rows = await store.in_lane(lane, "XRANGE", f"{{{lane}}}e:{client}", "-", "+")
        found = []
        for _, flat in rows:
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            found.append((fields[b"k"].decode(), fields[b"i"].decode()))
        return [each for each in found if each[0].startswith(("verification.", "activation."))]

    async def told(self, of: dict[str, Any], client: str = "shop") -> list[str]:
        """The types of the events about one."""
        return [kind for kind, id_ in await self.events(client) if id_ == bare(of)]

    async def orphans(self) -> list[dict[str, Any]]:
        answer = await self.api.get("/receipts/orphans", headers=ADMIN)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


def bare(resource: dict[str, Any]) -> str:
    """The id without its prefix, as vendors and Redis have it."""
    return str(resource["id"])[4:]


def closed() -> Exception:
    return NeverLeft("refused")


def silent() -> Exception:
    return LostAnswer("nothing came")


def plain(code: str) -> VendorAnswer:
    """A bare code of MediaSMS."""
    return VendorAnswer(200, code.encode(), "text/html")


async def open_calls(
    redis_url: str, folder: Path, stack: AsyncExitStack, *, rules: str = NAMED, more: str = IVR, extra: str = "",
    media: dict[str, Any] | None = None, alarm: dict[str, Any] | None = None,
) -> Calls:  # fmt: skip
    """`more`: lines for `[providers.media]`; `extra`: further sections; then options of the simulators."""

    async def push(url: str, body: bytes, content_type: str) -> int:
        headers = {"Content-Type": content_type} if content_type else {}
        return (await harness.api.post(url, content=body, headers=headers)).status_code

    clock = Clock()
    options: dict[str, Any] = {"username": "user", "password": "secret", "ivr_number": IVR_NUMBER, "delay": 0.02}
    mediasms = MediaSMSSimulator(**options | {"post": push, "repeat_after": 0.05} | (media or {}))
    options = {"auth_code": "authcode", "trees": TREES, "clock": clock, "repeat_after": 0.05, "post": push}
    iotcall = IoTCallSimulator(**options | (alarm or {}))
    for vendor in (mediasms, iotcall):
        await vendor.start()
    mediasms.callback_url, mediasms.ivr_url = (
        f"http://gateway/callbacks/media/{SECRET}/{kind}" for kind in ("delivery", "ivr")
    )
    sections = SECTIONS.format(
        media=mediasms.base_url,
        alarm=iotcall.base_url,
        secret=SECRET,
        more=more,
        rules=rules,
        hall=key_digest("key-of-hall").hex(),
        texts=key_digest("key-of-texts").hex(),
    )
    harness = await open_harness(redis_url, folder, stack, sections + extra)
    for vendor in (mediasms, iotcall):
        stack.push_async_callback(vendor.stop)  # before what its pushes go through
    return Calls(harness, mediasms, iotcall, clock)


OpenCalls = Callable[..., Awaitable[Calls]]


@pytest.fixture
async def opened(redis_url: str, tmp_path: Path) -> AsyncIterator[OpenCalls]:
    """Opens one, or a further one on the same Redis; see `open_calls`."""
    async with AsyncExitStack() as stack:

        async def open_(**options: Any) -> Calls:
            return await open_calls(redis_url, tmp_path, stack, **options)

        yield open_


@pytest.fixture
async def calls(opened: OpenCalls) -> Calls:
    """Rules with their ids. Nobody pushes what rules did but a test."""
    return await opened()
