"""/providers, /balance, /usage, /templates, /short-urls: what vendors offer beside messages, and how they stand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import structlog
from litestar import HttpMethod, Response, post, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from gateway.api.auth import Caller
from gateway.api.drafting import claims_of, given
from gateway.api.messages import READ, READ_QUERY, SEND, json, visible
from gateway.api.problems import problem
from gateway.api.requests import AnyRequest, idempotency_key, json_body, query
from gateway.api.schemas import instant
from gateway.api.services import Services, caller, services
from gateway.api.vendor_schemas import (
    BalanceList,
    BalanceOut,
    CallbackUrlOut,
    CapabilitiesOut,
    KeepingOut,
    LimitsOut,
    ListedTemplateOut,
    ProviderList,
    ProviderOut,
    ProviderProblemOut,
    QueueDepthOut,
    ShortUrlIn,
    ShortUrlOut,
    TemplateList,
    UsageList,
    UsageOut,
    UsageQuery,
    VendorQuery,
)
from gateway.asking import unsupported
from gateway.errors import Code, GatewayError, Pointer, invalid
from gateway.model.values import Secret
from gateway.provider import Keeping, Provider, Usage
from gateway.store.gates import pass_for
from gateway.store.replies import OtherContent, Reply
from gateway.store.usage import Counts

log = structlog.get_logger()

T = TypeVar("T")

GET = [HttpMethod.GET, HttpMethod.HEAD]
ADMIN = {"scope": "admin"}
ANOTHER_SHORT_URL = "look into the vendor's console, or repeat the request: a second short URL does no harm"


def usable(here: Services, who: Caller) -> list[Provider]:
    """The providers the client may use, in the order of the configuration."""
    return [each for name, each in here.settings.providers.items() if who.client.may_use(name)]


def seen(here: Services, who: Caller) -> list[Provider]:
    """Those the caller may look at: an operator sees all."""
    return list(here.settings.providers.values()) if "admin" in who.scopes else usable(here, who)


def pinned(here: Services, among: Sequence[Provider], name: str) -> Provider:
    """The provider a request names. Raises `invalid_request` or `forbidden`."""
    for provider in among:
        if provider.name == name:
            return provider
    if name in here.settings.providers:
        raise GatewayError(Code.FORBIDDEN, "This client may not use this provider.", provider=name)
    names = ", ".join(sorted(each.name for each in among)) or "none"
    raise invalid("/provider", f"There is no provider of this name; configured: {names}.")


async def _each(
    request: AnyRequest, providers: Sequence[Provider], ask: Callable[[Provider], Awaitable[T]]
) -> tuple[dict[str, T], list[ProviderProblemOut]]:
    """All of them at once: what they said by name, and why the others did not. One that fails must not hide the
    rest."""

    async def outcome(provider: Provider) -> T | GatewayError:
        try:
            return await ask(provider)
        except GatewayError as error:
            return error

    told: dict[str, T] = {}
    problems: list[ProviderProblemOut] = []
    request_id = str(request.scope.get("request_id", ""))
    for provider, said in zip(providers, await asyncio.gather(*map(outcome, providers)), strict=True):
        if isinstance(said, GatewayError):
            problems.append(ProviderProblemOut(provider.name, problem(said, request_id)))
        else:
            told[provider.name] = said
    return told, problems


# Providers


@route("/providers", http_method=GET, opt=READ)
async def list_providers(request: AnyRequest) -> Response[bytes]:
    """The configured providers, what they can do and how they stand."""
    here, who = services(request), caller(request)
    return json(ProviderList(await _standing(here, who, seen(here, who)), None))


@post("/providers/{name:str}/pause", opt=ADMIN, status_code=200)
async def pause_provider(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """Nothing is sent to the provider until it is resumed."""
    return await _steer(request, name, "pause")


@post("/providers/{name:str}/resume", opt=ADMIN, status_code=200)
async def resume_provider(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """Ends a pause."""
    return await _steer(request, name, "resume")


async def _steer(request: AnyRequest, name: str, verb: Literal["pause", "resume"]) -> Response[bytes]:
    here, who = services(request), caller(request)
    provider = here.settings.providers.get(name)
    if provider is None:
        raise NotFoundException
    await (here.gates.pause if verb == "pause" else here.gates.resume)(pass_for(provider))
    log.info("provider steered", provider=name, verb=verb, client=who.client.name)
    [found] = await _standing(here, who, [provider])
    return json(found)


async def _standing(here: Services, who: Caller, providers: Sequence[Provider]) -> list[ProviderOut]:
    lanes = await here.store.lanes()
    depths: Counter[tuple[str, bool]] = Counter()
    _, *counted = await asyncio.gather(here.availability.refresh(), *(here.store.queued(lane) for lane in lanes))
    for each in counted:
        depths.update(each)
    public_url = (here.settings.gateway.public_url or "") if "admin" in who.scopes else None
    standings = here.availability.standings()
    return [
        ProviderOut(
            name=each.name,
            type=each.type,
            capabilities=_capabilities(each),
            guarantee=each.guarantee.value,
            limits=_limits(each),
            health=standings[each.name].health,  # type: ignore[arg-type]  # one of the four, see Standing
            detail=standings[each.name].detail or UNSET,
            queue_depth=QueueDepthOut(normal=depths[each.name, False], high=depths[each.name, True]),
            callback_urls=UNSET if public_url is None else _callback_urls(each, public_url),
        )
        for each in providers
    ]


def _capabilities(provider: Provider) -> CapabilitiesOut:
    able = provider.capabilities
    fields = {name: getattr(able, name) for name in CapabilitiesOut.__struct_fields__}
    lists = {name: sorted(value) for name, value in fields.items() if isinstance(value, frozenset)}
    return CapabilitiesOut(**fields | lists | {"reservations": _keeping(able.reservations)})


def _keeping(keeping: Keeping | None) -> KeepingOut | UnsetType:
    if keeping is None:
        return UNSET
    return KeepingOut(seconds_ahead=keeping.ahead, whole_seconds=keeping.whole, cancelable=keeping.cancelable)


def _limits(provider: Provider) -> LimitsOut:
    able, settings = provider.capabilities, provider.settings
    return LimitsOut(
        rate_per_second=settings.rate,
        concurrency=settings.concurrency,
        receivers_per_request=able.receivers,
        characters=UNSET if able.characters is None else able.characters,
        bytes=UNSET if able.octets is None else able.octets,
        charset=UNSET if able.charset is None else able.charset,
    )


def _callback_urls(provider: Provider, public_url: str) -> list[CallbackUrlOut]:
    configured = provider.settings.callback_secret
    secrets = (configured,) if isinstance(configured, Secret) else configured or ()
    return [
        CallbackUrlOut(kind, f"{public_url}/callbacks/{provider.name}/{secret.reveal()}/{kind}")
        for secret in secrets[:1]  # the others are on their way out
        for kind in sorted(provider.callback_kinds)
    ]


# Balance


@route("/balance", http_method=GET, opt=READ_QUERY)
async def get_balance(request: AnyRequest) -> Response[bytes]:
    """What is left on the vendor accounts."""
    here, asked = services(request), query(request, VendorQuery)
    among = seen(here, caller(request))
    if asked.provider is not None:
        return json(BalanceList([await _balance(here, pinned(here, among, asked.provider))]))
    told, problems = await _each(request, among, partial(_balance, here))
    told |= {each.provider: BalanceOut(provider=each.provider, problem=each.problem) for each in problems}
    return json(BalanceList([told[each.name] for each in among]))


async def _balance(here: Services, provider: Provider) -> BalanceOut:
    known = await here.asker.balance(provider)
    return BalanceOut(
        provider=provider.name,
        amount=known.amount,
        currency=known.currency or UNSET,
        unit=known.unit or UNSET,
        checked_at=instant(known.at),
    )


# Usage


@route("/usage", http_method=GET, opt=READ_QUERY)
async def get_usage(request: AnyRequest) -> Response[bytes]:
    """A month's messages by provider, carrier and status, beside what the vendors bill."""
    here, who, asked = services(request), caller(request), query(request, UsageQuery)
    client = visible(who, asked.client)
    among = seen(here, who)
    if asked.provider is not None:
        among = [pinned(here, among, asked.provider)]
    await here.store.know_time()
    now = here.store.clock.now()
    zone = ZoneInfo(here.settings.gateway.time_zone)
    month = asked.month or f"{datetime.fromtimestamp(now / 1000, zone):%Y-%m}"

    async def billed(provider: Provider) -> Usage:
        return await here.asker.usage(provider, month, now)

    counts = await here.counts.read(client, int(month.replace("-", "")))
    if asked.provider is not None:
        counts = {kind: count for kind, count in counts.items() if kind[0] == asked.provider}
        told = {each.name: await billed(each) for each in among if each.usage(month, now)}
        return json(UsageList(_usage([asked.provider], counts, told), []))
    usages, problems = await _each(request, [each for each in among if each.usage(month, now)], billed)
    return json(UsageList(_usage([each.name for each in among], counts, usages), problems))


def _usage(names: Sequence[str], counts: Counts, usages: dict[str, Usage]) -> list[UsageOut]:
    """By provider as configured (those that are not any more come last), then by carrier, the unknown one last."""
    billed = Counter[tuple[str, str]]()
    for name, usage in usages.items():
        for each in usage.billed:
            billed[name, each.carrier or ""] += each.parts
    places = {name: place for place, name in enumerate(names)}
    kinds = sorted(
        {*counts, *billed}, key=lambda kind: (places.get(kind[0], len(places)), kind[0], not kind[1], kind[1])
    )
    items: list[UsageOut] = []
    for name, carrier in kinds:
        # A vendor that told its counts and none for this carrier bills nothing for it.
        told = (name, carrier) in billed or (name in usages and carrier != "")
        items.append(
            UsageOut(
                provider=name,
                carrier=carrier or None,
                counts=dict(sorted(counts.get((name, carrier), {}).items())),
                billed=billed[name, carrier] if told else UNSET,
                billed_as_of=instant(usages[name].as_of) if told else UNSET,
            )
        )
    return items


# Templates


@route("/templates", http_method=GET, opt=READ_QUERY)
async def list_templates(request: AnyRequest) -> Response[bytes]:
    """The texts with holes that a message may name."""
    here, asked = services(request), query(request, VendorQuery)
    among = seen(here, caller(request))
    if asked.provider is not None:
        return json(TemplateList(await _vendors_own(here, pinned(here, among, asked.provider)), []))
    items = [
        ListedTemplateOut(None, name, template.text, list(template.parameters))
        for name, template in here.settings.templates.items()
    ]
    told, problems = await _each(request, [each for each in among if each.templates()], partial(_vendors_own, here))
    return json(TemplateList([*items, *chain.from_iterable(told.values())], problems))


async def _vendors_own(here: Services, provider: Provider) -> list[ListedTemplateOut]:
    return [
        ListedTemplateOut(provider.name, each.id, each.content, [name for name, _ in each.holes])
        for each in await here.asker.templates(provider)
    ]


# Short URLs


@post("/short-urls", opt=SEND)
async def create_short_url(request: AnyRequest) -> Response[bytes]:
    """Has a vendor make a short URL."""
    here, who = services(request), caller(request)
    body = await json_body(request, ShortUrlIn)
    _check(body)
    claims = claims_of(who.client, "/short-urls", None, idempotency_key(request), body)
    reply = await here.replies.find(who.client.name, claims)
    if reply is None:
        made = msgspec.json.encode(await _shorten(here, who, body))
        reply = await here.replies.keep(who.client.name, claims, 201, made)
    return replied(reply)


def replied(reply: Reply | OtherContent) -> Response[bytes]:
    """The answer to a request that may repeat another one. Raises `idempotency_key_reused`."""
    if isinstance(reply, OtherContent):
        raise GatewayError(
            Code.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key was used with other content; use a new key."
        )
    headers = {"idempotency-replayed": "true"} if reply.replayed else None
    return Response(reply.body, status_code=reply.status, media_type="application/json", headers=headers)


def _check(body: ShortUrlIn) -> None:
    """What no schema says. (To its patterns a line break at the end is none.)"""
    try:
        parts = urlsplit(body.long_url)
        sound = bool(parts.hostname) and parts.port != 0  # reading the port raises where it is none
    except ValueError:
        sound = False
    if not sound or body.long_url.endswith("\n"):
        raise invalid("/longUrl", "This is no http or https URL with a host.")
    if (given(body.domain) or "").endswith("\n"):
        raise invalid("/domain", "This is no domain.")


async def _shorten(here: Services, who: Caller, body: ShortUrlIn) -> ShortUrlOut:
    among = usable(here, who)
    wanted = given(body.provider)
    for provider in [pinned(here, among, wanted)] if wanted else among:
        question = provider.short_url(body.long_url, given(body.name), given(body.domain))
        if question is not None:
            made = await here.asker.ask(provider, question, unsettled=ANOTHER_SHORT_URL)
            return ShortUrlOut(made.url, made.name, provider.name)
        if wanted:
            raise unsupported(provider, "shortUrls")
    errors = tuple(Pointer("", f"{each.name}: it lacks the capability shortUrls") for each in among)
    raise GatewayError(Code.NO_ROUTE, "No provider this client may use makes short URLs.", errors=errors)


HANDLERS = (
    list_providers,
    pause_provider,
    resume_provider,
    get_balance,
    get_usage,
    list_templates,
    create_short_url,
)
