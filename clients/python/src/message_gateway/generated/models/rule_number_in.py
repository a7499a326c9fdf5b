from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET

T = TypeVar("T", bound="RuleNumberIn")


@_attrs_define
class RuleNumberIn:
    """A number that a rule is to have in its list.

    Attributes:
        number (str): E.164, or national in `country`.
        group (int | None): The group it is called in, from 1. Default: 1.
        enabled (bool | None): Whether it is called. Default: True.
        country (str | None): ISO 3166; default: that of an E.164 `number`, else the gateway's region. `id:N` for a
            country that the vendor knows by its number N, and its document does not name.
    """

    number: str
    group: int | None = 1
    enabled: bool | None = True
    country: str | None = None

    def to_dict(self) -> dict[str, Any]:
        number = self.number

        group = self.group

        enabled = self.enabled

        country = self.country

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "number": number,
            }
        )
        if group is not UNSET:
            field_dict["group"] = group
        if enabled is not UNSET:
            field_dict["enabled"] = enabled
        if country is not UNSET:
            field_dict["country"] = country

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        number = d.pop("number")

        group = d.pop("group", UNSET)

        enabled = d.pop("enabled", UNSET)

        country = d.pop("country", UNSET)

        rule_number_in = cls(
            number=number,
            group=group,
            enabled=enabled,
            country=country,
        )

        return rule_number_in
