"""From pages to what is on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from .errors import UnexpectedAnswerError

T = TypeVar("T")
Item_co = TypeVar("Item_co", covariant=True)


class Page(Protocol[Item_co]):
    """Part of a list. It may be short, or empty, and still have a next one."""

    @property
    def items(self) -> Sequence[Item_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


def pages(read: Callable[[str | None], Page[T]], start: str | None = None) -> Iterator[T]:
    """Everything from all pages, each read when it is come to."""
    cursor = start
    while True:
        page = read(cursor)
        yield from page.items
        if not page.next_cursor:
            return
        cursor = _onward(cursor, page.next_cursor)


async def async_pages(read: Callable[[str | None], Awaitable[Page[T]]], start: str | None = None) -> AsyncIterator[T]:
    """The same for asyncio."""
    cursor = start
    while True:
        page = await read(cursor)
        for item in page.items:
            yield item
        if not page.next_cursor:
            return
        cursor = _onward(cursor, page.next_cursor)


def _onward(cursor: str | None, following: str) -> str:
    if following == cursor:
        raise UnexpectedAnswerError("the list does not end: a page names itself as the next one")
    return following
