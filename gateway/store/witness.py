"""How far Redis had come when a process last looked, kept on this machine's disk.

A Redis restored from a backup, or a replica promoted too early, looks healthy from inside: only what lies outside can
tell that it went back. A machine that starts without this memory cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

log = structlog.get_logger()


class Position(NamedTuple):
    """Where a lane stood."""

    epoch: int
    """When an operator last adopted what Redis held, ms since 1970; 0: never."""
    seq: int
    """Scripts run in the lane."""
    boot: str
    """The run id of the server that said so."""


class Note(msgspec.Struct):
    """What one process wrote down."""

    positions: dict[str, Position]
    time: int


class Witness:
    """Files in `folder`, one for each process; `name` is ours. Without a folder nothing is remembered."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._folder = folder
        self._name = name
        self._told = False
        self._time = 0

    def remembered(self) -> dict[str, Position]:
        """The furthest position of each lane that any process of this machine has seen."""
        furthest: dict[str, Position] = {}
        for note in self._read():
            for lane, position in note.positions.items():
                furthest[lane] = max(position, furthest.get(lane, position))
        return furthest

    def _read(self) -> Iterator[Note]:
        for path in self._folder.glob("*.json") if self._folder else ():
            with suppress(OSError, msgspec.MsgspecError):  # gone, or half of it
                yield msgspec.json.decode(path.read_bytes(), type=Note)

    def latest(self) -> int:
        """The latest time of the store that any process of this machine has noted, ms since 1970."""
        return max((noted.time for noted in self._read()), default=0)

    def remember(self, positions: dict[str, Position], time: int) -> None:
        """Replaces what this process had written; atomically. `time`: the store's, ms since 1970."""
        if self._folder is None:
            return
        path = self._folder / f"{self._name}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".tmp")
            self._time = max(self._time, time)
            draft.write_bytes(msgspec.json.encode(Note(positions, self._time)))
            draft.replace(path)
        except OSError as error:
            # What was remembered before stays, and says less than it could.
            if not self._told:
                log.warning("not remembered how far Redis had come", reason=str(error))
            self._told = True
