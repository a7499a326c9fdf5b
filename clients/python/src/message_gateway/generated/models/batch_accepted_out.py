from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.batch_item_out import BatchItemOut


T = TypeVar("T", bound="BatchAcceptedOut")


@_attrs_define
class BatchAcceptedOut:
    """A batch, and what became of each of its items, in their order.

    Attributes:
        batch_id (str): Names the batch.
        items (list[BatchItemOut]): One for each item of the request, in its order.
    """

    batch_id: str
    items: list[BatchItemOut]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        batch_id = self.batch_id

        items = []
        for items_item_data in self.items:
            items_item = items_item_data.to_dict()
            items.append(items_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "batchId": batch_id,
                "items": items,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.batch_item_out import BatchItemOut  # noqa: PLC0415

        d = dict(src_dict)
        batch_id = d.pop("batchId")

        items = []
        _items = d.pop("items")
        for items_item_data in _items:
            items_item = BatchItemOut.from_dict(items_item_data)

            items.append(items_item)

        batch_accepted_out = cls(
            batch_id=batch_id,
            items=items,
        )

        batch_accepted_out.additional_properties = d
        return batch_accepted_out

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
