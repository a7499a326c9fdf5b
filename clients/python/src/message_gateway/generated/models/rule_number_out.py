from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="RuleNumberOut")


@_attrs_define
class RuleNumberOut:
    """A number in a rule's list.

    Attributes:
        number (str): E.164, or as the vendor has it, where that is no number of its country.
        group (int): The group it is called in, from 1.
        enabled (bool): Whether it is called.
        country (str): ISO 3166; `id:N` for one whose number at the vendor, N, is not known by a name.
    """

    number: str
    group: int
    enabled: bool
    country: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        group = self.group

        enabled = self.enabled

        country = self.country

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "number": number,
                "group": group,
                "enabled": enabled,
                "country": country,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        number = d.pop("number")

        group = d.pop("group")

        enabled = d.pop("enabled")

        country = d.pop("country")

        rule_number_out = cls(
            number=number,
            group=group,
            enabled=enabled,
            country=country,
        )

        rule_number_out.additional_properties = d
        return rule_number_out

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
