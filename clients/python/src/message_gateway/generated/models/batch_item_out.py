from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.message_out import MessageOut
    from ..models.problem import Problem


T = TypeVar("T", bound="BatchItemOut")


@_attrs_define
class BatchItemOut:
    """What became of one item: it has either `message` or `problem`.

    Attributes:
        index (int): The item's place in the request, from 0.
        message (MessageOut | None): A message and where it stands.
        problem (Problem | None): An error (RFC 9457).
    """

    index: int
    message: MessageOut | None = None
    problem: Problem | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        index = self.index

        message: dict[str, Any] | None = None
        if not isinstance(self.message, Unset):
            message = self.message.to_dict()

        problem: dict[str, Any] | None = None
        if not isinstance(self.problem, Unset):
            problem = self.problem.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "index": index,
            }
        )
        if message is not UNSET:
            field_dict["message"] = message
        if problem is not UNSET:
            field_dict["problem"] = problem

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.message_out import MessageOut  # noqa: PLC0415
        from ..models.problem import Problem  # noqa: PLC0415

        d = dict(src_dict)
        index = d.pop("index")

        _message = d.pop("message", UNSET)
        message: MessageOut | None
        if isinstance(_message, Unset):
            message = None
        else:
            message = MessageOut.from_dict(_message)

        _problem = d.pop("problem", UNSET)
        problem: Problem | None
        if isinstance(_problem, Unset):
            problem = None
        else:
            problem = Problem.from_dict(_problem)

        batch_item_out = cls(
            index=index,
            message=message,
            problem=problem,
        )

        batch_item_out.additional_properties = d
        return batch_item_out

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
