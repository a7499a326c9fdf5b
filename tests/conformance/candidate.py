"""A provider type as the suite sees it: built for the account its simulator plays, and what that vendor really says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from gateway.model import phone
from gateway.model.ids import new_id, reference
from gateway.model.message import Content
from gateway.model.values import Secret
from gateway.provider import Callback, Provider, ProviderType, Question, VendorAnswer, VendorRequest
from gateway.providers import TYPES
from gateway.routing import misfit
from gateway.sandbox.run import example_number, section
from gateway.sandbox.server import resolve
from gateway.settings import parse
from gateway.transport import Transport

KINDS = [kind for kind in TYPES.values() if kind.capabilities.messages]
RULED = [kind for kind in TYPES.values() if kind.capabilities.rules]
CARRIERS = ("docomo", "au", "softbank", "rakuten", "ymobile")
"""All the hints a message may carry."""
SENDERS = ("SHOP", "80013", "0212345678")
TEMPLATES = ("1", "welcome")
MONTH, NOW = "2026-10", 1_793_491_200_000
SECRET = "callback-secret-1234567890"
CLIENT = f'[clients.shop]\nkeys = [{{ sha256 = "{"0" * 64}", scopes = ["send"] }}]\n'
UNKNOWN = reference(new_id("00", 1), 1)
"""A reference no vendor has heard of."""
LATER = NOW + 7 * 86_400_000
"""When a reservation is to leave: a moment that every vendor's clock shows once, in whole minutes."""
ALONE = "exclusive"
"""The setting that nobody else uses the vendor account, for types that have it."""
DELAY = 0.05
"""Seconds from a message to its receipt."""
BESIDE = {"balance": "balance", "usage": "usage", "templates": "templates", "short_url": "short_urls"}
"""What is asked beside messages, and the capability that says it can be."""


class HeardOfKept(NamedTuple):
    """What the simulator says of a reservation, each after the other; None where it cannot be asked or told that."""

    reference: str
    reserved: VendorAnswer
    kept: VendorAnswer | None
    unknown: VendorAnswer | None
    withdrawn: VendorAnswer | None
    withdrawn_unknown: VendorAnswer | None
    withdrawn_days: VendorAnswer | None


class Heard(NamedTuple):
    """What the simulator says to this provider, word for word."""

    reference: str
    accepted: VendorAnswer
    refused: VendorAnswer
    known: VendorAnswer | None
    unknown: VendorAnswer | None
    pushes: tuple[tuple[Callback, ...], ...]
    """For each of two messages."""
    beside: Mapping[str, VendorAnswer]
    of_kept: HeardOfKept | None


class Candidate:
    """`provider` is never connected to anything: `heard` has what it would be answered."""

    def __init__(self, kind: ProviderType) -> None:
        self.kind = kind
        self.able = kind.capabilities
        simulator = resolve(kind.simulator)
        assert simulator, f"{kind.name}: there is no simulator {kind.simulator}"
        self.simulator = simulator
        self.provider = self.built("https://vendor.example")

    def __repr__(self) -> str:
        return self.kind.name

    def built(self, base_url: str, name: str = "main", **more: object) -> Provider:
        """As the configuration makes it. Raises SettingsError."""
        return parse(CLIENT + self.section(base_url, name, **more), TYPES, {}, Path()).providers[name]

    def section(self, base_url: str, name: str = "main", **more: object) -> str:
        return section(name, self.kind, {"base_url": base_url, "callback_secret": SECRET} | more)

    def secrets(self) -> dict[str, str]:
        """The account's settings that are never shown, by key, those in tables too."""
        return dict(_secrets(self.provider.settings, ""))

    def number(self, ending: str) -> str:
        """A number that this provider sends to."""
        return phone.parse(example_number(self.kind, ending), "JP")

    def numbers(self) -> Iterator[str]:
        """Numbers nothing is special about, each another one."""
        special = self.simulator.endings()
        return (self.number(f"{n:04}") for n in range(3000, 10_000) if f"{n:04}" not in special)

    def content(self, text: str = "hello", **fields: Any) -> Content:
        given: dict[str, Any] = {
            "to": next(self.numbers()),
            "encoding": "gsm7",
            "characters": len(text),
            "segments": 1,
        } | fields
        return Content(text=text, **given)

    def carries(self, **fields: Any) -> bool:
        return misfit(self.provider, self.content(**fields)) is None

    def send(self, text: str = "hello", *further: str, **fields: Any) -> VendorRequest:
        return self.provider.send_request(self.content(text, **fields), UNKNOWN, further)

    def reserve(self, text: str = "hello", *further: str, at: int = LATER, **fields: Any) -> VendorRequest:
        return self.provider.reserve_request(self.content(text, **fields), UNKNOWN, at, further)

    def sends(self, text: str = "hello", *further: str, **fields: Any) -> tuple[VendorRequest, ...]:
        """Both ways to give the vendor a message, to send and to keep; the one where it keeps nothing."""
        sent = self.send(text, *further, **fields)
        return (sent, self.reserve(text, *further, **fields)) if self.able.reservations else (sent,)

    def alone(self, base_url: str = "https://vendor.example") -> Provider:
        """As one that has the vendor account for itself, where that is a setting."""
        own: dict[str, Any] = {ALONE: True} if ALONE in self.kind.settings.__struct_fields__ else {}
        return self.built(base_url, **own)

    def option(self) -> dict[str, Any]:
        """A message's options for this type: the first one's example."""
        kind = self.kind.options
        assert kind
        _, schemas = msgspec.json.schema_components([kind])
        name, shape = next(iter(schemas[kind.__name__]["properties"].items()))
        shapes = (shape, *shape.get("anyOf", ()))
        examples = [example for each in shapes for example in each.get("examples", ())]
        assert examples, f"options.{self.kind.name}.{name} has no example"
        return {self.kind.name: {name: examples[0]}}

    @cached_property
    def heard(self) -> Heard:
        """Not within an event loop."""
        return asyncio.run(_listen(self))


def _secrets(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Secret):
        yield path, value.reveal()
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _secrets(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _secrets(inner, f"{path}.{name}")


@cache
def candidate_of(kind: ProviderType) -> Candidate:
    return Candidate(kind)


def question(provider: Provider, name: str) -> Question[Any] | None:
    """What it would ask its vendor beside messages."""
    ask: dict[str, Callable[[], Question[Any] | None]] = {
        "balance": provider.balance,
        "usage": lambda: provider.usage(MONTH, NOW),
        "templates": provider.templates,
        "short_url": lambda: provider.short_url("https://shop.example/sale", "sale", None),
    }
    return ask[name]()


def withdrawal_of_days(provider: Provider, at: int = LATER) -> Question[None] | None:
    """Of those around a moment, whatever the vendor's clock."""
    day, about = datetime.fromtimestamp(at / 1000, UTC).date(), timedelta(days=1)
    return provider.withdrawal_of_days(day - about, day + about, None)


def callback(url: str, body: bytes, content_type: str) -> Callback:
    """A push as `api.callbacks` hands it on."""
    parts = urlsplit(url)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Callback(kind=parts.path.rpartition("/")[2], query=query, content_type=content_type, body=body)


async def _listen(candidate: Candidate) -> Heard:
    pushed: list[Callback] = []

    async def post(url: str, body: bytes, content_type: str) -> int:
        pushed.append(callback(url, body, content_type))
        return 200

    async with AsyncExitStack() as stack:
        transport = Transport()
        stack.push_async_callback(transport.close)
        vendor = candidate.simulator.play("http://gateway/callbacks", delay=DELAY, late=0.2, post=post)
        await vendor.start()
        stack.push_async_callback(vendor.stop)
        provider = candidate.built(vendor.base_url)

        async def send(to: str, called: str) -> VendorAnswer:
            content = candidate.content(to=to)
            return await transport.exchange(provider, provider.send_request(content, called))

        async def query(called: str) -> VendorAnswer | None:
            request = provider.query_request(called)
            return await transport.exchange(provider, request) if request else None

        called = [reference(new_id("00", NOW), 1) for _ in "ab"]
        plain = candidate.numbers()
        accepted, _ = [await send(next(plain), each) for each in called]
        if candidate.able.delivery_reports:
            await _until(lambda: all(_delivered(provider, each) for each in _by_message(provider, called, pushed)))
        if candidate.able.status_query:
            await asyncio.sleep(2 * DELAY)
        beside = {name: question(provider, name) for name in BESIDE}
        return Heard(
            reference=called[0],
            accepted=accepted,
            refused=await send(candidate.number("0005"), UNKNOWN),
            known=await query(called[0]),
            unknown=await query(UNKNOWN),
            pushes=_by_message(provider, called, pushed),
            beside={name: await transport.exchange(provider, each.request) for name, each in beside.items() if each},
            of_kept=await _listen_of_kept(candidate, vendor.base_url, transport)
            if candidate.able.reservations
            else None,
        )


async def _listen_of_kept(candidate: Candidate, base_url: str, transport: Transport) -> HeardOfKept:
    provider, called = candidate.alone(base_url), reference(new_id("00", NOW), 1)
    at = provider.keeps(int(time.time() * 1000) + 86_400_000)
    assert at, "a day that no clock shows twice"

    async def exchange(request: VendorRequest | None) -> VendorAnswer | None:
        return await transport.exchange(provider, request) if request else None

    async def ask(question: Question[Any] | None) -> VendorAnswer | None:
        return await exchange(question.request if question else None)

    content = candidate.content()
    return HeardOfKept(
        reference=called,
        reserved=await transport.exchange(provider, provider.reserve_request(content, called, at)),
        kept=await exchange(provider.reservation_request(content, called)),
        unknown=await exchange(provider.reservation_request(content, UNKNOWN)),
        withdrawn=await ask(provider.withdrawal(called)),
        withdrawn_unknown=await ask(provider.withdrawal(UNKNOWN)),
        withdrawn_days=await ask(withdrawal_of_days(provider, at)),
    )


async def _until(settled: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not settled() and time.monotonic() < ends:
        await asyncio.sleep(0.01)


def _by_message(provider: Provider, called: list[str], pushed: list[Callback]) -> tuple[tuple[Callback, ...], ...]:
    def about(push: Callback) -> set[str]:
        return {word.reference.lower() for word in provider.receipts(push)}

    return tuple(tuple(push for push in pushed if each.lower() in about(push)) for each in called)


def _delivered(provider: Provider, pushes: tuple[Callback, ...]) -> bool:
    return any(word.outcome == "delivered" for push in pushes for word in provider.receipts(push))
