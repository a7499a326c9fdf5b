from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.segments_out_encoding import SegmentsOutEncoding, check_segments_out_encoding

T = TypeVar("T", bound="SegmentsOut")


@_attrs_define
class SegmentsOut:
    """An estimate of the parts a text is cut into; what the vendor bills is `billedSegments`.

    Attributes:
        encoding (SegmentsOutEncoding): How the text is encoded on the air.
        characters (int): Characters in that encoding.
        count (int): Parts.
    """

    encoding: SegmentsOutEncoding
    characters: int
    count: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        encoding: str = self.encoding

        characters = self.characters

        count = self.count

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "encoding": encoding,
                "characters": characters,
                "count": count,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        encoding = check_segments_out_encoding(d.pop("encoding"))

        characters = d.pop("characters")

        count = d.pop("count")

        segments_out = cls(
            encoding=encoding,
            characters=characters,
            count=count,
        )

        segments_out.additional_properties = d
        return segments_out

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
