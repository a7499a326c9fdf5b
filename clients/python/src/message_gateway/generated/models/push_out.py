from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.pushed_field_out import PushedFieldOut


T = TypeVar("T", bound="PushOut")


@_attrs_define
class PushOut:
    """The push it stood in, without numbers, texts and codes.

    Attributes:
        size (int): Its length in bytes when it came: query, content type and body.
        fields (list[PushedFieldOut]): Those with known names, 100 at most, in their order; none where it cannot be
            read.
        others (int): How many more there are, whose names could be anything and are not shown.
        cut (bool): It was longer than the 8 KiB that are kept.
        code_dropped (bool): It told a code, which was not kept: it is matched by nothing later.
    """

    size: int
    fields: list[PushedFieldOut]
    others: int
    cut: bool
    code_dropped: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        size = self.size

        fields = []
        for fields_item_data in self.fields:
            fields_item = fields_item_data.to_dict()
            fields.append(fields_item)

        others = self.others

        cut = self.cut

        code_dropped = self.code_dropped

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "size": size,
                "fields": fields,
                "others": others,
                "cut": cut,
                "codeDropped": code_dropped,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.pushed_field_out import PushedFieldOut  # noqa: PLC0415

        d = dict(src_dict)
        size = d.pop("size")

        fields = []
        _fields = d.pop("fields")
        for fields_item_data in _fields:
            fields_item = PushedFieldOut.from_dict(fields_item_data)

            fields.append(fields_item)

        others = d.pop("others")

        cut = d.pop("cut")

        code_dropped = d.pop("codeDropped")

        push_out = cls(
            size=size,
            fields=fields,
            others=others,
            cut=cut,
            code_dropped=code_dropped,
        )

        push_out.additional_properties = d
        return push_out

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
