from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.rule_number_in import RuleNumberIn


T = TypeVar("T", bound="RuleNumbersIn")


@_attrs_define
class RuleNumbersIn:
    """The whole list of a rule.

    Attributes:
        numbers (list[RuleNumberIn]): All of them: who is not in it is not called any more.
    """

    numbers: list[RuleNumberIn]

    def to_dict(self) -> dict[str, Any]:
        numbers = []
        for numbers_item_data in self.numbers:
            numbers_item = numbers_item_data.to_dict()
            numbers.append(numbers_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "numbers": numbers,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.rule_number_in import RuleNumberIn  # noqa: PLC0415

        d = dict(src_dict)
        numbers = []
        _numbers = d.pop("numbers")
        for numbers_item_data in _numbers:
            numbers_item = RuleNumberIn.from_dict(numbers_item_data)

            numbers.append(numbers_item)

        rule_numbers_in = cls(
            numbers=numbers,
        )

        return rule_numbers_in
