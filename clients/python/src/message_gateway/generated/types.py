"""What the generated modules share."""

from collections.abc import Iterator, Mapping, MutableMapping
from http import HTTPStatus
from types import NoneType
from typing import Generic, TypeVar

from attrs import define

# What is left out is None, in requests and in answers: the gateway tells the two apart nowhere.
Unset = NoneType  # type: ignore[nonetype-type]
UNSET = None

T = TypeVar("T")


class Pairs(Mapping[str, T]):
    """A model whose keys are anybody's: read like a dictionary."""

    __slots__ = ()

    additional_properties: dict[str, T]

    def __getitem__(self, key: str) -> T:
        return self.additional_properties[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.additional_properties)

    def __len__(self) -> int:
        return len(self.additional_properties)


@define
class Response(Generic[T]):
    """An answer. Those that are problems are raised."""

    status_code: HTTPStatus
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T


__all__ = ["UNSET", "Pairs", "Response", "Unset"]
