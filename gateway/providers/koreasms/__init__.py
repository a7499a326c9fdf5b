"""The white-label Korean SMS sites of the "SMS API Manual": up to 100 mobiles in a call, no reference and no report."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from gateway import provider as port
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.model.segments import Segments
from gateway.model.values import Secret, matching
from gateway.providers.koreasms import codes, wire

_WORD = matching("[!-~]{1,20}", "expected 1 to 20 letters, digits and signs, no space")


def _key(value: Secret) -> Secret:
    _WORD(value.reveal())
    return value


def _sender(value: str) -> str:
    if not wire.sender(value):
        raise ValueError("expected a number of at most 20 digits, as registered at the vendor")
    return value


class KoreaSMSSettings(port.ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[providers.NAME]` with `type = "koreasms"`. `base_url` is the site's: https where it has it, for the key goes
    with every request."""

    key: Annotated[Secret, _key]
    id: Annotated[str, _WORD]
    """The name one logs in with on the site."""
    sender: Annotated[str, _sender]
    """The sender where a message names none; hyphens are for people only."""
    separator: Literal[" ", "|", ","] = " "
    """Between the receivers of a call. The document has a space; sites of this family differ."""
    timezone: str = "Asia/Seoul"
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 8
    """Few: a request has up to a hundred messages, and those of a lost answer are uncertain for good."""


class KoreaSMS(port.Provider):
    """One account. Pure: see `gateway.provider.Provider` for what each method promises."""

    type = "koreasms"
    guarantee = port.Guarantee.BLIND
    capabilities = port.Capabilities(
        messages=True,
        subject=True,
        sender=True,
        countries=frozenset({"KR"}),
        octets=wire.TEXT_BYTES,
        charset="cp949",
        receivers=wire.RECEIVERS_AT_MOST,
        balance=True,
        reservations=port.Keeping(ahead=wire.RESERVED_AHEAD),
    )

    def __init__(self, name: str, settings: KoreaSMSSettings) -> None:
        self.name = name
        self.settings: KoreaSMSSettings = settings
        self.default_sender = settings.sender
        site = urlsplit(settings.base_url).netloc.rpartition("@")[2].lower()
        self.account = f"koreasms/{site}/{settings.id}"
        self._base = settings.base_url.rstrip("/")
        self._zone = ZoneInfo(settings.timezone)
        self._login = {"key": settings.key.reveal(), "id": settings.id}

    def misfit(self, content: Content) -> port.Misfit | None:
        if not wire.mobile(content.to):
            detail = "it sends to Korean mobile numbers only (010, 011, 016 to 019)"
            return port.Misfit(Reason.INVALID_NUMBER, detail, "/to")
        for what, text in (("text", content.text), ("subject", content.subject or "")):
            if strangers := wire.strangers(text):
                detail = f"it does not take these characters, which are not in CP949: {strangers}"
                return port.Misfit(Reason.CONTENT_REFUSED, detail, f"/{what}")
        if (size := wire.octets(content.text)) > wire.TEXT_BYTES:
            detail = f"it takes at most {wire.TEXT_BYTES} bytes in CP949, this text has {size}"
            return port.Misfit(Reason.TOO_LONG, detail, "/text")
        if len(content.subject or "") > wire.SUBJECT_CHARACTERS:
            detail = f"it takes at most {wire.SUBJECT_CHARACTERS} characters of a subject"
            return port.Misfit(Reason.TOO_LONG, detail, "/subject")
        if content.sender is not None and not wire.sender(content.sender):
            detail = "its senders are numbers of at most 20 digits, with nothing but hyphens between them"
            return port.Misfit(Reason.SENDER_NOT_ALLOWED, detail, "/from")
        return None

    def measure(self, text: str) -> Segments:
        """One part whatever its length: an SMS up to 80 bytes, else an LMS at a price of its own."""
        return Segments("cp949", len(text), 1)

    def warnings(self, content: Content) -> tuple[str, ...]:
        long = wire.octets(content.text) > wire.SMS_BYTES
        if content.subject and not long:
            return ("the subject is shown only with texts over 80 bytes",)
        if wire.octets(content.subject or "") > wire.SUBJECT_CHARACTERS:
            # varchar(64): the document does not say of what.
            return ("a site that counts bytes may cut this subject off after 64 of them",)
        if long and not content.subject:
            return ('a text over 80 bytes without a subject is given "제목없음" (no subject) by the vendor',)
        return ()

    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> port.VendorRequest:
        """The vendor takes no reference. `further` are at most 99."""
        return self._request(wire.SEND, self._message(content, further))

    def reserve_request(
        self, content: Content, reference: str, send_at: int, further: tuple[str, ...] = ()
    ) -> port.VendorRequest:
        """The form of `send_request`, with a time on the vendor's clock. What was taken can be neither asked about nor
        taken back."""
        fields = self._message(content, further) | {"send_datetime": wire.moment(send_at, self._zone)}
        return self._request(wire.SEND, fields)

    def _message(self, content: Content, further: tuple[str, ...]) -> dict[str, str]:
        fields = self._login | {
            "send_number": wire.sender(content.sender or self.default_sender),
            "message": content.text,
            "receiver": wire.receivers((content.to, *further), self.settings.separator),
        }
        return fields | ({"subject": content.subject} if content.subject else {})

    def send_outcome(self, answer: port.VendorAnswer) -> port.SendOutcome:
        """Both `result` and `errorCode` must say the same; `msg` is never read (2.2.1). The vendor documents no HTTP
        status."""
        if answer.status == 429:  # in no document, and explicit all the same
            return port.Busy("429")
        if answer.status != 200:
            return port.Unreadable(f"HTTP status {answer.status}")
        if (reply := wire.reply(answer.body)) is None:
            return port.Unreadable("no JSON object")
        if reply.result is None or reply.code is None:
            return port.Unreadable("no usable result and errorCode")
        if reply.result != (reply.code == codes.SUCCESS):
            return port.Unreadable("result and errorCode contradict each other")
        if reply.result:
            return port.Accepted(str(reply.code), reply.balance)
        return codes.refused(reply.code, reply.balance)

    def balance(self) -> port.Question[port.Balance]:
        return port.Question(self._request(wire.BALANCE, self._login), self._balance)

    def _balance(self, answer: port.VendorAnswer) -> port.Balance | port.Declined | port.Unreadable:
        """There are error codes and no field for them (3.2.1, 3.3): errorCode is read where it is."""
        if answer.status != 200:
            return port.Unreadable(f"HTTP status {answer.status}")
        reply = wire.reply(answer.body)
        if reply is None or reply.result is None:
            return port.Unreadable("no JSON object with a usable result")
        if reply.coded and reply.result != (reply.code == codes.SUCCESS):
            return port.Unreadable("result and errorCode contradict each other")
        if not reply.result:  # whatever the code, which may be missing: nothing hangs on it
            return port.Declined("" if reply.code is None else str(reply.code), reply.message)
        if reply.balance is None:
            return port.Unreadable("no usable balance")
        return port.Balance(reply.balance, "KRW", "won")

    def _request(self, path: str, fields: dict[str, str]) -> port.VendorRequest:
        return port.VendorRequest(method="POST", url=self._base + path, headers=wire.FORM, body=wire.encode(fields))


TYPE = port.ProviderType.of(KoreaSMS, KoreaSMSSettings, simulator="gateway.sandbox.koreasms:KoreaSMSSimulator")
