from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET

T = TypeVar("T", bound="CallOutIn")


@_attrs_define
class CallOutIn:
    """The vendor calls the number, and reads out a code.

    Attributes:
        method (Literal['call_out']): The number's owner is called, and told a code.
        number (str): E.164, or national in the gateway's region.
        valid_minutes (int): Minutes that it stays possible.
        rings (int): How often it rings, at most.
        client_tag (str | None): Unique among the client's verifications: the same tag is the same verification.
        provider (str | None): Pins one provider; default: the first that you may use and that is able.
    """

    method: Literal["call_out"]
    number: str
    valid_minutes: int
    rings: int
    client_tag: str | None = None
    provider: str | None = None

    def to_dict(self) -> dict[str, Any]:
        method = self.method

        number = self.number

        valid_minutes = self.valid_minutes

        rings = self.rings

        client_tag = self.client_tag

        provider = self.provider

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "method": method,
                "number": number,
                "validMinutes": valid_minutes,
                "rings": rings,
            }
        )
        if client_tag is not UNSET:
            field_dict["clientTag"] = client_tag
        if provider is not UNSET:
            field_dict["provider"] = provider

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        method = cast(Literal["call_out"], d.pop("method"))
        if method != "call_out":
            raise ValueError(f"method must match const 'call_out', got '{method}'")

        number = d.pop("number")

        valid_minutes = d.pop("validMinutes")

        rings = d.pop("rings")

        client_tag = d.pop("clientTag", UNSET)

        provider = d.pop("provider", UNSET)

        call_out_in = cls(
            method=method,
            number=number,
            valid_minutes=valid_minutes,
            rings=rings,
            client_tag=client_tag,
            provider=provider,
        )

        return call_out_in
