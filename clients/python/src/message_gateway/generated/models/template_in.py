from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.template_in_values import TemplateInValues


T = TypeVar("T", bound="TemplateIn")


@_attrs_define
class TemplateIn:
    """A text with holes, and what goes into each of them. The operator's configuration is looked through first, then the
    templates kept at the vendors this message may go to.

        Attributes:
            id (str): The template's name in the configuration, or its id at the vendor; see `GET /templates`.
            values (TemplateInValues | None): A text for every hole, and for nothing else.
    """

    id: str
    values: TemplateInValues | None = None

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        values: dict[str, Any] | None = None
        if not isinstance(self.values, Unset):
            values = self.values.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
            }
        )
        if values is not UNSET:
            field_dict["values"] = values

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.template_in_values import TemplateInValues  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        _values = d.pop("values", UNSET)
        values: TemplateInValues | None
        if isinstance(_values, Unset):
            values = None
        else:
            values = TemplateInValues.from_dict(_values)

        template_in = cls(
            id=id,
            values=values,
        )

        return template_in
