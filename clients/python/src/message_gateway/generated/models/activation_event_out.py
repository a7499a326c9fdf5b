from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.activation_event_out_type import ActivationEventOutType, check_activation_event_out_type

if TYPE_CHECKING:
    from ..models.activation_out import ActivationOut
    from ..models.forgotten_out import ForgottenOut


T = TypeVar("T", bound="ActivationEventOut")


@_attrs_define
class ActivationEventOut:
    """An event of the kind `activation.*`.

    Attributes:
        id (str): Names the event: the same at every try to tell it.
        type_ (ActivationEventOutType): What happened.
        timestamp (datetime.datetime): When it was recorded.
        data (ActivationOut | ForgottenOut): What it is about, as it was then, as far as that is kept; `final` is false
            where it went on since. Past its retention there are `id`, `status` and `final` only.
    """

    id: str
    type_: ActivationEventOutType
    timestamp: datetime.datetime
    data: ActivationOut | ForgottenOut
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.activation_out import ActivationOut  # noqa: PLC0415

        id = self.id

        type_: str = self.type_

        timestamp = self.timestamp.isoformat()

        data: dict[str, Any]
        if isinstance(self.data, ActivationOut):
            data = self.data.to_dict()
        else:
            data = self.data.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "type": type_,
                "timestamp": timestamp,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.activation_out import ActivationOut  # noqa: PLC0415
        from ..models.forgotten_out import ForgottenOut  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        type_ = check_activation_event_out_type(d.pop("type"))

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        def _parse_data(data: object) -> ActivationOut | ForgottenOut:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                data_type_0 = ActivationOut.from_dict(data)

                return data_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            data_type_1 = ForgottenOut.from_dict(data)

            return data_type_1

        data = _parse_data(d.pop("data"))

        activation_event_out = cls(
            id=id,
            type_=type_,
            timestamp=timestamp,
            data=data,
        )

        activation_event_out.additional_properties = d
        return activation_event_out

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
