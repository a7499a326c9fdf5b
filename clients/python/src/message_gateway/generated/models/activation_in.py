from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET

T = TypeVar("T", bound="ActivationIn")


@_attrs_define
class ActivationIn:
    """A rule to set off.

    Attributes:
        rule (str): The rule's name in the configuration.
        client_tag (str | None): Unique among the client's activations: the same tag sets nothing off again.
    """

    rule: str
    client_tag: str | None = None

    def to_dict(self) -> dict[str, Any]:
        rule = self.rule

        client_tag = self.client_tag

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "rule": rule,
            }
        )
        if client_tag is not UNSET:
            field_dict["clientTag"] = client_tag

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        rule = d.pop("rule")

        client_tag = d.pop("clientTag", UNSET)

        activation_in = cls(
            rule=rule,
            client_tag=client_tag,
        )

        return activation_in
