"""What vendors know: the messages they took, what they refused, whose answers never arrived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from gateway.model.message import Content
from gateway.model.values import Duration, Secret
from gateway.provider import Guarantee, Keeping, Provider, Question, VendorRequest, Withdrawal
from gateway.providers.aicross import AICross, AICrossSettings
from gateway.providers.koreasms import KoreaSMS, KoreaSMSSettings
from gateway.providers.mediasms import MediaSMS, MediaSMSSettings
from tests.chaos.letters import KOREA, SENDER

if TYPE_CHECKING:
    from tests.chaos.process import Process

Kind = Literal["aicross", "blind", "mediasms", "koreasms"]
Word = Literal["underway", "undelivered", "delivered"]

TIMEOUT = 1.0
LOGINS_AT_MOST = 10
"""Failed logins in a row, at which MediaSMS blocks an address."""
PASSWORD = "first"
RECEIVERS = 3
"""Of one request to KoreaSMS, at most. (The real one takes a hundred.)"""


class Blind(AICross):
    """A vendor that takes whatever it is given, and cannot be asked, nor told to drop what it keeps; it speaks as AI
    CROSS does."""

    type = "blind"
    guarantee = Guarantee.BLIND
    capabilities = msgspec.structs.replace(AICross.capabilities, status_query=False, reservations=Keeping(whole=60))

    def query_request(self, reference: str) -> VendorRequest | None:  # type: ignore[override]
        return None

    def reservation_request(self, content: Content, reference: str) -> VendorRequest | None:  # type: ignore[override]
        return None

    def withdrawal(self, reference: str) -> Question[Withdrawal] | None:  # type: ignore[override]
        return None

    def withdrawal_of_days(self, first: date, last: date, group_tag: str | None) -> None:
        return None


def carries(kind: Kind, to: str) -> bool:
    """Whether it sends to this number (E.164)."""
    return kind == "mediasms" or (kind == "koreasms") == to.startswith(KOREA)


def provider(
    name: str,
    kind: Kind,
    concurrency: int,
    password: str = PASSWORD,
    *,
    keeps: bool = False,
    exclusive: bool = False,
) -> Provider:
    """The same one each time: a guarded login's digest takes long to compute. `keeps`: reservations, where the caller
    does not say who is to; `exclusive`: nobody but the gateway uses the account."""
    return _provider(name, kind, concurrency, password, keeps, exclusive)


@cache
def _provider(name: str, kind: Kind, concurrency: int, password: str, keeps: bool, exclusive: bool) -> Provider:
    url = f"http://{name}.vendor"
    common: dict[str, Any] = {
        "timeout": Duration(TIMEOUT),
        "concurrency": concurrency,
        "settle_after": Duration(120),
        "no_news_after": Duration(2400),
        "reconcile_after": Duration(30),
    }
    if keeps:
        common["reservations"] = "provider"
    if kind == "mediasms":
        media = MediaSMSSettings(
            base_url=url, username=f"user-{name}", password=Secret(password), overseas=True, **common
        )
        return MediaSMS(name, media)
    if kind == "koreasms":
        korea = KoreaSMS(
            name, KoreaSMSSettings(base_url=url, key=Secret("key"), id=f"id-{name}", sender=SENDER, **common)
        )
        korea.capabilities = msgspec.structs.replace(korea.capabilities, receivers=RECEIVERS)
        return korea
    number = "1" if name == "main" else "2"
    login: dict[str, Any] = {"token": Secret("tok-tok-tok"), "client_id": number, "sms_code": "80013"}
    settings = AICrossSettings(base_url=url, exclusive=exclusive, **login, **common)
    return (Blind if kind == "blind" else AICross)(name, settings)


class Span(NamedTuple):
    """From when to when something was asked of the gateway, in the simulator's time."""

    began: float
    ended: float


@dataclass
class Taken:
    """A message a vendor took."""

    reference: str
    fate: str
    number: int
    settles: float
    listed: float
    """From when it is listed for who asks."""
    told: dict[Word, Span] = field(default_factory=dict)
    """What was pushed and answered 200."""

    def word(self, now: float) -> Word:
        if now < self.settles:
            return "underway"
        return "undelivered" if self.fate == "undelivered" else "delivered"


class Account:
    """One vendor account's ledger."""

    def __init__(self, provider: Provider, kind: Kind) -> None:
        self.provider = provider
        """As it was first configured."""
        self.name = provider.name
        self.kind = kind
        self.blind = provider.guarantee is Guarantee.BLIND
        self.named = kind != "koreasms"
        """Messages have a reference there."""
        self.guarded = bool(provider.guarded_login)
        self.password = PASSWORD
        self.down = ""
        """How it fails everybody just now; "": it does not."""
        self.taken: list[Taken] = []
        self.by_reference: dict[str, Taken] = {}
        self.known: set[str] = set()
        """References that it calls duplicates: those taken, at some vendors those refused too."""
        self.requests: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.denied: Counter[str] = Counter()
        """Refusals that were answered and can only be meant for it: it was alone in the request, or the words hold for
        whoever is in it."""
        self.lost: Counter[str] = Counter()
        self.unreached: Counter[str] = Counter()
        """Tries that never arrived."""
        self.told_no: dict[str, list[Process]] = {}
        """Who was told of each refusal, by reference."""
        self.turned_away: set[str] = set()
        """Ids it refused for reasons of its own, as who asked was told."""
        self.company: dict[str, int] = {}
        """How many may share the request of a message that was refused together with others, as who asked was told, by
        id."""
        self.under_way = 0
        """Sends whose sender waits for the answer."""
        self.failed_logins = 0
        """In a row."""
        self.blocked = False
        self.shut_out: tuple[float, Process] | None = None
        """When somebody was last told that the login failed, and who."""

    def heard(self, references: Iterable[str]) -> None:
        """An answer that was thought lost came in time."""
        self.lost -= Counter(references)

    def login(self, good: bool) -> None:
        self.failed_logins = 0 if good else self.failed_logins + 1
        self.blocked |= self.failed_logins >= LOGINS_AT_MOST
