"""The port every vendor adapter implements: pure functions from messages to requests and from answers to outcomes.

An adapter does no I/O. `transport.exchange` carries a `VendorRequest` and brings back a `VendorAnswer`;
what that answer *means* is the adapter's to say, what follows from it is `model.lifecycle`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

import msgspec

from gateway.model.message import Content
from gateway.model.outcome import (
    Accepted,
    Busy,
    Duplicate,
    Finding,
    Guarantee,
    Known,
    Refused,
    SendOutcome,
    Unanswered,
    Unknown,
    Unreadable,
)
from gateway.model.receipt import Receipt
from gateway.model.values import Duration, Secret

__all__ = [
    "Accepted",
    "Busy",
    "Callback",
    "Capabilities",
    "Duplicate",
    "Finding",
    "Guarantee",
    "Known",
    "Misfit",
    "Provider",
    "ProviderSettings",
    "ProviderType",
    "ProviderTypes",
    "Refused",
    "SendOutcome",
    "Unanswered",
    "Unknown",
    "Unreadable",
    "VendorAnswer",
    "VendorRequest",
]


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said to a vendor at all. Declared once per provider type."""

    messages: bool = False
    delivery_reports: bool = False
    status_query: bool = False
    carriers: frozenset[str] = frozenset()
    """Carrier hints the vendor has an id for; others are dropped."""
    subject: bool = False
    sender: bool = False
    countries: frozenset[str] = frozenset()
    """ISO 3166 countries it delivers to; empty: everywhere."""


class VendorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to a vendor, complete. `url` may carry secrets in its query: never log it."""

    method: Literal["GET", "POST", "PUT"]
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class VendorAnswer(msgspec.Struct, frozen=True):
    """One whole HTTP answer, as it came."""

    status: int
    body: bytes
    content_type: str = ""


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request from a vendor, as it came."""

    kind: str
    query: tuple[tuple[str, str], ...] = ()
    content_type: str = ""
    body: bytes = b""


class Misfit(msgspec.Struct, frozen=True):
    """Why a provider cannot carry a message: a reason code, what is missing, and where the request says so."""

    code: str
    detail: str
    pointer: str = ""


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of `[providers.NAME]` common to every type; a type adds its own by subclassing
    and may give the common ones other defaults. `type` itself is read before, and not part of it."""

    base_url: str
    timeout: Duration = Duration(30)
    """Seconds for one whole exchange with the vendor."""
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 256
    """Messages on their way to the vendor at once, at most, over all processes and replicas."""
    rate: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 100.0
    """Requests a second at most, over all processes and replicas."""
    rate_group: str | None = None
    """Providers that leave by one address share one limit under this name; default the provider's own."""
    enabled: bool = True
    callback_secret: Secret | tuple[Secret, ...] | None = None
    """The unguessable part of the callback URL; a list while it is being rotated. None: no callbacks."""
    allow_callbacks_from: tuple[str, ...] = ()
    """Source addresses (CIDR) callbacks may come from; empty: any."""
    timezone: str = "Asia/Tokyo"
    """The vendor's clock."""
    no_news_after: Duration = Duration(72 * 3600)
    settle_after: Duration = Duration(15 * 60)
    """How long the vendor is asked about a lost answer before the message is `uncertain`."""
    reconcile_after: Duration = Duration(30 * 60)
    """A message without a receipt for so long is asked for, where the vendor can be asked; then less and less often."""
    reservations: Literal["gateway", "provider"] = "gateway"


class Provider(Protocol):
    """One configured vendor account. Every method is pure and never raises on what a vendor sent,
    but for `receipts`, which raises `errors.UnreadableCallback`."""

    name: str
    type: str
    guarantee: Guarantee
    capabilities: Capabilities
    default_sender: str
    """The sender where a message names none; "" where the vendor chooses."""
    callback_kinds: frozenset[str]
    """The last path segments of its callback URLs."""

    guarded_login: str
    """Where the vendor blocks an address that fails to log in several times in a row: a digest of the credentials, by
    which changed ones are known. Then one request at a time is made until one was not refused, and a refused one
    closes the provider. "" where the vendor does not mind."""

    @property
    def settings(self) -> ProviderSettings: ...

    @property
    def account(self) -> str:
        """Identifies the vendor account (never a secret): receipts are matched over providers that share it."""
        ...

    def misfit(self, content: Content) -> Misfit | None:
        """Why this provider cannot carry the message, or None. Checked before anything is written."""
        ...

    def send_request(self, content: Content, reference: str) -> VendorRequest: ...

    def send_outcome(self, answer: VendorAnswer) -> SendOutcome: ...

    def query_request(self, reference: str) -> VendorRequest | None:
        """Asks the vendor for the message under the reference; None where it cannot be asked."""
        ...

    def query_outcome(self, answer: VendorAnswer, reference: str) -> Finding: ...

    def receipts(self, callback: Callback) -> tuple[Receipt, ...]: ...


class ProviderType(Protocol):
    """One vendor: builds a configured `Provider` from its typed settings."""

    name: str
    """The `type = "..."` of the configuration."""
    settings: type[ProviderSettings]

    def build(self, name: str, settings: Any) -> Provider:
        """`settings` is an instance of `self.settings`."""
        ...


ProviderTypes = Mapping[str, ProviderType]
