from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET

T = TypeVar("T", bound="ReasonOut")


@_attrs_define
class ReasonOut:
    """Why a message did not arrive.

    Attributes:
        code (str): One of `invalid_number`, `unknown_subscriber`, `handset_unreachable`, `handset_refused`,
            `carrier_congested`, `carrier_fault`, `insufficient_balance`, `quota_exceeded`, `authentication_failed`,
            `sender_not_allowed`, `source_address_refused`, `account_suspended`, `content_refused`, `too_long`,
            `too_many_recipients`, `expired`, `provider_error`, `no_answer`, `unmapped`; more may come.
        detail (str): For people.
        provider_code (str | None): The vendor's own code, as it sent it. Empty where the gateway decided.
    """

    code: str
    detail: str
    provider_code: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        code = self.code

        detail = self.detail

        provider_code = self.provider_code

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "detail": detail,
            }
        )
        if provider_code is not UNSET:
            field_dict["providerCode"] = provider_code

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        code = d.pop("code")

        detail = d.pop("detail")

        provider_code = d.pop("providerCode", UNSET)

        reason_out = cls(
            code=code,
            detail=detail,
            provider_code=provider_code,
        )

        reason_out.additional_properties = d
        return reason_out

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
