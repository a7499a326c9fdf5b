from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.orphan_out_outcome import OrphanOutOutcome, check_orphan_out_outcome
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.push_out import PushOut


T = TypeVar("T", bound="OrphanOut")


@_attrs_define
class OrphanOut:
    """What a vendor pushed about no message, verification or activation that is known here. It is applied when what it
    names turns up: within a minute as a rule, and at once where it is listed, and then it is not listed any more. What
    names nothing but a number, and what told a code, is never applied later.

        Attributes:
            account (str): The vendor account it came for.
            received_at (datetime.datetime): When it came last.
            reference (str): What the vendor calls the message; empty where it says nothing usable.
            provider_type (str | None): The type of the provider it came by.
            kind (str | None): What was pushed: the last part of the callback's path.
            outcome (OrphanOutOutcome | None): Left out where the vendor's word says nothing about the outcome.
            reason (str | None): Why the message did not arrive.
            provider_code (str | None): The vendor's own code, as it sent it.
            detail (str | None): For people.
            carrier (str | None): The recipient's carrier, where the vendor says so.
            billed_segments (int | None): The parts the vendor bills, where it says so.
            reported_at (datetime.datetime | None): When the vendor learned it, where it says so.
            push (PushOut | None): The push it stood in, without numbers, texts and codes.
    """

    account: str
    received_at: datetime.datetime
    reference: str
    provider_type: str | None = None
    kind: str | None = None
    outcome: OrphanOutOutcome | None = None
    reason: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    carrier: str | None = None
    billed_segments: int | None = None
    reported_at: datetime.datetime | None = None
    push: PushOut | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        account = self.account

        received_at = self.received_at.isoformat()

        reference = self.reference

        provider_type = self.provider_type

        kind = self.kind

        outcome: str | None = None
        if not isinstance(self.outcome, Unset):
            outcome = self.outcome

        reason = self.reason

        provider_code = self.provider_code

        detail = self.detail

        carrier = self.carrier

        billed_segments = self.billed_segments

        reported_at: str | None = None
        if not isinstance(self.reported_at, Unset):
            reported_at = self.reported_at.isoformat()

        push: dict[str, Any] | None = None
        if not isinstance(self.push, Unset):
            push = self.push.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "account": account,
                "receivedAt": received_at,
                "reference": reference,
            }
        )
        if provider_type is not UNSET:
            field_dict["providerType"] = provider_type
        if kind is not UNSET:
            field_dict["kind"] = kind
        if outcome is not UNSET:
            field_dict["outcome"] = outcome
        if reason is not UNSET:
            field_dict["reason"] = reason
        if provider_code is not UNSET:
            field_dict["providerCode"] = provider_code
        if detail is not UNSET:
            field_dict["detail"] = detail
        if carrier is not UNSET:
            field_dict["carrier"] = carrier
        if billed_segments is not UNSET:
            field_dict["billedSegments"] = billed_segments
        if reported_at is not UNSET:
            field_dict["reportedAt"] = reported_at
        if push is not UNSET:
            field_dict["push"] = push

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.push_out import PushOut  # noqa: PLC0415

        d = dict(src_dict)
        account = d.pop("account")

        received_at = datetime.datetime.fromisoformat(d.pop("receivedAt"))

        reference = d.pop("reference")

        provider_type = d.pop("providerType", UNSET)

        kind = d.pop("kind", UNSET)

        _outcome = d.pop("outcome", UNSET)
        outcome: OrphanOutOutcome | None
        if isinstance(_outcome, Unset):
            outcome = None
        else:
            outcome = check_orphan_out_outcome(_outcome)

        reason = d.pop("reason", UNSET)

        provider_code = d.pop("providerCode", UNSET)

        detail = d.pop("detail", UNSET)

        carrier = d.pop("carrier", UNSET)

        billed_segments = d.pop("billedSegments", UNSET)

        _reported_at = d.pop("reportedAt", UNSET)
        reported_at: datetime.datetime | None
        if isinstance(_reported_at, Unset):
            reported_at = None
        else:
            reported_at = datetime.datetime.fromisoformat(_reported_at)

        _push = d.pop("push", UNSET)
        push: PushOut | None
        if isinstance(_push, Unset):
            push = None
        else:
            push = PushOut.from_dict(_push)

        orphan_out = cls(
            account=account,
            received_at=received_at,
            reference=reference,
            provider_type=provider_type,
            kind=kind,
            outcome=outcome,
            reason=reason,
            provider_code=provider_code,
            detail=detail,
            carrier=carrier,
            billed_segments=billed_segments,
            reported_at=reported_at,
            push=push,
        )

        orphan_out.additional_properties = d
        return orphan_out

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
