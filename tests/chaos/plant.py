"""Bugs planted to prove the simulator: each breaks one rule that keeps the promises, and must be found.

Each is a context manager to play cases in; `BUGS` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from unittest import mock

from gateway.store import messages
from tests.chaos.clockwork import timeless

BUGS: dict[str, Callable[[], AbstractContextManager[None]]] = {}


def bug(make: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
    BUGS[make.__name__] = contextmanager(make)
    return make


@contextmanager
def script(name: str, *changes: tuple[str, str], module: ModuleType = messages) -> Iterator[None]:
    """The script that `module` runs by that name, changed."""
    with mock.patch.object(module, name, timeless(getattr(module, name), *changes)):
        yield
