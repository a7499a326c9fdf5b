from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.problem import Problem


T = TypeVar("T", bound="BalanceOut")


@_attrs_define
class BalanceOut:
    """What is left on a vendor account, or why nobody can say.

    Attributes:
        provider (str): The provider's name in the configuration.
        amount (int | None): What is left.
        currency (str | None): ISO 4217; left out until the vendor was asked once.
        unit (str | None): What one of `amount` is; left out until the vendor was asked once.
        checked_at (datetime.datetime | None): When the vendor said so: now, or earlier where it cannot be asked now.
        problem (Problem | None): An error (RFC 9457).
    """

    provider: str
    amount: int | None = None
    currency: str | None = None
    unit: str | None = None
    checked_at: datetime.datetime | None = None
    problem: Problem | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        provider = self.provider

        amount = self.amount

        currency = self.currency

        unit = self.unit

        checked_at: str | None = None
        if not isinstance(self.checked_at, Unset):
            checked_at = self.checked_at.isoformat()

        problem: dict[str, Any] | None = None
        if not isinstance(self.problem, Unset):
            problem = self.problem.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "provider": provider,
            }
        )
        if amount is not UNSET:
            field_dict["amount"] = amount
        if currency is not UNSET:
            field_dict["currency"] = currency
        if unit is not UNSET:
            field_dict["unit"] = unit
        if checked_at is not UNSET:
            field_dict["checkedAt"] = checked_at
        if problem is not UNSET:
            field_dict["problem"] = problem

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.problem import Problem  # noqa: PLC0415

        d = dict(src_dict)
        provider = d.pop("provider")

        amount = d.pop("amount", UNSET)

        currency = d.pop("currency", UNSET)

        unit = d.pop("unit", UNSET)

        _checked_at = d.pop("checkedAt", UNSET)
        checked_at: datetime.datetime | None
        if isinstance(_checked_at, Unset):
            checked_at = None
        else:
            checked_at = datetime.datetime.fromisoformat(_checked_at)

        _problem = d.pop("problem", UNSET)
        problem: Problem | None
        if isinstance(_problem, Unset):
            problem = None
        else:
            problem = Problem.from_dict(_problem)

        balance_out = cls(
            provider=provider,
            amount=amount,
            currency=currency,
            unit=unit,
            checked_at=checked_at,
            problem=problem,
        )

        balance_out.additional_properties = d
        return balance_out

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
