"""Whether Redis keeps what it is told: reachable, persistent, not evicting, with memory to spare."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gateway.errors import StoreUnavailable
from gateway.store import room
from gateway.store.messages import Store

MINIMUM = (7, 0)


class StoreHealth(msgspec.Struct, frozen=True, rename="camel"):
    """What a look at Redis found. `survives`: what an accepted message outlives; "unknown" is never "safe"."""

    reachable: bool
    detail: str
    survives: Literal["power_loss", "process_death", "nothing", "unknown"] = "unknown"
    eviction: Literal["off", "on", "unknown"] = "unknown"
    version: str = ""
    used_memory: int = 0
    max_memory: int = 0
    """0: no bound."""

    @property
    def ready(self) -> bool:
        """What is accepted is kept: nothing that is known speaks against it. A full store is ready all the same (its
        `detail` says that it is full): receipts and repeats come in by the same door."""
        return self.reachable and self.survives != "nothing" and self.eviction != "on"


class Health:
    """Asks Redis for its settings; a server that refuses to tell is reported as unknown."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def look(self) -> StoreHealth:
        if self._store.forgot:
            await self._store.recheck()
        if self._store.forgot:
            detail = f"Redis lost writes it had confirmed ({self._store.forgot}). Check what it holds now, then run:"
            return StoreHealth(False, f"{detail} gateway store adopt")
        try:
            info = room.fields(await self._store.briefly("{g}", "INFO"))
            settings = {
                name: await self._setting(name) for name in ("appendonly", "appendfsync", "maxmemory-policy", "save")
            }
        except StoreUnavailable as error:
            return StoreHealth(False, f"Redis does not answer: {error}")
        return _judge(info, settings, self._store.room.lack(info))

    async def _setting(self, name: str) -> str | None:
        """A setting's value, None where the server does not tell (CONFIG may be forbidden or renamed)."""
        answer = await self._store.optional("{g}", "CONFIG", "GET", name)
        return answer[1].decode() if answer else None


def _judge(info: dict[str, str], settings: dict[str, str | None], lack: str) -> StoreHealth:
    survives: Literal["power_loss", "process_death", "nothing", "unknown"]
    said: list[str] = []
    append, fsync = settings["appendonly"], settings["appendfsync"]
    if info.get("aof_enabled") == "1" or append == "yes":
        if fsync == "always":
            survives = "power_loss"
        elif fsync is None:
            survives = "unknown"
            said.append("Redis does not tell how often it syncs (CONFIG GET is refused).")
        else:
            survives = "process_death"
            lost = "the last second" if fsync == "everysec" else "all that the system had not written yet"
            said.append(
                f"With appendfsync {fsync} a power loss may cost {lost}: accepted messages are gone, and what was sent "
                "then may be sent again."
            )
    elif append is None and "aof_enabled" not in info:
        survives = "unknown"
        said.append("Redis does not tell whether it persists (CONFIG GET is refused).")
    else:
        survives = "nothing"
        said.append("Redis keeps no append-only file: set appendonly yes, appendfsync always.")
    if info.get("aof_last_write_status", "ok") != "ok":
        survives = "nothing"
        said.append("Redis failed to write its append-only file: look at its disk.")
    if info.get("aof_last_bgrewrite_status", "ok") != "ok":
        said.append("Redis failed to rewrite its append-only file, which now only grows: look at its log and its disk.")
    if lack:
        said.append(f"{lack} New messages are refused as overloaded; what was accepted is sent and settled.")
    if info.get("maxmemory") == "0":
        said.append("Redis has no maxmemory: nothing is refused before the system ends it for want of memory. Set one.")
    policy = settings["maxmemory-policy"] or info.get("maxmemory_policy")
    eviction: Literal["off", "on", "unknown"] = "unknown"
    if policy is not None:
        eviction = "off" if policy == "noeviction" else "on"
    if eviction == "on":
        said.append(f"Redis may evict records: set maxmemory-policy noeviction (it is {policy}).")
    elif eviction == "unknown":
        said.append("Redis does not tell its eviction policy.")
    version = info.get("valkey_version") or info.get("redis_version", "")
    if _number(version) < MINIMUM:
        said.append(f"Version {version} is older than 7.0 and not supported.")
    return StoreHealth(
        True,
        " ".join(said) or "Redis is persistent and does not evict.",
        survives,
        eviction,
        version,
        int(info.get("used_memory", 0)),
        int(info.get("maxmemory", 0)),
    )


def _number(version: str) -> tuple[int, ...]:
    parts: list[Any] = version.split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())
