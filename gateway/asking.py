"""Asking vendors what is no message: balances, templates, counts; and having them do what is none (short URLs).

Questions take their turn in the vendor's rate, like messages. They leave its breaker alone: whoever asks is told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

import structlog

from gateway.availability import Availability
from gateway.errors import Code, GatewayError, LostAnswer, NeverLeft
from gateway.provider import Declined, Provider, Question, Unreadable, Usage, VendorAnswer, VendorTemplate
from gateway.store.balances import Balances, Sighting
from gateway.store.gates import Gates, GateState, pass_for
from gateway.transport import Transport

log = structlog.get_logger()

T = TypeVar("T")

TEMPLATES_FRESH_FOR = 60.0
"""Seconds a vendor's templates are known before it is asked again."""
SILENT_FOR = 2.0
"""Seconds it is not asked for them again where it did not tell."""
SHARE = 0.25
"""Of a vendor's rate, at most, that callers' looks at its balance or its counts take in one process: an answer younger
than that allows is told again."""
CODE_AT_MOST, WORDS_AT_MOST = 40, 200
"""Characters of what a vendor says that are passed on."""


class Asker:
    """Every method raises `GatewayError` with the provider's name, or `StoreUnavailable`."""

    def __init__(
        self,
        transport: Transport,
        gates: Gates,
        availability: Availability,
        balances: Balances,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._gates = gates
        self._availability = availability
        self._balances = balances
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[float, Any]] = {}
        """Until when, and what: an answer or the `GatewayError` in its place."""
        self._fetching: dict[tuple[str, ...], asyncio.Task[Any]] = {}

    async def ask(self, provider: Provider, question: Question[T], *, unsettled: str = "") -> T:
        """What the vendor says. `unsettled`: of a question that changes something, what a caller should do where nobody
        knows whether it did.

        Raises `provider_unavailable` (nothing was asked), `provider_timeout` (no answer that can be read) or
        `provider_error` (the vendor refused, in its own words).
        """
        # Each would be a login that the gate does not count, at a vendor that blocks whoever fails too often.
        assert not provider.guarded_login, f"{provider.type} is asked through its gate only"
        await self._admitted(provider)
        try:
            answer = await self._transport.exchange(provider, question.request)
        except NeverLeft as error:
            raise _unavailable(provider, f"The vendor cannot be reached: {error}.", 5) from error
        except LostAnswer as error:
            raise _lost(provider, str(error), unsettled) from error
        said = _read(provider, question, answer)
        if isinstance(said, Unreadable):
            raise _lost(provider, f"the answer cannot be read: {said.detail}", unsettled)
        if isinstance(said, Declined):
            raise _declined(provider, said)
        return said

    async def balance(self, provider: Provider) -> Sighting:
        """What is left on the account: asked now, or where the vendor cannot be asked, as it said last. Raises
        `unsupported` too."""
        question = provider.balance()
        if question is None:
            raise unsupported(provider, "balance")

        async def look() -> Sighting:
            try:
                told = await self.ask(provider, question)
            except GatewayError as error:
                if error.code is Code.PROVIDER_ERROR:
                    raise
                seen = (await self._balances.seen()).get(provider.name)
                if seen is None:
                    raise
                return seen
            return await self._balances.keep(provider.name, told)

        fresh = 1 / (SHARE * provider.settings.rate)
        return await self._once((provider.name, "balance"), fresh, fresh, look)

    async def usage(self, provider: Provider, month: str, now: int) -> Usage:
        """What the account is billed for a month, YYYY-MM; `now`: ms since 1970. Raises `unsupported` too."""
        question = provider.usage(month, now)
        if question is None:
            raise unsupported(provider, "usage")
        fresh = 1 / (SHARE * provider.settings.rate)
        return await self._once((provider.name, month), fresh, fresh, lambda: self.ask(provider, question))

    async def templates(self, provider: Provider) -> tuple[VendorTemplate, ...]:
        """The texts that the vendor keeps and the gateway fills in; at most `TEMPLATES_FRESH_FOR` seconds old. Raises
        `unsupported` too."""
        question = provider.templates()
        if question is None:
            raise unsupported(provider, "templates")
        name = (provider.name, "templates")
        return await self._once(name, TEMPLATES_FRESH_FOR, SILENT_FOR, lambda: self.ask(provider, question))

    async def _once(
        self, name: tuple[str, ...], fresh: float, silent: float, fetch: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        """What `fetch` brings, asked for once however many ask at a time: an answer is known for `fresh` seconds, a
        refusal for `silent`."""

        async def keep() -> T | GatewayError:
            try:
                found: T | GatewayError = await fetch()
            except GatewayError as error:
                found = error
            lasts = silent if isinstance(found, GatewayError) else fresh
            self._known = {each: kept for each, kept in self._known.items() if self._clock() < kept[0]}
            self._known[name] = (self._clock() + lasts, found)
            return found

        known = self._known.get(name)
        if known is not None and self._clock() < known[0]:
            found = known[1]
        else:
            fetching = self._fetching.get(name)
            if fetching is None:
                fetching = self._fetching[name] = asyncio.create_task(keep())
                fetching.add_done_callback(lambda task: self._fetched(name, task))
            found = await asyncio.shield(fetching)  # who leaves does not take the answer away from the others
        if isinstance(found, GatewayError):
            raise found.with_traceback(None)
        return cast(T, found)

    def _fetched(self, name: tuple[str, ...], task: asyncio.Task[Any]) -> None:
        self._fetching.pop(name, None)
        if not task.cancelled():
            task.exception()  # looked at, should all who waited have left

    async def _admitted(self, provider: Provider) -> None:
        """Returns when the vendor may be asked."""
        state = (await self._gates.look(pass_for(provider))).state
        self._availability.note(provider.name, state)
        if state is GateState.PAUSED:
            raise _unavailable(provider, "An operator paused this provider.", 60)
        if not await self._availability.turn(provider.name):
            raise _unavailable(provider, "This provider is asked as often as it may be.", 2)


def unsupported(provider: Provider, capability: str) -> GatewayError:
    detail = f"This provider lacks the capability {capability}; GET /providers tells which one has it."
    return GatewayError(Code.UNSUPPORTED, detail, provider=provider.name)


def _read(provider: Provider, question: Question[T], answer: VendorAnswer) -> T | Declined | Unreadable:
    try:
        return question.read(answer)
    except Exception as error:  # an adapter's bug is no reason to say that the vendor did nothing
        log.error("answer not read", provider=provider.name, exc_info=error)
        return Unreadable("the gateway failed at it")


def _unavailable(provider: Provider, detail: str, retry_after: float) -> GatewayError:
    log.warning("vendor not asked", provider=provider.name, reason=detail)
    detail = f"{detail} Nothing was asked."
    return GatewayError(Code.PROVIDER_UNAVAILABLE, detail, provider=provider.name, retry_after=retry_after)


def _lost(provider: Provider, reason: str, unsettled: str) -> GatewayError:
    log.warning("vendor's answer lost", provider=provider.name, reason=reason)
    outcome = f" Whether it was done is not known: {unsettled}." if unsettled else " Nothing was changed."
    detail = f"The vendor was asked, and its answer is lost: {reason}.{outcome}"
    return GatewayError(Code.PROVIDER_TIMEOUT, detail, provider=provider.name)


def _declined(provider: Provider, said: Declined) -> GatewayError:
    # Its words stay out of the log: nobody knows what they quote.
    code = _shown(said.provider_code, CODE_AT_MOST)
    log.warning("vendor refused", provider=provider.name, provider_code=code)
    return GatewayError(
        Code.PROVIDER_ERROR,
        "The vendor refused this; see providerCode and providerMessage.",
        provider=provider.name,
        provider_code=code or None,
        provider_message=_shown(said.message, WORDS_AT_MOST) or None,
    )


def _shown(words: str, most: int) -> str:
    """As far as it can be shown: on one line, without control characters and half ones."""
    return " ".join("".join(each if each.isprintable() else " " for each in words).split())[:most]
