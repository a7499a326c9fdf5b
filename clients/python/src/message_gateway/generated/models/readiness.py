from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.readiness_providers import ReadinessProviders
    from ..models.store_health import StoreHealth


T = TypeVar("T", bound="Readiness")


@_attrs_define
class Readiness:
    """Whether messages can be accepted now, and what was found.

    Attributes:
        status (Literal['ok']): Always `ok`; where messages cannot be accepted, the answer is a problem.
        store (StoreHealth): What the gateway found at its Redis.
        providers (ReadinessProviders): How the vendors stand, by the provider's name.
    """

    status: Literal["ok"]
    store: StoreHealth
    providers: ReadinessProviders
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        status = self.status

        store = self.store.to_dict()

        providers = self.providers.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status": status,
                "store": store,
                "providers": providers,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.readiness_providers import ReadinessProviders  # noqa: PLC0415
        from ..models.store_health import StoreHealth  # noqa: PLC0415

        d = dict(src_dict)
        status = cast(Literal["ok"], d.pop("status"))
        if status != "ok":
            raise ValueError(f"status must match const 'ok', got '{status}'")

        store = StoreHealth.from_dict(d.pop("store"))

        providers = ReadinessProviders.from_dict(d.pop("providers"))

        readiness = cls(
            status=status,
            store=store,
            providers=providers,
        )

        readiness.additional_properties = d
        return readiness

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
