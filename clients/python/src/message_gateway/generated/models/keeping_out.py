from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="KeepingOut")


@_attrs_define
class KeepingOut:
    """How a vendor keeps messages until their time.

    Attributes:
        seconds_ahead (int): It has to have a message so many seconds before its time, at least.
        whole_seconds (int): Its times are multiples of so many seconds: 60 where it knows minutes only.
        cancelable (bool): What it keeps can be canceled, and it can be asked whether it still does.
    """

    seconds_ahead: int
    whole_seconds: int
    cancelable: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        seconds_ahead = self.seconds_ahead

        whole_seconds = self.whole_seconds

        cancelable = self.cancelable

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "secondsAhead": seconds_ahead,
                "wholeSeconds": whole_seconds,
                "cancelable": cancelable,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        seconds_ahead = d.pop("secondsAhead")

        whole_seconds = d.pop("wholeSeconds")

        cancelable = d.pop("cancelable")

        keeping_out = cls(
            seconds_ahead=seconds_ahead,
            whole_seconds=whole_seconds,
            cancelable=cancelable,
        )

        keeping_out.additional_properties = d
        return keeping_out

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
