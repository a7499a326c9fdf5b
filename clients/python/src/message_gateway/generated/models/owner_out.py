from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.owner_out_result import OwnerOutResult, check_owner_out_result

T = TypeVar("T", bound="OwnerOut")


@_attrs_define
class OwnerOut:
    """What the vendor says about a number's owner.

    Attributes:
        result (OwnerOutResult): `same_owner`, `changed_owner`, or `unknown`: the vendor has nothing about the number.
    """

    result: OwnerOutResult
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        result: str = self.result

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "result": result,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        result = check_owner_out_result(d.pop("result"))

        owner_out = cls(
            result=result,
        )

        owner_out.additional_properties = d
        return owner_out

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
