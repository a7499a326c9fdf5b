"""Messages that a vendor without references cannot tell apart: what it took is given to those it speaks for."""

from __future__ import annotations

from typing import Any

from gateway.model.message import State, Status
from tests.chaos.ledger import Account, Taken
from tests.chaos.letters import Letters

Takes = dict[str, list[tuple[Account, Taken]]]
ARRIVED = (Status.SUBMITTED, Status.DELIVERED, Status.UNDELIVERED)


def share_out(
    taken: Takes, records: dict[str, State], contents: dict[str, dict[str, Any]], letters: Letters, at_most: int
) -> None:
    """Messages that are one letter were booked under the first of them. Each gets what it would need to be true: one
    where it arrived, then one where it may have, or was forgotten; then up to `at_most` where the caller took the risk.
    What is left stays with the first: it is too much."""
    for ids in letters.shared():
        left = [each for each in taken.get(ids[0], []) if not each[0].named]
        taken[ids[0]] = [each for each in taken.get(ids[0], []) if each[0].named]

        def give(id_: str, left: list[tuple[Account, Taken]] = left) -> None:
            if left:
                taken.setdefault(id_, []).append(left.pop())

        arrived = [id_ for id_ in ids if id_ in records and records[id_].status in ARRIVED]
        unknown = [id_ for id_ in ids if id_ not in records or records[id_].status is Status.UNCERTAIN]
        for id_ in (*arrived, *unknown):
            if not taken.get(id_):
                give(id_)
        for id_ in (*arrived, *unknown):
            if contents.get(id_, {}).get("resend_blind"):
                for _ in range(at_most - 1):
                    give(id_)
        while left:
            give(ids[0])
        for id_ in ids:
            if not taken.get(id_, True):
                del taken[id_]
