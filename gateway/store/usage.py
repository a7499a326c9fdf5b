"""What a client's messages of a month came to. The scripts keep the counts (`messages`, key `Lu:<client>:<month>`)."""

from __future__ import annotations

from collections import defaultdict

from gateway.store.session import Session

Counts = dict[tuple[str, str], dict[str, int]]
"""By provider and carrier ("" where unknown): messages by status. None is 0."""


class MonthlyCounts:
    def __init__(self, store: Session) -> None:
        self._store = store

    async def read(self, client: str, month: int) -> Counts:
        """`month`: like 202611, in which the messages were accepted. Raises `StoreUnavailable`."""
        lane = await self._store.known_lane(client)
        if lane is None:
            return {}
        flat = await self._store.in_lane(lane, "HGETALL", f"{{{lane}}}u:{client}:{month}")
        found: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for name, value in zip(flat[::2], flat[1::2], strict=True):
            provider, carrier, status = name.decode().split("|")
            # Under nothing: a message of a version that did not count them, which changed since.
            if (count := int(value)) > 0:
                found[provider, carrier][status] = count
        return dict(found)
