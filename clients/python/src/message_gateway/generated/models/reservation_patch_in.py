from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ReservationPatchIn")


@_attrs_define
class ReservationPatchIn:
    """What is to change: at least one of the two.

    Attributes:
        send_at (datetime.datetime | None): Another time; at most 90 days ahead.
        text (str | None): Another text, in place of the text or the template it has.
    """

    send_at: datetime.datetime | None = None
    text: str | None = None

    def to_dict(self) -> dict[str, Any]:
        send_at: str | None = None
        if not isinstance(self.send_at, Unset):
            send_at = self.send_at.isoformat()

        text = self.text

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if send_at is not UNSET:
            field_dict["sendAt"] = send_at
        if text is not UNSET:
            field_dict["text"] = text

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        _send_at = d.pop("sendAt", UNSET)
        send_at: datetime.datetime | None
        if isinstance(_send_at, Unset):
            send_at = None
        else:
            send_at = datetime.datetime.fromisoformat(_send_at)

        text = d.pop("text", UNSET)

        reservation_patch_in = cls(
            send_at=send_at,
            text=text,
        )

        return reservation_patch_in
