"""A provider of any capabilities, for the rules above vendors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast, get_args

from gateway.model.message import Content
from gateway.provider import (
    Accepted,
    Capabilities,
    Finding,
    Guarantee,
    Kept,
    Known,
    Misfit,
    Provider,
    ProviderSettings,
    Question,
    SendOutcome,
    Unanswered,
    Unknown,
    Unreadable,
    VendorAnswer,
    VendorRequest,
    VendorTemplate,
    Withdrawal,
)

TEXT = Content(to="+819012345678", text="Hello", encoding="", characters=0, segments=0)
URL = "http://vendor.test"
FOUND: Mapping[bytes, Finding] = {b"kept": Kept(), b"sent": Known(), b"unknown": Unknown()}


class Fake(Provider):
    """Takes whatever its capabilities allow. `kept`: ids of templates it fills in itself; `listed`: those it tells;
    `settings`: keys of its section.

    With `reservations=Keeping(...)` it keeps messages: told so at /keep/REFERENCE/SEND_AT. A cancelable one is asked at
    /kept/REFERENCE (see `FOUND`) and told to drop one at /drop/REFERENCE, which a word of `Withdrawal` answers; `alone`
    on its account, also all of some days at /drop/FIRST/LAST/GROUP, which `dropped` answers.
    """

    type = "fake"
    guarantee = Guarantee.BLIND

    def __init__(
        self, name: str, *, kept: frozenset[str] = frozenset(), listed: tuple[VendorTemplate, ...] | None = None,
        alone: bool = False, settings: Mapping[str, Any] | None = None, **capabilities: object,
    ) -> None:  # fmt: skip
        self.name = name
        self.account = f"fake/{name}"
        self.settings = ProviderSettings(**{"base_url": URL, **(settings or {})})
        self.capabilities = Capabilities(**{"messages": True, "sender": True, **capabilities})  # type: ignore[arg-type]
        self.kept = kept
        self.listed = listed
        self._cancelable = self.capabilities.reservations is not None and self.capabilities.reservations.cancelable
        self._alone = alone

    def misfit(self, content: Content) -> Misfit | None:
        return Misfit("content_refused", "it is shy", "/text") if content.text == "shy" else None

    def warnings(self, content: Content) -> tuple[str, ...]:
        return ("it whispers",) if content.text == "psst" else ()

    def keeps_template(self, id: str) -> bool:
        return id in self.kept

    def templates(self) -> Question[tuple[VendorTemplate, ...]] | None:
        listed = self.listed
        return None if listed is None else Question(VendorRequest(method="GET", url="http://x"), lambda _: listed)

    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> VendorRequest:
        return VendorRequest(method="POST", url=URL)

    def send_outcome(self, answer: VendorAnswer) -> SendOutcome:
        return Accepted()

    # Reservations

    def reserve_request(
        self, content: Content, reference: str, send_at: int, further: tuple[str, ...] = ()
    ) -> VendorRequest:
        if self.capabilities.reservations is None:
            return super().reserve_request(content, reference, send_at, further)
        return VendorRequest(method="POST", url=f"{URL}/keep/{reference}/{send_at}")

    def reservation_request(self, content: Content, reference: str) -> VendorRequest | None:
        return VendorRequest(method="GET", url=f"{URL}/kept/{reference}") if self._cancelable else None

    def reservation_outcome(self, answer: VendorAnswer, reference: str) -> Finding:
        return FOUND.get(answer.body, Unanswered(detail="it mumbles"))

    def withdrawal(self, reference: str) -> Question[Withdrawal] | None:
        return Question(_post(f"/drop/{reference}"), _withdrawal) if self._cancelable else None

    def withdrawal_of_days(self, first: date, last: date, group_tag: str | None) -> Question[None] | None:
        if not (self._cancelable and self._alone):
            return None
        return Question(_post(f"/drop/{first}/{last}/{group_tag or ''}"), _withdrawal_of_days)


def _post(path: str) -> VendorRequest:
    return VendorRequest(method="POST", url=URL + path)


def _withdrawal(answer: VendorAnswer) -> Withdrawal | Unreadable:
    word = answer.body.decode("ascii", "replace")
    return cast(Withdrawal, word) if word in get_args(Withdrawal) else Unreadable("it mumbles")


def _withdrawal_of_days(answer: VendorAnswer) -> Unreadable | None:
    return None if answer.body == b"dropped" else Unreadable("it mumbles")
