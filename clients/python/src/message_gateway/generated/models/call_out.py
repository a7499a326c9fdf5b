from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CallOut")


@_attrs_define
class CallOut:
    """A call that a rule made.

    Attributes:
        to (str): The number, as the vendor has it.
        status (str): The vendor's word: `completed` (a call), `delivered` (a message), or another.
        pressed (int | None): The key that was pressed (the vendor's `response_no`); null where none was.
        memo (str): The vendor's note on it.
        rule (str): The rule's name; the vendor's id of it, where that is not configured.
        activation_id (str): The vendor's name for the activation that it belongs to.
        duration_seconds (int | None): How long it lasted.
        started_at (datetime.datetime | None): When it began.
        ended_at (datetime.datetime | None): When it ended.
    """

    to: str
    status: str
    pressed: int | None
    memo: str
    rule: str
    activation_id: str
    duration_seconds: int | None = None
    started_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        to = self.to

        status = self.status

        pressed: int | None
        pressed = self.pressed

        memo = self.memo

        rule = self.rule

        activation_id = self.activation_id

        duration_seconds = self.duration_seconds

        started_at: str | None = None
        if not isinstance(self.started_at, Unset):
            started_at = self.started_at.isoformat()

        ended_at: str | None = None
        if not isinstance(self.ended_at, Unset):
            ended_at = self.ended_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "to": to,
                "status": status,
                "pressed": pressed,
                "memo": memo,
                "rule": rule,
                "activationId": activation_id,
            }
        )
        if duration_seconds is not UNSET:
            field_dict["durationSeconds"] = duration_seconds
        if started_at is not UNSET:
            field_dict["startedAt"] = started_at
        if ended_at is not UNSET:
            field_dict["endedAt"] = ended_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        to = d.pop("to")

        status = d.pop("status")

        def _parse_pressed(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        pressed = _parse_pressed(d.pop("pressed"))

        memo = d.pop("memo")

        rule = d.pop("rule")

        activation_id = d.pop("activationId")

        duration_seconds = d.pop("durationSeconds", UNSET)

        _started_at = d.pop("startedAt", UNSET)
        started_at: datetime.datetime | None
        if isinstance(_started_at, Unset):
            started_at = None
        else:
            started_at = datetime.datetime.fromisoformat(_started_at)

        _ended_at = d.pop("endedAt", UNSET)
        ended_at: datetime.datetime | None
        if isinstance(_ended_at, Unset):
            ended_at = None
        else:
            ended_at = datetime.datetime.fromisoformat(_ended_at)

        call_out = cls(
            to=to,
            status=status,
            pressed=pressed,
            memo=memo,
            rule=rule,
            activation_id=activation_id,
            duration_seconds=duration_seconds,
            started_at=started_at,
            ended_at=ended_at,
        )

        call_out.additional_properties = d
        return call_out

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
