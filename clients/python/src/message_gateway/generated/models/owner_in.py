from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET

T = TypeVar("T", bound="OwnerIn")


@_attrs_define
class OwnerIn:
    """Whether a number still belongs to whom it belonged on a day.

    Attributes:
        method (Literal['owner']): A vendor's word about the number's owner.
        number (str): A mobile number: E.164, or national in the gateway's region.
        reference_date (str): `YYYY-MM-DD`, in the gateway's time zone: from two years ago to today.
        client_tag (str | None): Unique among the client's verifications: the same tag is answered the same.
        provider (str | None): Pins one provider; default: the first that you may use and that is able.
    """

    method: Literal["owner"]
    number: str
    reference_date: str
    client_tag: str | None = None
    provider: str | None = None

    def to_dict(self) -> dict[str, Any]:
        method = self.method

        number = self.number

        reference_date = self.reference_date

        client_tag = self.client_tag

        provider = self.provider

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "method": method,
                "number": number,
                "referenceDate": reference_date,
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
        method = cast(Literal["owner"], d.pop("method"))
        if method != "owner":
            raise ValueError(f"method must match const 'owner', got '{method}'")

        number = d.pop("number")

        reference_date = d.pop("referenceDate")

        client_tag = d.pop("clientTag", UNSET)

        provider = d.pop("provider", UNSET)

        owner_in = cls(
            method=method,
            number=number,
            reference_date=reference_date,
            client_tag=client_tag,
            provider=provider,
        )

        return owner_in
