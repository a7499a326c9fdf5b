"""Hyperbox, IoTコール (API マニュアル): call trees that are set off, their numbers, and what they did. It carries no
messages of its own."""

from __future__ import annotations

from hashlib import scrypt
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from gateway import provider as port
from gateway.model.message import Content
from gateway.model.receipt import Receipt
from gateway.model.values import Misplaced, Secret, matching
from gateway.providers.iotcall import codes, entries, logs, notices, wire

_AUTH_CODE = matching("[!-~]{1,200}", "expected letters, digits and signs, no space, as the dashboard shows it")
_KEY = matching(
    r"(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}",
    "expected the URL key alone: the letters and digits behind ar/ or mc/ in the rule's URL",
)
_NAME = matching(
    "[A-Za-z0-9][A-Za-z0-9_-]{0,31}",
    "a name has 1 to 32 letters, digits, _ and -, and starts with a letter or digit",
)
_NO_TEXTS = "it cannot send text messages"


def _auth_code(value: Secret) -> Secret:
    _AUTH_CODE(value.reveal())
    return value


def _key(value: Secret) -> Secret:
    _KEY(value.reveal())
    return value


Key = Annotated[Secret, _key]
"""Who knows a rule's URL key can set it off by hand, without the AuthCode."""


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule in `rules`, where its key alone is not all there is to say."""

    key: Key
    id: Annotated[str, matching("[0-9A-Za-z_-]{1,32}", 'expected a rule id as in the log, like "0008200123"')] = ""
    """By it a notification that names its rule is told from those of other rules."""
    min_numbers: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    """2 for a rule that does not call "normally": the vendor wants two numbers or more there."""


class IoTCallSettings(port.ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[providers.NAME]` with `type = "iotcall"`."""

    base_url: str = "https://sys.iotcall.jp"
    auth_code: Annotated[Secret, _auth_code]
    rules: dict[Annotated[str, _NAME], Key | RuleSettings] = msgspec.field(default_factory=dict)
    """By name, a URL key alone or a table."""

    def __post_init__(self) -> None:
        problems: dict[tuple[str, ...], str] = {}
        keys: dict[Secret, str] = {}
        ids: dict[str, str] = {}
        for name, rule in self.tables().items():
            given = ("key",) if isinstance(self.rules[name], RuleSettings) else ()
            if (first := keys.setdefault(rule.key, name)) != name:
                problems["rules", name, *given] = f"is the key of rules.{first} too"
            if rule.id and (first := ids.setdefault(rule.id, name)) != name:
                problems["rules", name, "id"] = f"is the id of rules.{first} too"
        if problems:
            raise Misplaced(problems)

    def tables(self) -> dict[str, RuleSettings]:
        """The rules, each as a table."""
        return {name: RuleSettings(key=rule) if isinstance(rule, Secret) else rule for name, rule in self.rules.items()}


class IoTCall(port.Provider):
    """One account. Pure: see `gateway.provider.Provider` for what each method promises.

    Nothing tells whether an activation whose answer was lost took place, but for its notification.
    """

    type = "iotcall"
    guarantee = port.Guarantee.BLIND
    capabilities = port.Capabilities(rules=True)
    callback_kinds = frozenset({"activation"})
    log_lag = 600

    def __init__(self, name: str, settings: IoTCallSettings) -> None:
        self.name = name
        self.settings: IoTCallSettings = settings
        tables = settings.tables()
        self.rules = {
            name: port.Rule(name=name, id=table.id, min_numbers=table.min_numbers) for name, table in tables.items()
        }
        self._keys = {name: table.key.reveal() for name, table in tables.items()}
        self._base = settings.base_url.rstrip("/") + wire.PATTERN
        self._zone = ZoneInfo(settings.timezone)
        self._login = ("Authorization", settings.auth_code.reveal())
        # It is kept in the store: 64 bits out of a slow function tell accounts apart, and help nobody to guess.
        parts = urlsplit(settings.base_url)
        site = parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/")
        digest = scrypt(settings.auth_code.reveal().encode(), salt=site.encode(), n=2**14, r=8, p=1, dklen=8)
        self.account = f"iotcall/{site}/{digest.hex()}"

    # Messages, of which it carries none

    def misfit(self, content: Content) -> port.Misfit | None:
        return port.Misfit("unsupported", _NO_TEXTS)

    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> port.VendorRequest:
        raise NotImplementedError(f"{self.type}: {_NO_TEXTS}")

    def receipts(self, callback: port.Callback) -> tuple[Receipt, ...]:
        """None: what it pushes are `notices`."""
        notices.read(callback)
        return ()

    # Rules

    def entry(self, number: str, country: str | None, region: str) -> port.Entry | port.Misfit:
        return entries.entry(number, country, region)

    def numbers(self, rule: str) -> port.Question[tuple[port.Entry, ...]]:
        return port.Question(self._request("GET", rule, wire.TEL), _numbers)

    def replace_numbers(self, rule: str, numbers: tuple[port.Entry, ...]) -> port.Question[None]:
        request = self._request("PUT", rule, wire.TEL, wire.FORM)
        return port.Question(msgspec.structs.replace(request, body=entries.form(numbers)), _done)

    def activation_request(self, rule: str) -> port.VendorRequest:
        return self._request("POST", rule, wire.CALL)

    def send_outcome(self, answer: port.VendorAnswer) -> port.SendOutcome:
        """Of an activation. It took place for certain only where the vendor says "ok" under HTTP 200; it did not where
        the vendor uses another word, or an HTTP status that says that the request was not acted on. Whatever else
        comes, telephones may be ringing."""
        if answer.status == 429:  # in no document, and explicit all the same
            return port.Busy("429")
        said = wire.opened(answer, wire.ANSWER_AT_MOST)
        if isinstance(said, port.Unreadable):
            return said
        if isinstance(said, port.Declined):
            return codes.refused(said.provider_code)
        if not said.ok or len(said.documents) > 1:
            return port.Unreadable("no single object with a status in the answer")
        return port.Accepted(codes.OK)

    def notices(self, callback: port.Callback) -> tuple[port.Notice, ...]:
        return notices.read(callback)

    def log(
        self, rule: str | None, *, latest: bool = False, since: int | None = None, until: int | None = None
    ) -> tuple[port.Question[port.Log], ...]:
        """Calls, then messages (A to D). `latest` is of one rule, and has no range."""
        assert not latest or (rule is not None and since is None and until is None)
        tail = ("/latest" if latest else "") + wire.query(since, until, self._zone)
        # As printed: with one l at the account, with two at a rule.
        calls, other = ("callog", "calllog") if rule is None else ("calllog", "callog")
        return (
            port.Question(
                self._log(rule, calls + tail),
                lambda answer: self._listed(answer, "calls"),
                self._log(rule, other + tail),
            ),
            port.Question(self._log(rule, "smslog" + tail), lambda answer: self._listed(answer, "messages")),
        )

    def log_of(self, rule: str, activation_id: str) -> port.Question[port.Log]:
        return port.Question(self._log(rule, activation_id), self._nested)

    def _listed(
        self, answer: port.VendorAnswer, kind: Literal["calls", "messages"]
    ) -> port.Log | port.Declined | port.Unreadable:
        if not isinstance(said := wire.opened(answer, wire.LOG_AT_MOST), wire.Reply):
            return said
        found = logs.listed(said, kind, self._zone) if said.ok else None
        return found or port.Unreadable("no readable list with a status in the answer")

    def _nested(self, answer: port.VendorAnswer) -> port.Log | port.Declined | port.Unreadable:
        if not isinstance(said := wire.opened(answer, wire.LOG_AT_MOST), wire.Reply):
            return said
        found = logs.nested(said, self._zone) if said.ok else None
        return found or port.Unreadable("no readable log with a status in the answer")

    def _log(self, rule: str | None, tail: str) -> port.VendorRequest:
        """An account's whole history has no bound in the document."""
        request = self._request("GET", rule, tail, wire.FORM)
        return msgspec.structs.replace(request, answer_at_most=wire.LOG_AT_MOST)

    def _request(
        self, method: Literal["GET", "POST", "PUT"], rule: str | None, tail: str, *headers: tuple[str, str]
    ) -> port.VendorRequest:
        key = f"/{self._keys[rule]}" if rule is not None else ""
        return port.VendorRequest(method=method, url=f"{self._base}{key}/{tail}", headers=(self._login, *headers))


def _numbers(answer: port.VendorAnswer) -> tuple[port.Entry, ...] | port.Declined | port.Unreadable:
    if not isinstance(said := wire.opened(answer, wire.NUMBERS_AT_MOST), wire.Reply):
        return said
    found = entries.read(said)
    return port.Unreadable("no readable list of numbers in the answer") if found is None else found


def _done(answer: port.VendorAnswer) -> port.Declined | port.Unreadable | None:
    if not isinstance(said := wire.opened(answer, wire.ANSWER_AT_MOST), wire.Reply):
        return said
    return None if said.ok else port.Unreadable("no status in the answer")


TYPE = port.ProviderType.of(IoTCall, IoTCallSettings, simulator="gateway.sandbox.iotcall:IoTCallSimulator")
