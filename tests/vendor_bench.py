"""A gateway whose further vendors are made up: each says on a socket what a test has it say."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from gateway import provider as port
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.providers import TYPES
from gateway.sandbox.server import Answer, Request, VendorServer
from gateway.settings import key_digest
from tests import harness as tools
from tests.harness import ADMIN_KEY, Harness, open_harness

NARROW_KEY, NARROW_ADMIN_KEY = "key-of-narrow", "admin-key-of-narrow"
ALL = ("balance", "usage", "templates", "short_urls")


class FakeSettings(port.ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    can: tuple[str, ...] = ALL


class Fake(port.Provider):
    """What it reads is JSON: `{"declined": [code, words]}`, `{"unreadable": why}`, or the fields of what was asked."""

    type = "fake"
    guarantee = port.Guarantee.BLIND
    callback_kinds = frozenset({"ivr", "delivery"})

    def __init__(self, name: str, settings: FakeSettings) -> None:
        self.name = name
        self.settings: FakeSettings = settings
        self.account = f"fake/{name}"
        self.capabilities = port.Capabilities(
            messages=True,
            carriers=frozenset({"softbank", "docomo"}),
            countries=frozenset({"KR", "JP"}),
            octets=2000,
            charset="cp949",
            receivers=1,
            **dict.fromkeys(settings.can, True),
        )

    def misfit(self, content: Content) -> None:
        return None

    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> port.VendorRequest:
        return self._request("/send")

    def send_outcome(self, answer: port.VendorAnswer) -> port.SendOutcome:
        said = json.loads(answer.body)
        if said.get("refused"):
            return port.Refused(Reason.CONTENT_REFUSED, "message", "7", balance=said.get("balance"))
        return port.Accepted("0", said.get("balance"))

    def balance(self) -> port.Question[port.Balance] | None:
        return self._question("balance", "/balance", port.Balance)

    def usage(self, month: str, now: int) -> port.Question[port.Usage] | None:
        return self._question("usage", f"/usage/{month}", port.Usage)

    def templates(self) -> port.Question[tuple[port.VendorTemplate, ...]] | None:
        return self._question("templates", "/templates", tuple[port.VendorTemplate, ...])

    def short_url(self, long_url: str, name: str | None, domain: str | None) -> port.Question[port.ShortUrl] | None:
        return self._question("short_urls", f"/short/{name or ''}/{domain or ''}", port.ShortUrl)

    def _question(self, what: str, path: str, kind: Any) -> port.Question[Any] | None:
        def read(answer: port.VendorAnswer) -> Any:
            said = json.loads(answer.body)
            if "declined" in said:
                return port.Declined(*said["declined"])
            return port.Unreadable(said["unreadable"]) if "unreadable" in said else msgspec.convert(said, kind)

        return port.Question(self._request(path), read) if what in self.settings.can else None

    def _request(self, path: str) -> port.VendorRequest:
        return port.VendorRequest(method="GET", url=self.settings.base_url + path)


class FakeType:
    name = "fake"
    settings = FakeSettings
    guarantee = Fake.guarantee
    capabilities = port.Capabilities(messages=True)
    options = None
    simulator = ""

    def build(self, name: str, settings: FakeSettings) -> Fake:
        return Fake(name, settings)


class Vendor:
    """`says`: by path, what is answered as JSON, or the whole answer; `asked`: how often each path was."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = {}
        self.asked: defaultdict[str, int] = defaultdict(int)
        self.slow = 0.0
        """Seconds before each answer."""
        self.server = VendorServer(self._answer)

    async def _answer(self, request: Request) -> Answer:
        self.asked[request.path] += 1
        await asyncio.sleep(self.slow)
        said = self.says.get(request.path, Answer(404))
        return said if isinstance(said, Answer) else Answer(200, json.dumps(said).encode())


class Bench:
    def __init__(self, harness: Harness, vendor: Vendor) -> None:
        self.harness = harness
        self.here = harness.here
        self.api = harness.api
        self.vendor = vendor

    async def get(self, path: str, key: str = "", status: int = 200, method: str = "GET", **more: Any) -> Any:
        """The answer's body, where its status is that one."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer: httpx.Response = await self.api.request(method, path, headers=headers, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def operate(self, name: str, verb: str) -> Any:
        """Pauses or resumes a provider."""
        return await self.get(f"/providers/{name}/{verb}", ADMIN_KEY, method="POST")


OpenBench = Callable[..., Awaitable[Bench]]


def fake(name: str, more: str = "") -> str:
    """A section of the configuration; `{url}` stands for where the made-up vendor listens."""
    return f'[providers.{name}]\ntype = "fake"\nbase_url = "{{url}}"\ntimeout = "1s"\n{more}\n'


@pytest.fixture
async def open_bench(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenBench]:
    """Opens one with further sections, and lines for `[gateway]`. The client `narrow` may use `fake` only."""
    monkeypatch.setattr(tools, "TYPES", {**TYPES, "fake": FakeType()})
    config = tools.CONFIG
    async with AsyncExitStack() as stack:

        async def open_(extra: str = fake("fake"), gateway: str = "") -> Bench:
            vendor = Vendor()
            await vendor.server.start()
            stack.push_async_callback(vendor.server.stop)
            keys = ", ".join(
                f'{{ sha256 = "{key_digest(key).hex()}", scopes = {json.dumps(scopes)} }}'
                for key, scopes in ((NARROW_KEY, ["send", "read"]), (NARROW_ADMIN_KEY, ["send", "read", "admin"]))
            )
            narrow = f'[clients.narrow]\nkeys = [{keys}]\nproviders = ["fake"]\n' if "[providers.fake]" in extra else ""
            monkeypatch.setattr(tools, "CONFIG", config.replace("lanes = 4", f"lanes = 4\n{gateway}"))
            harness = await open_harness(
                redis_url, tmp_path, stack, extra.replace("{url}", vendor.server.url) + "\n" + narrow
            )
            return Bench(harness, vendor)

        yield open_


@pytest.fixture
async def bench(open_bench: OpenBench) -> Bench:
    return await open_bench()
