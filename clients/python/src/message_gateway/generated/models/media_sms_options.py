from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET

T = TypeVar("T", bound="MediaSMSOptions")


@_attrs_define
class MediaSMSOptions:
    """`options.mediasms` of a message.

    Attributes:
        text_au (str | None): In place of `text` for handsets of au (the vendor's `smstext2`), where the account has
            the option for long texts. Up to 670 characters there, else 140 bytes in Shift_JIS; not together with a
            `template`.
    """

    text_au: str | None = None

    def to_dict(self) -> dict[str, Any]:
        text_au = self.text_au

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if text_au is not UNSET:
            field_dict["textAu"] = text_au

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        text_au = d.pop("textAu", UNSET)

        media_sms_options = cls(
            text_au=text_au,
        )

        return media_sms_options
