from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.activation_status import ActivationStatus, check_activation_status
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.call_message_out import CallMessageOut
    from ..models.call_out import CallOut
    from ..models.problem import Problem
    from ..models.reason_out import ReasonOut


T = TypeVar("T", bound="ActivationLogOut")


@_attrs_define
class ActivationLogOut:
    """One firing of a rule, and what the vendor's log has of it. What went off otherwise than by this API has no
    `id`.

        Attributes:
            rule (str): The rule's name in the configuration.
            provider (str): The provider that has the rule.
            activation_id (None | str): The vendor's name for it; null until its notification brings it.
            id (str | None): Left out of what was not set off through this API.
            status (ActivationStatus | None): Whether the rule went off.
            final (bool | None): It stays as it is.
            requested_at (datetime.datetime | None): When it was asked for.
            client_tag (str | None): As it was asked for.
            reason (ReasonOut | None): Why a message did not arrive.
            calls (list[CallOut] | None): The calls it made, as far as the vendor's log has them.
            messages (list[CallMessageOut] | None): The messages it sent, as far as the vendor's log has them.
            as_of (datetime.datetime | None): The vendor's log lags: what happened later may not be in it yet.
            problem (Problem | None): An error (RFC 9457).
    """

    rule: str
    provider: str
    activation_id: None | str
    id: str | None = None
    status: ActivationStatus | None = None
    final: bool | None = None
    requested_at: datetime.datetime | None = None
    client_tag: str | None = None
    reason: ReasonOut | None = None
    calls: list[CallOut] | None = None
    messages: list[CallMessageOut] | None = None
    as_of: datetime.datetime | None = None
    problem: Problem | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        rule = self.rule

        provider = self.provider

        activation_id: None | str
        activation_id = self.activation_id

        id = self.id

        status: str | None = None
        if not isinstance(self.status, Unset):
            status = self.status

        final = self.final

        requested_at: str | None = None
        if not isinstance(self.requested_at, Unset):
            requested_at = self.requested_at.isoformat()

        client_tag = self.client_tag

        reason: dict[str, Any] | None = None
        if not isinstance(self.reason, Unset):
            reason = self.reason.to_dict()

        calls: list[dict[str, Any]] | None = None
        if not isinstance(self.calls, Unset):
            calls = []
            for calls_item_data in self.calls:
                calls_item = calls_item_data.to_dict()
                calls.append(calls_item)

        messages: list[dict[str, Any]] | None = None
        if not isinstance(self.messages, Unset):
            messages = []
            for messages_item_data in self.messages:
                messages_item = messages_item_data.to_dict()
                messages.append(messages_item)

        as_of: str | None = None
        if not isinstance(self.as_of, Unset):
            as_of = self.as_of.isoformat()

        problem: dict[str, Any] | None = None
        if not isinstance(self.problem, Unset):
            problem = self.problem.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "rule": rule,
                "provider": provider,
                "activationId": activation_id,
            }
        )
        if id is not UNSET:
            field_dict["id"] = id
        if status is not UNSET:
            field_dict["status"] = status
        if final is not UNSET:
            field_dict["final"] = final
        if requested_at is not UNSET:
            field_dict["requestedAt"] = requested_at
        if client_tag is not UNSET:
            field_dict["clientTag"] = client_tag
        if reason is not UNSET:
            field_dict["reason"] = reason
        if calls is not UNSET:
            field_dict["calls"] = calls
        if messages is not UNSET:
            field_dict["messages"] = messages
        if as_of is not UNSET:
            field_dict["asOf"] = as_of
        if problem is not UNSET:
            field_dict["problem"] = problem

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.call_message_out import CallMessageOut  # noqa: PLC0415
        from ..models.call_out import CallOut  # noqa: PLC0415
        from ..models.problem import Problem  # noqa: PLC0415
        from ..models.reason_out import ReasonOut  # noqa: PLC0415

        d = dict(src_dict)
        rule = d.pop("rule")

        provider = d.pop("provider")

        def _parse_activation_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        activation_id = _parse_activation_id(d.pop("activationId"))

        id = d.pop("id", UNSET)

        _status = d.pop("status", UNSET)
        status: ActivationStatus | None
        if isinstance(_status, Unset):
            status = None
        else:
            status = check_activation_status(_status)

        final = d.pop("final", UNSET)

        _requested_at = d.pop("requestedAt", UNSET)
        requested_at: datetime.datetime | None
        if isinstance(_requested_at, Unset):
            requested_at = None
        else:
            requested_at = datetime.datetime.fromisoformat(_requested_at)

        client_tag = d.pop("clientTag", UNSET)

        _reason = d.pop("reason", UNSET)
        reason: ReasonOut | None
        if isinstance(_reason, Unset):
            reason = None
        else:
            reason = ReasonOut.from_dict(_reason)

        _calls = d.pop("calls", UNSET)
        calls: list[CallOut] | None = None
        if _calls is not UNSET:
            calls = []
            for calls_item_data in _calls:
                calls_item = CallOut.from_dict(calls_item_data)

                calls.append(calls_item)

        _messages = d.pop("messages", UNSET)
        messages: list[CallMessageOut] | None = None
        if _messages is not UNSET:
            messages = []
            for messages_item_data in _messages:
                messages_item = CallMessageOut.from_dict(messages_item_data)

                messages.append(messages_item)

        _as_of = d.pop("asOf", UNSET)
        as_of: datetime.datetime | None
        if isinstance(_as_of, Unset):
            as_of = None
        else:
            as_of = datetime.datetime.fromisoformat(_as_of)

        _problem = d.pop("problem", UNSET)
        problem: Problem | None
        if isinstance(_problem, Unset):
            problem = None
        else:
            problem = Problem.from_dict(_problem)

        activation_log_out = cls(
            rule=rule,
            provider=provider,
            activation_id=activation_id,
            id=id,
            status=status,
            final=final,
            requested_at=requested_at,
            client_tag=client_tag,
            reason=reason,
            calls=calls,
            messages=messages,
            as_of=as_of,
            problem=problem,
        )

        activation_log_out.additional_properties = d
        return activation_log_out

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
