from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.webhook_event_out_data import WebhookEventOutData


T = TypeVar("T", bound="WebhookEventOut")


@_attrs_define
class WebhookEventOut:
    """A test event (`POST /webhooks/{name}/test`): only endpoints are told of it, no feed has it.

    Attributes:
        id (str): Names the event: the same at every try to tell it.
        type_ (Literal['webhook.test']): What happened.
        timestamp (datetime.datetime): When it was recorded.
        data (WebhookEventOutData): Nothing: it is about nothing.
    """

    id: str
    type_: Literal["webhook.test"]
    timestamp: datetime.datetime
    data: WebhookEventOutData
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        type_ = self.type_

        timestamp = self.timestamp.isoformat()

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
        from ..models.webhook_event_out_data import WebhookEventOutData  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        type_ = cast(Literal["webhook.test"], d.pop("type"))
        if type_ != "webhook.test":
            raise ValueError(f"type must match const 'webhook.test', got '{type_}'")

        timestamp = datetime.datetime.fromisoformat(d.pop("timestamp"))

        data = WebhookEventOutData.from_dict(d.pop("data"))

        webhook_event_out = cls(
            id=id,
            type_=type_,
            timestamp=timestamp,
            data=data,
        )

        webhook_event_out.additional_properties = d
        return webhook_event_out

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
