from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.capabilities_out_verification_item import (
    CapabilitiesOutVerificationItem,
    check_capabilities_out_verification_item,
)
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.keeping_out import KeepingOut


T = TypeVar("T", bound="CapabilitiesOut")


@_attrs_define
class CapabilitiesOut:
    """What a vendor can be asked to do. What is false here is refused before anything is sent.

    Attributes:
        messages (bool): It sends text messages.
        delivery_reports (bool): It pushes what became of a message.
        status_query (bool): It can be asked what became of a message.
        carriers (list[str]): Carriers it has an id for; another `carrier` hint is dropped.
        subject (bool): Messages may have a `subject`.
        sender (bool): Messages may name their sender in `from`.
        countries (list[str]): Countries it delivers to (ISO 3166); empty: everywhere.
        templates (bool): It can send texts that are kept at the vendor.
        short_urls (bool): It makes short URLs.
        balance (bool): It tells what is left on the account.
        usage (bool): It tells what it bills for a month.
        verification (list[CapabilitiesOutVerificationItem]): How it verifies numbers. `owner`: it knows whether a
            number changed its owner. `call_in`: it takes a call from the number. `call_out`: it calls the number and reads
            out a code. A code sent as a text message (`sms_code`) needs `messages` and nothing else, and is not listed.
        rules (bool): It has rules: call trees that are kept at the vendor and set off from here.
        reservations (KeepingOut | None): How a vendor keeps messages until their time.
    """

    messages: bool
    delivery_reports: bool
    status_query: bool
    carriers: list[str]
    subject: bool
    sender: bool
    countries: list[str]
    templates: bool
    short_urls: bool
    balance: bool
    usage: bool
    verification: list[CapabilitiesOutVerificationItem]
    rules: bool
    reservations: KeepingOut | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        messages = self.messages

        delivery_reports = self.delivery_reports

        status_query = self.status_query

        carriers = self.carriers

        subject = self.subject

        sender = self.sender

        countries = self.countries

        templates = self.templates

        short_urls = self.short_urls

        balance = self.balance

        usage = self.usage

        verification = []
        for verification_item_data in self.verification:
            verification_item: str = verification_item_data
            verification.append(verification_item)

        rules = self.rules

        reservations: dict[str, Any] | None = None
        if not isinstance(self.reservations, Unset):
            reservations = self.reservations.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "messages": messages,
                "deliveryReports": delivery_reports,
                "statusQuery": status_query,
                "carriers": carriers,
                "subject": subject,
                "sender": sender,
                "countries": countries,
                "templates": templates,
                "shortUrls": short_urls,
                "balance": balance,
                "usage": usage,
                "verification": verification,
                "rules": rules,
            }
        )
        if reservations is not UNSET:
            field_dict["reservations"] = reservations

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.keeping_out import KeepingOut  # noqa: PLC0415

        d = dict(src_dict)
        messages = d.pop("messages")

        delivery_reports = d.pop("deliveryReports")

        status_query = d.pop("statusQuery")

        carriers = cast(list[str], d.pop("carriers"))

        subject = d.pop("subject")

        sender = d.pop("sender")

        countries = cast(list[str], d.pop("countries"))

        templates = d.pop("templates")

        short_urls = d.pop("shortUrls")

        balance = d.pop("balance")

        usage = d.pop("usage")

        verification = []
        _verification = d.pop("verification")
        for verification_item_data in _verification:
            verification_item = check_capabilities_out_verification_item(verification_item_data)

            verification.append(verification_item)

        rules = d.pop("rules")

        _reservations = d.pop("reservations", UNSET)
        reservations: KeepingOut | None
        if isinstance(_reservations, Unset):
            reservations = None
        else:
            reservations = KeepingOut.from_dict(_reservations)

        capabilities_out = cls(
            messages=messages,
            delivery_reports=delivery_reports,
            status_query=status_query,
            carriers=carriers,
            subject=subject,
            sender=sender,
            countries=countries,
            templates=templates,
            short_urls=short_urls,
            balance=balance,
            usage=usage,
            verification=verification,
            rules=rules,
            reservations=reservations,
        )

        capabilities_out.additional_properties = d
        return capabilities_out

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
