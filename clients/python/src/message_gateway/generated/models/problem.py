from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.code import Code, check_code
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.pointer import Pointer
    from ..models.store_health import StoreHealth


T = TypeVar("T", bound="Problem")


@_attrs_define
class Problem:
    """An error (RFC 9457).

    Attributes:
        type_ (str): The page that explains it, relative to the gateway.
        title (str): The kind of problem, in words.
        status (int): The HTTP status.
        detail (str): What to change, for people.
        instance (str): The request id; also in `X-Request-Id`.
        code (Code): What went wrong, for programs.
        retryable (bool): The same request may succeed later.
        errors (list[Pointer] | None): Each place in the request that is wrong.
        message_id (str | None): The message, verification or activation it is about.
        provider (str | None): The provider it is about.
        provider_code (str | None): The vendor's own code, as it sent it.
        provider_message (str | None): The vendor's own words.
        store (StoreHealth | None): What the gateway found at its Redis.
    """

    type_: str
    title: str
    status: int
    detail: str
    instance: str
    code: Code
    retryable: bool
    errors: list[Pointer] | None = None
    message_id: str | None = None
    provider: str | None = None
    provider_code: str | None = None
    provider_message: str | None = None
    store: StoreHealth | None = None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        title = self.title

        status = self.status

        detail = self.detail

        instance = self.instance

        code: str = self.code

        retryable = self.retryable

        errors: list[dict[str, Any]] | None = None
        if not isinstance(self.errors, Unset):
            errors = []
            for errors_item_data in self.errors:
                errors_item = errors_item_data.to_dict()
                errors.append(errors_item)

        message_id = self.message_id

        provider = self.provider

        provider_code = self.provider_code

        provider_message = self.provider_message

        store: dict[str, Any] | None = None
        if not isinstance(self.store, Unset):
            store = self.store.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "title": title,
                "status": status,
                "detail": detail,
                "instance": instance,
                "code": code,
                "retryable": retryable,
            }
        )
        if errors is not UNSET:
            field_dict["errors"] = errors
        if message_id is not UNSET:
            field_dict["messageId"] = message_id
        if provider is not UNSET:
            field_dict["provider"] = provider
        if provider_code is not UNSET:
            field_dict["providerCode"] = provider_code
        if provider_message is not UNSET:
            field_dict["providerMessage"] = provider_message
        if store is not UNSET:
            field_dict["store"] = store

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.pointer import Pointer  # noqa: PLC0415
        from ..models.store_health import StoreHealth  # noqa: PLC0415

        d = dict(src_dict)
        type_ = d.pop("type")

        title = d.pop("title")

        status = d.pop("status")

        detail = d.pop("detail")

        instance = d.pop("instance")

        code = check_code(d.pop("code"))

        retryable = d.pop("retryable")

        _errors = d.pop("errors", UNSET)
        errors: list[Pointer] | None = None
        if _errors is not UNSET:
            errors = []
            for errors_item_data in _errors:
                errors_item = Pointer.from_dict(errors_item_data)

                errors.append(errors_item)

        message_id = d.pop("messageId", UNSET)

        provider = d.pop("provider", UNSET)

        provider_code = d.pop("providerCode", UNSET)

        provider_message = d.pop("providerMessage", UNSET)

        _store = d.pop("store", UNSET)
        store: StoreHealth | None
        if isinstance(_store, Unset):
            store = None
        else:
            store = StoreHealth.from_dict(_store)

        problem = cls(
            type_=type_,
            title=title,
            status=status,
            detail=detail,
            instance=instance,
            code=code,
            retryable=retryable,
            errors=errors,
            message_id=message_id,
            provider=provider,
            provider_code=provider_code,
            provider_message=provider_message,
            store=store,
        )

        problem.additional_properties = d
        return problem

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
