from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET

T = TypeVar("T", bound="SmsCodeIn")


@_attrs_define
class SmsCodeIn:
    """A message with a code goes to the number.

    Attributes:
        method (Literal['sms_code']): A code goes to the number in a message.
        number (str): E.164, or national in the gateway's region.
        text (str): With `{code}` in the place of the code, once or several times.
        valid_minutes (int): Minutes that it stays possible.
        length (int | None): Digits of the code; default 6.
        client_tag (str | None): Unique among the client's verifications: the same tag is the same verification.
        provider (str | None): Pins one provider; default: as the routes say, as for any message.
    """

    method: Literal["sms_code"]
    number: str
    text: str
    valid_minutes: int
    length: int | None = None
    client_tag: str | None = None
    provider: str | None = None

    def to_dict(self) -> dict[str, Any]:
        method = self.method

        number = self.number

        text = self.text

        valid_minutes = self.valid_minutes

        length = self.length

        client_tag = self.client_tag

        provider = self.provider

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "method": method,
                "number": number,
                "text": text,
                "validMinutes": valid_minutes,
            }
        )
        if length is not UNSET:
            field_dict["length"] = length
        if client_tag is not UNSET:
            field_dict["clientTag"] = client_tag
        if provider is not UNSET:
            field_dict["provider"] = provider

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        method = cast(Literal["sms_code"], d.pop("method"))
        if method != "sms_code":
            raise ValueError(f"method must match const 'sms_code', got '{method}'")

        number = d.pop("number")

        text = d.pop("text")

        valid_minutes = d.pop("validMinutes")

        length = d.pop("length", UNSET)

        client_tag = d.pop("clientTag", UNSET)

        provider = d.pop("provider", UNSET)

        sms_code_in = cls(
            method=method,
            number=number,
            text=text,
            valid_minutes=valid_minutes,
            length=length,
            client_tag=client_tag,
            provider=provider,
        )

        return sms_code_in
