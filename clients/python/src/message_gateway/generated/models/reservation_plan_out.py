from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.reservation_plan_out_held_by import ReservationPlanOutHeldBy, check_reservation_plan_out_held_by

T = TypeVar("T", bound="ReservationPlanOut")


@_attrs_define
class ReservationPlanOut:
    """How a message with `sendAt` would be kept.

    Attributes:
        held_by (ReservationPlanOutHeldBy): Who would keep it.
        cancelable_until (datetime.datetime | None): The last moment to cancel it; null: its holder lets go of none.
    """

    held_by: ReservationPlanOutHeldBy
    cancelable_until: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        held_by: str = self.held_by

        cancelable_until: None | str
        if isinstance(self.cancelable_until, datetime.datetime):
            cancelable_until = self.cancelable_until.isoformat()
        else:
            cancelable_until = self.cancelable_until

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "heldBy": held_by,
                "cancelableUntil": cancelable_until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        held_by = check_reservation_plan_out_held_by(d.pop("heldBy"))

        def _parse_cancelable_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                cancelable_until_type_0 = datetime.datetime.fromisoformat(data)

                return cancelable_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        cancelable_until = _parse_cancelable_until(d.pop("cancelableUntil"))

        reservation_plan_out = cls(
            held_by=held_by,
            cancelable_until=cancelable_until,
        )

        reservation_plan_out.additional_properties = d
        return reservation_plan_out

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
