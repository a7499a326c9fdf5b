from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.usage_out_counts import UsageOutCounts


T = TypeVar("T", bound="UsageOut")


@_attrs_define
class UsageOut:
    """A month with one provider, to one carrier's handsets.

    Attributes:
        provider (str): The provider the messages are with, or were last.
        carrier (None | str): The carrier, as the vendor named it; null: unknown.
        counts (UsageOutCounts): Your messages accepted in this month, by the status they have now; none is left out.
        billed (int | None): Parts the vendor bills for this carrier, for the whole vendor account; left out where it
            says nothing.
        billed_as_of (datetime.datetime | None): What was sent before is in `billed`.
    """

    provider: str
    carrier: None | str
    counts: UsageOutCounts
    billed: int | None = None
    billed_as_of: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        provider = self.provider

        carrier: None | str
        carrier = self.carrier

        counts = self.counts.to_dict()

        billed = self.billed

        billed_as_of: str | None = None
        if not isinstance(self.billed_as_of, Unset):
            billed_as_of = self.billed_as_of.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "provider": provider,
                "carrier": carrier,
                "counts": counts,
            }
        )
        if billed is not UNSET:
            field_dict["billed"] = billed
        if billed_as_of is not UNSET:
            field_dict["billedAsOf"] = billed_as_of

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.usage_out_counts import UsageOutCounts  # noqa: PLC0415

        d = dict(src_dict)
        provider = d.pop("provider")

        def _parse_carrier(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        carrier = _parse_carrier(d.pop("carrier"))

        counts = UsageOutCounts.from_dict(d.pop("counts"))

        billed = d.pop("billed", UNSET)

        _billed_as_of = d.pop("billedAsOf", UNSET)
        billed_as_of: datetime.datetime | None
        if isinstance(_billed_as_of, Unset):
            billed_as_of = None
        else:
            billed_as_of = datetime.datetime.fromisoformat(_billed_as_of)

        usage_out = cls(
            provider=provider,
            carrier=carrier,
            counts=counts,
            billed=billed,
            billed_as_of=billed_as_of,
        )

        usage_out.additional_properties = d
        return usage_out

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
