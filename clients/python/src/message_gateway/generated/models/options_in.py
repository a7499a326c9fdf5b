from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.media_sms_options import MediaSMSOptions


T = TypeVar("T", bound="OptionsIn")


@_attrs_define
class OptionsIn:
    """Options that only one type of vendor knows. Those of other types than the message's provider are ignored.

    Attributes:
        mediasms (MediaSMSOptions | None): `options.mediasms` of a message.
    """

    mediasms: MediaSMSOptions | None = None

    def to_dict(self) -> dict[str, Any]:
        mediasms: dict[str, Any] | None = None
        if not isinstance(self.mediasms, Unset):
            mediasms = self.mediasms.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if mediasms is not UNSET:
            field_dict["mediasms"] = mediasms

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.media_sms_options import MediaSMSOptions  # noqa: PLC0415

        d = dict(src_dict)
        _mediasms = d.pop("mediasms", UNSET)
        mediasms: MediaSMSOptions | None
        if isinstance(_mediasms, Unset):
            mediasms = None
        else:
            mediasms = MediaSMSOptions.from_dict(_mediasms)

        options_in = cls(
            mediasms=mediasms,
        )

        return options_in
