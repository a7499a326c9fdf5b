"""The port every vendor adapter implements: pure functions from messages to requests and from answers to outcomes.

An adapter does no I/O. `transport.exchange` carries a `VendorRequest` and brings back a `VendorAnswer`;
what that answer *means* is the adapter's to say, what follows from it is `model.lifecycle`'s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from gateway.errors import UnreadableCallback
from gateway.model import segments
from gateway.model.capabilities import Capabilities, Keeping, Verifying
from gateway.model.message import Content
from gateway.model.offers import Balance, Billed, ShortUrl, Usage, VendorTemplate
from gateway.model.outcome import (
    Accepted,
    Busy,
    Declined,
    Duplicate,
    Finding,
    Guarantee,
    Kept,
    Known,
    Refused,
    SendOutcome,
    Unanswered,
    Unknown,
    Unreadable,
)
from gateway.model.receipt import Receipt
from gateway.model.values import Duration, Secret
from gateway.model.voice import Call, Entry, Log, LoggedCall, LoggedMessage, Notice, Proof, Rule

__all__ = [
    "Accepted",
    "Balance",
    "Billed",
    "Busy",
    "Call",
    "Callback",
    "Capabilities",
    "Declined",
    "Duplicate",
    "Entry",
    "Finding",
    "Guarantee",
    "Keeping",
    "Kept",
    "Known",
    "Log",
    "LoggedCall",
    "LoggedMessage",
    "Misfit",
    "Notice",
    "Owner",
    "Proof",
    "Provider",
    "ProviderSettings",
    "ProviderType",
    "ProviderTypes",
    "Question",
    "Refused",
    "Rule",
    "SendOutcome",
    "ShortUrl",
    "Unanswered",
    "Unknown",
    "Unreadable",
    "Usage",
    "VendorAnswer",
    "VendorRequest",
    "VendorTemplate",
    "Verifying",
    "Withdrawal",
]

T = TypeVar("T")


Owner = Literal["same_owner", "changed_owner", "unknown"]
"""Whether a number belongs to whom it belonged on some day."""
Withdrawal = Literal["withdrawn", "sent", "unknown"]
"""What a vendor says when told to drop a message that it keeps: it did; too late; it knows none of the reference."""


class VendorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to a vendor, complete. `url` may carry secrets in its query: never log it."""

    method: Literal["GET", "POST", "PUT"]
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    answer_at_most: int = 1 << 20
    """Bytes of the answer's body: a longer one is not read, and counts as lost."""


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


class Question(msgspec.Struct, Generic[T], frozen=True):
    """Something a vendor is asked, or told to do, that is no message: the request, and what an answer says."""

    request: VendorRequest
    read: Callable[[VendorAnswer], T | Declined | Unreadable]
    otherwise: VendorRequest | None = None
    """Asked in its place, once, where the answer is HTTP 404: the document spells it both ways."""


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
    """Who keeps messages until their time where the request does not say: the vendor only where it can."""


class Provider(ABC):
    """One configured vendor account. Every method is pure and never raises on what a vendor sent,
    but for `receipts`, which raises `errors.UnreadableCallback`. What a vendor has not, its adapter need not mention:
    the methods that are not abstract say so."""

    name: str
    type: str
    guarantee: Guarantee
    capabilities: Capabilities
    default_sender: str = ""
    """The sender where a message names none; "" where the vendor chooses."""
    callback_kinds: frozenset[str] = frozenset()
    """The last path segments of its callback URLs."""

    guarded_login: str = ""
    """Where the vendor blocks an address that fails to log in several times in a row: a digest of the credentials, by
    which changed ones are known. Then one request at a time is made until one was not refused, and a refused one
    closes the provider. "" where the vendor does not mind."""

    settings: ProviderSettings
    account: str
    """Identifies the vendor account (never a secret): receipts are matched over providers that share it."""

    rules: Mapping[str, Rule] = {}
    """Its call trees, by their names in the configuration."""
    log_lag: int = 0
    """Seconds that the vendor's log of what rules did lies behind."""
    call_number: str = ""
    """What people call to prove their number, as they dial it; "" where nobody can."""

    # Messages

    @abstractmethod
    def misfit(self, content: Content) -> Misfit | None:
        """Why this provider cannot carry the message, or None. Checked before anything is written, and after the
        capabilities: it need not repeat them."""

    def measure(self, text: str) -> segments.Segments:
        """How long a text is for this vendor, and an estimate of the parts it bills."""
        return segments.measure(text)

    def warnings(self, content: Content) -> tuple[str, ...]:
        """What a sender should know of a message this provider carries."""
        return ()

    def keeps_template(self, id: str) -> bool:
        """Whether the vendor itself fills in the template of this id: such a message has no text, only
        `Content.template`."""
        return False

    @abstractmethod
    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> VendorRequest:
        """The whole request for a message that is no misfit, its text as it is. `reference`: letters and digits, ours
        alone. `further`: more receivers (E.164, each once), only where the capabilities allow `receivers`."""

    @abstractmethod
    def send_outcome(self, answer: VendorAnswer) -> SendOutcome:
        """`Accepted` only on the vendor's own word; `Refused` and `Busy` only where it said that it took nothing.
        Whatever else comes is a lost answer: `Unreadable`, and any word under an HTTP 5xx with it."""

    def keeps(self, send_at: int) -> int | None:
        """When the vendor would send what it is given to keep until `send_at`, both ms since 1970. None where it keeps
        nothing, or its clock shows that moment twice (the hour before summer time ends) and could mean the other."""
        keeping = self.capabilities.reservations
        if keeping is None:
            return None
        kept = send_at - send_at % (keeping.whole * 1000)
        shown = datetime.fromtimestamp(kept / 1000, ZoneInfo(self.settings.timezone))
        return kept if shown.replace(fold=0).utcoffset() == shown.replace(fold=1).utcoffset() else None

    def reserve_request(
        self, content: Content, reference: str, send_at: int, further: tuple[str, ...] = ()
    ) -> VendorRequest:
        """As `send_request`, for a message that the vendor is to keep until `send_at` (a moment that `keeps` answered).
        Its answer is read by `send_outcome`."""
        raise NotImplementedError(f"{self.type} keeps no messages")

    def reservation_request(self, content: Content, reference: str) -> VendorRequest | None:
        """Asks the vendor whether it keeps the message under the reference; None where it cannot be asked."""
        return None

    def reservation_outcome(self, answer: VendorAnswer, reference: str) -> Finding:
        """`Kept`, `Known` (it was sent) and `Unknown` only where the vendor says so of this reference; else
        `Unanswered`."""
        return Unanswered(detail="the vendor cannot be asked")

    def withdrawal(self, reference: str) -> Question[Withdrawal] | None:
        """Has the vendor drop the message that it keeps under the reference; None where it cannot be told to."""
        return None

    def withdrawal_of_days(self, first: date, last: date, group_tag: str | None) -> Question[None] | None:
        """Has the vendor drop all it keeps for the account on these days of its clock, both included, and of this group
        where one is named. It does not say which; nothing tells that it dropped any. None where it cannot be told to,
        or others use the account too."""
        return None

    def query_request(self, reference: str) -> VendorRequest | None:
        """Asks the vendor for the message under the reference; None where it cannot be asked."""
        return None

    def query_outcome(self, answer: VendorAnswer, reference: str) -> Finding:
        """`Known` and `Unknown` only where the vendor says so of this reference; else `Unanswered`."""
        return Unanswered(detail="the vendor cannot be asked")

    def sent_on(self, day: date) -> Question[Mapping[str, tuple[Receipt, ...]]] | None:
        """What the vendor says of all that the account sent on a day of its clock, by reference in lower case, each as
        `query_outcome` tells; what is not in it may have been sent all the same. None where it cannot be asked."""
        return None

    def receipts(self, callback: Callback) -> tuple[Receipt, ...]:
        """What a push says, in its order. Raises UnreadableCallback where it is none of this vendor's."""
        raise UnreadableCallback("this vendor pushes nothing")

    # Beside messages; None where the vendor has no such thing, as the capabilities say

    def balance(self) -> Question[Balance] | None:
        return None

    def usage(self, month: str, now: int) -> Question[Usage] | None:
        """`month`: YYYY-MM; `now`: ms since 1970."""
        return None

    def templates(self) -> Question[tuple[VendorTemplate, ...]] | None:
        """Those the gateway fills in. None also where the vendor does not tell its templates."""
        return None

    def short_url(self, long_url: str, name: str | None, domain: str | None) -> Question[ShortUrl] | None:
        return None

    # Verifying numbers, as `Capabilities.verification` says

    def owner(self, number: str, since: date) -> Question[Owner] | Misfit:
        """Whether an E.164 number still belongs to whom it belonged on that day."""
        return Misfit("unsupported", "it does not know whether a number changed its owner")

    def call_misfit(self, call: Call) -> Misfit | None:
        """Why this provider cannot verify a number by such a call, or None. Pointers: `/number`, `/text`."""
        return Misfit("unsupported", "it makes and takes no calls")

    def call_request(self, call: Call, reference: str) -> VendorRequest:
        """Has the vendor wait for the call, or make it, for a call that is no misfit. `reference` as for a message.
        Its answer is read by `send_outcome`."""
        raise NotImplementedError(f"{self.type} makes no calls")

    def proofs(self, callback: Callback) -> tuple[Proof, ...]:
        """What a push says about numbers that are being verified; asked of every push, before `receipts`. Raises
        UnreadableCallback where it is none of this vendor's."""
        return ()

    # Rules, where `Capabilities.rules`. `rule` is one of `rules`

    def entry(self, number: str, country: str | None, region: str) -> Entry | Misfit:
        """A number for a rule's list, in group 1 and enabled. `number`: E.164, or national in `country` (ISO 3166, or
        as `Entry` has it), where that is None in `region`. Pointers: `/number`, `/country`."""
        return Misfit("unsupported", "it has no rules")

    def numbers(self, rule: str) -> Question[tuple[Entry, ...]]:
        """Whom the rule calls."""
        raise NotImplementedError(f"{self.type} has no rules")

    def replace_numbers(self, rule: str, numbers: tuple[Entry, ...]) -> Question[None]:
        """Has the rule call these, and nobody else."""
        raise NotImplementedError(f"{self.type} has no rules")

    def activation_request(self, rule: str) -> VendorRequest:
        """Sets the rule off, once. Its answer is read by `send_outcome`."""
        raise NotImplementedError(f"{self.type} has no rules")

    def notices(self, callback: Callback) -> tuple[Notice, ...]:
        """What a push says about rules that went off; asked of every push. Raises UnreadableCallback."""
        return ()

    def log(
        self, rule: str | None, *, latest: bool = False, since: int | None = None, until: int | None = None
    ) -> tuple[Question[Log], ...]:
        """What rules did, in parts that together are all: of one, or of all of the account; of the `latest` time that
        the rule went off, or from `since` to before `until`, ms since 1970."""
        raise NotImplementedError(f"{self.type} has no rules")

    def log_of(self, rule: str, activation_id: str) -> Question[Log]:
        """What the rule did when it went off under this id of the vendor's (`Notice.activation_id`)."""
        raise NotImplementedError(f"{self.type} has no rules")


class ProviderType(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor: how a section of the configuration becomes a provider."""

    name: str
    """The `type = "..."` of the configuration."""
    settings: type[ProviderSettings]
    provider: Callable[[str, Any], Provider]
    """The provider's class, made of its name and an instance of `settings`. ValueError where that cannot be."""
    guarantee: Guarantee
    capabilities: Capabilities
    """Of an account with nothing more than the usual contract: settings may widen them."""
    simulator: str
    """`module:class` of the simulated vendor. See `sandbox.server.Simulator`."""
    options: type[msgspec.Struct] | None = None
    """The message body's `options.<name>`; None where there are none."""

    @classmethod
    def of(
        cls,
        provider: type[Provider],
        settings: type[ProviderSettings],
        *,
        simulator: str,
        options: type[msgspec.Struct] | None = None,
    ) -> ProviderType:
        """The type of a provider class, which declares its name, guarantee and capabilities."""
        return cls(
            name=provider.type,
            settings=settings,
            provider=provider,
            guarantee=provider.guarantee,
            capabilities=provider.capabilities,
            simulator=simulator,
            options=options,
        )

    def build(self, name: str, settings: Any) -> Provider:
        """`settings` is an instance of `self.settings`."""
        return self.provider(name, settings)


ProviderTypes = Mapping[str, ProviderType]
