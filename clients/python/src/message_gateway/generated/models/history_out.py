from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.call_message_out import CallMessageOut
    from ..models.call_out import CallOut


T = TypeVar("T", bound="HistoryOut")


@_attrs_define
class HistoryOut:
    """What rules did.

    Attributes:
        calls (list[CallOut]): The calls, in the vendor's order.
        messages (list[CallMessageOut]): The messages, in the vendor's order.
        as_of (datetime.datetime): The vendor's log lags: what happened later may not be in it yet.
    """

    calls: list[CallOut]
    messages: list[CallMessageOut]
    as_of: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        calls = []
        for calls_item_data in self.calls:
            calls_item = calls_item_data.to_dict()
            calls.append(calls_item)

        messages = []
        for messages_item_data in self.messages:
            messages_item = messages_item_data.to_dict()
            messages.append(messages_item)

        as_of = self.as_of.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "calls": calls,
                "messages": messages,
                "asOf": as_of,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.call_message_out import CallMessageOut  # noqa: PLC0415
        from ..models.call_out import CallOut  # noqa: PLC0415

        d = dict(src_dict)
        calls = []
        _calls = d.pop("calls")
        for calls_item_data in _calls:
            calls_item = CallOut.from_dict(calls_item_data)

            calls.append(calls_item)

        messages = []
        _messages = d.pop("messages")
        for messages_item_data in _messages:
            messages_item = CallMessageOut.from_dict(messages_item_data)

            messages.append(messages_item)

        as_of = datetime.datetime.fromisoformat(d.pop("asOf"))

        history_out = cls(
            calls=calls,
            messages=messages,
            as_of=as_of,
        )

        history_out.additional_properties = d
        return history_out

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
