from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ShortUrlOut")


@_attrs_define
class ShortUrlOut:
    """A short URL a vendor made.

    Attributes:
        short_url (str): The short URL.
        name (str): What the vendor's console calls it.
        provider (str): The provider that made it.
    """

    short_url: str
    name: str
    provider: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        short_url = self.short_url

        name = self.name

        provider = self.provider

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "shortUrl": short_url,
                "name": name,
                "provider": provider,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        short_url = d.pop("shortUrl")

        name = d.pop("name")

        provider = d.pop("provider")

        short_url_out = cls(
            short_url=short_url,
            name=name,
            provider=provider,
        )

        short_url_out.additional_properties = d
        return short_url_out

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
