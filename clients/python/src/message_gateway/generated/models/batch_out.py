from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.batch_out_counts import BatchOutCounts


T = TypeVar("T", bound="BatchOut")


@_attrs_define
class BatchOut:
    """A batch, and where its messages stand.

    Attributes:
        batch_id (str): Names the batch.
        total (int): Messages that were accepted with it.
        counts (BatchOutCounts): How many of them are in which status; statuses of none are left out, and so are
            messages past their retention.
        created_at (datetime.datetime): When the batch was first asked for.
    """

    batch_id: str
    total: int
    counts: BatchOutCounts
    created_at: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        batch_id = self.batch_id

        total = self.total

        counts = self.counts.to_dict()

        created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "batchId": batch_id,
                "total": total,
                "counts": counts,
                "createdAt": created_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.batch_out_counts import BatchOutCounts  # noqa: PLC0415

        d = dict(src_dict)
        batch_id = d.pop("batchId")

        total = d.pop("total")

        counts = BatchOutCounts.from_dict(d.pop("counts"))

        created_at = datetime.datetime.fromisoformat(d.pop("createdAt"))

        batch_out = cls(
            batch_id=batch_id,
            total=total,
            counts=counts,
            created_at=created_at,
        )

        batch_out.additional_properties = d
        return batch_out

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
