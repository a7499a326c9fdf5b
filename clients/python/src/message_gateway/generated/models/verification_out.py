from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.verification_out_method import VerificationOutMethod, check_verification_out_method
from ..models.verification_status import VerificationStatus, check_verification_status
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.reason_out import ReasonOut


T = TypeVar("T", bound="VerificationOut")


@_attrs_define
class VerificationOut:
    """A number that is verified, and where that stands. It never has a code.

    Attributes:
        id (str): Names the verification.
        method (VerificationOutMethod): How the number is verified.
        number (str): E.164.
        status (VerificationStatus): Where a verification stands.
        final (bool): It stays as it is.
        created_at (datetime.datetime): When it was asked for.
        updated_at (datetime.datetime): When it changed last.
        expires_at (datetime.datetime): Until when it can be verified; a resend moves it.
        verified_at (datetime.datetime | None): When it was verified.
        call_number (str | None): `call_in`: what the number's owner calls, as it is dialled in the vendor's country.
        confirmed (bool | None): Of a call: the vendor said that it makes it, or waits for it. False while its answer
            is out, and after one that was lost: it may know of the call or not.
        attempts_left (int | None): Codes that may still be tried, of the code that counts now.
        message_id (str | None): `sms_code`: the message with the code that counts now. Its text has stars.
        provider (str | None): The provider that takes or makes the call; of a code the pinned one.
        client_tag (str | None): As it was asked for.
        reason (ReasonOut | None): Why a message did not arrive.
    """

    id: str
    method: VerificationOutMethod
    number: str
    status: VerificationStatus
    final: bool
    created_at: datetime.datetime
    updated_at: datetime.datetime
    expires_at: datetime.datetime
    verified_at: datetime.datetime | None = None
    call_number: str | None = None
    confirmed: bool | None = None
    attempts_left: int | None = None
    message_id: str | None = None
    provider: str | None = None
    client_tag: str | None = None
    reason: ReasonOut | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        method: str = self.method

        number = self.number

        status: str = self.status

        final = self.final

        created_at = self.created_at.isoformat()

        updated_at = self.updated_at.isoformat()

        expires_at = self.expires_at.isoformat()

        verified_at: str | None = None
        if not isinstance(self.verified_at, Unset):
            verified_at = self.verified_at.isoformat()

        call_number = self.call_number

        confirmed = self.confirmed

        attempts_left = self.attempts_left

        message_id = self.message_id

        provider = self.provider

        client_tag = self.client_tag

        reason: dict[str, Any] | None = None
        if not isinstance(self.reason, Unset):
            reason = self.reason.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "method": method,
                "number": number,
                "status": status,
                "final": final,
                "createdAt": created_at,
                "updatedAt": updated_at,
                "expiresAt": expires_at,
            }
        )
        if verified_at is not UNSET:
            field_dict["verifiedAt"] = verified_at
        if call_number is not UNSET:
            field_dict["callNumber"] = call_number
        if confirmed is not UNSET:
            field_dict["confirmed"] = confirmed
        if attempts_left is not UNSET:
            field_dict["attemptsLeft"] = attempts_left
        if message_id is not UNSET:
            field_dict["messageId"] = message_id
        if provider is not UNSET:
            field_dict["provider"] = provider
        if client_tag is not UNSET:
            field_dict["clientTag"] = client_tag
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.reason_out import ReasonOut  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        method = check_verification_out_method(d.pop("method"))

        number = d.pop("number")

        status = check_verification_status(d.pop("status"))

        final = d.pop("final")

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        updated_at = datetime.datetime.fromisoformat(d.pop("updatedAt"))

        expires_at = datetime.datetime.fromisoformat(d.pop("expiresAt"))

        _verified_at = d.pop("verifiedAt", UNSET)
        verified_at: datetime.datetime | None
        if isinstance(_verified_at, Unset):
            verified_at = None
        else:
            verified_at = datetime.datetime.fromisoformat(_verified_at)

        call_number = d.pop("callNumber", UNSET)

        confirmed = d.pop("confirmed", UNSET)

        attempts_left = d.pop("attemptsLeft", UNSET)

        message_id = d.pop("messageId", UNSET)

        provider = d.pop("provider", UNSET)

        client_tag = d.pop("clientTag", UNSET)

        _reason = d.pop("reason", UNSET)
        reason: ReasonOut | None
        if isinstance(_reason, Unset):
            reason = None
        else:
            reason = ReasonOut.from_dict(_reason)

        verification_out = cls(
            id=id,
            method=method,
            number=number,
            status=status,
            final=final,
            created_at=created_at,
            updated_at=updated_at,
            expires_at=expires_at,
            verified_at=verified_at,
            call_number=call_number,
            confirmed=confirmed,
            attempts_left=attempts_left,
            message_id=message_id,
            provider=provider,
            client_tag=client_tag,
            reason=reason,
        )

        verification_out.additional_properties = d
        return verification_out

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
