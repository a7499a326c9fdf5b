"""AI CROSS, "Zettai Reach! SMS" (API document v1.47): Japanese mobiles, sent once per clientTag, reports pushed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from gateway import provider as port
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.model.values import Duration, Secret, matching
from gateway.providers.aicross import beside, charset, codes, owners, reservations, wire

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
    """How a number begins, written nationally, that this account may send to and ask about."""
    exclusive: bool = False
    """Nobody but this gateway uses the vendor account."""
    usage_client_id: Annotated[str, matching("[0-9]+|all", 'expected digits only, or "all"')] | None = None
    """The clientId the vendor's usage is asked for; `all` for agencies (2.9.1). Default: `client_id`."""


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
        templates=True,
        short_urls=True,
        usage=True,
        reservations=port.Keeping(whole=60, cancelable=True),
        verification=frozenset({"owner"}),
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

    # Messages

    def misfit(self, content: Content) -> port.Misfit | None:
        if not self._knows(content.to):
            return port.Misfit(Reason.INVALID_NUMBER, f"it sends to {self._known()}", "/to")
        if content.sender is not None and not _SENDER.fullmatch(content.sender):
            return port.Misfit(Reason.SENDER_NOT_ALLOWED, "its senders are numbers of 5 or 6 digits", "/from")
        return None

    def warnings(self, content: Content) -> tuple[str, ...]:
        warning = charset.warning(content.text)
        return (warning,) if warning else ()

    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> port.VendorRequest:
        return self._post(wire.SEND, self._message(content, reference))

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
        return self._get(wire.STATUS, {"clientTag": reference})

    def query_outcome(self, answer: port.VendorAnswer, reference: str) -> port.Finding:
        """An unknown clientTag's answer is in no document: an empty list and "Invalid clientTag." both mean it."""
        if isinstance(reply := wire.opened(answer), port.Unreadable):
            return port.Unanswered(detail=reply.detail)
        if reply.unknown_tag:
            return port.Unknown()
        if reply.code != codes.SUCCESS:
            return port.Unanswered(str(reply.code)[:20], "the vendor did not answer the question")
        if (entries := wire.listed(reply)) is None:
            return port.Unanswered("0", "no list in the answer")
        ours = [self._receipt(each) for each in entries if each.clientTag.lower() == reference.lower()]
        return port.Known(tuple(sorted(ours, key=lambda each: each.reported_at or 0))) if ours else port.Unknown()

    def sent_on(self, day: date) -> port.Question[Mapping[str, tuple[Receipt, ...]]]:
        request = self._get(wire.STATUS, {"date": f"{day:%Y%m%d}"})
        return port.Question(msgspec.structs.replace(request, answer_at_most=wire.DAY_AT_MOST), self._sent)

    def _sent(self, answer: port.VendorAnswer) -> Mapping[str, tuple[Receipt, ...]] | port.Declined | port.Unreadable:
        if isinstance(reply := wire.opened(answer), port.Unreadable):
            return reply
        if reply.code != codes.SUCCESS:
            return beside.declined(reply)
        if (entries := wire.listed(reply)) is None:
            return port.Unreadable("no list in the answer")
        found: dict[str, list[Receipt]] = {}
        for each in entries:
            found.setdefault(each.clientTag.lower(), []).append(self._receipt(each))
        return {tag: tuple(sorted(words, key=lambda each: each.reported_at or 0)) for tag, words in found.items()}

    def receipts(self, callback: port.Callback) -> tuple[Receipt, ...]:
        return tuple(self._receipt(each) for each in wire.notifications(callback))

    # Reservations

    def reserve_request(
        self, content: Content, reference: str, send_at: int, further: tuple[str, ...] = ()
    ) -> port.VendorRequest:
        time = {"scheduleTime": reservations.schedule_time(send_at, self._zone)}
        return self._post(wire.SEND, self._message(content, reference) | time)

    def reservation_request(self, content: Content, reference: str) -> port.VendorRequest:
        fields = {"smsCode": content.sender or self.settings.sms_code, "clientTag": reference}
        return self._get(reservations.CHECK, fields)

    def reservation_outcome(self, answer: port.VendorAnswer, reference: str) -> port.Finding:
        return reservations.finding(answer, reference)

    def withdrawal(self, reference: str) -> port.Question[port.Withdrawal]:
        request = self._get(reservations.CANCEL, {"clientTag": reference})
        return port.Question(request, lambda answer: reservations.withdrawal(answer, reference))

    def withdrawal_of_days(self, first: date, last: date, group_tag: str | None) -> port.Question[None] | None:
        if not self.settings.exclusive:
            return None
        request = self._get(reservations.CANCEL_ALL, reservations.days(first, last, group_tag))
        return port.Question(request, lambda answer: beside.read(answer, lambda _: None))

    # Beside messages

    def templates(self) -> port.Question[tuple[port.VendorTemplate, ...]]:
        """The gateway fills them in: the vendor only keeps them (2.7)."""
        return port.Question(self._get(beside.TEMPLATES, {}), lambda answer: beside.read(answer, beside.templates))

    def short_url(self, long_url: str, name: str | None, domain: str | None) -> port.Question[port.ShortUrl]:
        """`domain`: of an account that has its own. Without a `name` the vendor makes one up (2.6.1)."""
        fields = {"longUrl": long_url} | {key: value for key, value in (("name", name), ("domain", domain)) if value}
        request = self._post(beside.SHORT_URL, fields)
        return port.Question(request, lambda answer: beside.read(answer, lambda said: beside.short_url(said, name)))

    def usage(self, month: str, now: int) -> port.Question[port.Usage]:
        """A month to come is asked for all the same: the vendor's answer counts (2.9.1)."""
        client = self.settings.usage_client_id or self.settings.client_id
        request = self._get(beside.USAGE, {"clientId": client, "month": month.replace("-", "")})
        as_of = beside.counted_until(month, now, self._zone)
        return port.Question(request, lambda answer: beside.read(answer, lambda said: beside.usage(said, as_of)))

    # Verifying numbers

    def owner(self, number: str, since: date) -> port.Question[port.Owner] | port.Misfit:
        """The vendor knows days from two years ago to today; any other is asked about all the same, and its answer
        counts (2.8.1)."""
        if not self._knows(number):
            return port.Misfit(Reason.INVALID_NUMBER, f"it is asked about {self._known()}", "/number")
        request = self._get(owners.CLEANING, owners.question(number, since))
        return port.Question(
            request, lambda answer: beside.read(answer, lambda said: owners.owner(said, number, since))
        )

    def _knows(self, number: str) -> bool:
        national = "0" + number[3:]
        return number.startswith("+81") and len(national) == 11 and national.startswith(self.settings.prefixes)

    def _known(self) -> str:
        return f"Japanese mobile numbers only ({', '.join(self.settings.prefixes)})"

    def _message(self, content: Content, reference: str) -> dict[str, str]:
        fields = {
            "smsCode": content.sender or self.settings.sms_code,
            "message": content.text,
            "phoneNumber": content.to,
            "clientTag": reference,
        }
        if content.carrier in codes.CARRIER_IDS:
            fields["carrierId"] = codes.CARRIER_IDS[content.carrier]
        if content.group_tag:
            fields["groupTag"] = content.group_tag
        return fields

    def _get(self, path: str, fields: dict[str, str]) -> port.VendorRequest:
        return port.VendorRequest(method="GET", url=f"{self._base}{path}?{wire.encode(self._login | fields)}")

    def _post(self, path: str, fields: dict[str, str]) -> port.VendorRequest:
        body = wire.encode(self._login | fields).encode()
        return port.VendorRequest(method="POST", url=self._base + path, headers=wire.FORM, body=body)

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


TYPE = port.ProviderType.of(AICross, AICrossSettings, simulator="gateway.sandbox.aicross:AICrossSimulator")
