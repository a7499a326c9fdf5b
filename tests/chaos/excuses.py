"""Why a message may end `uncertain`, or `expired`: each rule is one reason, and whatever none of them allows is a lie.

A rule is given all that is known of the message. The name of the one that holds is counted in the summary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.model.ids import reference
from gateway.model.lifecycle import MAX_STALLS
from gateway.model.message import State
from tests.chaos.ledger import Account, carries
from tests.chaos.process import MAX_QUEUE

if TYPE_CHECKING:
    from tests.chaos.world import World


class Facts(NamedTuple):
    """A message, and what happened to it."""

    id: str
    state: State
    account: Account
    """Where it was last."""
    lost: int
    """Answers about it that this vendor did not give, or gave so that they cannot be read."""
    refused: int
    """Refusals by this vendor."""
    struck: bool
    """Its holder died, hung, was cut off from Redis, or had its lease ended by a leap of the clock."""
    gone: bool
    """This provider was not configured for a while."""
    forgotten: bool
    """It was there when Redis was restored, or may have been: nobody knows what was done since the copy."""
    movable: bool
    """It may be carried by more than one provider."""
    elsewhere: bool
    """Another provider is configured that may carry it and has not refused it."""
    accounted: bool
    """Each time it was taken from its queue it was refused, and who was told so lives: nothing is in doubt."""

    @property
    def unsettled(self) -> bool:
        """What became of a try was never told, or whoever was told could not write it down in time."""
        return self.lost > 0 or self.struck

    @property
    def reference(self) -> str:
        return reference(self.id, self.state.generation)


Rule = Callable[[Facts], bool]


def facts(world: World, id_: str, state: State, content: dict[str, Any]) -> Facts:
    account = world.vendors.accounts[state.provider]
    pinned = content.get("pinned", False)
    able = {name for name, kind in world.shape.kinds.items() if carries(kind, content["to"])}

    def number(which: dict[str, int]) -> int:
        called = id_ if account.named else world.letters.head(id_)
        return sum(each for reference_, each in which.items() if reference_.startswith(called))

    adopted = world.adopted_at
    return Facts(
        id_,
        state,
        account,
        number(account.lost),
        number(account.refused),
        id_ in world.struck,
        state.provider in world.gone,
        adopted is not None and world.accepted.get(id_, 0.0) < adopted,
        not pinned and len(able) > 1,
        not pinned and bool(able & set(world.config) - {state.provider, *state.refused.split()}),
        adopted is None and len(world.letters.alike(id_)) < 2 and 0 < state.fence == _told(world, id_),
    )


def _told(world: World, id_: str) -> int:
    """Refusals whose hearers live."""
    return sum(
        not process.died
        for account in world.vendors.accounts.values()
        for reference_, processes in account.told_no.items()
        if reference_.startswith(id_)
        for process in processes
    )


UNCERTAIN: dict[str, Rule] = {
    # Nothing can be asked there: the answer to a try was lost, so nobody can know.
    "answer lost at a blind vendor": lambda it: it.account.blind and it.lost > 0,
    # The try may have left, or have been answered: whoever knew is gone, or came too late to say so.
    "holder stopped at a blind vendor": lambda it: it.account.blind and it.struck,
    # It counts as possibly sent since the copy; at a vendor that refuses duplicates it is sent again and settled.
    "redis forgot at a blind vendor": lambda it: it.account.blind and it.forgotten,
    # A provider that is not configured cannot be asked.
    "provider gone": lambda it: it.gone and (it.unsettled or it.forgotten),
    # It may have moved on since the copy, so it is not sent again but asked about, and the vendor lists nothing.
    "redis forgot where it was": lambda it: it.forgotten and it.movable and it.reference not in it.account.by_reference,
    # The vendor calls it a duplicate, for it remembers what it refused, and lists nothing.
    "duplicate never listed": lambda it: (
        not it.account.blind and it.reference in it.account.known and it.reference not in it.account.by_reference
    ),
    # Past its time it is not sent again but asked about, and the vendor lists nothing.
    "past its time": lambda it: (
        not it.account.blind and (it.unsettled or it.forgotten) and it.state.asked_since >= it.state.expires_at
    ),
    # When no vendor takes it to keep any more it is only asked about, and the vendor lists nothing.
    "past its handover": lambda it: (
        not it.account.blind and (it.unsettled or it.forgotten) and 0 < it.state.handover <= it.state.asked_since
    ),
    # One try is unsettled, a later one was refused: the first may have been taken, and the vendor lists nothing.
    "refused after a lost answer": lambda it: (
        not it.account.blind and (it.unsettled or it.forgotten) and it.refused > 0
    ),
    # Whoever takes it dies: it is not sent any more but asked about, and the vendor lists nothing.
    "kills who takes it": lambda it: not it.account.blind and it.struck and it.state.stalls > MAX_STALLS,
}

EXPIRED: dict[str, Rule] = {
    # The caller said until when it is of use.
    "the caller's own time": lambda it: (
        it.state.expires_at - max(it.state.created_at, it.state.send_at) < MAX_QUEUE * 1000
    ),
    # Nobody else may carry it, or nobody else is there.
    "provider gone": lambda it: it.gone and not it.elsewhere,
}


def excuse(rules: dict[str, Rule], it: Facts) -> str:
    """The rule that allows it; "": none does, or all is accounted for."""
    if it.accounted and rules is UNCERTAIN:
        return ""
    return next((name for name, rule in rules.items() if rule(it)), "")
