"""How much room there is: for Redis in memory, for the embedded one's files on the disk and for its socket's name.

A Redis without a bound is ended by the system when memory runs out, and one with `appendfsync always` ends itself
when its disk is full. Both are seen coming here, while what was accepted can still be sent and settled.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

FULL = 0.85
"""Share of Redis's memory beyond which nothing more is accepted: what was accepted grows while it is sent."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the disk, or at Redis's memory, at least."""
REWRITE_FROM = 64 << 20
"""Bytes of the append-only file below which it is not rewritten (Redis's own default)."""
RESERVE = 32 << 20
"""Bytes of the disk that stay free beyond what the next rewrite needs. Accepting at its fastest writes 14 MB a second
(20,000 messages of 720 bytes, measured): twice what can come between two looks."""
SOCKET_PATH_BYTES = 103  # on macOS; Linux has four more


def default_memory(root: Path = Path("/")) -> int:
    """Bytes the embedded Redis may use where the configuration does not say: half of the machine's memory, or of the
    control group's where that is less.

    While it rewrites its file, the system copies what changes meanwhile: all of it at worst. With nothing accepted
    beyond 85% that is another 42% of the whole, and the rest is the gateway's own.
    """
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min((physical, *_group_limits(root))) // 2


def _group_limits(root: Path) -> Iterator[int]:
    """What this process's control groups and those above them allow, in version 2 and in version 1, in bytes."""
    with suppress(OSError):  # none on this system
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            top = root / ("sys/fs/cgroup/memory" if controllers else "sys/fs/cgroup")
            group = top / path.lstrip("/")
            # In a container the path may be the host's, which is not there; the top then is the container's own.
            for folder in (group, *group.parents[: len(group.parts) - len(top.parts)]):
                with suppress(OSError, ValueError):  # not there, or "max"
                    file = "memory.limit_in_bytes" if controllers else "memory.max"
                    yield int((folder / file).read_text())


class Room:
    """Whether new messages fit. `folder`: where the embedded Redis keeps its files; None: Redis is elsewhere, and its
    disk cannot be seen. `free` tells the bytes free there."""

    def __init__(self, folder: Path | None = None, free: Callable[[Path], int] | None = None) -> None:
        self._folder = folder
        self._ask = free or (lambda folder: shutil.disk_usage(folder).free)
        self._asked_at = float("-inf")
        self._free: int | None = None

    def lack(self, info: Mapping[str, str]) -> str:
        """Why nothing new may be accepted, for people; "" where it may. `info`: what Redis tells of its memory and
        persistence."""
        most, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
        if most and used > FULL * most:
            return f"Redis uses {_mib(used)} of its {_mib(most)}."
        free, needed = self._free_bytes(), needed_on_disk(info)
        if free is not None and free < needed:
            return f"The disk of {self._folder} has {_mib(free)} left, and Redis may need {_mib(needed)}."
        return ""

    def _free_bytes(self) -> int | None:
        if self._folder is not None and time.monotonic() - self._asked_at > LOOK_EVERY:
            self._asked_at = time.monotonic()
            try:
                self._free = self._ask(self._folder)
            except OSError:
                self._free = None  # unknown is not full: Redis itself will tell
        return self._free


def needed_on_disk(info: Mapping[str, str]) -> int:
    """Bytes to be free for Redis to write on until its append-only file has been rewritten, which gives back more.

    The file grows until it has doubled since the last rewrite. The rewritten one stands beside it for a while; it is
    never larger than the memory in use (about half of it, measured), and the difference is for what is written
    meanwhile.
    """
    size, base = int(info.get("aof_current_size", 0)), int(info.get("aof_base_size", 0))
    growth = max(2 * base, REWRITE_FROM) - size
    return max(growth, 0) + int(info.get("used_memory", 0)) + RESERVE


def sweep(data_dir: Path) -> None:
    """Removes what rewrites cut short by the server's death left behind: each may be as large as the data. For who
    holds the server's lock: nobody writes there then."""
    for left in (*data_dir.glob("temp-rewriteaof-*.aof"), *data_dir.glob("temp-*.rdb")):
        left.unlink(missing_ok=True)


def fields(info: bytes) -> dict[str, str]:
    """What INFO says, by name."""
    lines = (line.partition(":") for line in info.decode().splitlines() if ":" in line)
    return {name: value for name, _, value in lines}


def socket_path(data_dir: Path) -> Path:
    """In `data_dir`; where that is too long for a socket, in a folder of its own in the system's temporary one."""
    direct = data_dir / "redis.sock"
    if len(os.fsencode(direct)) <= SOCKET_PATH_BYTES:
        return direct
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"gateway-{name}", "redis.sock")


def _mib(number: int) -> str:
    return f"{number >> 20:,} MiB"
