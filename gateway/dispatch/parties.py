"""Messages that leave in one request: who may travel with whom, and how long the first waits for the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from gateway.model.message import Record, together
from gateway.model.outcome import Divided, Refused, SendOutcome

QUIET = 0.05
"""Seconds without another message after which nobody else is waited for."""
LONGEST = 1.0
"""Seconds the first message waits for others, at most."""


def parties(records: Iterable[Record], receivers: int) -> list[list[Record]]:
    """Messages of equal wording, at most so many receivers in each party and none twice; none in a larger party than
    the vendor may take it in."""
    found: list[list[Record]] = []
    for record in records:
        for party in found:
            first = party[0]
            if (
                len(party) < min(receivers, *(each.state.party or receivers for each in (first, record)))
                and together(first.state, first.content) == together(record.state, record.content)
                and all(each.content.to != record.content.to for each in party)
            ):
                party.append(record)
                break
        else:
            found.append([record])
    return found


def divided(outcome: SendOutcome, party: list[Record]) -> SendOutcome:
    """What a party's outcome means for each of it: a refusal that may be about another one is none yet."""
    if len(party) > 1 and isinstance(outcome, Refused) and outcome.divisible:
        return Divided(-(-len(party) // 2), outcome.provider_code, f"refused together with others: {outcome.detail}")
    return outcome


class Gathering:
    """One provider's, in one process: says how many requests to make now. Full ones at once, others when no more
    messages come."""

    def __init__(self, receivers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._receivers = receivers
        self.patient = receivers > 1
        """Messages wait for each other at all."""
        self._clock = clock
        self._depth = 0
        self._changed = self._since = clock()

    def ready(self, depth: int) -> int:
        """`depth`: messages that wait. 0: look again soon."""
        now = self._clock()
        if not self.patient or not depth:
            self._depth = 0
            return depth
        if not self._depth or depth < self._depth:  # some left, with us or with another process: the rest waits anew
            self._since = now
        if depth != self._depth:
            self._depth, self._changed = depth, now
        if now - self._changed < QUIET and now - self._since < LONGEST:
            return depth // self._receivers
        self._depth = 0
        return depth
