"""What is asked of vendors beside messages, and what is answered, as typed structs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.problems import Problem

ProviderName = Annotated[str, Meta(min_length=1, max_length=32)]


class VendorQuery(msgspec.Struct, forbid_unknown_fields=True):
    provider: ProviderName | None = None


class UsageQuery(msgspec.Struct, forbid_unknown_fields=True):
    month: Annotated[str, Meta(min_length=7, max_length=7, pattern="^[12][0-9]{3}-(0[1-9]|1[0-2])$")] | None = None
    provider: ProviderName | None = None
    client: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class ShortUrlIn(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True):
    """A URL to shorten."""

    long_url: Annotated[str, Meta(max_length=2048, pattern="^https?://[!-~]+$", examples=["https://shop.example/sale"])]
    name: Annotated[str, Meta(min_length=1, max_length=256)] | UnsetType = UNSET
    domain: Annotated[str, Meta(max_length=253, pattern="^[A-Za-z0-9.-]+$")] | UnsetType = UNSET
    provider: ProviderName | UnsetType = UNSET


class ShortUrlOut(msgspec.Struct, rename="camel"):
    """A short URL a vendor made."""

    short_url: str
    name: str
    provider: str


class KeepingOut(msgspec.Struct, rename="camel", kw_only=True):
    """How a vendor keeps messages until their time."""

    seconds_ahead: int
    whole_seconds: int
    cancelable: bool


class CapabilitiesOut(msgspec.Struct, rename="camel", kw_only=True):
    """What a vendor can be asked to do. What is false here is refused before anything is sent."""

    messages: bool
    delivery_reports: bool
    status_query: bool
    carriers: list[str]
    subject: bool
    sender: bool
    countries: list[str]
    templates: bool
    short_urls: bool
    balance: bool
    usage: bool
    reservations: KeepingOut | UnsetType = UNSET
    verification: list[Literal["owner", "call_in", "call_out"]]
    rules: bool


class LimitsOut(msgspec.Struct, rename="camel", kw_only=True):
    """How much a vendor takes. What is over is refused, or waits."""

    rate_per_second: float
    concurrency: int
    receivers_per_request: int
    characters: int | UnsetType = UNSET
    bytes: int | UnsetType = UNSET
    charset: Literal["gsm7", "ucs2", "cp932", "cp949"] | UnsetType = UNSET


class QueueDepthOut(msgspec.Struct):
    """Messages that wait for a provider, of all clients."""

    normal: int
    high: int


class CallbackUrlOut(msgspec.Struct):
    """An address to register at a vendor. It holds a secret."""

    kind: str
    url: str


class ProviderOut(msgspec.Struct, rename="camel", kw_only=True):
    """A configured vendor account, and how it stands."""

    name: str
    type: str
    capabilities: CapabilitiesOut
    guarantee: Literal["deduplicated", "queryable", "blind"]
    limits: LimitsOut
    health: Literal["closed", "open", "half_open", "paused"]
    detail: str | UnsetType = UNSET
    queue_depth: QueueDepthOut
    callback_urls: list[CallbackUrlOut] | UnsetType = UNSET


class ProviderList(msgspec.Struct, rename="camel"):
    """The providers, in the order of the configuration; always all of them."""

    items: list[ProviderOut]
    next_cursor: str | None


class BalanceOut(msgspec.Struct, rename="camel", kw_only=True):
    """What is left on a vendor account, or why nobody can say."""

    provider: str
    amount: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    checked_at: datetime | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


class BalanceList(msgspec.Struct):
    """One entry for each provider."""

    balances: list[BalanceOut]


class ProviderProblemOut(msgspec.Struct):
    """A provider that could not be asked, and why."""

    provider: str
    problem: Problem


class UsageOut(msgspec.Struct, rename="camel", kw_only=True):
    """A month with one provider, to one carrier's handsets."""

    provider: str
    carrier: str | None
    counts: dict[str, int]
    billed: int | UnsetType = UNSET
    billed_as_of: datetime | UnsetType = UNSET


class UsageList(msgspec.Struct):
    """A month: the client's own messages, beside what the vendor account is billed."""

    items: list[UsageOut]
    problems: list[ProviderProblemOut]


class ListedTemplateOut(msgspec.Struct):
    """A text with holes."""

    provider: str | None
    id: str
    content: str
    parameters: list[str]


class TemplateList(msgspec.Struct):
    """The texts of the configuration, then those that vendors keep."""

    items: list[ListedTemplateOut]
    problems: list[ProviderProblemOut]
