"""How far Redis had come when a process last looked, kept on this machine's disk.

A Redis restored from a backup, or a replica promoted too early, looks healthy from inside: only what lies outside can
tell that it went back. A machine that starts without this memory cannot.
"""

from __future__ import annotations

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


class Witness:
    """Files in `folder`, one for each process; `name` is ours. Without a folder nothing is remembered."""

    def __init__(self, folder: Path | None, name: str) -> None:
        self._folder = folder
        self._name = name
        self._told = False

    def remembered(self) -> dict[str, Position]:
        """The furthest position of each lane that any process of this machine has seen."""
        furthest: dict[str, Position] = {}
        for path in self._folder.glob("*.json") if self._folder else ():
            try:
                seen = msgspec.json.decode(path.read_bytes(), type=dict[str, Position])
            except (OSError, msgspec.MsgspecError):
                continue
            for lane, position in seen.items():
                furthest[lane] = max(position, furthest.get(lane, position))
        return furthest

    def remember(self, positions: dict[str, Position]) -> None:
        """Replaces what this process had written; atomically."""
        if self._folder is None:
            return
        path = self._folder / f"{self._name}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".tmp")
            draft.write_bytes(msgspec.json.encode(positions))
            draft.replace(path)
        except OSError as error:
            # What was remembered before stays, and says less than it could.
            if not self._told:
                log.warning("not remembered how far Redis had come", reason=str(error))
            self._told = True
