from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="CallMessageOut")


@_attrs_define
class CallMessageOut:
    """A message that a rule sent.

    Attributes:
        to (str): The number, as the vendor has it.
        status (str): The vendor's word: `completed` (a call), `delivered` (a message), or another.
        memo (str): The vendor's note on it.
        rule (str): The rule's name; the vendor's id of it, where that is not configured.
        activation_id (str): The vendor's name for the activation that it belongs to.
        created_at (datetime.datetime | None): When it was sent.
    """

    to: str
    status: str
    memo: str
    rule: str
    activation_id: str
    created_at: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        to = self.to

        status = self.status

        memo = self.memo

        rule = self.rule

        activation_id = self.activation_id

        created_at: str | None = None
        if not isinstance(self.created_at, Unset):
            created_at = self.created_at.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "to": to,
                "status": status,
                "memo": memo,
                "rule": rule,
                "activationId": activation_id,
            }
        )
        if created_at is not UNSET:
            field_dict["createdAt"] = created_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        to = d.pop("to")

        status = d.pop("status")

        memo = d.pop("memo")

        rule = d.pop("rule")

        activation_id = d.pop("activationId")

        _created_at = d.pop("createdAt", UNSET)
        created_at: datetime.datetime | None
        if isinstance(_created_at, Unset):
            created_at = None
        else:
            created_at = datetime.datetime.fromisoformat(_created_at)

        call_message_out = cls(
            to=to,
            status=status,
            memo=memo,
            rule=rule,
            activation_id=activation_id,
            created_at=created_at,
        )

        call_message_out.additional_properties = d
        return call_message_out

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
