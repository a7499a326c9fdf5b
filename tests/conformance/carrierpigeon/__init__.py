"""Carrier Pigeon Post ("Loft Keeper's Handbook"), which does not exist: JSON, flights asked for by our reference."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway import provider as port
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.model.segments import measure
from gateway.model.values import Duration, Secret, matching
from tests.conformance.carrierpigeon import codes


class CarrierPigeonSettings(port.ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[providers.NAME]` with `type = "carrierpigeon"`."""

    token: Secret
    loft: Annotated[str, matching("[a-z]{3,16}", "expected 3 to 16 small letters")]
    reconcile_after: Duration = Duration(60)  # nothing is pushed


class CarrierPigeonOptions(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """`options.carrierpigeon` of a message."""

    breed: Annotated[Literal["homer", "racer"], Meta(description="The bird.", examples=["racer"])] | UnsetType = UNSET


class CarrierPigeon(port.Provider):
    """One loft. Pure: see `gateway.provider.Provider` for what each method promises."""

    type = "carrierpigeon"
    guarantee = port.Guarantee.QUERYABLE
    capabilities = port.Capabilities(
        messages=True, status_query=True, countries=frozenset({"FR"}), characters=160, charset="gsm7"
    )

    def __init__(self, name: str, settings: CarrierPigeonSettings) -> None:
        self.name = name
        self.settings: CarrierPigeonSettings = settings
        self.account = f"carrierpigeon/{settings.loft}"
        self._flights = f"{settings.base_url.rstrip('/')}/lofts/{settings.loft}/flights"
        self._headers = (("Authorization", f"Bearer {settings.token.reveal()}"), ("Content-Type", "application/json"))

    def misfit(self, content: Content) -> port.Misfit | None:
        size = measure(content.text)
        if size.encoding != "gsm7":
            return port.Misfit(Reason.CONTENT_REFUSED, "it takes the characters of GSM-7 only", "/text")
        if size.count > 1:
            return port.Misfit(Reason.TOO_LONG, "it takes at most 160 septets, and € and the like are two", "/text")
        return None

    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> port.VendorRequest:
        breed = (content.options or {}).get(self.type, {}).get("breed", "homer")
        body = msgspec.json.encode({"id": reference, "roof": content.to, "words": content.text, "breed": breed})
        return port.VendorRequest(method="POST", url=self._flights, headers=self._headers, body=body)

    def send_outcome(self, answer: port.VendorAnswer) -> port.SendOutcome:
        """201 with the flight's id (4.1), 4xx with an error (4.2), or a bare 429 (4.3)."""
        said = _said(answer)
        if answer.status == 201 and isinstance(said.get("id"), str):
            return port.Accepted("201")
        if answer.status == 429:
            return port.Busy("429")
        known = codes.REFUSALS.get(str(said.get("error"))) if 400 <= answer.status < 500 else None
        return known or port.Unreadable(f"HTTP status {answer.status} without a word of the document")

    def query_request(self, reference: str) -> port.VendorRequest:
        return port.VendorRequest(method="GET", url=f"{self._flights}/{reference}", headers=self._headers[:1])

    def query_outcome(self, answer: port.VendorAnswer, reference: str) -> port.Finding:
        """200 with a state (5.1), or 404 with the error "no-such-flight" (5.2)."""
        said = _said(answer)
        if answer.status == 404 and said.get("error") == "no-such-flight":
            return port.Unknown()
        if answer.status != 200 or said.get("id") != reference or "state" not in said:
            return port.Unanswered(detail=f"HTTP status {answer.status} without this flight")
        outcome, reason = codes.STATES.get(state := str(said["state"]), (None, None))
        identity = sha256(f"{reference} {state}".encode()).hexdigest()[:12]
        word = Receipt(reference=reference, identity=identity, outcome=outcome, reason=reason, provider_code=state[:40])
        return port.Known((word,) if outcome else ())


def _said(answer: port.VendorAnswer) -> dict[str, Any]:
    """The fields of a JSON object; none where the body is something else."""
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


TYPE = port.ProviderType.of(
    CarrierPigeon,
    CarrierPigeonSettings,
    simulator="tests.conformance.carrierpigeon.simulator:CarrierPigeonSimulator",
    options=CarrierPigeonOptions,
)
