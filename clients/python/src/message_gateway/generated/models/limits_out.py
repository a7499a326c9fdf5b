from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.limits_out_charset import LimitsOutCharset, check_limits_out_charset
from ..types import UNSET, Unset

T = TypeVar("T", bound="LimitsOut")


@_attrs_define
class LimitsOut:
    """How much a vendor takes. What is over is refused, or waits.

    Attributes:
        rate_per_second (float): Requests a second that it is sent at most, by all replicas of the gateway together.
        concurrency (int): Requests under way at once, at most, of all replicas together.
        receivers_per_request (int): Messages of equal content that leave in one request, at most.
        characters (int | None): Characters of a text, at most; left out where only bytes count, or nothing does.
        bytes_ (int | None): Bytes of a text in `charset`, at most.
        charset (LimitsOutCharset | None): In what the vendor measures texts; left out: in GSM-7 and UCS-2.
    """

    rate_per_second: float
    concurrency: int
    receivers_per_request: int
    characters: int | None = None
    bytes_: int | None = None
    charset: LimitsOutCharset | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        rate_per_second = self.rate_per_second

        concurrency = self.concurrency

        receivers_per_request = self.receivers_per_request

        characters = self.characters

        bytes_ = self.bytes_

        charset: str | None = None
        if not isinstance(self.charset, Unset):
            charset = self.charset

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "ratePerSecond": rate_per_second,
                "concurrency": concurrency,
                "receiversPerRequest": receivers_per_request,
            }
        )
        if characters is not UNSET:
            field_dict["characters"] = characters
        if bytes_ is not UNSET:
            field_dict["bytes"] = bytes_
        if charset is not UNSET:
            field_dict["charset"] = charset

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        rate_per_second = d.pop("ratePerSecond")

        concurrency = d.pop("concurrency")

        receivers_per_request = d.pop("receiversPerRequest")

        characters = d.pop("characters", UNSET)

        bytes_ = d.pop("bytes", UNSET)

        _charset = d.pop("charset", UNSET)
        charset: LimitsOutCharset | None
        if isinstance(_charset, Unset):
            charset = None
        else:
            charset = check_limits_out_charset(_charset)

        limits_out = cls(
            rate_per_second=rate_per_second,
            concurrency=concurrency,
            receivers_per_request=receivers_per_request,
            characters=characters,
            bytes_=bytes_,
            charset=charset,
        )

        limits_out.additional_properties = d
        return limits_out

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
