from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.activation_status import ActivationStatus, check_activation_status
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.reason_out import ReasonOut


T = TypeVar("T", bound="ActivationOut")


@_attrs_define
class ActivationOut:
    """One firing of a rule.

    Attributes:
        id (str): Names the activation.
        rule (str): The rule's name in the configuration.
        provider (str): The provider that has the rule.
        status (ActivationStatus): Whether the rule went off.
        final (bool): It stays as it is.
        activation_id (None | str): The vendor's name for it; null until its notification brings it.
        requested_at (datetime.datetime): When it was asked for.
        client_tag (str | None): As it was asked for.
        reason (ReasonOut | None): Why a message did not arrive.
    """

    id: str
    rule: str
    provider: str
    status: ActivationStatus
    final: bool
    activation_id: None | str
    requested_at: datetime.datetime
    client_tag: str | None = None
    reason: ReasonOut | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        rule = self.rule

        provider = self.provider

        status: str = self.status

        final = self.final

        activation_id: None | str
        activation_id = self.activation_id

        requested_at = self.requested_at.isoformat()

        client_tag = self.client_tag

        reason: dict[str, Any] | None = None
        if not isinstance(self.reason, Unset):
            reason = self.reason.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "rule": rule,
                "provider": provider,
                "status": status,
                "final": final,
                "activationId": activation_id,
                "requestedAt": requested_at,
            }
        )
        if client_tag is not UNSET:
            field_dict["clientTag"] = client_tag
        if reason is not UNSET:
            field_dict["reason"] = reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.reason_out import ReasonOut  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        rule = d.pop("rule")

        provider = d.pop("provider")

        status = check_activation_status(d.pop("status"))

        final = d.pop("final")

        def _parse_activation_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        activation_id = _parse_activation_id(d.pop("activationId"))

        requested_at = datetime.datetime.fromisoformat(d.pop("requestedAt"))

        client_tag = d.pop("clientTag", UNSET)

        _reason = d.pop("reason", UNSET)
        reason: ReasonOut | None
        if isinstance(_reason, Unset):
            reason = None
        else:
            reason = ReasonOut.from_dict(_reason)

        activation_out = cls(
            id=id,
            rule=rule,
            provider=provider,
            status=status,
            final=final,
            activation_id=activation_id,
            requested_at=requested_at,
            client_tag=client_tag,
            reason=reason,
        )

        activation_out.additional_properties = d
        return activation_out

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
