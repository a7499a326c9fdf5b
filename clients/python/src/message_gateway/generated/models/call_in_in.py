from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define

from ..models.call_in_in_lines import CallInInLines, check_call_in_in_lines
from ..types import UNSET, Unset

T = TypeVar("T", bound="CallInIn")


@_attrs_define
class CallInIn:
    """The number's owner calls a number of the vendor's.

    Attributes:
        method (Literal['call_in']): The number's owner calls.
        number (str): E.164, or national in the gateway's region.
        valid_minutes (int): Minutes that it stays possible.
        text (str | None): Sent to the number as a message, by the same vendor. A landline takes none.
        lines (CallInInLines | None): What kind of number may be verified; default: what `number` is.
        client_tag (str | None): Unique among the client's verifications: the same tag is the same verification.
        provider (str | None): Pins one provider; default: the first that you may use and that is able.
    """

    method: Literal["call_in"]
    number: str
    valid_minutes: int
    text: str | None = None
    lines: CallInInLines | None = None
    client_tag: str | None = None
    provider: str | None = None

    def to_dict(self) -> dict[str, Any]:
        method = self.method

        number = self.number

        valid_minutes = self.valid_minutes

        text = self.text

        lines: str | None = None
        if not isinstance(self.lines, Unset):
            lines = self.lines

        client_tag = self.client_tag

        provider = self.provider

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "method": method,
                "number": number,
                "validMinutes": valid_minutes,
            }
        )
        if text is not UNSET:
            field_dict["text"] = text
        if lines is not UNSET:
            field_dict["lines"] = lines
        if client_tag is not UNSET:
            field_dict["clientTag"] = client_tag
        if provider is not UNSET:
            field_dict["provider"] = provider

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        method = cast(Literal["call_in"], d.pop("method"))
        if method != "call_in":
            raise ValueError(f"method must match const 'call_in', got '{method}'")

        number = d.pop("number")

        valid_minutes = d.pop("validMinutes")

        text = d.pop("text", UNSET)

        _lines = d.pop("lines", UNSET)
        lines: CallInInLines | None
        if isinstance(_lines, Unset):
            lines = None
        else:
            lines = check_call_in_in_lines(_lines)

        client_tag = d.pop("clientTag", UNSET)

        provider = d.pop("provider", UNSET)

        call_in_in = cls(
            method=method,
            number=number,
            valid_minutes=valid_minutes,
            text=text,
            lines=lines,
            client_tag=client_tag,
            provider=provider,
        )

        return call_in_in
