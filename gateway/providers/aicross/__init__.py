"""AI CROSS, "Zettai Reach! SMS" (API document v1.47): Japanese mobiles, sent once per clientTag, reports pushed."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from gateway import provider as port
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.model.values import Duration, Secret, matching
from gateway.providers.aicross import codes, wire

TEXT_AT_MOST = 660
"""Characters of any width (2.1.1)."""
_SENDER = re.compile(r"[0-9]{5,6}")


Prefix = Annotated[str, matching("0[0-9]{1,9}", "expected the first digits of a national number, 0 among them")]


class AICrossSettings(port.ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[providers.NAME]` with `type = "aicross"`. The vendor speaks TLS 1.2 and nothing older or newer (1.1)."""

    base_url: str = "https://sms-api.aossms.com"
    token: Secret
    client_id: Annotated[str, matching("[0-9]+", "expected digits only")]
    sms_code: Annotated[str, matching("[0-9]{5,6}", "expected 5 or 6 digits")]
    """The sender where a message names none."""
    timeout: Duration = Duration(10)
    rate: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 600.0
    """What the vendor takes in a second from all its customers (1.3)."""
    prefixes: tuple[Prefix, ...] = ("070", "080", "090")
    """How a number begins, written nationally, that this account may send to."""
    exclusive: bool = False
    """Nobody but this gateway uses the vendor account."""
    usage_client_id: str | None = None
    """The clientId the vendor's usage is asked for; `all` for agencies. Default: `client_id`."""


class AICross(port.Provider):
    """One account. Pure: see `gateway.provider.Provider` for what each method promises."""

    type = "aicross"
    guarantee = port.Guarantee.DEDUPLICATED
    capabilities = port.Capabilities(
        messages=True,
        delivery_reports=True,
        status_query=True,
        carriers=frozenset(codes.CARRIER_IDS),
        sender=True,
        countries=frozenset({"JP"}),
        characters=TEXT_AT_MOST,
    )
    callback_kinds = frozenset({"dlr"})

    def __init__(self, name: str, settings: AICrossSettings) -> None:
        self.name = name
        self.settings: AICrossSettings = settings
        self.default_sender = settings.sms_code
        self.account = f"aicross/{settings.client_id}"
        self._base = settings.base_url.rstrip("/")
        self._zone = ZoneInfo(settings.timezone)
        self._login = {"token": settings.token.reveal(), "clientId": settings.client_id}

    def misfit(self, content: Content) -> port.Misfit | None:
        national = "0" + content.to[3:]
        if not (content.to.startswith("+81") and len(national) == 11 and national.startswith(self.settings.prefixes)):
            wanted = ", ".join(self.settings.prefixes)
            return port.Misfit(Reason.INVALID_NUMBER, f"it sends to Japanese mobile numbers only ({wanted})", "/to")
        if content.sender is not None and not _SENDER.fullmatch(content.sender):
            return port.Misfit(Reason.SENDER_NOT_ALLOWED, "its senders are numbers of 5 or 6 digits", "/from")
        return None

    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> port.VendorRequest:
        fields = self._login | {
            "smsCode": content.sender or self.settings.sms_code,
            "message": content.text,
            "phoneNumber": content.to,
            "clientTag": reference,
        }
        if content.carrier in codes.CARRIER_IDS:
            fields["carrierId"] = codes.CARRIER_IDS[content.carrier]
        if content.group_tag:
            fields["groupTag"] = content.group_tag
        body = wire.encode(fields).encode()
        return port.VendorRequest(method="POST", url=self._base + wire.SEND, headers=wire.FORM, body=body)

    def send_outcome(self, answer: port.VendorAnswer) -> port.SendOutcome:
        """Only HTTP 200 with an integer responseCode is an answer (2.1.2); the vendor documents no other status."""
        if answer.status == 429:  # in no document, and explicit all the same
            return port.Busy("429")
        if answer.status != 200:
            return port.Unreadable(f"HTTP status {answer.status}")
        if (reply := wire.reply(answer.body)) is None:
            return port.Unreadable("no JSON object with a responseCode")
        if reply.code == codes.SUCCESS:
            return port.Accepted("0")
        if reply.code == codes.DUPLICATE_TAG:
            return port.Duplicate("400")
        return codes.refusal(reply.code, reply.item)

    def query_request(self, reference: str) -> port.VendorRequest:
        query = wire.encode(self._login | {"clientTag": reference})
        return port.VendorRequest(method="GET", url=f"{self._base}{wire.STATUS}?{query}")

    def query_outcome(self, answer: port.VendorAnswer, reference: str) -> port.Finding:
        """An unknown clientTag's answer is in no document: an empty list and "Invalid clientTag." both mean it."""
        if answer.status != 200:
            return port.Unanswered(detail=f"HTTP status {answer.status}")
        if (reply := wire.reply(answer.body, repair=True)) is None:
            return port.Unanswered(detail="no JSON object with a responseCode")
        if reply.code == codes.INVALID and reply.item == "clienttag":
            return port.Unknown()
        if reply.code != codes.SUCCESS:
            return port.Unanswered(str(reply.code)[:20], "the vendor did not answer the question")
        if (entries := wire.listed(reply)) is None:
            return port.Unanswered("0", "no list in the answer")
        ours = [self._receipt(each) for each in entries if each.clientTag.lower() == reference.lower()]
        return port.Known(tuple(sorted(ours, key=lambda each: each.reported_at or 0))) if ours else port.Unknown()

    def receipts(self, callback: port.Callback) -> tuple[Receipt, ...]:
        return tuple(self._receipt(each) for each in wire.notifications(callback))

    def _receipt(self, word: wire.Notification) -> Receipt:
        said = codes.verdict(word.statusId, word.detailedStatusId, word.carrierId)
        # A DLR is one word per messageId and state; entries of status.json have no messageId (2.4.2).
        about = [word.messageId] if word.messageId else [word.clientTag.lower(), said.code]
        return Receipt(
            reference=word.clientTag,
            identity=sha256("\n".join([word.statusId, *about]).encode()).hexdigest()[:12],
            outcome=said.outcome,
            reason=said.reason,
            provider_code=said.code,
            detail=said.detail,
            billed=wire.count(word.separatedSuccessCount) if said.outcome == "delivered" else None,
            carrier=said.carrier,
            reported_at=wire.moment(word.dateTime, self._zone),
        )


class AICrossType:
    """How `type = "aicross"` becomes a provider."""

    name = "aicross"
    settings: type[port.ProviderSettings] = AICrossSettings
    guarantee = AICross.guarantee
    capabilities = AICross.capabilities
    options: type[msgspec.Struct] | None = None
    simulator = "gateway.sandbox.aicross:AICrossSimulator"

    def build(self, name: str, settings: AICrossSettings) -> AICross:
        return AICross(name, settings)


TYPE = AICrossType()
