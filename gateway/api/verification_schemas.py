"""What is asked and answered about numbers that are verified, as typed structs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.schemas import ReasonOut, Tag, instant
from gateway.api.vendor_schemas import ProviderName
from gateway.model import codes
from gateway.model.ids import PREFIX
from gateway.model.verification import TRIES, Verification, VerificationStatus
from gateway.store.cases import Case
from gateway.verifying import PREFIX as VERIFICATION

Number = Annotated[str, Meta(min_length=1, max_length=32)]
Minutes = Annotated[int, Meta(ge=1, le=999)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]


class OwnerIn(
    msgspec.Struct, tag_field="method", tag="owner", forbid_unknown_fields=True, rename="camel", omit_defaults=True,
    kw_only=True,
):  # fmt: skip
    """Whether a number still belongs to whom it belonged on a day."""

    number: Number
    reference_date: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    client_tag: Tag | UnsetType = UNSET
    provider: ProviderName | UnsetType = UNSET


class CallInIn(
    msgspec.Struct, tag_field="method", tag="call_in", forbid_unknown_fields=True, rename="camel", omit_defaults=True,
    kw_only=True,
):  # fmt: skip
    """The number's owner calls a number of the vendor's."""

    number: Number
    valid_minutes: Minutes
    text: Text | UnsetType = UNSET
    lines: Literal["mobile", "landline", "any"] | UnsetType = UNSET
    client_tag: Tag | UnsetType = UNSET
    provider: ProviderName | UnsetType = UNSET


class CallOutIn(
    msgspec.Struct, tag_field="method", tag="call_out", forbid_unknown_fields=True, rename="camel", omit_defaults=True,
    kw_only=True,
):  # fmt: skip
    """The vendor calls the number, and reads out a code."""

    number: Number
    valid_minutes: Minutes
    rings: Annotated[int, Meta(ge=1, le=99)]
    client_tag: Tag | UnsetType = UNSET
    provider: ProviderName | UnsetType = UNSET


class SmsCodeIn(
    msgspec.Struct, tag_field="method", tag="sms_code", forbid_unknown_fields=True, rename="camel", omit_defaults=True,
    kw_only=True,
):  # fmt: skip
    """A message with a code goes to the number."""

    number: Number
    text: Annotated[str, Meta(min_length=1, max_length=2000, examples=["Your code is {code}"])]
    valid_minutes: Minutes
    length: Annotated[int, Meta(ge=codes.SHORTEST, le=codes.LONGEST)] | UnsetType = UNSET
    client_tag: Tag | UnsetType = UNSET
    provider: ProviderName | UnsetType = UNSET


VerificationIn = OwnerIn | CallInIn | CallOutIn | SmsCodeIn


class CheckIn(msgspec.Struct, forbid_unknown_fields=True):
    """A code as somebody typed it."""

    code: Annotated[str, Meta(min_length=1, max_length=32, examples=["123456"])]


class CheckOut(msgspec.Struct):
    """What is said of a code."""

    result: Literal["verified", "wrong_code", "expired", "too_many_attempts", "already_used"]


class OwnerOut(msgspec.Struct):
    """What the vendor says about a number's owner."""

    result: Literal["same_owner", "changed_owner", "unknown"]


class VerificationOut(msgspec.Struct, rename="camel", kw_only=True):
    """A number that is verified, and where that stands. It never has a code."""

    id: str
    method: Literal["call_in", "call_out", "sms_code"]
    number: str
    status: VerificationStatus
    final: bool
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    verified_at: datetime | UnsetType = UNSET
    call_number: str | UnsetType = UNSET
    confirmed: bool | UnsetType = UNSET
    attempts_left: int | UnsetType = UNSET
    message_id: str | UnsetType = UNSET
    provider: str | UnsetType = UNSET
    client_tag: str | UnsetType = UNSET
    reason: ReasonOut | UnsetType = UNSET


_WHY = {
    "too_many_attempts": f"{TRIES} wrong codes were tried.",
}


def verification_out(case: Case[Verification], call_number: str) -> VerificationOut:
    state = case.state
    calls, has_code = state.method != "sms_code", state.method != "call_in"
    return VerificationOut(
        id=VERIFICATION + case.id,
        method=state.method,  # type: ignore[arg-type]  # an `owner` has no id that anybody knows
        number=state.number,
        status=state.status,
        final=state.final_at > 0,
        created_at=instant(state.created_at),
        updated_at=instant(state.updated_at),
        expires_at=instant(state.expires_at),
        verified_at=instant(state.verified_at) if state.verified_at else UNSET,
        call_number=call_number if state.method == "call_in" and call_number else UNSET,
        confirmed=state.taken or state.status is VerificationStatus.VERIFIED if calls else UNSET,
        attempts_left=TRIES - len(state.tries) if has_code and state.status is VerificationStatus.PENDING else UNSET,
        message_id=PREFIX + state.message if state.message else UNSET,
        provider=state.provider or UNSET,
        client_tag=state.tag or UNSET,
        reason=_reason(state),
    )


def _reason(state: Verification) -> ReasonOut | UnsetType:
    if not state.reason:
        return UNSET
    detail = _WHY.get(state.reason, "The vendor refused it, or the message could not be sent.")
    return ReasonOut(code=state.reason, detail=detail, provider_code=state.provider_code or UNSET)
