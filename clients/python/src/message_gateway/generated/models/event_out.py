from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.status import Status, check_status
from ..types import UNSET

T = TypeVar("T", bound="EventOut")


@_attrs_define
class EventOut:
    """One entry of a message's timeline.

    Attributes:
        at (datetime.datetime): When it happened.
        status (Status): `scheduled`, `queued`, `submitting`: not with a vendor yet. `submitted`: a vendor has it.
            `delivered`, `undelivered`: what the vendor says became of it. `failed`: refused before or by the vendor.
            `expired`: not handed over in time. `canceled`: by you. `uncertain`: the vendor's answer was lost, it may or may
            not have it. `final` tells whether further change is expected.
        provider (str | None): The provider it is about.
        provider_code (str | None): The vendor's own code, as it sent it.
        detail (str | None): For people.
    """

    at: datetime.datetime
    status: Status
    provider: str | None = None
    provider_code: str | None = None
    detail: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        at = self.at.isoformat()

        status: str = self.status

        provider = self.provider

        provider_code = self.provider_code

        detail = self.detail

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "at": at,
                "status": status,
            }
        )
        if provider is not UNSET:
            field_dict["provider"] = provider
        if provider_code is not UNSET:
            field_dict["providerCode"] = provider_code
        if detail is not UNSET:
            field_dict["detail"] = detail

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        at = datetime.datetime.fromisoformat(d.pop("at"))

        status = check_status(d.pop("status"))

        provider = d.pop("provider", UNSET)

        provider_code = d.pop("providerCode", UNSET)

        detail = d.pop("detail", UNSET)

        event_out = cls(
            at=at,
            status=status,
            provider=provider,
            provider_code=provider_code,
            detail=detail,
        )

        event_out.additional_properties = d
        return event_out

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
