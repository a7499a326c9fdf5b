"""A client's reservations that wait for their time, here or at a vendor, in the order of that time."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.store.messages import Store
from gateway.store.scripts import ROSTER


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Of a reservation in the list: `send_at` in ms since 1970, and its id."""

    send_at: int
    id: str


class Roster:
    """Kept by the scripts that change messages; read here. Raises `StoreUnavailable`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def note(self, client: str, claim: str, ids: Sequence[str], lasts: int) -> None:
        """These are about to be canceled under the claim; kept `lasts` ms."""
        lane = await self._store.lane(client)
        key = f"{{{lane}}}c:{claim}"
        await self._store.must(key, "SADD", key, *ids)
        await self._store.must(key, "PEXPIRE", key, lasts)

    async def noted(self, client: str, claim: str) -> list[str]:
        """All that were to be canceled under the claim, by whatever request."""
        lane = await self._store.lane(client)
        return [id_.decode() for id_ in await self._store.in_lane(lane, "SMEMBERS", f"{{{lane}}}c:{claim}")]

    async def clients(self) -> list[str]:
        """All that ever sent anything."""
        names = await self._store.command("{g}", "HKEYS", "{g}")
        return [name[2:].decode() for name in names if name.startswith(b"c:")]

    async def page(
        self, client: str, begins: int | None, ends: int | None, number: int, after: Place | None = None
    ) -> list[Place]:
        """Up to `number` places, from `begins` to before `ends` (ms since 1970; None: all), after one where given: what
        was there all the time is neither skipped nor told twice, whatever comes and goes."""
        lane = await self._store.known_lane(client)
        if lane is None:
            return []
        [flat] = await self._store.script(
            ROSTER,
            lane,
            client,
            "-inf" if begins is None else begins,
            "+inf" if ends is None else ends,
            number,
            after.send_at if after else "",
            after.id if after else "",
        )
        return [Place(int(time), id_.decode()) for id_, time in zip(flat[::2], flat[1::2], strict=True)]
