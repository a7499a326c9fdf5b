"""What vendors last said is left on their accounts, shared by all replicas.

Key:
    {g}b    hash: a:<provider> = amount and ms since 1970, u:<provider> = currency and what one of it is
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress

import msgspec

from gateway.errors import StoreUnavailable
from gateway.provider import Balance
from gateway.store.session import Session

KEY = "{g}b"
EVERY = 1.0
"""Seconds between two writes of what was noted, in one process: at a hundred sends a second a balance is not worth a
hundred writes."""


class Sighting(msgspec.Struct, frozen=True):
    """A balance as a vendor told it. Answers to messages tell neither currency nor unit: "" until it was asked."""

    amount: int
    at: int
    """ms since 1970."""
    currency: str = ""
    unit: str = ""


class Balances:
    """One process's way to them."""

    def __init__(self, store: Session) -> None:
        self._store = store
        self._noted: dict[str, str] = {}
        self._writer: asyncio.Task[None] | None = None

    def note(self, provider: str, amount: int) -> None:
        """The vendor said so in passing. Written within `EVERY` seconds, or not at all where Redis stays away."""
        self._noted[f"a:{provider}"] = f"{amount} {self._store.clock.now()}"
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="balances")

    async def keep(self, provider: str, balance: Balance) -> Sighting:
        """The vendor was asked, and said so. Raises `StoreUnavailable`."""
        await self._store.know_time()
        seen = Sighting(balance.amount, self._store.clock.now(), balance.currency, balance.unit)
        self._noted.pop(f"a:{provider}", None)
        fields = {f"a:{provider}": f"{seen.amount} {seen.at}", f"u:{provider}": f"{seen.currency} {seen.unit}"}
        await self._save(fields)
        return seen

    async def seen(self) -> dict[str, Sighting]:
        """The latest, by provider; also of providers that are not configured any more. Raises `StoreUnavailable`."""
        flat: list[bytes] = await self._store.command("{g}", "HGETALL", KEY)
        told: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for name, value in zip(flat[::2], flat[1::2], strict=True):
            kind, _, provider = name.decode().partition(":")
            told[provider][kind] = value.decode()
        found: dict[str, Sighting] = {}
        for provider, fields in told.items():
            amount, _, at = fields.get("a", "").partition(" ")
            currency, _, unit = fields.get("u", "").partition(" ")
            if at:
                found[provider] = Sighting(int(amount), int(at), currency, unit)
        return found

    async def close(self) -> None:
        """Writes what is still noted, where Redis answers."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        with suppress(StoreUnavailable):
            await self._save(self._noted)

    async def _write(self) -> None:
        while self._noted:
            noted = dict(self._noted)
            with suppress(StoreUnavailable):  # and again: only the latest is kept, it cannot grow
                await self._save(noted)
                self._noted = {name: value for name, value in self._noted.items() if noted.get(name) != value}
            await asyncio.sleep(EVERY)

    async def _save(self, fields: dict[str, str]) -> None:
        if fields:
            await self._store.must("{g}", "HSET", KEY, *(part for pair in fields.items() for part in pair))
