"""/rules and /activations: call trees at vendors, whom they call, setting them off, and what they did."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime

import structlog
from litestar import HttpMethod, Response, post, put, route
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.activating import PREFIX
from gateway.api.auth import Caller
from gateway.api.drafting import claims_of, given
from gateway.api.listing import bound
from gateway.api.messages import READ, READ_QUERY, SEND, json, visible
from gateway.api.problems import problem
from gateway.api.requests import AnyRequest, idempotency_key, json_body, listed, query
from gateway.api.rule_schemas import (
    ActivationIn,
    ActivationLogOut,
    ActivationOut,
    ActivationQuery,
    HistoryOut,
    HistoryQuery,
    RuleList,
    RuleNumberIn,
    RuleNumbersIn,
    RuleNumbersOut,
    RuleOut,
    activation_out,
    calls_out,
    messages_out,
    number_out,
)
from gateway.api.schemas import instant
from gateway.api.services import Services, caller, services
from gateway.errors import GatewayError, invalid
from gateway.model.activation import Activation
from gateway.model.ids import parse_public
from gateway.model.voice import ACTIVATION_ID, Entry, Log
from gateway.provider import Misfit, Provider
from gateway.rules import NoSuchRule, joined, tag_of
from gateway.settings import Client
from gateway.store.cases import Case

GET = [HttpMethod.GET, HttpMethod.HEAD]
ADMIN = {"scope": "admin"}
_TAGS = re.compile(r'(?:W/)?("[^"]*")')


# Rules


@route("/rules", http_method=GET, opt=READ)
async def list_rules(request: AnyRequest) -> Response[bytes]:
    """The rules the client may use."""
    here, who = services(request), caller(request)
    items = [
        RuleOut(name, provider.name, provider.rules[name].min_numbers)
        for name, provider in here.rules.of(who.client).items()
    ]
    return json(RuleList(items, None))


@route("/rules/{rule:str}/numbers", http_method=GET, opt=READ)
async def get_rule_numbers(request: AnyRequest, rule: FromPath[str]) -> Response[bytes]:
    """Whom a rule calls, as the vendor has it now."""
    here = services(request)
    provider = _named(here, caller(request).client, rule)
    return _numbers(await here.rules.numbers(provider, rule))


@put("/rules/{rule:str}/numbers", opt=ADMIN, status_code=200)
async def put_rule_numbers(request: AnyRequest, rule: FromPath[str]) -> Response[bytes]:
    """Has a rule call these numbers, and nobody else."""
    here = services(request)
    provider = _named(here, caller(request).client, rule)
    body = await json_body(request, RuleNumbersIn)
    region = here.settings.gateway.default_region
    numbers = tuple(_entry(provider, index, each, region) for index, each in enumerate(body.numbers))
    await here.rules.replace(provider, rule, numbers, _expected(request))
    return _numbers(numbers)


def _named(here: Services, client: Client, rule: str) -> Provider:
    try:
        return here.rules.find(client, rule)
    except NoSuchRule:
        raise NotFoundException from None


def _entry(provider: Provider, index: int, asked: RuleNumberIn, region: str) -> Entry:
    found = provider.entry(asked.number, given(asked.country), region)
    if isinstance(found, Misfit):
        raise invalid(f"/numbers/{index}{found.pointer}", found.detail)
    return Entry(number=found.number, country=found.country, group=asked.group, enabled=asked.enabled)


def _expected(request: AnyRequest) -> Sequence[str] | None:
    """The entity tags of `If-Match`; None where any list will do."""
    header = listed(request.headers, "if-match").strip()
    if header in ("", "*"):
        return None
    return _TAGS.findall(header)


def _numbers(entries: tuple[Entry, ...]) -> Response[bytes]:
    return json(RuleNumbersOut([number_out(entry) for entry in entries]), headers={"etag": tag_of(entries)})


# Activations


@post("/activations", opt=SEND)
async def activate_rule(request: AnyRequest) -> Response[bytes]:
    """Sets a rule off, once. 202: the vendor answered, or its time to do so has passed."""
    here, client = services(request), caller(request).client
    body = await json_body(request, ActivationIn)
    tag = given(body.client_tag)
    claims = claims_of(client, "/activations", tag, idempotency_key(request), body, kind="activation")
    structlog.contextvars.bind_contextvars(client=client.name)
    found: tuple[Case[Activation], bool] | None = await here.activating.known(client, claims)
    if found is None:
        provider = _asked(here, client, body.rule)
        found = await here.activating.fire(client, provider, body.rule, tag or "", claims)
    case, replayed = found
    headers = {"location": f"/activations/{PREFIX}{case.id}"}
    if replayed:
        headers["idempotency-replayed"] = "true"
    return json(activation_out(case), 202, headers)


@route("/activations/{activation_id:str}", http_method=GET, opt=READ_QUERY)
async def get_activation(request: AnyRequest, activation_id: FromPath[str]) -> Response[bytes]:
    """An activation, by its id or the vendor's, with what the vendor's log has of it."""
    here, who, asked = services(request), caller(request), query(request, ActivationQuery)
    client = visible(who, asked.client)
    bare = parse_public(activation_id, PREFIX)
    if bare is None and asked.rule is not None:
        return await _vendors_own(request, here, who, asked.rule, activation_id)
    case = await here.activating.read(bare) if bare else None
    if case is None or case.state.client != client or asked.rule not in (None, case.state.rule):
        raise NotFoundException
    return json(await _logged(request, here, activation_out(case), case.state.activation_id))


async def _vendors_own(
    request: AnyRequest, here: Services, who: Caller, rule: str, activation_id: str
) -> Response[bytes]:
    provider = _asked(here, who.client, rule)
    if not ACTIVATION_ID.fullmatch(activation_id):
        raise NotFoundException
    case: Case[Activation] | None = await here.activating.of(provider, activation_id)
    if case is not None and case.state.client == who.client.name and case.state.rule == rule:
        return json(await _logged(request, here, activation_out(case), activation_id))
    log = await here.rules.log_of(provider, rule, activation_id)
    if not log.calls and not log.messages:
        raise NotFoundException
    return json(
        _with(log, here, provider, ActivationLogOut(rule=rule, provider=provider.name, activation_id=activation_id))
    )


async def _logged(request: AnyRequest, here: Services, out: ActivationOut, activation_id: str) -> ActivationLogOut:
    """With what the vendor's log has. That the vendor does not tell must not hide what is known here."""
    whole = ActivationLogOut(**{name: getattr(out, name) for name in ActivationOut.__struct_fields__})
    provider = here.routing.providers.get(out.provider)
    if provider is None or out.rule not in provider.rules:
        return whole
    if not activation_id:
        return _with(Log(), here, provider, whole)
    try:
        log = await here.rules.log_of(provider, out.rule, activation_id)
    except GatewayError as error:
        whole.problem = problem(error, str(request.scope.get("request_id", "")))
        return whole
    return _with(log, here, provider, whole)


def _with(log: Log, here: Services, provider: Provider, whole: ActivationLogOut) -> ActivationLogOut:
    whole.calls = calls_out(log, {}, whole.rule)
    whole.messages = messages_out(log, {}, whole.rule)
    whole.as_of = _as_of(here, [provider])
    return whole


@route("/activations", http_method=GET, opt=READ_QUERY)
async def get_activations(request: AnyRequest) -> Response[bytes]:
    """What rules did: all, one, its latest activation, or in a time."""
    here, who, asked = services(request), caller(request), query(request, HistoryQuery)
    await here.store.know_time()
    since, until = bound(asked.begins), bound(asked.ends)
    if asked.latest and asked.rule is None:
        raise invalid("/latest", "The latest activation is one of a rule: name it in rule.")
    if asked.latest and (since is not None or until is not None):
        raise invalid("/latest", "Give either latest, or from and to.")
    if since is not None and until is not None and since >= until:
        raise invalid("/to", "to must lie after from.")
    mine = here.rules.of(who.client)
    if asked.rule is not None:
        provider = _asked(here, who.client, asked.rule)
        log = await here.rules.log(provider, asked.rule, latest=asked.latest, since=since, until=until)
        return json(_history(here, log, {}, asked.rule, [provider]))
    providers = list(dict.fromkeys(mine.values()))
    names = {provider.rules[rule].id: rule for rule, provider in mine.items() if provider.rules[rule].id}
    if who.client.rules is None:
        logs = await asyncio.gather(*(here.rules.log(each, None, since=since, until=until) for each in providers))
        return json(_history(here, joined(logs), names, None, providers))
    # The account's log has the rules of others too.
    logs = await asyncio.gather(
        *(here.rules.log(provider, rule, since=since, until=until) for rule, provider in mine.items())
    )
    found = [_history(here, log, {}, rule, providers) for rule, log in zip(mine, logs, strict=True)]
    calls = [call for each in found for call in each.calls]
    messages = [message for each in found for message in each.messages]
    return json(HistoryOut(calls=calls, messages=messages, as_of=_as_of(here, providers)))


def _history(
    here: Services, log: Log, names: dict[str, str], rule: str | None, providers: Sequence[Provider]
) -> HistoryOut:
    return HistoryOut(
        calls=calls_out(log, names, rule), messages=messages_out(log, names, rule), as_of=_as_of(here, providers)
    )


def _as_of(here: Services, providers: Sequence[Provider]) -> datetime:
    """What happened until then is in the vendors' logs."""
    lag = max((each.log_lag for each in providers), default=0)
    return instant(here.store.clock.now() - lag * 1000)


def _asked(here: Services, client: Client, rule: str) -> Provider:
    """The provider of a rule that a body or a query names."""
    try:
        return here.rules.find(client, rule)
    except NoSuchRule:
        names = ", ".join(here.rules.of(client)) or "none"
        raise invalid("/rule", f"There is no rule of this name; configured: {names}.") from None


HANDLERS: tuple[HTTPRouteHandler, ...] = (
    list_rules,
    get_rule_numbers,
    put_rule_numbers,
    activate_rule,
    get_activations,
    get_activation,
)
