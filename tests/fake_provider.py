"""A provider of any capabilities, for the rules above vendors."""

from __future__ import annotations

from gateway.model.message import Content
from gateway.provider import (
    Accepted,
    Capabilities,
    Guarantee,
    Misfit,
    Provider,
    ProviderSettings,
    Question,
    SendOutcome,
    VendorAnswer,
    VendorRequest,
    VendorTemplate,
)

TEXT = Content(to="+819012345678", text="Hello", encoding="", characters=0, segments=0)


class Fake(Provider):
    """Takes whatever its capabilities allow. `kept`: ids of templates it fills in itself; `listed`: those it tells."""

    type = "fake"
    guarantee = Guarantee.BLIND

    def __init__(
        self, name: str, *, kept: frozenset[str] = frozenset(), listed: tuple[VendorTemplate, ...] | None = None,
        **capabilities: object,
    ) -> None:  # fmt: skip
        self.name = name
        self.account = f"fake/{name}"
        self.settings = ProviderSettings(base_url="http://vendor.test")
        self.capabilities = Capabilities(**{"messages": True, "sender": True, **capabilities})  # type: ignore[arg-type]
        self.kept = kept
        self.listed = listed

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
        return VendorRequest(method="POST", url="http://vendor.test")

    def send_outcome(self, answer: VendorAnswer) -> SendOutcome:
        return Accepted()
