"""Messages as a vendor knows them that is given no reference: who gets which words. And which messages those are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from gateway.model.ids import reference

KOREA = "+82"
SENDER = "0215441234"
"""Of messages that name none."""


class Letter(NamedTuple):
    """One receiver's part of a request."""

    to: str
    """As dialled in Korea."""
    text: str
    subject: str
    sender: str


class Letters:
    """Whose they are. Several messages may be one letter: nobody at the vendor can tell which of them it was given, so
    what it says of the letter is booked under the first."""

    def __init__(self) -> None:
        self._ids: dict[Letter, list[str]] = {}
        self._letters: dict[str, Letter] = {}

    def accepted(self, id_: str, content: dict[str, Any]) -> None:
        """A message to Korea is in Redis, with this content."""
        if content["to"].startswith(KOREA) and id_ not in self._letters:
            letter = Letter(
                "0" + content["to"].removeprefix(KOREA),
                content["text"],
                content.get("subject", ""),
                content.get("sender", SENDER).replace("-", ""),
            )
            self._letters[id_] = letter
            ids = self._ids.setdefault(letter, [])
            ids += [id_] * (id_ not in ids)

    def reworded(self, id_: str, content: dict[str, Any]) -> None:
        """It was changed: from now on it is another letter. (One that others are too is never changed.)"""
        old = self._letters.pop(id_, None)
        self.accepted(id_, content)
        if old is not None and old != self._letters[id_]:
            self._ids[old].remove(id_)

    def reference(self, letter: Letter) -> str | None:
        """By what the books name it; None: nobody asked for it."""
        ids = self._ids.get(letter)
        return reference(ids[0], 0) if ids else None

    def alike(self, id_: str) -> list[str]:
        """The messages that are one letter with this one, itself among them, as they were accepted; also those that a
        restored Redis forgot. None for a message that is no letter."""
        return self._ids.get(self._letters[id_], []) if id_ in self._letters else []

    def to(self, id_: str) -> str:
        """The receiver's number as the vendor knows it; "" for a message that is no letter."""
        return self._letters[id_].to if id_ in self._letters else ""

    def head(self, id_: str) -> str:
        """The message under which its letter is booked."""
        return next(iter(self.alike(id_)), id_)

    def shared(self) -> Iterator[list[str]]:
        """Messages of which a vendor cannot tell which is which."""
        return (ids for ids in self._ids.values() if len(ids) > 1)
