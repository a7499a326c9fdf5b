from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.provider_out_guarantee import ProviderOutGuarantee, check_provider_out_guarantee
from ..models.provider_out_health import ProviderOutHealth, check_provider_out_health
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.callback_url_out import CallbackUrlOut
    from ..models.capabilities_out import CapabilitiesOut
    from ..models.limits_out import LimitsOut
    from ..models.queue_depth_out import QueueDepthOut


T = TypeVar("T", bound="ProviderOut")


@_attrs_define
class ProviderOut:
    """A configured vendor account, and how it stands.

    Attributes:
        name (str): The provider's name in the configuration.
        type_ (str): The kind of vendor.
        capabilities (CapabilitiesOut): What a vendor can be asked to do. What is false here is refused before anything
            is sent.
        guarantee (ProviderOutGuarantee): What a lost answer means. `deduplicated`: the vendor refuses a second message
            under the same reference, so it is sent again. `queryable`: the vendor is asked whether it has it. `blind`:
            nobody can know, and the message is `uncertain`.
        limits (LimitsOut): How much a vendor takes. What is over is refused, or waits.
        health (ProviderOutHealth): `closed`: it takes requests. `open`: not now, it failed too often. `half_open`: one,
            to see. `paused`: an operator stopped it.
        queue_depth (QueueDepthOut): Messages that wait for a provider, of all clients.
        detail (str | None): For people: why, and what to do; left out where it takes requests.
        callback_urls (list[CallbackUrlOut] | None): Where the vendor is to push; register them there. Only with the
            scope `admin`; paths, where the configuration has no `public_url`; none, where the provider has no
            `callback_secret`.
    """

    name: str
    type_: str
    capabilities: CapabilitiesOut
    guarantee: ProviderOutGuarantee
    limits: LimitsOut
    health: ProviderOutHealth
    queue_depth: QueueDepthOut
    detail: str | None = None
    callback_urls: list[CallbackUrlOut] | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        type_ = self.type_

        capabilities = self.capabilities.to_dict()

        guarantee: str = self.guarantee

        limits = self.limits.to_dict()

        health: str = self.health

        queue_depth = self.queue_depth.to_dict()

        detail = self.detail

        callback_urls: list[dict[str, Any]] | None = None
        if not isinstance(self.callback_urls, Unset):
            callback_urls = []
            for callback_urls_item_data in self.callback_urls:
                callback_urls_item = callback_urls_item_data.to_dict()
                callback_urls.append(callback_urls_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "type": type_,
                "capabilities": capabilities,
                "guarantee": guarantee,
                "limits": limits,
                "health": health,
                "queueDepth": queue_depth,
            }
        )
        if detail is not UNSET:
            field_dict["detail"] = detail
        if callback_urls is not UNSET:
            field_dict["callbackUrls"] = callback_urls

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.callback_url_out import CallbackUrlOut  # noqa: PLC0415
        from ..models.capabilities_out import CapabilitiesOut  # noqa: PLC0415
        from ..models.limits_out import LimitsOut  # noqa: PLC0415
        from ..models.queue_depth_out import QueueDepthOut  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        type_ = d.pop("type")

        capabilities = CapabilitiesOut.from_dict(d.pop("capabilities"))

        guarantee = check_provider_out_guarantee(d.pop("guarantee"))

        limits = LimitsOut.from_dict(d.pop("limits"))

        health = check_provider_out_health(d.pop("health"))

        queue_depth = QueueDepthOut.from_dict(d.pop("queueDepth"))

        detail = d.pop("detail", UNSET)

        _callback_urls = d.pop("callbackUrls", UNSET)
        callback_urls: list[CallbackUrlOut] | None = None
        if _callback_urls is not UNSET:
            callback_urls = []
            for callback_urls_item_data in _callback_urls:
                callback_urls_item = CallbackUrlOut.from_dict(callback_urls_item_data)

                callback_urls.append(callback_urls_item)

        provider_out = cls(
            name=name,
            type_=type_,
            capabilities=capabilities,
            guarantee=guarantee,
            limits=limits,
            health=health,
            queue_depth=queue_depth,
            detail=detail,
            callback_urls=callback_urls,
        )

        provider_out.additional_properties = d
        return provider_out

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
