from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import Pairs

if TYPE_CHECKING:
    from ..models.segments_out import SegmentsOut


T = TypeVar("T", bound="ExplainOutSegments")


@_attrs_define
class ExplainOutSegments(Pairs["SegmentsOut"]):
    """How long the text is for each provider that can carry it, by the provider's name."""

    additional_properties: dict[str, SegmentsOut] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:

        field_dict: dict[str, Any] = {}
        for prop_name, prop in self.additional_properties.items():
            field_dict[prop_name] = prop.to_dict()

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.segments_out import SegmentsOut  # noqa: PLC0415

        d = dict(src_dict)
        explain_out_segments = cls()

        additional_properties = {}
        for prop_name, prop_dict in d.items():
            additional_property = SegmentsOut.from_dict(prop_dict)

            additional_properties[prop_name] = additional_property

        explain_out_segments.additional_properties = additional_properties
        return explain_out_segments

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> SegmentsOut:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: SegmentsOut) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: object) -> bool:
        return key in self.additional_properties
