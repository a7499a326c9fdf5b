from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ListedTemplateOut")


@_attrs_define
class ListedTemplateOut:
    """A text with holes.

    Attributes:
        provider (None | str): The provider whose vendor keeps it; null: it is in the gateway's configuration.
        id (str): For `template.id` of a message.
        content (str): The text, its holes spelled as it is kept.
        parameters (list[str]): The names of its holes: what `template.values` has to give.
    """

    provider: None | str
    id: str
    content: str
    parameters: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        provider: None | str
        provider = self.provider

        id = self.id

        content = self.content

        parameters = self.parameters

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "provider": provider,
                "id": id,
                "content": content,
                "parameters": parameters,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_provider(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        provider = _parse_provider(d.pop("provider"))

        id = d.pop("id")

        content = d.pop("content")

        parameters = cast(list[str], d.pop("parameters"))

        listed_template_out = cls(
            provider=provider,
            id=id,
            content=content,
            parameters=parameters,
        )

        listed_template_out.additional_properties = d
        return listed_template_out

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
