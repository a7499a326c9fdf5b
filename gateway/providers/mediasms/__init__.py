"""Media4u, MediaSMS (API document for authentication, an excerpt): a form each, results pushed, nothing to ask; and
calls by which numbers are verified."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import scrypt, sha256
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway import provider as port
from gateway.model.message import Content
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.model.segments import Segments
from gateway.model.values import Secret, matching
from gateway.providers.mediasms import calls, codes, wire

_TEXT_AU = "/options/mediasms/textAu"
_SENDER = re.compile(r"(?![0-9]+$)[A-Za-z0-9]{2,11}")


class MediaSMSSettings(port.ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[providers.NAME]` with `type = "mediasms"`."""

    base_url: str = "https://www.sms-ope.com/sms/api/"
    username: Annotated[str, matching("[!-9;-~]+", "expected letters, digits and signs, no colon")]
    password: Secret
    ivr_number: Annotated[str, matching("050[0-9]{8}", "expected 11 digits from 050")] | None = None
    """The number people call, or are called from, to prove theirs; the vendor gives it with the account."""
    long_text: bool = False
    """The account has the option for long texts."""
    overseas: bool = False
    """The account may send to other countries."""
    rate: Annotated[float, Meta(gt=0, le=100_000)] = 80.0
    """What the vendor takes in a second from one address."""
    concurrency: Annotated[int, Meta(ge=1, le=10_000)] = 8
    """Few: ten failed logins in a row block our address, and what is in flight when the first fails cannot be called
    back."""


class MediaSMSOptions(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """`options.mediasms` of a message."""

    text_au: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=2000,
                description=(
                    "In place of `text` for handsets of au (the vendor's `smstext2`), where the account has the "
                    "option for long texts. Up to 670 characters there, else 140 bytes in Shift_JIS; not together "
                    "with a `template`."
                ),
                examples=["Your code is 123456"],
            ),
        ]
        | UnsetType
    ) = UNSET


class MediaSMS(port.Provider):
    """One account. Pure: see `gateway.provider.Provider` for what each method promises."""

    type = "mediasms"
    guarantee = port.Guarantee.BLIND
    capabilities = port.Capabilities(
        messages=True,
        delivery_reports=True,
        carriers=frozenset(codes.CARRIERS),
        sender=True,
        countries=frozenset({"JP"}),
        octets=wire.SHORT_BYTES,
        charset="cp932",
        templates=True,
        verification=frozenset({"call_in", "call_out"}),
    )
    callback_kinds = frozenset({"delivery", "ivr"})

    def __init__(self, name: str, settings: MediaSMSSettings) -> None:
        self.name = name
        self.settings: MediaSMSSettings = settings
        if settings.overseas:
            self.capabilities = msgspec.structs.replace(self.capabilities, countries=frozenset())
        if settings.long_text:
            self.capabilities = msgspec.structs.replace(
                self.capabilities, characters=wire.LONG_CHARACTERS, octets=wire.LONG_BYTES
            )
        self.call_number = settings.ivr_number or ""
        if not self.call_number:
            self.capabilities = msgspec.structs.replace(self.capabilities, verification=frozenset())
        self.account = f"mediasms/{settings.username}"
        # Kept in the store: 32 bits out of a slow function tell a change, and help nobody to guess.
        salt = f"{settings.base_url}\n{settings.username}".encode()
        self.guarded_login = scrypt(settings.password.reveal().encode(), salt=salt, n=2**14, r=8, p=1, dklen=4).hex()
        self._url = settings.base_url.rstrip("/") + "/"
        login = b64encode(f"{settings.username}:{settings.password.reveal()}".encode()).decode()
        self._headers = (
            ("Authorization", f"Basic {login}"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        )

    def misfit(self, content: Content) -> port.Misfit | None:
        """What is too long is refused here: the vendor would cut it off and say nothing."""
        if not (receiver := wire.receiver(content.to, content.carrier, abroad=self.settings.overseas)):
            reach = "Japanese mobile numbers of 11 digits (090, 080, 070, 060, 020)"
            if self.settings.overseas:
                reach += " and to numbers of 11 or more digits abroad"
            return port.Misfit(Reason.INVALID_NUMBER, f"it sends to {reach} only", "/to")
        narrow = receiver.get("mobilecareer") == codes.CARRIERS["au"]
        if misfit := self._misfit_text(content.text, narrow=narrow) or self._misfit_au(content):
            return misfit
        if content.sender is not None and not _SENDER.fullmatch(content.sender):
            detail = "its senders are 2 to 11 letters and digits (a-z, A-Z, 0-9), not digits only"
            return port.Misfit(Reason.SENDER_NOT_ALLOWED, detail, "/from")
        return None

    def _misfit_au(self, content: Content) -> port.Misfit | None:
        text = _text_au(content)
        if text and content.template is not None:
            detail = "a template of the vendor's has no text of its own for au: leave textAu out"
            return port.Misfit("unsupported", detail, _TEXT_AU)
        return self._misfit_text(text, narrow=True, pointer=_TEXT_AU)

    def _misfit_text(self, text: str, *, narrow: bool, pointer: str = "/text") -> port.Misfit | None:
        """`narrow`: as `wire.excess` has it."""
        if strangers := wire.strangers(text):
            return port.Misfit(Reason.CONTENT_REFUSED, f"it does not take these characters: {strangers}", pointer)
        if excess := wire.excess(text, long=self.settings.long_text, narrow=narrow):
            return port.Misfit(Reason.TOO_LONG, excess, pointer)
        return None

    def measure(self, text: str) -> Segments:
        """The document bills what was delivered, and does not say how it counts a long text: parts are an estimate."""
        return Segments("cp932", len(text), wire.parts(text, long=self.settings.long_text))

    def warnings(self, content: Content) -> tuple[str, ...]:
        career = wire.receiver(content.to, content.carrier, abroad=self.settings.overseas).get("mobilecareer", "")
        found = []
        if content.carrier in codes.CARRIERS and career == codes.OVERSEAS:
            found.append("`carrier` is dropped: abroad the vendor finds the carrier by itself")
        if content.sender is not None and career != codes.OVERSEAS:
            found.append("`from` is shown only where the message comes over the international network")
        if text := _text_au(content):
            long = any(wire.parts(each, long=self.settings.long_text) > 1 for each in (content.text, text))
            if career == codes.OVERSEAS:
                found.append("`textAu` has no effect abroad: it is for handsets of au")
            elif not long:
                found.append("`textAu` may have no effect: the vendor promises one for long texts only")
        return tuple(found)

    def keeps_template(self, id: str) -> bool:
        return wire.names_template(id)

    def send_request(self, content: Content, reference: str, further: tuple[str, ...] = ()) -> port.VendorRequest:
        fields = wire.receiver(content.to, content.carrier, abroad=self.settings.overseas) | {
            "status": "1",  # without these two no result is ever pushed
            "smsid": reference,
            "method": "1",
        }
        if content.template is not None:
            fields["smstextid"] = content.template
        else:
            fields["smstext"] = content.text
            # Also without the option for long texts, where the document gives it a limit and promises no effect:
            # what a caller wrote for au is not left out on a guess.
            if text := _text_au(content):
                fields["smstext2"] = text
        if content.sender:
            fields["smstitle"] = content.sender
        return port.VendorRequest(method="POST", url=self._url, headers=self._headers, body=wire.encode(fields))

    def send_outcome(self, answer: port.VendorAnswer) -> port.SendOutcome:
        """Whether the HTTP status goes with the code is in no document. Where it is not 200, a body that says
        anything else than the status is somebody else's page, and nothing is known."""
        code = wire.code(answer.body)
        if answer.status != 200:
            code = str(answer.status) if code in ("", str(answer.status)) else None
        known = codes.outcome(code) if code else None
        said = f"HTTP status {answer.status} without a code of the document"
        return known or port.Unreadable(said, login_refused=answer.status == 401)

    def receipts(self, callback: port.Callback) -> tuple[Receipt, ...]:
        """One push is one receipt.

        Every transition is pushed, and a failure may be followed by another word or by success, for the vendor
        tries again by itself. A push carries no time and no number of its own, so its identity is the message and
        the status: a status that comes again, after another one, counts as repeated.

        A push that a call was made or its code read out (`ivr`, or an `authcode` and no result) is none.
        """
        fields = wire.fields(callback)
        if callback.kind == "ivr" or ("authcode" in fields and not (fields.get("smsid") and fields.get("status"))):
            calls.proof(callback.kind, fields)  # raises
            return ()
        smsid, status = wire.result(fields)
        number = codes.number(status)
        said = codes.RESULTS.get(number, codes.UNLISTED)
        return (
            Receipt(
                reference=smsid,
                identity=sha256(f"{smsid.lower()}\n{codes.spelling(number)}".encode()).hexdigest()[:12],
                outcome=said.outcome,
                reason=said.reason,
                provider_code=number[:40],
                detail=said.detail,
                carrier=said.carrier,
            ),
        )

    def call_misfit(self, call: port.Call) -> port.Misfit | None:
        """Japanese numbers of 10 or 11 digits; a text to a mobile, as long as a message's."""
        if not self.call_number:
            return port.Misfit("unsupported", "it makes and takes no calls: it has no `ivr_number`")
        if not calls.dialled(call):
            reach = {
                "mobile": "mobile numbers of 11 digits (090, 080, 070, 060, 020)",
                "landline": "numbers of 10 or 11 digits that are no mobile ones",
                "any": "numbers of 10 or 11 digits",
            }
            detail = f"for `lines` {call.lines} it verifies Japanese {reach[call.lines]} only"
            return port.Misfit(Reason.INVALID_NUMBER, detail, "/number")
        if not call.text:
            return None
        if not calls.mobile(call.number):
            return port.Misfit("unsupported", "it sends a text to mobile numbers only: leave it out", "/text")
        return self._misfit_text(call.text, narrow=False)

    def call_request(self, call: port.Call, reference: str) -> port.VendorRequest:
        fields = calls.fields(call, reference, self.call_number)
        return port.VendorRequest(method="POST", url=self._url, headers=self._headers, body=wire.encode(fields))

    def proofs(self, callback: port.Callback) -> tuple[port.Proof, ...]:
        found = calls.proof(callback.kind, wire.fields(callback))
        return () if found is None else (found,)


def _text_au(content: Content) -> str:
    """What au's handsets are to get in place of the text; "" where there is nothing such."""
    text: str = (content.options or {}).get(MediaSMS.type, {}).get("textAu", "")
    return text


TYPE = port.ProviderType.of(
    MediaSMS, MediaSMSSettings, simulator="gateway.sandbox.mediasms:MediaSMSSimulator", options=MediaSMSOptions
)
