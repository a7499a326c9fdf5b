"""Asking vendors what is no message: balances, templates, counts; and having them do what is none (short URLs).

Questions take their turn in the vendor's rate, like messages. They leave its breaker alone: whoever asks is told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

import structlog

from gateway.availability import PATIENCE, Availability
from gateway.errors import Code, GatewayError, LostAnswer, NeverLeft
from gateway.provider import Declined, Provider, Question, Unreadable, Usage, VendorAnswer, VendorTemplate
from gateway.store.balances import Balances, Sighting
from gateway.store.gates import Gates, GateState, pass_for
from gateway.transport import Transport

log = structlog.get_logger()

T = TypeVar("T")

TEMPLATES_FRESH_FOR = 60.0
"""Seconds a vendor's templates are known before messages that name one have it asked again."""
SILENT_FOR = 2.0
"""Seconds it is not asked for them again where it did not tell, or told none of the name."""
SHARE = 0.25
"""Of a vendor's rate, at most, that questions take in one process: the rest is the messages'."""
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
        self._templates: dict[str, tuple[float, tuple[VendorTemplate, ...] | GatewayError]] = {}
        """When the vendor told, and what; or why it did not."""
        self._asking: dict[tuple[str, ...], asyncio.Task[Any]] = {}
        self._turns: dict[str, float] = {}
        """When the next question may begin, by provider."""

    async def ask(self, provider: Provider, question: Question[T], *, unsettled: str = "") -> T:
        """What the vendor says. `unsettled`: of a question that changes something, what a caller should do where nobody
        knows whether it did.

        Raises `provider_unavailable` (nothing was asked), `provider_timeout` (no answer that can be read) or
        `provider_error` (the vendor refused, in its own words).
        """
        await self._admitted(provider)
        return await self._exchange(provider, question, unsettled)

    async def _exchange(self, provider: Provider, question: Question[T], unsettled: str = "") -> T:
        try:
            answer = await self._transport.exchange(provider, question.request)
            if answer.status == 404 and question.otherwise is not None:
                answer = await self._transport.exchange(provider, question.otherwise)
        except NeverLeft as error:
            raise unavailable(provider, f"The vendor cannot be reached: {error}.", 5) from error
        except LostAnswer as error:
            raise _lost(provider, str(error), unsettled) from error
        said = _read(provider, question, answer)
        if isinstance(said, Unreadable):
            raise _lost(provider, f"the answer cannot be read: {said.detail}", unsettled)
        if isinstance(said, Declined):
            raise _declined(provider, said)
        return said

    async def balance(self, provider: Provider) -> Sighting:
        """What is left on the account: asked now; or as the vendor said last, where it may not be asked now. Raises
        `unsupported` too."""
        question = provider.balance()
        if question is None:
            raise unsupported(provider, "balance")

        async def look() -> Sighting:
            try:
                await self._admitted(provider)
            except GatewayError:
                seen = (await self._balances.seen()).get(provider.name)
                if seen is None:
                    raise
                return seen
            return await self._balances.keep(provider.name, await self._exchange(provider, question))

        return await self._together((provider.name, "balance"), look)

    async def usage(self, provider: Provider, month: str, now: int) -> Usage:
        """What the account is billed for a month, YYYY-MM; `now`: ms since 1970. Raises `unsupported` too."""
        question = provider.usage(month, now)
        if question is None:
            raise unsupported(provider, "usage")
        return await self._together((provider.name, month), lambda: self.ask(provider, question))

    async def templates(self, provider: Provider) -> tuple[VendorTemplate, ...]:
        """The texts that the vendor keeps and the gateway fills in, asked for now. Raises `unsupported` too."""
        question = provider.templates()
        if question is None:
            raise unsupported(provider, "templates")

        async def look() -> tuple[VendorTemplate, ...]:
            try:
                found = await self.ask(provider, question)
            except GatewayError as error:
                self._templates[provider.name] = (self._clock(), error)
                raise
            self._templates[provider.name] = (self._clock(), found)
            return found

        return await self._together((provider.name, "templates"), look)

    async def template(self, provider: Provider, id: str) -> VendorTemplate | None:
        """The one of this id, as the vendor told it less than `TEMPLATES_FRESH_FOR` seconds ago; None where it has
        none. Raises as `templates` does."""
        when, known = self._templates.get(provider.name, (-TEMPLATES_FRESH_FOR, ()))
        found = None if isinstance(known, GatewayError) else _named(id, known)
        age = self._clock() - when
        if age < SILENT_FOR and isinstance(known, GatewayError):
            raise known.with_traceback(None)
        if age < (TEMPLATES_FRESH_FOR if found else SILENT_FOR):
            return found
        return _named(id, await self.templates(provider))

    async def _together(self, name: tuple[str, ...], look: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `look` brings, once for all who ask at the same time."""
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.create_task(look())
            asking.add_done_callback(lambda task: self._asked(name, task))
        return cast(T, await asyncio.shield(asking))  # who leaves does not take the answer away from the others

    def _asked(self, name: tuple[str, ...], task: asyncio.Task[Any]) -> None:
        self._asking.pop(name, None)
        if not task.cancelled():
            task.exception()  # looked at, should all who waited have left

    async def _admitted(self, provider: Provider) -> None:
        """Returns when the vendor may be asked."""
        # Each would be a login that the gate does not count, at a vendor that blocks whoever fails too often.
        assert not provider.guarded_login, f"{provider.type} is asked through its gate only"
        now = self._clock()
        turn = max(self._turns.get(provider.name, now), now)
        if turn - now > PATIENCE:
            raise unavailable(provider, "This provider is asked as often as it may be.", 2)
        self._turns[provider.name] = turn + 1 / (SHARE * provider.settings.rate)
        await asyncio.sleep(turn - now)
        state = (await self._gates.look(pass_for(provider))).state
        self._availability.note(provider.name, state)
        if state is GateState.PAUSED:
            raise unavailable(provider, "An operator paused this provider.", 60)
        if not await self._availability.turn(provider.name):
            raise unavailable(provider, "This provider is asked as often as it may be.", 2)


def _named(id: str, known: tuple[VendorTemplate, ...]) -> VendorTemplate | None:
    return next((each for each in known if each.id == id), None)


def unsupported(provider: Provider, capability: str) -> GatewayError:
    detail = f"This provider lacks the capability {capability}; GET /providers tells which one has it."
    return GatewayError(Code.UNSUPPORTED, detail, provider=provider.name)


def _read(provider: Provider, question: Question[T], answer: VendorAnswer) -> T | Declined | Unreadable:
    try:
        return question.read(answer)
    except Exception as error:  # an adapter's bug is no reason to say that the vendor did nothing
        log.error("answer not read", provider=provider.name, exc_info=error)
        return Unreadable("the gateway failed at it")


def unavailable(provider: Provider, detail: str, retry_after: float) -> GatewayError:
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
