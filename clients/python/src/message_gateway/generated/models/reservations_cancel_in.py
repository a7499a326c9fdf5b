from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ReservationsCancelIn")


@_attrs_define
class ReservationsCancelIn:
    """Which reservations: all that fit every condition given, of which `from` includes its moment, and `to` does not.
    Without any condition, `all` has to be `true`.

        Attributes:
            group_tag (str | None): Those of this group.
            from_ (datetime.datetime | None): Those due at or after this time.
            to (datetime.datetime | None): Those due before this time.
            all_ (bool | None): `true`: every one that fits the other conditions; needed where there are none.
    """

    group_tag: str | None = None
    from_: datetime.datetime | None = None
    to: datetime.datetime | None = None
    all_: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        group_tag = self.group_tag

        from_: str | None = None
        if not isinstance(self.from_, Unset):
            from_ = self.from_.isoformat()

        to: str | None = None
        if not isinstance(self.to, Unset):
            to = self.to.isoformat()

        all_ = self.all_

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if group_tag is not UNSET:
            field_dict["groupTag"] = group_tag
        if from_ is not UNSET:
            field_dict["from"] = from_
        if to is not UNSET:
            field_dict["to"] = to
        if all_ is not UNSET:
            field_dict["all"] = all_

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        group_tag = d.pop("groupTag", UNSET)

        _from_ = d.pop("from", UNSET)
        from_: datetime.datetime | None
        if isinstance(_from_, Unset):
            from_ = None
        else:
            from_ = datetime.datetime.fromisoformat(_from_)

        _to = d.pop("to", UNSET)
        to: datetime.datetime | None
        if isinstance(_to, Unset):
            to = None
        else:
            to = datetime.datetime.fromisoformat(_to)

        all_ = d.pop("all", UNSET)

        reservations_cancel_in = cls(
            group_tag=group_tag,
            from_=from_,
            to=to,
            all_=all_,
        )

        return reservations_cancel_in
