"""Which provider carries a message, and why not the others."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from gateway.errors import Code, GatewayError, Pointer, invalid
from gateway.model.message import Content, Record, State
from gateway.model.phone import country
from gateway.model.policy import NOBODY, Policy
from gateway.model.reasons import Reason
from gateway.provider import Guarantee, Misfit, Provider
from gateway.settings import Client, Route


class PassedOver(msgspec.Struct, frozen=True):
    """A provider that was considered, and why it was not chosen."""

    provider: str
    misfit: Misfit


class Decision(msgspec.Struct, frozen=True):
    """Providers able to carry the message, best first, and those that are not."""

    able: tuple[str, ...]
    passed_over: tuple[PassedOver, ...]


class Handover(NamedTuple):
    """What a vendor is given to keep. Times in ms since 1970."""

    send_at: int
    """When it sends: what is asked for, or a little before."""
    until: int
    """By then it must have it."""


HANDOVER_MS = 1_000
"""Before the last moment a vendor takes a reservation, so that it arrives in time; twice that for a new one."""


def handover(provider: Provider, send_at: int, now: int) -> Handover | Misfit:
    """How the vendor would keep a message until `send_at`, or why it cannot. Times in ms since 1970."""
    keeping = provider.capabilities.reservations
    if keeping is None:
        return Misfit("unsupported", "it cannot keep a message until its time", "/heldBy")
    kept = provider.keeps(send_at)
    if kept is None:
        return Misfit("unsupported", "its clock shows this time twice, and it might mean the other", "/sendAt")
    until = kept - keeping.ahead * 1000 - HANDOVER_MS
    if until - HANDOVER_MS < now:
        ahead = f"{keeping.ahead // 60} minutes ahead" if keeping.ahead else "ahead"
        rest = ", and knows whole minutes only" if keeping.whole == 60 else ""
        return Misfit("unsupported", f"it must be given a reservation {ahead}{rest}: this time is too near", "/sendAt")
    return Handover(kept, until)


class Routing:
    """The configured providers, routes and clients. Pure: asks nobody, and is told which providers are `away`."""

    def __init__(
        self, providers: Mapping[str, Provider], routes: Sequence[Route], clients: Mapping[str, Client] | None = None
    ) -> None:
        self.providers = providers
        self.away: frozenset[str] = frozenset()
        """Those that take no requests now: what may go elsewhere does."""
        self._routes = routes
        self._clients = clients or {}
        self._policy = lru_cache(maxsize=4096)(self._make_policy)

    def decide(self, content: Content, client: Client, pinned: str | None = None) -> Decision:
        """Every provider that comes into question, in order, and why the others do not; of those that are not this
        client's nothing is said. `pinned` bypasses the routes, not the capabilities."""
        names = self.candidates(content, client, pinned)
        reasons = {name: self._misfit(name, content, client) for name in names}
        passed = [PassedOver(name, reason) for name, reason in reasons.items() if reason is not None]
        if not pinned:
            others = (name for name in self.providers if name not in names and client.may_use(name))
            passed += (PassedOver(name, self._unrouted(name)) for name in others)
        return Decision(tuple(name for name, reason in reasons.items() if reason is None), tuple(passed))

    def choose(
        self, content: Content, client: Client, pinned: str | None = None, *, later: bool = False
    ) -> tuple[str, ...]:
        """The provider to use and those to fall back to; those that are away now come last, but for what is to be sent
        `later`. Raises `no_route`, `unsupported` (pinned), or as `candidates` does."""
        names = self.candidates(content, client, pinned)
        able = tuple(name for name in names if self._misfit(name, content, client) is None)
        if able:
            return able if later else self.serving_first(able)
        passed_over = self.decide(content, client, pinned).passed_over
        errors = tuple(
            Pointer(passed.misfit.pointer, f"{passed.provider}: {passed.misfit.detail}") for passed in passed_over
        )
        tried = [passed for passed in passed_over if passed.provider in names]
        if tried and all(passed.misfit.code == "forbidden" for passed in tried):  # the sender is not its own
            raise GatewayError(Code.FORBIDDEN, tried[0].misfit.detail, errors=errors)
        if pinned:
            raise GatewayError(Code.UNSUPPORTED, passed_over[0].misfit.detail, errors=errors, provider=pinned)
        nobody = (Pointer("/to", "no route leads this message to a provider that this client may use"),)
        detail = "No provider can carry this message; see errors."
        raise GatewayError(Code.NO_ROUTE, detail, errors=errors or nobody)

    def candidates(self, content: Content, client: Client, pinned: str | None = None) -> tuple[str, ...]:
        """The providers a message is led to, in order, whatever they can do: the pinned one, or of the first route that
        matches those that are this client's; one of them drawn first where the route has weights. Raises `forbidden`
        (the sender or the pinned provider is not this client's) or `invalid_request` (no such provider)."""
        if content.sender is not None and client.senders is not None and content.sender not in client.senders:
            raise GatewayError(Code.FORBIDDEN, _SENDER, errors=(Pointer("/from", _SENDER),))
        if not pinned:
            route = self.route(content, client)
            names = _order(route) if route else () if self._routes else tuple(self.providers)
            return names if client.providers is None else tuple(filter(client.may_use, names))
        return self._pinned(client, pinned)

    def _pinned(self, client: Client, name: str) -> tuple[str, ...]:
        if name not in self.providers:
            known = ", ".join(sorted(filter(client.may_use, self.providers))) or "none"
            raise invalid("/provider", f"There is no provider of this name; configured: {known}.")
        if not client.may_use(name):
            raise GatewayError(Code.FORBIDDEN, "This client may not use this provider.", provider=name)
        return (name,)

    def route(self, content: Content, client: Client) -> Route | None:
        """The first route that matches."""
        home = country(content.to) or ""
        for route in self._routes:
            if (
                (not route.countries or home in route.countries)
                and (not route.carriers or content.carrier in route.carriers)
                and (not route.senders or content.sender in route.senders)
                and (not route.clients or client.name in route.clients)
            ):
                return route
        return None

    def able(self, client: Client, pinned: str | None, why_not: Callable[[Provider], Misfit | None]) -> Provider:
        """The provider for what is no message: the named one, or the first of this client's that is able, one that
        serves now before others. Raises `no_route`, `unsupported`, or as `candidates` does."""
        names = self._pinned(client, pinned) if pinned else tuple(filter(client.may_use, self.providers))
        reasons = {name: why_not(self.providers[name]) for name in names}
        found = tuple(name for name, reason in reasons.items() if reason is None)
        if found:
            return self.providers[self.serving_first(found)[0]]
        errors = tuple(Pointer(why.pointer, f"{name}: {why.detail}") for name, why in reasons.items() if why)
        if pinned:
            raise GatewayError(Code.UNSUPPORTED, errors[0].detail, errors=errors, provider=pinned)
        raise GatewayError(
            Code.NO_ROUTE, "No provider that this client may use can do this; see errors.", errors=errors
        )

    def serving_first(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(names, key=self.away.__contains__)) if self.away else names

    def _unrouted(self, name: str) -> Misfit:
        if not self.providers[name].capabilities.messages:
            return Misfit("unsupported", "it cannot send text messages")
        return Misfit("not_routed", "no route leads this message to it", "/to")

    def _misfit(self, name: str, content: Content, client: Client) -> Misfit | None:
        provider = self.providers[name]
        if client.senders is not None and (content.sender or provider.default_sender) not in client.senders:
            return Misfit("forbidden", _SENDER, "/from")
        return misfit(provider, content)

    def carried(self, record: Record, source: Provider) -> bool:
        """Whether the message may have been given to the vendor account of `source`. A provider that is not
        configured any more is not held against it."""
        names = {record.state.provider, *record.content.route}
        return any(
            provider is None or (provider.type, provider.account) == (source.type, source.account)
            for provider in (self.providers.get(name) for name in names)
        )

    def elsewhere(self, record: Record) -> str:
        """A provider for a message whose own is not configured any more, nor any of its route; "" where there is
        none that has not refused it, or the caller had named it."""
        client = self._clients.get(record.state.client)
        # Version 1 did not say whether the caller had named the provider.
        pinned = record.content.pinned or (record.state.version < 2 and not record.content.route)
        if client is None or pinned or record.state.provider in self.providers:
            return ""
        refused = record.state.refused.split()
        try:
            able = [name for name in self.decide(record.content, client).able if name not in refused]
        except GatewayError:
            return ""  # what the client may use was narrowed since
        return next(iter(self.serving_first(tuple(able))), "")

    def anew(self, record: Record) -> tuple[str, ...]:
        """The providers for a reservation that is due, chosen as for a message that is sent now; as they are where
        none is found now."""
        state, content = record.state, record.content
        client = self._clients.get(state.client)
        able: tuple[str, ...] = ()
        if client is not None:
            with suppress(GatewayError):  # what the client may use was narrowed since
                able = self.decide(content, client, state.provider if content.pinned else None).able
        refused = state.refused.split()
        able = tuple(name for name in able if name not in refused)
        others = (name for name in content.route if name not in (state.provider, *refused))
        return self.serving_first(able) or (state.provider, *others)

    def policy(self, state: State, content: Content) -> Policy:
        """What the lifecycle needs to know of the provider a message is with."""
        return self._policy(state.provider, content.route, content.resend_blind, state.refused, self.away)

    def _make_policy(
        self, name: str, route: tuple[str, ...], resend_blind: bool, refused: str, away: frozenset[str]
    ) -> Policy:
        provider = self.providers.get(name)
        place = route.index(name) if name in route else -1
        others = [
            each
            for each in (*route[place + 1 :], *route[: max(place, 0)])
            if each in self.providers and each not in refused.split()
        ]
        onward = next((each for each in others if each not in away), others[0] if others else "")
        ways: dict[str, Any] = {
            "onward": onward,
            "onward_serves": bool(onward) and onward not in away,
            "onward_wraps": onward in route[: max(place, 0)],
            "routed": len(route) > 1,
        }
        if provider is None:
            return msgspec.structs.replace(NOBODY, **ways)
        return Policy(
            guarantee=Guarantee(provider.guarantee),
            reports=provider.capabilities.delivery_reports or provider.capabilities.status_query,
            queryable=provider.capabilities.status_query,
            checkable=bool(provider.capabilities.reservations and provider.capabilities.reservations.cancelable),
            settle_after=int(provider.settings.settle_after * 1000),
            no_news_after=int(provider.settings.no_news_after * 1000),
            reconcile_after=int(provider.settings.reconcile_after * 1000),
            resend_blind=resend_blind,
            **ways,
        )


_SENDER = "This client may not use this sender: name one of its own in `from`."


def _order(route: Route) -> tuple[str, ...]:
    """A route's providers in order; by weight, the first is drawn and the others stand by, heaviest first."""
    if not route.weights:
        return route.providers
    names = sorted(route.providers, key=lambda name: -route.weights[name])
    first = random.choices(names, [route.weights[name] for name in names])[0]  # noqa: S311  # shares, not secrets
    return (first, *(name for name in names if name != first))


def misfit(provider: Provider, content: Content) -> Misfit | None:
    """Why the provider cannot carry the message, or None: what its capabilities exclude, then what it finds itself."""
    able = provider.capabilities
    if not able.messages:
        return Misfit("unsupported", "it cannot send text messages")
    if content.template is not None and not (able.templates and provider.keeps_template(content.template)):
        return Misfit("unsupported", "the vendor has no template of this id", "/template/id")
    if content.subject is not None and not able.subject:
        return Misfit("unsupported", "its messages have no subject", "/subject")
    if content.sender is not None and not able.sender:
        return Misfit("unsupported", "its messages name no sender of the caller's choice", "/from")
    if able.countries and country(content.to) not in able.countries:
        where = ", ".join(sorted(able.countries))
        return Misfit(Reason.INVALID_NUMBER, f"it delivers to numbers of {where} only", "/to")
    if able.characters is not None and len(content.text) > able.characters:
        return Misfit(Reason.TOO_LONG, f"it takes at most {able.characters} characters", "/text")
    return provider.misfit(content)
