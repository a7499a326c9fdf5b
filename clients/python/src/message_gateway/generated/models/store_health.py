from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.store_health_eviction import StoreHealthEviction, check_store_health_eviction
from ..models.store_health_survives import StoreHealthSurvives, check_store_health_survives

T = TypeVar("T", bound="StoreHealth")


@_attrs_define
class StoreHealth:
    """What the gateway found at its Redis.

    Attributes:
        reachable (bool): Redis answers and has forgotten nothing.
        detail (str): For people: what was found and what to do.
        survives (StoreHealthSurvives): What an accepted message outlives. `unknown` is never meant as safe.
        eviction (StoreHealthEviction): Whether Redis may drop records when memory is short.
        version (str): The server's version; empty where unknown.
        used_memory (int): Bytes in use.
        max_memory (int): Bytes allowed; 0: no bound.
    """

    reachable: bool
    detail: str
    survives: StoreHealthSurvives
    eviction: StoreHealthEviction
    version: str
    used_memory: int
    max_memory: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        reachable = self.reachable

        detail = self.detail

        survives: str = self.survives

        eviction: str = self.eviction

        version = self.version

        used_memory = self.used_memory

        max_memory = self.max_memory

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "reachable": reachable,
                "detail": detail,
                "survives": survives,
                "eviction": eviction,
                "version": version,
                "usedMemory": used_memory,
                "maxMemory": max_memory,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        reachable = d.pop("reachable")

        detail = d.pop("detail")

        survives = check_store_health_survives(d.pop("survives"))

        eviction = check_store_health_eviction(d.pop("eviction"))

        version = d.pop("version")

        used_memory = d.pop("usedMemory")

        max_memory = d.pop("maxMemory")

        store_health = cls(
            reachable=reachable,
            detail=detail,
            survives=survives,
            eviction=eviction,
            version=version,
            used_memory=used_memory,
            max_memory=max_memory,
        )

        store_health.additional_properties = d
        return store_health

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
