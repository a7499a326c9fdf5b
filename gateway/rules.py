"""Rules: call trees that are kept at vendors. Whom they call, and what they did."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence

import msgspec

from gateway.asking import Asker, unavailable
from gateway.availability import PATIENCE as TURN
from gateway.errors import Code, GatewayError, invalid
from gateway.model.voice import Entry, Log
from gateway.provider import Provider, Question
from gateway.settings import Client
from gateway.store.session import Session
from gateway.store.waiting import Waiting

READ_AGAIN = "GET the rule's numbers to see which list it has; until it is certain, other changes wait"
PATIENCE = 5.0
"""Seconds a change of a list waits for another one to be over."""


class NoSuchRule(Exception):
    """No provider has a rule of this name."""


class Rules:
    """The configured ones. Every method raises `GatewayError`, or `StoreUnavailable`."""

    def __init__(self, store: Session, providers: Mapping[str, Provider], asker: Asker, waiting: Waiting) -> None:
        self._store = store
        self._providers = providers
        self._asker = asker
        self._waiting = waiting

    def of(self, client: Client) -> dict[str, Provider]:
        """Those the client may set off and look at, with the provider of each, in the order of the configuration."""
        return {
            rule: provider
            for name, provider in self._providers.items()
            for rule in provider.rules
            if client.may_use(name) and client.may_set_off(rule)
        }

    def find(self, client: Client, rule: str) -> Provider:
        """The provider of a rule. Raises `forbidden` where it is not this client's, or NoSuchRule."""
        if provider := self.of(client).get(rule):
            return provider
        if any(rule in each.rules for each in self._providers.values()):
            raise GatewayError(Code.FORBIDDEN, "This client may not use this rule.")
        raise NoSuchRule

    async def numbers(self, provider: Provider, rule: str) -> tuple[Entry, ...]:
        """Whom it calls, asked for now."""
        return await self._asker.ask(provider, provider.numbers(rule))

    async def replace(
        self, provider: Provider, rule: str, numbers: tuple[Entry, ...], expected: Sequence[str] | None
    ) -> None:
        """It calls these and nobody else. `expected`: tags (`tag_of`) of which the list it has now must have one, else
        `precondition_failed`. One change at a time, over all replicas: none slips between a look and its change."""
        least = provider.rules[rule].min_numbers
        if len(numbers) < least:
            raise invalid("/numbers", f"This rule needs {least} numbers or more.")
        topic, name = f"list\0{rule}", secrets.token_urlsafe(12)
        await self._alone(provider, topic, name)
        asked = False
        try:
            if expected is not None and tag_of(await self.numbers(provider, rule)) not in expected:
                detail = "The list has changed since it was read: read it, and make the change on what it is now."
                raise GatewayError(Code.PRECONDITION_FAILED, detail)
            asked = True
            await self._asker.ask(provider, provider.replace_numbers(rule, numbers), unsettled=READ_AGAIN)
        except GatewayError as error:
            if asked and error.code is Code.PROVIDER_TIMEOUT:  # it may still come about: the next one waits for it
                until = self._store.clock.now() + int(provider.settings.timeout * 1000)
                await self._waiting.join(provider.account, topic, name, until, alone=True)
            else:
                await self._waiting.leave(provider.account, topic, name)
            raise
        await self._waiting.leave(provider.account, topic, name)

    async def _alone(self, provider: Provider, topic: str, name: str) -> None:
        """Returns once no other change of the list is under way, or can be."""
        await self._store.know_time()
        ends = time.monotonic() + PATIENCE
        # The look, in two spellings at most, and the change: each waits for its turn, then for its answer.
        lasts = int(3 * (provider.settings.timeout + 2 * TURN) * 1000)
        while await self._waiting.join(provider.account, topic, name, self._store.clock.now() + lasts, alone=True):
            if time.monotonic() >= ends:
                raise unavailable(provider, "Another change of this list is under way.", 5)
            await asyncio.sleep(0.05)

    async def log(
        self, provider: Provider, rule: str | None, *, latest: bool = False, since: int | None, until: int | None
    ) -> Log:
        """What one rule did, or all of the account."""
        parts = provider.log(rule, latest=latest, since=since, until=until)
        return joined(await asyncio.gather(*(self._asker.ask(provider, part) for part in parts)))

    async def log_of(self, provider: Provider, rule: str, activation_id: str) -> Log:
        question: Question[Log] = provider.log_of(rule, activation_id)
        return await self._asker.ask(provider, question)


def joined(logs: Sequence[Log]) -> Log:
    return Log(
        tuple(call for log in logs for call in log.calls), tuple(message for log in logs for message in log.messages)
    )


def tag_of(numbers: tuple[Entry, ...]) -> str:
    """Equal for equal lists: an entity tag, with its quotes."""
    return f'"{hashlib.sha256(msgspec.json.encode(numbers)).hexdigest()[:24]}"'
