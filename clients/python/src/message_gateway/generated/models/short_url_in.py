from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET

T = TypeVar("T", bound="ShortUrlIn")


@_attrs_define
class ShortUrlIn:
    """A URL to shorten.

    Attributes:
        long_url (str): Where the short URL leads: http or https, and whatever is not ASCII percent-encoded.
        name (str | None): What the vendor's console calls it; default: the vendor makes a name up.
        domain (str | None): A domain of your own, where the vendor account has one; default: the vendor's.
        provider (str | None): Pins one provider; default: the first that you may use and that makes short URLs.
    """

    long_url: str
    name: str | None = None
    domain: str | None = None
    provider: str | None = None

    def to_dict(self) -> dict[str, Any]:
        long_url = self.long_url

        name = self.name

        domain = self.domain

        provider = self.provider

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "longUrl": long_url,
            }
        )
        if name is not UNSET:
            field_dict["name"] = name
        if domain is not UNSET:
            field_dict["domain"] = domain
        if provider is not UNSET:
            field_dict["provider"] = provider

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        long_url = d.pop("longUrl")

        name = d.pop("name", UNSET)

        domain = d.pop("domain", UNSET)

        provider = d.pop("provider", UNSET)

        short_url_in = cls(
            long_url=long_url,
            name=name,
            domain=domain,
            provider=provider,
        )

        return short_url_in
