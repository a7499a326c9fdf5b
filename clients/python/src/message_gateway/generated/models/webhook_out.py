from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.last_result_out import LastResultOut


T = TypeVar("T", bound="WebhookOut")


@_attrs_define
class WebhookOut:
    """An endpoint, and how far it was told.

    Attributes:
        name (str): The endpoint's name in the configuration.
        client (str): Whose events it is told of.
        endpoint (str): Its URL.
        events (list[str]): Of which types.
        enabled (bool): False after it answered 410: it is left alone until somebody enables it.
        backlog (int): Events that it was not told of yet, those of other types among them.
        disabled_at (datetime.datetime | None): Since when it is left alone.
        oldest_age_seconds (int | None): How long ago the oldest of them happened.
        last_result (LastResultOut | None): What came of the last try.
    """

    name: str
    client: str
    endpoint: str
    events: list[str]
    enabled: bool
    backlog: int
    disabled_at: datetime.datetime | None = None
    oldest_age_seconds: int | None = None
    last_result: LastResultOut | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        client = self.client

        endpoint = self.endpoint

        events = self.events

        enabled = self.enabled

        backlog = self.backlog

        disabled_at: str | None = None
        if not isinstance(self.disabled_at, Unset):
            disabled_at = self.disabled_at.isoformat()

        oldest_age_seconds = self.oldest_age_seconds

        last_result: dict[str, Any] | None = None
        if not isinstance(self.last_result, Unset):
            last_result = self.last_result.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "client": client,
                "endpoint": endpoint,
                "events": events,
                "enabled": enabled,
                "backlog": backlog,
            }
        )
        if disabled_at is not UNSET:
            field_dict["disabledAt"] = disabled_at
        if oldest_age_seconds is not UNSET:
            field_dict["oldestAgeSeconds"] = oldest_age_seconds
        if last_result is not UNSET:
            field_dict["lastResult"] = last_result

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.last_result_out import LastResultOut  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        client = d.pop("client")

        endpoint = d.pop("endpoint")

        events = cast(list[str], d.pop("events"))

        enabled = d.pop("enabled")

        backlog = d.pop("backlog")

        _disabled_at = d.pop("disabledAt", UNSET)
        disabled_at: datetime.datetime | None
        if isinstance(_disabled_at, Unset):
            disabled_at = None
        else:
            disabled_at = datetime.datetime.fromisoformat(_disabled_at)

        oldest_age_seconds = d.pop("oldestAgeSeconds", UNSET)

        _last_result = d.pop("lastResult", UNSET)
        last_result: LastResultOut | None
        if isinstance(_last_result, Unset):
            last_result = None
        else:
            last_result = LastResultOut.from_dict(_last_result)

        webhook_out = cls(
            name=name,
            client=client,
            endpoint=endpoint,
            events=events,
            enabled=enabled,
            backlog=backlog,
            disabled_at=disabled_at,
            oldest_age_seconds=oldest_age_seconds,
            last_result=last_result,
        )

        webhook_out.additional_properties = d
        return webhook_out

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
