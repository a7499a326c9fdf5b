from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.failed_cancel_out import FailedCancelOut


T = TypeVar("T", bound="ReservationsCanceledOut")


@_attrs_define
class ReservationsCanceledOut:
    """What became of those that fit.

    Attributes:
        canceled (int): So many were canceled by this request.
        failed (list[FailedCancelOut]): Those that fit and were not canceled, each with the reason.
    """

    canceled: int
    failed: list[FailedCancelOut]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        canceled = self.canceled

        failed = []
        for failed_item_data in self.failed:
            failed_item = failed_item_data.to_dict()
            failed.append(failed_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "canceled": canceled,
                "failed": failed,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.failed_cancel_out import FailedCancelOut  # noqa: PLC0415

        d = dict(src_dict)
        canceled = d.pop("canceled")

        failed = []
        _failed = d.pop("failed")
        for failed_item_data in _failed:
            failed_item = FailedCancelOut.from_dict(failed_item_data)

            failed.append(failed_item)

        reservations_canceled_out = cls(
            canceled=canceled,
            failed=failed,
        )

        reservations_canceled_out.additional_properties = d
        return reservations_canceled_out

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
